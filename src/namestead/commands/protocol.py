"""What a command is: what it needs to know, what it decides, and what it leaves behind.

A command is a frozen dataclass. It never does I/O, never reads a clock and never sees the door it came through except
as a word in its context; the engine does everything around it (see `docs/engine.md`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Generic, Protocol, TypeVar

from msgspec import Struct

from namestead.objects.account import Posting
from namestead.objects.contact import Erasure
from namestead.objects.domain import ApplyState
from namestead.objects.facts import Changed, Facts, Reference
from namestead.objects.log import Event, Surface
from namestead.objects.message import Message
from namestead.objects.names import Name
from namestead.objects.registrar import Registrar

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Needs(Struct, frozen=True, gc=False):
    """The part of the register a command asks about, and may change.

    `domains`, `hosts` (by name) and `contacts` (by handle) are locked, whether they exist or not; with a domain come
    its sponsor's account, the account of a gaining registrar, its hosts and contacts. The principal's own account is
    always there. The relations below are resolved by the store and their rows locked too:

    `subordinates`   hosts that lie under these domains, with who is delegated to them
    `linked_hosts`   which domains are delegated to these hosts
    `linked_contacts` which domains name these contacts
    `messages`       poll messages to be acknowledged, with how many wait for the caller
    `failed_auth`    how often a wrong authInfo was given for these names in the last hour

    `epp_access` are registrars' ids, `certificates` fingerprints of client certificates, whoever they are bound to.

    `reference` is true for a command that changes a zone, a registrar or a listing; it then runs with no other batch
    beside it.
    """

    domains: tuple[Name, ...] = ()
    retained: tuple[Name, ...] = ()
    hosts: tuple[Name, ...] = ()
    contacts: tuple[str, ...] = ()
    accounts: tuple[int, ...] = ()
    subordinates: tuple[Name, ...] = ()
    linked_hosts: tuple[Name, ...] = ()
    linked_contacts: tuple[str, ...] = ()
    failed_auth: tuple[Name, ...] = ()
    keys: tuple[str, ...] = ()
    account_slugs: tuple[str, ...] = ()
    epp_access: tuple[int, ...] = ()
    certificates: tuple[bytes, ...] = ()
    messages: tuple[int, ...] = ()
    reference: bool = False


class Principal(Struct, frozen=True, gc=False):
    """Who calls. `actor` is the word the log keeps: a key's public id, an operator's address, a job's name.

    `id` is what idempotency keys and queues belong to: the registrar channel, else the account.
    """

    actor: str
    account_id: int | None = None
    registrar_id: int | None = None
    scopes: frozenset[str] = frozenset()
    operator: bool = False

    @property
    def id(self) -> int:
        return self.registrar_id or self.account_id or 0


class Ids:
    """Object ids for one submission: taken once, given again in the same order when its batch is run again."""

    __slots__ = ("_next", "_source", "_taken")

    def __init__(self, source: Callable[[], int]) -> None:
        self._source = source
        self._taken: list[int] = []
        self._next = 0

    def take(self) -> int:
        if self._next == len(self._taken):
            self._taken.append(self._source())
        self._next += 1
        return self._taken[self._next - 1]

    def rewind(self) -> None:
        self._next = 0


class Context(Struct, frozen=True, gc=False):
    """By whom, through which door, and with which ids a command is decided."""

    principal: Principal
    registrar: Registrar | None
    surface: Surface
    sandbox: bool
    ids: Ids

    @property
    def channel(self) -> Registrar:
        """The registrar channel; the gates have made sure there is one for registrar commands."""
        assert self.registrar is not None
        return self.registrar


class Outcome(Struct, Generic[R_co], frozen=True, gc=False):
    """What a command decided. `pending` says that work is left for the other party; `apply` for a backend.

    `messages` are what registrars find in their queue (RFC 5730, 2.9.2.3), written with what they tell.

    `counterpart_id` is a second registrar who has to know: the log row appears in its poll as well. `erasures` blank
    personal data in what was written before; `clock` moves registry time forward (both: operator's commands alone).
    """

    result: R_co
    changes: tuple[Changed, ...] = ()
    postings: tuple[Posting, ...] = ()
    events: tuple[Event, ...] = ()
    messages: tuple[Message, ...] = ()
    pending: bool = False
    apply: ApplyState = ApplyState.NONE
    counterpart_id: int | None = None
    erasures: tuple[Erasure, ...] = ()
    clock: timedelta | None = None


class Command(Protocol[R_co]):
    """What the engine runs. `subject` is the name the log row stands under; `summary` what of the request may be
    shown in a log for ever: no secret, no personal data."""

    @property
    def subject(self) -> str | None: ...

    def needs(self, reference: Reference, by: Principal) -> Needs: ...

    def decide(self, facts: Facts, by: Context) -> Outcome[R_co]: ...

    def summary(self) -> dict[str, Any]: ...


AnyCommand = Command[Any]


class Answer(Struct, Generic[R], frozen=True, gc=False):
    """What the caller of a command gets. `audit_id` is the log row's id; `idempotent` that it was answered before.

    `charged` is what this command took from the caller's balance, in minor units of its currency: a price, or what a
    transfer holds; below zero what it paid back. `credit` is how far below zero the balance may go."""

    result: R
    audit_id: int | None
    status: str
    sandbox: bool
    idempotent: bool = False
    balance: tuple[int, str] | None = None
    charged: int = 0
    credit: int | None = None
