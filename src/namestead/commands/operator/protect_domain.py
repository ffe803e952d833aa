"""Mark a registration as a protected legacy name: it cannot be deleted until a review is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from namestead import errors
from namestead.commands import messages
from namestead.commands.operator.answers import Protection
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.objects.domain import Domain
from namestead.objects.facts import Facts, Reference
from namestead.objects.names import Name


@dataclass(frozen=True, slots=True)
class ProtectDomain:
    """Protecting a name that was reviewed before begins anew: it needs another review."""

    name: Name
    reason: str = ""

    @property
    def subject(self) -> Name:
        return self.name

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(domains=(self.name,))

    def decide(self, facts: Facts, by: Context) -> Outcome[Protection]:
        before = require_domain(facts, self.name)
        if before.protected_legacy and before.reviewed_at is None:
            return Outcome(Protection(self.name, protected_legacy=True, reviewed_at=None))
        after = replace(before, protected_legacy=True, reviewed_at=None, updated_at=facts.now)
        told = messages.changed_domain(facts, before, after, self.reason)
        return Outcome(Protection(self.name, protected_legacy=True, reviewed_at=None), changes=(after,), messages=told)

    def summary(self) -> dict[str, Any]:
        return {"reason": self.reason}


def require_domain(facts: Facts, name: Name) -> Domain:
    domain = facts.domain(name)
    if domain is None:
        raise Refusal(errors.DOMAIN_NOT_FOUND, "domain", name)
    return domain
