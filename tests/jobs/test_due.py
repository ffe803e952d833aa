"""What is due gets written down once, by however many processes look, and one broken name holds up nobody."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from namestead.engine import clock
from namestead.engine.engine import Engine
from namestead.jobs.due import DueEvents
from tests.engine.conftest import built_register, register
from tests.engine.register import R0, connected, create, fetch, problems, run

__all__ = ["built_register", "register"]

NAMES = 40
PASSED = "UPDATE registry SET ote = true, clock_offset = interval '366 days'"


async def _with_names(url: str, engine: Engine) -> None:
    await asyncio.gather(*(engine.submit(create(f"due{n}"), R0.envelope()) for n in range(NAMES)))
    async with connected(url) as connection:
        await connection.execute(PASSED)


def settled(url: str) -> Any:
    return fetch(url, "SELECT domain, count(*) AS n FROM command_log WHERE command = 'auto_renew_domain' GROUP BY 1")


def test_two_at_once_settle_each_name_once(register: str) -> None:
    async def test() -> None:
        one, two = Engine(register), Engine(register)
        await one.start()
        await two.start()
        try:
            await _with_names(register, one)
            await asyncio.gather(DueEvents(one, 1).round(), DueEvents(two, 1).round())
            assert 0 == await DueEvents(one, 1).round()
        finally:
            await one.stop()
            await two.stop()
        assert [1] * NAMES == [row["n"] for row in await settled(register)]
        assert {} == await problems(register)

    run(test())


def test_a_name_that_cannot_be_settled_holds_up_nobody(register: str) -> None:
    async def test() -> None:
        engine = Engine(register)
        await engine.start()
        try:
            await _with_names(register, engine)
            async with connected(register) as connection:
                await connection.execute("UPDATE domain SET detail = 'broken' WHERE name = 'due0.example'")
            job = DueEvents(engine, 1)
            done, failed = await clock.settle(engine)
            assert (NAMES - 1, ["due0.example"]) == (done, failed)
            assert 0 == await job.round() == await job.round()
        finally:
            await engine.stop()
        assert NAMES - 1 == len(await settled(register))

    run(test())


@pytest.mark.parametrize("pause", [0.05])
def test_it_runs_until_it_is_cancelled(register: str, pause: float) -> None:
    async def test() -> None:
        engine = Engine(register)
        await engine.start()
        try:
            task = asyncio.ensure_future(DueEvents(engine, pause).run())
            await _with_names(register, engine)
            for _ in range(400):
                if len(await settled(register)) == NAMES:
                    break
                await asyncio.sleep(0.05)
            task.cancel()
        finally:
            await engine.stop()
        assert NAMES == len(await settled(register))

    run(test())
