"""Launch phases on the wire (RFC 8334). Marks are taken as codes or encoded; a mark in clear is 2102."""

from __future__ import annotations

from typing import Any, Final

from namestead.epp.messages import (
    ClaimKey,
    DomainCheck,
    DomainCreate,
    DomainDelete,
    DomainInfo,
    DomainUpdate,
    LaunchCheck,
    LaunchCheckData,
    LaunchClaim,
    LaunchCode,
    LaunchCreate,
    LaunchId,
    LaunchInfo,
    LaunchInfoData,
    LaunchNotice,
    LaunchPhase,
    LaunchStatus,
)
from namestead.epp.namespaces import LAUNCH, SIGNED_MARK
from namestead.epp.objects.parts import Element, read_language, read_optional
from namestead.epp.values import (
    attribute,
    boolean,
    element,
    escape,
    instant,
    language,
    line,
    token,
    write_boolean,
    write_instant,
)
from namestead.epp.xml import fault_at

_NS: Final = f"{{{LAUNCH}}}"
_PHASE, _CODE_MARK, _CODE, _NOTICE = f"{_NS}phase", f"{_NS}codeMark", f"{_NS}code", f"{_NS}notice"
_APPLICATION, _STATUS, _CD = f"{_NS}applicationID", f"{_NS}status", f"{_NS}cd"
_ENCODED: Final = f"{{{SIGNED_MARK}}}encodedSignedMark"
_IN_CLEAR: Final = "marks are not taken in clear; send <smd:encodedSignedMark> or a code"


def _phase(node: Element) -> LaunchPhase:
    return LaunchPhase(token(node.text), read_optional(node, "name"))


def _check(node: Element) -> LaunchCheck:
    form: Any = read_optional(node, "type") or "claims"
    return LaunchCheck(form, _phase(node[0]) if len(node) else None)


def _info(node: Element) -> LaunchInfo:
    application = token(node[1].text) if len(node) > 1 else None
    return LaunchInfo(_phase(node[0]), application, boolean(node.get("includeMark")))


def _code(node: Element) -> LaunchCode:
    for child in node:
        if child.tag != _CODE:
            raise fault_at(child, 2102, _IN_CLEAR)
    if len(node) == 0:
        raise fault_at(node, 2003, "<launch:codeMark> needs a <launch:code>")
    return LaunchCode(token(node[0].text), read_optional(node[0], "validatorID"))


def _notice(node: Element) -> LaunchNotice:
    notice, not_after, accepted = node
    return LaunchNotice(
        token(notice.text),
        instant(not_after.text, "launch:notAfter"),
        instant(accepted.text, "launch:acceptedDate"),
        read_optional(notice, "validatorID"),
    )


def _create(node: Element) -> LaunchCreate:
    kind: Any = read_optional(node, "type")
    phase, *rest = node
    codes: list[LaunchCode] = []
    marks: list[str] = []
    notices: list[LaunchNotice] = []
    for child in rest:
        tag = child.tag
        if tag == _CODE_MARK:
            codes.append(_code(child))
        elif tag == _ENCODED:
            marks.append(token(child.text))
        elif tag == _NOTICE:
            notices.append(_notice(child))
        else:
            raise fault_at(child, 2102, _IN_CLEAR)
    return LaunchCreate(_phase(phase), kind, tuple(codes), tuple(marks), tuple(notices))


def _id(node: Element) -> LaunchId:
    return LaunchId(_phase(node[0]), token(node[1].text))


def _claim(node: Element) -> LaunchClaim:
    name, *keys = node
    return LaunchClaim(
        token(name.text),
        boolean(name.get("exists")),
        tuple(ClaimKey(token(key.text), read_optional(key, "validatorID")) for key in keys),
    )


def _check_data(node: Element) -> LaunchCheckData:
    claims = tuple(_claim(child) for child in node if child.tag == _CD)
    return LaunchCheckData(claims, _phase(node[0]) if node[0].tag == _PHASE else None)


def _info_data(node: Element) -> LaunchInfoData:
    application: str | None = None
    status: LaunchStatus | None = None
    for child in node:
        if child.tag == _APPLICATION:
            application = token(child.text)
        elif child.tag == _STATUS:
            status = LaunchStatus(
                token(child.get("s")), line(child.text), read_optional(child, "name"), read_language(child)
            )
    return LaunchInfoData(_phase(node[0]), application, status)


READ_COMMAND: Final = {
    f"{_NS}check": ("launch", (DomainCheck,), _check),
    f"{_NS}info": ("launch", (DomainInfo,), _info),
    f"{_NS}create": ("launch", (DomainCreate,), _create),
    f"{_NS}update": ("launch", (DomainUpdate,), _id),
    f"{_NS}delete": ("launch", (DomainDelete,), _id),
}
READ_RESPONSE: Final = {
    f"{_NS}chkData": ("launch", _check_data),
    f"{_NS}creData": ("launch", _id),
    f"{_NS}infData": ("launch", _info_data),
}


def _write_phase(phase: LaunchPhase | None) -> str:
    if phase is None:
        return ""
    return f"<launch:phase{attribute('name', phase.name)}>{escape(phase.value)}</launch:phase>"


def _write_id(name: str, part: LaunchId) -> str:
    return (
        f'<launch:{name} xmlns:launch="{LAUNCH}">{_write_phase(part.phase)}'
        f"<launch:applicationID>{escape(part.application_id)}</launch:applicationID></launch:{name}>"
    )


def _write_create(part: LaunchCreate) -> str:
    codes = "".join(
        f"<launch:codeMark><launch:code{attribute('validatorID', code.validator_id)}>{escape(code.code)}</launch:code>"
        "</launch:codeMark>"
        for code in part.codes
    )
    tag = "smd:encodedSignedMark"
    marks = "".join(f'<{tag} xmlns:smd="{SIGNED_MARK}">{escape(mark)}</{tag}>' for mark in part.encoded_marks)
    notices = "".join(
        f"<launch:notice><launch:noticeID{attribute('validatorID', notice.validator_id)}>{escape(notice.id)}"
        f"</launch:noticeID><launch:notAfter>{write_instant(notice.not_after)}</launch:notAfter>"
        f"<launch:acceptedDate>{write_instant(notice.accepted_at)}</launch:acceptedDate></launch:notice>"
        for notice in part.notices
    )
    return (
        f'<launch:create xmlns:launch="{LAUNCH}"{attribute("type", part.type)}>{_write_phase(part.phase)}'
        f"{codes}{marks}{notices}</launch:create>"
    )


def write_command(part: Any, verb: str) -> str:
    match part:
        case LaunchCheck():
            return f'<launch:check xmlns:launch="{LAUNCH}" type="{part.type}">{_write_phase(part.phase)}</launch:check>'
        case LaunchInfo():
            mark = ' includeMark="true"' if part.include_mark else ""
            return (
                f'<launch:info xmlns:launch="{LAUNCH}"{mark}>{_write_phase(part.phase)}'
                f"{element('launch:applicationID', part.application_id)}</launch:info>"
            )
        case LaunchCreate():
            return _write_create(part)
        case _:
            return _write_id(verb, part)


def _write_claim(claim: LaunchClaim) -> str:
    keys = "".join(
        f"<launch:claimKey{attribute('validatorID', key.validator_id)}>{escape(key.key)}</launch:claimKey>"
        for key in claim.keys
    )
    return (
        f'<launch:cd><launch:name exists="{write_boolean(claim.exists)}">{escape(claim.name)}</launch:name>'
        f"{keys}</launch:cd>"
    )


def write_response(part: LaunchCheckData | LaunchId | LaunchInfoData) -> str:
    match part:
        case LaunchCheckData():
            claims = "".join(map(_write_claim, part.claims))
            return f'<launch:chkData xmlns:launch="{LAUNCH}">{_write_phase(part.phase)}{claims}</launch:chkData>'
        case LaunchId():
            return _write_id("creData", part)
        case _:
            status = part.status
            text = (
                ""
                if status is None
                else (
                    f'<launch:status s="{escape(status.value)}"{language(status.lang)}{attribute("name", status.name)}>'
                    f"{escape(status.text)}</launch:status>"
                )
            )
            return (
                f'<launch:infData xmlns:launch="{LAUNCH}">{_write_phase(part.phase)}'
                f"{element('launch:applicationID', part.application_id)}{text}</launch:infData>"
            )
