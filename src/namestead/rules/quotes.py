"""What a command on a name would cost now, or give back: quotes, for whoever asks before it decides (RFC 8748).

The amounts are those the commands themselves charge; a quote takes nothing and promises nothing beyond its instant.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from namestead import errors
from namestead.errors import Refusal
from namestead.money import Money
from namestead.objects.domain import Domain, Phase
from namestead.objects.names import Name
from namestead.objects.zone import Lengths, Zone
from namestead.rules import lifecycle, pricing


class Query(Struct, frozen=True, gc=False):
    """One command to be quoted; `years` None is the shortest there is."""

    command: str
    years: int | None = None


class Quote(Struct, frozen=True, gc=False):
    """`amount` is below zero for what is given back. Deleting within `grace` gives the fee back (RFC 3915, 3.1);
    `premium` says that the name's tier has a price of its own."""

    command: str
    years: int | None
    amount: Money
    grace: timedelta | None
    premium: bool


GRACES: Final[dict[str, Callable[[Lengths], timedelta]]] = {
    "create": lambda lengths: lengths.add_grace,
    "renew": lambda lengths: lengths.renew_grace,
    "transfer": lambda lengths: lengths.transfer_grace,
}
"""Commands by years, each with the period in which a delete gives its price back."""

ONCE: Final = ("restore", "delete", "update")
"""Commands that have no period."""


def quote(
    zone: Zone, name: Name, domain: Domain | None, asked: Query, currency: str, now: datetime, *, mine: bool
) -> Quote:
    """What a command on this name costs. `domain` is its registration if it has one, as it reads now; `mine` that the
    asker sponsors it.

    `value_out_of_range` for a command or a period there is not, `currency_mismatch` without a price in the currency.
    """
    command = asked.command
    tier = domain.tier if domain is not None else pricing.tier_of(zone, name)
    if command in GRACES:
        years = _years(zone, asked)
        amount = pricing.price(zone, command, currency, now, tier=tier, years=years)
        premium = tier != "" and amount != _standard(zone, command, currency, now, years)
        return Quote(command, years, amount, GRACES[command](zone.policy.lengths), premium)
    if command not in ONCE:
        known = ", ".join((*GRACES, *ONCE))
        message = f"'{command[:40]}' is no command with a price. There are {known}."
        raise Refusal(errors.VALUE_OUT_OF_RANGE, "command", command, message=message)
    if asked.years is not None:
        message = f"{command} has no period. Ask for its price without one."
        raise Refusal(errors.VALUE_OUT_OF_RANGE, "period", str(asked.years), message=message)
    nothing = Money(0, currency)
    if command == "restore":
        amount = _restore(zone, domain, currency, now, tier)
        standard = _restore(zone, domain, currency, now, "")
        return Quote(command, None, amount, None, tier != "" and amount != standard)
    if command == "delete" and domain is not None and mine:
        back = [r for r in lifecycle.refunds(domain, now) if r.currency == currency]
        return Quote(command, None, Money(-sum(r.amount for r in back), currency), None, premium=False)
    return Quote(command, None, nothing, None, premium=False)


def _years(zone: Zone, asked: Query) -> int:
    policy = zone.policy
    fewest = policy.min_years if asked.command == "create" else 1
    most = 1 if asked.command == "transfer" else policy.max_years
    years = fewest if asked.years is None else asked.years
    if not fewest <= years <= most:
        message = f"period is {years} years; {asked.command} takes {fewest}" + (
            f" to {most}." if most > fewest else "."
        )
        raise Refusal(errors.VALUE_OUT_OF_RANGE, "period", str(years), message=message)
    return years


def _standard(zone: Zone, command: str, currency: str, now: datetime, years: int) -> Money | None:
    try:
        return pricing.price(zone, command, currency, now, years=years)
    except Refusal:
        return None


def _restore(zone: Zone, domain: Domain | None, currency: str, now: datetime, tier: str) -> Money:
    """The restoration, and the renewals it takes to give a name in redemption a future again."""
    amount = pricing.price(zone, "restore", currency, now, tier=tier)
    if domain is None or lifecycle.phase_at(domain, now) not in (Phase.REDEMPTION, Phase.PENDING_RESTORE):
        return amount
    _, years = lifecycle.restored(domain, zone, now)
    if years:
        amount += pricing.price(zone, "renew", currency, now, tier=tier, years=years)
    return amount
