"""RFC 8748: what each command would cost now, or give back, and that it is what the command then takes."""

from datetime import timedelta
from typing import Any

import pytest

from namestead import errors
from namestead.commands.domain.create import CreateDomain
from namestead.commands.domain.delete import DeleteDomain
from namestead.commands.domain.renew import RenewDomain
from namestead.commands.domain.restore import RestoreDomain
from namestead.commands.domain.transfer import TransferDomain
from namestead.errors import Refusal
from namestead.money import Money
from namestead.objects.domain import Domain, GraceKind
from namestead.rules import quotes
from namestead.rules.quotes import Query, Quote
from tests.commands.facts import (
    ALICE,
    ALPHA,
    BETA,
    DAY,
    NOW,
    SECRET,
    Register,
    deleted,
    domain,
    expired,
    grace,
    secured,
    zone,
)

FIVE = timedelta(days=5)
GOLD = domain(tier="gold")
YOUNG = domain(graces=(grace(GraceKind.ADD), grace(GraceKind.RENEW, amount=1100)))
PAST = deleted(at=NOW - DAY, expires_at=NOW + DAY - timedelta(days=2))


def quoted(query: Query, there: Domain | None = None, *, mine: bool = True, currency: str = "EUR") -> Quote:
    return quotes.quote(zone(), ALICE, there, query, currency, NOW, mine=mine)


@pytest.mark.parametrize(
    "query, there, amount, years, grace_period, premium",
    [
        (Query("create"), None, 1000, 1, FIVE, False),
        (Query("create", 3), None, 3000, 3, FIVE, False),
        (Query("renew"), domain(), 1100, 1, FIVE, False),
        (Query("renew", 2), domain(), 2200, 2, FIVE, False),
        (Query("transfer"), domain(), 1200, 1, FIVE, False),
        (Query("restore"), None, 4000, None, None, False),
        (Query("restore"), deleted(), 4000, None, None, False),
        (Query("restore"), PAST, 5100, None, None, False),
        (Query("delete"), domain(), 0, None, None, False),
        (Query("delete"), YOUNG, -2100, None, None, False),
        (Query("update"), domain(), 0, None, None, False),
        (Query("create"), GOLD, 50_000, 1, FIVE, True),
        (Query("renew"), GOLD, 51_000, 1, FIVE, True),
        (Query("restore"), GOLD, 4000, None, None, False),
    ],
)
def test_a_quote(
    query: Query, there: Domain | None, amount: int, years: int | None, grace_period: timedelta | None, premium: bool
) -> None:
    assert Quote(query.command, years, Money(amount, "EUR"), grace_period, premium) == quoted(query, there)


def test_a_delete_gives_back_to_the_sponsor_alone() -> None:
    assert Money(0, "EUR") == quoted(Query("delete"), YOUNG, mine=False).amount


@pytest.mark.parametrize(
    "query, kind",
    [
        (Query("create", 11), errors.VALUE_OUT_OF_RANGE),
        (Query("renew", 11), errors.VALUE_OUT_OF_RANGE),
        (Query("transfer", 2), errors.VALUE_OUT_OF_RANGE),
        (Query("restore", 1), errors.VALUE_OUT_OF_RANGE),
        (Query("delete", 1), errors.VALUE_OUT_OF_RANGE),
        (Query("steal"), errors.VALUE_OUT_OF_RANGE),
    ],
)
def test_what_has_no_price(query: Query, kind: errors.Kind) -> None:
    with pytest.raises(Refusal) as caught:
        quoted(query)
    assert kind is caught.value.kind


def test_a_currency_without_a_price() -> None:
    with pytest.raises(Refusal) as caught:
        quoted(Query("create"), currency="JPY")
    assert (errors.CURRENCY_MISMATCH, 2004) == (caught.value.kind, caught.value.kind.epp_result_code)


@pytest.mark.parametrize(
    "query, command, there, by",
    [
        (Query("create", 2), CreateDomain(ALICE, 2), None, ALPHA),
        (Query("renew", 3), RenewDomain(ALICE, 3), domain(), ALPHA),
        (Query("renew"), RenewDomain(ALICE), expired(), ALPHA),
        (Query("transfer"), TransferDomain(ALICE, auth_info=SECRET), secured(domain()), BETA),
        (Query("restore"), RestoreDomain(ALICE), deleted(), ALPHA),
        (Query("restore"), RestoreDomain(ALICE), PAST, ALPHA),
        (Query("delete"), DeleteDomain(ALICE), YOUNG, ALPHA),
    ],
)
def test_the_command_takes_what_was_quoted(query: Query, command: Any, there: Domain | None, by: Any) -> None:
    register = Register(*((there,) if there else ()))
    before = register.accounts[by.account_id].balance
    register.run(command, by)
    assert quoted(query, there).amount.amount == before - register.accounts[by.account_id].balance
