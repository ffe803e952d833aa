"""The database of a run: the embedded PostgreSQL as it ships, on a real disk, and what can be read off it.

The same server, settings and tables serve both sides of every comparison.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import urlsplit

import asyncpg

from bench.machine import file_system
from namestead.store.embedded import ROLE, EmbeddedPostgres
from namestead.store.migrate import ensure_partitions, migrate

T = TypeVar("T")

DURABLE = ("fsync", "synchronous_commit", "full_page_writes")
"""What has to be on, or a commit is no commit."""

SHOWN = (
    *DURABLE,
    "server_version",
    "shared_buffers",
    "max_wal_size",
    "checkpoint_timeout",
    "checkpoint_completion_target",
    "wal_compression",
    "wal_sync_method",
    "commit_delay",
    "autovacuum",
    "jit",
    "data_checksums",
)

# Rows inserted and updated since the statistics began, by table; partitions count for the table they are part of.
ROWS = """
SELECT coalesce(p.relname, c.relname) AS name, sum(s.n_tup_ins)::bigint AS inserted, sum(s.n_tup_upd)::bigint AS updated
  FROM pg_stat_user_tables s
  JOIN pg_class c ON c.oid = s.relid
  LEFT JOIN pg_class p ON c.relispartition AND p.oid = pg_partition_root(c.oid)
 GROUP BY 1
"""
OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
WAL = "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint"
WAL_SYNCS = "SELECT sum(fsyncs)::bigint FROM pg_stat_io WHERE object = 'wal'"
WAL_SYNCS_BEFORE_18 = "SELECT wal_sync FROM pg_stat_wal"
CHECKPOINTS = "SELECT num_done FROM pg_stat_checkpointer"
PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Counted:
    """A reading of the server's counters. `cpu` is None where it cannot be known."""

    inserted: Mapping[str, int]
    updated: Mapping[str, int]
    wal: int
    syncs: int


class Database:
    """One register on the server of the run."""

    def __init__(self, server: EmbeddedPostgres, url: str) -> None:
        self.server = server
        self.url = url

    @property
    def name(self) -> str:
        return urlsplit(self.url).path[1:]

    @property
    def postmaster(self) -> int:
        pid = self.server.pid
        if pid is None:
            raise RuntimeError(f"PostgreSQL has ended; see {self.server.log_file}")
        return pid

    def run(self, work: Callable[[asyncpg.Connection[Any]], Awaitable[T]]) -> T:
        """Do something on a connection of its own, which is closed before this returns."""

        async def main() -> T:
            connection = await asyncpg.connect(self.url, timeout=10)
            try:
                return await work(connection)
            finally:
                await connection.close(timeout=5)

        return asyncio.run(main())

    def execute(self, sql: str) -> None:
        self.run(lambda c: c.execute(sql))

    def value(self, sql: str, *args: Any) -> Any:
        return self.run(lambda c: c.fetchval(sql, *args))

    def settle(self) -> None:
        """Leave nothing of what was before to be written during what comes: every measurement begins here."""
        self.execute("CHECKPOINT")
        time.sleep(0.3)

    def counted(self) -> Counted:
        """The counters, once everybody else has gone: a backend hands in its statistics when it ends, at the latest."""

        async def read(connection: asyncpg.Connection[Any]) -> Counted:
            until = time.monotonic() + PATIENCE
            while await connection.fetchval(OTHERS) and time.monotonic() < until:  # noqa: ASYNC110 - nobody says so
                await asyncio.sleep(0.05)
            rows = await connection.fetch(ROWS)
            version = connection.get_server_version().major
            return Counted(
                {r["name"]: r["inserted"] for r in rows},
                {r["name"]: r["updated"] for r in rows},
                await connection.fetchval(WAL),
                await connection.fetchval(WAL_SYNCS if version >= 18 else WAL_SYNCS_BEFORE_18) or 0,
            )

        return self.run(read)

    def settings(self) -> dict[str, str]:
        """The settings that matter. Raises when a commit would not be durable."""

        async def read(connection: asyncpg.Connection[Any]) -> dict[str, str]:
            return {name: await connection.fetchval("SELECT current_setting($1)", name) for name in SHOWN}

        found = self.run(read)
        for name in DURABLE:
            if found[name] != "on":
                raise RuntimeError(f"{name} is {found[name]}: nothing measured here would be a durable commit")
        return found

    def checkpoints(self) -> int:
        count: int = self.value(CHECKPOINTS)
        return count

    def size(self) -> int:
        size: int = self.value("SELECT pg_database_size(current_database())")
        return size


class Server:
    """The server of a run. Databases are made from one another, so that each can begin where the last one began."""

    def __init__(self, postgres: EmbeddedPostgres) -> None:
        self.postgres = postgres
        self._made = 0

    def client_environment(self) -> dict[str, str]:
        """For PostgreSQL's own programs. The password goes by the environment: a command line is for all to read."""
        port = str(urlsplit(self.postgres.url).query.rpartition("port=")[2])
        return {
            "PATH": os.environ.get("PATH", ""),
            "PGHOST": str(self.postgres.socket_dir),
            "PGPORT": port,
            "PGUSER": ROLE,
            "PGPASSWORD": self.postgres.password,
            "LC_ALL": "C",
        }

    def new_register(self, name: str) -> Database:
        """An empty register with today's partitions."""
        database = self._create(name, "template0")

        async def prepare(connection: asyncpg.Connection[Any]) -> None:
            await migrate(connection)
            await ensure_partitions(connection)

        database.run(prepare)
        return database

    def copy(self, of: Database, name: str) -> Database:
        """The same register again, byte for byte, statistics aside."""
        return self._create(name, of.name)

    def database(self, name: str) -> Database:
        return Database(self.postgres, urlsplit(self.postgres.url)._replace(path=f"/{name}").geturl())

    def _create(self, name: str, template: str) -> Database:
        self.drop(name)
        self.database("postgres").execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        return self.database(name)

    def drop(self, name: str) -> None:
        self.database("postgres").execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def has(self, name: str) -> bool:
        return bool(self.database("postgres").value("SELECT 1 FROM pg_database WHERE datname = $1", name))


@contextmanager
def server(data: Path | None, settings: Mapping[str, str] = MappingProxyType({})) -> Iterator[Server]:
    """A server of our own, ended afterwards. Without `data` it lives in a directory that is removed again."""
    scratch = None if data is not None else Path(tempfile.mkdtemp(prefix="namestead-bench-", dir=roomy_place()))
    place = data if data is not None else scratch
    assert place is not None
    if scratch is not None and os.geteuid() == 0:
        scratch.chmod(0o711)  # as root PostgreSQL runs as nobody, who has to get through
    postgres = EmbeddedPostgres(place, settings=settings)
    try:
        postgres.start()
        yield Server(postgres)
    finally:
        postgres.stop()
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)


def roomy_place() -> Path:
    """A directory on a disk: temporary files are often kept in memory, where nothing is durable."""
    for place in (Path("/var/tmp"), Path(tempfile.gettempdir())):  # noqa: S108 - a directory of our own is made in it
        if place.is_dir() and os.access(place, os.W_OK) and file_system(place) not in ("tmpfs", "ramfs"):
            return place
    return Path.cwd()
