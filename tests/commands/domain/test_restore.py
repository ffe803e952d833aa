"""RFC 3915: from redemption back to life, in one step or two."""

from datetime import UTC, datetime
from typing import Any

import pytest

from namestead import errors
from namestead.commands.domain.restore import RestoreDomain
from namestead.money import Money
from namestead.objects.domain import ApplyState, GraceKind, Phase
from namestead.objects.log import Event, EventKind
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
    host,
    money,
    retained,
)


def test_in_one_step_the_name_is_as_it_was() -> None:
    outcome = Register(deleted(hosts=(32,)), host("ns1.hoster.net", 32)).decide(RestoreDomain(ALICE, "By mistake."))
    after = changed(outcome)
    assert (Phase.ACTIVE, None, EXPIRES, None) == (after.noted, after.deleted_at, after.expires_at, after.release_at)
    assert [("101:balance", "income", 4000, "restore")] == money(outcome)
    assert "active" == outcome.result.lifecycle_state
    assert (Event(EventKind.DELEGATION, 1, ALICE),) == outcome.events
    assert ApplyState.PENDING is outcome.apply is after.apply_state


def test_nothing_is_published_of_a_name_without_name_servers() -> None:
    assert () == Register(deleted()).decide(RestoreDomain(ALICE)).events


def test_a_name_that_has_no_future_is_renewed_as_well() -> None:
    there = deleted(graces=(grace(GraceKind.AUTO_RENEW, until=NOW),), expires_at=NOW + 300 * DAY)
    assert NOW - 65 * DAY == there.expires_at
    outcome = Register(there).decide(RestoreDomain(ALICE))
    assert NOW + 300 * DAY == changed(outcome).expires_at
    assert [("101:balance", "income", 5100, "restore")] == money(outcome)


def test_a_name_that_lapsed_is_renewed_as_well_and_falls_again() -> None:
    register = Register(
        expired(
            at=NOW - 50 * DAY,
            noted=Phase.REDEMPTION,
            deleted_at=NOW - 5 * DAY,
            redemption_until=NOW + 25 * DAY,
            release_at=NOW + 30 * DAY,
        )
    )
    after = changed(register.decide(RestoreDomain(ALICE)))
    assert datetime(2027, 1, 10, 12, tzinfo=UTC) == after.expires_at
    assert after.expires_at + 45 * DAY == after.lapses_at


def test_in_two_steps_the_first_stops_the_fall_and_is_paid() -> None:
    register = Register(deleted(at=NOW - 25 * DAY, hosts=(32,)), host("ns1.hoster.net", 32))
    outcome = register.run(RestoreDomain(ALICE, None))
    waiting = changed(outcome)
    assert (Phase.PENDING_RESTORE, NOW + 7 * DAY) == (waiting.noted, waiting.restore_until)
    assert (NOW + 7 * DAY, NOW + 12 * DAY) == (waiting.redemption_until, waiting.release_at)
    assert ("pendingRestore",) == outcome.result.rgp_status
    assert [("101:balance", "income", 4000, "restore")] == money(outcome)
    assert () == outcome.events
    register.now += 6 * DAY
    second = register.decide(RestoreDomain(ALICE, "By mistake."))
    assert [] == money(second)
    assert (Phase.ACTIVE, EXPIRES) == (changed(second).noted, changed(second).expires_at)
    assert (Event(EventKind.DELEGATION, 1, ALICE),) == second.events


def test_a_request_early_in_redemption_moves_no_date() -> None:
    there = deleted()
    waiting = changed(Register(there).decide(RestoreDomain(ALICE, None)))
    assert (there.redemption_until, there.release_at) == (waiting.redemption_until, waiting.release_at)


@pytest.mark.parametrize(
    "there, report, by, kind",
    [
        ((), "", ALPHA, errors.DOMAIN_NOT_FOUND),
        ((deleted(),), "", BETA, errors.NOT_SPONSOR),
        ((domain(),), "", ALPHA, errors.NOT_RESTORABLE),
        ((domain(),), None, ALPHA, errors.NOT_RESTORABLE),
        ((expired(),), "", ALPHA, errors.NOT_RESTORABLE),
        ((deleted(at=NOW - 30 * DAY),), "", ALPHA, errors.NOT_RESTORABLE),
        ((deleted(), account(101, "alpha", 3999)), "", ALPHA, errors.INSUFFICIENT_BALANCE),
        ((deleted(tier="gold"),), "", ALPHA, errors.FEE_MISMATCH),
    ],
)
def test_refused(there: tuple[Any, ...], report: str | None, by: Any, kind: errors.Kind) -> None:
    assert kind is Register(*there).kind(RestoreDomain(ALICE, report), by)


def test_a_second_request_while_the_first_waits_is_refused() -> None:
    register = Register(deleted())
    register.run(RestoreDomain(ALICE, None))
    assert errors.NOT_RESTORABLE is register.kind(RestoreDomain(ALICE, None))


def test_the_price_agreed_to_is_restoration_and_renewals_together() -> None:
    register = Register(deleted(expires_at=NOW - DAY))
    register.decide(RestoreDomain(ALICE, fee=Money(5100, "EUR")))
    assert errors.FEE_MISMATCH is register.kind(RestoreDomain(ALICE, fee=Money(4000, "EUR")))


def test_a_name_in_dispute_is_restored() -> None:
    Register(deleted(), retained(RetainedKind.DISPUTED)).decide(RestoreDomain(ALICE))


REPORT = RestoreDomain(ALICE, "By mistake.", requested=True)


def test_a_report_that_follows_a_request_needs_one() -> None:
    """EPP's `op="report"` (RFC 3915, 4.2.5): first the request, then the report."""
    register = Register(deleted())
    assert errors.NOT_RESTORABLE is register.kind(REPORT)
    register.run(RestoreDomain(ALICE, None))
    assert errors.NOT_RESTORABLE is register.kind(RestoreDomain(ALICE, None))
    outcome = register.run(REPORT)
    assert ("active", []) == (outcome.result.lifecycle_state, money(outcome))
