"""The gauges say what is so: commands that wait, and the listings' connections."""

from __future__ import annotations

import asyncio

from namestead.engine.engine import Engine
from tests.engine.register import R0, all_of, blocked, codes, connected, create, engine_on, run, submit


def _gauge(engine: Engine, name: str, label: str, value: str) -> float | None:
    return engine.metrics.registry.get_sample_value(name, {label: value})


def test_what_waits_in_a_lane_is_counted(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine, connected(register) as other:
            assert 0 == _gauge(engine, "namestead_waiting", "lane", "batches")
            await other.execute(f"BEGIN; SELECT FROM account WHERE id = {R0.account_id} FOR UPDATE")
            first = asyncio.create_task(all_of([submit(engine, create("first"))]))
            await blocked(register)
            behind = asyncio.create_task(all_of([submit(engine, create(f"behind{n}")) for n in range(3)]))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert 3 == _gauge(engine, "namestead_waiting", "lane", "batches")
            await other.execute("ROLLBACK")
            assert {"ok": 4} == codes([*await first, *await behind])
            assert 0 == _gauge(engine, "namestead_waiting", "lane", "batches")

    run(main())


def test_the_pools_connections_are_counted(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            assert 0 == _gauge(engine, "namestead_pool_connections", "state", "open")

            async def look(connection: object) -> tuple[float | None, float | None]:
                return (
                    _gauge(engine, "namestead_pool_connections", "state", "open"),
                    _gauge(engine, "namestead_pool_connections", "state", "idle"),
                )

            assert (1, 0) == await engine.read(look)
            assert 1 == _gauge(engine, "namestead_pool_connections", "state", "idle")

    run(main())
