"""Queues: one bounded queue a principal, filled into batches in turn, so that nobody's flood is anybody else's wait."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable, Sequence

from namestead import errors
from namestead.engine.submission import Submission, deliver
from namestead.errors import Refusal

MOST_COMMANDS = 256
"""Commands a batch takes at most: where the cost of a transaction is shared out and its locks are still short."""

MOST_WAITING = 4096
"""Commands one principal may have waiting. Beyond it: 503, for that principal alone."""

DEEP = 64
"""Commands of one principal waiting at once from which on they are a flood."""


class Queues:
    """A queue a principal. `fill` goes round those with nothing in flight, one command each, until the batch is full.

    Without `in_order` a principal may be in several batches at once: what changes nothing needs no order.
    """

    def __init__(self, most_waiting: int = MOST_WAITING, *, in_order: bool = True) -> None:
        self._most_waiting = most_waiting
        self._in_order = in_order
        self._queues: dict[int, deque[Submission]] = {}
        self._ready: OrderedDict[int, deque[Submission]] = OrderedDict()
        self._busy: set[int] = set()
        self.waiting = 0

    @property
    def ready(self) -> bool:
        """Whether anything waits whose principal has no batch in flight."""
        return bool(self._ready)

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
        if principal not in self._busy:
            self._ready[principal] = queue

    def fill(self, most: int) -> list[Submission]:
        """Take up to `most` submissions in turn from ready queues, each principal's in its order. Their principals are
        busy until `release`: what one principal sends takes effect in the order sent.

        A batch is of deep queues or of the others, whichever the one that is next in turn belongs to: one command
        does not wait for the long batch of somebody's flood while another runner could take it in a short one.
        """
        batch: list[Submission] = []
        ready = self._ready
        if not ready:
            return batch
        deep = len(next(iter(ready.values()))) > DEEP
        turn = deque(principal for principal, queue in ready.items() if (len(queue) > DEEP) == deep)
        taken: set[int] = set()
        while turn and len(batch) < most:
            principal = turn.popleft()
            queue = ready[principal]
            taken.add(principal)
            room = 1 if turn else most - len(batch)
            batch.extend(queue.popleft() for _ in range(min(room, len(queue))))
            if queue:
                turn.append(principal)
            else:
                del self._queues[principal]
                del ready[principal]
        if self._in_order:
            for principal in taken:
                ready.pop(principal, None)
            self._busy |= taken
        self.waiting -= len(batch)
        return batch

    def release(self, batch: Iterable[Submission]) -> None:
        """A batch is over: what its principals sent meanwhile may go."""
        for principal in {s.envelope.principal.id for s in batch}:
            self._busy.discard(principal)
            queue = self._queues.get(principal)
            if queue:
                self._ready[principal] = queue


class Lane:
    """One batch after another on each of its runners: while they run, the next gathers. No delay is ever added.

    With two runners a principal whose commands fill one batch holds up nobody else: theirs go with the other.
    """

    def __init__(
        self,
        name: str,
        runners: Sequence[Callable[[list[Submission]], Awaitable[None]]],
        *,
        most_commands: int = MOST_COMMANDS,
        most_waiting: int = MOST_WAITING,
        in_order: bool = True,
    ) -> None:
        self.name = name
        self._runners = list(runners)
        self._most = most_commands
        self._queues = Queues(most_waiting, in_order=in_order)
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._running = 0
        self._closing = False
        self._answering: set[asyncio.Task[None]] = set()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def waiting(self) -> int:
        return self._queues.waiting

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._loop(n), name=f"{self.name} {n}") for n in range(len(self._runners))]

    def put(self, submission: Submission) -> None:
        if self._closing:
            raise Refusal(errors.BACKEND_UNAVAILABLE, message="The registry is stopping. Retry in a few seconds.")
        self._queues.put(submission)
        self._idle.clear()
        self._wake.set()

    async def _loop(self, runner: int) -> None:
        queues = self._queues
        while True:
            await self._wake.wait()
            while batch := queues.fill(self._most):
                self._running += 1
                try:
                    await self._runners[runner](batch)
                finally:
                    self._running -= 1
                    self._answer(batch)
            if not queues.ready:
                self._wake.clear()
            if not queues.waiting and not self._running:
                self._idle.set()

    def _answer(self, batch: list[Submission]) -> None:
        """Answer the callers while the runner takes up the commands of others. Those of the same principals may go when
        all have their answers: who waits for one before sending the next is then in the next batch with all the rest."""
        task = asyncio.get_running_loop().create_task(self._deliver(batch), name=f"{self.name} answers")
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _deliver(self, batch: list[Submission]) -> None:
        try:
            await deliver(batch)
        finally:
            self._queues.release(batch)
            if self._queues.ready:
                self._wake.set()

    async def drain(self) -> None:
        """Take nothing more, answer everything that was taken, and stop."""
        self._closing = True
        await self._idle.wait()
        await asyncio.gather(*self._answering)
        for task in self._tasks:
            task.cancel()
