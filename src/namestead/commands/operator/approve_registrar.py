"""Approve a registrar's channel, or take an approval back: for the register, for production, for the DNS module."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from namestead import errors
from namestead.commands.operator.answers import RegistrarState
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.objects.facts import Facts, Reference
from namestead.objects.registrar import Registrar

NO_LIMIT_OF_ITS_OWN = 0


@dataclass(frozen=True, slots=True)
class ApproveRegistrar:
    """None leaves a thing as it is. A `rate_limit` of 0 goes back to the registry's default."""

    registrar: str
    approved: bool | None = None
    production: bool | None = None
    dns_module: bool | None = None
    rate_limit: int | None = None

    @property
    def subject(self) -> None:
        return None

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(reference=True)

    def decide(self, facts: Facts, by: Context) -> Outcome[RegistrarState]:
        before = require_registrar(facts, self.registrar)
        if self.rate_limit is not None and self.rate_limit < 0:
            raise Refusal(
                errors.VALUE_OUT_OF_RANGE, "rate_limit", str(self.rate_limit), message="A limit cannot be negative."
            )
        limit = before.rate_limit
        if self.rate_limit is not None:
            limit = None if self.rate_limit == NO_LIMIT_OF_ITS_OWN else self.rate_limit
        after = replace(
            before,
            approved=before.approved if self.approved is None else self.approved,
            production_approved=before.production_approved if self.production is None else self.production,
            dns_module=before.dns_module if self.dns_module is None else self.dns_module,
            rate_limit=limit,
        )
        if after == before:
            return Outcome(RegistrarState.of(before))
        return Outcome(RegistrarState.of(after), changes=(replace(after, updated_at=facts.now),))

    def summary(self) -> dict[str, Any]:
        asked = {
            "approved": self.approved,
            "production_approved": self.production,
            "dns_module": self.dns_module,
            "rate_limit": self.rate_limit,
        }
        return {"registrar": self.registrar, **{k: v for k, v in asked.items() if v is not None}}


def require_registrar(facts: Facts, slug: str) -> Registrar:
    registrar = facts.reference.by_slug.get(slug)
    if registrar is None:
        raise Refusal(errors.REGISTRAR_NOT_FOUND, "registrar", slug)
    return registrar
