"""Who goes into the next batch: everyone in turn, and a flood apart from the rest."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import cast

from namestead.commands.protocol import Answer, Principal
from namestead.engine import submission
from namestead.engine.queues import DEEP, Queues
from namestead.engine.submission import Submission, deliver


@dataclass
class Waiting:
    """What `Queues` looks at in a submission."""

    principal: Principal
    n: int

    @property
    def envelope(self) -> Waiting:
        return self


def _queues(**waiting: int) -> Queues:
    """`_queues(a=3, b=1)`: three of a's wait, then one of b's."""
    queues = Queues()
    for i, (who, many) in enumerate(waiting.items(), 1):
        for n in range(many):
            queues.put(cast(Submission, Waiting(Principal(who, registrar_id=i), n)))
    return queues


def _fill(queues: Queues, most: int) -> tuple[list[Submission], str]:
    batch = queues.fill(most)
    return batch, " ".join(f"{w.principal.actor}{w.n}" for w in cast(list[Waiting], batch))


def test_everyone_in_turn() -> None:
    assert "a0 b0 c0 a1 c1 a2" == _fill(_queues(a=9, b=1, c=3), 6)[1]


def test_a_principal_is_in_one_batch_at_a_time() -> None:
    queues = _queues(a=3, b=1)
    first, names = _fill(queues, 2)
    assert "a0 b0" == names
    assert "" == _fill(queues, 2)[1]
    assert 2 == queues.waiting
    queues.release(first)
    assert "a1 a2" == _fill(queues, 2)[1]


def test_a_flood_goes_apart_from_the_rest() -> None:
    """Whoever is next in turn says which: then the others are next, on another runner or afterwards."""
    flood = DEEP + 1
    queues = _queues(a=flood, b=1, c=flood, d=2)
    assert "a0 c0 a1 c1" == _fill(queues, 4)[1]
    assert "b0 d0 d1" == _fill(queues, 4)[1]
    assert "" == _fill(queues, 4)[1]

    others_first = _queues(b=1, a=flood, d=2)
    assert "b0 d0 d1" == _fill(others_first, 4)[1]
    assert "a0 a1 a2 a3" == _fill(others_first, 4)[1]


def test_what_changes_nothing_needs_no_order() -> None:
    queues = Queues(in_order=False)
    for n in range(3):
        queues.put(cast(Submission, Waiting(Principal("a", registrar_id=1), n)))
    first, names = _fill(queues, 2)
    assert "a0 a1" == names
    assert "a2" == _fill(queues, 2)[1]
    queues.release(first)
    assert "" == _fill(queues, 2)[1]
    assert 0 == queues.waiting


def test_many_who_wait_are_no_flood() -> None:
    assert "a0 b0 a1 b1" == _fill(_queues(a=DEEP, b=DEEP), 4)[1]


def test_answers_are_given_a_few_at_a_time() -> None:
    """So that what callers do with theirs does not hold up everybody else."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        batch = [_answered(loop) for _ in range(2 * submission.ANSWERED_AT_ONCE + 1)]
        giving = loop.create_task(deliver(batch))
        await asyncio.sleep(0)
        assert submission.ANSWERED_AT_ONCE == sum(s.future.done() for s in batch if s.future)
        giving.cancel()
        await asyncio.wait([giving])
        assert all(s.future.done() for s in batch if s.future)  # even then: what is known is said

    asyncio.run(main())


def _answered(loop: asyncio.AbstractEventLoop) -> Submission:
    s = object.__new__(Submission)
    s.future, s.refusal, s.answer = loop.create_future(), None, Answer(None, 1, "success", sandbox=False)
    return s
