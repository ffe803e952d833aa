"""HTTP servers to be measured: the registry as a user starts it, and the floor. Started for one measurement each."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench.database import Database

ERROR = re.compile(r'.*"level": ?"error".*')
STARTS_WITHIN = 30.0
STOPS_WITHIN = 30.0


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a server listens, and its process."""

    host: str
    port: int
    pid: int


@contextmanager
def registry(database: Database) -> Iterator[Listening]:
    """`namestead serve` on this register, one worker, everything else as it ships."""
    with tempfile.TemporaryDirectory(prefix="namestead-bench-http-") as scratch:
        ready = Path(scratch) / "ready.json"
        said = Path(scratch) / "said"
        with said.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "namestead.cli", "serve", "--http-port", "0", "--ready", ready],
                # The URL holds a password: not on the command line.
                env={**os.environ, "NAMESTEAD_DATABASE": database.url, "NAMESTEAD_LOG_FORMAT": "json"},
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
            place = urlsplit(json.loads(ready.read_text())["http"])
            assert place.hostname is not None
            assert place.port is not None
            yield Listening(place.hostname, place.port, process.pid)
            if process.poll() is not None:
                raise RuntimeError(f"namestead serve ended under load: {_last_words(said)}")
        finally:
            _end(process)
        errors = ERROR.findall(said.read_text(errors="replace"))
        if errors:
            raise RuntimeError(f"namestead serve logged {len(errors)} errors: {errors[0][:500]}")


@contextmanager
def floor() -> Iterator[Listening]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.floor"],
        cwd=Path(__file__).parent.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            raise RuntimeError("the floor did not start")
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
