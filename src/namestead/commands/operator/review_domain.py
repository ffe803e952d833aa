"""Record the policy review of a protected legacy name. From then on its registrar may delete it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from namestead import errors
from namestead.commands import messages
from namestead.commands.operator.answers import Protection
from namestead.commands.operator.protect_domain import require_domain
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.objects.facts import Facts, Reference
from namestead.objects.names import Name


@dataclass(frozen=True, slots=True)
class ReviewDomain:
    """`note` is what the review found and who decided; it stays in the log."""

    name: Name
    note: str

    @property
    def subject(self) -> Name:
        return self.name

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(domains=(self.name,))

    def decide(self, facts: Facts, by: Context) -> Outcome[Protection]:
        before = require_domain(facts, self.name)
        if not before.protected_legacy:
            raise Refusal(
                errors.POLICY_VIOLATION,
                "domain",
                self.name,
                message=f"{self.name} is not a protected legacy name, so there is nothing to review.",
            )
        after = replace(before, protected_legacy=False, reviewed_at=facts.now, updated_at=facts.now)
        told = messages.changed_domain(facts, before, after, "Policy review recorded: it may be deleted.")
        return Outcome(
            Protection(self.name, protected_legacy=False, reviewed_at=facts.now), changes=(after,), messages=told
        )

    def summary(self) -> dict[str, Any]:
        return {"note": self.note}
