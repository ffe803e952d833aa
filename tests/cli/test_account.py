"""`namestead account`: money in, money out, and never past what is there."""

from __future__ import annotations

import pytest

from tests.cli.conftest import CommandLine


def test_money_in_and_out(cli: CommandLine) -> None:
    cli.json("account", "create", "purse", "--name", "Purse", "--currency", "USD")
    assert (
        "100.00" == cli.json("account", "deposit", "purse", "100.00", "--reference", "invoice 7")["balance"]["amount"]
    )
    assert "59.50" == cli.json("account", "deposit", "purse", "--", "-40.50")["balance"]["amount"]
    refused = cli.refused("account", "deposit", "purse", "--", "-59.51")
    assert "insufficient_balance" == refused["error"]
    assert "20.00" == cli.json("account", "credit", "purse", "20")["credit"]["amount"]
    assert "-0.01" == cli.json("account", "deposit", "purse", "--", "-59.51")["balance"]["amount"]
    shown = cli.json("account", "balance", "purse")
    assert ("-0.01", "0.00", "20.00", "USD") == (
        shown["balance"]["amount"],
        shown["held"]["amount"],
        shown["credit"]["amount"],
        shown["balance"]["currency"],
    )
    assert "Purse" in cli("account", "balance").out
    assert "100.00" == shown["low_balance"]["amount"]
    assert "-5.00" == cli.json("account", "low-balance", "purse", "--", "-5")["low_balance"]["amount"]


def test_a_deposit_with_a_key_is_booked_once(cli: CommandLine) -> None:
    cli.json("account", "create", "twice")
    first = cli.json("account", "deposit", "twice", "10", "--once", "transfer-881")
    assert first == cli.json("account", "deposit", "twice", "10", "--once", "transfer-881")
    assert "10.00" == cli.json("account", "balance", "twice")["balance"]["amount"]
    other = cli.refused("account", "deposit", "twice", "11", "--once", "transfer-881")
    assert "duplicate_idempotency_key_conflict" == other["error"]


@pytest.mark.parametrize(
    "arguments, code",
    [
        (("create", "alpha"), "object_exists"),
        (("create", "-x-"), None),
        (("create", "fresh", "--currency", "XXX"), None),
        (("deposit", "nobody", "1"), "account_not_found"),
        (("deposit", "alpha", "1", "--currency", "USD"), "currency_mismatch"),
        (("deposit", "alpha", "0"), "value_out_of_range"),
        (("credit", "nobody", "1"), "account_not_found"),
        (("low-balance", "nobody", "1"), "account_not_found"),
        (("balance", "nobody"), "account_not_found"),
    ],
)
def test_what_is_refused(cli: CommandLine, arguments: tuple[str, ...], code: str | None) -> None:
    if code is None:
        assert 2 == cli("account", *arguments).status
    else:
        assert code == cli.refused("account", *arguments)["error"]


@pytest.mark.parametrize("amount", ["1.001", "ten", "1e3", "1,00"])
def test_an_amount_that_is_none_is_a_misuse(cli: CommandLine, amount: str) -> None:
    done = cli("account", "deposit", "alpha", amount)
    assert (2, True) == (done.status, amount in done.err)
