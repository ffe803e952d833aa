"""What one process serves: an engine, and the doors and clocks that stand on it, started and stopped in order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

import structlog

from namestead.cli import epp
from namestead.cli.http import Http
from namestead.engine.database import LOST, Database
from namestead.engine.engine import Engine
from namestead.engine.metrics import Metrics
from namestead.epp.server import EppServer
from namestead.jobs.due import DueEvents
from namestead.settings import Settings
from namestead.store.migrate import ensure_partitions
from namestead.store.operator import DatabaseProblem

log = structlog.get_logger("namestead")

A_DAY = 86400.0
SOON = 600.0


@dataclass(frozen=True, slots=True)
class Ports:
    """Which doors are served, and where."""

    http: int | None = None
    epp: int | None = None


class Parts:
    """A port is None where its door is not served here; `shared` if others listen on it too. `jobs` says whether this
    process also runs the clocks; one of several workers is enough."""

    def __init__(self, settings: Settings, url: str, ports: Ports, *, jobs: bool, shared: bool = False) -> None:
        self._settings = settings
        self._url = url
        self._ports = ports
        self._shared = shared
        self._jobs = jobs
        self.engine = Engine(url)
        self._http: Http | None = None
        self._epp: EppServer | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Everything is open when this returns."""
        await self.engine.start()
        if self._ports.epp is not None:
            own = epp.settings_of(self._settings, self._ports.epp, shared=self._shared)
            self._epp = EppServer(self.engine, own, rate_limit=self._settings.rate_limit)
            await self._epp.start()
        if self._ports.http is not None:
            epp_port = self._epp.port if self._epp is not None else None
            self._http = Http(self.engine, self._settings, self._ports.http, epp_port=epp_port, shared=self._shared)
            await self._http.start()
        if self._jobs:
            self._run(DueEvents(self.engine, self._settings.jobs_pause).run(), "due events")
            self._run(keep_partitions(self._url), "partitions")

    @property
    def ports(self) -> Ports:
        """The ports, once started: those found where the settings have 0."""
        return Ports(
            self._http.port if self._http is not None else None, self._epp.port if self._epp is not None else None
        )

    def _run(self, job: Coroutine[Any, Any, None], name: str) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(job, name=name))

    async def stop(self) -> None:
        """Doors first, so that what they accepted is answered; then the clocks; the engine last."""
        doors = [door.stop() for door in (self._http, self._epp) if door is not None]
        await asyncio.gather(*doors)
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self.engine.stop()

    def hurry(self) -> None:
        if self._http is not None:
            self._http.hurry()


async def keep_partitions(url: str) -> None:
    """Make the partitions of the coming months, once a day. The months made ahead leave weeks for it to succeed in."""
    pause = A_DAY
    while True:
        await asyncio.sleep(pause)
        try:
            connection = await Database(url, Metrics()).connect("partitions", lock_timeout="5s")
            try:
                await ensure_partitions(connection)
            finally:
                await connection.close(timeout=5)
        except (*LOST, DatabaseProblem) as problem:
            log.warning("partitions could not be made ahead, trying again soon", problem=type(problem).__name__)
            pause = SOON
        else:
            pause = A_DAY
