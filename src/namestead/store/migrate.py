"""Migrations: forward only, numbered, each in its own transaction, under one lock.

`schema.sql` is the register whole, for people to read; a test holds the migrations against it. Migrations run with lock
and statement timeouts, so that one that cannot get its lock fails and leaves the registry serving.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from importlib import resources

import asyncpg

from namestead.store.load import Connection

MIGRATION_LOCK = 2
LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "15min"

TABLE = """
CREATE TABLE IF NOT EXISTS migration (
    number     integer PRIMARY KEY,
    name       text NOT NULL,
    digest     text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


class SchemaProblem(Exception):
    """The database is not one this version can run on; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Migration:
    number: int
    name: str
    sql: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations() -> tuple[Migration, ...]:
    """All migrations, in order. Files are named `NNNN_what_it_does.sql`."""
    found = []
    for file in resources.files("namestead.store").joinpath("migrations").iterdir():
        number, _, name = file.name.removesuffix(".sql").partition("_")
        if file.name.endswith(".sql"):
            found.append(Migration(int(number), name, file.read_text()))
    return tuple(sorted(found, key=lambda m: m.number))


async def pending(connection: Connection) -> tuple[Migration, ...]:
    """What has not been applied yet. Refuses a database that a newer version has migrated, or an edited migration."""
    ours = migrations()
    if await connection.fetchval("SELECT to_regclass('migration')") is None:
        return ours
    applied = {r["number"]: r for r in await connection.fetch("SELECT number, name, digest FROM migration")}
    unknown = sorted(applied.keys() - {m.number for m in ours})
    if unknown:
        raise SchemaProblem(
            f"The database has migration {unknown[-1]}, which this version does not know. Run the newer version."
        )
    for m in ours:
        if m.number in applied and applied[m.number]["digest"] != m.digest:
            raise SchemaProblem(f"Migration {m.number} was changed after it was applied. Restore {m.name}.sql.")
    return tuple(m for m in ours if m.number not in applied)


async def migrate(connection: Connection) -> tuple[Migration, ...]:
    """Apply what is pending and say what that was. Several processes may call this at once; one does the work."""
    await connection.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK)
    try:
        todo = await pending(connection)
        if todo:
            await connection.execute(TABLE)
        for m in todo:
            async with connection.transaction():
                await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
                await connection.execute(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'")
                await connection.execute(m.sql)
                await connection.execute(
                    "INSERT INTO migration (number, name, digest) VALUES ($1, $2, $3)", m.number, m.name, m.digest
                )
        return todo
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", MIGRATION_LOCK)


PARTITIONED = {
    "command_log": "occurred_at",
    "version": "occurred_at",
    "posting": "occurred_at",
    "outbox": "queued_at",
}
MONTHS_AHEAD = 2

# A partition a month, made ahead of time. Where the default partition already holds rows of a month (registry time was
# moved there), the month stays in the default partition. The new partition's lock on the default one waits for every
# reader, and everybody else behind it: hence the time limit.
MAKE_PARTITION = """
DO $$
DECLARE
    first date := date_trunc('month', timestamptz '{month}' AT TIME ZONE 'UTC');
    last  date := first + interval '1 month';
    part  text := '{table}_' || to_char(first, 'YYYYMM');
    taken boolean;
BEGIN
    IF to_regclass(part) IS NOT NULL THEN RETURN; END IF;
    PERFORM set_config('lock_timeout', '{lock_timeout}', true);
    EXECUTE format('SELECT EXISTS (SELECT FROM {table}_default WHERE {column} >= %L AND {column} < %L)',
                   first || ' 00:00:00+00', last || ' 00:00:00+00') INTO taken;
    IF NOT taken THEN
        EXECUTE format('CREATE TABLE %I PARTITION OF {table} FOR VALUES FROM (%L) TO (%L)',
                       part, first || ' 00:00:00+00', last || ' 00:00:00+00');
    END IF;
END $$
"""


async def ensure_partitions(connection: Connection) -> None:
    """Make this month's partitions and the next two of every growing table, by registry time.

    A table that somebody reads for long is left for the next time: rows of a month without a partition lie in the
    default one.
    """
    await connection.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK)
    try:
        months = await connection.fetch(
            "SELECT (date_trunc('month', (now() + clock_offset) AT TIME ZONE 'UTC')"
            " + make_interval(months => n))::date::text || ' 00:00:00+00' AS month"
            f" FROM registry, generate_series(0, {MONTHS_AHEAD}) n"
        )
        for row in months:
            for table, column in PARTITIONED.items():
                query = MAKE_PARTITION.format(table=table, column=column, month=row["month"], lock_timeout=LOCK_TIMEOUT)
                with suppress(asyncpg.LockNotAvailableError):
                    await connection.execute(query)
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", MIGRATION_LOCK)
