"""What `namestead doctor` asks the database: whether the register is whole, and whether its server is fit.

All of it reads one snapshot, so that a register in full use is judged at one instant. Each query about an invariant
selects what breaks it, a few rows of it, as a text for people; none means that it holds. They are set-based: a register
of a million names is gone through in seconds.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from namestead.objects.facts import Reference
from namestead.store import load, migrate
from namestead.store.load import Connection


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, and what to do where it is not well."""

    check: str
    level: Level
    message: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Invariant:
    """`broken` selects what breaks it, one text a row, with `LIMIT $1`."""

    check: str
    holds: str
    broken: str
    advice: str


NEWEST_FIRST = (
    "Keep a copy of the database before anything else. Then look at the rows with 'namestead log show', newest first."
)

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "registrations",
        "every name has at most one live registration",
        "SELECT name || ' has ' || count(*) FROM domain WHERE ended_at IS NULL"
        " GROUP BY name HAVING count(*) > 1 LIMIT $1",
        "The index domain_live_name is missing or broken: REINDEX INDEX domain_live_name. " + NEWEST_FIRST,
    ),
    Invariant(
        "balances",
        "every balance and every hold is the sum of its postings",
        """
        WITH moved AS (
            SELECT account, currency, sum(amount) FILTER (WHERE book = 'balance') AS balance,
                   sum(amount) FILTER (WHERE book = 'held') AS held
              FROM (SELECT credit AS account, credit_book AS book, currency, amount FROM posting WHERE credit > 0
                    UNION ALL
                    SELECT debit, debit_book, currency, -amount FROM posting WHERE debit > 0) sides
             GROUP BY account, currency
        )
        SELECT coalesce(a.slug, 'account ' || m.account) || ' has ' || coalesce(a.balance, 0) || ' and holds '
               || coalesce(a.held, 0) || ' in minor units of ' || coalesce(a.currency, '?') || ', its postings make '
               || coalesce(m.balance, 0) || ' and ' || coalesce(m.held, 0) || ' in ' || coalesce(m.currency, '?')
          FROM account a FULL JOIN moved m ON m.account = a.id
         WHERE a.id IS NULL OR a.balance <> coalesce(m.balance, 0) OR a.held <> coalesce(m.held, 0)
            OR m.currency <> a.currency
         LIMIT $1
        """,
        "Money was changed past the ledger. Compare 'namestead log tail --registrar SLUG' with the account's "
        "statement, and correct it by a deposit that says why. " + NEWEST_FIRST,
    ),
    Invariant(
        "holds",
        "what is held is what pending transfers hold",
        """
        WITH pending AS (
            SELECT (detail::jsonb #>> '{transfer,hold_account_id}')::bigint AS account,
                   sum((detail::jsonb #>> '{transfer,amount}')::bigint) AS amount
              FROM domain
             WHERE gaining_id IS NOT NULL AND ended_at IS NULL
             GROUP BY 1
        )
        SELECT a.slug || ' holds ' || a.held || ', its pending transfers ' || coalesce(p.amount, 0)
          FROM account a LEFT JOIN pending p ON p.account = a.id
         WHERE a.held <> coalesce(p.amount, 0)
         LIMIT $1
        """,
        "Find the transfer that ended without its money: 'namestead log tail --command transfer_domain'. "
        + NEWEST_FIRST,
    ),
    Invariant(
        "ledger",
        "every posting belongs to a row of the log",
        """
        SELECT 'posting ' || p.n || ' of log_' || p.log_id
          FROM posting p LEFT JOIN command_log l ON l.id = p.log_id AND l.occurred_at = p.occurred_at
         WHERE l.id IS NULL
         LIMIT $1
        """,
        NEWEST_FIRST,
    ),
    Invariant(
        "versions",
        "every version belongs to a row of the log",
        """
        SELECT 'version ' || v.version || ' of ' || v.kind || ' ' || v.object_id || ', log_' || v.log_id
          FROM version v LEFT JOIN command_log l ON l.id = v.log_id AND l.occurred_at = v.occurred_at
         WHERE l.id IS NULL
         LIMIT $1
        """,
        NEWEST_FIRST,
    ),
    Invariant(
        "histories",
        "every registration has the version it is at",
        """
        SELECT d.name || ' is at version ' || d.version
          FROM domain d LEFT JOIN version v ON v.object_id = d.id AND v.version = d.version
         WHERE v.object_id IS NULL
         LIMIT $1
        """,
        NEWEST_FIRST,
    ),
    Invariant(
        "idempotency keys",
        "every idempotency key leads to the answer it stands for",
        """
        SELECT 'log_' || k.log_id || ' of principal ' || k.principal
          FROM idempotency_key k LEFT JOIN command_log l ON l.id = k.log_id AND l.occurred_at = k.occurred_at
         WHERE l.result IS NULL OR l.status NOT IN ('success', 'sandbox')
         LIMIT $1
        """,
        "A request with such a key would be answered by an error. " + NEWEST_FIRST,
    ),
    Invariant(
        "delegations",
        "every delegation is of a live registration to a live host",
        """
        SELECT coalesce(d.name, 'domain ' || l.domain_id) || ' to ' || h.name
          FROM delegation l JOIN host h ON h.id = l.host_id LEFT JOIN domain d ON d.id = l.domain_id
         WHERE d.id IS NULL OR d.ended_at IS NOT NULL OR h.deleted_at IS NOT NULL
         LIMIT $1
        """,
        NEWEST_FIRST,
    ),
    Invariant(
        "subordinate hosts",
        "every host with a parent lies under a live registration",
        """
        SELECT h.name
          FROM host h LEFT JOIN domain d ON d.id = h.parent_id
         WHERE h.deleted_at IS NULL AND h.parent_id IS NOT NULL AND (d.id IS NULL OR d.ended_at IS NOT NULL)
         LIMIT $1
        """,
        NEWEST_FIRST,
    ),
    Invariant(
        "owners",
        "every registration and contact has a registrar, and lies in a zone",
        """
        SELECT d.name FROM domain d
          LEFT JOIN registrar r ON r.id = d.registrar_id LEFT JOIN zone z ON z.id = d.zone_id
         WHERE r.id IS NULL OR z.id IS NULL
        UNION ALL
        SELECT c.handle FROM contact c LEFT JOIN registrar r ON r.id = c.registrar_id WHERE r.id IS NULL
         LIMIT $1
        """,
        NEWEST_FIRST,
    ),
)

# A success that costs money, in a zone where it never costs nothing, without a posting.
UNPAID = """
SELECT l.command || ' of ' || l.domain || ', log_' || l.id
  FROM command_log l
 WHERE l.status = 'success' AND l.command = $2 AND substr(l.domain, strpos(l.domain, '.') + 1) = ANY($3::text[])
   AND NOT EXISTS (SELECT FROM posting p WHERE p.log_id = l.id AND p.occurred_at = l.occurred_at)
 LIMIT $1
"""
SHOWN = 5
OLDEST_POSTGRES = 150000

WANTED_SETTINGS: dict[str, tuple[tuple[str, ...], Level, str]] = {
    "fsync": (("on",), Level.FAIL, "A crash can lose what was answered. Set fsync = on and restart PostgreSQL."),
    "synchronous_commit": (
        ("on", "remote_apply", "remote_write", "local"),
        Level.FAIL,
        "A crash can lose what was answered. Set synchronous_commit = on.",
    ),
    "full_page_writes": (("on",), Level.FAIL, "A crash can break pages. Set full_page_writes = on."),
}
LOCKS_WANTED = 256
CONNECTIONS_WANTED = 50

# Registrars that may come in through EPP with a client certificate, whose last one to end does so soon, by real time.
LAST_CERTIFICATES = """
SELECT r.slug || ' at ' || to_char(max(c.not_after) AT TIME ZONE 'UTC', 'YYYY-MM-DD')
  FROM epp_certificate c JOIN epp_access a USING (registrar_id) JOIN registrar r ON r.id = c.registrar_id
 WHERE c.removed_at IS NULL AND a.enabled
 GROUP BY r.slug
HAVING max(c.not_after) < clock_timestamp() + interval '30 days'
 ORDER BY max(c.not_after)
 LIMIT $1
"""

GROWING = """
SELECT c.relname AS name, sum(pg_total_relation_size(coalesce(i.inhrelid, c.oid)))::bigint AS bytes
  FROM pg_class c LEFT JOIN pg_inherits i ON i.inhparent = c.oid
 WHERE c.relname = ANY($1::text[]) AND c.relkind IN ('r', 'p')
 GROUP BY c.relname ORDER BY bytes DESC
"""
TABLES = ("command_log", "version", "posting", "outbox", "idempotency_key", "domain", "host", "contact", "delegation")


async def run(connection: Connection) -> AsyncIterator[Finding]:
    """Every check there is, one finding each. Ends early where the rest would make no sense."""
    yield await _version(connection)
    async for finding in _settings(connection):
        yield finding
    yield await _clock(connection)
    migrations = await _migrations(connection)
    yield migrations
    if migrations.level is Level.FAIL:
        return
    # In the register's own words "now" is one instant for all that follows.
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        async for finding in _partitions(connection):
            yield finding
        for invariant in INVARIANTS:
            yield await _invariant(connection, invariant)
        yield await _charges(connection, await load.reference(connection))
        yield await _due(connection)
        yield await _outbox(connection)
        yield await _client_certificates(connection)
        yield await _open_transactions(connection)
        yield await _growth(connection)


async def _version(connection: Connection) -> Finding:
    number: int = await connection.fetchval("SELECT current_setting('server_version_num')::int")
    text: str = await connection.fetchval("SELECT current_setting('server_version')")
    if number < OLDEST_POSTGRES:
        return Finding("database", Level.FAIL, f"PostgreSQL {text} is too old.", "Upgrade PostgreSQL to 15 or later.")
    return Finding("database", Level.OK, f"PostgreSQL {text} answers")


async def _settings(connection: Connection) -> AsyncIterator[Finding]:
    async def setting(name: str) -> str:
        value: str = await connection.fetchval("SELECT current_setting($1)", name)
        return value

    bad = False
    for name, (good, level, advice) in WANTED_SETTINGS.items():
        value = await setting(name)
        if value not in good:
            bad = True
            yield Finding("durability", level, f"{name} is {value}", advice)
    if not bad:
        yield Finding("durability", Level.OK, f"{', '.join(WANTED_SETTINGS)} are as they must be")
    locks, connections = int(await setting("max_locks_per_transaction")), int(await setting("max_connections"))
    if locks < LOCKS_WANTED:
        yield Finding(
            "locks",
            Level.WARN,
            f"max_locks_per_transaction is {locks}",
            f"A batch locks each of its names: set it to {LOCKS_WANTED} and restart PostgreSQL.",
        )
    else:
        yield Finding("locks", Level.OK, f"max_locks_per_transaction is {locks}")
    used: int = await connection.fetchval("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")
    if used > connections * 0.8 or connections < CONNECTIONS_WANTED:
        yield Finding(
            "connections",
            Level.WARN,
            f"{used} of {connections} connections are in use",
            "A worker needs about 8. Raise max_connections, or run fewer workers.",
        )
    else:
        yield Finding("connections", Level.OK, f"{used} of {connections} are in use")


async def _clock(connection: Connection) -> Finding:
    began = time.monotonic()
    theirs: datetime = await connection.fetchval("SELECT clock_timestamp()")
    apart = abs(theirs - datetime.now(UTC)) - timedelta(seconds=time.monotonic() - began)
    seconds = max(apart.total_seconds(), 0.0)
    if seconds <= 1:
        return Finding("clock", Level.OK, "this machine's clock and the database's agree")
    return Finding(
        "clock",
        Level.FAIL if seconds > 30 else Level.WARN,
        f"this machine's clock and the database's are {seconds:.1f} s apart",
        "Keys expire and limits count by this one, names by that one. Have both follow NTP.",
    )


async def _migrations(connection: Connection) -> Finding:
    try:
        todo = await migrate.pending(connection)
    except migrate.SchemaProblem as problem:
        return Finding("migrations", Level.FAIL, str(problem), "Run the version this database belongs to.")
    if todo:
        return Finding(
            "migrations",
            Level.FAIL,
            f"{len(todo)} are not applied, {todo[0].number:04} ({todo[0].name}) first",
            "Start 'namestead serve' of this version: it applies them.",
        )
    return Finding("migrations", Level.OK, f"all {len(migrate.migrations())} are applied")


async def _partitions(connection: Connection) -> AsyncIterator[Finding]:
    months = await connection.fetch(
        "SELECT to_char(date_trunc('month', (now() + clock_offset) AT TIME ZONE 'UTC') + make_interval(months => n),"
        " 'YYYYMM') AS month FROM registry, generate_series(0, 1) n"
    )
    missing = [
        f"{table}_{row['month']}"
        for table in migrate.PARTITIONED
        for row in months
        if await connection.fetchval("SELECT to_regclass($1)", f"{table}_{row['month']}") is None
    ]
    if missing:
        yield Finding(
            "partitions",
            Level.WARN,
            f"not made ahead: {', '.join(missing)}",
            "'namestead serve' makes them at its start and once a day: is one running, and what does its log say?",
        )
    else:
        yield Finding("partitions", Level.OK, "this month's and the next month's are there")
    filled = [
        table
        for table in migrate.PARTITIONED
        if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {table}_default)")
    ]
    if filled:
        yield Finding(
            "default partitions",
            Level.WARN,
            f"rows lie in the default partition of {', '.join(filled)}",
            "Nothing is lost, but such a month cannot be dropped as a whole. It comes of a month that began without a "
            "partition, or of registry time that was moved.",
        )
    else:
        yield Finding("default partitions", Level.OK, "they are empty")


async def _invariant(connection: Connection, invariant: Invariant) -> Finding:
    found = [row[0] for row in await connection.fetch(invariant.broken, SHOWN)]
    return _broken(invariant.check, invariant.holds, found, invariant.advice)


def _broken(check: str, holds: str, found: list[str], advice: str) -> Finding:
    if not found:
        return Finding(check, Level.OK, holds)
    more = " (and perhaps more)" if len(found) == SHOWN else ""
    return Finding(check, Level.FAIL, f"not true that {holds}: {'; '.join(found)}{more}", advice)


async def _charges(connection: Connection, known: Reference) -> Finding:
    found: list[str] = []
    for command, priced in (("create_domain", "create"), ("renew_domain", "renew")):
        zones = [
            zone.name
            for zone in known.zones.values()
            if (prices := [p.amount for p in zone.policy.prices if p.command == priced]) and min(prices) > 0
        ]
        found += [row[0] for row in await connection.fetch(UNPAID, SHOWN, command, zones)]
    return _broken("charges", "every create and renewal was paid for", found[:SHOWN], NEWEST_FIRST)


async def _due(connection: Connection) -> Finding:
    row = await connection.fetchrow(
        "SELECT count(*) AS names, max(now() + clock_offset - next_due) AS late FROM domain, registry"
        " WHERE next_due < now() + clock_offset - interval '10 minutes'"
    )
    assert row is not None
    if row["names"]:
        return Finding(
            "due events",
            Level.WARN,
            f"{row['names']} names wait for what fell due, the oldest for {_span(row['late'])}",
            "Answers are right all the same. Is a 'namestead serve' with jobs running, and what does its log say?",
        )
    return Finding("due events", Level.OK, "nothing is overdue")


async def _outbox(connection: Connection) -> Finding:
    found = await connection.fetch(
        "SELECT z.name, z.policy #>> '{backend,adapter}' AS adapter, count(*) AS waiting,"
        " now() + (SELECT clock_offset FROM registry) - min(o.queued_at) AS age"
        " FROM outbox o JOIN zone z ON z.id = o.zone_id WHERE o.applied_at IS NULL GROUP BY 1, 2 ORDER BY 1"
    )
    if not found:
        return Finding("publishing", Level.OK, "no change waits to be published")
    told = "; ".join(f"{row['waiting']} of .{row['name']}, the oldest for {_span(row['age'])}" for row in found)
    if any(row["adapter"] not in (None, "none") and row["age"] > timedelta(hours=1) for row in found):
        return Finding(
            "publishing",
            Level.WARN,
            f"changes wait to be published: {told}",
            "Is the zone's publisher running, and does its name server take updates?",
        )
    return Finding("publishing", Level.OK, f"changes are kept for a publisher: {told}")


async def _client_certificates(connection: Connection) -> Finding:
    found = [row[0] for row in await connection.fetch(LAST_CERTIFICATES, SHOWN)]
    if found:
        return Finding(
            "client certificates",
            Level.WARN,
            f"the last certificate of a registrar ends within 30 days: {'; '.join(found)}",
            "Without another one it cannot log in through EPP after that. Ask it for its next one, and bind that: "
            "'namestead registrar epp certificate add'.",
        )
    return Finding("client certificates", Level.OK, "no registrar is about to be without one it had")


async def _open_transactions(connection: Connection) -> Finding:
    row: Any = await connection.fetchrow(
        "SELECT application_name, now() - xact_start AS age FROM pg_stat_activity"
        " WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid() ORDER BY xact_start LIMIT 1"
    )
    if row is not None and row["age"] > timedelta(minutes=2):
        return Finding(
            "open transactions",
            Level.WARN,
            f"one of '{row['application_name']}' is open for {_span(row['age'])}",
            "Polls and the outbox are read only up to it. See who it is (pg_stat_activity), and end it.",
        )
    return Finding("open transactions", Level.OK, "none is open for long")


async def _growth(connection: Connection) -> Finding:
    sizes = await connection.fetch(GROWING, list(TABLES))
    whole: int = await connection.fetchval("SELECT pg_database_size(current_database())")
    largest = ", ".join(f"{row['name']} {_size(row['bytes'])}" for row in sizes[:5])
    return Finding("size", Level.OK, f"the register takes {_size(whole)}: {largest}")


def _size(octets: int) -> str:
    size = float(octets)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} TB"


def _span(span: timedelta) -> str:
    minutes = int(span.total_seconds()) // 60
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} d"
