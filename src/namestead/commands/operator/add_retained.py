"""Reserve, claim, block or dispute a name. What each kind means is `rules.availability`'s to say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from namestead import errors
from namestead.commands import messages
from namestead.commands.operator.answers import RetainedState
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.objects.facts import Facts, Reference
from namestead.objects.names import Name
from namestead.objects.retained import Retained, RetainedKind
from namestead.rules import availability


@dataclass(frozen=True, slots=True)
class AddRetained:
    """In force from `starts_at` (now if None) until `ends_at` (for good if None). `token_hash` is the SHA-256 of the
    allocation token that opens the name once; only reserved and claimed names have one."""

    name: Name
    kind: RetainedKind
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    reason: str = ""
    token_hash: bytes | None = None

    @property
    def subject(self) -> Name:
        return self.name

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(domains=(self.name,), retained=(self.name,))

    def decide(self, facts: Facts, by: Context) -> Outcome[RetainedState]:
        require_fit(self, facts)
        over = tuple(
            replace(entry, removed_at=facts.now, updated_at=facts.now)
            for entry in live(facts.retained_for(self.name), self.kind)
        )
        entry = retained(self, facts, by)
        told = messages.locked(facts, self.name, self.kind, self.reason, lifted=False)
        return Outcome(RetainedState.of(entry), changes=(*over, entry), messages=told)

    def summary(self) -> dict[str, Any]:
        return {
            "kind": self.kind.value,
            "starts_at": self.starts_at,
            "ends_at": self.ends_at,
            "reason": self.reason,
            "has_token": self.token_hash is not None,
        }


def live(entries: tuple[Retained, ...], kind: RetainedKind) -> tuple[Retained, ...]:
    """Entries of a kind that were neither removed nor used up; they may have ended by their date."""
    return tuple(e for e in entries if e.kind is kind and e.removed_at is None and e.used_at is None)


def require_fit(given: AddRetained, facts: Facts) -> None:
    """Refuse an entry for no name of ours, with dates that cannot be, with a token that opens nothing, or a second of
    its kind. An entry that has ended by its date makes room."""
    zone = facts.zone_of(given.name)
    if zone is None:
        raise Refusal(
            errors.ZONE_NOT_FOUND, "name", given.name, message=f"{given.name} is not under a zone of this registry."
        )
    if complaint := availability.label_complaint(given.name, zone):
        raise Refusal(errors.INVALID_REQUEST, "name", given.name, message=f"name '{given.name}': {complaint}")
    if given.ends_at is not None and given.ends_at <= (given.starts_at or facts.now):
        raise Refusal(
            errors.VALUE_OUT_OF_RANGE,
            "ends_at",
            given.ends_at.isoformat(),
            message=f"{given.name} would end before it begins, or has ended already.",
        )
    if given.token_hash is not None and not availability.MEANINGS[given.kind].opened_by_token:
        raise Refusal(
            errors.INVALID_REQUEST,
            "kind",
            given.kind.value,
            message=f"A {given.kind.value} name is opened by no token; only reserved and claimed names are.",
        )
    for entry in live(facts.retained_for(given.name), given.kind):
        if entry.ends_at is None or entry.ends_at > facts.now:
            raise Refusal(
                errors.OBJECT_EXISTS,
                "name",
                given.name,
                message=f"{given.name} is {given.kind.value} already. Remove that entry first.",
            )


def retained(given: AddRetained, facts: Facts, by: Context) -> Retained:
    return Retained(
        id=by.ids.take(),
        name=given.name,
        kind=given.kind,
        created_at=facts.now,
        starts_at=given.starts_at,
        ends_at=given.ends_at,
        reason=given.reason,
        token_hash=given.token_hash,
        created_by=by.principal.actor,
    )
