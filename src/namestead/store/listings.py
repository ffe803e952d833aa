"""Listings: what is read page by page, by keyset, never by offset. SQL and cursors; no decisions.

Rows of growing tables commit out of id order when several processes write. A cursor over them therefore stands at
(xact, id), and reads only rows of transactions that no open one can still precede: `xact < pg_snapshot_xmin(...)`.
A row that commits later than one with a higher id is then still behind the cursor's reader, and nobody skips it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from namestead.objects.domain import Domain
from namestead.objects.message import MOST_COUNTED
from namestead.store import rows
from namestead.store.load import Connection

Row = Mapping[str, Any]


class BadCursor(ValueError):
    """The cursor was not made by this listing, or with other filters."""


class Cursors:
    """Cursors of one listing, for one caller and one set of filters.

    A cursor is a position and a digest of what it belongs to. It is not a secret, since a caller's listing shows its own
    rows only, wherever it starts; the digest keeps it from being used for another listing, or after a typing error.
    """

    def __init__(self, listing: str, *belongs_to: Any) -> None:
        self._belongs_to = msgspec.json.encode((listing, belongs_to))

    def write(self, *position: Any) -> str:
        body = msgspec.json.encode(position)
        return base64.urlsafe_b64encode(self._digest(body) + body).rstrip(b"=").decode()

    def read(self, cursor: str, *types: type) -> tuple[Any, ...]:
        """The position; `BadCursor` for anything this did not write."""
        try:
            raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            digest, body = raw[:_DIGEST], raw[_DIGEST:]
            if digest != self._digest(body):
                raise BadCursor
            position: tuple[Any, ...] = msgspec.json.decode(body, type=tuple[types])  # type: ignore[valid-type]
        except (ValueError, UnicodeError) as problem:
            raise BadCursor from problem
        return position

    def _digest(self, body: bytes) -> bytes:
        return hashlib.sha256(self._belongs_to + b"\0" + body).digest()[:_DIGEST]


_DIGEST = 9

NOW = "SELECT clock_timestamp() + clock_offset FROM registry"

# The oldest transaction that may still write: rows of it and of all later ones are not read yet.
SETTLED = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


async def now(connection: Connection) -> datetime:
    """Registry time."""
    instant: datetime = await connection.fetchval(NOW)
    return instant


# ------------------------------------------------------------------------------------------------------------- domains

# What is stored reads as it stands while nothing is due: then `noted` is the phase, and `expires_at` the expiry. Names for
# which something is due, and not written down yet, are few; what they are now is for rules/lifecycle to say.
NOTHING_DUE = "(d.next_due IS NULL OR d.next_due > $2::timestamptz)"
HAS_HOSTS = "EXISTS (SELECT FROM delegation l WHERE l.domain_id = d.id)"
FALLING = "('redemption', 'pending_restore', 'pending_delete')"

SHOWN_STATUSES = {
    "pendingTransfer": "d.gaining_id IS NOT NULL",
    "pendingDelete": f"d.noted IN {FALLING}",
    "inactive": f"NOT {HAS_HOSTS}",
    "ok": f"(d.statuses = '{{}}' AND d.gaining_id IS NULL AND {HAS_HOSTS} AND d.noted NOT IN {FALLING})",
}
"""EPP statuses that are not stored, as rules/lifecycle.statuses_at has them where nothing is due."""

HIDDEN_WHILE_FALLING = ("clientDeleteProhibited", "serverDeleteProhibited")


async def domain_names(
    connection: Connection,
    registrar_id: int,
    instant: datetime,
    *,
    q: str | None,
    zone_id: int | None,
    status: str | None,
    phase: str | None,
    expires_before: datetime | None,
    by_expiry: bool,
    descending: bool,
    after: tuple[Any, ...] | None,
    limit: int,
) -> Sequence[Row]:
    """Names of a registrar's live registrations for which nothing is due at `instant`, in order, `limit` at most.
    `after` is the last row's (name,) or (expiry, id)."""
    arguments: list[Any] = [registrar_id, instant, limit]

    def argument(value: Any) -> str:
        arguments.append(value)
        return f"${len(arguments)}"

    where = ["d.registrar_id = $1", "d.ended_at IS NULL", NOTHING_DUE]
    if q is not None:
        where.append(f"strpos(d.name, {argument(q)}) > 0")
    if zone_id is not None:
        where.append(f"d.zone_id = {argument(zone_id)}")
    if status is not None:
        where.append(SHOWN_STATUSES.get(status) or f"d.statuses @> ARRAY[{argument(status)}::text]")
        if status in HIDDEN_WHILE_FALLING:
            where.append(f"d.noted NOT IN {FALLING}")
    if phase is not None:
        where.append(f"d.noted = {argument(phase)}")
    if expires_before is not None:
        where.append(f"d.expires_at < {argument(expires_before)}")
    direction, beyond = ("DESC", "<") if descending else ("ASC", ">")
    if by_expiry:
        order = f"d.expires_at {direction}, d.id {direction}"
        if after is not None:
            where.append(
                f"(d.expires_at, d.id) {beyond} ({argument(after[0])}::timestamptz, {argument(after[1])}::bigint)"
            )
    else:
        order = f"d.name {direction}"
        if after is not None:
            where.append(f"d.name {beyond} {argument(after[0])}")
    query = f"SELECT d.id, d.name, d.expires_at FROM domain d WHERE {' AND '.join(where)} ORDER BY {order} LIMIT $3"
    return await connection.fetch(query, *arguments)


# Registrations that something is due for, of a registrar or on their way to it.
DUE = f"""
SELECT d.*, {HAS_HOSTS} AS has_hosts
  FROM domain d
 WHERE d.next_due <= $2 AND d.ended_at IS NULL AND (d.registrar_id = $1 OR d.gaining_id = $1)
   AND ($3::bigint IS NULL OR d.zone_id = $3) AND ($4::text IS NULL OR strpos(d.name, $4) > 0)
"""


async def due_domains(
    connection: Connection, registrar_id: int, instant: datetime, *, q: str | None, zone_id: int | None
) -> list[Domain]:
    """What is stored of registrations for which something is due. Their hosts are only told from none."""
    found = await connection.fetch(DUE, registrar_id, instant, zone_id, q)
    return [rows.domain_of(r, (0,) if r["has_hosts"] else (), ()) for r in found]


# ------------------------------------------------------------------------------------------------------------- the log

LOG_COLUMNS = (
    "id, xact::text::bigint AS xact, occurred_at, surface, command, registrar_id, counterpart_id, domain, status, apply, error, "
    "idempotency_key, client_transaction_id, request_id, request, result"
)

# Rows a key led to. A success holds its key in idempotency_key; whatever failed, was replayed or only asked does not.
BY_KEY = """
SELECT log_id AS id, occurred_at FROM idempotency_key WHERE principal = {registrar} AND key = {key}
UNION
SELECT id, occurred_at FROM command_log
 WHERE registrar_id = {registrar} AND idempotency_key = {key} AND status IN ('failed', 'replayed')
"""
# Queries with a key, and sandbox resets, are logged as successes and hold no key: found among the channel's own rows.
BY_KEY_WITHOUT_HOLDING = """
UNION
SELECT id, occurred_at FROM command_log
 WHERE registrar_id = {registrar} AND idempotency_key = {key} AND (result IS NULL OR command = 'reset_sandbox')
"""


async def log_rows(
    connection: Connection,
    registrar_id: int,
    *,
    key: str | None,
    key_may_be_unheld: bool,
    command: str | None,
    status: str | None,
    apply: str | None,
    domain: str | None,
    since: datetime | None,
    after: tuple[int, int] | None,
    limit: int,
) -> tuple[Sequence[Row], int]:
    """A channel's rows of the log, and those in which it is the counterpart, oldest first; and the transaction before
    which everything has been read. Without `after` the newest rows."""
    settled: int = await connection.fetchval(SETTLED)
    arguments: list[Any] = [registrar_id, str(settled), limit]

    def argument(value: Any) -> str:
        arguments.append(value)
        return f"${len(arguments)}"

    where = ["xact < $2::text::xid8"]
    direction = "ASC"
    if after is None:
        direction = "DESC"
    else:
        where.append(f"(xact, id) > ({argument(str(after[0]))}::text::xid8, {argument(after[1])}::bigint)")
    for column, value in (("command", command), ("status", status), ("apply", apply), ("domain", domain)):
        if value is not None:
            where.append(f"{column} = {argument(value)}")
    if since is not None:
        where.append(f"occurred_at >= {argument(since)}")
    if key is not None:
        of_key = (BY_KEY + (BY_KEY_WITHOUT_HOLDING if key_may_be_unheld else "")).format(
            registrar="$1", key=argument(key)
        )
        where.append(f"(id, occurred_at) IN ({of_key})")
    rest = " AND ".join(where)
    order = f"ORDER BY xact {direction}, id {direction} LIMIT $3"
    own = f"SELECT {LOG_COLUMNS} FROM command_log WHERE registrar_id = $1 AND {rest} {order.replace('xact', 'command_log.xact')}"
    query = own
    if key is None:
        # A key is its owner's: the other party is not found by it, and does not see it.
        other = (
            f"SELECT {LOG_COLUMNS} FROM command_log WHERE counterpart_id = $1 AND registrar_id IS DISTINCT FROM $1 "
            f"AND {rest} {order.replace('xact', 'command_log.xact')}"
        )
        query = f"({own}) UNION ALL ({other}) {order}"
    found = await connection.fetch(query, *arguments)
    return (found if after is not None else found[::-1]), settled


PENDING = """
SELECT l.id, l.xact::text::bigint AS xact, l.command, l.domain, l.apply, l.occurred_at,
       coalesce(o.attempts, 0) AS attempts, o.last_error
  FROM command_log l
  LEFT JOIN LATERAL (
       SELECT max(attempts) AS attempts, (array_agg(last_error ORDER BY n DESC) FILTER (WHERE last_error IS NOT NULL))[1] AS last_error
         FROM outbox WHERE log_id = l.id AND queued_at = l.occurred_at) o ON true
 WHERE l.registrar_id = $1 AND l.apply IN ('pending', 'failed')
   AND ($2::text IS NULL OR l.command = $2) AND ($3::text IS NULL OR l.domain = $3)
   AND (l.xact, l.id) > ($4::text::xid8, $5::bigint)
   AND l.xact < pg_snapshot_xmin(pg_current_snapshot())
 ORDER BY l.xact, l.id
 LIMIT $6
"""


async def pending_rows(
    connection: Connection,
    registrar_id: int,
    *,
    command: str | None,
    domain: str | None,
    after: tuple[int, int],
    limit: int,
) -> Sequence[Row]:
    """Commands of a channel that a backend has still to carry out, oldest first."""
    return await connection.fetch(PENDING, registrar_id, command, domain, str(after[0]), after[1], limit)


# --------------------------------------------------------------------------------------------------------------- money

ACCOUNT = "SELECT currency, balance, held, credit FROM account WHERE id = $1"
POSTING_COLUMNS = "log_id, n, xact::text::bigint AS xact, occurred_at, debit, debit_book, credit, credit_book, amount, currency, reason, subject"


async def account(connection: Connection, account_id: int) -> Row | None:
    return await connection.fetchrow(ACCOUNT, account_id)


async def posting_rows(
    connection: Connection,
    account_id: int,
    *,
    since: datetime | None,
    after: tuple[int, int, int] | None,
    limit: int,
) -> tuple[Sequence[Row], int]:
    """Movements of an account's money, oldest first, and the transaction before which everything has been read.
    Without `after` the newest."""
    settled: int = await connection.fetchval(SETTLED)
    arguments: list[Any] = [account_id, str(settled), limit]

    def argument(value: Any) -> str:
        arguments.append(value)
        return f"${len(arguments)}"

    where = ["xact < $2::text::xid8"]
    direction = "DESC" if after is None else "ASC"
    if after is not None:
        xact, log_id, n = argument(str(after[0])), argument(after[1]), argument(after[2])
        where.append(f"(xact, log_id, n) > ({xact}::text::xid8, {log_id}::bigint, {n}::smallint)")
    if since is not None:
        where.append(f"occurred_at >= {argument(since)}")
    rest = " AND ".join(where)
    own_order = f"ORDER BY posting.xact {direction}, log_id {direction}, n {direction} LIMIT $3"
    query = (
        f"(SELECT {POSTING_COLUMNS} FROM posting WHERE debit = $1 AND debit > 0 AND {rest} {own_order})"
        f" UNION ALL (SELECT {POSTING_COLUMNS} FROM posting WHERE credit = $1 AND credit > 0 AND debit <> $1 AND {rest} {own_order})"
        f" ORDER BY xact {direction}, log_id {direction}, n {direction} LIMIT $3"
    )
    found = await connection.fetch(query, *arguments)
    return (found if after is not None else found[::-1]), settled


# ------------------------------------------------------------------------------------------------------------- fixtures

FIXTURES = """
SELECT d.name FROM domain d
 WHERE d.name = ANY($2::text[]) AND d.ended_at IS NULL AND d.registrar_id = $1 AND d.fixture
"""


async def fixtures(connection: Connection, registrar_id: int, names: Sequence[str]) -> list[str]:
    """Which of these names are sandbox fixtures of the channel."""
    return [r["name"] for r in await connection.fetch(FIXTURES, registrar_id, list(names))]


# ------------------------------------------------------------------------------------------------------- message queue

# The oldest messages of a registrar that wait. A transaction still open might write an earlier one: none of its own time
# is read yet.
MESSAGES = """
SELECT id, queued_at, log_id, kind, object, text, data
  FROM poll_message
 WHERE registrar_id = $1 AND acked_at IS NULL AND xact < pg_snapshot_xmin(pg_current_snapshot())
 ORDER BY xact, id
 LIMIT $2
"""

# For each of these registrars: how many messages wait (no more are counted than $2), and the oldest.
QUEUES = """
SELECT q.id AS registrar_id,
       (SELECT count(*) FROM (SELECT FROM poll_message m
                               WHERE m.registrar_id = q.id AND m.acked_at IS NULL
                                 AND m.xact < pg_snapshot_xmin(pg_current_snapshot()) LIMIT $2) AS w) AS waiting,
       (SELECT m.id FROM poll_message m
         WHERE m.registrar_id = q.id AND m.acked_at IS NULL AND m.xact < pg_snapshot_xmin(pg_current_snapshot())
         ORDER BY m.xact, m.id LIMIT 1) AS head
  FROM unnest($1::bigint[]) AS q(id)
"""


async def messages(connection: Connection, registrar_id: int, limit: int) -> Sequence[Row]:
    rows: Sequence[Row] = await connection.fetch(MESSAGES, registrar_id, limit)
    return rows


async def queues(connection: Connection, registrar_ids: Sequence[int]) -> dict[int, tuple[int, int | None]]:
    """How many messages wait for each registrar, and the id of the oldest."""
    found = await connection.fetch(QUEUES, registrar_ids, MOST_COUNTED + 1)
    return {row["registrar_id"]: (row["waiting"], row["head"]) for row in found}
