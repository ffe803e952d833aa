"""Which statuses a registrar may set on an object (RFC 5731, 2.3; 5732, 2.3; 5733, 2.2): the client's own, and no other."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

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

LINKED = "linked"
"""That an object is referred to by others: computed as well, for hosts and contacts (RFC 5732, 2.3; RFC 5733, 2.2)."""

Wanted: TypeAlias = tuple[str, ...] | Delta[str]


class Statuses(Struct, frozen=True, gc=False):
    """The statuses an object of one kind may have: its sponsor's to set, and the registry's."""

    client: frozenset[str]
    server: frozenset[str]


OF_DOMAINS = Statuses(CLIENT_STATUSES, SERVER_STATUSES)
OF_HOSTS = Statuses(
    frozenset({"clientDeleteProhibited", "clientUpdateProhibited"}),
    frozenset({"serverDeleteProhibited", "serverUpdateProhibited"}),
)
"""RFC 5732, 2.3."""

OF_CONTACTS = Statuses(
    frozenset({"clientDeleteProhibited", "clientTransferProhibited", "clientUpdateProhibited"}),
    frozenset({"serverDeleteProhibited", "serverTransferProhibited", "serverUpdateProhibited"}),
)
"""RFC 5733, 2.2."""


def wanted(current: tuple[str, ...], given: Wanted, kinds: Statuses = OF_DOMAINS) -> tuple[str, ...]:
    """All statuses an object is to have: the client statuses given, and the server statuses it has already."""
    for number, status in enumerate((*given.add, *given.remove) if isinstance(given, Delta) else given):
        _require_clients(status, f"status[{number}]", kinds)
    mine = tuple(s for s in current if s in kinds.client)
    others = (s for s in current if s not in kinds.client)
    return tuple(sorted((*others, *applied(mine, given, "status", str))))


def wanted_by_server(current: tuple[str, ...], given: Delta[str], kinds: Statuses = OF_DOMAINS) -> tuple[str, ...]:
    """All statuses an object is to have: the registry's own changed, its sponsor's as they are."""
    for status in (*given.add, *given.remove):
        if status not in kinds.server:
            known = ", ".join(sorted(kinds.server))
            message = f"status: '{status[:40]}' is not the registry's to set. It sets {known}."
            raise Refusal(errors.VALUE_OUT_OF_RANGE, "status", status, message=message)
    return tuple(sorted(applied(current, given, "status", str)))


def shown(stored: tuple[str, ...], *, linked: bool) -> tuple[str, ...]:
    """The statuses of a host or contact (RFC 5732, 2.3; RFC 5733, 2.2): `linked` beside any, `ok` beside nothing else."""
    return tuple(sorted((*(stored or ("ok",)), *((LINKED,) if linked else ()))))


def require_none_of(
    prohibiting: frozenset[str], statuses: tuple[str, ...], field: str, name: str, what: str, lifting: frozenset[str]
) -> None:
    """`status_prohibits` while one of these statuses stands. `lifting` are those the very command removes."""
    in_the_way = sorted(prohibiting.intersection(statuses) - lifting)
    if in_the_way:
        message = f"{name} has status {', '.join(in_the_way)}, so it cannot be {what}."
        raise Refusal(errors.STATUS_PROHIBITS, field, name, message=message)


def _require_clients(status: str, field: str, kinds: Statuses) -> None:
    if status in kinds.client:
        return
    known = ", ".join(sorted(kinds.client))
    if status in kinds.server or status in COMPUTED or status == LINKED:
        message = f"{field}: {status} is the registry's to set. A registrar sets {known}."
        raise Refusal(errors.POLICY_VIOLATION, field, status, message=message)
    raise Refusal(
        errors.VALUE_OUT_OF_RANGE, field, status, message=f"{field}: '{status[:40]}' is no status. There are {known}."
    )
