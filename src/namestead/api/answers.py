"""What this API answers, in the contract's words: one envelope a kind of command.

The registrations inside are the commands' own (`commands/answers.py`); here only what stands around them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, TypeAlias

import msgspec

from namestead.commands.answers import Amount, NameserverApply, Registration, TransferState
from namestead.commands.contact.answers import ContactShown
from namestead.commands.contact.check import ContactChecked
from namestead.commands.domain.check import CheckPrice, CheckResult, CheckResults, FeeQuote
from namestead.commands.domain.delete import Deleted
from namestead.commands.domain.records import RecordSet, RecordSets
from namestead.commands.domain.transfer import Transferred
from namestead.commands.host.answers import HostState
from namestead.commands.host.check import HostChecked
from namestead.commands.listings import (
    BalancePage,
    DomainsPage,
    LogEvent,
    Movement,
    PendingCommand,
    PendingPage,
    PollPage,
    QueuedMessage,
    QueuePage,
)
from namestead.commands.messages import ContactState
from namestead.commands.protocol import Answer
from namestead.commands.sandbox.reset import Fixture, SandboxReset
from namestead.money import Money

Visible: TypeAlias = Annotated[
    Any,
    msgspec.Meta(
        description="The whole object for its sponsor, the public part for others.",
        extra_json_schema={
            "anyOf": [
                {"$ref": "#/components/schemas/Registration"},
                {"$ref": "#/components/schemas/PublicRegistration"},
            ]
        },
    ),
]
"""`Registration | PublicRegistration`: a union that only ever is written, never read."""


class Done(msgspec.Struct, frozen=True, gc=False):
    """What every answer to a mutation begins with."""

    request_id: str
    command: str
    status: str
    audit_id: str
    idempotent: bool
    sandbox: bool


class Changed(Done, frozen=True, gc=False):
    """A command that changed a registration, or in the sandbox would have. `status` is `success`, `pending` when work
    is left for a backend or the other party, or `sandbox`."""

    domain: str
    registration: Visible
    balance: Amount | None


class Removed(Done, frozen=True, gc=False):
    """A delete. `outcome` says which: `cancelled` at once, inside the add grace, or `redemption`."""

    domain: str
    outcome: str
    refund: Amount
    redemption_until: datetime | None
    release_at: datetime | None
    registration: Registration
    balance: Amount | None


class Moved(Done, frozen=True, gc=False):
    """A transfer. `registration` is the whole object for its sponsor and the public part for the other party."""

    domain: str
    transfer: TransferState
    registration: Visible
    balance: Amount | None


class RecordsChanged(Done, frozen=True, gc=False):
    domain: str
    unicode_name: str
    records: tuple[RecordSet, ...]
    apply: NameserverApply
    balance: Amount | None


class Reset(Done, frozen=True, gc=False):
    """`key_epoch` counts the channel's resets: keys of sandbox and test-zone commands are fresh in each."""

    tld: str
    fixtures: tuple[Fixture, ...]
    key_epoch: int


class HostChanged(Done, frozen=True, gc=False):
    host: HostState


class ContactChanged(Done, frozen=True, gc=False):
    """The contact without its personal data, as the log keeps it."""

    contact: ContactState


class MessageAcknowledged(Done, frozen=True, gc=False):
    """`count` is how many messages still wait."""

    id: str
    count: int


class HostsAnswered(msgspec.Struct, frozen=True, gc=False):
    """In the order asked."""

    request_id: str
    results: tuple[HostChecked, ...]


class HostAnswered(msgspec.Struct, frozen=True, gc=False):
    request_id: str
    host: HostState


class ContactsAnswered(msgspec.Struct, frozen=True, gc=False):
    """In the order asked."""

    request_id: str
    results: tuple[ContactChecked, ...]


class ContactAnswered(msgspec.Struct, frozen=True, gc=False):
    request_id: str
    contact: ContactShown


class Messages(msgspec.Struct, frozen=True, gc=False):
    """The oldest messages that wait, oldest first; `count` is how many there are in all."""

    request_id: str
    count: int
    messages: tuple[QueuedMessage, ...]


class Shown(msgspec.Struct, frozen=True, gc=False):
    request_id: str
    domain: str
    registration: Visible


class Records(msgspec.Struct, frozen=True, gc=False):
    request_id: str
    domain: str
    unicode_name: str
    records: tuple[RecordSet, ...]
    apply: NameserverApply


class Checked(msgspec.Struct, frozen=True, gc=False):
    """One name was asked about."""

    request_id: str
    domain: str
    unicode_name: str
    available: bool
    reason: str | None
    claim_required: bool
    premium: bool
    price: CheckPrice | None
    lifecycle_state: str | None
    release_at: datetime | None
    detail: str | None
    fees: tuple[FeeQuote, ...]


class CheckedAll(msgspec.Struct, frozen=True, gc=False):
    """A list was asked about; the results stand in its order."""

    request_id: str
    results: tuple[CheckResult, ...]


class Domains(msgspec.Struct, frozen=True, gc=False):
    request_id: str
    domains: tuple[Registration, ...]
    next_cursor: str | None


class Balance(msgspec.Struct, frozen=True, gc=False):
    """`available` is what a command may spend now. The newest postings without a cursor, oldest first."""

    request_id: str
    balance: Amount
    holds: Amount
    credit: Amount
    available: Amount
    postings: tuple[Movement, ...]
    next_cursor: str


class Events(msgspec.Struct, frozen=True, gc=False):
    """`next_cursor` is always there: poll again with it for what comes next."""

    request_id: str
    events: tuple[LogEvent, ...]
    next_cursor: str


class Pending(msgspec.Struct, frozen=True, gc=False):
    request_id: str
    pending: tuple[PendingCommand, ...]
    next_cursor: str | None


def _done(command: str, request_id: str, answer: Answer[Any]) -> tuple[str, str, str, str, bool, bool]:
    """The fields of `Done`, in their order."""
    return request_id, command, answer.status, f"log_{answer.audit_id}", answer.idempotent, answer.sandbox


def _balance(answer: Answer[Any]) -> Amount | None:
    return None if answer.balance is None else Amount.of(Money(*answer.balance))


def changed(command: str, request_id: str, answer: Answer[Any]) -> Changed:
    shown: Registration = answer.result
    return Changed(
        *_done(command, request_id, answer),
        shown.domain,
        shown,
        _balance(answer),
    )


def removed(command: str, request_id: str, answer: Answer[Any]) -> Removed:
    result: Deleted = answer.result
    shown = result.registration
    return Removed(
        *_done(command, request_id, answer),
        shown.domain,
        shown.lifecycle_state,
        result.refund,
        shown.redemption_until,
        shown.release_at,
        shown,
        _balance(answer),
    )


def moved(command: str, request_id: str, answer: Answer[Any]) -> Moved:
    result: Transferred = answer.result
    shown = result.registration
    return Moved(
        *_done(command, request_id, answer),
        shown.domain,
        result.transfer,
        shown,
        _balance(answer),
    )


def records_changed(command: str, request_id: str, answer: Answer[Any]) -> RecordsChanged:
    result: RecordSets = answer.result
    return RecordsChanged(
        *_done(command, request_id, answer),
        result.domain,
        result.unicode_name,
        result.records,
        result.apply,
        _balance(answer),
    )


def reset(command: str, request_id: str, answer: Answer[Any]) -> Reset:
    result: SandboxReset = answer.result
    return Reset(
        *_done(command, request_id, answer),
        result.tld,
        result.fixtures,
        result.epoch,
    )


def host_changed(command: str, request_id: str, answer: Answer[Any]) -> HostChanged:
    return HostChanged(*_done(command, request_id, answer), answer.result)


def contact_changed(command: str, request_id: str, answer: Answer[Any]) -> ContactChanged:
    return ContactChanged(*_done(command, request_id, answer), answer.result)


def acknowledged(command: str, request_id: str, answer: Answer[Any]) -> MessageAcknowledged:
    return MessageAcknowledged(*_done(command, request_id, answer), answer.result.id, answer.result.count)


def hosts_checked(command: str, request_id: str, answer: Answer[Any]) -> HostsAnswered:
    return HostsAnswered(request_id, answer.result.results)


def host_shown(command: str, request_id: str, answer: Answer[Any]) -> HostAnswered:
    return HostAnswered(request_id, answer.result)


def contacts_checked(command: str, request_id: str, answer: Answer[Any]) -> ContactsAnswered:
    return ContactsAnswered(request_id, answer.result.results)


def contact_shown(command: str, request_id: str, answer: Answer[Any]) -> ContactAnswered:
    return ContactAnswered(request_id, answer.result)


def messages(request_id: str, page: QueuePage) -> Messages:
    return Messages(request_id, page.count, page.messages)


def shown(command: str, request_id: str, answer: Answer[Any]) -> Shown:
    return Shown(request_id, answer.result.domain, answer.result)


def records(command: str, request_id: str, answer: Answer[Any]) -> Records:
    result: RecordSets = answer.result
    return Records(request_id, result.domain, result.unicode_name, result.records, result.apply)


def checked(command: str, request_id: str, answer: Answer[Any]) -> Checked:
    [r] = answer.result.results
    return Checked(
        request_id,
        r.domain,
        r.unicode_name,
        r.available,
        r.reason,
        r.claim_required,
        r.premium,
        r.price,
        r.lifecycle_state,
        r.release_at,
        r.detail,
        r.fees,
    )


def checked_all(command: str, request_id: str, answer: Answer[Any]) -> CheckedAll:
    results: CheckResults = answer.result
    return CheckedAll(request_id, results.results)


def domains(request_id: str, page: DomainsPage) -> Domains:
    return Domains(request_id, page.domains, page.next_cursor)


def balance(request_id: str, page: BalancePage) -> Balance:
    return Balance(request_id, page.balance, page.holds, page.credit, page.available, page.postings, page.next_cursor)


def events(request_id: str, page: PollPage) -> Events:
    return Events(request_id, page.events, page.next_cursor)


def pending(request_id: str, page: PendingPage) -> Pending:
    return Pending(request_id, page.pending, page.next_cursor)
