"""A command's way into the register: which database, an engine on it, and who is asking.

With `--data`, a running embedded database is used as it is; one that is not running is started for as long as the
command takes. Every change goes through the engine, as it would from any other door.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe
from typing import Any, TypeVar

import typer

from namestead.cli import logs, show
from namestead.commands.protocol import Answer, AnyCommand, Principal
from namestead.engine.database import LOST, Database
from namestead.engine.engine import Engine
from namestead.engine.metrics import Metrics
from namestead.engine.submission import Envelope
from namestead.errors import Refusal
from namestead.objects.log import Surface
from namestead.settings import Settings, SettingsProblem, load
from namestead.store import embedded, migrate
from namestead.store.embedded import EmbeddedError, EmbeddedPostgres
from namestead.store.load import Connection
from namestead.store.migrate import SchemaProblem, ensure_partitions
from namestead.store.operator import DatabaseProblem

T = TypeVar("T")

FAILED, MISUSED = 1, 2
"""Exit codes: refused or failed; asked for in a way that cannot be."""


class Problem(Exception):
    """The command cannot be done; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Register:
    """The register, opened by the operator at this terminal."""

    url: str
    engine: Engine
    envelope: Envelope
    rehearsal: Envelope

    async def submit(self, command: AnyCommand, *, rehearse: bool = False) -> Answer[Any]:
        return await self.engine.submit(command, self.rehearsal if rehearse else self.envelope)

    async def read(self, listing: Callable[[Connection], Awaitable[T]]) -> T:
        return await self.engine.read(listing)


def operator(name: str | None = None) -> Envelope:
    """Who is at the terminal, as the log will keep it."""
    principal = Principal(actor=f"operator:{name or _os_user()}", operator=True)
    return Envelope(principal, Surface.CLI, request_id=f"req_{token_urlsafe(16)}")


def _os_user() -> str:
    asked = os.environ.get("SUDO_USER")
    if asked:
        return asked
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.geteuid())


def with_register(
    work: Callable[[Register], Awaitable[T]], data: Path | None, database: str | None, *, as_json: bool = False
) -> T:
    """Run a command's work on the register, and end the process with a sentence where it fails."""

    async def run(url: str) -> T:
        await _require_schema(url)
        engine = Engine(url)
        await engine.start()
        try:
            envelope = operator()
            principal, request_id = envelope.principal, envelope.request_id
            rehearsal = Envelope(principal, Surface.CLI, sandbox=True, request_id=request_id)
            return await work(Register(url, engine, envelope, rehearsal))
        finally:
            await engine.stop()

    with told(as_json=as_json):
        logs.configure("console", "warning")
        settings = load(os.environ, {"data": data, "database": database})
        with database_of(settings) as url:
            return asyncio.run(run(url))


def with_connection(
    work: Callable[[Connection], Awaitable[None]], data: Path | None, database: str | None
) -> str | None:
    """Run work on a bare connection, for what has to tell something when the register does not answer. What kept it
    from running, as a sentence; None if nothing did."""

    async def run(url: str) -> None:
        connection = await Database(url, Metrics()).connect("operator")
        try:
            await work(connection)
        finally:
            await connection.close(timeout=5)

    logs.configure("console", "warning")
    settings = load(os.environ, {"data": data, "database": database})
    try:
        with database_of(settings) as url:
            asyncio.run(run(url))
    except (Problem, EmbeddedError) as problem:
        return str(problem)
    except (*LOST, DatabaseProblem) as problem:
        return logs.without_secrets(str(problem)) or type(problem).__name__
    return None


@contextmanager
def told(*, as_json: bool) -> Iterator[None]:
    """Turn what can go wrong into a sentence and an exit code. What nobody foresaw keeps its traceback."""
    try:
        yield
    except Refusal as refusal:
        show.refusal(refusal, as_json=as_json)
        raise typer.Exit(FAILED) from None
    except SettingsProblem as problem:
        show.failure("settings", str(problem), as_json=as_json)
        raise typer.Exit(MISUSED) from None
    except (Problem, EmbeddedError, SchemaProblem) as problem:
        show.failure("failed", str(problem), as_json=as_json)
        raise typer.Exit(FAILED) from None
    except LOST as problem:
        why = logs.without_secrets(str(problem)) or type(problem).__name__
        show.failure("database", f"The database cannot be reached: {why}", as_json=as_json)
        raise typer.Exit(FAILED) from None
    except DatabaseProblem as problem:
        show.failure("database", f"The database says: {logs.without_secrets(str(problem))}", as_json=as_json)
        raise typer.Exit(FAILED) from None
    except KeyboardInterrupt:
        print(file=sys.stderr)
        raise typer.Exit(130) from None


@contextmanager
def database_of(settings: Settings) -> Iterator[str]:
    """The URL of the database meant; an embedded one that is not running runs until the end of the block."""
    if settings.database is not None:
        yield settings.database
        return
    running = embedded.running(settings.data)
    if running is not None:
        yield running
        return
    if not any((settings.data / name).exists() for name in ("postgres", "postgres.location")):
        raise Problem(
            f"There is no registry in {settings.data}. Start one there with 'namestead serve --data {settings.data}', "
            "or say where it is with --data DIR or --database URL."
        )
    server = EmbeddedPostgres(settings.data)
    url = server.start()
    try:
        yield url
    finally:
        server.stop()


async def _require_schema(url: str) -> None:
    """An empty database is made ready. One of another version is not touched: what serves it migrates it."""
    connection = await Database(url, Metrics()).connect("operator")
    try:
        todo = await migrate.pending(connection)
        if todo and len(todo) == len(migrate.migrations()):
            await migrate.migrate(connection)
            await ensure_partitions(connection)
        elif todo:
            raise Problem(
                f"The database lacks migration {todo[0].number} ({todo[0].name}). Start this version of "
                "'namestead serve' on it once: it migrates."
            )
    finally:
        await connection.close(timeout=5)
