"""How many messages wait for a registrar: asked for with every answer of EPP, so one query serves all who ask at once.

What was read is remembered for a moment. What this process writes to a queue, or takes from it, is known at once
(`forget`); what another process does is known when the moment is over.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from msgspec import Struct

from namestead.store import listings
from namestead.store.load import Connection

REMEMBERED = 1.0
"""Seconds a queue is remembered: as late as a message of another process may be told of."""


class Queue(Struct, frozen=True, gc=False):
    """A registrar's message queue: how many wait (see `objects.message.MOST_COUNTED`), and the id of the oldest."""

    count: int
    head: int | None


Read = Callable[[Callable[[Connection], Awaitable[Any]]], Awaitable[Any]]


class Waiting:
    """The queues of those who ask, one query at a time. `read` is the engine's way to the store."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._known: dict[int, tuple[Queue, float]] = {}
        self._asked: dict[int, asyncio.Future[Queue]] = {}
        self._stale: set[int] = set()
        """Queues that have changed since the query under way began."""
        self._asking: asyncio.Task[None] | None = None

    async def of(self, registrar_id: int) -> Queue:
        """A registrar's queue as it stands. Raises what the store raises."""
        known = self._known.get(registrar_id)
        if known is not None and time.monotonic() < known[1]:
            return known[0]
        future = self._asked.get(registrar_id)
        if future is None:
            future = self._asked[registrar_id] = asyncio.get_running_loop().create_future()
        if self._asking is None:
            self._asking = asyncio.get_running_loop().create_task(self._ask())
        return await asyncio.shield(future)

    def forget(self, registrars: Iterable[int]) -> None:
        """Something was written to these queues, or taken from them, and is committed. A query that is under way may have
        seen them before: whoever asks from now on waits for the next."""
        for registrar_id in registrars:
            self._known.pop(registrar_id, None)
            self._stale.add(registrar_id)

    async def _ask(self) -> None:
        try:
            while self._asked:
                asked, self._asked = self._asked, {}
                self._stale.clear()
                try:
                    found = await self._read(lambda c, ids=list(asked): listings.queues(c, ids))  # type: ignore[misc]
                except Exception as problem:  # noqa: BLE001 - it is the answer of everybody who asked
                    for future in asked.values():
                        future.set_exception(problem)
                        future.exception()  # told to those who wait; nobody may
                    continue
                until = time.monotonic() + REMEMBERED
                for registrar_id, future in asked.items():
                    queue = Queue(*found[registrar_id])
                    if registrar_id not in self._stale:
                        self._known[registrar_id] = queue, until
                    future.set_result(queue)
        finally:
            self._asking = None
