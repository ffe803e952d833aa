"""What commands on hosts answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from namestead.commands.answers import Sponsor
from namestead.objects.domain import Domain
from namestead.objects.facts import Facts
from namestead.objects.host import Host
from namestead.rules import hosts, names


class HostState(msgspec.Struct, frozen=True, gc=False):
    """A host as everybody may see it (RFC 5732, 3.1.2). `created_by` is a registrar's slug; `transferred_at` when it
    last moved to another registrar, with the domain it lies under."""

    host: str
    unicode_name: str
    roid: str
    registrar: Sponsor
    status: tuple[str, ...]
    addresses: tuple[str, ...]
    created_by: str
    created_at: datetime
    updated_at: datetime | None
    transferred_at: datetime | None

    def summary(self) -> dict[str, Any]:
        return {"status": self.status, "addresses": self.addresses, "registrar": self.registrar}


def host_state(facts: Facts, host: Host, parent: Domain | None, *, linked: bool) -> HostState:
    """`parent` is the domain it lies under: as it moves, its hosts move."""
    registrar = facts.registrar(host.registrar_id)
    moved = parent.transferred_at if parent is not None and parent.id == host.parent_id else None
    return HostState(
        host.name,
        names.to_unicode(host.name),
        host.roid,
        Sponsor(registrar.channel_id, registrar.slug),
        hosts.statuses_at(host, linked=linked),
        host.addresses,
        facts.registrar(host.created_by).slug,
        host.created_at,
        host.updated_at,
        moved if moved is not None and moved >= host.created_at else None,
    )
