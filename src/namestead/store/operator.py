"""What the operator's command line asks of the register: listings and single rows, without locks.

One query, one sentence. Nothing here changes anything but `mark_ote`, which says once what kind of registry this is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from namestead.objects.account import Account
from namestead.objects.names import Name
from namestead.objects.registrar import ApiKey
from namestead.objects.retained import Retained
from namestead.store import rows
from namestead.store.load import Connection

DatabaseProblem = asyncpg.PostgresError
"""What a database answers in place of a result: no such database, a wrong password, a missing right."""

ACCOUNTS = "SELECT * FROM account WHERE $1::text IS NULL OR slug = $1 ORDER BY slug"
KEYS = "SELECT * FROM api_key ORDER BY created_at, id"

# Entries that were neither removed nor used up, by name; those that have ended by their date only on request.
RETAINED = """
SELECT r.*
  FROM retained r, registry
 WHERE removed_at IS NULL AND used_at IS NULL
   AND ($1::text IS NULL OR kind = $1)
   AND ($2::text IS NULL OR name LIKE $2)
   AND ($3 OR ends_at IS NULL OR ends_at > now() + clock_offset)
 ORDER BY name, kind
 LIMIT $4
"""

# Rows of the log that no open transaction can still precede. There is no index over the whole log, so the whole of it
# is read as what it consists of: every registrar's rows and the operator's, each by its index.
LOG_OF_ALL = """
FROM (SELECT id FROM registrar) r CROSS JOIN LATERAL (
    SELECT l.* FROM command_log l WHERE l.registrar_id = r.id AND {condition} ORDER BY {order} LIMIT $1) l
"""
LOG_OF_NOBODY = """
FROM (SELECT l.* FROM command_log l WHERE l.registrar_id IS NULL AND {condition} ORDER BY {order} LIMIT $1) l
"""
LOG_OF_ONE = "FROM (SELECT l.* FROM command_log l WHERE {subject} AND {condition} ORDER BY {order} LIMIT $1) l"
FILTER = """
l.xact < pg_snapshot_xmin(pg_current_snapshot())
    AND ($2::text IS NULL OR l.command = $2) AND ($3::text IS NULL OR l.status = $3)
"""
NEWEST_FIRST, OLDEST_FIRST = "l.xact DESC, l.id DESC", "l.xact, l.id"
SINCE = "l.occurred_at > $4"
AFTER = "(l.xact, l.id) > ($4::text::xid8, $5::bigint)"
END_OF_LOG = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
LOG_ENTRY = "SELECT * FROM command_log WHERE id = $1"
POSTINGS_OF = "SELECT * FROM posting WHERE log_id = $1 ORDER BY n"
VERSIONS_OF = (
    "SELECT object_id, version, kind FROM version WHERE log_id = $1 AND occurred_at = $2 ORDER BY kind, object_id"
)

# Contacts that ever had this handle, ended ones too.
CONTACTS = "SELECT id, deleted_at IS NOT NULL AS ended FROM contact WHERE handle = $1 ORDER BY id"
# The names in whose log an answer shows a contact, rehearsals among them. Reads every answer there is: minutes, in a
# register of tens of millions, and therefore before the erasure and not in it.
SHOWN = """
SELECT DISTINCT domain AS name
  FROM command_log
 WHERE domain IS NOT NULL AND strpos(result, '"' || $1 || '"') > 0
 ORDER BY 1
"""

IS_REGISTERED = "SELECT EXISTS (SELECT FROM domain WHERE name = $1 AND ended_at IS NULL)"
CLOCK = "SELECT now() + clock_offset AS registry, now() AS real, clock_offset, ote FROM registry"
MARK_OTE = "UPDATE registry SET ote = true WHERE NOT ote AND NOT EXISTS (SELECT FROM zone)"
IS_OTE = "SELECT ote FROM registry"


async def accounts(connection: Connection, slug: str | None = None) -> list[Account]:
    return [rows.account_of(row) for row in await connection.fetch(ACCOUNTS, slug)]


async def keys(connection: Connection) -> list[ApiKey]:
    return [rows.key_of(row) for row in await connection.fetch(KEYS)]


async def retained(
    connection: Connection, kind: str | None, under: Name | None, *, ended: bool, limit: int
) -> list[Retained]:
    pattern = f"%.{under}" if under is not None else None
    return [rows.retained_of(row) for row in await connection.fetch(RETAINED, kind, pattern, ended, limit)]


async def is_registered(connection: Connection, name: Name) -> bool:
    found: bool = await connection.fetchval(IS_REGISTERED, name)
    return found


@dataclass(frozen=True, slots=True)
class LogFilter:
    domain: Name | None = None
    registrar_id: int | None = None
    command: str | None = None
    status: str | None = None

    def query(self, condition: str, order: str, taken: int) -> tuple[str, tuple[Any, ...]]:
        """The rows of the log this asks for, at most $1 of them; `taken` parameters are the caller's."""
        condition = f"{FILTER} AND {condition}"
        subjects = {"l.domain": self.domain, "l.registrar_id": self.registrar_id}
        asked = {column: value for column, value in subjects.items() if value is not None}
        if asked:
            subject = " AND ".join(f"{column} = ${taken + n}" for n, column in enumerate(asked, 1))
            source = "SELECT l.* " + LOG_OF_ONE.format(subject=subject, condition=condition, order=order)
        else:
            parts = [part.format(condition=condition, order=order) for part in (LOG_OF_ALL, LOG_OF_NOBODY)]
            source = " UNION ALL ".join(f"(SELECT l.* {part})" for part in parts)
        return f"SELECT * FROM ({source}) l ORDER BY {order} LIMIT $1", tuple(asked.values())


async def log_last(connection: Connection, wanted: LogFilter, limit: int, since: datetime) -> Sequence[rows.Row]:
    """The newest rows since an instant, oldest first."""
    query, values = wanted.query(SINCE, NEWEST_FIRST, 4)
    found = await connection.fetch(query, limit, wanted.command, wanted.status, since, *values)
    return found[::-1]


async def log_after(
    connection: Connection, wanted: LogFilter, limit: int, cursor: tuple[int, int]
) -> Sequence[rows.Row]:
    """The rows that follow a cursor, in order."""
    query, values = wanted.query(AFTER, OLDEST_FIRST, 5)
    xact, log_id = cursor
    found: Sequence[rows.Row] = await connection.fetch(
        query, limit, wanted.command, wanted.status, str(xact), log_id, *values
    )
    return found


async def end_of_log(connection: Connection) -> tuple[int, int]:
    """A cursor after every row there is, and before every row that can still come."""
    xact: int = await connection.fetchval(END_OF_LOG)
    return xact - 1, 2**63 - 1


async def log_entry(connection: Connection, log_id: int) -> dict[str, Any] | None:
    """A row of the log with its postings and the versions it made."""
    row = await connection.fetchrow(LOG_ENTRY, log_id)
    if row is None:
        return None
    postings = [dict(p) for p in await connection.fetch(POSTINGS_OF, log_id)]
    versions = [dict(v) for v in await connection.fetch(VERSIONS_OF, log_id, row["occurred_at"])]
    return {**dict(row), "postings": postings, "versions": versions}


@dataclass(frozen=True, slots=True)
class Traces:
    """Where personal data of a contact may stand: the object ids of ended contacts of its handle, and the names in
    whose log it is shown. A handle that only a rehearsal made up has names and nothing else."""

    known: bool
    ended: tuple[int, ...]
    domains: tuple[Name, ...]


async def traces(connection: Connection, handle: str) -> Traces:
    found = await connection.fetch(CONTACTS, handle)
    names = tuple(Name(row["name"]) for row in await connection.fetch(SHOWN, handle, timeout=None))
    return Traces(bool(found or names), tuple(row["id"] for row in found if row["ended"]), names)


@dataclass(frozen=True, slots=True)
class Clock:
    """`ahead` is how far registry time is before real time; `ote` whether it may be moved."""

    registry: datetime
    real: datetime
    ahead: timedelta
    ote: bool


async def clock(connection: Connection) -> Clock:
    row = await connection.fetchrow(CLOCK)
    assert row is not None
    return Clock(row["registry"], row["real"], row["clock_offset"], row["ote"])


async def mark_ote(connection: Connection) -> bool:
    """Make a register without zones one for OT&E. Whether it is one now."""
    await connection.execute(MARK_OTE)
    ote: bool = await connection.fetchval(IS_OTE)
    return ote
