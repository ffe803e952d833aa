"""Replace an API key by a new one with the same rights. The old one works on for an overlap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from namestead import errors
from namestead.commands.operator.answers import KeyState, Rotated
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.objects.facts import Facts, Reference
from namestead.objects.registrar import ApiKey


@dataclass(frozen=True, slots=True)
class RotateKey:
    """`until` is when the old key stops working, in real time (keys are not bound to the registry's clock)."""

    id: str
    new_id: str
    new_hash: bytes
    until: datetime

    @property
    def subject(self) -> None:
        return None

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(keys=(self.id, self.new_id), reference=True)

    def decide(self, facts: Facts, by: Context) -> Outcome[Rotated]:
        old = require_live_key(facts, self.id)
        new = replace(old, id=self.new_id, hash=self.new_hash, created_at=facts.now)
        until = self.until if old.expires_at is None else min(self.until, old.expires_at)
        old = replace(old, expires_at=until)
        return Outcome(
            Rotated(KeyState.of(new, facts.reference), KeyState.of(old, facts.reference)), changes=(old, new)
        )

    def summary(self) -> dict[str, Any]:
        return {"key_id": self.id, "new_key_id": self.new_id, "until": self.until}


def require_live_key(facts: Facts, key_id: str) -> ApiKey:
    """A key that was not revoked; whether it has expired is real time's to say."""
    key = facts.keys[key_id]
    if key is None:
        raise Refusal(errors.OBJECT_NOT_FOUND, "key_id", key_id)
    if key.revoked_at is not None:
        raise Refusal(errors.STATUS_PROHIBITS, "key_id", key_id, message=f"The key {key_id} has been revoked.")
    return key
