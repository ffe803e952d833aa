"""What a command costs: which rule of the zone's price list wins, one line a case."""

from datetime import timedelta

import pytest

from namestead import errors
from namestead.errors import Refusal
from namestead.money import Money
from namestead.objects.names import Name
from namestead.objects.zone import Price
from namestead.rules import pricing
from tests.commands.facts import NOW, zone

DAY = timedelta(days=1)
STANDARD = Price("create", 1000, "EUR")
TWO_YEARS = Price("create", 1500, "EUR", years=2)
GOLD = Price("create", 9000, "EUR", "gold")
OFFER = Price("create", 500, "EUR", starts=NOW, ends=NOW + DAY)
OLD = Price("create", 300, "EUR", ends=NOW)
COMING = Price("create", 400, "EUR", starts=NOW + DAY)
DOLLARS = Price("create", 1200, "USD")
RESTORE = Price("restore", 4000, "EUR")


@pytest.mark.parametrize(
    "rules, command, currency, tier, years, amount",
    [
        ((STANDARD,), "create", "EUR", "", 1, 1000),
        ((STANDARD,), "create", "EUR", "", 3, 3000),
        ((STANDARD, TWO_YEARS), "create", "EUR", "", 2, 1500),
        ((TWO_YEARS, STANDARD), "create", "EUR", "", 2, 1500),
        ((STANDARD, TWO_YEARS), "create", "EUR", "", 3, 3000),
        ((STANDARD, GOLD), "create", "EUR", "", 1, 1000),
        ((STANDARD, GOLD), "create", "EUR", "gold", 2, 18000),
        ((STANDARD,), "create", "EUR", "gold", 1, 1000),
        ((GOLD, TWO_YEARS), "create", "EUR", "gold", 2, 18000),
        ((STANDARD, OFFER), "create", "EUR", "", 1, 500),
        ((OFFER, STANDARD), "create", "EUR", "", 1, 500),
        ((STANDARD, OLD, COMING), "create", "EUR", "", 1, 1000),
        ((STANDARD, DOLLARS), "create", "USD", "", 1, 1200),
        ((RESTORE,), "restore", "EUR", "", 1, 4000),
        ((RESTORE,), "restore", "EUR", "", 3, 4000),
    ],
)
def test_price(rules: tuple[Price, ...], command: str, currency: str, tier: str, years: int, amount: int) -> None:
    priced = pricing.price(zone(prices=rules), command, currency, NOW, tier=tier, years=years)
    assert Money(amount, currency) == priced


@pytest.mark.parametrize("rules", [(), (DOLLARS,), (OLD,), (COMING,), (GOLD,), (RESTORE,)])
def test_no_price(rules: tuple[Price, ...]) -> None:
    with pytest.raises(Refusal) as caught:
        pricing.price(zone(prices=rules), "create", "EUR", NOW)
    assert errors.CURRENCY_MISMATCH is caught.value.kind


@pytest.mark.parametrize(
    "fee, premium, kind",
    [
        (None, False, None),
        (Money(1000, "EUR"), False, None),
        (Money(1000, "EUR"), True, None),
        (None, True, errors.FEE_MISMATCH),
        (Money(999, "EUR"), False, errors.FEE_MISMATCH),
        (Money(1001, "EUR"), True, errors.FEE_MISMATCH),
        (Money(1000, "USD"), False, errors.CURRENCY_MISMATCH),
    ],
)
def test_agreed(fee: Money | None, premium: bool, kind: errors.Kind | None) -> None:
    price = Money(1000, "EUR")
    if kind is None:
        assert price == pricing.agreed(price, fee, premium=premium)
        return
    with pytest.raises(Refusal) as caught:
        pricing.agreed(price, fee, premium=premium)
    assert kind is caught.value.kind
    assert "10.00 EUR" in caught.value.message


@pytest.mark.parametrize("name, tier", [("gold.example", "gold"), ("silver.example", ""), ("gold.a.example", "")])
def test_tier(name: str, tier: str) -> None:
    assert tier == pricing.tier_of(zone(), Name(name))
