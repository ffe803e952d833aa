"""Migrations against `schema.sql`, and what happens when they cannot run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from importlib import resources
from typing import Any

import asyncpg
import pytest

from namestead.store import migrate as migrations_module
from namestead.store.migrate import (
    MIGRATION_LOCK,
    PARTITIONED,
    Migration,
    SchemaProblem,
    ensure_partitions,
    migrate,
    migrations,
    pending,
)
from tests.conftest import create_database, drop_database
from tests.engine.register import connected, execute, run, value

# What a database consists of, but for data: one query a kind, each row a thing with its whole definition. Columns are
# told apart by name, not by place: a migration may add one at the end that schema.sql has in the middle.
CATALOGUE: dict[str, str] = {
    "tables": """
        SELECT c.relname, c.relkind, c.relpersistence, c.reloptions, pg_get_partkeydef(c.oid),
               pg_get_expr(c.relpartbound, c.oid), i.inhparent::regclass::text, c.relrowsecurity, pg_get_viewdef(c.oid)
          FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')""",
    "columns": """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
               pg_get_expr(d.adbin, d.adrelid), l.collname, a.attstorage
          FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
          LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
          LEFT JOIN pg_collation l ON l.oid = a.attcollation
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0
           AND NOT a.attisdropped""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, contype, pg_get_constraintdef(oid), convalidated, condeferrable
          FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    "indexes": """
        SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), i.indisunique, i.indisvalid, c.reloptions
          FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
         WHERE c.relnamespace = 'public'::regnamespace""",
    "triggers": "SELECT tgname, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "functions": """
        SELECT oid::regprocedure::text, pg_get_functiondef(oid) FROM pg_proc
         WHERE pronamespace = 'public'::regnamespace""",
    "sequences": """
        SELECT sequencename, data_type, start_value, min_value, max_value, increment_by, cycle, cache_size
          FROM pg_sequences WHERE schemaname = 'public'""",
    "types": """
        SELECT typname, typtype FROM pg_type
         WHERE typnamespace = 'public'::regnamespace AND typtype IN ('d', 'e', 'r')""",
    "first rows": "SELECT only_row, clock_offset, ote, reference FROM registry",
}


async def catalogue(connection: asyncpg.Connection[Any]) -> dict[str, list[tuple[Any, ...]]]:
    await connection.execute("DROP TABLE IF EXISTS migration")  # the record of migrations is not the register's
    return {kind: sorted((tuple(r) for r in await connection.fetch(q)), key=repr) for kind, q in CATALOGUE.items()}


async def migrated(url: str) -> tuple[Migration, ...]:
    async with connected(url) as connection:
        return await migrate(connection)


def schema() -> str:
    return resources.files("namestead.store").joinpath("schema.sql").read_text()


@pytest.fixture(scope="module")
def written_database(postgres_url: str) -> Iterator[str]:
    """The register as schema.sql writes it."""
    url = create_database(postgres_url)
    run(execute(url, schema()))
    yield url
    drop_database(postgres_url, url)


# -------------------------------------------------------------------------------------------------------- schema.sql


def test_migrations_make_the_register_of_schema_sql(written_database: str, fresh_database: str) -> None:
    async def main() -> None:
        await migrated(fresh_database)
        async with connected(written_database) as one, connected(fresh_database) as other:
            written, made = await catalogue(one), await catalogue(other)
        assert all(written[kind] for kind in CATALOGUE if kind != "types")
        for kind in CATALOGUE:
            assert written[kind] == made[kind]

    run(main())


@pytest.mark.parametrize(
    "kind, statement",
    [
        ("tables", "ALTER TABLE rate SET LOGGED"),
        ("tables", "ALTER TABLE account SET (fillfactor = 60)"),
        ("tables", "DROP TABLE outbox_default"),
        ("columns", "ALTER TABLE domain ADD COLUMN colour text"),
        ("columns", "ALTER TABLE domain ALTER COLUMN tier DROP NOT NULL"),
        ("columns", "ALTER TABLE account ALTER COLUMN credit SET DEFAULT 1"),
        ("columns", "ALTER TABLE api_key ALTER COLUMN label TYPE varchar(9)"),
        ("constraints", "ALTER TABLE account DROP CONSTRAINT account_held_not_negative"),
        ("indexes", "DROP INDEX domain_live_name"),
        ("triggers", "DROP TRIGGER host_never_deleted ON host"),
        ("functions", "CREATE OR REPLACE FUNCTION never_deleted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'"),
        ("sequences", "ALTER SEQUENCE log_id INCREMENT BY 1"),
        ("types", "CREATE TYPE colour AS ENUM ('red')"),
        ("first rows", "UPDATE registry SET ote = true"),
    ],
)
def test_the_comparison_sees_a_difference(written_database: str, kind: str, statement: str) -> None:
    async def main() -> None:
        async with connected(written_database) as connection:
            before = await catalogue(connection)
            await connection.execute(f"BEGIN; {statement}")
            assert before[kind] != (await catalogue(connection))[kind]
            await connection.execute("ROLLBACK")

    run(main())


# -------------------------------------------------------------------------------------------------------- forward only


def test_migrations_run_once(fresh_database: str) -> None:
    async def main() -> None:
        assert migrations() == await migrated(fresh_database)
        assert () == await migrated(fresh_database)

    run(main())


def test_a_database_of_a_newer_version_is_refused(fresh_database: str) -> None:
    async def main() -> None:
        await migrated(fresh_database)
        await execute(fresh_database, "INSERT INTO migration (number, name, digest) VALUES (9999, 'of_tomorrow', 'x')")
        with pytest.raises(SchemaProblem, match="migration 9999.*Run the newer version"):
            await migrated(fresh_database)

    run(main())


def test_an_edited_migration_is_refused(fresh_database: str) -> None:
    async def main() -> None:
        await migrated(fresh_database)
        await execute(fresh_database, "UPDATE migration SET digest = 'edited' WHERE number = 1")
        async with connected(fresh_database) as connection:
            with pytest.raises(SchemaProblem, match="Migration 1 was changed.*register.sql"):
                await pending(connection)

    run(main())


def later(monkeypatch: pytest.MonkeyPatch, *sql: str) -> None:
    """Give the product migrations of tomorrow."""
    more = tuple(Migration(1001 + n, f"later_{n}", text) for n, text in enumerate(sql))
    all_of_them = (*migrations(), *more)
    monkeypatch.setattr(migrations_module, "migrations", lambda: all_of_them)


def test_a_migration_that_fails_leaves_nothing_of_itself(fresh_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        later(monkeypatch, "CREATE TABLE good (n int)", "CREATE TABLE half (n int); SELECT 1 / 0")
        with pytest.raises(asyncpg.DivisionByZeroError):
            await migrated(fresh_database)
        assert "good" == await value(fresh_database, "SELECT to_regclass('good')::text")
        assert None is await value(fresh_database, "SELECT to_regclass('half')::text")
        assert 1001 == await value(fresh_database, "SELECT max(number) FROM migration")

    run(main())


def test_a_migration_that_cannot_get_its_lock_gives_up(fresh_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        await migrated(fresh_database)
        later(monkeypatch, "ALTER TABLE domain ADD COLUMN colour text")
        monkeypatch.setattr(migrations_module, "LOCK_TIMEOUT", "200ms")
        async with connected(fresh_database) as reader:
            await reader.execute("BEGIN; SELECT FROM domain")
            async with connected(fresh_database) as connection:
                begun = time.monotonic()
                with pytest.raises(asyncpg.LockNotAvailableError):
                    async with asyncio.timeout(10):
                        await migrate(connection)
                assert time.monotonic() - begun < 3
                assert migrations_module.migrations()[-2].number == await connection.fetchval(
                    "SELECT max(number) FROM migration"
                )
                # The registry goes on serving: nobody waits behind the migration.
                async with connected(fresh_database) as other, asyncio.timeout(1):
                    await other.execute("SELECT FROM domain")
                await reader.execute("COMMIT")
                assert [1001] == [m.number for m in await migrate(connection)]

    run(main())


def test_a_migration_has_a_time_limit_of_its_own(fresh_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        later(monkeypatch, "SELECT pg_sleep(20)")
        monkeypatch.setattr(migrations_module, "STATEMENT_TIMEOUT", "200ms")
        with pytest.raises(asyncpg.QueryCanceledError):
            async with asyncio.timeout(10):
                await migrated(fresh_database)

    run(main())


def test_several_processes_at_once_migrate_once(fresh_database: str) -> None:
    async def main() -> None:
        done = await asyncio.gather(*(migrated(fresh_database) for _ in range(8)))
        assert [migrations()] + [()] * 7 == sorted(done, key=len, reverse=True)
        assert 0 == await value(
            fresh_database, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = $1", MIGRATION_LOCK
        )

    run(main())


# --------------------------------------------------------------------------------------------------------- partitions

MONTHLY = "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' AND relname ~ '_[0-9]{6}$' ORDER BY 1"
LOG_ROW = (
    "INSERT INTO command_log (id, occurred_at, surface, command, actor, status, apply, request)"
    " SELECT {id}, {at}, 'cli', 'x', 'x', 'success', 'none', '{{}}' FROM registry RETURNING tableoid::regclass::text"
)


async def months(connection: asyncpg.Connection[Any], offset: str = "0") -> list[str]:
    query = (
        f"SELECT to_char((now() AT TIME ZONE 'UTC') + interval '{offset}' + make_interval(months => n), 'YYYYMM')"
        " FROM generate_series(0, 2) n"
    )
    return [r[0] for r in await connection.fetch(query)]


def test_this_month_and_the_next_two_get_partitions(fresh_database: str) -> None:
    async def main() -> None:
        async with connected(fresh_database) as connection:
            await migrate(connection)
            for _ in range(2):  # the second time changes nothing
                await ensure_partitions(connection)
                ahead = await months(connection)
                expected = sorted(f"{table}_{month}" for table in PARTITIONED for month in ahead)
                assert expected == [r[0] for r in await connection.fetch(MONTHLY)]
            [this, *_] = await months(connection)
            assert f"command_log_{this}" == await connection.fetchval(LOG_ROW.format(id=1, at="now()"))
            far = LOG_ROW.format(id=2, at="now() + interval '1 year'")
            assert "command_log_default" == await connection.fetchval(far)

    run(main())


def test_several_processes_at_once_make_the_partitions(fresh_database: str) -> None:
    async def one() -> None:
        async with connected(fresh_database) as connection:
            await ensure_partitions(connection)

    async def main() -> None:
        await migrated(fresh_database)
        await asyncio.gather(*(one() for _ in range(6)))
        assert 12 == len(await _names(fresh_database))

    run(main())


async def _names(url: str) -> list[str]:
    async with connected(url) as connection:
        return [r[0] for r in await connection.fetch(MONTHLY)]


def test_a_month_that_lies_in_the_default_partition_stays_there(fresh_database: str) -> None:
    async def main() -> None:
        async with connected(fresh_database) as connection:
            await migrate(connection)
            await connection.execute(LOG_ROW.format(id=1, at="now()"))
            await ensure_partitions(connection)
            [this, following, _] = await months(connection)
            made = await _names(fresh_database)
            assert f"command_log_{this}" not in made
            assert {f"command_log_{following}", f"posting_{this}"} <= set(made)
            assert "command_log_default" == await connection.fetchval(LOG_ROW.format(id=2, at="now()"))
            assert 2 == await connection.fetchval("SELECT count(*) FROM command_log")

    run(main())


def test_partitions_follow_registry_time(fresh_database: str) -> None:
    async def main() -> None:
        async with connected(fresh_database) as connection:
            await migrate(connection)
            await connection.execute("UPDATE registry SET ote = true, clock_offset = '400 days'")
            await ensure_partitions(connection)
            [this, *_] = await months(connection, "400 days")
            at = "now() + clock_offset"
            assert f"command_log_{this}" == await connection.fetchval(LOG_ROW.format(id=1, at=at))

    run(main())


def test_partitions_do_not_queue_the_register_behind_a_long_reader(
    fresh_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Making one takes a lock on the default partition that waits for every reader, and everybody waits behind it."""

    async def main() -> None:
        await migrated(fresh_database)
        monkeypatch.setattr(migrations_module, "LOCK_TIMEOUT", "200ms")
        async with connected(fresh_database) as reader, connected(fresh_database) as connection:
            await reader.execute("BEGIN; SELECT FROM command_log_default")
            async with asyncio.timeout(5):
                await ensure_partitions(connection)
            [this, *_] = await months(connection)
            made = await _names(fresh_database)
            assert (False, True) == (f"command_log_{this}" in made, f"posting_{this}" in made)
            await reader.execute("COMMIT")
            await ensure_partitions(connection)
            assert f"command_log_{this}" in await _names(fresh_database)

    run(main())
