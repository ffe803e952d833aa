"""The message queue: written with what it tells, read in one order, acknowledged once, whoever asks at the same time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from namestead.commands.domain.transfer import TransferDomain
from namestead.commands.listings import QueuePage, ReadMessage
from namestead.commands.message.ack import AckMessage
from namestead.commands.operator.deposit import Deposit
from namestead.engine import listings
from namestead.engine.engine import Engine
from namestead.engine.waiting import REMEMBERED, Queue
from namestead.errors import Refusal
from namestead.money import Money
from namestead.objects.message import MOST_COUNTED
from namestead.objects.names import Name
from namestead.rules.transfers import Operation
from namestead.store import listings as store
from tests.engine.register import (
    OPENING,
    OPERATOR,
    R0,
    R1,
    R2,
    Channel,
    all_of,
    code,
    codes,
    connected,
    create,
    engine_on,
    execute,
    fetch,
    leave,
    one,
    plain,
    problems,
    run,
    submit,
    value,
)

PUSH_A, PUSH_B = (TransferDomain(Name(f"{n}.example"), gaining_registrar="r1") for n in "ab")
LOW = 10_000
"""What an account calls low unless it is told otherwise."""


async def read(engine: Engine, by: Channel = R0, limit: int = 100) -> QueuePage:
    page: QueuePage = await engine.read(lambda c: listings.run(c, ReadMessage(limit), by.principal, engine.reference))
    return page


async def queued(engine: Engine, by: Channel = R0) -> list[tuple[str, str | None]]:
    return [(m.kind, m.object) for m in (await read(engine, by)).messages]


async def pushed(engine: Engine) -> None:
    """Two names of r0, both being pushed to r1: two messages for each of them."""
    for command in (create("a"), create("b"), PUSH_A, PUSH_B):
        await submit(engine, command)


def test_messages_come_with_what_they_tell_in_its_order(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            await pushed(engine)
            for by in (R0, R1):
                assert [("transfer", "a.example"), ("transfer", "b.example")] == await queued(engine, by)
            [first, _] = (await read(engine, R1)).messages
            row = (await fetch(register, "SELECT * FROM command_log WHERE domain = 'a.example' ORDER BY id"))[-1]
            assert (f"log_{row['id']}", row["occurred_at"]) == (first.audit_id, first.queued_at)
            assert (2, 1) == ((page := await read(engine, limit=1)).count, len(page.messages))
            assert QueuePage(0, ()) == await read(engine, R2)
            assert Queue(0, None) == await engine.waiting(R2.registrar_id)
        assert {} == await problems(register)

    run(main())


def test_what_is_refused_or_rehearsed_tells_nobody(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            await submit(engine, create("a"))
            await engine.submit(PUSH_A, R0.envelope("try", sandbox=True))
            assert "domain_not_found" == code(await one(submit(engine, PUSH_B)))
            assert 0 == await value(register, "SELECT count(*) FROM poll_message")

    run(main())


def test_an_acknowledged_message_makes_way_for_the_next(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            await pushed(engine)
            first, second = (int(m.id) for m in (await read(engine)).messages)
            assert Queue(2, first) == await engine.waiting(R0.registrar_id)
            assert 1 == (await submit(engine, AckMessage(first))).result.count
            assert Queue(1, second) == await engine.waiting(R0.registrar_id)
            assert [str(second)] == [m.id for m in (await read(engine)).messages]
            for refused, by in ((first, R0), (second, R1), (second + 100, R0)):
                assert "message_not_found" == code(await one(submit(engine, AckMessage(refused), by)))
            assert 0 == (await submit(engine, AckMessage(second))).result.count
            assert QueuePage(0, ()) == await read(engine)

    run(main())


def test_of_fifty_who_acknowledge_it_at_once_one_does(register: str) -> None:
    """In one batch, in several, and from another process."""

    async def main() -> None:
        async with engine_on(register) as engine, engine_on(register) as other:
            await pushed(engine)
            first, second = (int(m.id) for m in (await read(engine)).messages)
            calls = [submit(e, AckMessage(i)) for _ in range(25) for e in (engine, other) for i in (first, second)]
            outcomes = await all_of(calls)
            assert {"ok": 2, "message_not_found": 98} == codes(outcomes)
            assert [0, 1] == sorted(o.result.count for o in outcomes if not isinstance(o, Refusal))
            acked = "SELECT count(*) FROM poll_message WHERE acked_at IS NOT NULL AND registrar_id = $1"
            assert 2 == await value(register, acked, R0.registrar_id)
            assert 2 == (await engine.waiting(R1.registrar_id)).count

    run(main())


def test_an_acknowledgement_with_a_key_is_answered_again(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            await pushed(engine)
            first = int((await read(engine)).messages[0].id)
            once = await submit(engine, AckMessage(first), key="ack")
            again = await submit(engine, AckMessage(first), key="ack")
            assert (True, plain(once)) == (again.idempotent, plain(again))

    run(main())


def test_nothing_comes_in_before_what_was_read(register: str) -> None:
    """A transaction that began first and commits last: what it tells stands first, and is waited for."""

    async def main() -> None:
        async with engine_on(register) as engine, connected(register) as slow:
            await submit(engine, create("a"))
            await slow.execute("BEGIN")
            await slow.execute(
                "INSERT INTO poll_message (registrar_id, queued_at, log_id, kind, object, text, data)"
                " SELECT $1, now(), id, 'transfer', 'slow.example', '', $2 FROM command_log LIMIT 1",
                R0.registrar_id,
                '{"type":"balance","account":"r0","balance":{"amount":"0","currency":"EUR"},'
                '"low_balance":{"amount":"0","currency":"EUR"},"credit":{"amount":"0","currency":"EUR"}}',
            )
            await submit(engine, PUSH_A)
            assert [] == await queued(engine)
            assert Queue(0, None) == await engine.waiting(R0.registrar_id)
            await slow.execute("COMMIT")
            assert [("transfer", "slow.example"), ("transfer", "a.example")] == await queued(engine)
            await _known_to_wait(engine, 2)

    run(main())


async def _known_to_wait(engine: Engine, count: int) -> None:
    """What somebody else wrote is known within a moment (`waiting.REMEMBERED`)."""
    async with asyncio.timeout(3 * REMEMBERED):
        while count != (await engine.waiting(R0.registrar_id)).count:  # noqa: ASYNC110 - another process's doing
            await asyncio.sleep(0.05)


def test_what_waits_is_known_at_once_here_and_in_a_moment_elsewhere(
    register: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    queues = store.queues

    async def counted(connection: Any, ids: Any) -> Any:
        asked.append(len(ids))
        return await queues(connection, ids)

    monkeypatch.setattr(store, "queues", counted)

    async def main() -> None:
        async with engine_on(register) as engine, engine_on(register) as elsewhere:
            await submit(engine, create("a"))
            assert [0] * 50 == [(await engine.waiting(R0.registrar_id)).count for _ in range(50)]
            assert 0 == (await elsewhere.waiting(R0.registrar_id)).count
            assert [1, 1] == asked  # remembered in between
            await submit(engine, PUSH_A)
            queue = await engine.waiting(R0.registrar_id)
            assert 1 == queue.count
            await _known_to_wait(elsewhere, 1)
            assert queue.head is not None
            await submit(engine, AckMessage(queue.head))
            assert Queue(0, None) == await engine.waiting(R0.registrar_id)
            await _known_to_wait(elsewhere, 0)

    run(main())


def test_a_low_balance_is_told_once_each_time_it_is_reached(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            await leave(register, R0, LOW + 500)
            for n in range(3):
                await submit(engine, create(f"low{n}"))
            [message] = (await read(engine)).messages
            assert ("low_balance", None) == (message.kind, message.object)
            notice: Any = message.data
            assert ("r0", "95.00", "100.00") == (notice.account, notice.balance.amount, notice.low_balance.amount)
            await engine.submit(Deposit("r0", Money(3000, "EUR")), OPERATOR)
            await asyncio.gather(*(submit(engine, create(f"again{n}")) for n in range(3)))
            assert ["low_balance"] * 2 == [m.kind for m in (await read(engine)).messages]
            assert [] == await queued(engine, R1)

    run(main())


def test_a_transfer_that_costs_the_last_of_a_balance_tells_its_payer(register: str) -> None:
    async def main() -> None:
        secret = "Sec-ret.9-aXy.0123456789"
        async with engine_on(register) as engine:
            await submit(engine, create("a", auth_info=secret))
            await leave(register, R1, LOW)
            await submit(engine, TransferDomain(Name("a.example"), auth_info=secret), R1)
            assert [("transfer", "a.example"), ("low_balance", None)] == sorted(
                await queued(engine, R1), key=lambda m: m[0], reverse=True
            )
            await submit(engine, TransferDomain(Name("a.example"), Operation.REJECT))
            assert 3 == (await read(engine, R1)).count
        assert OPENING - 1000 == await value(register, "SELECT balance FROM account WHERE id = $1", R0.account_id)

    run(main())


def test_a_long_queue_costs_no_more_than_a_short_one(register: str) -> None:
    async def main() -> None:
        await execute(
            register,
            "INSERT INTO poll_message (registrar_id, queued_at, log_id, kind, text, data)"
            f" SELECT {R0.registrar_id}, now(), n, 'changed', '', '{{}}' FROM generate_series(1, {MOST_COUNTED + 50}) n",
        )
        async with engine_on(register) as engine:
            head = await value(register, "SELECT min(id) FROM poll_message")
            assert Queue(MOST_COUNTED + 1, head) == await engine.waiting(R0.registrar_id)

    run(main())


def test_all_who_ask_at_once_are_answered_by_few_queries(register: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            await pushed(engine)
            asked: list[list[int]] = []
            queues = store.queues

            async def counted(connection: Any, ids: list[int]) -> Any:
                asked.append(sorted(ids))
                return await queues(connection, ids)

            monkeypatch.setattr(store, "queues", counted)
            found = await asyncio.gather(*(engine.waiting(c.registrar_id) for c in (R0, R1, R2) for _ in range(20)))
            assert [2, 2, 0] == [found[n].count for n in (0, 20, 40)]
            assert len(asked) <= 2
            assert 2 == (await engine.waiting(R0.registrar_id)).count

    run(main())


def test_who_asks_while_the_register_is_away_is_told_so_and_the_next_is_answered(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            real, tries = engine._waiting._read, 0

            async def away_once(listing: Any) -> Any:
                nonlocal tries
                tries += 1
                if tries == 1:
                    raise ConnectionResetError
                return await real(listing)

            engine._waiting._read = away_once
            with pytest.raises(ConnectionResetError):
                await engine.waiting(R0.registrar_id)
            assert Queue(0, None) == await engine.waiting(R0.registrar_id)

    run(main())
