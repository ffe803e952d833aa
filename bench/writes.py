"""What a create writes, as SQL: the rows of one real create, each column turned into an expression.

The limit and the growth run write rows made from these, so they cannot fall behind the schema. Ids, names and instants
become expressions; every longer text (JSON) stays the constant it is, which costs pgbench less than building it would.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from bench.database import Database
from bench.register import FIRST_ACCOUNT, FIRST_ID, FIRST_REGISTRAR, Client, hosts_of
from namestead.engine.engine import Engine

SAMPLE_REGISTRAR = 0

TABLES = """
SELECT relname FROM pg_class
 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
 ORDER BY 1
"""
COLUMNS = """
SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.atthasdef AS has_default
  FROM pg_attribute a
 WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attnum
"""
FIXED_TIME = "2026-01-01T00:00:00.000000Z"
FIXED_NAME = "n0123456789abcde.example"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


@dataclass(frozen=True, slots=True)
class Words:
    """How the values that differ from create to create are written where the SQL is to stand."""

    log_id: str
    domain_id: str
    account_id: str
    registrar_id: str
    name: str
    now: str
    hosts: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of one create: columns with what stands in them, as found or as a placeholder of `Words`."""

    table: str
    values: Mapping[str, tuple[str, ...]]
    texts: Mapping[str, str]
    """Long constants, by the name their place in `values` gives them: scripts keep them out of the reader's way."""

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.values)

    def expressions(self, words: Words) -> tuple[str, ...]:
        return tuple(" || ".join(_word(part, words) for part in parts) for parts in self.values.values())


@dataclass(frozen=True, slots=True)
class Create:
    """The rows one create inserts, and what it takes from the account."""

    rows: tuple[Row, ...]
    price: int

    @property
    def counts(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for row in self.rows:
            found[row.table] = found.get(row.table, 0) + 1
        return found

    def of(self, table: str) -> tuple[Row, ...]:
        return tuple(r for r in self.rows if r.table == table)


def _word(part: str, words: Words) -> str:
    match part:
        case "<name>":
            return words.name
        case "<log_id>":
            return words.log_id
        case "<domain_id>":
            return words.domain_id
        case "<account_id>":
            return words.account_id
        case "<registrar_id>":
            return words.registrar_id
        case "<host 0>":
            return words.hosts[0]
        case "<host 1>":
            return words.hosts[1]
    return part.replace("<now>", words.now)


def one_create(database: Database) -> Create:
    """Run one create through the engine and read what its transaction left, table by table."""
    command, envelope = Client(SAMPLE_REGISTRAR).create()

    async def main() -> Create:
        engine = Engine(database.url)
        await engine.start()
        answer = await engine.submit(command, envelope)
        await engine.stop()
        connection = await asyncpg.connect(database.url)
        try:
            return await _read(connection, answer.audit_id or 0, command.name)
        finally:
            await connection.close()

    return asyncio.run(main())


async def _read(connection: asyncpg.Connection[Any], log_id: int, name: str) -> Create:
    logged = await connection.fetchrow("SELECT xact::text AS xact, occurred_at FROM command_log WHERE id = $1", log_id)
    assert logged is not None
    domain_id = await connection.fetchval("SELECT id FROM domain WHERE name = $1", name)
    price = await connection.fetchval("SELECT amount FROM posting WHERE log_id = $1", log_id)
    hosts = await connection.fetch("SELECT id, name FROM host WHERE name = ANY($1::text[])", list(hosts_of(0)))
    host_ids = {r["id"]: f"<host {hosts_of(0).index(r['name'])}>" for r in hosts}
    assert domain_id >= FIRST_ID, "the ids of this register are not those of register.py"
    known = {
        log_id: "<log_id>",
        domain_id: "<domain_id>",
        FIRST_ACCOUNT + SAMPLE_REGISTRAR: "<account_id>",
        FIRST_REGISTRAR + SAMPLE_REGISTRAR: "<registrar_id>",
        **host_ids,
    }
    rows: list[Row] = []
    for table in [r["relname"] for r in await connection.fetch(TABLES)]:
        if table == "account":
            continue  # its row is updated, not made
        columns = await connection.fetch(COLUMNS, table)
        written = f'SELECT * FROM "{table}" WHERE xmin::text = $1'  # noqa: S608 - a name from the catalogue
        for row in await connection.fetch(written, logged["xact"]):
            values: dict[str, tuple[str, ...]] = {}
            texts: dict[str, str] = {}
            for c in columns:
                value = row[c["name"]]
                if c["type"] == "xid8" or (value is None and not c["has_default"]):
                    continue  # comes by itself
                if isinstance(value, str) and ":" in value:  # pgbench would take what follows for a variable
                    values[c["name"]] = (f"bench_{table}_{c['name']}()",)
                    texts[f"bench_{table}_{c['name']}"] = _steady(value, name)
                else:
                    values[c["name"]] = _parts(value, c["type"], known, name, logged["occurred_at"])
            rows.append(Row(table, values, texts))
    return Create(tuple(rows), price)


def _parts(value: Any, kind: str, known: Mapping[int, str], name: str, now: datetime) -> tuple[str, ...]:
    """A value as SQL, in pieces to be joined with `||`."""
    match value:
        case None:
            return (f"NULL::{kind}",)
        case bool():
            return (str(value).lower(),)
        case int():
            return (known.get(value, str(value)),)
        case datetime():
            return (_instant(value - now),)
        case bytes():
            return (f"'\\x{'5a' * len(value)}'::bytea",)
        case list():
            assert not value, "an array that is not empty: teach bench.writes how to write it"
            return (f"'{{}}'::{kind}",)
        case str() if name in value:
            return tuple("<name>" if p == name else quoted(p) for p in _split(value, name))
        case str():
            return (quoted(value),)
    raise AssertionError(f"{type(value).__name__}: teach bench.writes how to write it")


def _steady(text: str, name: str) -> str:
    """The same text whenever the scripts are written: its name and instants replaced by others of their length."""
    assert len(name) == len(FIXED_NAME)
    return TIME.sub(FIXED_TIME, text.replace(name, FIXED_NAME))


def _split(value: str, name: str) -> list[str]:
    before, _, after = value.partition(name)
    return [p for p in (before, name, after) if p]


def _instant(since_now: timedelta) -> str:
    if not since_now:
        return "<now>"
    whole = since_now.days if not since_now.seconds else 0
    return f"<now> + interval '{f'{whole} days' if whole else f'{since_now.total_seconds()} seconds'}'"


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
