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
            if digest != self._digest(body) or self.write_raw(raw) != cursor:
                raise BadCursor
            position: tuple[Any, ...] = msgspec.json.decode(body, type=tuple[types])  # type: ignore[valid-type]
        except (ValueError, UnicodeError) as problem:
            raise BadCursor from problem
        return position

    @staticmethod
    def write_raw(raw: bytes) -> str:
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

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

# The phase of a registration, as rules/lifecycle.phase_at has it. A test holds the two together.
PHASE = """
CASE WHEN d.deleted_at IS NOT NULL OR (NOT d.auto_renew AND d.lapses_at <= $2::timestamptz) THEN
     CASE WHEN d.restore_until > $2 THEN 'pending_restore'
          WHEN d.redemption_until IS NULL OR d.redemption_until > $2 THEN 'redemption'
          WHEN d.release_at IS NULL OR d.release_at > $2 THEN 'pending_delete'
          ELSE 'released' END
     WHEN d.auto_renew OR d.expires_at > $2 THEN 'active'
     ELSE 'expired' END
"""

# When a registration expires, with automatic renewals counted that are due and not written down yet (lifecycle.as_of).
OVERDUE = "(d.auto_renew AND d.deleted_at IS NULL AND d.expires_at <= $2::timestamptz)"
RENEWALS = "(extract(year FROM age($2, d.expires_at))::integer + 1)"
EXPIRY = f"CASE WHEN {OVERDUE} THEN d.expires_at + make_interval(years => {RENEWALS}) ELSE d.expires_at END"

# A pending transfer that a fall meanwhile has cancelled, though nobody has written it down, is none any more.
PENDING_TRANSFER = """
(d.gaining_id IS NOT NULL AND NOT (
    NOT d.auto_renew AND d.deleted_at IS NULL AND d.lapses_at <= $2
    AND d.lapses_at < (d.detail::jsonb #>> '{transfer,act_at}')::timestamptz))
"""
HAS_HOSTS = "EXISTS (SELECT FROM delegation l WHERE l.domain_id = d.id)"
FALLING = "('redemption', 'pending_restore', 'pending_delete')"

COMPUTED_STATUSES = {
    "pendingTransfer": PENDING_TRANSFER,
    "pendingDelete": f"{PHASE} IN {FALLING}",
    "inactive": f"NOT {HAS_HOSTS}",
    "ok": f"(d.statuses = '{{}}' AND {HAS_HOSTS} AND NOT {PENDING_TRANSFER} AND {PHASE} NOT IN {FALLING})",
}
"""EPP statuses that are not stored, as rules/lifecycle.statuses_at has them."""


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
    """Names of a registrar's live registrations with their expiry, in order, `limit` at most. `after` is the last row's
    (name,) or (expiry, id)."""
    arguments: list[Any] = [registrar_id, instant, limit]

    def argument(value: Any) -> str:
        arguments.append(value)
        return f"${len(arguments)}"

    where = ["d.registrar_id = $1", "d.ended_at IS NULL", f"{PHASE} <> 'released'"]
    if q is not None:
        where.append(f"strpos(d.name, {argument(q)}) > 0")
    if zone_id is not None:
        where.append(f"d.zone_id = {argument(zone_id)}")
    if status is not None:
        where.append(COMPUTED_STATUSES.get(status) or f"d.statuses @> ARRAY[{argument(status)}::text]")
    if phase is not None:
        where.append(f"{PHASE} = {argument(phase)}")
    if expires_before is not None:
        where.append(f"{EXPIRY} < {argument(expires_before)}")
    direction, beyond = ("DESC", "<") if descending else ("ASC", ">")
    if not by_expiry:
        if after is not None:
            where.append(f"d.name {beyond} {argument(after[0])}")
        query = f"SELECT d.id, d.name, {EXPIRY} AS expires_at FROM domain d WHERE {' AND '.join(where)}" + (
            f" ORDER BY d.name {direction} LIMIT $3"
        )
        return await connection.fetch(query, *arguments)
    beyond_last = ""
    if after is not None:
        expires, number = argument(after[0]), argument(after[1])
        beyond_last = f" AND ({{}}, d.id) {beyond} ({expires}::timestamptz, {number}::bigint)"
    # Two parts, so that the index gives the order: what is stored as it reads, and the few whose renewal is due.
    stored = " AND ".join([*where, f"NOT {OVERDUE}"]) + beyond_last.format("d.expires_at")
    due = " AND ".join([*where, OVERDUE]) + beyond_last.format(EXPIRY)
    order = f"ORDER BY expires_at {direction}, id {direction} LIMIT $3"
    query = (
        f"(SELECT d.id, d.name, d.expires_at FROM domain d WHERE {stored} "
        f"ORDER BY d.expires_at {direction}, d.id {direction} LIMIT $3)"
        f" UNION ALL (SELECT d.id, d.name, {EXPIRY} AS expires_at FROM domain d WHERE {due} {order}) {order}"
    )
    return await connection.fetch(query, *arguments)


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
    rows = await connection.fetch(query, *arguments)
    return (rows if after is not None else rows[::-1]), settled


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
    rows = await connection.fetch(query, *arguments)
    return (rows if after is not None else rows[::-1]), settled


# ------------------------------------------------------------------------------------------------------------- fixtures

FIXTURES = """
SELECT d.name FROM domain d
 WHERE d.name = ANY($2::text[]) AND d.ended_at IS NULL AND d.registrar_id = $1 AND d.fixture
"""


async def fixtures(connection: Connection, registrar_id: int, names: Sequence[str]) -> list[str]:
    """Which of these names are sandbox fixtures of the channel."""
    return [r["name"] for r in await connection.fetch(FIXTURES, registrar_id, list(names))]
