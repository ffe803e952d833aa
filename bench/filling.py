"""Fill a register with names, set-based: each with its log row, version, posting, hosts, key and outbox row.

The rows are those of a real create (`writes`), with random names, ids and instants of their own. Indexes that random
names would scatter over are dropped first and built again afterwards, which leaves them as a restore would.
"""

# ruff: noqa: S608 - SQL put together from our own words, for a database of our own

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import asyncpg

from bench.database import Database
from bench.register import FIRST_ACCOUNT, FIRST_ID, FIRST_REGISTRAR, LEAST_RANDOM, MOST_RANDOM, REGISTRARS, ZONE
from bench.writes import Create, Words

CHUNK = 200_000
REBUILD_FROM = 500_000
"""From this many names on dropping and building the indexes is quicker than keeping them."""

BLOCK = 1000
BYTES_A_NAME = 4_500
"""What a name takes with all its rows and indexes: 4,050 measured, rounded up."""

LOG_AND_SORTING = 10 * 2**30
"""Bytes beside it: the log (4 GB, and what one checkpoint lets it grow), sorting an index, the small register."""

Progress = Callable[[str, float], None]
"""Called with what is being done and the share that is done."""

# The names of a chunk, with the ids its rows will have.
STAGE = f"""
CREATE TEMP TABLE bench_fill AS
SELECT $1::bigint + i AS log_id, $2::bigint + i AS domain_id,
       {FIRST_ACCOUNT} + n AS account_id, {FIRST_REGISTRAR} + n AS registrar_id,
       {FIRST_ID} - 1 - 2 * n AS host_1, {FIRST_ID} - 2 - 2 * n AS host_2,
       'n' || to_hex(random({LEAST_RANDOM}, {MOST_RANDOM})) || '.{ZONE}' AS name, clock_timestamp() AS now
  FROM (SELECT i, random(0, {REGISTRARS - 1}) AS n FROM generate_series(0, $3::bigint - 1) AS i) AS q
"""
TAKE_IDS = "SELECT min(first) FROM (SELECT nextval('{}') AS first FROM generate_series(1, $1)) AS q"

# Every index of these tables that random names scatter over; those on ascending ids cost nothing to keep.
SCATTERED = """
SELECT c.relname AS name, pg_get_indexdef(i.indexrelid) AS definition
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indexrelid
  JOIN pg_class t ON t.oid = i.indrelid
 WHERE t.relname = ANY($1::text[]) AND NOT c.relispartition
   AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid)
"""
KEYS_CONSTRAINT = """
SELECT conname AS name, pg_get_constraintdef(oid) AS definition
  FROM pg_constraint WHERE conrelid = 'idempotency_key'::regclass AND contype = 'p'
"""


class NoRoom(Exception):
    """The disk does not hold that many names; the message says what is missing."""


def require_room(database: Database, names: int) -> tuple[int, int]:
    """What is needed and what is free where the cluster lies, in bytes; refuses when the one is more than the other."""
    place = database.value("SELECT current_setting('data_directory')")
    needed, free = names * BYTES_A_NAME + LOG_AND_SORTING, shutil.disk_usage(place).free
    if needed > free:
        raise NoRoom(
            f"{names:,} names need about {needed / 2**30:.0f} GB and {place} has {free / 2**30:.0f} GB free: "
            f"choose fewer with --names, or another place with --data"
        )
    return needed, free


def fill(database: Database, create: Create, names: int, progress: Progress | None = None) -> None:
    """Add `names` names, then vacuum and analyze."""
    tell = progress or (lambda _what, _share: None)
    database.run(lambda c: _fill(c, create, names, tell))


async def _fill(connection: asyncpg.Connection[Any], create: Create, names: int, tell: Progress) -> None:
    words = Words(
        "f.log_id", "f.domain_id", "f.account_id", "f.registrar_id", "f.name", "f.now", ("f.host_1", "f.host_2")
    )
    inserts = [
        f"INSERT INTO {row.table} ({', '.join(row.columns)})"
        f" SELECT {', '.join(row.expressions(words))} FROM bench_fill f"
        for row in sorted(create.rows, key=lambda r: r.table != "domain")
    ]
    await connection.execute("SET session_replication_role = replica")  # the hosts are known to exist
    await connection.execute("SET maintenance_work_mem = '512MB'")
    again: list[str] = []
    if names >= REBUILD_FROM:
        again = await _drop_scattered(connection, list(create.counts))
    for done in range(0, names, CHUNK):
        tell(f"{done:,} of {names:,} names", done / names)
        await _chunk(connection, inserts, min(CHUNK, names - done))
    for n, statement in enumerate(again):
        tell(f"building index {n + 1} of {len(again)}", n / len(again))
        await connection.execute(statement, timeout=3600)
    tell("vacuum, analyze", 1.0)
    for table in create.counts:
        await connection.execute(f"VACUUM (ANALYZE) {table}", timeout=3600)
    await connection.execute("CHECKPOINT", timeout=3600)


async def _chunk(connection: asyncpg.Connection[Any], inserts: list[str], names: int) -> None:
    blocks = -(-names // BLOCK)
    async with connection.transaction():
        log_id = await connection.fetchval(TAKE_IDS.format("log_id"), blocks)
        domain_id = await connection.fetchval(TAKE_IDS.format("object_id"), blocks)
        await connection.execute(STAGE, log_id, domain_id, names)
        for insert in inserts:
            await connection.execute(insert, timeout=3600)
        await connection.execute("DROP TABLE bench_fill")


async def _drop_scattered(connection: asyncpg.Connection[Any], tables: list[str]) -> list[str]:
    """Drop the indexes and say how to make them again."""
    again = []
    async with connection.transaction():
        for row in await connection.fetch(SCATTERED, tables):
            await connection.execute(f'DROP INDEX "{row["name"]}"')
            again.append(row["definition"].replace(" ON ONLY ", " ON ", 1))  # on all partitions, as it was
        for row in await connection.fetch(KEYS_CONSTRAINT):
            await connection.execute(f'ALTER TABLE idempotency_key DROP CONSTRAINT "{row["name"]}"')
            again.append(f'ALTER TABLE idempotency_key ADD CONSTRAINT "{row["name"]}" {row["definition"]}')
    return again
