"""What time brings about, written down one event at a time, with its money."""

from typing import Any

import pytest
from msgspec.structs import replace

from namestead import errors
from namestead.commands.domain.settle import SettleDomain
from namestead.objects.domain import ApplyState, EndReason, GraceKind, Phase, TransferStatus
from namestead.objects.host import Host
from namestead.objects.log import Event, EventKind
from namestead.rules import lifecycle
from namestead.rules.lifecycle import Act, Due
from tests.commands.facts import (
    ALICE,
    ALPHA,
    BETA,
    BOB,
    DAY,
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
    pending,
    zone,
)

OUTSIDE = host("ns1.hoster.net", 32)
OWN = host("ns1.alice.example", 31, parent_id=1001)
LATE = NOW - 3 * DAY
WITHDRAWN = Event(EventKind.WITHDRAWN, 1, ALICE)


def settle(register: Register, *, run: bool = False) -> Any:
    due = lifecycle.next_due(register.named(ALICE))
    assert due is not None and due.at <= register.now
    return (register.run if run else register.decide)(SettleDomain(ALICE, due))


def test_a_name_renews_itself_at_the_instant_it_expired() -> None:
    outcome = settle(Register(domain(expires_at=LATE)))
    after = changed(outcome)
    assert (Phase.ACTIVE, LATE.replace(year=2027)) == (after.noted, after.expires_at)
    assert (grace(GraceKind.AUTO_RENEW, LATE + 45 * DAY, 1100),) == after.graces
    assert [("101:balance", "income", 1100, "auto_renew")] == money(outcome)
    assert ("auto_renew", "active") == (outcome.result.event, outcome.result.lifecycle_state)


def test_it_does_so_whatever_is_left_on_the_account() -> None:
    outcome = settle(Register(domain(expires_at=LATE), account(101, "alpha", 0)))
    assert [("101:balance", "income", 1100, "auto_renew")] == money(outcome)


def test_and_for_nothing_where_the_zone_has_no_price() -> None:
    outcome = settle(Register(domain(expires_at=LATE), zones=(zone(prices=()),)))
    assert ([], LATE.replace(year=2027)) == (money(outcome), changed(outcome).expires_at)


def test_a_life_ends_step_by_step_at_the_instants_fixed_long_before() -> None:
    register = Register(expired(at=NOW, hosts=(32,)), OUTSIDE, now=NOW + 90 * DAY)
    steps = [settle(register, run=True) for _ in range(4)]
    after = changed(steps[-1])
    assert ["expire", "lapse", "end_redemption", "release"] == [step.result.event for step in steps]
    assert ["expired", "redemption", "pending_delete", "released"] == [step.result.lifecycle_state for step in steps]
    assert [(), (WITHDRAWN,), (), ()] == [step.events for step in steps]
    assert (NOW + 45 * DAY, NOW + 80 * DAY, EndReason.RELEASED) == (after.deleted_at, after.ended_at, after.end_reason)


def test_a_lapsed_name_is_taken_out_of_the_zone() -> None:
    there = expired(
        at=NOW - 46 * DAY,
        noted=Phase.EXPIRED,
        lapses_at=NOW - DAY,
        redemption_until=NOW + 29 * DAY,
        release_at=NOW + 34 * DAY,
        hosts=(32,),
    )
    outcome = settle(Register(there, OUTSIDE))
    assert (ApplyState.PENDING, NOW) == (changed(outcome).apply_state, changed(outcome).queued_at)
    assert ApplyState.PENDING is outcome.apply


def test_a_restoration_without_report_ends_where_it_began() -> None:
    there = deleted(at=NOW - 8 * DAY)
    register = Register(replace(there, noted=Phase.PENDING_RESTORE, restore_until=LATE))
    after = changed(settle(register))
    assert (Phase.REDEMPTION, None, there.redemption_until) == (
        after.noted,
        after.restore_until,
        after.redemption_until,
    )


def test_a_pull_that_nobody_answered_is_approved() -> None:
    outcome = settle(Register(domain(transfer=pending(act_at=LATE)), OWN, account(102, "beta", held=1200)))
    after = changed(outcome)
    assert (BETA.id, LATE, TransferStatus.SERVER_APPROVED) == (
        after.registrar_id,
        after.transferred_at,
        after.transfer.status,
    )
    assert (grace(GraceKind.TRANSFER, LATE + 5 * DAY, 1200, account_id=102),) == after.graces
    assert BETA.id == changed(outcome, Host).registrar_id == outcome.counterpart_id
    assert [("102:held", "income", 1200, "transfer")] == money(outcome)


def test_a_push_that_nobody_answered_is_withdrawn() -> None:
    outcome = settle(Register(domain(transfer=pending(push=True, act_at=LATE))))
    after = changed(outcome)
    assert (ALPHA.id, TransferStatus.SERVER_CANCELLED, LATE) == (
        after.registrar_id,
        after.transfer.status,
        after.transfer.act_at,
    )
    assert ([], BETA.id) == (money(outcome), outcome.counterpart_id)


def test_a_name_that_lapses_takes_its_pending_transfer_with_it() -> None:
    there = expired(
        at=NOW - 45 * DAY,
        noted=Phase.EXPIRED,
        lapses_at=NOW,
        redemption_until=NOW + 30 * DAY,
        release_at=NOW + 35 * DAY,
        transfer=pending(act_at=NOW + DAY),
    )
    outcome = settle(Register(there, account(102, "beta", held=1200)))
    after = changed(outcome)
    assert (Phase.REDEMPTION, TransferStatus.SERVER_CANCELLED) == (after.noted, after.transfer.status)
    assert after.transfer.hold_account_id is None
    assert [("102:held", "102:balance", 1200, "transfer")] == money(outcome)
    assert BETA.id == outcome.counterpart_id


@pytest.mark.parametrize("used", [False, True])
def test_hosts_under_a_released_name_end_with_it_unless_somebody_uses_them(used: bool) -> None:
    there = replace(deleted(at=NOW - 36 * DAY), noted=Phase.PENDING_DELETE)
    others = (domain(BOB, 1002, BETA.id, hosts=(31,)),) if used else ()
    outcome = settle(Register(there, OWN, *others))
    left = changed(outcome, Host)
    assert there.release_at == left.updated_at
    if used:
        assert (None, None, ()) == (left.deleted_at, left.parent_id, left.addresses)
    else:
        assert there.release_at == left.deleted_at
    assert (WITHDRAWN,) == outcome.events


@pytest.mark.parametrize(
    "there, due",
    [
        ((), Due(Act.EXPIRE, NOW)),
        ((domain(),), Due(Act.EXPIRE, NOW)),
        ((domain(expires_at=LATE),), Due(Act.AUTO_RENEW, NOW)),
    ],
)
def test_what_is_not_the_next_event_is_not_written_down(there: tuple[Any, ...], due: Due) -> None:
    assert errors.PRECONDITION_FAILED is Register(*there).kind(SettleDomain(ALICE, due))
