"""Look-ups: queries that coalesce like transforms, without locks, on a connection of their own.

`check` and `info` of many callers become a few set-based queries; what is waiting while one round runs makes the next.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import structlog

from namestead import errors
from namestead.engine.batch import ReferenceCache, gather
from namestead.engine.database import LOST, Line
from namestead.engine.decide import Decisions
from namestead.engine.metrics import Metrics
from namestead.engine.submission import Submission
from namestead.errors import Refusal
from namestead.store import load
from namestead.store.load import ReferenceChanged

log = structlog.get_logger("namestead.engine")

PATIENCE = 5.0


class LookupRunner:
    def __init__(self, line: Line, reference: ReferenceCache, metrics: Metrics) -> None:
        self._line = line
        self._reference = reference
        self._metrics = metrics

    async def run(self, batch: Sequence[Submission]) -> None:
        """Answer a round of queries. Never raises."""
        until = time.monotonic() + PATIENCE
        await self._each_its_own(batch, until)

    async def _each_its_own(self, batch: Sequence[Submission], until: float) -> None:
        """A round that fails for a reason nobody foresaw is halved: the error of one query is not its neighbours'."""
        try:
            await self._run(batch, until)
        except Exception as problem:
            if len(batch) > 1:
                middle = len(batch) // 2
                await self._each_its_own(batch[:middle], until)
                await self._each_its_own(batch[middle:], until)
                return
            [s] = batch
            log.exception("a look-up failed in an unforeseen way", command=s.row.name, exc_info=problem)
            s.answer, s.refusal = None, Refusal(errors.INTERNAL_ERROR)

    async def _run(self, batch: Sequence[Submission], until: float) -> None:
        while True:
            try:
                async with asyncio.timeout(max(0.1, until - time.monotonic())):
                    connection = await self._line.get()
                    started = time.perf_counter()
                    try:
                        known = self._reference.current
                        loaded = await load.load(connection, gather(batch, known), known, lock=False)
                    except ReferenceChanged:
                        await self._reference.refresh(connection)
                        continue
                    decisions = Decisions(loaded.facts, loaded.stored, _no_log_id, _no_ids)
                    for s in batch:
                        decisions.take(s)
                    self._metrics.step.labels("lookup").observe(time.perf_counter() - started)
                    return
            except LOST:
                self._line.drop()
                if time.monotonic() >= until:
                    for s in batch:
                        s.answer = None
                        s.refusal = Refusal(errors.BACKEND_UNAVAILABLE, extra={"retry_after": 5})
                    return
                await asyncio.sleep(0.05)


def _no_ids() -> int:
    raise AssertionError("a query makes no objects")


def _no_log_id() -> int:
    """What is decided here is not saved; a query that has to be logged is not for this lane (`Engine.ask`)."""
    return 0
