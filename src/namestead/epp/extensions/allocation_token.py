"""Allocation tokens on the wire (RFC 8495)."""

from __future__ import annotations

from typing import Any, Final

from namestead.epp.messages import DomainCheck, DomainCreate, DomainInfo, DomainTransfer
from namestead.epp.namespaces import ALLOCATION_TOKEN
from namestead.epp.objects.parts import Element
from namestead.epp.values import escape, token

_NS: Final = f"{{{ALLOCATION_TOKEN}}}"


def _token(node: Element) -> str:
    return token(node.text)


def _info(_: Element) -> bool:
    return True


READ_COMMAND: Final = {
    f"{_NS}allocationToken": ("allocation_token", (DomainCheck, DomainCreate, DomainTransfer), _token),
    f"{_NS}info": ("show_allocation_token", (DomainInfo,), _info),
}
READ_RESPONSE: Final = {f"{_NS}allocationToken": ("allocation_token", _token)}


def write_command(part: Any, verb: str) -> str:
    return (
        write_response(part)
        if verb != "info"
        else f'<allocationToken:info xmlns:allocationToken="{ALLOCATION_TOKEN}"/>'
    )


def write_response(part: str) -> str:
    tag = "allocationToken:allocationToken"
    return f'<{tag} xmlns:allocationToken="{ALLOCATION_TOKEN}">{escape(part)}</{tag}>'
