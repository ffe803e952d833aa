"""Money: what may be charged, and which postings do it."""

import pytest
from msgspec.structs import replace

from namestead import errors
from namestead.commands.protocol import Needs
from namestead.errors import Refusal
from namestead.money import Money
from namestead.objects.account import CASH, INCOME, Account, Posting
from namestead.rules import ledger
from tests.commands.facts import NOW, Register, account

TEN = Money(1000, "EUR")
FULL = account(101, "alpha", 1000)


def moved(before: Account, postings: tuple[Posting, ...]) -> tuple[int, int]:
    """Balance and held after the postings."""
    facts = Register(before).load(Needs(accounts=(before.id,)))
    facts.post(postings)
    return facts.accounts[before.id].balance, facts.accounts[before.id].held


@pytest.mark.parametrize(
    "before, postings, after",
    [
        (FULL, ledger.charge(FULL, TEN, "create"), (0, 0)),
        (FULL, ledger.charge_regardless(FULL, TEN * 2, "auto_renew"), (-1000, 0)),
        (FULL, ledger.refund(101, TEN, "delete"), (2000, 0)),
        (FULL, ledger.hold(FULL, TEN, "transfer"), (0, 1000)),
        (account(101, "alpha", 0, held=1000), ledger.capture(101, TEN, "transfer"), (0, 0)),
        (account(101, "alpha", 0, held=1000), ledger.release(101, TEN, "transfer"), (1000, 0)),
        (FULL, ledger.deposit(FULL, TEN, "deposit"), (2000, 0)),
        (FULL, ledger.deposit(FULL, Money(-1500, "EUR"), "payout"), (-500, 0)),
        (FULL, ledger.charge(FULL, Money(0, "EUR"), "create"), (1000, 0)),
    ],
)
def test_what_moves(before: Account, postings: tuple[Posting, ...], after: tuple[int, int]) -> None:
    assert after == moved(before, postings)


@pytest.mark.parametrize(
    "there, amount, kind",
    [
        (account(101, "alpha", 999), TEN, errors.INSUFFICIENT_BALANCE),
        (account(101, "alpha", 0, credit=999), TEN, errors.INSUFFICIENT_BALANCE),
        (account(101, "alpha", 0, held=5000), TEN, errors.INSUFFICIENT_BALANCE),
        (account(101, "alpha", 1000, suspended_at=NOW), TEN, errors.ACCOUNT_SUSPENDED),
        (account(101, "alpha", 1000, currency="USD"), TEN, errors.CURRENCY_MISMATCH),
        (account(101, "alpha", 0, credit=1000), TEN, None),
        (account(101, "alpha", 1000), TEN, None),
        (account(101, "alpha", -1, credit=0), Money(0, "EUR"), None),
    ],
)
@pytest.mark.parametrize("take", [ledger.charge, ledger.hold])
def test_funds(take: object, there: Account, amount: Money, kind: errors.Kind | None) -> None:
    assert callable(take)
    if kind is None:
        take(there, amount, "create")
        return
    with pytest.raises(Refusal) as caught:
        take(there, amount, "create")
    assert kind is caught.value.kind


def test_a_refusal_says_what_is_missing() -> None:
    with pytest.raises(
        Refusal, match=r"This costs 10\.00 EUR and the balance is 4\.99 EUR with a credit of 5\.00 EUR\."
    ):
        ledger.charge(account(101, "alpha", 499, credit=500), TEN, "create")


def test_the_other_side_is_a_system_account() -> None:
    [charge] = ledger.charge(FULL, TEN, "create", "alice.example")
    [payout] = ledger.deposit(FULL, Money(-1, "EUR"), "payout")
    assert (101, INCOME, 1000, "alice.example") == (charge.debit, charge.credit, charge.amount, charge.subject)
    assert (101, CASH, 1) == (payout.debit, payout.credit, payout.amount)


def test_money_in_another_currency_is_not_taken_in() -> None:
    with pytest.raises(Refusal) as caught:
        ledger.deposit(FULL, Money(1, "USD"), "deposit")
    assert errors.CURRENCY_MISMATCH is caught.value.kind


@pytest.mark.parametrize(
    "before, after, low, told",
    [
        (100, 99, 100, True),
        (101, 100, 100, False),
        (99, 98, 100, False),
        (99, 200, 100, False),
        (200, 99, 100, True),
        (0, -1, 0, True),
        (5, -20, -10, True),
        (100, 100, 100, False),
    ],
)
def test_a_balance_is_told_to_be_low_once_each_time_it_falls(before: int, after: int, low: int, told: bool) -> None:
    there = replace(FULL, balance=before, low_balance=low)
    assert told == ledger.fell_low(there, replace(there, balance=after))
