"""Give a registrar a password for EPP, a first one or in place of what it had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from namestead.commands.operator.answers import EppAccessState
from namestead.commands.operator.set_epp_access import access_of, ids_of
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.objects.facts import Facts, Reference


@dataclass(frozen=True, slots=True)
class SetEppPassword:
    """Only the argon2id hash comes here: the caller has asked `rules.epp_access.require_password` about the text.
    `at` is real time; a password grows old by the calendar, not by the registry's clock."""

    registrar: str
    password_hash: str
    at: datetime

    @property
    def subject(self) -> None:
        return None

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(epp_access=ids_of(reference, self.registrar))

    def decide(self, facts: Facts, by: Context) -> Outcome[EppAccessState]:
        registrar, access = access_of(facts, self.registrar)
        access = replace(access, password_hash=self.password_hash, password_changed_at=self.at, updated_at=facts.now)
        return Outcome(EppAccessState.of(access, registrar), changes=(access,))

    def summary(self) -> dict[str, Any]:
        return {"registrar": self.registrar}
