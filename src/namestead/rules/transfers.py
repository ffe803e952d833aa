"""Transfers (RFC 5730, 2.9.3.4): who may ask, answer and withdraw, and what approval does to a name.

A pull is asked for by the gaining registrar with the name's authorisation information; the price of a year is held from
the gainer. A push is asked for by the sponsor; the gainer pays when it approves, never before. A pull nobody answers is
approved by time, a push nobody answers is withdrawn by time.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from namestead import errors
from namestead.errors import Refusal
from namestead.money import Money
from namestead.objects.account import Posting
from namestead.objects.domain import Domain, GraceKind, Transfer, TransferStatus
from namestead.objects.facts import Facts
from namestead.objects.host import Host
from namestead.objects.registrar import Registrar
from namestead.objects.zone import Zone
from namestead.rules import ledger, lifecycle, pricing


class Operation(StrEnum):
    """RFC 5730, 2.9.3.4, the `op` attribute."""

    REQUEST = "request"
    QUERY = "query"
    APPROVE = "approve"
    REJECT = "reject"
    CANCEL = "cancel"


# fmt: off
ANSWERS: dict[Operation, tuple[str, TransferStatus]] = {
    Operation.APPROVE: ("act_by",       TransferStatus.CLIENT_APPROVED),
    Operation.REJECT:  ("act_by",       TransferStatus.CLIENT_REJECTED),
    Operation.CANCEL:  ("requested_by", TransferStatus.CLIENT_CANCELLED),
}
# fmt: on
"""Which party ends a pending transfer how."""


class Ended(Struct, frozen=True, gc=False):
    """A transfer's end: the name, its subordinate hosts if they moved with it, and the money."""

    domain: Domain
    hosts: tuple[Host, ...] = ()
    postings: tuple[Posting, ...] = ()


def require_pending(domain: Domain, operation: Operation, registrar: Registrar) -> Transfer:
    """The pending transfer, if there is one and this registrar may end it this way."""
    transfer = domain.transfer
    if transfer is None or not transfer.pending:
        raise Refusal(errors.TRANSFER_NOT_PENDING, "domain", domain.name)
    party, _ = ANSWERS[operation]
    if getattr(transfer, party) != registrar.id:
        raise Refusal(
            errors.NOT_SPONSOR,
            "operation",
            operation.value,
            message=f"{operation.value} is for the {'requesting' if party == 'requested_by' else 'other'} registrar of "
            f"this transfer of {domain.name}.",
        )
    return transfer


def approved(
    facts: Facts, domain: Domain, zone: Zone, status: TransferStatus, now: datetime, fee: Money | None = None
) -> Ended:
    """The name in its new registrar's hands, its subordinate hosts moved with it, and the loser's auto-renewal paid
    back if its grace still runs (ICANN Transfer Policy). `fee` is what the gainer of a push agreed to."""
    transfer = domain.transfer
    assert transfer is not None
    gaining = facts.registrar(transfer.gaining_id)
    account = facts.account(gaining.account_id)
    postings: tuple[Posting, ...]
    if transfer.hold_account_id is not None:
        price = Money(transfer.amount, transfer.currency)
        postings = ledger.capture(transfer.hold_account_id, price, "transfer", domain.name)
    else:
        listed = pricing.price(zone, "transfer", account.currency, now, tier=domain.tier)
        price = pricing.agreed(listed, fee, premium=domain.tier != "")
        postings = ledger.charge(account, price, "transfer", domain.name)
    for g in domain.graces:
        if g.kind is GraceKind.AUTO_RENEW and now < g.until:
            amount = Money(g.amount, g.currency)
            postings += ledger.refund(g.account_id, amount, "auto_renew_undone", domain.name)
    moved = lifecycle.transferred(domain, zone, status, now, price, account.id)
    hosts = tuple(replace(h, registrar_id=gaining.id, updated_at=now) for h in facts.subordinates_of(domain.name))
    return Ended(moved, hosts, postings)


def not_approved(domain: Domain, status: TransferStatus, now: datetime) -> Ended:
    """The name where it was, and what was held given back."""
    return Ended(lifecycle.not_transferred(domain, status, now), (), released(domain))


def released(domain: Domain) -> tuple[Posting, ...]:
    """What a pending pull holds, given back to the gainer; nothing if none holds anything."""
    transfer = domain.transfer
    if transfer is None or not transfer.pending or transfer.hold_account_id is None:
        return ()
    return ledger.release(transfer.hold_account_id, Money(transfer.amount, transfer.currency), "transfer", domain.name)


def ended_by_time(facts: Facts, domain: Domain, zone: Zone, at: datetime) -> Ended:
    """What the act-by date brings: a pull is approved, a push withdrawn."""
    transfer = domain.transfer
    assert transfer is not None
    if transfer.push:
        return not_approved(domain, TransferStatus.SERVER_CANCELLED, at)
    return approved(facts, domain, zone, TransferStatus.SERVER_APPROVED, at)
