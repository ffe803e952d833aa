"""The connection is lost, or PostgreSQL is killed: every caller is answered once, and nothing is done twice."""

from __future__ import annotations

import asyncio
import math
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from namestead.commands.domain.renew import RenewDomain
from namestead.engine import batch as batch_module
from namestead.engine.batch import BatchRunner, OutcomeUnknown, ReferenceCache
from namestead.engine.database import Database, Line
from namestead.engine.engine import Engine
from namestead.engine.ids import IdBlocks
from namestead.engine.metrics import Metrics
from namestead.errors import Refusal
from namestead.objects.names import Name
from namestead.store.embedded import EmbeddedPostgres
from tests.conftest import create_database
from tests.engine.poison import watched
from tests.engine.proxy import HOWS, LATE, proxy_to
from tests.engine.register import (
    OPENING,
    PRICE,
    R0,
    all_of,
    balance_of,
    blocked,
    build,
    code,
    codes,
    connected,
    create,
    engine_on,
    log_of,
    one,
    problems,
    run,
    submit,
    value,
)

KEPT = Name("kept.example")


def counted(engine: Engine, metric: str, label: str) -> float:
    """The sum of a counter over all that begin with a label."""
    samples = [s for family in getattr(engine.metrics, metric).collect() for s in family.samples]
    return math.fsum(
        s.value for s in samples if s.name.endswith("_total") and any(v.startswith(label) for v in s.labels.values())
    )


# ---------------------------------------------------------------------------------------------------- before the commit


def test_a_connection_lost_before_the_commit_is_a_batch_run_again(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine, connected(register) as other:
            await submit(engine, create("kept"))
            await other.execute(f"BEGIN; SELECT FROM account WHERE id = {R0.account_id} FOR UPDATE")
            with watched(engine) as batches:
                calls = asyncio.create_task(
                    all_of([submit(engine, RenewDomain(KEPT)), submit(engine, create("new", nameservers=NS))])
                )
                [pid] = await blocked(register)
                assert True is await other.fetchval("SELECT pg_terminate_backend($1)", pid)
                await other.execute("ROLLBACK")
                answers = await calls
            assert {"ok": 2} == codes(answers)
            assert 1 == counted(engine, "reconnects", "batches")
            await _done_once(register, answers, batches[0])

    run(main())


NS = ("ns1.other.net", "ns2.other.net")


async def _done_once(register: str, answers: list[Any], batch: list[Any]) -> None:
    """A renewal and a create: each in the log once, under the id it was given first; so are the objects."""
    renewed, made = answers
    assert [r["id"] for r in await log_of(register, "kept.example")][1:] == [renewed.audit_id] == [batch[0].log_id]
    assert [r["id"] for r in await log_of(register, "new.example")] == [made.audit_id] == [batch[1].log_id]
    assert batch[1].ids._taken[0] == await value(register, "SELECT id FROM domain WHERE name = 'new.example'")
    assert 3 == len(batch[1].ids._taken)
    assert 2 == await value(register, "SELECT version FROM domain WHERE name = 'kept.example'")
    assert OPENING - 3 * PRICE == await balance_of(register, R0)
    assert {} == await problems(register)


# ---------------------------------------------------------------------------------------------------- during the commit


@pytest.mark.parametrize("how", HOWS)
def test_a_connection_lost_during_the_commit(register: str, how: str) -> None:
    async def main() -> None:
        async with proxy_to(register) as proxy, engine_on(proxy.url) as engine:
            await submit(engine, create("kept"))
            proxy.cut = how
            with watched(engine) as batches:
                answers = await all_of(
                    [
                        submit(engine, RenewDomain(KEPT), R0, "k1"),
                        submit(engine, create("new", nameservers=NS), R0, "k2"),
                    ]
                )
            assert 1 == proxy.cuts
            assert {"ok": 2} == codes(answers)
            assert [False, False] == [a.idempotent for a in answers]
            outcome = "committed" if HOWS[how] else "aborted"
            assert 1 == counted(engine, "unknown", outcome)
            await _done_once(register, answers, batches[0])
            # The answers were the right ones: what a replay gives now.
            again = await all_of(
                [submit(engine, RenewDomain(KEPT), R0, "k1"), submit(engine, create("new", nameservers=NS), R0, "k2")]
            )
            assert [a.result for a in answers] == [a.result for a in again]

    run(main())


def test_a_connection_lost_after_the_commit_runs_nothing_again(register: str) -> None:
    """Between two batches the engine looks ahead: it fetches ids. That this breaks is nothing to the batch before."""

    async def main() -> None:
        async with proxy_to(register) as proxy, engine_on(proxy.url) as engine:
            await submit(engine, create("kept"))
            proxy.cut = "after the answer"
            engine._object_ids._blocks = engine._object_ids._blocks[:1]  # few enough to fetch more
            with watched(engine) as batches:
                answers = await all_of(
                    [submit(engine, RenewDomain(KEPT)), submit(engine, create("new", nameservers=NS))]
                )
            assert 1 == proxy.cuts
            assert {"ok": 2} == codes(answers)
            await _done_once(register, answers, batches[0])
            assert "ok" == code(await one(submit(engine, create("next"))))

    run(main())


def test_reference_data_that_cannot_be_read_after_a_commit_runs_nothing_again(
    register: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(self: ReferenceCache, connection: Any) -> None:
        raise RuntimeError("poison")

    async def main() -> None:
        async with engine_on(register) as engine:
            await submit(engine, create("kept"))
            monkeypatch.setattr(IdBlocks, "refill", broken)
            assert "ok" == code(await one(submit(engine, RenewDomain(KEPT))))
        assert 2 == len(await log_of(register, "kept.example"))

    run(main())


# ------------------------------------------------------------------------------------------------------ out of patience


def test_patience_that_ends_before_the_commit_has_done_nothing(register: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_module, "PATIENCE", 0.5)

    async def main() -> None:
        async with engine_on(register) as engine, connected(register) as other:
            await other.execute(f"BEGIN; SELECT FROM account WHERE id = {R0.account_id} FOR UPDATE")
            outcomes = await all_of((submit(engine, create(f"n{n}")) for n in range(5)), seconds=5)
            assert {"backend_unavailable": 5} == codes(outcomes)
            refusal = outcomes[0]
            assert isinstance(refusal, Refusal)
            assert "Nothing was done" in refusal.message and 5 == refusal.extra["retry_after"]
            await other.execute("ROLLBACK")
            assert "ok" == code(await one(submit(engine, create("n0"))))
        assert 1 == await value(register, "SELECT count(*) FROM domain")

    run(main())


def test_patience_that_ends_during_the_commit_does_not_say_that_nothing_was_done(
    register: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_module, "PATIENCE", 0.5)

    async def main() -> None:
        async with proxy_to(register) as proxy, engine_on(proxy.url) as engine:
            await submit(engine, create("kept"))
            proxy.cut = "slowly"
            outcome = await one(submit(engine, RenewDomain(KEPT), R0, "k"))
            assert 1 == proxy.cuts
            if isinstance(outcome, Refusal):  # a busy machine may not get through in time
                assert "not known yet" in outcome.message
            else:
                assert "ok" == code(outcome)
            await asyncio.sleep(3 * LATE)
            assert (await submit(engine, RenewDomain(KEPT), R0, "k")).idempotent
        assert 2 == await value(register, "SELECT version FROM domain")

    run(main())


def test_an_outcome_that_stays_unknown_is_called_so(register: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same request with the same key then says what became of it."""
    monkeypatch.setattr(batch_module, "PATIENCE", 0.6)

    async def main() -> None:
        async with proxy_to(register) as proxy, engine_on(proxy.url) as engine:
            await submit(engine, create("kept"))
            proxy.cut = "and nobody gets through any more"
            outcome = await one(submit(engine, RenewDomain(KEPT), R0, "k"))
            assert isinstance(outcome, Refusal)
            assert "backend_unavailable" == code(outcome)
            assert "not known yet" in outcome.message and "same idempotency key" in outcome.message
            proxy.open = True
            assert (await submit(engine, RenewDomain(KEPT), R0, "k")).idempotent
        assert 2 == await value(register, "SELECT version FROM domain")

    run(main())


def test_a_database_that_is_away_is_waited_for(register: str) -> None:
    async def main() -> None:
        async with proxy_to(register) as proxy, engine_on(proxy.url) as engine:
            await submit(engine, create("kept"))
            proxy.open = False
            proxy.cut = "before the server hears of it"
            call = asyncio.create_task(one(submit(engine, RenewDomain(KEPT))))
            await asyncio.sleep(1)
            assert not call.done()
            proxy.open = True
            assert "ok" == code(await call)
        assert 2 == await value(register, "SELECT version FROM domain")

    run(main())


def test_a_server_that_became_a_replica_is_left(register: str) -> None:
    """After a failover the old primary takes no writes: the way to the new one is a new connection."""

    async def main() -> None:
        async with engine_on(register) as engine:
            await submit(engine, create("kept"))
            for name, line in engine._lines.items():
                if name.startswith("batches"):
                    await (await line.get()).execute("SET default_transaction_read_only = on")
            assert "ok" == code(await one(submit(engine, RenewDomain(KEPT))))
            assert 1 == counted(engine, "reconnects", "batches")

    run(main())


# -------------------------------------------------------------------------------------------- what settles the matter


def test_the_log_ids_decide_and_not_the_transaction_id(register: str) -> None:
    """A transaction id may have been forgotten in a crash, and may then stand for another transaction."""

    async def main() -> None:
        async with engine_on(register) as engine:
            answer = await submit(engine, create("kept"))
        metrics = Metrics()
        line = Line(Database(register, metrics), "test")
        runner = BatchRunner(line, ReferenceCache(), IdBlocks("log_id"), IdBlocks("object_id"), metrics)
        connection = await line.get()
        committed: int = await value(register, "SELECT pg_current_xact_id()::text::bigint")
        assert answer.audit_id is not None
        try:
            await settle(runner, connection, committed, answer.audit_id)
        finally:
            await line.close()

    async def settle(runner: BatchRunner, connection: Any, committed: int, log_id: int) -> None:
        for xid in (committed, 10**12, 3):  # committed; not yet given ("in the future"); long gone
            assert await runner._took_effect(connection, OutcomeUnknown(xid, [log_id]))
            assert not await runner._took_effect(connection, OutcomeUnknown(xid, [7, 8]))
        async with connected(register) as other:
            await other.execute("BEGIN")
            running = int(await other.fetchval("SELECT pg_current_xact_id()::text"))
            settled = asyncio.create_task(runner._took_effect(connection, OutcomeUnknown(running, [7])))
            await asyncio.sleep(0.2)
            assert not settled.done()
            insert = "INSERT INTO command_log (id, occurred_at, surface, command, actor, status, apply, request)"
            await other.execute(f"{insert} VALUES (7, now(), 'cli', 'x', 'x', 'success', 'none', '{{}}'); COMMIT")
            assert True is await settled

    run(main())


# ------------------------------------------------------------------------------------------------- PostgreSQL is killed


@pytest.fixture
def own_server(data_root: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(data_root / "killed", settings={"shared_buffers": "32MB"})
    server.start()
    yield server
    server.stop(immediate=True)


def test_postgresql_killed_around_commits(own_server: EmbeddedPostgres) -> None:
    """`kill -9` of every process of it while batches run, several times: each caller gets its one answer."""
    url = create_database(own_server.url)

    async def crash() -> None:
        pid = own_server.pid
        assert pid is not None
        async with connected(own_server.url) as connection:
            backends = [r["pid"] for r in await connection.fetch("SELECT pid FROM pg_stat_activity")]
        for one_of_them in (pid, *backends):
            with suppress(ProcessLookupError):
                os.kill(one_of_them, signal.SIGKILL)
        while own_server.pid is not None:  # noqa: ASYNC110 - a process, not a task
            await asyncio.sleep(0.01)
        await asyncio.to_thread(own_server.start)

    async def main() -> None:
        await build(url)
        async with engine_on(url) as engine:
            for n in range(10):
                await submit(engine, create(f"old{n}"))
            answers: dict[int, Any] = {}

            async def caller(k: int) -> None:
                for n in range(k, 600, 20):
                    command = create(f"n{n}") if n % 2 else RenewDomain(Name(f"old{n % 10}.example"))
                    answers[n] = await one(submit(engine, command, R0, f"k{n}"))

            callers = [asyncio.create_task(caller(k)) for k in range(20)]
            for _ in range(3):
                await asyncio.sleep(0.1)
                await crash()
            await asyncio.gather(*callers)
            assert not {n: code(a) for n, a in answers.items() if code(a) not in ("ok", "max_lifetime_exceeded")}
            succeeded = {n: a for n, a in answers.items() if code(a) == "ok"}
            logged = await value(
                url, "SELECT count(*) FROM command_log WHERE status = 'success' AND idempotency_key <> ''"
            )
            assert len(succeeded) == logged
            for n in (1, 101, 201, 301, 401, 501):
                again = await submit(engine, create(f"n{n}"), R0, f"k{n}")
                assert (True, answers[n].audit_id) == (again.idempotent, again.audit_id)
        assert {} == await problems(url)

    run(main())


def test_an_engine_that_never_reaches_its_database_says_so() -> None:
    async def main() -> None:
        engine = Engine("postgresql://nobody@/nothing?host=/nowhere/at/all")
        with pytest.raises(OSError, match="No such file|not found|Connection refused"):
            await engine.start()
        outcome = await one(engine.submit(create("x"), R0.envelope()))
        assert "backend_unavailable" == code(outcome)

    run(main())
