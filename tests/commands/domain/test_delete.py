"""RFC 5731, 3.2.2 and RFC 3915: which delete it is, what it pays back, and what keeps a name."""

from datetime import UTC, datetime
from typing import Any

import pytest

from namestead import errors
from namestead.commands.answers import Amount
from namestead.commands.domain.delete import DeleteDomain
from namestead.objects.domain import ApplyState, Domain, EndReason, GraceKind, Phase, Records
from namestead.objects.host import Host
from namestead.objects.log import Event, EventKind
from namestead.objects.retained import RetainedKind
from tests.commands.facts import (
    ALICE,
    ALPHA,
    BETA,
    BOB,
    DAY,
    EXPIRES,
    NOW,
    Register,
    changed,
    deleted,
    domain,
    expired,
    grace,
    money,
    pending,
    retained,
)
from tests.commands.facts import host as made_host

OWN = made_host("ns1.alice.example", 31, parent_id=1001)
OUTSIDE = made_host("ns1.hoster.net", 32)


def test_in_the_add_grace_the_name_is_gone_and_everything_paid_back() -> None:
    graces = (grace(GraceKind.ADD, amount=1000), grace(GraceKind.RENEW, amount=2200, years=2))
    outcome = Register(domain(graces=graces, hosts=(32,)), OUTSIDE).decide(DeleteDomain(ALICE))
    after = changed(outcome)
    assert (NOW, EndReason.CANCELLED, ()) == (after.ended_at, after.end_reason, after.hosts)
    assert "cancelled" == outcome.result.registration.lifecycle_state
    assert NOW == outcome.result.registration.release_at
    assert Amount("32.00", "EUR") == outcome.result.refund
    assert [("income", "101:balance", 1000, "delete"), ("income", "101:balance", 2200, "delete")] == money(outcome)


def test_later_it_is_redeemable() -> None:
    outcome = Register(domain(hosts=(32,)), OUTSIDE).decide(DeleteDomain(ALICE))
    after = changed(outcome)
    assert (NOW, NOW + 30 * DAY, NOW + 35 * DAY) == (after.deleted_at, after.redemption_until, after.release_at)
    assert (Phase.REDEMPTION, (32,), EXPIRES) == (after.noted, after.hosts, after.expires_at)
    shown = outcome.result.registration
    assert ("redemption", ("pendingDelete",)) == (shown.lifecycle_state, shown.status)
    assert (("redemptionPeriod",), NOW + 35 * DAY) == (shown.rgp_status, shown.release_at)
    assert Amount("0.00", "EUR") == outcome.result.refund
    assert not outcome.postings


@pytest.mark.parametrize(
    "kind, until, refunded, expires_at",
    [
        (GraceKind.RENEW, NOW + DAY, 1000, datetime(2026, 6, 1, 12, tzinfo=UTC)),
        (GraceKind.AUTO_RENEW, NOW + DAY, 1000, datetime(2026, 6, 1, 12, tzinfo=UTC)),
        (GraceKind.TRANSFER, NOW + DAY, 1000, datetime(2026, 6, 1, 12, tzinfo=UTC)),
        (GraceKind.RENEW, NOW, 0, EXPIRES),
    ],
)
def test_a_running_grace_gives_back_its_price_and_takes_its_year(
    kind: GraceKind, until: datetime, refunded: int, expires_at: datetime
) -> None:
    outcome = Register(domain(graces=(grace(kind, until),))).decide(DeleteDomain(ALICE))
    assert refunded == sum(p.amount for p in outcome.postings)
    assert expires_at == changed(outcome).expires_at


@pytest.mark.parametrize(
    "there, published",
    [
        (domain(hosts=(32,)), True),
        (domain(records=(Records("@", "A", 3600, ("192.0.2.1",)),)), True),
        (domain(), False),
    ],
)
def test_what_was_published_is_withdrawn(there: Domain, published: bool) -> None:
    outcome = Register(there, OUTSIDE).decide(DeleteDomain(ALICE))
    events = (Event(EventKind.WITHDRAWN, 1, ALICE),) if published else ()
    assert events == outcome.events
    assert (ApplyState.PENDING if published else ApplyState.NONE) is outcome.apply
    assert outcome.apply is changed(outcome).apply_state
    assert not outcome.pending


def test_hosts_of_the_name_end_with_it_when_it_is_cancelled() -> None:
    register = Register(domain(graces=(grace(GraceKind.ADD),), hosts=(31, 32)), OWN, OUTSIDE)
    outcome = register.decide(DeleteDomain(ALICE))
    assert (31, NOW) == (changed(outcome, Host).id, changed(outcome, Host).deleted_at)


def test_hosts_of_the_name_wait_with_it_in_redemption() -> None:
    outcome = Register(domain(hosts=(31, 32)), OWN, OUTSIDE).decide(DeleteDomain(ALICE))
    assert [Domain] == [type(c) for c in outcome.changes]


def test_hosts_that_others_use_keep_it() -> None:
    register = Register(domain(), domain(BOB, 1002, BETA.id, hosts=(31, 32)), OWN, OUTSIDE)
    refusal = register.refusal(DeleteDomain(ALICE))
    assert errors.ASSOCIATION_PROHIBITS is refusal.kind
    assert "ns1.alice.example" in refusal.message and ["ns1.alice.example"] == refusal.extra["hosts"]


@pytest.mark.parametrize(
    "there, by, kind",
    [
        ((), ALPHA, errors.DOMAIN_NOT_FOUND),
        ((domain(),), BETA, errors.NOT_SPONSOR),
        ((domain(protected_legacy=True),), ALPHA, errors.PROTECTED_LEGACY_REGISTRATION_NOT_DELETABLE),
        ((domain(statuses=("clientDeleteProhibited",)),), ALPHA, errors.STATUS_PROHIBITS),
        ((domain(statuses=("serverDeleteProhibited",)),), ALPHA, errors.STATUS_PROHIBITS),
        ((domain(transfer=pending()),), ALPHA, errors.STATUS_PROHIBITS),
        ((deleted(),), ALPHA, errors.STATUS_PROHIBITS),
        ((domain(), retained(RetainedKind.DISPUTED)), ALPHA, errors.STATUS_PROHIBITS),
    ],
)
def test_refused(there: tuple[Any, ...], by: Any, kind: errors.Kind) -> None:
    assert kind is Register(*there).kind(DeleteDomain(ALICE), by)


@pytest.mark.parametrize(
    "there",
    [
        (domain(protected_legacy=True, reviewed_at=NOW - DAY),),
        (expired(),),
        (domain(statuses=("clientHold", "clientUpdateProhibited")),),
        (domain(), retained(RetainedKind.DISPUTED, ends_at=NOW)),
        (domain(), retained(RetainedKind.BLOCKED)),
    ],
)
def test_not_refused(there: tuple[Any, ...]) -> None:
    assert "redemption" == Register(*there).decide(DeleteDomain(ALICE)).result.registration.lifecycle_state
