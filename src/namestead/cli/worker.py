"""A worker: one of several processes that share a port. Started by `namestead serve --workers N`, never by hand.

What it needs, the database's URL among it, comes over its standard input: an argument or a variable could be read by
others. When that input ends, its parent has, and it stops like after SIGTERM. It says `ready` on its standard output.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import suppress
from typing import Any

import msgspec
import uvloop

from namestead.cli import logs
from namestead.cli.parts import Parts, Ports
from namestead.settings import Settings

READY = b"ready\n"


class Task(msgspec.Struct, frozen=True):
    """What a parent tells its worker: the settings, and what only the parent knows."""

    settings: Settings
    url: str
    ports: Ports
    jobs: bool


def encode(task: Task) -> bytes:
    return msgspec.json.encode(task, enc_hook=str) + b"\n"


def decode(line: bytes) -> Task:
    def path(kind: type, value: Any) -> Any:
        return kind(value)

    return msgspec.json.decode(line, type=Task, dec_hook=path)


def main() -> int:
    task = decode(sys.stdin.buffer.readline())
    logs.configure(task.settings.log_format, task.settings.log_level)
    with suppress(KeyboardInterrupt):
        uvloop.run(_serve(task))
    return 0


async def _serve(task: Task) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is the parent's to pass on
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_reader(sys.stdin.fileno(), stop.set)  # nothing more is ever sent: readable means closed
    parts = Parts(task.settings, task.url, task.ports, jobs=task.jobs, shared=True)
    await parts.start()
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
    await stop.wait()
    loop.remove_reader(sys.stdin.fileno())
    await parts.stop()


if __name__ == "__main__":
    sys.exit(main())
