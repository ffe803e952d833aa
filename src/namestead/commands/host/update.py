"""Change a host: its addresses, its statuses, its name (RFC 5732, 3.2.5), all or nothing."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from namestead.commands.host.answers import HostState, host_state
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.objects.domain import ApplyState, Domain
from namestead.objects.facts import Facts, Reference
from namestead.objects.host import Host
from namestead.objects.names import Name
from namestead.rules import delegation, hosts, publication, statuses

Unchanged = msgspec.UnsetType
UNCHANGED: Final = msgspec.UNSET
"""What the command leaves as it is."""


@dataclass(frozen=True, slots=True)
class UpdateHost:
    """`addresses` and `statuses` are the whole set wanted, or a `Delta` as EPP gives it; `new_name` renames it, and
    every delegation to it follows.

    A host that moves out of our zones leaves its addresses behind; one that moves in brings some. While other registrars'
    domains use it, it moves neither way, nor from one name outside to another. An update that changes nothing succeeds
    and leaves the object's version alone.
    """

    name: Name
    addresses: hosts.Wanted | Unchanged = UNCHANGED
    statuses: statuses.Wanted | Unchanged = UNCHANGED
    new_name: Name | Unchanged = UNCHANGED

    @property
    def subject(self) -> Name:
        return self.name

    def needs(self, reference: Reference, by: Principal) -> Needs:
        names = (self.name,) if self.new_name is UNCHANGED else (self.name, self.new_name)
        parents = {p for p in (delegation.parent_name(reference, name) for name in names) if p is not None}
        return Needs(domains=tuple(sorted(parents)), hosts=names, linked_hosts=names)

    def decide(self, facts: Facts, by: Context) -> Outcome[HostState]:
        before = hosts.require_own(facts, self.name, by.channel, sandbox=by.sandbox)
        wanted = before.statuses
        if self.statuses is not UNCHANGED:
            wanted = statuses.wanted(before.statuses, self.statuses, statuses.OF_HOSTS)
        lifting = frozenset(before.statuses) - frozenset(wanted)
        statuses.require_none_of(delegation.UPDATE_PROHIBITED, before.statuses, "host", self.name, "changed", lifting)
        host = before if wanted == before.statuses else replace(before, statuses=wanted)
        host, parent = self._moved(facts, by, host)
        if host == before:
            return Outcome(host_state(facts, before, parent, linked=bool(facts.links_to_host(before.id))))
        host = replace(host, updated_at=facts.now)
        linked = bool(facts.links_to_host(host.id))
        published = linked and (host.name, host.addresses) != (before.name, before.addresses)
        events = publication.host_changed(facts, before, host) if published else ()
        return Outcome(
            host_state(facts, host, parent, linked=linked),
            changes=(host,),
            events=events,
            apply=ApplyState.PENDING if events else ApplyState.NONE,
        )

    def summary(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) is not UNCHANGED
        }
        del shown["name"]
        return shown

    def _moved(self, facts: Facts, by: Context, host: Host) -> tuple[Host, Domain | None]:
        """The host with its new name, in its new place, with the addresses it is to have there."""
        parent = facts.domains_by_id.get(host.parent_id or 0)
        if self.new_name is not UNCHANGED:
            parent = hosts.place(facts, self.new_name, by.channel, sandbox=by.sandbox, field="name")
            hosts.require_unnamed(facts, self.new_name)
            if host.parent_id is None or parent is None:
                hosts.require_nobody_else(facts, host, by.channel)
            host = replace(host, name=self.new_name, parent_id=parent.id if parent is not None else None)
        given = host.addresses
        if self.addresses is not UNCHANGED:
            given = hosts.changed_addresses(host, self.addresses)
        elif parent is None:
            given = ()
        if given != host.addresses or self.new_name is not UNCHANGED:
            host = replace(host, addresses=hosts.addresses(given, parent, host.name))
        return host, parent
