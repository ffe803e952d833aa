"""Take a whole list of retained names in: all of it, or, where any line is refused, nothing and every reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from namestead import errors
from namestead.commands.operator.add_retained import AddRetained, live, require_fit, retained
from namestead.commands.operator.answers import Imported
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Fault, Refusal
from namestead.objects.facts import Changed, Facts, Reference
from namestead.objects.names import Name
from namestead.objects.retained import RetainedKind

MOST_ENTRIES = 100_000
"""One transaction: what it takes at this size still fits in the time the engine gives a batch."""


@dataclass(frozen=True, slots=True)
class ImportRetained:
    """`entries` are pairs of a line's number and what it says; `file` is the name the log keeps. Runs with no other
    batch beside it, and so without a lock on each name."""

    file: str
    entries: tuple[tuple[int, AddRetained], ...]

    @property
    def subject(self) -> None:
        return None

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(retained=tuple(entry.name for _, entry in self.entries), reference=True)

    def decide(self, facts: Facts, by: Context) -> Outcome[Imported]:
        if len(self.entries) > MOST_ENTRIES:
            raise Refusal(
                errors.VALUE_OUT_OF_RANGE,
                "file",
                self.file,
                message=f"{self.file} has {len(self.entries)} entries; {MOST_ENTRIES} go into one file. Split it.",
            )
        faults: list[Fault] = []
        changes: list[Changed] = []
        first: dict[tuple[Name, RetainedKind], int] = {}
        for line, entry in self.entries:
            at = first.setdefault((entry.name, entry.kind), line)
            try:
                if at != line:
                    raise Refusal(
                        errors.OBJECT_EXISTS,
                        "name",
                        entry.name,
                        message=f"{entry.name} is {entry.kind.value} in line {at} already.",
                    )
                require_fit(entry, facts)
            except Refusal as refusal:
                faults.append(Fault(f"line {line}", refusal.kind.code, refusal.message, entry.name))
                continue
            changes.extend(
                replace(over, removed_at=facts.now, updated_at=facts.now)
                for over in live(facts.retained_for(entry.name), entry.kind)
            )
            changes.append(retained(entry, facts, by))
        if faults:
            raise Refusal(
                errors.BATCH_REJECTED,
                "file",
                self.file,
                message=f"{len(faults)} of {len(self.entries)} lines were refused, so nothing was stored.",
                details=faults,
            )
        kinds = Counter(entry.kind.value for _, entry in self.entries)
        return Outcome(Imported(len(self.entries), dict(kinds)), changes=tuple(changes))

    def summary(self) -> dict[str, Any]:
        return {"file": self.file, "count": len(self.entries)}
