"""`namestead doctor`: is all well, and if not, what to do."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import typer
from rich.text import Text

from namestead.cli import show
from namestead.cli.epp_files import FOLDER
from namestead.cli.options import Data, Database, Json
from namestead.cli.session import FAILED, told, with_connection
from namestead.settings import Settings, load
from namestead.store import checks
from namestead.store.checks import Finding, Level
from namestead.store.load import Connection

PATIENCE = "15min"
"""For one query of a large register; the whole is seconds at a million names."""

LITTLE, TOO_LITTLE = 0.10, 0.02
LEAST_BYTES = 500 * 1024**2

COLOURS = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "bold red"}
SECRETS = ("demo.json", "postgres.password", "postgres.log")


def doctor(data: Data = None, database: Database = None, as_json: Json = False) -> None:
    """Check the database, the register's invariants, the clocks, the disk; say what to do where something is wrong.

    Reads only, and a running registry may go on. Exits with 1 if anything failed; a warning is not a failure.
    """
    found: list[Finding] = []

    def note(finding: Finding) -> None:
        found.append(finding)
        if not as_json:
            _print(finding)

    async def work(connection: Connection) -> None:
        await connection.execute(f"SET statement_timeout = '{PATIENCE}'")
        async for finding in checks.run(connection):
            note(finding)

    with told(as_json=as_json):
        settings = load(os.environ, {"data": data, "database": database})
        for finding in _machine(settings):
            note(finding)
    problem = with_connection(work, data, database)
    if problem is not None:
        note(
            Finding("database", Level.FAIL, problem, "Is it running, and is the address right? What follows needs it.")
        )
    count = Counter(finding.level for finding in found)
    if as_json:
        show.as_document({"ok": not count[Level.FAIL], "counts": count, "checks": found})
    else:
        show.say(f"\n{count[Level.OK]} ok, {count[Level.WARN]} warnings, {count[Level.FAIL]} failed")
    if count[Level.FAIL]:
        raise typer.Exit(FAILED)


def _print(finding: Finding) -> None:
    show.out.print(
        Text.assemble((f"{finding.level:<4}", COLOURS[finding.level]), f"  {finding.check}: {finding.message}")
    )
    if finding.level is not Level.OK and finding.advice:
        show.out.print(Text(f"      {finding.advice}", "dim"))


def _machine(settings: Settings) -> Iterator[Finding]:
    """What can be seen without the database: room on the disk, and who may read the secrets."""
    if not settings.data.is_dir():
        return
    usage = shutil.disk_usage(settings.data)
    share = usage.free / usage.total
    told = f"{usage.free / 1024**3:.1f} GB free where {settings.data} is ({share:.0%})"
    if share < TOO_LITTLE or usage.free < LEAST_BYTES:
        advice = "PostgreSQL stops when the disk is full. Make room now, or move the data directory."
        yield Finding("disk", Level.FAIL, told, advice)
    elif share < LITTLE:
        yield Finding("disk", Level.WARN, told, "Make room before it is less: PostgreSQL stops when the disk is full.")
    else:
        yield Finding("disk", Level.OK, told)
    keys = (file.relative_to(settings.data).as_posix() for file in (settings.data / FOLDER).glob("*.key"))
    open_to_others = [name for name in (*SECRETS, *sorted(keys)) if _others_read(settings.data / name)]
    if open_to_others:
        names = " ".join(str(settings.data / name) for name in open_to_others)
        yield Finding(
            "secrets", Level.FAIL, f"others can read {names}", f"chmod 600 {names}, then replace what was in it."
        )
    else:
        yield Finding("secrets", Level.OK, "files with secrets are readable by their owner alone")


def _others_read(path: Path) -> bool:
    return path.exists() and bool(path.stat().st_mode & 0o077)
