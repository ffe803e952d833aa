"""Make an API key. The token is the caller's to make and to show once; only its SHA-256 comes here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from namestead import errors
from namestead.commands.operator.answers import KeyState
from namestead.commands.operator.approve_registrar import require_registrar
from namestead.commands.operator.deposit import require_account
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.objects.facts import Facts, Reference
from namestead.objects.registrar import ApiKey
from namestead.rules.permissions import PROFILES

REGISTRAR_API = "registrar_api"
SINGLE = "single_scopes"


@dataclass(frozen=True, slots=True)
class CreateKey:
    """For a registrar's channel (`registrar`), or for an account alone (`account`). `expires_at` is real time."""

    id: str
    hash: bytes
    registrar: str | None = None
    account: str | None = None
    profile: str = REGISTRAR_API
    scopes: tuple[str, ...] = ()
    label: str = ""
    expires_at: datetime | None = None
    rate_limit: int | None = None

    @property
    def subject(self) -> None:
        return None

    def needs(self, reference: Reference, by: Principal) -> Needs:
        slugs = (self.account,) if self.account is not None else ()
        return Needs(keys=(self.id,), account_slugs=slugs, reference=True)

    def decide(self, facts: Facts, by: Context) -> Outcome[KeyState]:
        if self.registrar is not None:
            registrar = require_registrar(facts, self.registrar)
            account_id, registrar_id = registrar.account_id, registrar.id
            if self.account is not None and require_account(facts, self.account).id != account_id:
                raise Refusal(
                    errors.POLICY_VIOLATION,
                    "account",
                    self.account,
                    message=f"The channel of {self.registrar} belongs to another account.",
                )
        elif self.account is not None:
            account_id, registrar_id = require_account(facts, self.account).id, None
        else:
            raise Refusal(errors.MISSING_FIELD, "registrar", message="A key is for a registrar or for an account.")
        if facts.keys[self.id] is not None:
            raise Refusal(errors.OBJECT_EXISTS, "key_id", self.id)
        if self.rate_limit is not None and self.rate_limit < 1:
            raise Refusal(errors.VALUE_OUT_OF_RANGE, "rate_limit", str(self.rate_limit))
        key = ApiKey(
            id=self.id,
            account_id=account_id,
            registrar_id=registrar_id,
            hash=self.hash,
            profile=self.profile,
            scopes=_scopes(self.profile, self.scopes),
            created_at=facts.now,
            label=self.label,
            expires_at=self.expires_at,
            rate_limit=self.rate_limit,
        )
        return Outcome(KeyState.of(key, facts.reference), changes=(key,))

    def summary(self) -> dict[str, Any]:
        return {
            "key_id": self.id,
            "registrar": self.registrar,
            "account": self.account,
            "profile": self.profile,
            "scopes": self.scopes,
            "label": self.label,
            "expires_at": self.expires_at,
            "rate_limit": self.rate_limit,
        }


def _scopes(profile: str, scopes: tuple[str, ...]) -> tuple[str, ...]:
    if profile != SINGLE:
        if profile not in PROFILES:
            raise Refusal(
                errors.VALUE_OUT_OF_RANGE,
                "profile",
                profile,
                message=f"There is no profile '{profile}'. There are: {', '.join((*PROFILES, SINGLE))}.",
            )
        if scopes:
            raise Refusal(
                errors.INVALID_REQUEST, "scopes", message=f"The profile {profile} says which scopes the key has."
            )
        return PROFILES[profile]
    known = {scope for held in PROFILES.values() for scope in held}
    unknown = [scope for scope in scopes if scope not in known]
    if unknown or not scopes:
        raise Refusal(
            errors.VALUE_OUT_OF_RANGE,
            "scopes",
            unknown[0] if unknown else None,
            message=(f"There is no scope '{unknown[0]}'. " if unknown else "A key needs at least one scope. ")
            + f"There are: {', '.join(sorted(known))}.",
        )
    return tuple(sorted(set(scopes)))
