"""RFC 5731, 3.2.3: what renewing does, costs and refuses."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from namestead import errors
from namestead.commands.domain.renew import RenewDomain
from namestead.money import Money
from namestead.objects.domain import Domain, GraceKind, Phase
from namestead.objects.retained import RetainedKind
from tests.commands.facts import (
    ALICE,
    ALPHA,
    BETA,
    DAY,
    EXPIRES,
    NOW,
    Register,
    account,
    changed,
    deleted,
    domain,
    expired,
    grace,
    money,
    pending,
    retained,
)


def test_renewing_adds_years_and_starts_a_grace() -> None:
    outcome = Register(domain()).decide(RenewDomain(ALICE, 2, date(2027, 6, 1)))
    after = changed(outcome)
    assert datetime(2029, 6, 1, 12, tzinfo=UTC) == after.expires_at
    assert (grace(GraceKind.RENEW, NOW + 5 * DAY, 2200, years=2),) == after.graces
    assert after.updated_at == NOW
    assert [("101:balance", "income", 2200, "renew")] == money(outcome)
    assert ("renewPeriod",) == outcome.result.rgp_status
    assert not outcome.pending and not outcome.events


def test_an_expired_name_is_active_again_and_its_fall_put_off() -> None:
    outcome = Register(expired()).decide(RenewDomain(ALICE))
    after = changed(outcome)
    assert Phase.ACTIVE is after.noted
    assert "active" == outcome.result.lifecycle_state
    assert datetime(2027, 2, 28, 12, tzinfo=UTC) == after.expires_at
    assert after.expires_at + 45 * DAY == after.lapses_at


def test_other_graces_go_on() -> None:
    added = grace(GraceKind.ADD)
    over = grace(GraceKind.TRANSFER, NOW)
    after = changed(Register(domain(graces=(added, over))).decide(RenewDomain(ALICE)))
    assert [GraceKind.ADD, GraceKind.RENEW] == [g.kind for g in after.graces]


@pytest.mark.parametrize(
    "given, taken",
    [
        (date(2027, 6, 1), True),
        (datetime(2027, 6, 1, 12, tzinfo=UTC), True),
        (datetime(2027, 6, 1, tzinfo=UTC), True),
        (date(2026, 6, 1), False),
        (datetime(2027, 6, 2, tzinfo=UTC), False),
    ],
)
def test_the_current_expiry_has_to_be_right(given: date, taken: bool) -> None:
    register = Register(domain())
    if taken:
        register.decide(RenewDomain(ALICE, current_expiry=given))
    else:
        refusal = register.refusal(RenewDomain(ALICE, current_expiry=given))
        assert (errors.VALUE_OUT_OF_RANGE, "current_expiry") == (refusal.kind, refusal.field)
        assert "2027-06-01" in refusal.message


@pytest.mark.parametrize(
    "there, years, by, kind",
    [
        ((), 1, ALPHA, errors.DOMAIN_NOT_FOUND),
        ((domain(),), 1, BETA, errors.NOT_SPONSOR),
        ((domain(),), 0, ALPHA, errors.VALUE_OUT_OF_RANGE),
        ((domain(),), 11, ALPHA, errors.VALUE_OUT_OF_RANGE),
        ((domain(),), 9, ALPHA, errors.MAX_LIFETIME_EXCEEDED),
        ((domain(statuses=("clientRenewProhibited",)),), 1, ALPHA, errors.STATUS_PROHIBITS),
        ((domain(statuses=("serverRenewProhibited",)),), 1, ALPHA, errors.STATUS_PROHIBITS),
        ((domain(transfer=pending()),), 1, ALPHA, errors.STATUS_PROHIBITS),
        ((deleted(),), 1, ALPHA, errors.NOT_RENEWABLE),
        ((deleted(at=NOW - 31 * DAY),), 1, ALPHA, errors.NOT_RENEWABLE),
        ((domain(), account(101, "alpha", 1099)), 1, ALPHA, errors.INSUFFICIENT_BALANCE),
        ((domain(), account(101, "alpha", currency="GBP")), 1, ALPHA, errors.CURRENCY_MISMATCH),
        ((domain(), account(101, "alpha", suspended_at=NOW)), 1, ALPHA, errors.ACCOUNT_SUSPENDED),
        ((domain(tier="gold"),), 1, ALPHA, errors.FEE_MISMATCH),
    ],
)
def test_refused(there: tuple[Any, ...], years: int, by: Any, kind: errors.Kind) -> None:
    assert kind is Register(*there).kind(RenewDomain(ALICE, years), by)


def test_eight_years_are_still_within_ten_of_now() -> None:
    after: Domain = changed(Register(domain()).decide(RenewDomain(ALICE, 8)))
    assert EXPIRES.replace(year=2035) == after.expires_at


def test_the_price_agreed_to_is_the_price() -> None:
    register = Register(domain(tier="gold"))
    assert 51_000 == register.decide(RenewDomain(ALICE, fee=Money(51_000, "EUR"))).postings[0].amount
    assert errors.FEE_MISMATCH is register.kind(RenewDomain(ALICE, fee=Money(1100, "EUR")))
    assert errors.CURRENCY_MISMATCH is register.kind(RenewDomain(ALICE, fee=Money(51_000, "USD")))


def test_a_name_in_dispute_is_renewed() -> None:
    Register(domain(), retained(RetainedKind.DISPUTED)).decide(RenewDomain(ALICE))
