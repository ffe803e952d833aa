"""The life of a registration: the table of states, what time brings about, and what each command does to the row.

The theory (RFC 3915 and ICANN's expired registration recovery policy, as `../docs/lifecycle.md` draws it): a name is
active until it expires. With `auto_renew` it is then renewed and charged, and deleting it within the auto-renew grace
gives the charge back. Without, it is expired but renewable for the same time, then falls into redemption as if it had
been deleted. A delete inside the add grace cancels the name at once. From redemption it can be restored; after it comes
pending delete, and at `release_at` the name is free.

A state that time brings about is a pure function of the row and an instant (`phase_at`). What time brought about is
written down later, in order, by whoever meets it first: `next_due` says what and when, `advance` what it makes of the
row. Nothing here knows money beyond the amounts it is given, nor who may do what.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from namestead import errors
from namestead.errors import Refusal
from namestead.money import Money
from namestead.objects.domain import (
    Domain,
    EndReason,
    Grace,
    GraceKind,
    Phase,
    Transfer,
    TransferStatus,
)
from namestead.objects.spans import add_years
from namestead.objects.zone import Lengths, Zone

MAX_YEARS = 10
"""RFC 5731, 3.2.3 leaves the limit to policy; ICANN's registry agreements, specification 1, set ten years."""


class Act(StrEnum):
    """What moves a registration from one phase to another: commands first, then time."""

    RENEW = "renew"
    UPDATE = "update"
    TRANSFER = "transfer"
    DELETE_IN_ADD_GRACE = "delete_in_add_grace"
    DELETE = "delete"
    REQUEST_RESTORE = "request_restore"
    RESTORE = "restore"
    AUTO_RENEW = "auto_renew"
    EXPIRE = "expire"
    LAPSE = "lapse"
    END_RESTORE = "end_restore"
    END_REDEMPTION = "end_redemption"
    RELEASE = "release"
    END_TRANSFER = "end_transfer"


P, A = Phase, Act
# fmt: off
TRANSITIONS: dict[tuple[Phase, Act], Phase] = {
    (P.ACTIVE,          A.UPDATE):              P.ACTIVE,
    (P.ACTIVE,          A.RENEW):               P.ACTIVE,
    (P.ACTIVE,          A.TRANSFER):            P.ACTIVE,
    (P.ACTIVE,          A.DELETE_IN_ADD_GRACE): P.CANCELLED,
    (P.ACTIVE,          A.DELETE):              P.REDEMPTION,
    (P.ACTIVE,          A.AUTO_RENEW):          P.ACTIVE,
    (P.ACTIVE,          A.EXPIRE):              P.EXPIRED,
    (P.ACTIVE,          A.END_TRANSFER):        P.ACTIVE,
    (P.EXPIRED,         A.UPDATE):              P.EXPIRED,
    (P.EXPIRED,         A.RENEW):               P.ACTIVE,
    (P.EXPIRED,         A.TRANSFER):            P.ACTIVE,
    (P.EXPIRED,         A.DELETE):              P.REDEMPTION,
    (P.EXPIRED,         A.LAPSE):               P.REDEMPTION,
    (P.EXPIRED,         A.END_TRANSFER):        P.EXPIRED,  # withdrawn; one approved by time is a TRANSFER
    (P.REDEMPTION,      A.REQUEST_RESTORE):     P.PENDING_RESTORE,
    (P.REDEMPTION,      A.RESTORE):             P.ACTIVE,
    (P.REDEMPTION,      A.END_REDEMPTION):      P.PENDING_DELETE,
    (P.PENDING_RESTORE, A.RESTORE):             P.ACTIVE,
    (P.PENDING_RESTORE, A.END_RESTORE):         P.REDEMPTION,
    (P.PENDING_DELETE,  A.RELEASE):             P.RELEASED,
}
# fmt: on
"""(phase, what happens) -> phase. What is not here cannot happen: a command gets its refusal from `REFUSALS`."""

REFUSALS: dict[Act, errors.Kind] = {
    Act.RENEW: errors.NOT_RENEWABLE,
    Act.TRANSFER: errors.NOT_TRANSFERABLE,
    Act.RESTORE: errors.NOT_RESTORABLE,
    Act.REQUEST_RESTORE: errors.NOT_RESTORABLE,
    Act.UPDATE: errors.STATUS_PROHIBITS,
    Act.DELETE: errors.STATUS_PROHIBITS,
}

PROHIBITIONS: dict[Act, frozenset[str]] = {
    Act.RENEW: frozenset({"clientRenewProhibited", "serverRenewProhibited", "pendingTransfer"}),
    Act.UPDATE: frozenset({"clientUpdateProhibited", "serverUpdateProhibited", "pendingTransfer"}),
    Act.TRANSFER: frozenset({"clientTransferProhibited", "serverTransferProhibited"}),
    Act.DELETE: frozenset({"clientDeleteProhibited", "serverDeleteProhibited", "pendingTransfer"}),
    Act.RESTORE: frozenset(),
    Act.REQUEST_RESTORE: frozenset(),
}
"""Statuses that forbid a command (RFC 5731, 2.3)."""

CLIENT_STATUSES = frozenset(
    {
        "clientDeleteProhibited",
        "clientHold",
        "clientRenewProhibited",
        "clientTransferProhibited",
        "clientUpdateProhibited",
    }
)
SERVER_STATUSES = frozenset(
    {
        "serverDeleteProhibited",
        "serverHold",
        "serverRenewProhibited",
        "serverTransferProhibited",
        "serverUpdateProhibited",
    }
)


class Due(Struct, frozen=True, gc=False):
    """Something time has brought, or will bring, about: what, and at which instant."""

    act: Act
    at: datetime


def phase_at(domain: Domain, now: datetime) -> Phase:
    """The phase of a registration at an instant. Needs no policy, no balance, and no job to have run."""
    transfer = domain.transfer
    if transfer is not None and transfer.pending and not transfer.push and transfer.act_at <= now:
        domain = _moved_by_time(domain, transfer)
    if domain.ended_at is not None and domain.ended_at <= now:
        return Phase.CANCELLED if domain.end_reason is EndReason.CANCELLED else Phase.RELEASED
    lapsed = not domain.auto_renew and domain.lapses_at is not None and domain.lapses_at <= now
    if domain.deleted_at is not None or lapsed:
        if domain.restore_until is not None and now < domain.restore_until:
            return Phase.PENDING_RESTORE
        if domain.redemption_until is None or now < domain.redemption_until:
            return Phase.REDEMPTION
        if domain.release_at is None or now < domain.release_at:
            return Phase.PENDING_DELETE
        return Phase.RELEASED
    if domain.auto_renew or now < domain.expires_at:
        return Phase.ACTIVE
    return Phase.EXPIRED


def _moved_by_time(domain: Domain, transfer: Transfer) -> Domain:
    """The row's instants as the approval by time makes them, if the name still lived then. The lengths of its fall are
    those stored with it."""
    if domain.auto_renew or domain.lapses_at is None or domain.lapses_at < transfer.act_at:
        return domain
    expires_at = expiry_after_transfer(domain, transfer.act_at)
    later = expires_at - domain.expires_at
    return replace(
        domain,
        transfer=None,
        expires_at=expires_at,
        lapses_at=domain.lapses_at + later,
        redemption_until=domain.redemption_until + later if domain.redemption_until else None,
        release_at=domain.release_at + later if domain.release_at else None,
    )


def next_due(domain: Domain) -> Due | None:
    """The next thing that time does to a registration and that is not written down yet; None when it has ended."""
    if domain.ended_at is not None:
        return None
    due: Due | None = None
    if domain.deleted_at is None:
        if domain.auto_renew:
            due = Due(Act.AUTO_RENEW, domain.expires_at)
        elif domain.noted is Phase.ACTIVE:
            due = Due(Act.EXPIRE, domain.expires_at)
        elif domain.lapses_at is not None:
            due = Due(Act.LAPSE, domain.lapses_at)
    elif domain.noted is Phase.PENDING_RESTORE and domain.restore_until is not None:
        due = Due(Act.END_RESTORE, domain.restore_until)
    elif domain.noted is Phase.REDEMPTION and domain.redemption_until is not None:
        due = Due(Act.END_REDEMPTION, domain.redemption_until)
    elif domain.noted is Phase.PENDING_DELETE and domain.release_at is not None:
        due = Due(Act.RELEASE, domain.release_at)
    transfer = domain.transfer
    if transfer is not None and transfer.pending and (due is None or transfer.act_at <= due.at):
        return Due(Act.END_TRANSFER, transfer.act_at)
    return due


def advance(domain: Domain, zone: Zone, due: Due, renewal: Money, account_id: int) -> Domain:
    """The row after one due event. `renewal` is what the auto-renewal costs `account_id`; other events ignore it.

    END_TRANSFER is `rules.transfers`'s to decide and is not taken here.
    """
    lengths = zone.policy.lengths
    after = TRANSITIONS[domain.noted, due.act]
    match due.act:
        case Act.AUTO_RENEW:
            grace = Grace(
                GraceKind.AUTO_RENEW,
                due.at + lengths.auto_renew_grace,
                renewal.amount,
                renewal.currency,
                account_id,
                1,
            )
            return replace(
                domain,
                expires_at=add_years(domain.expires_at, 1),
                graces=(*_running(domain, due.at), grace),
                updated_at=due.at,
            )
        case Act.EXPIRE:
            return replace(domain, noted=after)
        case Act.LAPSE:
            return replace(
                domain,
                noted=after,
                deleted_at=due.at,
                graces=(),
                transfer=_cancelled(domain, due.at),
                updated_at=due.at,
            )
        case Act.END_RESTORE:
            return replace(domain, noted=after, restore_until=None)
        case Act.END_REDEMPTION:
            return replace(domain, noted=after)
        case Act.RELEASE:
            return ended(domain, due.at, EndReason.RELEASED)
        case _:
            raise AssertionError(f"{due.act} is not brought about by time alone")


def as_of(domain: Domain, zone: Zone, now: datetime) -> Domain:
    """The row as it reads at `now`, with everything due applied and no money moved: for answers.

    Whatever is read before a job has written it down reads as if it had been.
    """
    while (due := next_due(domain)) is not None and due.at <= now:
        if due.act is not Act.END_TRANSFER:
            domain = advance(domain, zone, due, _NOTHING, 0)
        elif domain.transfer is not None and domain.transfer.push:
            domain = not_transferred(domain, TransferStatus.SERVER_CANCELLED, due.at)
        else:
            domain = transferred(domain, zone, TransferStatus.SERVER_APPROVED, due.at, _NOTHING, 0)
    return domain


_NOTHING = Money(0, "")


def require(domain: Domain, act: Act, now: datetime, *, lifting: frozenset[str] = frozenset()) -> None:
    """Refuse a command that the name's phase or one of its statuses forbids.

    `lifting` are statuses this very command removes: they no longer forbid it (RFC 5731, 2.3).
    """
    phase = phase_at(domain, now)
    if (phase, act) not in TRANSITIONS:
        raise Refusal(
            REFUSALS[act],
            "domain",
            domain.name,
            message=f"{domain.name} is in state {phase.value}, in which it cannot be {_PARTICIPLE[act]}.",
        )
    in_the_way = sorted((PROHIBITIONS[act] & set(statuses_at(domain, now))) - lifting)
    if in_the_way:
        raise Refusal(
            errors.STATUS_PROHIBITS,
            "domain",
            domain.name,
            message=f"{domain.name} has status {', '.join(in_the_way)}, so it cannot be {_PARTICIPLE[act]}.",
        )


_PARTICIPLE = {
    Act.RENEW: "renewed",
    Act.UPDATE: "changed",
    Act.TRANSFER: "transferred",
    Act.DELETE: "deleted",
    Act.RESTORE: "restored",
    Act.REQUEST_RESTORE: "restored",
}


def statuses_at(domain: Domain, now: datetime) -> tuple[str, ...]:
    """The EPP statuses a name shows (RFC 5731, 2.3): stored ones, pending ones, `inactive`; `ok` only alone."""
    shown = set(domain.statuses)
    phase = phase_at(domain, now)
    if domain.transfer is not None and domain.transfer.pending and now < domain.transfer.act_at:
        shown.add("pendingTransfer")
    if phase in (Phase.REDEMPTION, Phase.PENDING_RESTORE, Phase.PENDING_DELETE):
        # A name that fell by time may carry a prohibition that RFC 5731, 2.3 forbids beside pendingDelete.
        shown -= {"clientDeleteProhibited", "serverDeleteProhibited"}
        shown.add("pendingDelete")
    if not domain.hosts:
        shown.add("inactive")
    return tuple(sorted(shown)) if shown else ("ok",)


def rgp_statuses_at(domain: Domain, now: datetime) -> tuple[str, ...]:
    """The grace-period statuses (RFC 3915, 3.1); several may run at once."""
    phase = phase_at(domain, now)
    match phase:
        case Phase.REDEMPTION:
            return ("redemptionPeriod",)
        case Phase.PENDING_RESTORE:
            return ("pendingRestore",)
        case Phase.PENDING_DELETE:
            return ("pendingDelete",)
        case _:
            running = [g.kind.value for g in domain.graces if now < g.until]
            return tuple(sorted(set(running))) if len(running) > 1 else tuple(running)


def lives_until(domain: Domain, expires_at: datetime, lengths: Lengths) -> Domain:
    """The row with a new expiry, and with its fall stored in advance when nobody will renew it automatically."""
    lapses_at = None if domain.auto_renew else expires_at + lengths.auto_renew_grace
    redemption_until = lapses_at + lengths.redemption if lapses_at else None
    return replace(
        domain,
        expires_at=expires_at,
        lapses_at=lapses_at,
        redemption_until=redemption_until,
        release_at=redemption_until + lengths.pending_delete if redemption_until else None,
        noted=Phase.ACTIVE,
        deleted_at=None,
        restore_until=None,
    )


def extended(domain: Domain, years: int, now: datetime, *, field: str = "years") -> datetime:
    """The expiry after `years` more. Never further than ten years from now: `max_lifetime_exceeded`."""
    expires_at = add_years(domain.expires_at, years)
    if expires_at > add_years(now, MAX_YEARS):
        raise Refusal(
            errors.MAX_LIFETIME_EXCEEDED,
            field,
            str(years),
            message=f"With {years} more year(s) {domain.name} would be registered until {expires_at:%Y-%m-%d}, "
            f"more than {MAX_YEARS} years from now. Ask for fewer years.",
        )
    return expires_at


def renewed(domain: Domain, zone: Zone, years: int, price: Money, account_id: int, now: datetime) -> Domain:
    """RFC 5731, 3.2.3: years added, a renew grace started; an expired name is active again."""
    lengths = zone.policy.lengths
    grace = Grace(GraceKind.RENEW, now + lengths.renew_grace, price.amount, price.currency, account_id, years)
    longer = lives_until(domain, extended(domain, years, now), lengths)
    return replace(longer, graces=(*_running(domain, now), grace), updated_at=now)


def expiry_after_transfer(domain: Domain, now: datetime) -> datetime:
    """A year more, never beyond ten from now; less the years of an auto-renewal whose grace still runs, which the
    transfer undoes (ICANN Transfer Policy, I.A.5; auto-renew grace of the registry agreements)."""
    undone = sum(g.years for g in _running(domain, now) if g.kind is GraceKind.AUTO_RENEW)
    return min(add_years(domain.expires_at, 1 - undone), max(domain.expires_at, add_years(now, MAX_YEARS)))


def transferred(
    domain: Domain, zone: Zone, status: TransferStatus, now: datetime, price: Money, account_id: int
) -> Domain:
    """The row in its new registrar's hands: a year added, its graces replaced by a transfer grace, authorisation
    information reset (RFC 9154, 5.3)."""
    transfer = domain.transfer
    assert transfer is not None
    lengths = zone.policy.lengths
    grace = Grace(GraceKind.TRANSFER, now + lengths.transfer_grace, price.amount, price.currency, account_id, 1)
    expires_at = expiry_after_transfer(domain, now)
    moved = replace(
        domain,
        registrar_id=transfer.gaining_id,
        transfer=replace(transfer, status=status, act_at=now, hold_account_id=None, expires_at=expires_at),
        graces=(grace,),
        auth_hash=None,
        auth_expires_at=None,
        transferred_at=now,
        updated_at=now,
    )
    return lives_until(moved, expires_at, lengths)


def not_transferred(domain: Domain, status: TransferStatus, now: datetime) -> Domain:
    """The row where it was, its transfer ended."""
    transfer = domain.transfer
    assert transfer is not None
    ended_transfer = replace(transfer, status=status, act_at=now, hold_account_id=None)
    return replace(domain, transfer=ended_transfer, updated_at=now)


class Refund(Struct, frozen=True, gc=False):
    """What a delete gives back, and to whom."""

    account_id: int
    amount: int
    currency: str


def refunds(domain: Domain, now: datetime) -> tuple[Refund, ...]:
    """What deleting now gives back: every running grace period's price (RFC 3915, 3.1)."""
    return tuple(Refund(g.account_id, g.amount, g.currency) for g in _running(domain, now) if g.amount)


def in_add_grace(domain: Domain, now: datetime) -> bool:
    return any(g.kind is GraceKind.ADD for g in _running(domain, now))


def deleted(domain: Domain, zone: Zone, now: datetime) -> Domain:
    """RFC 5731, 3.2.2 with RFC 3915: cancelled at once inside the add grace, else into redemption.

    Years whose price is given back are taken off the expiry again.
    """
    if in_add_grace(domain, now):
        return ended(domain, now, EndReason.CANCELLED)
    lengths = zone.policy.lengths
    redemption_until = now + lengths.redemption
    return replace(
        domain,
        noted=Phase.REDEMPTION,
        expires_at=add_years(domain.expires_at, -sum(g.years for g in _running(domain, now))),
        deleted_at=now,
        redemption_until=redemption_until,
        release_at=redemption_until + lengths.pending_delete,
        lapses_at=None,
        graces=(),
        updated_at=now,
    )


def restore_requested(domain: Domain, zone: Zone, now: datetime) -> Domain:
    """RFC 3915, 4.2.5, `op="request"`: the fall waits until the report has come or its time is over."""
    restore_until = now + zone.policy.lengths.restore_report
    redemption_until, release_at = domain.redemption_until, domain.release_at
    assert redemption_until is not None
    assert release_at is not None
    later = max(redemption_until, restore_until) - redemption_until
    return replace(
        domain,
        noted=Phase.PENDING_RESTORE,
        restore_until=restore_until,
        redemption_until=redemption_until + later,
        release_at=release_at + later,
        updated_at=now,
    )


def restored(domain: Domain, zone: Zone, now: datetime) -> tuple[Domain, int]:
    """RFC 3915, 4.2.5: the name as it was, and how many years it had to be renewed by to have a future again."""
    expires_at, years = domain.expires_at, 0
    while expires_at <= now:
        years += 1
        expires_at = add_years(domain.expires_at, years)
    alive = lives_until(domain, expires_at, zone.policy.lengths)
    return replace(alive, updated_at=now), years


def ended(domain: Domain, at: datetime, reason: EndReason) -> Domain:
    """The row at its end: its links and secrets dropped, its history kept in its versions."""
    return replace(
        domain,
        noted=Phase.CANCELLED if reason is EndReason.CANCELLED else Phase.RELEASED,
        ended_at=at,
        end_reason=reason,
        graces=(),
        hosts=(),
        contacts=(),
        registrant_id=None,
        ds=(),
        max_signature_life=None,
        records=(),
        auth_hash=None,
        auth_expires_at=None,
        transfer=_cancelled(domain, at),
        updated_at=at,
    )


def _cancelled(domain: Domain, at: datetime) -> Transfer | None:
    transfer = domain.transfer
    if transfer is None or not transfer.pending:
        return transfer
    return replace(transfer, status=TransferStatus.SERVER_CANCELLED, act_at=at, hold_account_id=None)


def _running(domain: Domain, now: datetime) -> tuple[Grace, ...]:
    return tuple(g for g in domain.graces if now < g.until)
