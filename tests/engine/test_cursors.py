"""Rows commit out of the order of their ids when several processes write, and still no reader ever skips one.

Every cursor stands behind the oldest transaction that is still open (`pg_snapshot_xmin`): no row can come before it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from namestead.commands.listings import START, Balance, ListPending, Poll
from namestead.engine import listings
from namestead.engine.engine import Engine
from namestead.store.load import Connection
from namestead.store.operator import LogFilter, end_of_log, log_after
from tests.engine.register import R0, R1, connected, create, engine_on, run, submit

ROW = (
    "INSERT INTO command_log (id, occurred_at, surface, command, registrar_id, actor, status, apply, request, result)"
    " VALUES ($1, clock_timestamp(), 'http', 'renew_domain', $2, 'x', 'success', 'pending', '{}', NULL)"
)
POSTING = (
    "INSERT INTO posting (log_id, n, occurred_at, debit, debit_book, credit, credit_book, amount, currency, reason)"
    " VALUES ($1, 0, clock_timestamp(), $2, 'balance', -1, 'balance', 5, 'EUR', 'x')"
)


async def write(connection: Connection, log_id: int) -> None:
    """What a batch leaves for the readers, in a transaction that the caller ends."""
    await connection.execute("BEGIN")
    await connection.execute(ROW, log_id, R0.registrar_id)
    await connection.execute(POSTING, log_id, R0.account_id)


# A reader: from a cursor, the ids of the rows after it and the cursor behind them.
Reader = Callable[[Engine, Any], Awaitable[tuple[list[int], Any]]]


async def _listed(engine: Engine, asked: Any) -> Any:
    return await engine.read(lambda c: listings.run(c, asked, R0.principal, engine.reference))


async def poll(engine: Engine, cursor: Any) -> tuple[list[int], Any]:
    page = await _listed(engine, Poll(limit=3, cursor=cursor or START))
    return [int(e.audit_id.removeprefix("log_")) for e in page.events], page.next_cursor


async def movements(engine: Engine, cursor: Any) -> tuple[list[int], Any]:
    page = await _listed(engine, Balance(limit=3, cursor=cursor or START))
    return [int(m.audit_id.removeprefix("log_")) for m in page.postings], page.next_cursor


async def tail(engine: Engine, cursor: Any) -> tuple[list[int], Any]:
    """`namestead log tail -f`."""
    wanted = LogFilter(registrar_id=R0.registrar_id)
    rows = await engine.read(lambda c: log_after(c, wanted, 3, cursor or (0, 0)))
    at = (int(rows[-1]["xact"]), rows[-1]["id"]) if rows else cursor
    return [r["id"] for r in rows], at


READERS = pytest.mark.parametrize("reader", [poll, movements, tail])


async def caught_up(reader: Reader, engine: Engine, cursor: Any) -> tuple[list[int], Any]:
    seen: list[int] = []
    while True:
        ids, cursor = await reader(engine, cursor)
        seen += ids
        if not ids:
            return seen, cursor


@READERS
def test_a_row_is_not_shown_before_one_that_may_still_come_before_it(register: str, reader: Reader) -> None:
    async def main() -> None:
        async with engine_on(register) as engine, connected(register) as slow, connected(register) as fast:
            _, cursor = await caught_up(reader, engine, None)
            await write(slow, 2_000_001)
            for log_id in (2_000_002, 2_000_003):
                await write(fast, log_id)
                await fast.execute("COMMIT")
            seen, cursor = await caught_up(reader, engine, cursor)
            assert [] == seen
            await slow.execute("COMMIT")
            seen, cursor = await caught_up(reader, engine, cursor)
            assert [2_000_001, 2_000_002, 2_000_003] == seen

    run(main())


@READERS
def test_a_transaction_that_began_later_with_a_smaller_id_is_not_skipped(register: str, reader: Reader) -> None:
    """Processes take ids a thousand at a time: a small one may well be written last."""

    async def main() -> None:
        async with engine_on(register) as engine, connected(register) as one:
            _, cursor = await caught_up(reader, engine, None)
            for log_id in (2_000_005, 2_000_002, 2_000_004):
                await write(one, log_id)
                await one.execute("COMMIT")
                seen, cursor = await caught_up(reader, engine, cursor)
                assert [log_id] == seen

    run(main())


@READERS
def test_a_transaction_that_is_rolled_back_holds_nobody_up(register: str, reader: Reader) -> None:
    async def main() -> None:
        async with engine_on(register) as engine, connected(register) as slow, connected(register) as fast:
            _, cursor = await caught_up(reader, engine, None)
            await write(slow, 2_000_001)
            await write(fast, 2_000_002)
            await fast.execute("COMMIT")
            await slow.execute("ROLLBACK")
            assert [2_000_002] == (await caught_up(reader, engine, cursor))[0]

    run(main())


@READERS
def test_readers_beside_writers_that_commit_in_any_order_see_every_row_once(register: str, reader: Reader) -> None:
    chance = random.Random(7)
    ids = list(range(2_000_000, 2_000_240))
    chance.shuffle(ids)

    async def main() -> None:
        async with engine_on(register) as engine:
            _, start = await caught_up(reader, engine, None)
            done = asyncio.Event()

            async def writer(mine: list[int]) -> None:
                async with connected(register) as connection:
                    for log_id in mine:
                        await write(connection, log_id)
                        await asyncio.sleep(chance.random() * 0.01)
                        await connection.execute("ROLLBACK" if log_id % 10 == 0 else "COMMIT")

            async def read() -> list[int]:
                seen, cursor, last = [], start, False
                while True:
                    ids_read, cursor = await reader(engine, cursor)
                    seen += ids_read
                    if not ids_read and last:
                        return seen
                    last = done.is_set()
                    await asyncio.sleep(chance.random() * 0.003)

            readers = [asyncio.create_task(read()) for _ in range(2)]
            await asyncio.gather(*(writer(ids[n::6]) for n in range(6)))
            done.set()
            expected = sorted(n for n in ids if n % 10)
            for seen in await asyncio.gather(*readers):
                assert expected == sorted(seen)
            assert seen == (await caught_up(reader, engine, start))[0]  # and always in the same order

    run(main())


def test_what_waits_for_a_backend_is_read_behind_open_transactions_too(register: str) -> None:
    async def pending(engine: Engine) -> list[int]:
        page = await _listed(engine, ListPending())
        return [int(p.audit_id.removeprefix("log_")) for p in page.pending]

    async def main() -> None:
        async with engine_on(register) as engine, connected(register) as slow, connected(register) as fast:
            await write(slow, 2_000_001)
            await write(fast, 2_000_002)
            await fast.execute("COMMIT")
            assert [] == await pending(engine)
            await slow.execute("COMMIT")
            assert [2_000_001, 2_000_002] == await pending(engine)

    run(main())


def test_the_end_of_the_log_is_before_everything_that_can_still_come(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine, connected(register) as slow:
            await write(slow, 2_000_002)
            cursor = await engine.read(end_of_log)
            await submit(engine, create("meanwhile"), R1)
            await slow.execute("COMMIT")
            rows = await engine.read(lambda c: log_after(c, LogFilter(), 100, cursor))
            assert {2_000_002, 1_000_001} == {r["id"] for r in rows}

    run(main())


def test_what_is_answered_is_soon_in_the_poll(register: str) -> None:
    """A registrar that asks right after its answer finds the row, unless somebody else's transaction is open."""

    async def main() -> None:
        async with engine_on(register) as engine:
            cursor: Any = None
            for n in range(5):
                answer = await submit(engine, create(f"n{n}"), R0)
                seen, cursor = await caught_up(poll, engine, cursor)
                assert [answer.audit_id] == seen

    run(main())
