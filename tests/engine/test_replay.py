"""The same idempotency key, command and body gives the same answer and does nothing twice (DESIGN, invariant 4)."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import pytest

from namestead import errors
from namestead.commands.domain.check import CheckDomain, Checked
from namestead.commands.domain.info import InfoDomain
from namestead.commands.domain.renew import RenewDomain
from namestead.commands.operator.deposit import Deposit
from namestead.commands.sandbox.reset import ResetSandbox
from namestead.commands.turned_away import TurnedAway
from namestead.engine.engine import Engine
from namestead.errors import Refusal
from namestead.money import Money
from namestead.objects.names import Name
from tests.engine.poison import watched
from tests.engine.register import (
    OPENING,
    OPERATOR,
    PRICE,
    R0,
    R1,
    Channel,
    all_of,
    balance_of,
    change_registrar,
    code,
    codes,
    create,
    engine_on,
    fetch,
    leave,
    log_of,
    one,
    plain,
    problems,
    run,
    submit,
    value,
)


async def statuses(url: str, channel: Channel = R0) -> list[tuple[str, str, str | None]]:
    """What the log says a channel did, oldest first: command, status, error."""
    rows = await fetch(
        url, "SELECT command, status, error FROM command_log WHERE registrar_id = $1 ORDER BY id", channel.registrar_id
    )
    return [(r["command"], r["status"], r["error"]) for r in rows]


# ------------------------------------------------------------------------------------------------------------ at once


@pytest.mark.parametrize("engines", [1, 2])
def test_fifty_equal_requests_at_once_are_one(register: str, engines: int) -> None:
    async def main() -> None:
        async with AsyncExitStack() as stack:
            doors = [await stack.enter_async_context(engine_on(register)) for _ in range(engines)]
            calls = [submit(doors[n % engines], create("once", nameservers=NS), R0, "k") for n in range(50)]
            answers = await all_of(calls)
        assert {"ok": 50} == codes(answers)
        assert [plain(answers[0])] * 50 == [plain(a) for a in answers]
        assert 49 == sum(a.idempotent for a in answers)
        assert [("create_domain", "success", None)] == await statuses(register)
        assert 1 == await value(register, "SELECT count(*) FROM domain")
        assert OPENING - PRICE == await balance_of(register, R0)
        assert {} == await problems(register)

    run(main())


NS = ("ns1.other.net", "ns2.other.net")


def test_a_twin_in_the_same_batch_gets_the_firsts_answer(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            with watched(engine) as batches:
                answers = await all_of(
                    [
                        submit(engine, create("twin"), R0, "k"),
                        submit(engine, create("another"), R0, "other"),
                        submit(engine, create("twin"), R0, "k"),
                    ]
                )
            assert [3] == [len(b) for b in batches]
            assert [False, False, True] == [a.idempotent for a in answers]
            assert plain(answers[0]) == plain(answers[2])
        assert 2 == len(await statuses(register))

    run(main())


def test_a_replay_gives_the_answer_of_then(register: str) -> None:
    """After a restart, and after the name and the balance have moved on."""

    async def main() -> None:
        async with engine_on(register) as engine:
            first = await submit(engine, create("kept", nameservers=NS), R0, "k")
            await submit(engine, RenewDomain(Name("kept.example")), R0)
        async with engine_on(register) as engine:
            again = await submit(engine, create("kept", nameservers=NS), R0, "k")
        assert plain(first) == plain(again)
        assert (False, True) == (first.idempotent, again.idempotent)
        assert first.result == again.result
        assert 2 == len(await statuses(register))

    run(main())


# ------------------------------------------------------------------------------------------------- the same key, other


@pytest.mark.parametrize(
    "other",
    [create("second"), create("first", years=2), create("first", auto_renew=False), RenewDomain(Name("first.example"))],
    ids=["name", "years", "auto_renew", "command"],
)
@pytest.mark.parametrize("together", [True, False])
def test_another_request_with_the_key_is_refused(register: str, other: Any, together: bool) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            calls = [submit(engine, create("first"), R0, "k"), submit(engine, other, R0, "k")]
            first, second = await all_of(calls) if together else [await one(call) for call in calls]
        assert ("ok", "duplicate_idempotency_key_conflict") == (code(first), code(second))
        assert isinstance(second, Refusal)
        assert ("idempotency_key", "k") == (second.field, second.value)
        assert f"log_{first.audit_id}" in second.message
        assert [
            ("create_domain", "success", None),
            (
                "renew_domain" if isinstance(other, RenewDomain) else "create_domain",
                "failed",
                "duplicate_idempotency_key_conflict",
            ),
        ] == await statuses(register)
        assert {} == await problems(register)

    run(main())


def test_a_key_is_its_principals_own(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            answers = await all_of([submit(engine, create("a"), R0, "k"), submit(engine, create("b"), R1, "k")])
            assert [False, False] == [a.idempotent for a in answers]
            assert {"a.example", "b.example"} == {a.result.domain for a in answers}

    run(main())


# ----------------------------------------------------------------------------------------------------------- refusals


def test_a_refusal_leaves_the_key_free(register: str) -> None:
    """After topping up, the same request with the same key goes through."""

    async def main() -> None:
        await leave(register, R0, PRICE - 1)
        async with engine_on(register) as engine:
            assert "insufficient_balance" == code(await one(submit(engine, create("poor"), R0, "k")))
            await engine.submit(Deposit("r0", Money(1, "EUR")), OPERATOR)
            answer = await submit(engine, create("poor"), R0, "k")
            assert not answer.idempotent
            assert (0, "EUR") == answer.balance
            assert (await submit(engine, create("poor"), R0, "k")).idempotent
        assert [
            ("create_domain", "failed", "insufficient_balance"),
            ("create_domain", "success", None),
        ] == await statuses(register)
        assert {} == await problems(register)

    run(main())


def test_twins_that_are_refused_are_each_refused(register: str) -> None:
    async def main() -> None:
        await leave(register, R0, 0)
        async with engine_on(register) as engine:
            outcomes = await all_of(submit(engine, create("poor"), R0, "k") for _ in range(3))
        assert {"insufficient_balance": 3} == codes(outcomes)
        assert [("create_domain", "failed", "insufficient_balance")] * 3 == await statuses(register)

    run(main())


# ------------------------------------------------------------------------------------------------- sandbox and epochs


def test_a_rehearsal_leaves_its_log_row_and_its_key_and_nothing_else(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            call = [engine.submit(create("try", nameservers=NS), R0.envelope("k", sandbox=True)) for _ in range(2)]
            first, again = await all_of(call)
            assert (True, "sandbox", False, True) == (first.sandbox, first.status, first.idempotent, again.idempotent)
            assert plain(first) == plain(again)
            # The balance it shows is the real one.
            assert (OPENING, "EUR") == first.balance
            assert (OPENING, "EUR") == (await engine.submit(create("b"), R0.envelope(sandbox=True))).balance
            real = await one(submit(engine, create("try", nameservers=NS), R0, "k"))
            assert "duplicate_idempotency_key_conflict" == code(real)
        tables = ("domain", "host", "version", "delegation", "outbox")
        assert [0] * 5 == [await value(register, f"SELECT count(*) FROM {t}") for t in tables]
        assert OPENING == await balance_of(register, R0)
        assert [("create_domain", "sandbox", None)] * 2 == (await statuses(register))[:2]
        assert {} == await problems(register)

    run(main())


async def _again(engine: Engine, name: str, key: str, *, sandbox: bool = False) -> Any:
    return await one(engine.submit(create(name), R0.envelope(key, sandbox=sandbox)))


def test_a_reset_makes_the_keys_of_rehearsals_fresh(register: str) -> None:
    """Keys used in sandbox or in a test zone; those used where it counts stay used."""

    async def main() -> None:
        async with engine_on(register) as engine:
            await _again(engine, "try", "sandbox", sandbox=True)
            await _again(engine, "try.ote", "test zone")
            await _again(engine, "real", "production")
            assert (await _again(engine, "try", "sandbox", sandbox=True)).idempotent
            assert (await _again(engine, "try.ote", "test zone")).idempotent

            reset = await engine.submit(ResetSandbox(Name("ote")), R0.envelope())
            assert 2 == reset.result.epoch
            fresh = await _again(engine, "try", "sandbox", sandbox=True)
            assert ("ok", False) == (code(fresh), fresh.idempotent)
            assert "domain_not_available" == code(await _again(engine, "try.ote", "test zone"))
            assert "ok" == code(await _again(engine, "other.ote", "test zone"))  # another body, and no conflict
            assert (await _again(engine, "real", "production")).idempotent
            assert "duplicate_idempotency_key_conflict" == code(await _again(engine, "real2", "production"))

            # Within the new epoch a key holds as before, and another channel's are untouched.
            assert (await _again(engine, "try", "sandbox", sandbox=True)).idempotent
            epochs = await fetch(register, "SELECT key, epoch FROM idempotency_key ORDER BY key, epoch")
            assert [("production", 0), ("sandbox", 1), ("sandbox", 2), ("test zone", 1), ("test zone", 2)] == [
                tuple(r.values()) for r in epochs
            ]

    run(main())


def test_a_reset_runs_every_time(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            epochs = [(await engine.submit(ResetSandbox(Name("ote")), R0.envelope("k"))).result.epoch for _ in range(3)]
            assert [2, 3, 4] == epochs
            sandboxed = await engine.submit(ResetSandbox(Name("ote")), R0.envelope("k", sandbox=True))
            assert (5, False) == (sandboxed.result.epoch, sandboxed.sandbox)  # there is nothing to rehearse in it
        assert 0 == await value(register, "SELECT count(*) FROM idempotency_key")

    run(main())


# --------------------------------------------------------------------------------------------- queries, and evidence


def check(name: str) -> CheckDomain:
    return CheckDomain((Checked(name, Name(name)),))


def test_a_query_with_a_key_is_logged_and_not_replayed(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            before = await engine.ask(check("asked.example"), R0.envelope("k"))
            await submit(engine, create("asked"), R0)
            after = await engine.ask(check("asked.example"), R0.envelope("k"))
            assert (True, False) == (before.result.results[0].available, after.result.results[0].available)
            assert (False, False) == (before.idempotent, after.idempotent)
            unknown = await one(engine.ask(InfoDomain(Name("none.example")), R0.envelope("k")))
            assert "domain_not_found" == code(unknown)
            # The key is still free for a transform.
            assert not (await submit(engine, create("second"), R0, "k")).idempotent
        assert [
            ("check_domain", "success", None),
            ("create_domain", "success", None),
            ("check_domain", "success", None),
            ("info_domain", "failed", "domain_not_found"),
            ("create_domain", "success", None),
        ] == await statuses(register)
        assert ["k"] == [r["key"] for r in await fetch(register, "SELECT key FROM idempotency_key")]

    run(main())


def test_a_query_without_a_key_leaves_nothing(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            answers = await all_of(engine.ask(check(f"n{n}.example"), R0.envelope()) for n in range(20))
            assert {"ok": 20} == codes(answers)
            assert "domain_not_found" == code(await one(engine.ask(InfoDomain(Name("x.example")), R0.envelope())))
        assert [] == await statuses(register)

    run(main())


OUTSIDE = "not.ours"  # a name under no zone of ours: turned away at a gate


@pytest.mark.parametrize("evidence", [False, True])
def test_what_the_evidence_of_an_ote_run_adds_to_the_log(register: str, evidence: bool) -> None:
    """Queries, replays and what the gates turn away: logged while the channel's evidence is gathered, not otherwise."""

    async def main() -> None:
        if evidence:
            await change_registrar(register, R0, "evidence = true")
        async with engine_on(register) as engine:
            await submit(engine, create("kept"), R0, "k")
            assert (await submit(engine, create("kept"), R0, "k")).idempotent
            outside = await one(submit(engine, create(OUTSIDE), R0))
            assert "registrar_namespace_not_approved" == code(outside)
            await engine.ask(InfoDomain(Name("kept.example")), R0.envelope())
            assert "domain_not_found" == code(await one(engine.ask(InfoDomain(Name("no.example")), R0.envelope())))
            await engine.ask(InfoDomain(Name("kept.example")), R1.envelope())  # another channel's is its own
        more = [
            ("create_domain", "replayed", None),
            ("create_domain", "failed", "registrar_namespace_not_approved"),
            ("info_domain", "success", None),
            ("info_domain", "failed", "domain_not_found"),
        ]
        assert [("create_domain", "success", None), *(more if evidence else [])] == await statuses(register)
        assert [] == await statuses(register, R1)
        assert {} == await problems(register)

    run(main())


def test_evidence_that_somebody_else_begins_to_gather_misses_no_query(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            await engine.ask(check("before.example"), R0.envelope())
            await change_registrar(register, R0, "evidence = true")
            await engine.ask(check("first.example"), R0.envelope())
            await change_registrar(register, R0, "evidence = false")
            await change_registrar(register, R1, "evidence = true")
            assert "domain_not_found" == code(await one(engine.ask(InfoDomain(Name("x.example")), R1.envelope())))
        assert "first.example" == (await log_of(register, "first.example"))[0]["domain"]
        assert [("info_domain", "failed", "domain_not_found")] == await statuses(register, R1)
        assert [] == await log_of(register, "before.example")

    run(main())


@pytest.mark.parametrize("evidence", [False, True])
def test_what_a_door_turned_away_is_logged_as_what_was_asked_for(register: str, evidence: bool) -> None:
    async def main() -> None:
        if evidence:
            await change_registrar(register, R0, "evidence = true")
        async with engine_on(register) as engine:
            refusal = Refusal(errors.MISSING_SCOPE)
            away = TurnedAway("create_domain", refusal, "away.example")
            assert "missing_scope" == code(await one(engine.ask(away, R0.envelope())))
        rows = await log_of(register, "away.example")
        assert ([("create_domain", "failed", "missing_scope")] if evidence else []) == [
            (r["command"], r["status"], r["error"]) for r in rows
        ]

    run(main())
