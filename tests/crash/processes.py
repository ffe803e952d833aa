"""Worker processes (`worker.py`) and what they say."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

WORKER = Path(__file__).with_name("worker.py")
Said = dict[str, Any]


class Worker:
    """One worker process. `tell` gives it orders, `hear` waits for the next thing it says (None once it is gone)."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    @property
    def pid(self) -> int:
        return self.process.pid

    def tell(self, orders: Iterable[Said]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"".join(msgspec.json.encode(order) + b"\n" for order in orders))

    async def hear(self) -> Said | None:
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        return msgspec.json.decode(line) if line.endswith(b"\n") else None

    async def finish(self) -> list[Said]:
        """End its input, and hear the rest."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        rest = []
        while (said := await self.hear()) is not None:
            rest.append(said)
        assert 0 == await self.process.wait()
        return rest

    async def kill(self) -> None:
        """`kill -9`."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


async def start(url: str, log: Path | None = None) -> Worker:
    """A worker that is ready. What it logs goes to `log`."""
    with Path(log or os.devnull).open("ab") as errors:  # noqa: ASYNC230 - opened once, for the process to write to
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            WORKER,
            env={**os.environ, "NAMESTEAD_DATABASE": url},  # it has a password, which an argument would show to all
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            limit=1 << 24,
        )
    worker = Worker(process)
    assert {"ready": True} == await worker.hear()
    return worker


@asynccontextmanager
async def workers(url: str, count: int) -> AsyncIterator[list[Worker]]:
    started = await asyncio.gather(*(start(url) for _ in range(count)))
    try:
        yield list(started)
    finally:
        for worker in started:
            await worker.kill()


async def carried_out(url: str, orders: list[Said], processes: int = 2) -> list[Said]:
    """Orders dealt out to so many processes at once, each beside how it ended, in the order given."""
    for n, order in enumerate(orders):
        order["n"] = n
    async with workers(url, processes) as started, asyncio.timeout(60):
        for number, worker in enumerate(started):
            worker.tell(orders[number::processes])
        said = {s["n"]: s for found in await asyncio.gather(*(w.finish() for w in started)) for s in found}
    assert sorted(said) == list(range(len(orders)))
    return [orders[n] | said[n] for n in range(len(orders))]
