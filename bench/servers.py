"""Servers to be measured: the registry as a user starts it, and the floor. Started for one measurement each."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.database import Database
from namestead.cli import epp_files
from namestead.cli.epp_files import EppFiles

ERROR = re.compile(r'.*"level": ?"error".*')
STARTS_WITHIN = 30.0
STOPS_WITHIN = 30.0
FILES = 16_384
"""Open files of an EPP server with 10,000 sessions, and room for the rest."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a server listens, and its process."""

    host: str
    port: int
    pid: int
    ca: str = ""
    """The authority its certificate is checked against, where it speaks TLS."""


@contextmanager
def registry(database: Database) -> Iterator[Listening]:
    """`namestead serve` on this register, one worker, everything else as it ships."""
    with (
        tempfile.TemporaryDirectory(prefix="namestead-bench-http-") as scratch,
        _serve(database, Path(scratch), {"NAMESTEAD_HTTP_PORT": "0"}) as (facts, pid),
    ):
        place = urlsplit(facts["http"])
        assert place.hostname is not None
        assert place.port is not None
        yield Listening(place.hostname, place.port, pid)


@contextmanager
def _serve(database: Database, scratch: Path, settings: dict[str, str]) -> Iterator[tuple[dict[str, Any], int]]:
    """What its ready file says, and its process. An error in its log is an error of the run."""
    ready, said = scratch / "ready.json", scratch / "said"
    with said.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "namestead.cli", "serve", "--ready", ready],
            # The URL holds a password: not on the command line.
            env={**os.environ, "NAMESTEAD_DATABASE": database.url, "NAMESTEAD_LOG_FORMAT": "json", **settings},
            cwd=scratch,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        until = time.monotonic() + STARTS_WITHIN
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"namestead serve did not start: {_last_words(said)}")
            time.sleep(0.02)
        yield json.loads(ready.read_text()), process.pid
        if process.poll() is not None:
            raise RuntimeError(f"namestead serve ended under load: {_last_words(said)}")
    finally:
        _end(process)
    errors = ERROR.findall(said.read_text(errors="replace"))
    if errors:
        raise RuntimeError(f"namestead serve logged {len(errors)} errors: {errors[0][:500]}")


@contextmanager
def epp_registry(database: Database) -> Iterator[Listening]:
    """The same with EPP alone. No client certificates are asked for: they cost at the handshake, which is not measured."""
    with tempfile.TemporaryDirectory(prefix="namestead-bench-epp-") as scratch:
        made = _certificates(Path(scratch))
        settings = {
            "NAMESTEAD_ONLY": "epp",
            "NAMESTEAD_EPP_PORT": "0",
            "NAMESTEAD_EPP_CERT": str(made.certificate),
            "NAMESTEAD_EPP_KEY": str(made.key),
            "NAMESTEAD_EPP_CERTIFICATES": "optional",
            "NAMESTEAD_EPP_CONNECTIONS_PER_ADDRESS": "2000",
        }
        with _allowing(FILES), _serve(database, Path(scratch), settings) as (facts, pid):
            yield Listening(facts["epp"]["host"], facts["epp"]["port"], pid, str(made.authority))


@contextmanager
def epp_floor(*, validates: bool) -> Iterator[Listening]:
    with tempfile.TemporaryDirectory(prefix="namestead-bench-epp-floor-") as scratch:
        made = _certificates(Path(scratch))
        more = ["validates"] if validates else []
        with _own("bench.epp_floor", str(made.certificate), str(made.key), *more) as listening:
            yield replace(listening, ca=str(made.authority))


def _certificates(folder: Path) -> EppFiles:
    return epp_files.keep(folder, ("localhost", "127.0.0.1"), (), datetime.now(UTC))


@contextmanager
def _allowing(files: int) -> Iterator[None]:
    """So many open files for what is started inside, as far as this machine lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, files)), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def floor() -> Iterator[Listening]:
    with _own("bench.floor") as listening:
        yield listening


@contextmanager
def _own(module: str, *arguments: str) -> Iterator[Listening]:
    """A server of the bench's own, which prints its port when it listens."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=Path(__file__).parent.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"{module} did not start")
        yield Listening("127.0.0.1", int(line), process.pid)
    finally:
        _end(process)
        process.stdout.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    for what in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            process.send_signal(what)
            try:
                process.wait(STOPS_WITHIN)
            except subprocess.TimeoutExpired:
                continue


def _last_words(said: Path) -> str:
    return " | ".join(said.read_text(errors="replace").strip().splitlines()[-5:]) or "it said nothing"
