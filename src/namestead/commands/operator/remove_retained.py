"""Take a name off the retained lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from namestead import errors
from namestead.commands import messages
from namestead.commands.operator.add_retained import live
from namestead.commands.operator.answers import RetainedState
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.objects.facts import Facts, Reference
from namestead.objects.names import Name
from namestead.objects.retained import RetainedKind


@dataclass(frozen=True, slots=True)
class RemoveRetained:
    """`kind` says which entry where a name has several; without it the name must have one."""

    name: Name
    kind: RetainedKind | None = None
    reason: str = ""

    @property
    def subject(self) -> Name:
        return self.name

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(domains=(self.name,), retained=(self.name,))

    def decide(self, facts: Facts, by: Context) -> Outcome[RetainedState]:
        entries = facts.retained_for(self.name)
        kinds = (self.kind,) if self.kind is not None else tuple(RetainedKind)
        found = tuple(entry for kind in kinds for entry in live(entries, kind))
        if not found:
            which = f"{self.kind.value} " if self.kind is not None else ""
            raise Refusal(
                errors.OBJECT_NOT_FOUND,
                "name",
                self.name,
                message=f"{self.name} has no {which}entry on the retained lists.",
            )
        if len(found) > 1:
            raise Refusal(
                errors.INVALID_REQUEST,
                "kind",
                message=f"{self.name} is {' and '.join(e.kind.value for e in found)}: say which entry to remove.",
            )
        [entry] = found
        removed = replace(entry, removed_at=facts.now, updated_at=facts.now)
        told = messages.locked(facts, self.name, entry.kind, self.reason, lifted=True)
        return Outcome(RetainedState.of(entry), changes=(removed,), messages=told)

    def summary(self) -> dict[str, Any]:
        return {"kind": self.kind.value if self.kind is not None else None, "reason": self.reason}
