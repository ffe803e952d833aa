"""`kill -9` of the engine's process and of PostgreSQL under load: what was answered is there, and nothing twice.

The driver sends creates and renewals with idempotency keys through a worker process, and sends what was not answered
again with the same key, as a registrar does. `NAMESTEAD_CRASH_SEED` repeats a run.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from namestead.store import checks
from namestead.store.embedded import EmbeddedPostgres
from tests.conftest import create_database
from tests.crash.processes import Said, Worker, start
from tests.engine.register import CHANNELS, build, connected, fetch, problems, run

KILLS = 20
IN_FLIGHT = 48
HOT_NAMES = 12
FINAL = {"ok", "domain_not_available", "domain_not_found", "not_sponsor", "max_lifetime_exceeded"}
"""What ends an order. Everything else, `backend_unavailable` above all, is sent again with the same key."""


class Load:
    """Orders without end, `IN_FLIGHT` at a time, until `stopping`. What was not answered is sent again."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._orders: dict[int, Said] = {}
        self._open: set[int] = set()
        self._mine: list[tuple[str, int]] = []
        self._again: list[Said] = []
        self.answers: dict[int, Said] = {}
        self.tries: Counter[int] = Counter()
        self.stopping = False

    def _next(self) -> Said:
        n, chance = len(self._orders), self._chance
        kind = chance.random()
        by = chance.randrange(CHANNELS)
        order: Said = {"n": n, "by": by, "key": f"key-{n}"}
        if kind < 0.3 and self._mine:
            name, by = chance.choice(self._mine)
            order |= {"do": "renew", "name": name, "by": by}
        elif kind < 0.4:
            order |= {"do": "create", "name": f"hot{chance.randrange(HOT_NAMES)}.example"}
        else:
            hosts = [f"ns{chance.randrange(9)}.shared.net" for _ in range(2)]
            order |= {
                "do": "create",
                "name": f"n{n}.example",
                "nameservers": sorted({*hosts, "ns9.shared.net", "nsa.net"}),
            }
        self._orders[n] = order
        return order

    async def through(self, worker: Worker) -> None:
        """Send and hear until the worker is gone, or all is answered after `stop`."""
        # What a worker that was killed had not answered goes first.
        self._again = [self._orders[n] for n in sorted(self._open)]
        self._open.clear()
        while True:
            while len(self._open) < IN_FLIGHT and (self._again or not self.stopping):
                order = self._again.pop(0) if self._again else self._next()
                self._open.add(order["n"])
                self.tries[order["n"]] += 1
                worker.tell([order])
            if not self._open:
                return
            said = await worker.hear()
            if said is None:
                return
            self._heard(said)

    def _heard(self, said: Said) -> None:
        n, outcome = said["n"], said["outcome"]
        self._open.discard(n)
        order = self._orders[n]
        if outcome in FINAL:
            assert n not in self.answers, f"{order} was answered twice"
            self.answers[n] = order | said
            if outcome == "ok" and order["do"] == "create":
                self._mine.append((order["name"], order["by"]))
        else:
            assert outcome == "backend_unavailable", said
            self._again.append(order)


def _processes_of(server: EmbeddedPostgres) -> list[int]:
    pid = server.pid
    assert pid is not None
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [pid, *map(int, found.stdout.split())]


async def _kill_postgres(server: EmbeddedPostgres, how: str, chance: random.Random) -> None:
    """All of it at once, its first process alone, or one of its processes, after which it restarts by itself."""
    first, *others = _processes_of(server)
    victims = {"postgres": [first, *others], "postmaster": [first], "one process": chance.sample(others, 1)}[how]
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    if first in victims:
        while server.pid is not None:  # noqa: ASYNC110 - a process, not a task
            await asyncio.sleep(0.005)
        await asyncio.to_thread(server.start)


async def _killed_again_and_again(url: str, server: EmbeddedPostgres, seed: int, log: Path) -> Load:
    chance = random.Random(seed)
    plan = ["engine"] * (KILLS // 2) + ["postgres", "postmaster", "one process"] * (KILLS // 6)
    plan += ["postgres"] * (KILLS - len(plan))
    chance.shuffle(plan)
    load = Load(chance)
    worker = await start(url, log)
    sending = asyncio.create_task(load.through(worker))
    try:
        for how in plan:
            await asyncio.sleep(chance.uniform(0.02, 0.5))
            if how == "engine":
                await worker.kill()
                await sending
                worker = await start(url, log)
                sending = asyncio.create_task(load.through(worker))
            else:
                await _kill_postgres(server, how, chance)
        await asyncio.sleep(0.3)
        load.stopping = True
        async with asyncio.timeout(40):
            await sending
        assert [] == await worker.finish()
    finally:
        sending.cancel()
        await worker.kill()
    return load


@pytest.mark.slow
def test_killed_twenty_times_and_nothing_lost_and_nothing_twice(own_server: EmbeddedPostgres, tmp_path: Path) -> None:
    seed = int(os.environ.get("NAMESTEAD_CRASH_SEED", "0")) or random.randrange(1, 2**31)
    print(f"NAMESTEAD_CRASH_SEED={seed}")  # noqa: T201 - shown with a failure
    url = create_database(own_server.url)
    log = tmp_path / "worker.log"

    async def main() -> None:
        await build(url)
        begun = time.monotonic()
        load = await _killed_again_and_again(url, own_server, seed, log)
        answers = load.answers
        outcomes = Counter(a["outcome"] for a in answers.values())
        again = sum(1 for n in answers if load.tries[n] > 1)
        replayed = sum(1 for a in answers.values() if a.get("idempotent"))
        print(  # noqa: T201 - shown with a failure
            f"{time.monotonic() - begun:.0f} s, {dict(outcomes)}, {again} sent again, {replayed} of them done before"
        )
        assert len(answers) == len(load._orders) > 200
        assert again > 0

        # Everything answered is there, under the id that was answered.
        rows = {r["id"]: r for r in await fetch(url, "SELECT * FROM command_log")}
        good = {n: a for n, a in answers.items() if a["outcome"] == "ok"}
        for a in good.values():
            row = rows[a["log_id"]]
            assert ("success", a["key"], a["name"]) == (row["status"], row["idempotency_key"], row["domain"])
        made = {a["name"]: a["id"] for a in good.values() if a["do"] == "create"}
        live = await fetch(url, "SELECT * FROM domain WHERE ended_at IS NULL")
        assert made == {d["name"]: f"D{d['id']}-NST" for d in live}

        # Nothing is there twice: a success for every order that was answered so, and none beside.
        keyed = Counter(
            r["idempotency_key"] for r in rows.values() if r["status"] == "success" and r["idempotency_key"] is not None
        )
        assert Counter(a["key"] for a in good.values()) == keyed
        renewals = Counter(a["name"] for a in good.values() if a["do"] == "renew")
        assert {name: 1 + renewals[name] for name in made} == {d["name"]: d["version"] for d in live}
        assert {} == await problems(url)
        assert [] == await _complaints(url)

    run(main())


async def _complaints(url: str) -> list[Any]:
    """What `namestead doctor` finds broken."""
    async with connected(url) as connection:
        return [f async for f in checks.run(connection) if f.level is checks.Level.FAIL]
