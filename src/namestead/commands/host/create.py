"""Create a host (RFC 5732, 3.2.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from namestead.commands.host.answers import HostState, host_state
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.objects.domain import ApplyState
from namestead.objects.facts import Facts, Reference
from namestead.objects.host import Host
from namestead.objects.names import Name
from namestead.rules import delegation, hosts, publication


@dataclass(frozen=True, slots=True)
class CreateHost:
    """A host inside a zone of this registry needs its parent domain, the caller's own, and an address; one outside has
    no addresses here."""

    name: Name
    addresses: tuple[str, ...] = ()

    @property
    def subject(self) -> Name:
        return self.name

    def needs(self, reference: Reference, by: Principal) -> Needs:
        parent = delegation.parent_name(reference, self.name)
        return Needs(domains=(parent,) if parent is not None else (), hosts=(self.name,), linked_hosts=(self.name,))

    def decide(self, facts: Facts, by: Context) -> Outcome[HostState]:
        registrar = by.channel
        parent, left = hosts.require_free(facts, self.name, registrar, sandbox=by.sandbox)
        addresses = hosts.addresses(self.addresses, parent, self.name)
        parent_id = parent.id if parent is not None else None
        if left is None:
            host = Host(by.ids.take(), self.name, registrar.id, registrar.id, facts.now, parent_id, addresses)
            return Outcome(host_state(facts, host, parent, linked=False), changes=(host,))
        host = replace(left, registrar_id=registrar.id, parent_id=parent_id, addresses=addresses, updated_at=facts.now)
        linked = bool(facts.links_to_host(host.id))
        events = publication.host_changed(facts, host) if linked else ()
        return Outcome(
            host_state(facts, host, parent, linked=linked),
            changes=(host,),
            events=events,
            apply=ApplyState.PENDING if events else ApplyState.NONE,
        )

    def summary(self) -> dict[str, Any]:
        return {"addresses": self.addresses}
