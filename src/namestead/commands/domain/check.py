"""Ask whether names can be had, at what price, and if not, why (RFC 5731, 3.1.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from namestead import errors
from namestead.commands.answers import Amount
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.money import Money
from namestead.objects.domain import Domain, Phase
from namestead.objects.facts import Facts, Reference
from namestead.objects.names import Name
from namestead.objects.zone import Zone
from namestead.rules import availability, lifecycle, names, permissions, pricing, quotes
from namestead.rules.availability import Verdict
from namestead.rules.quotes import Query


@dataclass(frozen=True, slots=True)
class Checked:
    """One name as it was sent. `name` is None when it is none; `complaint` then says why."""

    text: str
    name: Name | None
    complaint: str = ""


class CreatePrice(msgspec.Struct, frozen=True, gc=False):
    """What the shortest registration costs, and how many years it has."""

    amount: str
    currency: str
    years: int


class CheckPrice(msgspec.Struct, frozen=True, gc=False):
    """Null where the zone has no price in the account's currency."""

    create: CreatePrice | None
    renew: Amount | None
    restore: Amount | None


class FeeQuote(msgspec.Struct, frozen=True, gc=False):
    """What a command would cost now: `fee`, or `credit` for what a delete would give back. Both are null where it has no
    price; `reason` then says why. A delete within `grace_seconds` of the command gives the fee back."""

    command: str
    years: int | None
    fee: Amount | None
    credit: Amount | None
    grace_seconds: int | None
    premium: bool
    reason: str | None


class CheckResult(msgspec.Struct, frozen=True, gc=False):
    """`reason` is null when the name is available; else `detail` says it in a sentence."""

    domain: str
    unicode_name: str
    available: bool
    reason: str | None
    claim_required: bool
    premium: bool
    price: CheckPrice | None
    lifecycle_state: str | None
    release_at: datetime | None
    detail: str | None = None
    fees: tuple[FeeQuote, ...] = ()


class CheckResults(msgspec.Struct, frozen=True, gc=False):
    """In the order asked."""

    results: tuple[CheckResult, ...]

    def summary(self) -> dict[str, Any]:
        return {"asked": len(self.results), "available": sum(r.available for r in self.results)}


@dataclass(frozen=True, slots=True)
class CheckDomain:
    """The answer is for the bearer of `allocation_token` if one is given (RFC 8495, 3.1.1). With `fees` each name of this
    registry's is quoted for these commands, free or not (RFC 8748); `currency` must be the account's.

    One name alone under a zone the channel is not listed for is refused at the gates, like any command. In a list it is
    answered as `zone_closed`, and the others are answered.
    """

    items: tuple[Checked, ...]
    allocation_token: str | None = None
    fees: tuple[Query, ...] = ()
    currency: str | None = None

    @property
    def subject(self) -> Name | None:
        return self.items[0].name if len(self.items) == 1 else None

    def needs(self, reference: Reference, by: Principal) -> Needs:
        ours = tuple(item.name for item in self.items if item.name is not None and reference.zone_of(item.name))
        return Needs(domains=ours, retained=ours)

    def decide(self, facts: Facts, by: Context) -> Outcome[CheckResults]:
        if self.currency is not None:
            account = facts.account(by.channel.account_id)
            if self.currency != account.currency:
                message = (
                    f"currency is {self.currency}; this account pays in {account.currency}. Ask in that, or in none."
                )
                raise Refusal(errors.CURRENCY_MISMATCH, "currency", self.currency, message=message)
        return Outcome(CheckResults(tuple(self._result(facts, by, item) for item in self.items)))

    def summary(self) -> dict[str, Any]:
        return {"domains": [item.name or item.text[:255] for item in self.items]}

    def _result(self, facts: Facts, by: Context, item: Checked) -> CheckResult:
        name = item.name
        if name is None:
            return _not_ours(item.text, item.text, "invalid_name", item.complaint)
        zone = facts.zone_of(name)
        shown = names.to_unicode(name)
        if zone is None:
            return _not_ours(name, shown, "zone_closed", f"{name} is not under a zone of this registry.")
        if not permissions.is_listed(facts.reference, by.channel.id, zone):
            return _not_ours(name, shown, "zone_closed", f"The channel has no approved listing for .{zone.name}.")
        verdict = availability.judge(facts, name, zone, facts.now, self.allocation_token)
        if verdict.reason == "invalid_name":
            return _not_ours(name, shown, "invalid_name", _detail(verdict))
        domain = verdict.domain
        tier = domain.tier if domain is not None else pricing.tier_of(zone, name)
        return CheckResult(
            domain=name,
            unicode_name=shown,
            available=verdict.available,
            reason=verdict.reason or None,
            claim_required=verdict.claim_required,
            premium=tier != "",
            price=_price(facts, by, zone, tier),
            lifecycle_state=lifecycle.phase_at(domain, facts.now).value if domain is not None else None,
            release_at=_release_at(domain, zone, facts.now),
            detail=_detail(verdict),
            fees=tuple(_quoted(facts, by, zone, name, domain, query) for query in self.fees),
        )


def _quoted(facts: Facts, by: Context, zone: Zone, name: Name, domain: Domain | None, asked: Query) -> FeeQuote:
    """One price, or why there is none: a command that has none fails no other."""
    currency = facts.account(by.channel.account_id).currency
    current = lifecycle.as_of(domain, zone, facts.now) if domain is not None else None
    mine = domain is not None and domain.registrar_id == by.channel.id
    try:
        quote = quotes.quote(zone, name, current, asked, currency, facts.now, mine=mine)
    except Refusal as refusal:
        return FeeQuote(asked.command, asked.years, None, None, None, premium=False, reason=refusal.message)
    back = quote.amount.amount < 0
    return FeeQuote(
        quote.command,
        quote.years,
        None if back else Amount.of(quote.amount),
        Amount.of(Money(-quote.amount.amount, currency)) if back else None,
        int(quote.grace.total_seconds()) if quote.grace is not None else None,
        quote.premium,
        None,
    )


def _not_ours(domain: str, unicode_name: str, reason: str, detail: str | None) -> CheckResult:
    return CheckResult(
        domain=domain,
        unicode_name=unicode_name,
        available=False,
        reason=reason,
        claim_required=False,
        premium=False,
        price=None,
        lifecycle_state=None,
        release_at=None,
        detail=detail,
    )


def _detail(verdict: Verdict) -> str | None:
    return verdict.refusal.message if verdict.refusal is not None else None


def _release_at(domain: Domain | None, zone: Zone, now: datetime) -> datetime | None:
    if domain is None:
        return None
    domain = lifecycle.as_of(domain, zone, now)
    falling = lifecycle.phase_at(domain, now) in (Phase.REDEMPTION, Phase.PENDING_RESTORE, Phase.PENDING_DELETE)
    return domain.release_at if falling else None


def _price(facts: Facts, by: Context, zone: Zone, tier: str) -> CheckPrice:
    currency = facts.account(by.channel.account_id).currency
    years = zone.policy.min_years
    create = _listed(zone, "create", currency, facts.now, tier, years)
    return CheckPrice(
        CreatePrice(create.amount, create.currency, years) if create is not None else None,
        _listed(zone, "renew", currency, facts.now, tier, 1),
        _listed(zone, "restore", currency, facts.now, tier, 1),
    )


def _listed(zone: Zone, command: str, currency: str, now: datetime, tier: str, years: int) -> Amount | None:
    try:
        return Amount.of(pricing.price(zone, command, currency, now, tier=tier, years=years))
    except Refusal:
        return None
