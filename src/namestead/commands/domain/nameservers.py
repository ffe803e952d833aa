"""Delegate a name: the whole set of its name servers (RFC 5731, 3.2.5; RFC 5732)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from namestead.commands.answers import Registration, registration
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.objects.domain import ApplyState
from namestead.objects.facts import Changed, Facts, Reference
from namestead.objects.names import Name
from namestead.rules import availability, delegation, lifecycle, permissions, publication
from namestead.rules.lifecycle import Act


@dataclass(frozen=True, slots=True)
class UpdateNameservers:
    """`nameservers` is the whole set wanted, none or 2 to 13, or a `Delta` as EPP gives it.

    The set the name has already succeeds too: it is published again if the last attempt failed, else nothing is left
    to do. A host that nobody uses any more stays, to be used again or deleted.
    """

    name: Name
    nameservers: delegation.Wanted

    @property
    def subject(self) -> Name:
        return self.name

    def needs(self, reference: Reference, by: Principal) -> Needs:
        specs = delegation.named(self.nameservers)
        return Needs(
            domains=delegation.parents(reference, specs, self.name),
            retained=(self.name,),
            hosts=tuple(spec.host for spec in specs),
        )

    def decide(self, facts: Facts, by: Context) -> Outcome[Registration]:
        before, zone = permissions.require_own(facts, self.name, by.channel)
        lifecycle.require(before, Act.UPDATE, facts.now)
        availability.require_unlocked(facts, self.name, facts.now)
        hosts, made = delegation.changed(facts, before, self.nameservers, by.channel, by.ids.take)
        if hosts == before.hosts and not made and before.apply_state is not ApplyState.FAILED:
            waiting = before.apply_state is ApplyState.PENDING
            return Outcome(registration(facts, before, zone), pending=waiting)
        domain = publication.queued(replace(before, hosts=hosts, updated_at=facts.now), facts.now)
        left = tuple(facts.hosts_by_id[i] for i in before.hosts if i not in hosts)
        changes: tuple[Changed, ...] = (domain, *made)
        return Outcome(
            registration(facts, domain, zone, changes),
            changes=changes,
            events=(publication.event(domain), *publication.glue(facts.reference, domain, (*left, *made))),
            pending=True,
            apply=ApplyState.PENDING,
        )

    def summary(self) -> dict[str, Any]:
        return {"nameservers": delegation.summary(self.nameservers)}
