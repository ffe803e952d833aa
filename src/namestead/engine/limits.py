"""Rate limits: exact over all processes, per bucket and calendar minute of real time, before decoding costs anything.

Whatever requests arrive while one round of counting runs are counted together in the next: one upsert, keys merged and
sorted. A request is admitted if its own place in the count is within the limit.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TypeAlias

import structlog

from namestead import errors
from namestead.engine.database import Line
from namestead.errors import Refusal

log = structlog.get_logger("namestead.engine")

Waiting: TypeAlias = "tuple[str, int, asyncio.Future[tuple[int, int, int]]]"
"""A bucket, how many requests are to be counted, and who waits for that: (used, minute, version of the reference data)."""

# One row a bucket and minute; the rows of past minutes go when somebody counts in the same bucket again.
COUNT = """
INSERT INTO rate AS r (bucket, minute, used)
SELECT b, $3, n FROM unnest($1::text[], $2::integer[]) AS q(b, n)
    ON CONFLICT (bucket, minute) DO UPDATE SET used = r.used + excluded.used
RETURNING bucket, used, (SELECT reference FROM registry) AS reference
"""
FORGET = "DELETE FROM rate WHERE minute < $1"
MINUTE = 60
PATIENCE = 5.0
"""Seconds a request waits for somebody to count it before it is refused."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Where a request stands: `used` includes it; `reset_at` is when the minute ends (epoch seconds)."""

    limit: int
    used: int
    reset_at: int
    reference: int

    def admits(self, behind: int) -> bool:
        """Whether a request of several counted at once is admitted that has `behind` of them after it."""
        return self.used - behind <= self.limit

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)

    @property
    def admitted(self) -> bool:
        return self.admits(0)

    def refusal(self, command: str) -> Refusal:
        """What a request for this command is answered that was not admitted, by whichever door."""
        wait = max(1, self.reset_at - int(time.time()))
        return Refusal(
            errors.REGISTRAR_RATE_LIMIT_EXCEEDED,
            message=f"More than {self.limit} requests for {command} in this minute. Wait {wait} s, then send it again.",
            extra={"retry_after": wait},
        )


class Limits:
    """The counter. `count` waits for one round at most, which a flood shares."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._waiting: list[Waiting] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._forgotten = 0

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._loop(), name="limits")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._refuse(self._waiting)

    async def count(self, bucket: str, limit: int, requests: int = 1) -> Counted:
        """Count one request, or several that came at once: `used` is then the place of the last of them.
        `backend_unavailable` if nobody can count: a limit never fails open."""
        if self._task is None:
            raise Refusal(errors.BACKEND_UNAVAILABLE, extra={"retry_after": 5})
        future: asyncio.Future[tuple[int, int, int]] = asyncio.get_running_loop().create_future()
        self._waiting.append((bucket, requests, future))
        self._wake.set()
        used, minute, reference = await future
        return Counted(limit, used, (minute + 1) * MINUTE, reference)

    async def _loop(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            waiting, self._waiting = self._waiting, []
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._round(waiting)
            except asyncio.CancelledError:
                self._refuse(waiting)
                raise
            except Exception as problem:  # noqa: BLE001 - if the counter ended, every later request would wait for ever
                log.warning("could not count requests", problem=type(problem).__name__, requests=len(waiting))
                self._line.drop()
                self._refuse(waiting)

    def _refuse(self, waiting: list[Waiting]) -> None:
        for _, _, future in waiting:
            if not future.done():
                future.set_exception(Refusal(errors.BACKEND_UNAVAILABLE, extra={"retry_after": 5}))

    async def _round(self, waiting: list[Waiting]) -> None:
        connection = await self._line.get()
        minute = int(time.time()) // MINUTE
        counts: dict[str, int] = {}
        for bucket, requests, _ in waiting:
            counts[bucket] = counts.get(bucket, 0) + requests
        buckets = sorted(counts)
        found = await connection.fetch(COUNT, buckets, [counts[b] for b in buckets], minute)
        reference = found[0]["reference"]
        place = {r["bucket"]: r["used"] - counts[r["bucket"]] for r in found}
        for bucket, requests, future in waiting:
            place[bucket] += requests
            if not future.done():
                future.set_result((place[bucket], minute, reference))
        if self._forgotten != minute:
            self._forgotten = minute
            await connection.execute(FORGET, minute - 1)
