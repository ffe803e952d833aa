"""What one process serves: an engine, and the doors and clocks that stand on it, started and stopped in order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

import structlog

from namestead.cli.http import Http
from namestead.engine.database import LOST, Database
from namestead.engine.engine import Engine
from namestead.engine.metrics import Metrics
from namestead.jobs.due import DueEvents
from namestead.settings import Settings
from namestead.store.migrate import ensure_partitions
from namestead.store.operator import DatabaseProblem

log = structlog.get_logger("namestead")

A_DAY = 86400.0
SOON = 600.0


class Parts:
    """`http_port` is None where HTTP is not served here, `shared` if others listen on it too. `jobs` says
    whether this process also runs the clocks; one of several workers is enough."""

    def __init__(
        self, settings: Settings, url: str, http_port: int | None, *, jobs: bool, shared: bool = False
    ) -> None:
        self._settings = settings
        self._url = url
        self._http_port = http_port
        self._shared = shared
        self._jobs = jobs
        self.engine = Engine(url)
        self._http: Http | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Everything is open when this returns."""
        await self.engine.start()
        if self._http_port is not None:
            self._http = Http(self.engine, self._settings, self._http_port, shared=self._shared)
            await self._http.start()
        if self._jobs:
            self._run(DueEvents(self.engine, self._settings.jobs_pause).run(), "due events")
            self._run(keep_partitions(self._url), "partitions")

    @property
    def port(self) -> int | None:
        """The HTTP port, once started: the one found where the settings have 0."""
        return self._http.port if self._http is not None else None

    def _run(self, job: Coroutine[Any, Any, None], name: str) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(job, name=name))

    async def stop(self) -> None:
        """Doors first, so that what they accepted is answered; then the clocks; the engine last."""
        if self._http is not None:
            await self._http.stop()
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
