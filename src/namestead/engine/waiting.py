"""How many messages wait for a registrar: asked for with every answer of EPP, so one query serves all who ask at once.

Whoever asks while a query is under way is answered by the next one: what is told was true after it was asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import Struct

from namestead.store import listings
from namestead.store.load import Connection


class Queue(Struct, frozen=True, gc=False):
    """A registrar's message queue: how many wait (see `objects.message.MOST_COUNTED`), and the id of the oldest."""

    count: int
    head: int | None


Read = Callable[[Callable[[Connection], Awaitable[Any]]], Awaitable[Any]]


class Waiting:
    """The queues of those who ask, one query at a time. `read` is the engine's way to the store."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._asked: dict[int, asyncio.Future[Queue]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def of(self, registrar_id: int) -> Queue:
        """A registrar's queue as it stands. Raises what the store raises."""
        future = self._asked.get(registrar_id)
        if future is None:
            future = self._asked[registrar_id] = asyncio.get_running_loop().create_future()
        if self._asking is None:
            self._asking = asyncio.get_running_loop().create_task(self._ask())
        return await asyncio.shield(future)

    async def _ask(self) -> None:
        try:
            while self._asked:
                asked, self._asked = self._asked, {}
                try:
                    found = await self._read(lambda c, ids=list(asked): listings.queues(c, ids))  # type: ignore[misc]
                except Exception as problem:  # noqa: BLE001 - it is the answer of everybody who asked
                    for future in asked.values():
                        future.set_exception(problem)
                        future.exception()  # told to those who wait; nobody may
                    continue
                for registrar_id, future in asked.items():
                    future.set_result(Queue(*found[registrar_id]))
        finally:
            self._asking = None
