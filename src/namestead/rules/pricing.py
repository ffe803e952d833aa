"""What a command costs: per zone, command, years and premium tier, by the date it is decided on.

A price agreed to (`fee`, RFC 8748) must be the price; a premium name needs one. Nothing here knows balances.
"""

from __future__ import annotations

from datetime import datetime

from namestead import errors
from namestead.errors import Refusal
from namestead.money import Money
from namestead.objects.names import Name
from namestead.objects.zone import Price, Zone


def tier_of(zone: Zone, name: Name) -> str:
    """The premium tier a name would be registered in; empty for a standard name."""
    premium = zone.policy.premium
    return premium.get(name[: -len(zone.name) - 1], "") if premium else ""


def price(zone: Zone, command: str, currency: str, now: datetime, *, tier: str = "", years: int = 1) -> Money:
    """The price of a command. A rule for exactly these years wins over one per year, a later start over an earlier.

    A premium tier without a price of its own for this command takes the standard one. `currency_mismatch` when the
    zone has no price in the account's currency.
    """
    best: Price | None = None
    for rule in zone.policy.prices:
        if rule.command != command or rule.currency != currency or rule.tier not in ("", tier):
            continue
        if rule.years not in (None, years) or not _in_force(rule, now):
            continue
        if best is None or _precedence(rule) > _precedence(best):
            best = rule
    if best is None:
        raise Refusal(
            errors.CURRENCY_MISMATCH,
            "currency",
            currency,
            message=f".{zone.name} has no price in {currency} for {command}. Ask the operator to set one.",
        )
    per = 1 if best.years is not None or command == "restore" else years
    return Money(best.amount * per, currency)


def agreed(charged: Money, fee: Money | None, *, premium: bool) -> Money:
    """The price, if it is what the caller agreed to. Premium names are never sold without a word about the price."""
    if fee is None:
        if premium:
            raise Refusal(
                errors.FEE_MISMATCH,
                "fee",
                message=f"This is a premium name at {charged}. Send that amount as fee to agree to it.",
            )
        return charged
    if fee.currency != charged.currency:
        raise Refusal(
            errors.CURRENCY_MISMATCH,
            "fee",
            str(fee),
            message=f"fee is in {fee.currency}; this account pays in {charged.currency}. The price is {charged}.",
        )
    if fee != charged:
        raise Refusal(errors.FEE_MISMATCH, "fee", str(fee), message=f"The price is {charged}, not {fee}.")
    return charged


def _in_force(rule: Price, now: datetime) -> bool:
    return (rule.starts is None or rule.starts <= now) and (rule.ends is None or now < rule.ends)


def _precedence(rule: Price) -> tuple[bool, bool, float]:
    return rule.tier != "", rule.years is not None, rule.starts.timestamp() if rule.starts else float("-inf")
