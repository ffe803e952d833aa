"""Listings: the commands that read page by page, brought to the store. No transaction of the engine's, no locks.

Run through `Engine.read`: a listing is a function of a connection. What a page shows is rendered by the same code that
renders a command's answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
import structlog

from namestead import errors
from namestead.commands.answers import Amount, Registration, Sponsor, registration, with_hosts_under
from namestead.commands.domain.settle import LOGGED_AS, Settled
from namestead.commands.listings import (
    START,
    Balance,
    BalancePage,
    DomainsPage,
    ListDomains,
    ListPending,
    LogEvent,
    Movement,
    PendingCommand,
    PendingPage,
    Poll,
    PollPage,
    QueuedMessage,
    QueuePage,
    ReadMessage,
    Sort,
    Standing,
)
from namestead.commands.messages import Notice
from namestead.commands.protocol import Principal
from namestead.commands.table import BY_NAME
from namestead.engine.decide import read_kept
from namestead.errors import Refusal
from namestead.money import Money
from namestead.objects.account import Book
from namestead.objects.domain import Domain
from namestead.objects.facts import Facts, Reference
from namestead.objects.names import Name
from namestead.rules import lifecycle, sandbox
from namestead.store import listings as store
from namestead.store import load
from namestead.store.listings import BadCursor, Cursors
from namestead.store.load import Connection, ReferenceChanged, Wanted

log = structlog.get_logger("namestead.engine")

FROM_THE_FIRST = (0, 0)


async def reference(connection: Connection) -> Reference:
    """Zones, registrars and listings as of now."""
    return await load.reference(connection)


async def alive(connection: Connection) -> bool:
    """Whether the register can be read."""
    return (await store.now(connection)) is not None


async def run(connection: Connection, command: Any, by: Principal, known: Reference) -> Any:
    """One page of a listing. `known` is the reference data as last read; newer is read where it is needed."""
    match command:
        case ListDomains():
            return await domains(connection, command, by, known)
        case Balance():
            return await balance(connection, command, by)
        case Poll():
            return await poll(connection, command, by, known)
        case ListPending():
            return await pending(connection, command, by)
        case ReadMessage():
            return await messages(connection, command, by)
    raise AssertionError(f"{type(command).__name__} is no listing")


def _position(cursors: Cursors, cursor: str | None, *types: type) -> Any:
    """Where a page begins; None at the beginning. `invalid_cursor` for a cursor of something else."""
    if cursor is None:
        return None
    try:
        return cursors.read(cursor, *types)
    except BadCursor:
        raise Refusal(errors.INVALID_CURSOR, "cursor") from None


# ------------------------------------------------------------------------------------------------------------- domains


async def domains(connection: Connection, asked: ListDomains, by: Principal, known: Reference) -> DomainsPage:
    assert by.registrar_id is not None
    by_expiry = asked.sort in (Sort.EXPIRY, Sort.EXPIRY_DESCENDING)
    filters = (asked.q, asked.tld, asked.status, asked.lifecycle_state, asked.expires_before, asked.sort)
    cursors = Cursors("domains", by.id, *filters)
    types = (datetime, int) if by_expiry else (str,)
    after = _position(cursors, asked.cursor, *types)
    zone_id = None
    if asked.tld is not None:
        zone = known.zones.get(asked.tld) or (known := await reference(connection)).zones.get(asked.tld)
        if zone is None:
            raise Refusal(errors.ZONE_NOT_FOUND, "tld", asked.tld)
        zone_id = zone.id
    now = await store.now(connection)
    descending = asked.sort.startswith("-")
    stored = await store.domain_names(
        connection,
        by.registrar_id,
        now,
        q=asked.q,
        zone_id=zone_id,
        status=asked.status,
        phase=asked.lifecycle_state,
        expires_before=asked.expires_before,
        by_expiry=by_expiry,
        descending=descending,
        after=after,
        limit=asked.limit + 1,
    )
    found = [((r["expires_at"], r["id"]) if by_expiry else (r["name"],), Name(r["name"])) for r in stored]
    due = await store.due_domains(connection, by.registrar_id, now, q=asked.q, zone_id=zone_id)
    for n, domain in enumerate(due):
        if n % SLICE == SLICE - 1:
            await asyncio.sleep(0)  # a job that was dead for long leaves many: others get their turn in between
        read = lifecycle.as_of(domain, known.zones_by_id[domain.zone_id], now)
        place = (read.expires_at, read.id) if by_expiry else (read.name,)
        if _fits(read, asked, by.registrar_id, now) and (after is None or _beyond(place, after, descending)):
            found.append((place, read.name))
    found.sort(reverse=descending)
    page, more = found[: asked.limit], len(found) > asked.limit
    shown = await _registrations(connection, [name for _, name in page], by.registrar_id, known)
    return DomainsPage(shown, cursors.write(*page[-1][0]) if more else None)


SLICE = 200


def _fits(domain: Domain, asked: ListDomains, registrar_id: int, now: datetime) -> bool:
    """Whether a registration, as it reads now, is one that was asked for."""
    return (
        domain.registrar_id == registrar_id
        and domain.ended_at is None
        and (asked.lifecycle_state is None or lifecycle.phase_at(domain, now) == asked.lifecycle_state)
        and (asked.status is None or asked.status in lifecycle.statuses_at(domain, now))
        and (asked.expires_before is None or domain.expires_at < asked.expires_before)
    )


def _beyond(place: tuple[Any, ...], after: tuple[Any, ...], descending: bool) -> bool:
    return place < after if descending else place > after


async def _registrations(
    connection: Connection, names: list[Name], registrar_id: int, known: Reference
) -> tuple[Registration, ...]:
    """The sponsor's view of these names, in order; one that went elsewhere since it was found is left out."""
    facts = await _facts(connection, Wanted(domains=set(names), subordinates=set(names)), known)
    shown = []
    for name in names:
        stored = facts.domain(name)
        if stored is None:
            continue
        zone = facts.reference.zones_by_id[stored.zone_id]
        domain = lifecycle.as_of(stored, zone, facts.now)
        if domain.ended_at is None and domain.registrar_id == registrar_id:
            shown.append(with_hosts_under(facts, registration(facts, domain, zone)))
    return tuple(shown)


async def _facts(connection: Connection, wanted: Wanted, known: Reference) -> Facts:
    while True:
        try:
            return (await load.load(connection, wanted, known, lock=False)).facts
        except ReferenceChanged:
            known = await reference(connection)


# ------------------------------------------------------------------------------------------------------------- the log


async def poll(connection: Connection, asked: Poll, by: Principal, known: Reference) -> PollPage:
    assert by.registrar_id is not None
    filters = (asked.idempotency_key, asked.command, asked.status, asked.apply, asked.domain, asked.since)
    cursors = Cursors("poll", by.id, *filters)
    after = FROM_THE_FIRST if asked.cursor == START else _position(cursors, asked.cursor, int, int)
    rows, settled = await store.log_rows(
        connection,
        by.registrar_id,
        key=asked.idempotency_key,
        key_may_be_unheld=_may_be_unheld(asked.command),
        command=asked.command,
        status=asked.status,
        apply=asked.apply,
        domain=asked.domain,
        since=asked.since,
        after=after,
        limit=asked.limit,
    )
    if any(r["registrar_id"] is not None and r["registrar_id"] not in known.registrars for r in rows):
        known = await reference(connection)
    events = tuple([_event(r, by.registrar_id, known) for r in rows])
    # A page that is not full has read everything there is, so the next one may begin where nobody writes yet.
    full = len(rows) == asked.limit
    position = (rows[-1]["xact"], rows[-1]["id"]) if full else (settled, 0)
    return PollPage(events, cursors.write(*position))


def _may_be_unheld(command: str | None) -> bool:
    """Whether rows of this command may carry a key that they do not hold: queries and the sandbox reset."""
    row = BY_NAME.get(command) if command is not None else None
    return row is None or not row.transform or row.always


def _event(row: Mapping[str, Any], reader: int, known: Reference) -> LogEvent:
    registrar = known.registrars.get(row["registrar_id"] or 0)
    own = row["registrar_id"] == reader
    return LogEvent(
        f"log_{row['id']}",
        Sponsor(registrar.channel_id, registrar.slug) if registrar is not None else None,
        row["surface"],
        row["command"],
        row["domain"],
        row["status"],
        row["apply"],
        row["error"],
        row["idempotency_key"] if own else None,
        row["client_transaction_id"] if own else None,
        row["request_id"] if own else None,
        msgspec.json.decode(row["request"]),
        _response_summary(row["command"], row["result"]),
        row["occurred_at"],
    )


_BY_TIME = frozenset(LOGGED_AS.values())


def _response_summary(command: str, result: str | None) -> dict[str, Any] | None:
    """The safe part of a stored answer, by its own type's word."""
    if result is None:
        return None
    row = BY_NAME.get(command)
    kind = Settled if command in _BY_TIME else row.result if row is not None else None
    if kind is None or not hasattr(kind, "summary"):
        return {}
    try:
        summary: dict[str, Any] = msgspec.json.decode(read_kept(result).result, type=kind).summary()
    except msgspec.DecodeError:
        log.warning("a stored answer is of a form this version does not know", command=command)
        return {}
    return summary


async def pending(connection: Connection, asked: ListPending, by: Principal) -> PendingPage:
    assert by.registrar_id is not None
    cursors = Cursors("pending", by.id, asked.command, asked.domain)
    after = _position(cursors, asked.cursor, int, int) or FROM_THE_FIRST
    rows = await store.pending_rows(
        connection,
        by.registrar_id,
        command=asked.command,
        domain=asked.domain,
        after=(after[0], after[1]),
        limit=asked.limit + 1,
    )
    page, more = rows[: asked.limit], len(rows) > asked.limit
    shown = tuple(
        [
            PendingCommand(
                f"log_{r['id']}",
                r["command"],
                r["domain"],
                r["apply"],
                r["occurred_at"],
                r["attempts"],
                r["last_error"],
            )
            for r in page
        ]
    )
    return PendingPage(shown, cursors.write(page[-1]["xact"], page[-1]["id"]) if more else None)


# ------------------------------------------------------------------------------------------------------------ messages


async def messages(connection: Connection, asked: ReadMessage, by: Principal) -> QueuePage:
    """The oldest messages that wait for a channel, and how many there are."""
    assert by.registrar_id is not None
    rows = await store.messages(connection, by.registrar_id, asked.limit)
    count, _ = (await store.queues(connection, [by.registrar_id]))[by.registrar_id]
    shown = [
        QueuedMessage(
            str(r["id"]),
            r["queued_at"],
            f"log_{r['log_id']}",
            r["kind"],
            r["object"],
            r["text"],
            _read_notice(r["data"]),
        )
        for r in rows
    ]
    return QueuePage(max(count, len(shown)), tuple(shown))


_read_notice = msgspec.json.Decoder(Notice).decode


# --------------------------------------------------------------------------------------------------------------- money


async def balance(connection: Connection, asked: Balance, by: Principal) -> BalancePage:
    assert by.account_id is not None
    cursors = Cursors("balance", by.id, asked.since)
    after = (0, 0, -1) if asked.cursor == START else _position(cursors, asked.cursor, int, int, int)
    rows, settled = await store.posting_rows(
        connection, by.account_id, since=asked.since, after=after, limit=asked.limit
    )
    account = await store.account(connection, by.account_id)
    assert account is not None
    full = len(rows) == asked.limit
    position = (rows[-1]["xact"], rows[-1]["log_id"], rows[-1]["n"]) if full else (settled, 0, -1)
    currency = account["currency"]
    return BalancePage(
        Amount.of(Money(account["balance"], currency)),
        Amount.of(Money(account["held"], currency)),
        Amount.of(Money(account["credit"], currency)),
        Amount.of(Money(account["balance"] + account["credit"], currency)),
        tuple([_movement(r, by.account_id) for r in rows]),
        cursors.write(*position),
    )


# fmt: off
_KINDS: dict[tuple[str | None, str | None], str] = {
    # (the account's book that gave, the account's book that got)
    ("balance", None): "charge",
    (None, "balance"): "credit",
    ("balance", "held"): "hold",
    ("held", "balance"): "release",
    ("held", None): "capture",
    (None, "held"): "credit",
}
# fmt: on


def _movement(row: Mapping[str, Any], account_id: int) -> Movement:
    gave = row["debit_book"] if row["debit"] == account_id else None
    got = row["credit_book"] if row["credit"] == account_id else None
    changes = {Book.BALANCE.value: 0, Book.HELD.value: 0}
    if gave is not None:
        changes[gave] -= row["amount"]
    if got is not None:
        changes[got] += row["amount"]
    return Movement(
        f"log_{row['log_id']}",
        row["occurred_at"],
        _KINDS[gave, got],
        row["reason"],
        row["subject"],
        Amount.of(Money(changes["balance"], row["currency"])),
        Amount.of(Money(changes["held"], row["currency"])),
    )


# ------------------------------------------------------------------------------------------------------------ standing


async def standing(connection: Connection, by: Principal) -> Standing:
    """What the register knows of a caller: always fresh, since whoever asks wants to see what was just changed."""
    known = await reference(connection)
    registrar = known.registrars.get(by.registrar_id or 0)
    money = None
    account_id = registrar.account_id if registrar is not None else by.account_id
    if account_id is not None:
        row = await store.account(connection, account_id)
        money = Amount.of(Money(row["balance"], row["currency"])) if row is not None else None
    fixtures: dict[str, tuple[str, ...]] = {}
    if registrar is not None:
        listed = [known.zones_by_id[zone_id] for channel, zone_id in known.listings if channel == registrar.id]
        wanted = {zone.name: [sandbox.name_of(label, zone) for label in sandbox.REGISTERED] for zone in listed}
        there = set(await store.fixtures(connection, registrar.id, [n for names in wanted.values() for n in names]))
        fixtures = {tld: tuple([n for n in names if n in there]) for tld, names in wanted.items()}
    return Standing(known, money, fixtures)
