"""Renew a registration (RFC 5731, 3.2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from namestead import errors
from namestead.commands.answers import Registration, registration
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.money import Money
from namestead.objects.domain import Domain
from namestead.objects.facts import Facts, Reference
from namestead.objects.names import Name
from namestead.rules import ledger, lifecycle, permissions, pricing
from namestead.rules.lifecycle import Act


@dataclass(frozen=True, slots=True)
class RenewDomain:
    """`current_expiry` guards against renewing twice by accident: its date (UTC) must be the expiry's."""

    name: Name
    years: int = 1
    current_expiry: date | datetime | None = None
    fee: Money | None = None

    @property
    def subject(self) -> Name:
        return self.name

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(domains=(self.name,))

    def decide(self, facts: Facts, by: Context) -> Outcome[Registration]:
        domain, zone = permissions.require_own(facts, self.name, by.channel)
        lifecycle.require(domain, Act.RENEW, facts.now)
        if self.current_expiry is not None:
            _require_same_day(domain, self.current_expiry)
        if not 1 <= self.years <= zone.policy.max_years:
            message = f"years is {self.years}; this zone renews names for 1 to {zone.policy.max_years} years."
            raise Refusal(errors.VALUE_OUT_OF_RANGE, "years", str(self.years), message=message)
        account = facts.account(by.channel.account_id)
        listed = pricing.price(zone, "renew", account.currency, facts.now, tier=domain.tier, years=self.years)
        price = pricing.agreed(listed, self.fee, premium=domain.tier != "")
        renewed = lifecycle.renewed(domain, zone, self.years, price, account.id, facts.now)
        return Outcome(
            registration(facts, renewed, zone),
            changes=(renewed,),
            postings=ledger.charge(account, price, "renew", self.name),
        )

    def summary(self) -> dict[str, Any]:
        return {"years": self.years, "current_expiry": self.current_expiry}


def _require_same_day(domain: Domain, given: date | datetime) -> None:
    day = given.astimezone(UTC).date() if isinstance(given, datetime) else given
    right = domain.expires_at.astimezone(UTC).date()
    if day != right:
        raise Refusal(
            errors.VALUE_OUT_OF_RANGE,
            "current_expiry",
            day.isoformat(),
            message=f"current_expiry is {day}, but {domain.name} expires on {right}: it may have been renewed already.",
        )
