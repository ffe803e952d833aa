"""Show a registration (RFC 5731, 3.1.2): all of it to its sponsor, the public part to others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from namestead import errors
from namestead.commands.answers import PublicRegistration, Registration, public_registration, registration
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.objects.facts import Facts, Reference
from namestead.objects.names import Name
from namestead.rules import auth_info, lifecycle, permissions


@dataclass(frozen=True, slots=True)
class InfoDomain:
    """With the right `auth_info` another registrar sees all of it too; a wrong one is refused and counted."""

    name: Name
    auth_info: str | None = None

    @property
    def subject(self) -> Name:
        return self.name

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(domains=(self.name,), failed_auth=(self.name,) if self.auth_info is not None else ())

    def decide(self, facts: Facts, by: Context) -> Outcome[Registration | PublicRegistration]:
        stored, zone = permissions.require_domain(facts, self.name)
        domain = lifecycle.as_of(stored, zone, facts.now)
        if domain.ended_at is not None:
            raise Refusal(errors.DOMAIN_NOT_FOUND, "domain", self.name)
        if domain.registrar_id == by.channel.id:
            return Outcome(registration(facts, domain, zone))
        if self.auth_info is None:
            return Outcome(public_registration(facts, domain, zone))
        auth_info.require(domain, self.auth_info, facts.failed_auth[self.name], facts.now)
        return Outcome(registration(facts, domain, zone))

    def summary(self) -> dict[str, Any]:
        return {"with_auth_info": self.auth_info is not None}
