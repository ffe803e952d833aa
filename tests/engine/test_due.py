"""What time brings about is true at once; a transform that meets it writes it down first (DESIGN, invariant 5)."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from namestead.commands.domain.info import InfoDomain
from namestead.commands.domain.renew import RenewDomain
from namestead.commands.domain.settle import SettleDomain
from namestead.commands.domain.transfer import TransferDomain
from namestead.engine import clock
from namestead.engine.decide import TIMES_ENVELOPE
from namestead.objects.names import Name
from namestead.objects.spans import add_years
from namestead.rules.lifecycle import Act, Due
from namestead.rules.transfers import Operation
from tests.crash.processes import carried_out
from tests.engine.register import (
    OPENING,
    PRICE,
    R0,
    R1,
    all_of,
    balance_of,
    blocked,
    code,
    codes,
    connected,
    create,
    engine_on,
    execute,
    fetch,
    leave,
    log_of,
    one,
    problems,
    run,
    submit,
    value,
)

A = Name("a.example")
SECRET = "Sec-ret.9-aXy.0123456789"


async def later(url: str, days: float) -> None:
    """Registry time moves forward; nothing is told of it."""
    await execute(url, f"UPDATE registry SET ote = true, clock_offset = clock_offset + interval '{days} days'")


async def story(url: str, name: str = A) -> list[tuple[str, str, str]]:
    """The log of a name, in the order in which a registrar reads it: command, status, who."""
    rows = await fetch(url, "SELECT * FROM command_log WHERE domain = $1 ORDER BY xact, id", name)
    return [(r["command"], r["status"], r["actor"]) for r in rows]


async def movements(url: str, name: str = A) -> list[tuple[str, str, int]]:
    """The postings of a name: which command of the log, why, how much."""
    rows = await fetch(
        url,
        "SELECT l.command, p.reason, p.amount FROM posting p JOIN command_log l ON l.id = p.log_id"
        " WHERE p.subject = $1 ORDER BY p.xact, p.log_id, p.n",
        name,
    )
    return [tuple(r.values()) for r in rows]


def test_a_renewal_meets_the_automatic_one_before_it(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            made = await submit(engine, create("a"), R0)
            await later(register, 366)
            renewed = await submit(engine, RenewDomain(A), R0, "k")
            assert add_years(made.result.expires_at, 2) == renewed.result.expires_at
            assert (OPENING - 3 * PRICE, "EUR") == renewed.balance
            assert (await submit(engine, RenewDomain(A), R0, "k")).idempotent
        assert [
            ("create_domain", "success", "key:0"),
            ("auto_renew_domain", "success", "time"),
            ("renew_domain", "success", "key:0"),
        ] == await story(register)
        assert [
            ("create_domain", "create", PRICE),
            ("auto_renew_domain", "auto_renew", PRICE),
            ("renew_domain", "renew", PRICE),
        ] == await movements(register)
        _, by_time, by_key = await log_of(register, A)
        assert by_time["xact"] == by_key["xact"]  # in the transform's own transaction
        assert ("jobs", R0.registrar_id, None) == tuple(
            by_time[c] for c in ("surface", "registrar_id", "idempotency_key")
        )
        versions = "SELECT version, log_id FROM version WHERE kind = 'domain' ORDER BY version"
        assert [(1, made.audit_id), (2, by_time["id"]), (3, by_key["id"])] == [
            tuple(r.values()) for r in await fetch(register, versions)
        ]
        assert {} == await problems(register)

    run(main())


def test_a_whole_life_that_nobody_wrote_down_is_written_down_by_the_next_create(register: str) -> None:
    """With what hangs on it: the hosts under the name end with it, and the money is the new holder's."""

    async def main() -> None:
        async with engine_on(register) as engine:
            glue = {"a.example": ("ns1.a.example", "ns2.a.example")}
            await submit(engine, create("a", auto_renew=False), R0)
            await execute(
                register,
                "INSERT INTO host (id, name, registrar_id, created_by, created_at, parent_id, addresses)"
                f" SELECT 7000 + n, 'ns' || n || '.a.example', {R0.registrar_id}, {R0.registrar_id}, now(), d.id,"
                " '{192.0.2.1}' FROM domain d, generate_series(1, 2) n",
            )
            assert "domain_not_available" == code(await one(submit(engine, create("a"), R1)))
            await later(register, 366 + 45 + 30 + 6)
            again = await submit(engine, create("a"), R1)
            assert "r1" == again.result.registrar.slug
        assert [
            ("create_domain", "success", "key:0"),
            ("create_domain", "failed", "key:1"),
            ("expire_domain", "success", "time"),
            ("lapse_domain", "success", "time"),
            ("end_redemption", "success", "time"),
            ("release_domain", "success", "time"),
            ("create_domain", "success", "key:1"),
        ] == await story(register)
        hosts = await fetch(register, "SELECT name, deleted_at IS NOT NULL AS ended FROM host ORDER BY name")
        assert [(n, True) for n in glue["a.example"]] == [tuple(r.values()) for r in hosts]
        lives = await fetch(register, "SELECT end_reason FROM domain ORDER BY id")
        assert ["released", None] == [r["end_reason"] for r in lives]
        assert OPENING - PRICE == await balance_of(register, R1)
        assert {} == await problems(register)

    run(main())


def test_a_transfer_that_nobody_answered_is_approved_before_the_next_command(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            await submit(engine, create("a", auth_info=SECRET), R0)
            await later(register, 10)
            asked = await submit(engine, TransferDomain(A, Operation.REQUEST, SECRET), R1)
            assert "pending" == asked.status
            held = "SELECT held FROM account WHERE id = $1"
            assert PRICE == await value(register, held, R1.account_id)
            await later(register, 6)
            # The old sponsor has lost it; the new one may.
            assert "not_sponsor" == code(await one(submit(engine, RenewDomain(A), R0)))
            await submit(engine, RenewDomain(A), R1)
            assert 0 == await value(register, held, R1.account_id)
        assert [
            ("create_domain", "success", "key:0"),
            ("transfer_domain", "success", "key:1"),
            ("end_transfer", "success", "time"),
            ("renew_domain", "failed", "key:0"),
            ("renew_domain", "success", "key:1"),
        ] == await story(register)
        [ended] = await fetch(register, "SELECT * FROM command_log WHERE command = 'end_transfer'")
        assert {R0.registrar_id, R1.registrar_id} == {ended["registrar_id"], ended["counterpart_id"]}
        assert OPENING - 2 * PRICE == await balance_of(register, R1)
        assert {} == await problems(register)

    run(main())


def test_what_is_due_stays_written_when_the_command_itself_is_refused(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            await submit(engine, create("a"), R0)
            await later(register, 366)
            assert "not_sponsor" == code(await one(submit(engine, RenewDomain(A), R1)))
        assert [("auto_renew_domain", "success", "time"), ("renew_domain", "failed", "key:1")] == (
            await story(register)
        )[1:]
        assert OPENING - 2 * PRICE == await balance_of(register, R0)
        assert {} == await problems(register)

    run(main())


def test_a_batch_that_is_run_again_is_logged_in_the_same_order(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine, connected(register) as other:
            await submit(engine, create("a"), R0)
            await later(register, 366)
            await other.execute("BEGIN; LOCK TABLE posting IN SHARE MODE")  # what is decided cannot be saved
            call = asyncio.create_task(one(submit(engine, RenewDomain(A), R0)))
            [pid] = await blocked(register)
            await other.execute(f"SELECT pg_terminate_backend({pid}); COMMIT")
            assert "ok" == code(await call)
        assert ["create_domain", "auto_renew_domain", "renew_domain"] == [
            command for command, *_ in await story(register)
        ]
        assert {} == await problems(register)

    run(main())


def test_an_automatic_renewal_may_pass_the_limit_and_the_command_after_it_may_not(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            await submit(engine, create("a"), R0)
            await leave(register, R0, 0)
            await later(register, 366)
            assert "insufficient_balance" == code(await one(submit(engine, RenewDomain(A), R0)))
        assert -PRICE == await balance_of(register, R0)
        assert {"no command took a balance past its limit"} == (await problems(register)).keys()

    run(main())


def test_a_look_up_shows_what_is_true_and_writes_nothing(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            made = await submit(engine, create("a"), R0)
            await submit(engine, create("b", auto_renew=False), R0)
            await later(register, 366)
            shown = await engine.ask(InfoDomain(A), R0.envelope())
            assert add_years(made.result.expires_at, 1) == shown.result.expires_at
            other = await engine.ask(InfoDomain(Name("b.example")), R0.envelope())
            assert "expired" == other.result.lifecycle_state
        assert 1 == len(await story(register)) == len(await story(register, "b.example"))

    run(main())


def test_a_rehearsal_meets_what_is_due_and_writes_nothing(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            made = await submit(engine, create("a"), R0)
            await later(register, 366)
            tried = await engine.submit(RenewDomain(A), R0.envelope(sandbox=True))
            assert add_years(made.result.expires_at, 2) == tried.result.expires_at
        assert ["create_domain", "renew_domain"] == [command for command, _, _ in await story(register)]
        assert OPENING - PRICE == await balance_of(register, R0)
        assert 1 == await value(register, "SELECT version FROM domain")
        assert {} == await problems(register)

    run(main())


# ------------------------------------------------------------------------------------------------------------- the job


def test_a_job_that_comes_late_has_nothing_left_to_do(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            await submit(engine, create("a"), R0)
            due: datetime = await value(register, "SELECT next_due FROM domain")
            await later(register, 366)
            await submit(engine, RenewDomain(A), R0)
            before = await story(register)
            late = SettleDomain(A, Due(Act.AUTO_RENEW, due))
            assert {"ok": 3} == codes(await all_of(engine.submit(late, TIMES_ENVELOPE, long=True) for _ in range(3)))
            assert (0, []) == await clock.settle(engine)
            assert before == await story(register)
            never = SettleDomain(Name("never.example"), Due(Act.RELEASE, due))
            assert "ok" == code(await one(engine.submit(never, TIMES_ENVELOPE)))
            assert [] == await story(register, "never.example")
        assert {} == await problems(register)

    run(main())


def test_a_job_that_comes_early_does_nothing(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            await submit(engine, create("a"), R0)
            early = SettleDomain(A, Due(Act.AUTO_RENEW, datetime.now().astimezone() - timedelta(days=1)))
            assert "ok" == code(await one(engine.submit(early, TIMES_ENVELOPE)))
            assert 1 == len(await story(register))

    run(main())


def test_jobs_in_two_processes_and_commands_beside_them_write_each_event_once(register: str) -> None:
    names = [f"n{n}.example" for n in range(120)]

    async def main() -> None:
        async with engine_on(register) as engine, engine_on(register) as other:
            await all_of(submit(engine, create(name), R0) for name in names)
            await later(register, 366)
            jobs = [clock.settle(engine), clock.settle(other)]
            commands = [submit(e, RenewDomain(Name(n)), R0) for n in names[:40] for e in (engine, other)]
            renewed, first, second = await asyncio.gather(all_of(commands), *jobs)
            assert {"ok": 80} == codes(renewed)
            assert [] == first[1] == second[1]
            assert (0, []) == await clock.settle(engine)
        found = await fetch(register, "SELECT command, count(*) AS n FROM command_log GROUP BY 1")
        logged = {r["command"]: r["n"] for r in found}
        assert (120, 120, 80) == tuple(logged[c] for c in ("create_domain", "auto_renew_domain", "renew_domain"))
        assert OPENING - (120 + 120 + 80) * PRICE == await balance_of(register, R0)
        assert {} == await problems(register)

    run(main())


def test_who_asks_first_at_the_moment_of_release_gets_the_name(register: str) -> None:
    """Creates over two processes around the very instant: nobody before it, one after it, and nobody meets an error."""

    async def main() -> None:
        async with engine_on(register) as engine:
            await submit(engine, create("a", auto_renew=False), R0)
            await later(register, 366 + 45 + 30 + 4)
            assert (1, []) == await clock.settle(engine)
            release: datetime = await value(register, "SELECT release_at FROM domain")
        offset = "UPDATE registry SET clock_offset = $1::timestamptz - now() - interval '1.5 seconds'"
        await execute(register, offset.replace("$1", f"'{release.isoformat()}'"))
        orders: list[dict[str, Any]] = [{"do": "create", "by": 1 + n % 7, "name": A} for n in range(5000)]
        said = await carried_out(register, orders)
        async with engine_on(register) as engine:  # for a machine so fast that all of them came too early
            await execute(
                register, f"SELECT pg_sleep_until('{release.isoformat()}'::timestamptz - clock_offset) FROM registry"
            )
            outcomes = [s["outcome"] for s in said] + [code(await one(submit(engine, create("a"), R1)))]
        assert 1 == outcomes.count("ok")
        assert {"ok", "domain_not_available"} == set(outcomes)
        story_of_a = [command for command, status, _ in await story(register) if status == "success"]
        assert ["release_domain", "create_domain"] == story_of_a[-2:]
        assert {} == await problems(register)

    run(main())


@pytest.mark.parametrize("years", [1, 3])
def test_several_years_that_passed_are_written_down_one_by_one(register: str, years: int) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            await submit(engine, create("a"), R0)
            await later(register, 366 * years + 1)
            await submit(engine, RenewDomain(A), R0)
        assert years == [command for command, _, _ in await story(register)].count("auto_renew_domain")
        assert OPENING - (2 + years) * PRICE == await balance_of(register, R0)
        assert {} == await problems(register)

    run(main())
