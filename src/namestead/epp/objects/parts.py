"""What the object mappings have in common: periods, authorization, statuses, addresses, checks and pending actions.

Reading functions take an element the schemas have accepted; writing functions give its text, with the prefix asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, cast

from lxml import etree

from namestead.epp.messages import (
    REASON_LENGTH,
    Address,
    AuthInfo,
    CheckResult,
    ContactPendingData,
    ContactTransferData,
    DomainPendingData,
    DomainTransferData,
    HostPendingData,
    Period,
    Phone,
    Status,
    TransferOp,
)
from namestead.epp.namespaces import EPP
from namestead.epp.values import (
    attribute,
    boolean,
    element,
    escape,
    instant,
    instant_element,
    integer,
    language,
    line,
    token,
    write_boolean,
)
from namestead.epp.xml import fault_at

Element = etree._Element

_CL_TRID = f"{{{EPP}}}clTRID"


# ------------------------------------------------------------------------------------------------------------- reading


def after_first(node: Element) -> list[Element]:
    """The children but the first, which names the object."""
    return list(node)[1:]


def whole_text(node: Element) -> str:
    """What an element says, whatever marks of its own it has."""
    return "".join(cast("Iterable[str]", node.itertext()))


def read_period(node: Element) -> Period:
    return Period(integer(node.text), "y" if token(node.get("unit")) == "y" else "m")


def read_auth_info(node: Element) -> AuthInfo:
    """2102 for `<ext>`: RFC 5731 leaves to registries what else than a password might stand here, and this one has
    nothing."""
    child = node[0]
    tag = child.tag
    if tag.endswith("}pw"):
        roid = child.get("roid")
        return AuthInfo(line(child.text), None if roid is None else token(roid))
    if tag.endswith("}null"):
        return AuthInfo(None)
    raise fault_at(child, 2102, "authInfo is a password here: send <pw> instead of <ext>")


def read_status(node: Element) -> Status:
    return Status(token(node.get("s")), line(node.text), read_language(node))


def read_language(node: Element) -> str:
    lang = node.get("lang")
    return "en" if lang is None else token(lang)


def read_optional(node: Element, name: str) -> str | None:
    """An attribute, as a token."""
    value = node.get(name)
    return None if value is None else token(value)


def read_address(node: Element) -> Address:
    return Address(token(node.text), "v6" if token(node.get("ip")) == "v6" else "v4")


def read_phone(node: Element) -> Phone:
    return Phone(token(node.text), read_optional(node, "x"))


def read_op(op: str) -> TransferOp:
    return cast(TransferOp, token(op))


def read_check(node: Element) -> CheckResult:
    """A `<cd>`."""
    name = node[0]
    available = boolean(name.get("avail"))
    if len(node) == 1:
        return CheckResult(token(name.text), available)
    return CheckResult(token(name.text), available, token(node[1].text), read_language(node[1]))


def read_pending(node: Element) -> dict[str, object]:
    """The fields of a `<panData>` but the object's name, which is called differently in each mapping."""
    name, tr_id, date = node
    fields: dict[str, object] = {
        "result": boolean(name.get("paResult")),
        "date": instant(date.text, "paDate"),
        "sv_trid": token(tr_id[-1].text),
    }
    if tr_id[0].tag == _CL_TRID:
        fields["cl_trid"] = token(tr_id[0].text)
    return fields


# ------------------------------------------------------------------------------------------------------------- writing


def write_period(prefix: str, period: Period | None) -> str:
    if period is None:
        return ""
    return f'<{prefix}:period unit="{period.unit}">{period.number}</{prefix}:period>'


def write_auth_info(prefix: str, auth_info: AuthInfo | None) -> str:
    if auth_info is None:
        return ""
    if auth_info.pw is None:
        return f"<{prefix}:authInfo><{prefix}:null/></{prefix}:authInfo>"
    tag = f"{prefix}:pw{attribute('roid', auth_info.roid)}"
    pw = f"<{tag}>{escape(auth_info.pw)}</{prefix}:pw>" if auth_info.pw else f"<{tag}/>"
    return f"<{prefix}:authInfo>{pw}</{prefix}:authInfo>"


def write_statuses(prefix: str, statuses: Iterable[Status]) -> str:
    return "".join(
        f'<{prefix}:status s="{escape(status.value)}"{language(status.lang)}>{escape(status.text)}</{prefix}:status>'
        if status.text
        else f'<{prefix}:status s="{escape(status.value)}"{language(status.lang)}/>'
        for status in statuses
    )


def write_addresses(tag: str, addresses: Iterable[Address]) -> str:
    return "".join(f'<{tag} ip="{address.family}">{escape(address.address)}</{tag}>' for address in addresses)


def write_phone(tag: str, phone: Phone | None) -> str:
    if phone is None:
        return ""
    extension = attribute("x", phone.extension)
    return f"<{tag}{extension}>{escape(phone.number)}</{tag}>" if phone.number else f"<{tag}{extension}/>"


def write_reason(tag: str, reason: str | None, lang: str) -> str:
    """eppcom:reasonType. Cut to what the schema takes, since an answer that does not validate says nothing at all."""
    if not reason:
        return ""
    return f"<{tag}{language(lang)}>{escape(_short(reason))}</{tag}>"


def _short(reason: str) -> str:
    return reason if len(reason) <= REASON_LENGTH else reason[: REASON_LENGTH - 1].rstrip() + "…"


def write_checks(prefix: str, identifier: Literal["name", "id"], results: Iterable[CheckResult]) -> str:
    tag = f"{prefix}:{identifier}"
    return "".join(
        f'<{prefix}:cd><{tag} avail="{write_boolean(result.available)}">{escape(result.name)}</{tag}>'
        f"{write_reason(f'{prefix}:reason', result.reason, result.lang)}</{prefix}:cd>"
        for result in results
    )


def write_pending(
    prefix: str,
    identifier: Literal["name", "id"],
    of: str,
    data: DomainPendingData | HostPendingData | ContactPendingData,
) -> str:
    """What a `<panData>` holds; `of` is the object's name."""
    return (
        f'<{prefix}:{identifier} paResult="{write_boolean(data.result)}">{escape(of)}</{prefix}:{identifier}>'
        f"<{prefix}:paTRID>{write_trids(data.cl_trid, data.sv_trid)}</{prefix}:paTRID>"
        f"{instant_element(f'{prefix}:paDate', data.date)}"
    )


def write_transfer(prefix: str, data: DomainTransferData | ContactTransferData) -> str:
    """What a `<trnData>` says of the transfer itself."""
    return (
        f"<{prefix}:trStatus>{escape(data.status)}</{prefix}:trStatus>"
        f"<{prefix}:reID>{escape(data.re_id)}</{prefix}:reID>{instant_element(f'{prefix}:reDate', data.re_date)}"
        f"<{prefix}:acID>{escape(data.ac_id)}</{prefix}:acID>{instant_element(f'{prefix}:acDate', data.ac_date)}"
    )


def write_trids(cl_trid: str | None, sv_trid: str) -> str:
    """`<clTRID>` and `<svTRID>`, in EPP's own namespace, which is the default one of every frame written here."""
    return f"{element('clTRID', cl_trid)}<svTRID>{escape(sv_trid)}</svTRID>"
