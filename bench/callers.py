"""Callers in process: the load on the engine. A process of its own, so that its time and memory are the engine's.

Reads a job as JSON from stdin and writes a `Sample` to stdout. Each caller has one create waiting at a time.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from typing import Any

import asyncpg
import msgspec
import uvloop

from bench.database import WAL, WAL_SYNCS, WAL_SYNCS_BEFORE_18
from bench.figures import Sample, percentile
from bench.machine import between, cpu_of_tree
from bench.register import Client
from namestead.engine.engine import Engine
from namestead.errors import Refusal


class Job(msgspec.Struct):
    """`flood` is how many creates another registrar has waiting all the time; only the callers are measured."""

    url: str
    postmaster: int
    callers: int
    registrars: int
    warm: float
    seconds: float
    flood: int = 0


class Load:
    """The callers, and what they see while `measuring`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.ending = False
        self.measuring = False
        self.done = 0
        self.times: list[float] = []
        self.errors: dict[str, int] = {}

    async def caller(self, client: Client, *, counted: bool) -> None:
        submit = self._engine.submit
        while not self.ending:
            command, envelope = client.create()
            began = time.perf_counter()
            try:
                await submit(command, envelope)
            except Refusal as refusal:
                self.errors[refusal.kind.code] = self.errors.get(refusal.kind.code, 0) + 1
            self.done += 1
            if counted and self.measuring:
                self.times.append(time.perf_counter() - began)


async def run(job: Job) -> Sample:
    """Warm up, measure, and answer what was seen."""
    watcher = await asyncpg.connect(job.url)
    syncs = WAL_SYNCS if watcher.get_server_version().major >= 18 else WAL_SYNCS_BEFORE_18
    engine = Engine(job.url)
    await engine.start()
    load = Load(engine)
    clients = [Client(n) for n in range(job.registrars)]
    tasks = [asyncio.create_task(load.caller(clients[n % job.registrars], counted=True)) for n in range(job.callers)]
    if job.flood:
        flooder = Client(job.registrars)
        tasks += [asyncio.create_task(load.caller(flooder, counted=False)) for _ in range(job.flood)]
    await asyncio.sleep(job.warm)
    gc.collect()

    batches, steps = _batches(engine), _steps(engine)
    wal, flushes = await watcher.fetchval(WAL), await watcher.fetchval(syncs)
    server = cpu_of_tree(job.postmaster)
    load.measuring = True
    before, cpu, began = load.done, time.process_time(), time.perf_counter()
    await asyncio.sleep(job.seconds)
    load.measuring = False
    elapsed, cpu, commands = time.perf_counter() - began, time.process_time() - cpu, load.done - before
    server = between(server, cpu_of_tree(job.postmaster))
    wal, flushes = await watcher.fetchval(WAL) - wal, await watcher.fetchval(syncs) - flushes
    batches, steps_now = _batches(engine) - batches, _steps(engine)

    load.ending = True
    await asyncio.gather(*tasks)
    await engine.stop()
    await watcher.close()
    times = sorted(load.times)
    each = 1e6 / max(1, commands)
    return Sample(
        rate=commands / elapsed,
        commands=load.done,
        p50=_ms(percentile(times, 0.5)),
        p99=_ms(percentile(times, 0.99)),
        client_cpu=cpu * each,
        server_cpu=server * each if server is not None else None,
        wal=wal / max(1, commands),
        errors=load.errors,
        detail={
            "batch": commands / max(1, batches),
            "flushes": flushes / max(1, commands),
            "batches": _batches(engine),
            **{f"{name} us": (steps_now[name] - steps.get(name, 0.0)) * each for name in steps_now},
        },
    )


def _ms(seconds: float | None) -> float | None:
    return seconds * 1000 if seconds is not None else None


def _steps(engine: Engine) -> dict[str, float]:
    """Seconds spent so far in each step of a batch."""
    found: dict[str, float] = {}
    for metric in engine.metrics.step.collect():
        found.update({s.labels["step"]: s.value for s in metric.samples if s.name.endswith("_sum")})
    return found


def _batches(engine: Engine) -> int:
    samples: list[Any] = [s for m in engine.metrics.batch_size.collect() for s in m.samples]
    return int(sum(s.value for s in samples if s.name.endswith("_count") and s.labels["lane"] == "batches"))


if __name__ == "__main__":
    answer = uvloop.run(run(msgspec.json.decode(sys.stdin.buffer.read(), type=Job)))
    sys.stdout.buffer.write(msgspec.json.encode(answer))
