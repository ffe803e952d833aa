"""Queues: one bounded queue a principal, filled into batches in turn, so that nobody's flood is anybody else's wait."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable

from namestead import errors
from namestead.engine.submission import Submission
from namestead.errors import Refusal

MOST_COMMANDS = 256
"""Commands a batch takes at most: where the cost of a transaction is shared out and its locks are still short."""

MOST_WAITING = 4096
"""Commands one principal may have waiting. Beyond it: 503, for that principal alone."""


class Queues:
    """A queue a principal. `fill` goes round them, one command each, until the batch is full."""

    def __init__(self, most_waiting: int = MOST_WAITING) -> None:
        self._most_waiting = most_waiting
        self._queues: OrderedDict[int, deque[Submission]] = OrderedDict()
        self.waiting = 0

    def put(self, submission: Submission) -> None:
        principal = submission.envelope.principal.id
        queue = self._queues.get(principal)
        if queue is None:
            queue = self._queues[principal] = deque()
        elif len(queue) >= self._most_waiting:
            raise Refusal(
                errors.BACKEND_UNAVAILABLE,
                message="Too many of your commands are waiting already. Wait for answers, or retry in a few seconds.",
                extra={"retry_after": 5},
            )
        queue.append(submission)
        self.waiting += 1

    def fill(self, most: int) -> list[Submission]:
        """Take up to `most` submissions in turn from every queue, each principal's in its order."""
        batch: list[Submission] = []
        queues = self._queues
        if len(queues) == 1:
            principal, queue = next(iter(queues.items()))
            while queue and len(batch) < most:
                batch.append(queue.popleft())
            if not queue:
                del queues[principal]
        else:
            while queues and len(batch) < most:
                principal, queue = next(iter(queues.items()))
                batch.append(queue.popleft())
                if queue:
                    queues.move_to_end(principal)
                else:
                    del queues[principal]
        self.waiting -= len(batch)
        return batch


class Lane:
    """One batch after another: while one runs, the next gathers. No delay is ever added."""

    def __init__(
        self,
        name: str,
        run: Callable[[list[Submission]], Awaitable[None]],
        *,
        most_commands: int = MOST_COMMANDS,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self.name = name
        self._run = run
        self._most = most_commands
        self._queues = Queues(most_waiting)
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        return self._queues.waiting

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._loop(), name=f"lane:{self.name}")

    def put(self, submission: Submission) -> None:
        if self._closing:
            raise Refusal(errors.BACKEND_UNAVAILABLE, message="The registry is stopping. Retry in a few seconds.")
        self._queues.put(submission)
        self._idle.clear()
        self._wake.set()

    async def _loop(self) -> None:
        while True:
            await self._wake.wait()
            while batch := self._queues.fill(self._most):
                await self._run(batch)
            self._wake.clear()
            if not self._queues.waiting:
                self._idle.set()

    async def drain(self) -> None:
        """Take nothing more, answer everything that was taken, and stop."""
        self._closing = True
        await self._idle.wait()
        if self._task is not None:
            self._task.cancel()
