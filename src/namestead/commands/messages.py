"""What registrars are told in their message queue (RFC 5730, 2.9.2.3), and in which words.

A message is for what a registrar did not do itself, or what its counterpart has to know: every step of a transfer, what
time did to a name, what the registry did to an object (RFC 8590), a balance that has become low. Data carries no personal
data: a holder stands there by id. Doors render it; nothing here knows XML.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, TypeAlias

import msgspec

from namestead.commands.answers import (
    Amount,
    Registration,
    Sponsor,
    TransferState,
    registration,
    transfer_state,
    without_people,
)
from namestead.money import Money
from namestead.objects.account import Account
from namestead.objects.contact import Contact
from namestead.objects.domain import Domain, TransferStatus
from namestead.objects.facts import Facts
from namestead.objects.message import Message, MessageKind
from namestead.objects.names import Name
from namestead.objects.retained import RetainedKind
from namestead.rules import availability, contacts
from namestead.rules.lifecycle import Act, Due

BY_THE_OPERATOR: Final = "operator"
BY_TIME: Final = "time"
"""RFC 8590, `who`. Which person it was stands in the registry's own log."""


class ContactState(msgspec.Struct, frozen=True, gc=False):
    """A contact without personal data: what the log may keep of it. `registrar` is its sponsor, `created_by` a slug;
    `erased_at` says that its data was erased."""

    id: str
    roid: str
    registrar: Sponsor
    status: tuple[str, ...]
    created_by: str
    created_at: datetime
    updated_at: datetime | None
    erased_at: datetime | None

    def summary(self) -> dict[str, Any]:
        return {"contact": self.id, "status": self.status}


def contact_state(facts: Facts, contact: Contact, *, linked: bool) -> ContactState:
    registrar = facts.registrar(contact.registrar_id)
    return ContactState(
        contact.handle,
        contact.roid,
        Sponsor(registrar.channel_id, registrar.slug),
        contacts.statuses_at(contact, linked=linked),
        facts.registrar(contact.created_by).slug,
        contact.created_at,
        contact.updated_at,
        contact.erased_at,
    )


class TransferNotice(msgspec.Struct, frozen=True, gc=False, tag="transfer"):
    """A transfer was asked for, or has ended (RFC 5731, 3.1.3: `trnData`)."""

    domain: str
    transfer: TransferState


class ChangeNotice(msgspec.Struct, frozen=True, gc=False, tag="change"):
    """The registry, or time, did something to an object (RFC 8590): `operation` is the RFC's word (`update`,
    `autoRenew`, `autoDelete`, `autoPurge`, or `custom`, then `event` names it), `who` the operator or time, `before`
    and `after` the registration, `contact` a contact's state. `charged` is what an auto-renewal cost."""

    operation: str
    event: str
    at: datetime
    who: str
    reason: str | None = None
    before: Registration | None = None
    after: Registration | None = None
    contact: ContactState | None = None
    charged: Amount | None = None


class BalanceNotice(msgspec.Struct, frozen=True, gc=False, tag="balance"):
    """The balance fell below what the account calls low. `credit` is how far below zero it may go."""

    account: str
    balance: Amount
    low_balance: Amount
    credit: Amount


Notice: TypeAlias = TransferNotice | ChangeNotice | BalanceNotice


TRANSFER_TEXTS: Final = {
    TransferStatus.PENDING: "Transfer requested.",
    TransferStatus.CLIENT_APPROVED: "Transfer approved.",
    TransferStatus.CLIENT_REJECTED: "Transfer rejected.",
    TransferStatus.CLIENT_CANCELLED: "Transfer cancelled.",
    TransferStatus.SERVER_APPROVED: "Transfer approved by the registry: nobody answered in time.",
    TransferStatus.SERVER_CANCELLED: "Transfer cancelled by the registry.",
}

# fmt: off
BROUGHT_ABOUT: Final[dict[Act, tuple[MessageKind, str, str]]] = {
    # what time did:    (kind,                       RFC 8590 operation, text)
    Act.AUTO_RENEW:     (MessageKind.AUTO_RENEWED,   "autoRenew",  "Renewed automatically."),
    Act.EXPIRE:         (MessageKind.EXPIRED,        "custom",     "Expired. It can be renewed until it falls into redemption."),
    Act.LAPSE:          (MessageKind.REDEMPTION,     "autoDelete", "Deleted automatically. It can be restored until its redemption ends."),
    Act.END_RESTORE:    (MessageKind.RESTORE_ENDED,  "custom",     "No restore report came in time: in redemption again."),
    Act.END_REDEMPTION: (MessageKind.PENDING_DELETE, "custom",     "Redemption has ended: pending delete, and no longer restorable."),
    Act.RELEASE:        (MessageKind.RELEASED,       "autoPurge",  "Released."),
}
# fmt: on


def transfer_step(facts: Facts, domain: Domain) -> tuple[Message, ...]:
    """Both parties are told of a transfer's step. `domain` carries the transfer as it now is."""
    transfer, state = domain.transfer, transfer_state(facts, domain)
    assert transfer is not None
    assert state is not None
    notice = TransferNotice(domain.name, state)
    text = TRANSFER_TEXTS[transfer.status]
    return tuple(
        Message(party, MessageKind.TRANSFER, domain.name, text, notice)
        for party in dict.fromkeys((transfer.losing_id, transfer.gaining_id))
    )


def settled(facts: Facts, before: Domain, after: Domain, due: Due) -> tuple[Message, ...]:
    """What the sponsor is told of a due event; of a transfer that ended with it, both parties."""
    ended = before.transfer is not None and before.transfer.pending and after.transfer is not None
    told = transfer_step(facts, after) if ended and after.transfer and not after.transfer.pending else ()
    if due.act not in BROUGHT_ABOUT:
        return told
    kind, operation, text = BROUGHT_ABOUT[due.act]
    charged = None
    if due.act is Act.AUTO_RENEW and after.graces:
        grace = after.graces[-1]
        charged = Amount.of(Money(grace.amount, grace.currency))
    notice = ChangeNotice(operation, kind.value, due.at, BY_TIME, after=_shown(facts, after, due.at), charged=charged)
    return (*told, Message(before.registrar_id, kind, before.name, text, notice))


def changed_domain(facts: Facts, before: Domain, after: Domain, reason: str | None) -> tuple[Message, ...]:
    """The sponsor is told what the operator did to a name."""
    notice = ChangeNotice(
        "update",
        MessageKind.CHANGED.value,
        facts.now,
        BY_THE_OPERATOR,
        reason or None,
        _shown(facts, before),
        _shown(facts, after),
    )
    return (Message(after.registrar_id, MessageKind.CHANGED, after.name, "Changed by the registry.", notice),)


def locked(facts: Facts, name: Name, kind: RetainedKind, reason: str, *, lifted: bool) -> tuple[Message, ...]:
    """The sponsor of a name is told that an entry of the retained lists locks it, or does so no longer."""
    domain = facts.domain(name)
    if domain is None or not availability.MEANINGS[kind].locks:
        return ()
    shown = _shown(facts, domain)
    event = f"{kind.value}_lifted" if lifted else kind.value
    notice = ChangeNotice("custom", event, facts.now, BY_THE_OPERATOR, reason or None, shown, shown)
    text = f"No longer {kind.value}." if lifted else f"In force: {kind.value}. It can be renewed, and not be changed."
    return (Message(domain.registrar_id, MessageKind.CHANGED, name, text, notice),)


def changed_contact(facts: Facts, after: Contact, reason: str | None) -> tuple[Message, ...]:
    """The sponsor is told what the operator did to a contact."""
    state = contact_state(facts, after, linked=bool(facts.links_to_contact(after.id)))
    notice = ChangeNotice(
        "update", MessageKind.CHANGED.value, facts.now, BY_THE_OPERATOR, reason or None, contact=state
    )
    return (Message(after.registrar_id, MessageKind.CHANGED, after.handle, "Changed by the registry.", notice),)


def low_balance(facts: Facts, account: Account) -> tuple[Message, ...]:
    """All channels of an account are told that its balance has become low."""
    balance, low = Money(account.balance, account.currency), Money(account.low_balance, account.currency)
    credit = Amount.of(Money(account.credit, account.currency))
    notice = BalanceNotice(account.slug, Amount.of(balance), Amount.of(low), credit)
    text = f"The balance is {balance}, below {low}."
    return tuple(
        Message(r.id, MessageKind.LOW_BALANCE, None, text, notice)
        for r in facts.reference.registrars.values()
        if r.account_id == account.id
    )


def _shown(facts: Facts, domain: Domain, at: datetime | None = None) -> Registration:
    zone = facts.reference.zones_by_id[domain.zone_id]
    return without_people(registration(facts, domain, zone, at=at))
