"""What a change to a name leaves for the publisher. How a zone then looks is the publisher's to say."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from msgspec.structs import replace

from namestead.objects.domain import ApplyState, Domain
from namestead.objects.facts import Facts, Reference
from namestead.objects.host import Host
from namestead.objects.log import Event, EventKind
from namestead.rules import delegation

TTL: Final = 3600
"""Seconds that a zone's own records of a name, its delegation, DS and glue, live in caches: one value for all of them
(RFC 9803, 1.2 has them set by name, which this registry does not take)."""


def has_data(domain: Domain) -> bool:
    """Whether the zone may hold anything about a name. DS records alone are kept, and published with a delegation."""
    return bool(domain.hosts or domain.records)


def queued(domain: Domain, now: datetime) -> Domain:
    """The row waiting for the zone's own name server to answer what is now stored."""
    return replace(domain, apply_state=ApplyState.PENDING, queued_at=now)


def event(domain: Domain) -> Event:
    """Look at this name again: at its records if it has them, else at its delegation."""
    kind = EventKind.RECORDS if domain.records else EventKind.DELEGATION
    return Event(kind, domain.zone_id, domain.name)


def withdrawn(domain: Domain) -> Event:
    return Event(EventKind.WITHDRAWN, domain.zone_id, domain.name)


def glue(reference: Reference, domain: Domain, hosts: tuple[Host, ...]) -> tuple[Event, ...]:
    """Look again at the other names whose hosts a delegation uses no longer, or with other addresses: their glue is
    published only while it is used."""
    found: dict[str, Event] = {}
    for host in hosts:
        zone = reference.zone_of(host.name) if host.parent_id not in (None, domain.id) else None
        parent = delegation.parent_name(reference, host.name)
        if zone is not None and parent is not None:
            found[parent] = Event(EventKind.DELEGATION, zone.id, parent)
    return tuple(found.values())


def host_changed(facts: Facts, *states: Host) -> tuple[Event, ...]:
    """Look again at every name delegated to a host whose name or addresses changed: one event a zone that may hold any,
    and name. `states` are the host before and after; which names use it is the publisher's to find."""
    host = states[-1]
    links = facts.links_to_host(host.id)
    zones = {zone.id for state in states if (zone := facts.reference.zone_of(state.name)) is not None}
    for name, _ in facts.users_of(links):
        zone = facts.reference.zone_of(name)
        if zone is not None:
            zones.add(zone.id)
    if 0 in links:
        zones.update(facts.reference.zones_by_id)
    names = dict.fromkeys(state.name for state in states)
    return tuple(Event(EventKind.HOST, zone_id, name) for zone_id in sorted(zones) for name in names)
