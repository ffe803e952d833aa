"""Octets to messages.

`read_command` is the server's side and `read_answer` the client's; both raise `Fault` and nothing else, whatever the
octets are.
"""

from __future__ import annotations

from typing import Any, Final

from namestead.epp.extensions import (
    allocation_token,
    change_poll,
    fee,
    launch,
    login_security,
    maintenance,
    rgp,
    secdns,
    ttl,
)
from namestead.epp.faults import Fault
from namestead.epp.messages import (
    NO_EXTENSIONS,
    NO_RESPONSE_EXTENSIONS,
    Command,
    CommandExtensions,
    Dcp,
    DcpOurs,
    DcpStatement,
    ExtValue,
    Greeting,
    Hello,
    Login,
    Logout,
    Message,
    MessageQueue,
    PollAck,
    PollRequest,
    Response,
    ResponseExtensions,
    Result,
    Unhandled,
    Value,
)
from namestead.epp.namespaces import PREFIXES
from namestead.epp.objects import contact, domain, host
from namestead.epp.objects.parts import Element, read_language, read_optional, whole_text
from namestead.epp.schema import schema
from namestead.epp.values import instant, integer, line, token
from namestead.epp.xml import EPP, fault_at, name_of, parse, place, split_tag

READ_COMMAND: Final[dict[tuple[str, str], Any]] = {
    **domain.READ_COMMAND,
    **host.READ_COMMAND,
    **contact.READ_COMMAND,
    **maintenance.READ_COMMAND,
}
"""(command, the object's element) -> the body, from the element and the `op` of a transfer."""

READ_COMMAND_EXTENSION: Final[dict[str, tuple[str, tuple[type, ...], Any]]] = {
    **rgp.READ_COMMAND,
    **secdns.READ_COMMAND,
    **fee.READ_COMMAND,
    **allocation_token.READ_COMMAND,
    **login_security.READ_COMMAND,
    **launch.READ_COMMAND,
    **ttl.READ_COMMAND,
}
"""The extension's element -> its field, the commands it belongs to, and what makes a value of it."""

READ_DATA: Final[dict[str, Any]] = {
    **domain.READ_DATA,
    **host.READ_DATA,
    **contact.READ_DATA,
    **maintenance.READ_DATA,
}

READ_RESPONSE_EXTENSION: Final[dict[str, tuple[str, Any]]] = {
    **rgp.READ_RESPONSE,
    **secdns.READ_RESPONSE,
    **fee.READ_RESPONSE,
    **allocation_token.READ_RESPONSE,
    **login_security.READ_RESPONSE,
    **change_poll.READ_RESPONSE,
    **launch.READ_RESPONSE,
    **ttl.READ_RESPONSE,
}

_HELLO, _COMMAND, _GREETING, _RESPONSE = (f"{EPP}{name}" for name in ("hello", "command", "greeting", "response"))
_EXTENSION, _CL_TRID, _RES_DATA, _MSG_Q = (f"{EPP}{name}" for name in ("extension", "clTRID", "resData", "msgQ"))


def read_command(payload: bytes) -> Command | Hello:
    """What a client sent. `Fault` with the code, the place and the clTRID otherwise."""
    message = _known(parse(payload))
    if message.tag == _COMMAND:
        return _command(message)
    if message.tag == _HELLO:
        return Hello()
    raise fault_at(message, 2001, f"a client sends <hello> or <command>, not <{name_of(message)}>")


def read_answer(payload: bytes) -> Greeting | Response:
    """What a server sent. `Fault` 2001 if it is nothing a server sends."""
    message = _known(parse(payload))
    if message.tag == _RESPONSE:
        return _answer(message)
    if message.tag == _GREETING:
        return _greeting(message)
    raise fault_at(message, 2001, f"a server sends <greeting> or <response>, not <{name_of(message)}>")


def read(payload: bytes) -> Message:
    """What anybody sent."""
    message = _known(parse(payload))
    if message.tag == _COMMAND:
        return _command(message)
    if message.tag == _HELLO:
        return Hello()
    return _answer(message) if message.tag == _RESPONSE else _greeting(message)


def _known(root: Element) -> Element:
    """The message in a frame. The schemas take any element they know as a root, and a protocol extension (RFC 5730, 2.7.1)
    beside the four kinds of message."""
    if root.tag != f"{EPP}epp":
        raise fault_at(root, 2001, "a frame begins with <epp>")
    message = root[0]
    if message.tag == _EXTENSION:
        raise fault_at(message, 2101, "there are no commands but those of RFC 5730 here")
    return message


# ------------------------------------------------------------------------------------------------------------ commands


def _command(node: Element) -> Command:
    verb, *rest = node
    cl_trid: str | None = None
    extension: Element | None = None
    for child in rest:
        if child.tag == _CL_TRID:
            cl_trid = token(child.text)
        else:
            extension = child
    try:
        body = _body(verb)
        extensions = NO_EXTENSIONS if extension is None else _command_extensions(extension, body, verb)
    except Fault as fault:
        fault.cl_trid = cl_trid
        if fault.path is None and fault.element is not None:
            place(fault, node)
        raise
    return Command(body, cl_trid, extensions)


def _body(verb: Element) -> Any:
    name = verb.tag[len(EPP) :]
    match name:
        case "login":
            return _login(verb)
        case "logout":
            return Logout()
        case "poll":
            if token(verb.get("op")) == "req":
                return PollRequest()
            return PollAck(read_optional(verb, "msgID"))
    node = verb[0]
    reader = READ_COMMAND.get((name, node.tag))
    if reader is None:
        raise fault_at(node, 2001, f"<{name_of(node)}> does not belong into <{name}>")
    return reader(node, verb.get("op", ""))


def _login(node: Element) -> Login:
    new_pw: str | None = None
    cl_id, pw, *rest = node
    if len(rest) == 3:
        new_pw = token(rest[0].text)
    version, lang = rest[-2]
    objects, extensions = _services(list(rest[-1]))
    return Login(token(cl_id.text), token(pw.text), objects, extensions, new_pw, token(version.text), token(lang.text))


def _services(nodes: list[Element]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """`<objURI>` any number of times, and perhaps one `<svcExtension>`."""
    objects = tuple(token(node.text) for node in nodes if node.tag == f"{EPP}objURI")
    extensions = tuple(token(uri.text) for node in nodes if node.tag == f"{EPP}svcExtension" for uri in node)
    return objects, extensions


def _command_extensions(node: Element, body: object, verb: Element) -> CommandExtensions:
    fields: dict[str, Any] = {}
    for child in node:
        known = READ_COMMAND_EXTENSION.get(child.tag)
        if known is None or not isinstance(body, known[1]):
            inner = verb[0] if len(verb) else verb
            raise fault_at(child, 2001, f"<{name_of(child)}> does not belong to <{name_of(inner)}>")
        field, _, reader = known
        if field in fields:
            raise fault_at(child, 2001, f"<{name_of(child)}> is given more than once, or two of one extension are")
        fields[field] = reader(child)
    return CommandExtensions(**fields)


# ------------------------------------------------------------------------------------------------------------- answers


def _greeting(node: Element) -> Greeting:
    sv_id, sv_date, menu, dcp = node
    objects, extensions = _services(list(menu))
    return Greeting(
        line(sv_id.text),
        instant(sv_date.text, "svDate"),
        objects,
        extensions,
        _dcp(dcp),
        tuple(token(child.text) for child in menu if child.tag == f"{EPP}version"),
        tuple(token(child.text) for child in menu if child.tag == f"{EPP}lang"),
    )


def _local(node: Element) -> str:
    return split_tag(node.tag)[1]


def _dcp(node: Element) -> Dcp:
    access, *rest = node
    expires_at = expires_after = None
    if rest[-1].tag == f"{EPP}expiry":
        expiry = rest.pop()[0]
        if _local(expiry) == "absolute":
            expires_at = instant(expiry.text, "absolute")
        else:
            expires_after = token(expiry.text)
    return Dcp(_local(access[0]), tuple(_statement(child) for child in rest), expires_at, expires_after)


def _statement(node: Element) -> DcpStatement:
    purpose, recipient, retention = node
    return DcpStatement(
        tuple(_local(child) for child in purpose),
        tuple(_local(child) for child in recipient if _local(child) != "ours"),
        _local(retention[0]),
        tuple(DcpOurs(token(child[0].text) if len(child) else None) for child in recipient if _local(child) == "ours"),
    )


def _answer(node: Element) -> Response:
    results: list[Result] = []
    queue: MessageQueue | None = None
    data: Any = None
    extensions = NO_RESPONSE_EXTENSIONS
    for child in node:
        tag = child.tag
        if tag == f"{EPP}result":
            results.append(_result(child))
        elif tag == _MSG_Q:
            queue = _queue(child)
        elif tag == _RES_DATA:
            data = _data(child)
        elif tag == _EXTENSION:
            extensions = _response_extensions(child)
    tr_id = node[-1]
    cl_trid = token(tr_id[0].text) if len(tr_id) > 1 else None
    return Response(tuple(results), token(tr_id[-1].text), cl_trid, queue, data, extensions)


def _data(node: Element) -> Any:
    if len(node) > 1:
        raise fault_at(node[1], 2001, "one object's data is taken in <resData>, not several")
    reader = READ_DATA.get(node[0].tag)
    if reader is None:
        raise fault_at(node[0], 2001, f"<{name_of(node[0])}> does not belong into <resData>")
    return reader(node[0])


def _response_extensions(node: Element) -> ResponseExtensions:
    fields: dict[str, Any] = {}
    for child in node:
        known = READ_RESPONSE_EXTENSION.get(child.tag)
        if known is None:
            raise fault_at(child, 2001, f"<{name_of(child)}> does not belong into a response's <extension>")
        field, reader = known
        if field in fields:
            raise fault_at(child, 2001, f"<{name_of(child)}> is given more than once, or two of one extension are")
        fields[field] = reader(child)
    return ResponseExtensions(**fields)


def _queue(node: Element) -> MessageQueue:
    date = message = None
    lang = "en"
    for child in node:
        if child.tag == f"{EPP}qDate":
            date = instant(child.text, "qDate")
        else:
            message, lang = token(whole_text(child)), read_language(child)
    return MessageQueue(integer(node.get("count")), token(node.get("id")), date, message, lang)


def _result(node: Element) -> Result:
    message, *rest = node
    values: list[Value] = []
    ext_values: list[ExtValue] = []
    unhandled: list[Unhandled] = []
    for child in rest:
        if child.tag == f"{EPP}value":
            values.append(_value(child))
            continue
        value, reason = child
        part = _unhandled(value, line(reason.text))
        if part is None:
            ext_values.append(ExtValue(_value(value), line(reason.text), read_language(reason)))
        else:
            unhandled.append(part)
    return Result(
        integer(node.get("code")),
        line(message.text),
        read_language(message),
        tuple(values),
        tuple(ext_values),
        tuple(unhandled),
    )


def _value(node: Element) -> Value:
    child = node[0]
    uri, name = split_tag(child.tag)
    prefix = PREFIXES.get(uri)
    text = token(whole_text(child))
    return Value(f"{prefix}:{name}", text) if prefix else Value(name, text, uri or None)


def _unhandled(node: Element, reason: str) -> Unhandled | None:
    """RFC 9038, 3: the value is the whole of what was not announced, the reason `URI not in login services`. The schemas
    skip what stands in a value; it is held against them here."""
    child = node[0]
    uri, _ = split_tag(child.tag)
    if reason != f"{uri} not in login services" or not schema().validate(child):
        return None
    reader = READ_DATA.get(child.tag)
    if reader is not None:
        return Unhandled(data=reader(child))
    known = READ_RESPONSE_EXTENSION.get(child.tag)
    if known is None:
        return None
    return Unhandled(extension=ResponseExtensions(**{known[0]: known[1](child)}))
