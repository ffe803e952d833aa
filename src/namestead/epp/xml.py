"""Octets to a checked XML tree: everything that can be wrong with a frame before anybody looks at what it asks for.

A frame is parsed without DTD, entities, network or XInclude, held against the schemas, and given on as an lxml element.
What is wrong is told as a `Fault` with the place. How long a frame may be is the framing's to say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, cast

from lxml import etree

from namestead.epp import namespaces
from namestead.epp.faults import Fault
from namestead.epp.schema import schema
from namestead.epp.values import token
from namestead.errors import is_secret

MAX_DEPTH: Final = 64
"""The deepest element of a real frame lies at 10. Far enough above that a frame of usual size need not be measured."""

MAX_ATTRIBUTES: Final = 64
"""On one element; the schemas give at most 6, and a few `xsi:` may stand beside them. As far above as the depth."""

EPP: Final = f"{{{namespaces.EPP}}}"

OBJECT_COMMANDS: Final = frozenset({"check", "create", "delete", "info", "renew", "transfer", "update"})
SESSION_COMMANDS: Final = frozenset({"login", "logout", "poll"})
OBJECT_NAMESPACES: Final = frozenset({*namespaces.OBJECTS, namespaces.MAINTENANCE})
EXTENSION_NAMESPACES: Final = frozenset(uri for uri in namespaces.EXTENSIONS if uri in namespaces.PREFIXES)

NOT_IN_MAPPING: Final = frozenset(
    {
        (namespaces.HOST, "renew"),
        (namespaces.HOST, "transfer"),
        (namespaces.CONTACT, "renew"),
        *((namespaces.MAINTENANCE, verb) for verb in OBJECT_COMMANDS - {"info"}),
    }
)
"""Commands that EPP has and these objects have not (RFC 5732, 3; RFC 5733, 3; RFC 9167, 4): 2101."""

# UTF-8 whatever a declaration says: `_utf8` has seen to it, and `encoding="UTF8"` is no name libxml2 knows.
_PARSER: Final = etree.XMLParser(
    encoding="utf-8",
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    dtd_validation=False,
    attribute_defaults=False,
    huge_tree=False,
    recover=False,
    remove_comments=True,  # else a comment would cut a text in two
    remove_pis=True,
)


def parse(payload: bytes) -> etree._Element:
    """The root of a well-formed frame, held against the schemas. `Fault` says what is wrong."""
    root = parse_only(payload)
    checks = schema()
    if not checks.validate(root):
        raise _explain(root, checks.error_log)
    return root


def parse_only(payload: bytes) -> etree._Element:
    """The root of a well-formed frame, not yet held against the schemas. `Fault` 2001 says what is wrong."""
    data = _utf8(payload)
    if b"<!DOCTYPE" in data:
        _refuse_doctype(data)
    try:
        root = etree.fromstring(data, _PARSER)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        code: int = error.code  # type: ignore[attr-defined]  # the stubs leave it out
        reason = f"not well-formed XML: {_NOT_WELL_FORMED.get(code, 'the markup is broken here')}"
        raise Fault(2001, reason, line=line or None, column=column or None, cl_trid=_glimpse(data)) from None
    # Only a frame with very many marks can break these limits: the usual one is not walked for them. What the schemas
    # know is bounded by them anyway; these hold where they skip.
    if data.count(b"<") > 2 * MAX_DEPTH or data.count(b"=") > MAX_ATTRIBUTES:
        _within_limits(root)
    return root


# ----------------------------------------------------------------------------------------------------------- encodings

_DECLARED: Final = re.compile(rb"""\s*<\?xml\s[^>]{0,100}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_USUAL: Final = (b'<?xml version="1.0" encoding="UTF-8"', b"<epp")
_UTF8_NAMES: Final = frozenset({b"utf-8", b"utf8", b"us-ascii", b"ascii"})


def _utf8(payload: bytes) -> bytes:
    """The frame in UTF-8 without a byte order mark. EPP is in UTF-8 or UTF-16 (RFC 5730, 5)."""
    if not payload:
        raise Fault(2001, "the frame is empty")
    if payload.startswith(_USUAL):
        return payload
    head = payload[:4]
    if head.startswith((b"\xfe\xff", b"\xff\xfe")):
        return _from_utf16(payload, "utf-16")
    if head.startswith(b"\0<"):
        return _from_utf16(payload, "utf-16-be")
    if head.startswith(b"<\0"):
        return _from_utf16(payload, "utf-16-le")
    if head.startswith(b"\xef\xbb\xbf"):
        payload = payload[3:]
    declared = _DECLARED.match(payload)
    if declared and declared[1].lower() not in _UTF8_NAMES:
        name = declared[1].decode()
        raise Fault(2001, f"the encoding is said to be {name}; send UTF-8 or UTF-16", cl_trid=_glimpse(payload))
    return payload


def _from_utf16(payload: bytes, codec: str) -> bytes:
    try:
        return payload.decode(codec).encode()
    except UnicodeError as error:
        raise Fault(2001, f"not valid UTF-16: {error.args[-1]}") from None


def _refuse_doctype(data: bytes) -> None:
    """`Fault` if a document type declaration stands before the root; anywhere else it is not one (a comment may quote
    it). Looked for before the parser could act on it."""
    at, end = 0, len(data)
    while at < end:
        if data[at : at + 1].isspace():
            at += 1
        elif data.startswith(b"<!--", at):
            at = _after(data, b"-->", at + 4)
        elif data.startswith(b"<?", at):
            at = _after(data, b"?>", at + 2)
        elif data.startswith(b"<!", at):
            line = data.count(b"\n", 0, at) + 1
            reason = "a document type declaration (DOCTYPE) is not accepted; send the element <epp> alone"
            raise Fault(2001, reason, line=line, cl_trid=_glimpse(data))
        else:
            return


def _after(data: bytes, end: bytes, start: int) -> int:
    found = data.find(end, start)
    return len(data) if found < 0 else found + len(end)


# The parser's own words may quote the frame, where a password with an '&' in it is an entity: these never do.
_CODES: Final = etree.ErrorTypes
_NOT_WELL_FORMED: Final[Mapping[int, str]] = MappingProxyType(
    {
        _CODES.ERR_DOCUMENT_EMPTY: "an element must begin here",
        _CODES.ERR_DOCUMENT_END: "something follows the end of the root element",
        _CODES.ERR_UNDECLARED_ENTITY: "an entity that is not declared; an '&' is written &amp;",
        _CODES.ERR_NAME_REQUIRED: "a name must stand here; a '<' is written &lt; and an '&' &amp;",
        _CODES.ERR_ENTITYREF_SEMICOL_MISSING: "a ';' must end a reference; an '&' is written &amp;",
        _CODES.ERR_TAG_NAME_MISMATCH: "an end tag that is not the one of the last element begun",
        _CODES.ERR_GT_REQUIRED: "a '>' must end the tag",
        _CODES.ERR_TAG_NOT_FINISHED: "the frame ends before its elements do",
        _CODES.ERR_ATTRIBUTE_WITHOUT_VALUE: "an attribute without a value; a '<' in a text is written &lt;",
        _CODES.ERR_ATTRIBUTE_NOT_STARTED: "an attribute's value must stand in quotes",
        _CODES.ERR_ATTRIBUTE_NOT_FINISHED: "an attribute's value is not ended",
        _CODES.ERR_ATTRIBUTE_REDEFINED: "an attribute is given twice",
        _CODES.ERR_LT_IN_ATTRIBUTE: "a '<' in an attribute is written &lt;",
        _CODES.ERR_CDATA_NOT_FINISHED: "a CDATA section is not ended",
        _CODES.ERR_MISPLACED_CDATA_END: "']]>' in a text is written ]]&gt;",
        _CODES.ERR_COMMENT_NOT_FINISHED: "a comment is not ended",
        _CODES.ERR_INVALID_CHAR: "a character that XML has no place for",
        _CODES.ERR_INVALID_ENCODING: "octets that are not UTF-8",
        _CODES.ERR_RESOURCE_LIMIT: "elements are nested too deep, or something is too large",
        _CODES.ERR_NAME_TOO_LONG: "a name is too long",
        _CODES.NS_ERR_UNDEFINED_NAMESPACE: "a prefix is not bound to a namespace",
        _CODES.NS_ERR_XML_NAMESPACE: "a namespace is not bound as it may be",
    }
)

# --------------------------------------------------------------------------------------------------------------- limits


def _within_limits(root: etree._Element) -> None:
    depth = 0
    for event, node in etree.iterwalk(root, events=("start", "end")):
        if event == "end":
            depth -= 1
            continue
        depth += 1
        if depth > MAX_DEPTH:
            raise Fault(
                2001, f"elements are nested deeper than {MAX_DEPTH}", line=line_of(node), cl_trid=cl_trid_of(root)
            )
        if len(node.attrib) > MAX_ATTRIBUTES:
            raise _fault_at(node, 2001, f"there are more than {MAX_ATTRIBUTES} attributes", root)


# ---------------------------------------------------------------------------------------------------------------- names


def split_tag(tag: str) -> tuple[str, str]:
    """`{uri}name` as (uri, name); an empty uri for a name in no namespace."""
    if tag.startswith("{"):
        uri, _, name = tag[1:].partition("}")
        return uri, name
    return "", tag


def name_of(node: etree._Element) -> str:
    """The element as it is usually written: `create`, `domain:name`; one of an unknown namespace with its own prefix."""
    uri, name = split_tag(node.tag)
    if uri == namespaces.EPP:
        return name
    prefix = namespaces.PREFIXES.get(uri) or node.prefix
    return f"{prefix}:{name}" if prefix else name


def line_of(node: etree._Element) -> int | None:
    return cast("int | None", node.sourceline)


def path_of(node: etree._Element) -> str:
    """`epp/command/create/domain:create/domain:name`."""
    names = [name_of(node), *(name_of(ancestor) for ancestor in node.iterancestors())]
    return "/".join(reversed(names))


def fault_at(node: etree._Element, code: int, reason: str) -> Fault:
    """A fault that names an element of the frame, with what stands in it."""
    return _fault_at(node, code, reason, node.getroottree().getroot())


def place(fault: Fault, root: etree._Element) -> None:
    """Say where the element is that a fault names, which was found in a value without its element at hand."""
    for node in root.iter():
        if name_of(node) == fault.element and token(node.text).startswith(fault.value.removesuffix("…")):
            fault.path, fault.line = path_of(node), line_of(node)
            return


def _fault_at(node: etree._Element, code: int, reason: str, root: etree._Element) -> Fault:
    uri, name = split_tag(node.tag)
    prefix = namespaces.PREFIXES.get(uri)
    return Fault(
        code,
        reason,
        element=f"{prefix}:{name}" if prefix else name,
        uri=None if prefix else uri or None,
        value=token(node.text) if len(node) == 0 else "",
        path=path_of(node),
        line=line_of(node),
        cl_trid=cl_trid_of(root),
    )


# --------------------------------------------------------------------------------------------------------------- clTRID

# Every repetition is bounded and ends at a mark, so that no frame makes this slow.
_CL_TRID: Final = re.compile(rb"<(?:[A-Za-z_][\w.-]{0,60}:)?clTRID[\t\n\r ]{0,8}>([^<>&]{1,400})</")


def cl_trid_of(root: etree._Element) -> str | None:
    """The command's clTRID, if it has one that could be echoed."""
    if len(root) == 0:
        return None
    for node in root[0]:
        if node.tag == f"{EPP}clTRID":
            return _echoed(token(node.text))
    return None


def _echoed(text: str) -> str | None:
    """RFC 5730, 4.1, trIDStringType: one of another length could not stand in an answer."""
    return text if 3 <= len(text) <= 64 else None


def _glimpse(data: bytes) -> str | None:
    """The clTRID of a frame that cannot be parsed, where it stands there plainly and only once."""
    found = _CL_TRID.findall(data)
    if len(found) != 1:
        return None
    try:
        text = token(found[0].decode())
    except UnicodeDecodeError:
        return None
    return _echoed(text) if text.isprintable() else None


# ------------------------------------------------------------------------------------------------- what the schema says

_NAMED: Final = re.compile(r"\{([^{}]*)\}")
_FACET: Final = re.compile(r"\[facet '\w+'\] ")
_SUBJECT: Final = re.compile(r"^Element '[^']*'(?:, attribute '([^']*)')?: ")
_STEP: Final = re.compile(r"(\*|[^/\[\]]+)(?:\[(\d+)\])?")


def _explain(root: etree._Element, log: etree._ListErrorLog) -> Fault:
    """Why a frame does not fit the schemas. An unknown command, object or extension has a code of its own, as the schema
    knows it only as an element that must not stand there."""
    return _unknown(root) or _complaint(root, log)


def _unknown(root: etree._Element) -> Fault | None:
    if root.tag != f"{EPP}epp":
        return _fault_at(root, 2001, f"a frame begins with <epp xmlns='{namespaces.EPP}'>", root)
    if len(root) == 0 or root[0].tag != f"{EPP}command":
        return None
    command = root[0]
    if len(command):
        uri, verb = split_tag(command[0].tag)
        if uri != namespaces.EPP or verb not in OBJECT_COMMANDS | SESSION_COMMANDS:
            if uri == namespaces.EPP and verb in ("extension", "clTRID"):
                return None
            return _fault_at(command[0], 2000, f"EPP has no command <{name_of(command[0])}>", root)
        if verb in OBJECT_COMMANDS and len(command[0]):
            node = command[0][0]
            uri, name = split_tag(node.tag)
            if uri not in OBJECT_NAMESPACES:
                return _fault_at(node, 2307, f"objects of the namespace '{uri}' are not served", root)
            if (uri, name) in NOT_IN_MAPPING:
                return _fault_at(node, 2101, f"{namespaces.PREFIXES[uri]} objects have no <{name}> command", root)
    for part in command:
        if part.tag == f"{EPP}extension":
            for node in part:
                uri, _ = split_tag(node.tag)
                if uri not in EXTENSION_NAMESPACES:
                    return _fault_at(node, 2103, f"the extension '{uri}' is not served", root)
    return None


def _complaint(root: etree._Element, log: etree._ListErrorLog) -> Fault:
    errors = list(log)
    if not errors:
        return _fault_at(root, 2001, "the frame does not fit the schemas", root)
    first = errors[0]
    node = _located(root, first.path)
    reason = _NAMED.sub(_usual_prefix, first.message)
    subject = _SUBJECT.match(reason)
    if subject:
        reason = reason[subject.end() :]
        if subject[1]:
            reason = f"attribute {subject[1]}: {reason}"
    reason = _FACET.sub("", reason)
    if is_secret(path_of(node)) and len(node) == 0 and (node.text or node.attrib):
        reason = "the value is not of the form or the length this element takes."
    return _fault_at(node, 2001, f"{name_of(node)}: {reason}", root)


def _usual_prefix(found: re.Match[str]) -> str:
    uri = found[1]
    if uri == namespaces.EPP:
        return ""
    prefix = namespaces.PREFIXES.get(uri)
    return f"{prefix}:" if prefix else found[0]


def _located(root: etree._Element, path: str | None) -> etree._Element:
    """The element libxml2's path leads to (`/*/*[1]/domain:create`), followed step by step: its prefixes are the
    frame's own, and may mean different things at different places."""
    node = root
    for step, number in list(_STEP.findall(path or ""))[1:]:
        children = [child for child in node if step in ("*", _own_name(child))]
        at = int(number or 1) - 1
        if at >= len(children):
            break
        node = children[at]
    return node


def _own_name(node: etree._Element) -> str:
    _, name = split_tag(node.tag)
    return f"{node.prefix}:{name}" if node.prefix else name
