"""Which statuses a registrar may set on a name (RFC 5731, 2.3): the client's own, and no other."""

from __future__ import annotations

from typing import TypeAlias

from namestead import errors
from namestead.errors import Refusal
from namestead.rules.deltas import Delta, applied
from namestead.rules.lifecycle import CLIENT_STATUSES, SERVER_STATUSES

COMPUTED = frozenset(
    {
        "inactive",
        "ok",
        "pendingCreate",
        "pendingDelete",
        "pendingRenew",
        "pendingTransfer",
        "pendingUpdate",
    }
)
"""Statuses that say how things stand; nobody sets them."""

Wanted: TypeAlias = tuple[str, ...] | Delta[str]


def wanted(current: tuple[str, ...], given: Wanted) -> tuple[str, ...]:
    """All statuses a name is to have: the client statuses given, and the server statuses it has already."""
    for number, status in enumerate((*given.add, *given.remove) if isinstance(given, Delta) else given):
        _require_clients(status, f"status[{number}]")
    mine = tuple(s for s in current if s in CLIENT_STATUSES)
    others = (s for s in current if s not in CLIENT_STATUSES)
    return tuple(sorted((*others, *applied(mine, given, "status", str))))


def _require_clients(status: str, field: str) -> None:
    if status in CLIENT_STATUSES:
        return
    known = ", ".join(sorted(CLIENT_STATUSES))
    if status in SERVER_STATUSES or status in COMPUTED:
        message = f"{field}: {status} is the registry's to set. A registrar sets {known}."
        raise Refusal(errors.POLICY_VIOLATION, field, status, message=message)
    raise Refusal(
        errors.VALUE_OUT_OF_RANGE, field, status, message=f"{field}: '{status[:40]}' is no status. There are {known}."
    )
