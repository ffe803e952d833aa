"""Accounts, deposits, credit: every refusal, and the one posting that moves the money."""

from __future__ import annotations

import pytest

from namestead.commands.operator.create_account import CreateAccount
from namestead.commands.operator.deposit import Deposit
from namestead.commands.operator.set_credit import SetCredit
from namestead.commands.operator.set_low_balance import SetLowBalance
from namestead.money import Money
from namestead.objects.account import CASH, Account, Book, Posting
from tests.commands.operator.deciding import decide, refused


def test_a_new_account_has_nothing() -> None:
    [made] = decide(CreateAccount("new", "", "JPY", 5)).changes
    assert isinstance(made, Account)
    assert ("new", "new", "JPY", 0, 0, 5) == (made.slug, made.name, made.currency, made.balance, made.held, made.credit)


@pytest.mark.parametrize(
    "command, code",
    [
        (CreateAccount("alpha", "", "EUR"), "object_exists"),
        (CreateAccount("Alpha", "", "EUR"), "invalid_request"),
        (CreateAccount("a_b", "", "EUR"), "invalid_request"),
        (CreateAccount("-", "", "EUR"), "invalid_request"),
        (CreateAccount("x" * 33, "", "EUR"), "invalid_request"),
        (CreateAccount("new", "", "XXX"), "value_out_of_range"),
        (CreateAccount("new", "", "EUR", -1), "value_out_of_range"),
        (Deposit("nobody", Money(1, "EUR")), "account_not_found"),
        (Deposit("alpha", Money(1, "USD")), "currency_mismatch"),
        (Deposit("alpha", Money(0, "EUR")), "value_out_of_range"),
        (Deposit("alpha", Money(-1201, "EUR")), "insufficient_balance"),
        (SetCredit("nobody", Money(1, "EUR")), "account_not_found"),
        (SetCredit("alpha", Money(1, "USD")), "currency_mismatch"),
        (SetCredit("alpha", Money(-1, "EUR")), "value_out_of_range"),
    ],
)
def test_what_is_refused(command: CreateAccount | Deposit | SetCredit, code: str) -> None:
    assert code == refused(command)


def test_money_comes_from_outside_and_goes_there() -> None:
    into = decide(Deposit("alpha", Money(50, "EUR"), "ref"))
    assert (Posting(CASH, Book.BALANCE, 1, Book.BALANCE, 50, "EUR", "deposit", "ref"),) == into.postings
    assert "10.50" == into.result.balance.amount
    out = decide(Deposit("alpha", Money(-1200, "EUR")))
    assert (Posting(1, Book.BALANCE, CASH, Book.BALANCE, 1200, "EUR", "deposit"),) == out.postings
    assert "-2.00" == out.result.balance.amount, "to its credit and no further"


def test_credit() -> None:
    [after] = decide(SetCredit("alpha", Money(9, "EUR"))).changes
    assert isinstance(after, Account)
    assert 9 == after.credit


def test_what_is_low() -> None:
    [after] = decide(SetLowBalance("alpha", Money(-9, "EUR"))).changes
    assert isinstance(after, Account)
    assert -9 == after.low_balance
    assert "-0.09" == decide(SetLowBalance("alpha", Money(-9, "EUR"))).result.low_balance.amount
    assert "currency_mismatch" == refused(SetLowBalance("alpha", Money(1, "USD")))
    assert "account_not_found" == refused(SetLowBalance("nobody", Money(1, "EUR")))
