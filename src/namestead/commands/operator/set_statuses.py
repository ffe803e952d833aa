"""Set or lift the registry's own statuses of a name (RFC 5731, 2.3): a court's order, a dispute, abuse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from namestead.commands import messages
from namestead.commands.operator.answers import StatusesState
from namestead.commands.operator.protect_domain import require_domain
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.objects.domain import ApplyState
from namestead.objects.facts import Facts, Reference
from namestead.objects.log import Event
from namestead.objects.names import Name
from namestead.rules import publication, statuses
from namestead.rules.deltas import Delta


@dataclass(frozen=True, slots=True)
class SetStatuses:
    """The name's registrar is told, with the reason; a hold takes the name out of the zone."""

    name: Name
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    reason: str = ""

    @property
    def subject(self) -> Name:
        return self.name

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(domains=(self.name,))

    def decide(self, facts: Facts, by: Context) -> Outcome[StatusesState]:
        before = require_domain(facts, self.name)
        wanted = statuses.wanted_by_server(before.statuses, Delta(self.add, self.remove))
        if wanted == before.statuses:
            return Outcome(StatusesState(self.name, wanted))
        after = replace(before, statuses=wanted, updated_at=facts.now)
        events: tuple[Event, ...] = ()
        if "serverHold" in (*self.add, *self.remove) and publication.has_data(after):
            after = publication.queued(after, facts.now)
            events = (publication.event(after),)
        return Outcome(
            StatusesState(self.name, wanted),
            changes=(after,),
            events=events,
            messages=messages.changed_domain(facts, before, after, self.reason),
            apply=ApplyState.PENDING if events else ApplyState.NONE,
        )

    def summary(self) -> dict[str, Any]:
        return {"add": self.add, "remove": self.remove, "reason": self.reason}
