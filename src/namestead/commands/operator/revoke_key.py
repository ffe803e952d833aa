"""Revoke an API key: it opens nothing from now on, in any process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from namestead.commands.operator.answers import KeyState
from namestead.commands.operator.rotate_key import require_live_key
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.objects.facts import Facts, Reference


@dataclass(frozen=True, slots=True)
class RevokeKey:
    id: str

    @property
    def subject(self) -> None:
        return None

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(keys=(self.id,), reference=True)

    def decide(self, facts: Facts, by: Context) -> Outcome[KeyState]:
        key = replace(require_live_key(facts, self.id), revoked_at=facts.now)
        return Outcome(KeyState.of(key, facts.reference), changes=(key,))

    def summary(self) -> dict[str, Any]:
        return {"key_id": self.id}
