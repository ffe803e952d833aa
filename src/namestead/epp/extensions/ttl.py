"""TTLs on the wire (RFC 9803)."""

from __future__ import annotations

from typing import Any, Final

from namestead.epp.messages import (
    DomainCreate,
    DomainInfo,
    DomainUpdate,
    HostCreate,
    HostInfo,
    HostUpdate,
    Ttl,
    TtlInfo,
    TtlValues,
)
from namestead.epp.namespaces import TTL
from namestead.epp.objects.parts import Element, read_optional
from namestead.epp.values import attribute, boolean, escape, integer, token
from namestead.epp.xml import fault_at

_NS: Final = f"{{{TTL}}}"


def _limit(node: Element, name: str) -> int | None:
    text = node.get(name)
    return None if text is None else integer(text)


def _ttl(node: Element) -> Ttl:
    text = token(node.text)
    return Ttl(
        token(node.get("for")),
        integer(text) if text else None,
        read_optional(node, "custom"),
        _limit(node, "min"),
        _limit(node, "default"),
        _limit(node, "max"),
    )


def _values(node: Element) -> TtlValues:
    values = tuple(_ttl(child) for child in node)
    given = set()
    for child, ttl in zip(node, values, strict=True):
        if (ttl.type, ttl.custom) in given:
            raise fault_at(child, 2001, f"the TTL of {ttl.custom or ttl.type} records is given more than once")
        given.add((ttl.type, ttl.custom))
    return TtlValues(values)


def _info(node: Element) -> TtlInfo:
    return TtlInfo(boolean(node.get("policy")))


READ_COMMAND: Final = {
    f"{_NS}create": ("ttl", (DomainCreate, HostCreate), _values),
    f"{_NS}update": ("ttl", (DomainUpdate, HostUpdate), _values),
    f"{_NS}info": ("ttl", (DomainInfo, HostInfo), _info),
}
READ_RESPONSE: Final = {f"{_NS}infData": ("ttl", _values)}


def _write_limit(name: str, seconds: int | None) -> str:
    return "" if seconds is None else f' {name}="{seconds}"'


def _write_ttl(ttl: Ttl) -> str:
    attributes = (
        f'for="{escape(ttl.type)}"{attribute("custom", ttl.custom)}'
        f"{_write_limit('min', ttl.min)}{_write_limit('default', ttl.default)}{_write_limit('max', ttl.max)}"
    )
    return f"<ttl:ttl {attributes}/>" if ttl.seconds is None else f"<ttl:ttl {attributes}>{ttl.seconds}</ttl:ttl>"


def _write_values(name: str, part: TtlValues) -> str:
    return f'<ttl:{name} xmlns:ttl="{TTL}">{"".join(map(_write_ttl, part.values))}</ttl:{name}>'


def write_command(part: Any, verb: str) -> str:
    if isinstance(part, TtlInfo):
        return f'<ttl:info xmlns:ttl="{TTL}" policy="{"true" if part.policy else "false"}"/>'
    return _write_values(verb, part)


def write_response(part: TtlValues) -> str:
    return _write_values("infData", part)
