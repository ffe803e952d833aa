"""RFC 5731, 3.2.4: who moves a name to whom, with what word, for what money."""

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from namestead import errors
from namestead.commands.answers import PublicRegistration, Registration, TransferState
from namestead.commands.domain.renew import RenewDomain
from namestead.commands.domain.transfer import TransferDomain
from namestead.money import Money
from namestead.objects.domain import Grace, GraceKind, TransferStatus
from namestead.objects.host import Host
from namestead.objects.names import Name
from namestead.objects.retained import RetainedKind
from namestead.rules.transfers import Operation
from tests.commands.facts import (
    ALICE,
    ALPHA,
    BETA,
    DAY,
    EXPIRES,
    GAMMA,
    NOW,
    REHEARSING,
    SECRET,
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
    retained,
    secured,
)

PULL = TransferDomain(ALICE, auth_info=SECRET)
PUSH = TransferDomain(ALICE, gaining_registrar="beta")
APPROVE, REJECT, CANCEL, QUERY = (
    TransferDomain(ALICE, o) for o in (Operation.APPROVE, Operation.REJECT, Operation.CANCEL, Operation.QUERY)
)
OPEN = secured(domain())
PULLED = domain(transfer=pending())
PUSHED = domain(transfer=pending(push=True))
HELD = account(102, "beta", held=1200)


def test_a_pull_holds_the_price_and_waits() -> None:
    outcome = Register(OPEN).decide(PULL, BETA)
    assert [("102:balance", "102:held", 1200, "transfer")] == money(outcome)
    assert (True, ALPHA.id) == (outcome.pending, outcome.counterpart_id)
    asked = changed(outcome)
    assert (ALPHA.id, True, 102) == (asked.registrar_id, asked.transfer.pending, asked.transfer.hold_account_id)
    later = EXPIRES.replace(year=2028)
    assert (
        TransferState("pending", "beta", NOW, "alpha", NOW + 5 * DAY, "beta", "alpha", later) == outcome.result.transfer
    )
    assert isinstance(outcome.result.registration, PublicRegistration)
    assert "pendingTransfer" in outcome.result.registration.status


def test_a_push_waits_and_costs_nothing_yet() -> None:
    outcome = Register(domain()).decide(PUSH, ALPHA)
    assert [] == money(outcome)
    assert (True, BETA.id) == (outcome.pending, outcome.counterpart_id)
    later = EXPIRES.replace(year=2028)
    assert (
        TransferState("pending", "alpha", NOW, "beta", NOW + 5 * DAY, "beta", "alpha", later) == outcome.result.transfer
    )
    assert isinstance(outcome.result.registration, Registration)


def test_the_gainer_may_name_itself() -> None:
    named = TransferDomain(ALICE, auth_info=SECRET, gaining_registrar="beta")
    assert not changed(Register(OPEN).decide(named, BETA)).transfer.push


def test_an_approved_pull_is_paid_from_what_was_held() -> None:
    outcome = Register(secured(PULLED), HELD).decide(APPROVE, ALPHA)
    moved = changed(outcome)
    assert [("102:held", "income", 1200, "transfer")] == money(outcome)
    assert (BETA.id, NOW, EXPIRES.replace(year=2028)) == (moved.registrar_id, moved.transferred_at, moved.expires_at)
    assert (TransferStatus.CLIENT_APPROVED, NOW) == (moved.transfer.status, moved.transfer.act_at)
    assert (Grace(GraceKind.TRANSFER, NOW + 5 * DAY, 1200, "EUR", 102, 1),) == moved.graces
    assert (None, None) == (moved.auth_hash, moved.auth_expires_at)
    assert (False, BETA.id) == (outcome.pending, outcome.counterpart_id)
    assert isinstance(outcome.result.registration, PublicRegistration)


def test_an_approved_push_is_paid_by_its_receiver() -> None:
    outcome = Register(PUSHED).decide(APPROVE, BETA)
    assert [("102:balance", "income", 1200, "transfer")] == money(outcome)
    assert (BETA.id, ALPHA.id) == (changed(outcome).registrar_id, outcome.counterpart_id)
    assert isinstance(outcome.result.registration, Registration)


def test_the_losers_auto_renewal_is_undone() -> None:
    renewed = domain(transfer=pending(), graces=(grace(GraceKind.AUTO_RENEW, amount=1100),))
    outcome = Register(renewed, HELD).decide(APPROVE, ALPHA)
    assert ("income", "101:balance", 1100, "auto_renew_undone") in money(outcome)
    assert EXPIRES == changed(outcome).expires_at


def test_the_losers_other_graces_are_lost() -> None:
    outcome = Register(domain(transfer=pending(), graces=(grace(GraceKind.RENEW),)), HELD).decide(APPROVE, ALPHA)
    assert [("102:held", "income", 1200, "transfer")] == money(outcome)
    assert EXPIRES.replace(year=2028) == changed(outcome).expires_at


def test_never_beyond_ten_years() -> None:
    far = datetime(2035, 9, 1, tzinfo=UTC)
    after = changed(Register(domain(expires_at=far, transfer=pending()), HELD).decide(APPROVE, ALPHA))
    assert NOW.replace(year=2036) == after.expires_at


def test_hosts_under_the_name_move_with_it() -> None:
    under = host("ns1.alice.example", 31, parent_id=1001)
    moved = changed(Register(PULLED, HELD, under).decide(APPROVE, ALPHA), Host)
    assert (31, BETA.id) == (moved.id, moved.registrar_id)


@pytest.mark.parametrize(
    "there, command, by, status, postings",
    [
        (PULLED, REJECT, ALPHA, "clientRejected", [("102:held", "102:balance", 1200, "transfer")]),
        (PULLED, CANCEL, BETA, "clientCancelled", [("102:held", "102:balance", 1200, "transfer")]),
        (PUSHED, REJECT, BETA, "clientRejected", []),
        (PUSHED, CANCEL, ALPHA, "clientCancelled", []),
    ],
)
def test_a_transfer_that_is_not_approved_leaves_the_name(
    there: Any, command: TransferDomain, by: Any, status: str, postings: list[Any]
) -> None:
    outcome = Register(there, HELD).decide(command, by)
    after = changed(outcome)
    assert postings == money(outcome)
    assert (ALPHA.id, EXPIRES, status) == (after.registrar_id, after.expires_at, outcome.result.transfer.status)
    assert (ALPHA.id if by is BETA else BETA.id) == outcome.counterpart_id


@pytest.mark.parametrize(
    "there, command, by, kind",
    [
        ((), PULL, BETA, errors.DOMAIN_NOT_FOUND),
        ((OPEN,), TransferDomain(ALICE), BETA, errors.MISSING_FIELD),
        ((OPEN,), TransferDomain(ALICE, auth_info="wrong"), BETA, errors.AUTH_INFO_INVALID),
        ((domain(),), PULL, BETA, errors.AUTH_INFO_INVALID),
        ((secured(domain(), until=NOW),), PULL, BETA, errors.AUTH_INFO_INVALID),
        ((OPEN,), PULL, ALPHA, errors.NOT_TRANSFERABLE),
        ((OPEN,), TransferDomain(ALICE, gaining_registrar="alpha"), ALPHA, errors.NOT_TRANSFERABLE),
        ((secured(PULLED),), PULL, GAMMA, errors.TRANSFER_PENDING),
        ((PUSHED,), PUSH, ALPHA, errors.TRANSFER_PENDING),
        ((secured(deleted()),), PULL, BETA, errors.NOT_TRANSFERABLE),
        ((secured(deleted(at=NOW - 31 * DAY)),), PULL, BETA, errors.NOT_TRANSFERABLE),
        ((secured(domain(statuses=("clientTransferProhibited",))),), PULL, BETA, errors.STATUS_PROHIBITS),
        ((secured(domain(statuses=("serverTransferProhibited",))),), PULL, BETA, errors.STATUS_PROHIBITS),
        ((domain(statuses=("clientTransferProhibited",)),), PUSH, ALPHA, errors.STATUS_PROHIBITS),
        ((OPEN, retained(RetainedKind.DISPUTED)), PULL, BETA, errors.STATUS_PROHIBITS),
        ((PULLED, HELD, retained(RetainedKind.DISPUTED)), APPROVE, ALPHA, errors.STATUS_PROHIBITS),
        ((OPEN, account(102, "beta", 1199)), PULL, BETA, errors.INSUFFICIENT_BALANCE),
        ((PUSHED, account(102, "beta", 1199)), APPROVE, BETA, errors.INSUFFICIENT_BALANCE),
        ((secured(domain(tier="gold")),), PULL, BETA, errors.FEE_MISMATCH),
        ((domain(tier="gold", transfer=pending(push=True)),), APPROVE, BETA, errors.FEE_MISMATCH),
        ((OPEN,), TransferDomain(ALICE, auth_info="no", gaining_registrar="beta"), BETA, errors.AUTH_INFO_INVALID),
        ((OPEN,), TransferDomain(ALICE, gaining_registrar="gamma"), BETA, errors.NOT_SPONSOR),
        ((OPEN,), TransferDomain(ALICE, gaining_registrar="nobody"), ALPHA, errors.REGISTRAR_NOT_FOUND),
        ((OPEN,), TransferDomain(ALICE, gaining_registrar="unlisted"), ALPHA, errors.POLICY_VIOLATION),
        ((OPEN,), TransferDomain(ALICE, gaining_registrar="rehearsing"), ALPHA, errors.POLICY_VIOLATION),
        ((OPEN,), APPROVE, ALPHA, errors.TRANSFER_NOT_PENDING),
        ((OPEN,), CANCEL, BETA, errors.TRANSFER_NOT_PENDING),
        ((OPEN,), QUERY, ALPHA, errors.TRANSFER_NOT_PENDING),
        ((PULLED, HELD), APPROVE, BETA, errors.NOT_SPONSOR),
        ((PULLED, HELD), REJECT, BETA, errors.NOT_SPONSOR),
        ((PULLED, HELD), CANCEL, ALPHA, errors.NOT_SPONSOR),
        ((PULLED, HELD), APPROVE, GAMMA, errors.NOT_SPONSOR),
        ((PUSHED,), APPROVE, ALPHA, errors.NOT_SPONSOR),
        ((PUSHED,), CANCEL, BETA, errors.NOT_SPONSOR),
        ((PULLED, HELD), QUERY, GAMMA, errors.NOT_SPONSOR),
    ],
)
def test_refused(there: tuple[Any, ...], command: TransferDomain, by: Any, kind: errors.Kind) -> None:
    assert kind is Register(*there).kind(command, by)


def test_a_name_that_expired_can_be_moved_and_lives_again() -> None:
    register = Register(secured(expired()))
    register.run(PULL, BETA)
    after = changed(register.decide(APPROVE, ALPHA))
    assert (NOW - DAY).replace(year=2027) == after.expires_at
    assert "active" == after.noted


def test_ten_wrong_words_lock_the_transfer() -> None:
    assert errors.AUTH_INFO_LOCKED is Register(OPEN, failed_auth=10).kind(PULL, BETA)
    Register(OPEN, failed_auth=9).decide(PULL, BETA)


def test_a_premium_name_moves_at_the_price_agreed_to() -> None:
    gold = secured(domain(tier="gold"))
    pull = TransferDomain(ALICE, auth_info=SECRET, fee=Money(52_000, "EUR"))
    assert 52_000 == Register(gold).decide(pull, BETA).postings[0].amount
    approve = TransferDomain(ALICE, Operation.APPROVE, fee=Money(52_000, "EUR"))
    register = Register(domain(tier="gold", transfer=pending(push=True)))
    assert 52_000 == register.decide(approve, BETA).postings[0].amount


@pytest.mark.parametrize(
    "there, command, by",
    [
        (PULLED, QUERY, ALPHA),
        (PULLED, QUERY, BETA),
        (secured(PULLED), TransferDomain(ALICE, Operation.QUERY, SECRET), GAMMA),
    ],
)
def test_a_query_shows_it_to_the_parties_and_to_who_has_the_word(there: Any, command: Any, by: Any) -> None:
    outcome = Register(there).decide(command, by)
    assert ("pending", ()) == (outcome.result.transfer.status, outcome.changes)
    assert not outcome.pending


def test_a_rehearsing_channel_may_receive_in_a_test_zone() -> None:
    push = TransferDomain(Name("alice.test"), gaining_registrar=REHEARSING.slug)
    register = Register(replace(domain("alice.test"), zone_id=2))
    assert REHEARSING.id == register.decide(push, ALPHA).counterpart_id


@pytest.mark.parametrize(
    "years, kind", [(None, None), (1, None), (2, errors.VALUE_OUT_OF_RANGE), (0, errors.VALUE_OUT_OF_RANGE)]
)
def test_a_transfer_adds_one_year(years: int | None, kind: errors.Kind | None) -> None:
    register, command = Register(OPEN), TransferDomain(ALICE, auth_info=SECRET, years=years)
    if kind is None:
        assert register.decide(command, BETA).pending
    else:
        assert kind is register.kind(command, BETA)


@pytest.mark.parametrize(
    "operation, by, status, expires_at",
    [
        (Operation.APPROVE, ALPHA, "clientApproved", EXPIRES.replace(year=2028)),
        (Operation.REJECT, ALPHA, "clientRejected", None),
        (Operation.CANCEL, BETA, "clientCancelled", None),
    ],
)
def test_a_transfer_is_shown_whole_after_it_has_ended(
    operation: Operation, by: Any, status: str, expires_at: datetime | None
) -> None:
    register = Register(PULLED, HELD)
    register.run(TransferDomain(ALICE, operation), by)
    for party in (ALPHA, BETA):
        ended = register.decide(QUERY, party).result.transfer
        assert TransferState(status, "beta", NOW - 3 * DAY, "alpha", NOW, "beta", "alpha", expires_at) == ended


def test_the_expiry_a_transfer_brought_is_not_that_of_a_later_renewal() -> None:
    register = Register(PULLED, HELD)
    register.run(APPROVE, ALPHA)
    register.run(RenewDomain(ALICE), BETA)
    assert EXPIRES.replace(year=2028) == register.decide(QUERY, BETA).result.transfer.expires_at
