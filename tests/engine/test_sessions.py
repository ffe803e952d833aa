"""Sessions: a registrar's cap is exact over all processes, and a place is free as soon as who held it is gone."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import pytest

from namestead.engine import sessions as sessions_module
from namestead.engine.engine import Engine
from namestead.engine.sessions import Slot
from namestead.errors import Refusal
from tests.engine.proxy import proxy_to
from tests.engine.register import R0, R1, code, connected, engine_on, execute, fetch, run, value

CAP = 4
ALPHA, BETA = R0.registrar_id, R1.registrar_id
KILL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'namestead sessions' AND pid = {}"
)


async def claim(engine: Engine, times: int = 1, cap: int = CAP, registrar_id: int = ALPHA) -> list[Slot]:
    """What is granted of so many claims at once."""
    async with asyncio.timeout(20):
        slots = await asyncio.gather(*(engine.sessions.claim(registrar_id, cap) for _ in range(times)))
    return [slot for slot in slots if slot is not None]


async def granted_within(engine: Engine, seconds: float) -> Slot:
    """A claim tried until it is granted."""
    until = time.monotonic() + seconds
    while True:
        found = await claim(engine)
        if found:
            return found[0]
        assert time.monotonic() < until, "the place was not freed"
        await asyncio.sleep(0.02)


def pid_of(engine: Engine) -> int:
    assert engine.sessions._me is not None
    return engine.sessions._me[0]


def test_the_cap_is_exact_over_engines_and_by_registrar(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as a, engine_on(register) as b:
            found = await asyncio.gather(claim(a, 10), claim(b, 10), claim(a, 1), claim(b, 1))
            assert CAP == sum(map(len, found))
            assert CAP == len(await claim(b, CAP + 1, registrar_id=BETA)), "another registrar has places of its own"
            assert [] == await claim(a) and [] == await claim(b)

    run(main())


def test_many_rounds_of_claims_never_exceed_the_cap(register: str) -> None:
    """Several engines claim and release at random for a while; nobody ever sees more than the cap held."""

    async def main() -> None:
        held = 0
        most = 0

        async def caller(engine: Engine) -> None:
            nonlocal held, most
            for _ in range(25):
                for slot in await claim(engine, 2):
                    held += 1
                    most = max(most, held)
                    await asyncio.sleep(0)
                    held -= 1
                    engine.sessions.release(slot)

        async with engine_on(register) as a, engine_on(register) as b, engine_on(register) as c:
            await asyncio.gather(*(caller(e) for e in (a, b, c) for _ in range(3)))
            assert 1 < most <= CAP
            for _ in range(CAP):
                await granted_within(a, 5)
            assert [] == await claim(b)

    run(main())


def test_a_released_place_is_free_for_others_and_released_once(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as a, engine_on(register) as b:
            first, *_ = await claim(a, CAP)
            a.sessions.release(first)
            a.sessions.release(first)
            assert CAP - 1 == a.sessions.count(ALPHA)
            await granted_within(b, 5)
            assert [] == await claim(b) + await claim(a)

    run(main())


def test_who_goes_away_while_claiming_keeps_no_place(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            for wait in (0.0, 0.0, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02):
                gone = asyncio.ensure_future(engine.sessions.claim(ALPHA, 1))
                await asyncio.sleep(wait)
                if gone.cancel():
                    with pytest.raises(asyncio.CancelledError):
                        await gone
                else:
                    slot = gone.result()
                    assert slot is not None
                    engine.sessions.release(slot)
            assert 1 == len(await claim(engine, 1, cap=1))

    run(main())


def test_a_lowered_cap_ends_nothing_and_admits_nobody(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as a, engine_on(register) as b:
            held = await claim(a, CAP)
            assert [] == await claim(b, 1, cap=2)
            for slot in held[:2]:
                a.sessions.release(slot)
            assert [] == await claim(b, 1, cap=2)
            a.sessions.release(held[2])
            async with asyncio.timeout(5):
                while not await claim(b, 1, cap=2):  # noqa: ASYNC110 - of the database, not of a task
                    await asyncio.sleep(0.02)

    run(main())


def test_a_connection_that_is_cut_is_made_again_and_its_places_with_it(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as a, engine_on(register) as b:
            assert CAP == len(await claim(a, CAP))
            before = pid_of(a)
            await execute(register, KILL.format(before))
            async with asyncio.timeout(10):
                while pid_of(a) == before:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            assert [] == await claim(b)
            assert CAP == a.sessions.count(ALPHA)

    run(main())


def test_what_others_took_meanwhile_stays_theirs_and_the_surplus_is_told(
    register: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        lost: list[int] = []

        def telling(n: int) -> None:
            lost.append(n)

        async with engine_on(register) as b, proxy_to(register) as proxy, engine_on(proxy.url) as a:
            for n in range(CAP):
                assert await a.sessions.claim(ALPHA, CAP, lambda n=n: telling(n)) is not None  # type: ignore[misc]
            proxy.sever()
            first = await granted_within(b, 10)
            second = await granted_within(b, 10)
            proxy.open = True
            async with asyncio.timeout(20):
                while len(lost) < 2:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            assert [2, 3] == lost, "the newest give way, each told once"
            assert 2 == a.sessions.count(ALPHA)
            assert [] == await claim(b) + await claim(a)
            b.sessions.release(first)
            b.sessions.release(second)
            await granted_within(a, 5)

    monkeypatch.setattr(sessions_module, "PATIENCE", 1.0)
    run(main())


def test_a_process_that_is_killed_frees_its_places_at_once(register: str) -> None:
    async def main() -> None:
        worker = Path(__file__).with_name("sessions_worker.py")
        process = await asyncio.create_subprocess_exec(
            sys.executable, worker, register, str(ALPHA), str(CAP), "9", stdout=asyncio.subprocess.PIPE
        )
        try:
            assert process.stdout is not None
            assert str(CAP) == (await asyncio.wait_for(process.stdout.readline(), 20)).decode().strip()
            async with engine_on(register) as engine:
                assert [] == await claim(engine)
                process.kill()
                await process.wait()
                killed = time.monotonic()
                await granted_within(engine, 5)
                assert time.monotonic() - killed < 2
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    run(main())


def test_a_stopped_engine_frees_its_places_and_claims_no_more(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as b:
            a = Engine(register)
            await a.start()
            assert CAP == len(await claim(a, CAP))
            await a.stop()
            with pytest.raises(Refusal) as caught:
                await a.sessions.claim(ALPHA, CAP)
            assert "backend_unavailable" == code(caught.value)
            await granted_within(b, 5)

    run(main())


def test_nobody_who_can_count_is_no_leave_to_come_in(register: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions_module, "PATIENCE", 0.5)

    async def main() -> None:
        async with proxy_to(register) as proxy, engine_on(proxy.url) as engine:
            assert 1 == len(await claim(engine))
            proxy.sever()
            with pytest.raises(Refusal) as caught:
                await claim(engine)
            assert ("backend_unavailable", 5) == (code(caught.value), caught.value.extra["retry_after"])
            proxy.open = True
            await granted_within(engine, 10)

    run(main())


def test_a_process_without_sessions_keeps_no_connection_for_them(register: str) -> None:
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'namestead sessions'"

    async def main() -> None:
        async with engine_on(register) as engine:
            here = query + " AND datname = current_database()"
            assert 0 == await value(register, here)
            await claim(engine)
            assert 1 == await value(register, here)

    run(main())


def test_rows_of_processes_that_ended_are_swept_away(register: str) -> None:
    async def main() -> None:
        async with connected(register) as c:
            await c.execute("INSERT INTO epp_session VALUES (1, $1, 9, 1, now())", ALPHA)
        async with engine_on(register) as engine:
            assert CAP == len(await claim(engine, CAP + 1)), "and counted for nothing before"
            assert [CAP] == [r["sessions"] for r in await fetch(register, "SELECT sessions FROM epp_session")]

    run(main())
