"""What a registrar reads page by page: its names, its balance, its log, what waits for a backend, and its own standing.

Listings change nothing and are decided by nobody: the engine runs them straight on the store (`engine/listings.py`).
A cursor is what the page before gave; how it is made and checked is the store's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from namestead.commands.answers import Amount, Registration, Sponsor
from namestead.commands.messages import Notice
from namestead.objects.facts import Reference
from namestead.objects.names import Name

MOST_ROWS = 500
USUAL_ROWS = 100
START = "start"
"""In place of a cursor: from the oldest row that is kept. Without a cursor the log is read from its newest rows."""


class Sort(StrEnum):
    NAME = "name"
    NAME_DESCENDING = "-name"
    EXPIRY = "expires_at"
    EXPIRY_DESCENDING = "-expires_at"


@dataclass(frozen=True, slots=True)
class ListDomains:
    """The channel's live names. `q` is a part of the name; `status` an EPP status, shown or computed."""

    q: str | None = None
    tld: Name | None = None
    status: str | None = None
    lifecycle_state: str | None = None
    expires_before: datetime | None = None
    sort: Sort = Sort.NAME
    limit: int = USUAL_ROWS
    cursor: str | None = None

    subject = None


@dataclass(frozen=True, slots=True)
class Balance:
    """The account's balance, what is set aside, and the movements of its money."""

    since: datetime | None = None
    limit: int = USUAL_ROWS
    cursor: str | None = None

    subject = None


@dataclass(frozen=True, slots=True)
class Poll:
    """The channel's log. Without a cursor the newest rows, oldest first; with one, what came after it."""

    idempotency_key: str | None = None
    command: str | None = None
    status: str | None = None
    apply: str | None = None
    domain: Name | None = None
    since: datetime | None = None
    limit: int = USUAL_ROWS
    cursor: str | None = None

    subject = None


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """The channel's message queue: the oldest that wait, oldest first, and how many there are. They wait until they are
    acknowledged."""

    limit: int = 1

    subject = None


@dataclass(frozen=True, slots=True)
class ListPending:
    """The channel's commands that a backend has still to carry out, oldest first."""

    command: str | None = None
    domain: Name | None = None
    limit: int = USUAL_ROWS
    cursor: str | None = None

    subject = None


@dataclass(frozen=True, slots=True)
class Status:
    """What this very key can do now, and what it lacks."""

    subject = None


class DomainsPage(msgspec.Struct, frozen=True, gc=False):
    domains: tuple[Registration, ...]
    next_cursor: str | None


class Movement(msgspec.Struct, frozen=True, gc=False):
    """One movement of the account's money. The two changes are signed: a hold takes from the balance what it adds to
    what is held."""

    audit_id: str
    occurred_at: datetime
    kind: str
    reason: str
    domain: str | None
    balance_change: Amount
    held_change: Amount


class BalancePage(msgspec.Struct, frozen=True, gc=False):
    """`available` is what a command may spend now: the balance and the credit together."""

    balance: Amount
    holds: Amount
    credit: Amount
    available: Amount
    postings: tuple[Movement, ...]
    next_cursor: str


class LogEvent(msgspec.Struct, frozen=True, gc=False):
    """One row of the log. The summaries are safe to keep: no secret and no personal data."""

    audit_id: str
    registrar: Sponsor | None
    surface: str
    command: str
    domain: str | None
    status: str
    apply: str
    error: str | None
    idempotency_key: str | None
    client_transaction_id: str | None
    request_id: str | None
    request_summary: dict[str, Any]
    response_summary: dict[str, Any] | None
    occurred_at: datetime


class PollPage(msgspec.Struct, frozen=True, gc=False):
    events: tuple[LogEvent, ...]
    next_cursor: str


class QueuedMessage(msgspec.Struct, frozen=True, gc=False):
    """One message. `object` is a domain's name or a contact's id; `audit_id` the log row that wrote it."""

    id: str
    queued_at: datetime
    audit_id: str
    kind: str
    object: str | None
    text: str
    data: Notice


class QueuePage(msgspec.Struct, frozen=True, gc=False):
    """`count` is exact up to `objects.message.MOST_COUNTED`; a longer queue is told as one more."""

    count: int
    messages: tuple[QueuedMessage, ...]


class PendingCommand(msgspec.Struct, frozen=True, gc=False):
    audit_id: str
    command: str
    domain: str | None
    state: str
    queued_at: datetime
    attempts: int
    last_error: str | None


class PendingPage(msgspec.Struct, frozen=True, gc=False):
    pending: tuple[PendingCommand, ...]
    next_cursor: str | None


class Standing(msgspec.Struct, frozen=True, gc=False):
    """What only the register knows of a caller's standing, fresh. `fixtures` are the sandbox names it has, by zone."""

    reference: Reference
    balance: Amount | None
    fixtures: dict[str, tuple[str, ...]]
