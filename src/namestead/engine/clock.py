"""Time's own work: what has fallen due, and, in OT&E, moving the registry's clock to the next instant at which anything
does.

Whatever is due is true whether or not anybody writes it down (`rules.lifecycle.phase_at`); this only writes it down, so
late, twice or in two processes at once is all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from namestead import errors
from namestead.commands.domain.settle import SettleDomain
from namestead.commands.operator.advance_clock import AdvanceClock
from namestead.engine.decide import TIMES_ENVELOPE
from namestead.engine.engine import Engine
from namestead.engine.submission import Envelope
from namestead.errors import Refusal
from namestead.objects.names import Name
from namestead.rules.lifecycle import Act, Due
from namestead.store import operator
from namestead.store.migrate import ensure_partitions

log = structlog.get_logger("namestead.engine")

SLICE = 500
"""Names looked up at a time. The engine's second lane cuts them into its own slices."""

AT_ONCE = 32
"""Names handed to the engine at a time: one slice of its second lane."""

# Names with something due, the longest overdue first, without those that could not be settled just now.
DUE = """
SELECT name, next_due
  FROM domain
 WHERE next_due <= (SELECT clock_timestamp() + clock_offset FROM registry) AND name <> ALL($1::text[])
 ORDER BY next_due, id
 LIMIT $2
"""
NEXT_STOP = "SELECT min(next_due) FROM domain WHERE next_due <= $1 AND name <> ALL($2::text[])"


async def due(engine: Engine, skip: Sequence[Name] = (), limit: int = SLICE) -> list[tuple[Name, datetime]]:
    """Names that time has done something to which is not written down yet, and since when."""
    found = await engine.read(lambda c: c.fetch(DUE, list(skip), limit))
    return [(Name(row["name"]), row["next_due"]) for row in found]


async def settle(engine: Engine, skip: Sequence[Name] = ()) -> tuple[int, list[Name]]:
    """Write down everything that is due by now, the longest overdue first: how many names that was, and which could
    not be settled. Raises what keeps all of them from it: a register out of reach.

    The engine settles whatever it finds due for a name, in order, so what somebody else has settled meanwhile is
    nothing left to do, and which event a command names does not matter.
    """
    settled = 0
    failed: list[Name] = []
    seen: set[tuple[Name, datetime]] = set()
    while found := await due(engine, [*skip, *failed]):
        failed += [name for name, since in found if (name, since) in seen]  # settled, and still due: never again
        seen.update(found)
        for begin in range(0, len(found), AT_ONCE):
            part = found[begin : begin + AT_ONCE]
            commands = [SettleDomain(name, Due(Act.EXPIRE, since)) for name, since in part]
            outcomes = await asyncio.gather(
                *(engine.submit(command, TIMES_ENVELOPE, long=True) for command in commands), return_exceptions=True
            )
            for command, outcome in zip(commands, outcomes, strict=True):
                if not isinstance(outcome, BaseException):
                    settled += 1
                elif isinstance(outcome, Refusal) and outcome.kind is not errors.BACKEND_UNAVAILABLE:
                    log.error("a name could not be settled", domain=command.name, problem=outcome.kind.code)
                    failed.append(command.name)
                else:
                    raise outcome
    return settled, failed


@dataclass(frozen=True, slots=True)
class Advanced:
    """What a move of the clock did: from when to when, at how many instants it stopped, how many names it settled, and
    those that could not be."""

    before: datetime
    now: datetime
    stops: int
    settled: int
    failed: tuple[Name, ...]


async def advance(
    engine: Engine,
    by: timedelta,
    envelope: Envelope,
    progress: Callable[[datetime, int], Awaitable[None]] | None = None,
) -> Advanced:
    """Move registry time forward by a span, stopping at every instant at which something falls due, in order.

    `policy_violation` where the registry is not one for OT&E. If it is interrupted, the clock stands at the last stop.
    """
    start = await engine.read(operator.clock)
    if not start.ote:
        raise Refusal(
            errors.POLICY_VIOLATION,
            message="This registry is not one for OT&E: its clock is the real one and cannot be moved.",
        )
    target = start.registry + by
    stops = settled = 0
    failed: list[Name] = []
    month = start.registry
    while True:
        done, lost = await settle(engine, failed)
        settled += done
        failed += lost
        instant = await _next_stop(engine, target, failed)
        stop = instant or target
        await engine.submit(AdvanceClock(stop), envelope)
        if (stop.year, stop.month) != (month.year, month.month):
            await engine.read(ensure_partitions)
            month = stop
        stops += 1
        if progress is not None:
            await progress(stop, settled)
        if instant is None:
            end = await engine.read(operator.clock)
            return Advanced(start.registry, end.registry, stops, settled, tuple(failed))


async def _next_stop(engine: Engine, until: datetime, but: Sequence[Name]) -> datetime | None:
    instant: datetime | None = await engine.read(lambda c: c.fetchval(NEXT_STOP, until, list(but)))
    return instant
