"""The life of a registration: one line a state, one line a step."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from namestead import errors
from namestead.errors import Refusal
from namestead.money import Money
from namestead.objects.domain import Domain, GraceKind, Phase, TransferStatus
from namestead.objects.zone import Lengths
from namestead.rules import lifecycle
from namestead.rules.lifecycle import PROHIBITIONS, REFUSALS, TRANSITIONS, Act, Due
from tests.commands.facts import BORN, DAY, EXPIRES, NOW, deleted, domain, expired, grace, pending, zone

TINY = timedelta(microseconds=1)
LAPSES, REDEEMED, RELEASED = EXPIRES + 45 * DAY, EXPIRES + 75 * DAY, EXPIRES + 80 * DAY
FALLING = domain(auto_renew=False)
LASTING = domain()
GONE = deleted(at=NOW)
WAITING = replace(GONE, noted=Phase.PENDING_RESTORE, restore_until=NOW + 7 * DAY)


@pytest.mark.parametrize(
    "there, at, phase",
    [
        (LASTING, BORN, Phase.ACTIVE),
        (LASTING, EXPIRES + 900 * DAY, Phase.ACTIVE),
        (FALLING, EXPIRES - TINY, Phase.ACTIVE),
        (FALLING, EXPIRES, Phase.EXPIRED),
        (FALLING, LAPSES - TINY, Phase.EXPIRED),
        (FALLING, LAPSES, Phase.REDEMPTION),
        (FALLING, REDEEMED - TINY, Phase.REDEMPTION),
        (FALLING, REDEEMED, Phase.PENDING_DELETE),
        (FALLING, RELEASED - TINY, Phase.PENDING_DELETE),
        (FALLING, RELEASED, Phase.RELEASED),
        (GONE, NOW, Phase.REDEMPTION),
        (GONE, NOW + 30 * DAY, Phase.PENDING_DELETE),
        (GONE, NOW + 35 * DAY, Phase.RELEASED),
        (WAITING, NOW, Phase.PENDING_RESTORE),
        (WAITING, NOW + 7 * DAY - TINY, Phase.PENDING_RESTORE),
        (WAITING, NOW + 7 * DAY, Phase.REDEMPTION),
        (WAITING, NOW + 30 * DAY, Phase.PENDING_DELETE),
        (deleted(graces=(grace(GraceKind.ADD),)), NOW, Phase.CANCELLED),
        (replace(FALLING, transfer=pending(act_at=LAPSES)), LAPSES - TINY, Phase.EXPIRED),
        (replace(FALLING, transfer=pending(act_at=LAPSES)), LAPSES, Phase.ACTIVE),
        (replace(FALLING, transfer=pending(act_at=LAPSES)), EXPIRES + 370 * DAY, Phase.EXPIRED),
        (replace(FALLING, transfer=pending(act_at=LAPSES + TINY)), LAPSES + DAY, Phase.REDEMPTION),
        (replace(FALLING, transfer=pending(act_at=LAPSES, push=True)), LAPSES, Phase.REDEMPTION),
    ],
)
def test_phase(there: Domain, at: datetime, phase: Phase) -> None:
    assert phase is lifecycle.phase_at(there, at)


@pytest.mark.parametrize(
    "there, due",
    [
        (LASTING, Due(Act.AUTO_RENEW, EXPIRES)),
        (FALLING, Due(Act.EXPIRE, EXPIRES)),
        (replace(FALLING, noted=Phase.EXPIRED), Due(Act.LAPSE, LAPSES)),
        (GONE, Due(Act.END_REDEMPTION, NOW + 30 * DAY)),
        (WAITING, Due(Act.END_RESTORE, NOW + 7 * DAY)),
        (replace(GONE, noted=Phase.PENDING_DELETE), Due(Act.RELEASE, NOW + 35 * DAY)),
        (replace(GONE, ended_at=NOW), None),
        (replace(LASTING, transfer=pending()), Due(Act.END_TRANSFER, NOW + 2 * DAY)),
        (replace(LASTING, transfer=pending(act_at=EXPIRES)), Due(Act.END_TRANSFER, EXPIRES)),
        (replace(LASTING, transfer=pending(act_at=EXPIRES + TINY)), Due(Act.AUTO_RENEW, EXPIRES)),
        (lifecycle.not_transferred(replace(LASTING, transfer=pending()), TransferStatus.CLIENT_REJECTED, NOW),
         Due(Act.AUTO_RENEW, EXPIRES)),
    ],
)  # fmt: skip
def test_next_due(there: Domain, due: Due | None) -> None:
    assert due == lifecycle.next_due(there)


@pytest.mark.parametrize(
    "there, act, kind",
    [
        (LASTING, Act.RENEW, None),
        (LASTING, Act.RESTORE, errors.NOT_RESTORABLE),
        (expired(), Act.RENEW, None),
        (expired(), Act.UPDATE, None),
        (expired(), Act.TRANSFER, None),
        (expired(), Act.DELETE, None),
        (deleted(), Act.RENEW, errors.NOT_RENEWABLE),
        (deleted(), Act.UPDATE, errors.STATUS_PROHIBITS),
        (deleted(), Act.TRANSFER, errors.NOT_TRANSFERABLE),
        (deleted(), Act.DELETE, errors.STATUS_PROHIBITS),
        (deleted(), Act.RESTORE, None),
        (deleted(), Act.REQUEST_RESTORE, None),
        (replace(WAITING, restore_until=NOW + DAY), Act.RESTORE, None),
        (replace(WAITING, restore_until=NOW + DAY), Act.REQUEST_RESTORE, errors.NOT_RESTORABLE),
        (deleted(at=NOW - 31 * DAY), Act.RESTORE, errors.NOT_RESTORABLE),
        (domain(transfer=pending()), Act.RENEW, errors.STATUS_PROHIBITS),
        (domain(transfer=pending()), Act.UPDATE, errors.STATUS_PROHIBITS),
        (domain(transfer=pending()), Act.DELETE, errors.STATUS_PROHIBITS),
    ],
)
def test_what_may_happen_when(there: Domain, act: Act, kind: errors.Kind | None) -> None:
    assert kind is _refused(there, act)


def _refused(there: Domain, act: Act, **more: Any) -> errors.Kind | None:
    try:
        lifecycle.require(there, act, NOW, **more)
    except Refusal as refusal:
        return refusal.kind
    return None


@pytest.mark.parametrize("act", [Act.RENEW, Act.UPDATE, Act.TRANSFER, Act.DELETE])
def test_every_prohibition_prohibits_its_command_and_no_other(act: Act) -> None:
    for status in sorted(lifecycle.CLIENT_STATUSES | lifecycle.SERVER_STATUSES):
        prohibited = status in PROHIBITIONS[act]
        assert status.endswith(f"{act.value.title()}Prohibited") == prohibited
        assert prohibited == (_refused(domain(statuses=(status,)), act) is errors.STATUS_PROHIBITS)


def test_a_status_being_lifted_prohibits_no_more() -> None:
    there = domain(statuses=("clientUpdateProhibited",))
    assert _refused(there, Act.UPDATE, lifting=frozenset(["clientUpdateProhibited"])) is None


def test_every_command_that_can_be_refused_has_its_refusal() -> None:
    assert set(REFUSALS) == set(PROHIBITIONS) == set(lifecycle._PARTICIPLE)
    assert {phase for phase, _ in TRANSITIONS} | set(TRANSITIONS.values()) == set(Phase)


@pytest.mark.parametrize(
    "there, statuses",
    [
        (domain(), ("inactive",)),
        (domain(hosts=(1,)), ("ok",)),
        (domain(hosts=(1,), statuses=("clientHold", "serverHold")), ("clientHold", "serverHold")),
        (domain(hosts=(1,), transfer=pending()), ("pendingTransfer",)),
        (domain(hosts=(1,), transfer=pending(act_at=NOW)), ("ok",)),
        (deleted(hosts=(1,)), ("pendingDelete",)),
        (expired(at=NOW - 46 * DAY, hosts=(1,), statuses=("clientDeleteProhibited",)), ("pendingDelete",)),
        (expired(hosts=(1,)), ("ok",)),
    ],
)
def test_statuses(there: Domain, statuses: tuple[str, ...]) -> None:
    assert statuses == lifecycle.statuses_at(there, NOW)


@pytest.mark.parametrize(
    "there, statuses",
    [
        (domain(), ()),
        (domain(graces=(grace(GraceKind.ADD),)), ("addPeriod",)),
        (domain(graces=(grace(GraceKind.RENEW), grace(GraceKind.ADD))), ("addPeriod", "renewPeriod")),
        (domain(graces=(grace(GraceKind.RENEW), grace(GraceKind.RENEW))), ("renewPeriod",)),
        (domain(graces=(grace(GraceKind.TRANSFER, NOW),)), ()),
        (deleted(), ("redemptionPeriod",)),
        (deleted(at=NOW - 31 * DAY), ("pendingDelete",)),
        (replace(WAITING, restore_until=NOW + DAY), ("pendingRestore",)),
    ],
)
def test_rgp_statuses(there: Domain, statuses: tuple[str, ...]) -> None:
    assert statuses == lifecycle.rgp_statuses_at(there, NOW)


@pytest.mark.parametrize(
    "left, years, expected",
    [
        (timedelta(days=300), 9, True),
        (timedelta(days=370), 9, False),
        (timedelta(days=-1), 10, True),
        (timedelta(0), 10, True),
        (timedelta(seconds=1), 10, False),
    ],
)
def test_never_further_than_ten_years_from_now(left: timedelta, years: int, expected: bool) -> None:
    there = domain(expires_at=NOW + left)
    if expected:
        assert NOW + left < lifecycle.extended(there, years, NOW)
    else:
        with pytest.raises(Refusal) as caught:
            lifecycle.extended(there, years, NOW)
        assert errors.MAX_LIFETIME_EXCEEDED is caught.value.kind


@pytest.mark.parametrize(
    "expires_at, graces, expected",
    [
        (EXPIRES, (), EXPIRES.replace(year=2028)),
        (EXPIRES, (grace(GraceKind.AUTO_RENEW),), EXPIRES),
        (EXPIRES, (grace(GraceKind.AUTO_RENEW, NOW),), EXPIRES.replace(year=2028)),
        (EXPIRES, (grace(GraceKind.RENEW),), EXPIRES.replace(year=2028)),
        (NOW.replace(year=2035) + DAY, (), NOW.replace(year=2036)),
        (NOW.replace(year=2036), (), NOW.replace(year=2036)),
    ],
)
def test_expiry_after_transfer(expires_at: datetime, graces: Any, expected: datetime) -> None:
    assert expected == lifecycle.expiry_after_transfer(domain(expires_at=expires_at, graces=graces), NOW)


def test_auto_renewal_adds_a_grace_to_those_that_run() -> None:
    there = domain(expires_at=NOW, graces=(grace(GraceKind.RENEW), grace(GraceKind.TRANSFER, NOW)))
    after = lifecycle.advance(there, zone(), Due(Act.AUTO_RENEW, NOW), Money(1100, "EUR"), 101)
    assert [GraceKind.RENEW, GraceKind.AUTO_RENEW] == [g.kind for g in after.graces]


# A life at random: what the row says of itself at an instant is what writing its events down makes of it.


@st.composite
def lives(draw: st.DrawFn) -> Domain:
    days = st.integers(1, 400)
    auto_renew = draw(st.booleans())
    there = domain(expires_at=NOW + draw(days) * DAY, auto_renew=auto_renew)
    match draw(st.sampled_from(["rest", "pull", "push", "deleted", "restoring"])):
        case "pull":
            return replace(there, transfer=pending(act_at=NOW + draw(days) * DAY))
        case "push":
            return replace(there, transfer=pending(act_at=NOW + draw(days) * DAY, push=True))
        case "deleted":
            return lifecycle.deleted(there, zone(), NOW)
        case "restoring":
            gone = lifecycle.deleted(there, zone(), NOW)
            return lifecycle.restore_requested(gone, zone(), NOW + draw(st.integers(0, 29)) * DAY)
        case _:
            return there


@given(lives(), st.integers(0, 1500))
def test_the_state_by_time_is_the_state_after_it_is_written_down(there: Domain, days: int) -> None:
    at = NOW + days * DAY
    after = lifecycle.as_of(there, zone(), at)
    assert lifecycle.phase_at(there, at) is lifecycle.phase_at(after, at) is after.noted
    due = lifecycle.next_due(after)
    assert due is None or at < due.at


@given(lives())
def test_what_is_due_comes_in_order(there: Domain) -> None:
    last = NOW
    for _ in range(8):
        due = lifecycle.next_due(there)
        if due is None:
            break
        assert last <= due.at
        last = due.at
        there = lifecycle.as_of(there, zone(), due.at)
    fall = [t for t in (there.lapses_at, there.redemption_until, there.release_at) if t is not None]
    assert sorted(fall) == fall


def test_lengths_are_the_zones() -> None:
    day = timedelta(days=1)
    short = zone(lengths=Lengths(auto_renew_grace=day, redemption=day, pending_delete=day))
    made = lifecycle.lives_until(domain(auto_renew=False), EXPIRES, short.policy.lengths)
    assert (EXPIRES + day, EXPIRES + 2 * day, EXPIRES + 3 * day) == (
        made.lapses_at,
        made.redemption_until,
        made.release_at,
    )
