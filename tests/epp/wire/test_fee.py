"""Fees over the wire (contracts/epp.md, "Fee"; RFC 8748). A year costs 10, a restore 40, `gold.gold` 999 at first."""

from __future__ import annotations

from decimal import Decimal

import pytest

from namestead.epp import messages as epp
from tests.cli.conftest import CommandLine
from tests.epp.wire.conftest import AUTH, create, fresh, registered, shown
from tests.epp.wire.line import Line, Runs, fault, logged_in, said
from tests.serving import Served


def asking(*commands: epp.FeeCommand, currency: str | None = None) -> epp.CommandExtensions:
    return epp.CommandExtensions(fee=epp.FeeCheck(commands, currency))


def agreeing(amount: str, currency: str | None = "EUR") -> epp.CommandExtensions:
    return epp.CommandExtensions(fee=epp.FeeTerms((epp.Fee(Decimal(amount)),), currency=currency))


def quotes(line: Line, name: str, *commands: epp.FeeCommand) -> epp.FeeObject:
    answer = line(epp.DomainCheck((name,)), asking(*commands))
    assert 1000 == answer.code, said(answer)
    assert isinstance(answer.extensions.fee, epp.FeeCheckData)
    assert "EUR" == answer.extensions.fee.currency
    [found] = answer.extensions.fee.objects
    return found


def paid(answer: epp.Response) -> epp.FeeData:
    assert isinstance(answer.extensions.fee, epp.FeeData), said(answer)
    return answer.extensions.fee


@pytest.mark.parametrize(
    "command, amount, grace",
    [
        (epp.FeeCommand("create"), "10.00", "P5D"),
        (epp.FeeCommand("create", epp.Period(3)), "30.00", "P5D"),
        (epp.FeeCommand("create", epp.Period(24, "m")), "20.00", "P5D"),
        (epp.FeeCommand("renew", epp.Period(2)), "20.00", "P5D"),
        (epp.FeeCommand("transfer"), "10.00", "P5D"),
        (epp.FeeCommand("restore"), "40.00", None),
        (epp.FeeCommand("delete"), "0.00", None),
        (epp.FeeCommand("update"), "0.00", None),
    ],
)
def test_what_each_command_costs(alpha: Line, command: epp.FeeCommand, amount: str, grace: str | None) -> None:
    found = quotes(alpha, fresh(), command)
    assert (True, "standard") == (found.available, found.fee_class)
    [quote] = found.quotes
    [fee] = quote.fees
    assert (command.name, Decimal(amount), grace) == (quote.command.name, fee.amount, fee.grace_period)
    assert command.period in (None, quote.command.period)
    assert None is quote.reason
    assert quote.standard


@pytest.mark.parametrize(
    "command, says",
    [
        (epp.FeeCommand("create", epp.Period(11)), "takes 1 to 10"),
        (epp.FeeCommand("restore", epp.Period(1)), "no period"),
        (epp.FeeCommand("transfer", epp.Period(2)), "takes 1"),
        (epp.FeeCommand("custom", custom_name="frobnicate"), "no command with a price"),
    ],
)
def test_a_price_there_is_not_says_why_and_fails_no_other(alpha: Line, command: epp.FeeCommand, says: str) -> None:
    odd, good = quotes(alpha, fresh(), command, epp.FeeCommand("renew")).quotes
    assert (False, ()) == (odd.standard, odd.fees)
    assert says in (odd.reason or "")
    assert [Decimal(10)] == [f.amount for f in good.fees]


def test_many_names_and_many_commands_at_once(alpha: Line) -> None:
    names = (fresh(), "gold.gold", "no_name.example")
    answer = alpha(epp.DomainCheck(names), asking(epp.FeeCommand("create"), epp.FeeCommand("renew")))
    assert isinstance(answer.extensions.fee, epp.FeeCheckData)
    found = answer.extensions.fee.objects
    assert list(names) == [o.id for o in found]
    assert [(True, "standard"), (True, "premium"), (False, None)] == [(o.available, o.fee_class) for o in found]
    amounts = [[f.amount for q in o.quotes for f in q.fees] for o in found]
    assert [[Decimal(10), Decimal(10)], [Decimal(999), Decimal(10)], []] == amounts
    assert [True, False] == [found[0].quotes[0].standard, found[1].quotes[0].standard]
    assert found[2].reason


def test_what_is_no_price_of_ours(alpha: Line) -> None:
    assert (2306, "fee:command") == fault(
        alpha(epp.DomainCheck((fresh(),)), asking(epp.FeeCommand("create", phase="sunrise")))
    )
    assert (2004, "fee:currency") == fault(
        alpha(epp.DomainCheck((fresh(),)), asking(epp.FeeCommand("create"), currency="USD"))
    )


def test_each_command_says_what_it_cost_and_what_is_left(alpha: Line, beta: Line) -> None:
    name = fresh()
    made = alpha(create(name, years=2, auth_info=AUTH), agreeing("20.00"))
    fee = paid(made)
    assert ("create", "EUR", [Decimal(20)]) == (fee.of, fee.currency, [f.amount for f in fee.fees])
    assert fee.balance is not None
    expires = shown(alpha, name).ex_date
    assert expires is not None
    renewed = paid(alpha(epp.DomainRenew(name, expires.date(), epp.Period(1)), agreeing("10.00")))
    assert ("renew", fee.balance - 10) == (renewed.of, renewed.balance)
    moved = paid(beta(epp.DomainTransfer("request", name, auth_info=epp.AuthInfo(AUTH)), agreeing("10.00")))
    assert ("transfer", [Decimal(10)]) == (moved.of, [f.amount for f in moved.fees])
    alpha.did(epp.DomainTransfer("reject", name))
    gone = alpha(epp.DomainDelete(name))
    assert 1000 == gone.code
    credit = paid(gone)
    assert renewed.balance is not None
    assert ("delete", [Decimal(-30)], renewed.balance + 30) == (
        credit.of,
        [c.amount for c in credit.credits],
        credit.balance,
    )
    for party in (alpha, beta):
        party.messages()


def test_a_delete_would_give_back(alpha: Line, beta: Line) -> None:
    name = registered(alpha, years=2)
    [quote] = quotes(alpha, name, epp.FeeCommand("delete")).quotes
    assert ((), [Decimal(-20)]) == (quote.fees, [c.amount for c in quote.credits])
    [quote] = quotes(beta, name, epp.FeeCommand("delete")).quotes
    assert ([Decimal(0)], ()) == ([f.amount for f in quote.fees], quote.credits)


def test_who_sends_no_price_is_told_none(alpha: Line) -> None:
    assert None is alpha(create(fresh())).extensions.fee


def test_a_price_that_is_not_the_price(alpha: Line) -> None:
    name = fresh()
    for terms, element in (
        (agreeing("9.99"), "fee:fee"),
        (agreeing("10.01"), "fee:fee"),
        (agreeing("10.00", "USD"), "fee:fee"),
    ):
        answer = alpha(create(name), terms)
        assert (2004, element) == fault(answer), said(answer)
        assert "10.00 EUR" in said(answer)
    alpha.did(create(name), agreeing("10.00", None))


def test_a_premium_name_is_had_for_its_price_alone(alpha: Line) -> None:
    answer = alpha(create("golden.gold"))
    assert 2004 == answer.code, said(answer)
    assert "999.00 EUR" in said(answer)
    assert (2004, "fee:fee") == fault(alpha(create("golden.gold"), agreeing("10.00")))
    fee = paid(alpha(create("golden.gold"), agreeing("999.00")))
    assert [Decimal(999)] == [f.amount for f in fee.fees]


def test_a_balance_that_is_too_low(operator: CommandLine, run: Runs, served: Served) -> None:
    with logged_in(run, served, "gamma") as gamma:
        left = paid(gamma(create(fresh()), agreeing("10.00"))).balance
        assert left is not None
        operator.json("account", "deposit", "gamma", "--", f"-{left - 5}")
        answer = gamma(create(fresh()))
        assert 2104 == answer.code, said(answer)
        assert "insufficient_balance" in said(answer)
        operator.json("account", "deposit", "gamma", f"{left - 5}")
        gamma.did(create(fresh()))
