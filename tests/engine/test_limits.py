"""Rate limits: exact over all processes, by the calendar minute, and never open because nobody can count."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from namestead.commands.operator.revoke_key import RevokeKey
from namestead.engine import limits as limits_module
from namestead.engine.engine import Engine
from namestead.engine.limits import Counted
from namestead.errors import Refusal
from tests.crash.processes import carried_out
from tests.engine.proxy import proxy_to
from tests.engine.register import (
    OPERATOR,
    R0,
    change_registrar,
    code,
    connected,
    engine_on,
    execute,
    fetch,
    run,
    value,
)

LIMIT = 120


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Real time as the counter sees it, to be set: the 20th second of a minute."""
    time = SimpleNamespace(now=60_000_020.0)
    time.time = lambda: time.now
    monkeypatch.setattr(limits_module, "time", time)
    return time


async def many(engine: Engine, bucket: str, times: int) -> list[Counted]:
    async with asyncio.timeout(20):
        return list(await asyncio.gather(*(engine.count(bucket, LIMIT) for _ in range(times))))


async def refused(engine: Engine, bucket: str = "b") -> Refusal:
    async with asyncio.timeout(10):
        with pytest.raises(Refusal) as caught:
            await engine.count(bucket, LIMIT)
    return caught.value


def test_of_121_requests_in_a_minute_120_pass(register: str, clock: SimpleNamespace) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            counted = await many(engine, "b", 100) + await many(engine, "b", 21)
            assert [True] * 120 + [False] == [c.admitted for c in counted]
            assert list(range(1, 122)) == [c.used for c in counted]
            assert [*range(119, -1, -1), 0] == [c.remaining for c in counted]
            assert {60_000_060} == {c.reset_at for c in counted}
            assert (await engine.count("another", LIMIT)).admitted

    run(main())


def test_the_limit_is_exact_over_two_processes(register: str) -> None:
    async def main() -> None:
        orders = [{"do": "count", "by": 0, "name": "b", "limit": LIMIT} for _ in range(121 * 2)]
        said = await carried_out(register, orders)
        minutes = Counter(s["reset_at"] for s in said)
        admitted = Counter(s["reset_at"] for s in said if s["outcome"] == "admitted")
        assert {minute: min(LIMIT, n) for minute, n in minutes.items()} == admitted
        assert {"admitted", "turned away"} == {s["outcome"] for s in said}

    run(main())


def test_many_buckets_at_once_over_several_engines_do_not_deadlock(register: str, clock: SimpleNamespace) -> None:
    chance = random.Random(3)
    buckets = [f"b{n}" for n in range(600)]

    async def main() -> None:
        async def caller(engine: Engine) -> None:
            for _ in range(10):
                some = chance.sample(buckets, 400)
                await asyncio.gather(*(engine.count(b, LIMIT) for b in some))

        async with engine_on(register) as a, engine_on(register) as b, engine_on(register) as c, asyncio.timeout(30):
            await asyncio.gather(*(caller(e) for e in (a, b, c) for _ in range(4)))
        deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        assert 0 == await value(register, deadlocks)
        assert 3 * 4 * 10 * 400 == await value(register, "SELECT sum(used) FROM rate")

    run(main())


# fmt: off
BUNCHES = [
    # limit, used, requests    admitted, each in its order
    (3,      1,    1,          [True]),
    (3,      3,    3,          [True, True, True]),
    (3,      4,    1,          [False]),
    (3,      4,    3,          [True, True, False]),
    (3,      5,    3,          [True, False, False]),
    (3,      6,    3,          [False, False, False]),
    (1,      9,    9,          [True] + [False] * 8),
]
# fmt: on


@pytest.mark.parametrize("limit,used,requests,expected", BUNCHES)
def test_of_several_requests_those_within_the_limit_are_admitted(
    limit: int, used: int, requests: int, expected: list[bool]
) -> None:
    """`used` is the place of the last of them: the first has all others behind it."""
    counted = Counted(limit, used, reset_at=0, reference=0)
    assert expected == [counted.admits(behind) for behind in reversed(range(requests))]
    assert counted.admitted is counted.admits(0)


def test_several_requests_at_once_take_as_many_places(register: str, clock: SimpleNamespace) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            bunches = [("b", 3), ("b", 1), ("another", 7), ("b", 120)]
            counted = await asyncio.gather(*(engine.count(bucket, LIMIT, n) for bucket, n in bunches))
            assert [3, 4, 7, 124] == [c.used for c in counted]
            assert [117, 116, 113, 0] == [c.remaining for c in counted]
            assert 125 == (await engine.count("b", LIMIT)).used
            assert 9 == (await engine.count("another", LIMIT, 2)).used
        found = {r["bucket"]: r["used"] for r in await fetch(register, "SELECT bucket, used FROM rate")}
        assert {"b": 125, "another": 9} == found

    run(main())


def test_the_limit_is_exact_for_bunches_of_any_size_from_several_engines(register: str, clock: SimpleNamespace) -> None:
    chance = random.Random(11)

    async def passed(engine: Engine, bunch: int) -> int:
        await asyncio.sleep(chance.random() * 0.02)
        counted = await engine.count("b", LIMIT, bunch)
        return sum(counted.admits(behind) for behind in range(bunch))

    async def main() -> None:
        bunches = [chance.randint(1, 9) for _ in range(60)]
        assert sum(bunches) > 2 * LIMIT
        async with engine_on(register) as a, engine_on(register) as b, asyncio.timeout(20):
            found = await asyncio.gather(*(passed((a, b)[n % 2], bunch) for n, bunch in enumerate(bunches)))
        assert LIMIT == sum(found)
        assert sum(bunches) == await value(register, "SELECT used FROM rate WHERE bucket = 'b'")

    run(main())


def test_a_flood_is_counted_in_a_few_rounds(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            rounds = []
            counting = engine.limits._round

            async def noted(waiting: Any) -> None:
                rounds.append(len(waiting))
                await counting(waiting)

            engine.limits._round = noted  # type: ignore[method-assign]
            await many(engine, "b", 2000)
            assert 2000 == sum(rounds) and len(rounds) <= 3

    run(main())


def test_a_new_minute_begins_at_nothing(register: str, clock: SimpleNamespace) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            assert not (await many(engine, "b", 121))[-1].admitted
            clock.now = 60_000_059.999
            assert not (await engine.count("b", LIMIT)).admitted
            clock.now = 60_000_060.0
            first = await engine.count("b", LIMIT)
            assert (1, 60_000_120, True) == (first.used, first.reset_at, first.admitted)

    run(main())


def test_minutes_that_have_passed_are_forgotten(register: str, clock: SimpleNamespace) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            for minute in range(5):
                clock.now = 60_000_020.0 + 60 * minute
                await engine.count("b", LIMIT)
            await asyncio.sleep(0.05)
            assert 2 >= await value(register, "SELECT count(*) FROM rate")

    run(main())


def test_nobody_who_can_count_is_no_leave_to_pass(register: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits_module, "PATIENCE", 0.5)

    async def main() -> None:
        async with proxy_to(register) as proxy, engine_on(proxy.url) as engine:
            await engine.count("b", LIMIT)
            proxy.sever()
            refusal = await refused(engine)
            assert ("backend_unavailable", 5) == (code(refusal), refusal.extra["retry_after"])
            proxy.open = True
            assert (await engine.count("b", LIMIT)).admitted

    run(main())


def test_a_counter_that_stumbles_goes_on(register: str) -> None:
    """Whatever it was, those of that round are refused and later ones counted."""

    async def main() -> None:
        async with engine_on(register) as engine:
            assert "backend_unavailable" == code(await refused(engine, "a\0b"))
            assert "backend_unavailable" == code(await refused(engine, "a\ud800"))
            assert (await engine.count("b", LIMIT)).admitted
            await execute(register, "ALTER TABLE rate RENAME TO gone")
            assert "backend_unavailable" == code(await refused(engine))
            await execute(register, "ALTER TABLE gone RENAME TO rate")
            assert 2 == (await engine.count("b", LIMIT)).used

    run(main())


def test_nobody_is_left_waiting_by_a_stop(register: str) -> None:
    async def main() -> None:
        async with connected(register) as other:
            engine = Engine(register)
            await engine.start()
            await engine.count("b", LIMIT)
            await other.execute("BEGIN; LOCK TABLE rate")
            stuck = asyncio.create_task(refused(engine))
            await asyncio.sleep(0.05)
            behind = asyncio.create_task(refused(engine))
            await asyncio.sleep(0.05)
            await engine.stop()
            assert ["backend_unavailable"] * 2 == [code(await task) for task in (stuck, behind)]
            assert "backend_unavailable" == code(await refused(engine))

    run(main())


def test_counting_waits_for_no_batch_and_no_disk(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            for _ in range(3):  # after the first of a minute the past ones are forgotten
                await engine.count("b", LIMIT)
            connection = await engine._limits_line.get()
            assert "off" == await connection.fetchval("SHOW synchronous_commit")
            for name, line in engine._lines.items():
                if not name.startswith("look-ups"):
                    assert "on" == await (await line.get()).fetchval("SHOW synchronous_commit")
        assert "u" == await value(register, "SELECT relpersistence::text FROM pg_class WHERE relname = 'rate'")

    run(main())


# ------------------------------------------------------------------------------------------------------- keys, revoked

TOKEN = "nst_invented"


async def _key(register: str) -> None:
    await execute(
        register,
        "INSERT INTO api_key (id, account_id, registrar_id, hash, profile, scopes, created_at) VALUES"
        f" ('nsk_1', {R0.account_id}, {R0.registrar_id}, decode('{hashlib.sha256(TOKEN.encode()).hexdigest()}', 'hex'),"
        " 'all', '{}', now())",
    )


def test_a_revoked_key_stops_at_the_next_request_in_every_process(register: str) -> None:
    """The count of a request also says whether keys have changed since they were read."""

    async def main() -> None:
        await _key(register)
        async with engine_on(register) as here, engine_on(register) as there:
            await here.count("b", LIMIT)
            key = await here.key(TOKEN)
            assert key is not None and key.revoked_at is None
            await here.count("b", LIMIT)
            assert here.is_current(key) and key is await here.key(TOKEN)
            await there.submit(RevokeKey("nsk_1"), OPERATOR)
            await here.count("b", LIMIT)
            assert not here.is_current(key)
            again = await here.key(TOKEN)
            assert again is not None and again.revoked_at is not None
            assert None is await here.key("unknown")

    run(main())


def test_a_key_read_before_a_change_is_not_kept_after_it(register: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The change may be noticed, by another request, while the key that is not yet revoked is still on its way."""

    async def main() -> None:
        await _key(register)
        async with engine_on(register) as engine:
            await engine.count("b", LIMIT)
            read = engine.read

            async def slow(listing: Any) -> Any:
                row = await read(listing)
                await execute(register, "UPDATE api_key SET revoked_at = now()")
                await change_registrar(register, R0, "name = 'changed'")
                await engine.count("another", LIMIT)
                return row

            monkeypatch.setattr(engine, "read", slow)
            old = await engine.key(TOKEN)
            monkeypatch.undo()
            await engine.count("b", LIMIT)
            assert old is not None and not engine.is_current(old)
            new = await engine.key(TOKEN)
            assert new is not None and new.revoked_at is not None
        assert [("nsk_1",)] == [tuple(r.values()) for r in await fetch(register, "SELECT id FROM api_key")]

    run(main())
