"""Change one's own EPP password: `newPW` of a login that has succeeded (RFC 5730, 2.9.1.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from namestead import errors
from namestead.commands.operator.answers import EppAccessState
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.objects.facts import Facts, Reference


@dataclass(frozen=True, slots=True)
class ChangeEppPassword:
    """Both hashes are argon2id: `replaces` is the one the login was checked against, so that of two logins that change
    the password at once, and of a login beside the operator's own change, one wins and the other is told. `at` is real
    time."""

    password_hash: str
    replaces: str
    at: datetime

    @property
    def subject(self) -> None:
        return None

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(epp_access=(by.registrar_id,) if by.registrar_id is not None else ())

    def decide(self, facts: Facts, by: Context) -> Outcome[EppAccessState]:
        access = facts.epp_access_of(by.channel.id)
        if access is None or not access.enabled or access.password_hash != self.replaces:
            raise Refusal(
                errors.EPP_AUTHENTICATION_FAILED,
                message="The password was changed while this login was being checked. Log in with the one that holds.",
            )
        access = replace(access, password_hash=self.password_hash, password_changed_at=self.at, updated_at=facts.now)
        return Outcome(EppAccessState.of(access, by.channel), changes=(access,))

    def summary(self) -> dict[str, Any]:
        return {}
