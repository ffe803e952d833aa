"""What a batch promises its commands: a poisoned neighbour is not noticed, order is kept, nobody waits for a flood."""

from __future__ import annotations

import asyncio
import math
import re
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from namestead.commands.contact.create import CreateContact
from namestead.commands.domain.create import CreateDomain
from namestead.commands.domain.delete import DeleteDomain
from namestead.commands.domain.info import InfoDomain
from namestead.commands.domain.renew import RenewDomain
from namestead.commands.domain.transfer import TransferDomain
from namestead.commands.domain.update import UpdateDomain
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.commands.table import Kind
from namestead.engine import batch as batch_module
from namestead.engine import queues
from namestead.engine.engine import LONG_SLICE, Engine
from namestead.engine.ids import IdBlocks, OutOfIds
from namestead.errors import Refusal
from namestead.objects.contact import Postal
from namestead.objects.facts import Facts, Reference
from namestead.objects.names import Name
from namestead.rules.contacts import ContactSpec, Details, NewContact
from namestead.rules.delegation import NameserverSpec
from namestead.rules.transfers import Operation
from namestead.store import load as load_module
from namestead.store import save as save_module
from tests.conftest import create_database, drop_database
from tests.engine.poison import (
    HOWS,
    REFUSED_BY_THE_DATABASE,
    UNWRITABLE,
    Poisoned,
    PoisonedQuery,
    learn,
    watched,
)
from tests.engine.register import (
    PRICE,
    R0,
    R1,
    R2,
    R3,
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

# ------------------------------------------------------------------------------------------------- the poisoned command


@pytest.mark.parametrize("neighbours", [0, 30, 150])
@pytest.mark.parametrize("how", HOWS)
def test_a_poisoned_command_ends_alone(
    register: str, monkeypatch: pytest.MonkeyPatch, how: str, neighbours: int
) -> None:
    """Also in a batch that is saved in slices, where those before it were sent to the database already."""
    learn(monkeypatch, Poisoned)
    names = [f"n{n}.example" for n in range(neighbours)]

    async def main() -> None:
        async with engine_on(register) as engine:
            calls = [submit(engine, create(name)) for name in names]
            calls.insert(neighbours * 2 // 3, submit(engine, Poisoned(Name("poison.example"), how), R0, "poison"))
            with watched(engine) as batches:
                outcomes = await all_of(calls)
            assert 1 == len(batches)
            expected = {"internal_error": 1} | ({"ok": neighbours} if neighbours else {})
            assert expected == codes(outcomes)
            assert "internal_error" == code(outcomes[neighbours * 2 // 3])
            # The next batch is one like any other.
            assert "ok" == code(await one(submit(engine, create("after"))))
        assert neighbours + 1 == await value(register, "SELECT count(*) FROM domain")
        assert {} == await problems(register)
        written = [(r["status"], r["error"]) for r in await log_of(register, "poison.example")]
        assert ([] if how in UNWRITABLE else [("failed", "internal_error")]) == written

    run(main())


def test_only_as_many_halves_as_it_takes(register: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of 64 that the database refuses is alone after six halvings; one whose decision raises needs none."""
    learn(monkeypatch, Poisoned)

    async def main() -> None:
        async with engine_on(register) as engine:
            for how, halvings in (("decide raises", 0), ("breaks a check", 6)):
                before = _count(engine, "halved")
                bad = submit(engine, Poisoned(Name("poison.example"), how))
                outcomes = await all_of([bad, *(submit(engine, create(f"{how[0]}{n}")) for n in range(63))])
                assert {"ok": 63, "internal_error": 1} == codes(outcomes)
                assert halvings == _count(engine, "halved") - before

    run(main())


def _count(engine: Engine, metric: str) -> float:
    [family] = getattr(engine.metrics, metric).collect()
    return math.fsum(s.value for s in family.samples if s.name.endswith("_total"))


def test_a_refusal_by_a_constraint_has_its_meaning_and_its_log_row(
    register: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who follows other rules made the name: the last guard holds, and answers like the first."""
    at = "ORDER BY d.id"
    assert at in load_module.ROWS_LOCKED
    monkeypatch.setattr(load_module, "ROWS_LOCKED", load_module.ROWS_LOCKED.replace(at, f"AND false {at}"))  # blind

    async def main() -> None:
        async with engine_on(register) as engine:
            assert "ok" == code(await one(submit(engine, create("guarded"))))
            outcomes = await all_of([submit(engine, create("guarded"), R1), submit(engine, create("free"), R1)])
            assert ["domain_not_available", "ok"] == [code(o) for o in outcomes]
        assert [("success", None), ("failed", "domain_not_available")] == [
            (r["status"], r["error"]) for r in await log_of(register, "guarded.example")
        ]
        assert {} == await problems(register)

    run(main())


@pytest.mark.parametrize("how", REFUSED_BY_THE_DATABASE)
def test_a_poisoned_command_leaves_its_key_free(register: str, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    learn(monkeypatch, Poisoned)

    async def main() -> None:
        async with engine_on(register) as engine:
            name = "poison.example"
            assert "internal_error" == code(await one(submit(engine, Poisoned(Name(name), how), R0, "k")))
            assert "ok" == code(await one(submit(engine, create(name), R0, "k")))

    run(main())


@pytest.mark.parametrize("how", ["needs raises", "decide raises", "a value no column holds"])
def test_a_poisoned_look_up_ends_alone(register: str, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    learn(monkeypatch, PoisonedQuery, kind=Kind.QUERY)

    async def main() -> None:
        async with engine_on(register) as engine:
            queries = [PoisonedQuery(Name(f"q{n}.example"), how if n == 7 else "") for n in range(20)]
            with watched(engine, "_lookups") as rounds:
                outcomes = await all_of(engine.ask(q, R0.envelope()) for q in queries)
            assert [20] == [len(r) for r in rounds]
            assert ["internal_error" if n == 7 else "ok" for n in range(20)] == [code(o) for o in outcomes]

    run(main())


@dataclass(frozen=True, slots=True)
class Hungry:
    """Takes so many object ids."""

    ids: int
    subject = None

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs()

    def decide(self, facts: Facts, by: Context) -> Outcome[list[int]]:
        return Outcome([by.ids.take() for _ in range(self.ids)])

    def summary(self) -> dict[str, Any]:
        return {}


def test_a_command_gets_as_many_ids_as_it_needs(register: str, monkeypatch: pytest.MonkeyPatch) -> None:
    learn(monkeypatch, Hungry)

    async def main() -> None:
        async with engine_on(register) as engine:
            outcomes = await all_of([submit(engine, Hungry(50_000)), submit(engine, create("modest"))])
            assert ["ok", "ok"] == [code(o) for o in outcomes]
            assert 50_000 == len(set(outcomes[0].result))

    run(main())


def test_ids_are_never_given_twice() -> None:
    blocks = IdBlocks("object_id")
    with pytest.raises(OutOfIds):
        blocks.take()
    blocks._blocks = [1, 5001]
    taken = [blocks.take() for _ in range(2000)]
    assert [*range(1, 1001), *range(5001, 6001)] == taken
    with pytest.raises(OutOfIds):
        blocks.take()


# ------------------------------------------------------------------------------------------------- retries of a batch


def test_a_relation_that_moves_is_read_again(register: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """After three times each command of the batch runs alone, and still every one is answered."""
    moves: list[int] = []
    looks = load_module._under

    def moving(parents: Any, hosts: Any) -> Any:
        found = looks(parents, hosts)
        moves.append(len(parents))
        return {**found, next(iter(parents)): {-1}} if parents and len(moves) <= 3 else found

    async def main() -> None:
        async with engine_on(register) as engine:
            assert "ok" == code(await one(submit(engine, create("parent"))))
            await execute(register, "UPDATE domain SET next_due = now() + interval '30 seconds'")
            monkeypatch.setattr(load_module, "_under", moving)
            outcomes = await all_of(submit(engine, RenewDomain(Name("parent.example"))) for _ in range(3))
            assert {"ok": 3} == codes(outcomes)
        # Three attempts together; then the first alone, after which nothing is due.
        assert [1, 1, 1, 1, 0, 0] == moves
        _, *renewals = await log_of(register, "parent.example")
        assert 3 == len({r["xact"] for r in renewals}) == len(renewals)
        assert {} == await problems(register)

    run(main())


def test_a_deadlock_is_tried_again(register: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody who follows the order can be in one; somebody with psql can."""

    async def main() -> None:
        await execute(register, f"ALTER DATABASE {urlsplit(register).path[1:]} SET deadlock_timeout = '100ms'")
        async with engine_on(register) as engine, connected(register) as other:
            await other.execute("SET deadlock_timeout = '10s'")  # so that it is the batch that is told
            assert "ok" == code(await one(submit(engine, create("held"))))
            await other.execute("BEGIN; SELECT FROM domain WHERE name = 'held.example' FOR UPDATE")
            call = asyncio.create_task(one(submit(engine, RenewDomain(Name("held.example")))))
            await blocked(register)  # the batch has the account by now and waits for the domain
            await other.execute(f"SELECT FROM account WHERE id = {R0.account_id} FOR UPDATE; COMMIT")
            assert "ok" == code(await call)
        assert ["create_domain", "renew_domain"] == [r["command"] for r in await log_of(register, "held.example")]
        assert {} == await problems(register)

    run(main())


def test_the_answer_comes_after_the_commit(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            for n in range(20):
                await submit(engine, create(f"n{n}"))
                assert 1 == await value(register, "SELECT count(*) FROM domain WHERE name = $1", f"n{n}.example")

    run(main())


# ------------------------------------------------------------------------------------------------------ how it is saved

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")


async def _everything(url: str) -> dict[str, list[str]]:
    """Every row of every table that a batch writes, without the instants and transactions of its writing."""
    found = {}
    for table in save_module.TYPES:
        rows = await fetch(url, f"SELECT (to_jsonb(t) - 'xact')::text AS row FROM {table} t")
        found[table] = sorted(INSTANT.sub("then", r["row"]) for r in rows)
    return found


def test_a_small_batch_leaves_what_a_large_one_leaves(
    postgres_url: str, built_register: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By one statement, or by a statement and a COPY a table: the same rows in every table."""
    holder = NewContact(
        Postal(name='Zoë "Odd" \\ {NULL}', street=("1, Main Street", ""), city="Berlin", country="DE"),
        email="zoe@example.net",
    )
    secret = "Sec-ret.9aX-0123456789"

    async def lives(engine: Engine) -> list[str]:
        a, b = Name("a.example"), Name("b.example")
        tech = (ContactSpec("tech", "tech-1"),)
        glue = (NameserverSpec(Name("ns1.a.example"), ("198.41.0.4",)), NameserverSpec(Name("ns2.other.net")))
        made = CreateDomain(a, nameservers=glue, registrant=holder, contacts=tech, auth_info=secret)
        return [
            code(await one(call))
            for call in (
                submit(engine, CreateContact("tech-1", Details(holder.postal, email=holder.email)), R0),
                submit(engine, made, R0, "key"),
                submit(engine, create("b", nameservers=["ns2.other.net", "ns3.other.net"]), R1),
                submit(engine, create("b"), R0, "refused"),
                engine.submit(create("c"), R0.envelope("rehearsed", sandbox=True)),
                submit(engine, RenewDomain(a), R0),
                submit(engine, TransferDomain(a, auth_info=secret), R1),
                submit(engine, TransferDomain(a, Operation.APPROVE), R0),
                submit(engine, UpdateDomain(a, statuses=("clientHold", "clientRenewProhibited")), R1),
                submit(engine, DeleteDomain(b), R1),
                submit(engine, create("b"), R2),
            )
        ]

    async def main(url: str) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        before = await _everything(url)
        async with engine_on(url) as engine:
            assert ["ok", "ok", "ok", "domain_not_available", *["ok"] * 7] == await lives(engine)
        assert {} == await problems(url)
        return before, await _everything(url)

    left = []
    for few in (0, 10**6):
        monkeypatch.setattr(save_module, "FEW_ROWS", few)
        url = create_database(postgres_url, template=built_register)
        left.append(run(main(url)))
        drop_database(postgres_url, url)
    (before, by_tables), (_, at_once) = left
    assert by_tables == at_once
    untouched = {table for table in before if before[table] == at_once[table]}
    assert {"registrar", "zone", "listing", "api_key", "epp_access", "epp_certificate", "retained"} == untouched


# -------------------------------------------------------------------------------------------------- order and fairness


def test_the_commands_of_one_principal_take_effect_in_order(register: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over several batches, beside another principal, and with a poisoned one that has every batch halved."""
    learn(monkeypatch, Poisoned)
    monkeypatch.setattr(queues, "MOST_COMMANDS", 50)

    async def main() -> None:
        async with engine_on(register) as engine:
            engine._lane._most = 50
            calls = []
            for n in range(120):
                calls += [submit(engine, create(f"a{n}"), R0), submit(engine, create(f"b{n}"), R1)]
                if n % 40 == 20:
                    calls.append(submit(engine, Poisoned(Name(f"p{n}.example"), "breaks a check"), R1))
            with watched(engine) as batches:
                assert {"ok": 240, "internal_error": 3} == codes(await all_of(calls))
            assert 5 == len(batches)
            for channel, letter in ((R0, "a"), (R1, "b")):
                rows = await fetch(
                    register,
                    "SELECT l.domain FROM command_log l WHERE registrar_id = $1 AND command = 'create_domain'"
                    " ORDER BY xact, occurred_at, id",
                    channel.registrar_id,
                )
                assert [f"{letter}{n}.example" for n in range(120)] == [r["domain"] for r in rows]

    run(main())


def test_batches_fill_from_the_principals_in_turn(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            flood = [submit(engine, create(f"flood{n}"), R0) for n in range(600)]
            others = [submit(engine, create(f"other{n}"), by) for n, by in enumerate((R1, R2, R1, R2))]
            with watched(engine) as batches:
                assert {"ok": 604} == codes(await all_of([*flood, *others]))
            # The flood in batches of its own; the others, two each, together in one.
            assert [4, 88, 256, 256] == sorted(len(b) for b in batches)
            together = min(batches, key=len)
            assert [R1.registrar_id, R2.registrar_id] * 2 == [s.envelope.principal.id for s in together]

    run(main())


def test_a_flood_by_one_is_a_wait_for_one_batch_to_another(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            with watched(engine) as batches:
                flood = [asyncio.create_task(one(submit(engine, create(f"flood{n}"), R0))) for n in range(1500)]
                await asyncio.sleep(0)
                waits = []
                for n in range(8):
                    ran = len(batches)
                    await submit(engine, create(f"other{n}"), R1)
                    waits.append(len(batches) - ran)
                    if all(task.done() for task in flood):
                        break
                # Its own batch, the flood's that runs beside it, and one more of those that begins meanwhile.
                assert max(waits) <= 3
                shared = [b for b in batches if any(s.envelope.principal.id == R1.registrar_id for s in b)]
                assert {1} == {len(b) for b in shared}
                assert {"ok": 1500} == codes(await asyncio.gather(*flood))

    run(main())


def test_a_principal_that_is_stuck_holds_up_itself_alone(register: str) -> None:
    """Two batches may be in flight at once, and nobody is in both: what one principal sends takes effect in order."""

    async def main() -> None:
        async with engine_on(register) as engine, connected(register) as other:
            await other.execute(f"BEGIN; SELECT FROM account WHERE id = {R0.account_id} FOR UPDATE")
            with watched(engine) as batches:
                stuck = [asyncio.create_task(one(submit(engine, create("stuck"), R0)))]
                await blocked(register)
                stuck.append(asyncio.create_task(one(submit(engine, RenewDomain(Name("stuck.example")), R0))))
                free = await all_of((submit(engine, create(f"n{n}"), R1) for n in range(300)), seconds=10)
            assert {"ok": 300} == codes(free)
            assert [{R0.registrar_id}] + [{R1.registrar_id}] * 2 == [
                {s.envelope.principal.id for s in batch} for batch in batches
            ]
            assert not [task for task in stuck if task.done()]
            await other.execute("ROLLBACK")
            assert {"ok": 2} == codes(await asyncio.gather(*stuck))

    run(main())


def test_a_full_queue_is_full_for_its_principal_alone(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine, connected(register) as other:
            engine._lane._queues._most_waiting = 20
            # Batches that cannot go on, so that the rest waits.
            await other.execute(f"BEGIN; SELECT FROM account WHERE id >= {R2.account_id} FOR UPDATE")
            stuck = []
            for by in (R2, R3):
                stuck.append(asyncio.create_task(one(submit(engine, create(f"stuck{by.n}"), by))))
                await blocked(register, len(stuck))
            first = [asyncio.create_task(one(submit(engine, create(f"a{n}"), R0))) for n in range(30)]
            second = [asyncio.create_task(one(submit(engine, create(f"b{n}"), R1))) for n in range(20)]
            await asyncio.sleep(0.1)
            turned_away = [task for task in first if task.done()]
            assert 10 == len(turned_away)
            refusal = turned_away[0].result()
            assert isinstance(refusal, Refusal)
            assert ("backend_unavailable", 5) == (code(refusal), refusal.extra["retry_after"])
            await other.execute("ROLLBACK")
            assert {"ok": 2} == codes(await asyncio.gather(*stuck))
            assert {"ok": 20, "backend_unavailable": 10} == codes(await asyncio.gather(*first))
            assert {"ok": 20} == codes(await asyncio.gather(*second))

    run(main())


def test_long_work_runs_in_a_lane_of_its_own(register: str) -> None:
    """In slices, and past a first lane that stands still."""

    async def main() -> None:
        async with engine_on(register) as engine, connected(register) as other:
            await other.execute(f"BEGIN; SELECT FROM account WHERE id = {R0.account_id} FOR UPDATE")
            stuck = asyncio.create_task(one(submit(engine, create("stuck"), R0)))
            with watched(engine, "_long") as slices:
                outcomes = await all_of(
                    (engine.submit(create(f"long{n}"), R1.envelope(), long=True) for n in range(100)), seconds=10
                )
            assert {"ok": 100} == codes(outcomes)
            assert [LONG_SLICE] * 3 + [4] == [len(s) for s in slices]
            assert not stuck.done()
            await other.execute("ROLLBACK")
            assert "ok" == code(await stuck)

    run(main())


def test_look_ups_do_not_wait_for_batches(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine, connected(register) as other:
            await submit(engine, create("shown"))
            await other.execute(f"BEGIN; SELECT FROM account WHERE id = {R0.account_id} FOR UPDATE")
            stuck = asyncio.create_task(one(submit(engine, create("stuck"), R0)))
            await blocked(register)
            with watched(engine, "_lookups") as rounds:
                asked = [engine.ask(InfoDomain(Name("shown.example")), R0.envelope()) for _ in range(50)]
                assert {"ok": 50} == codes(await all_of(asked, seconds=5))
            assert len(rounds) <= 2
            await other.execute("ROLLBACK")
            assert "ok" == code(await stuck)

    run(main())


# ----------------------------------------------------------------------------------------------- those who go, and stop


def test_a_caller_that_goes_away_does_not_undo_what_was_decided(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            calls = [asyncio.create_task(submit(engine, create(f"n{n}"), R0, f"key {n}")) for n in range(40)]
            await asyncio.sleep(0)
            for call in calls[::2]:
                call.cancel()
            assert {"ok": 20} == codes(await asyncio.gather(*calls[1::2]))
            # Its key gives the answer that was lost.
            again = await all_of(submit(engine, create(f"n{n}"), R0, f"key {n}") for n in range(0, 40, 2))
            assert [True] * 20 == [answer.idempotent for answer in again]
        assert 40 == await value(register, "SELECT count(*) FROM domain")
        assert {} == await problems(register)

    run(main())


def test_a_graceful_stop_answers_everything_accepted(register: str) -> None:
    async def main() -> None:
        engine = Engine(register)
        await engine.start()
        calls = [asyncio.create_task(one(submit(engine, create(f"n{n}"), R0))) for n in range(700)]
        calls += [asyncio.create_task(one(engine.submit(create(f"l{n}"), R1.envelope(), long=True))) for n in range(70)]
        calls += [asyncio.create_task(one(engine.ask(InfoDomain(Name("a.example")), R0.envelope())))]
        await asyncio.sleep(0.01)
        await engine.stop()
        assert all(call.done() for call in calls)
        assert {"ok": 770, "domain_not_found": 1} == codes(call.result() for call in calls)
        late = await one(submit(engine, create("late")))
        assert "backend_unavailable" == code(late)
        assert 770 == await value(register, "SELECT count(*) FROM domain")

    run(main())


def test_a_stop_under_way_takes_nothing_more(register: str) -> None:
    async def main() -> None:
        engine = Engine(register)
        await engine.start()
        first = [asyncio.create_task(one(submit(engine, create(f"n{n}"), R0))) for n in range(300)]
        await asyncio.sleep(0)
        stopping = asyncio.create_task(engine.stop())
        await asyncio.sleep(0)
        assert "backend_unavailable" == code(await one(submit(engine, create("late"))))
        await stopping
        assert {"ok": 300} == codes(task.result() for task in first)

    run(main())


def test_money_moves_with_its_command_in_a_batch(register: str) -> None:
    """A later command sees what an earlier one decided: ten names are bought with the money of seven."""

    async def main() -> None:
        await leave(register, R0, 7 * PRICE)
        async with engine_on(register) as engine:
            outcomes = await all_of(submit(engine, create(f"n{n}")) for n in range(10))
            assert ["ok"] * 7 + ["insufficient_balance"] * 3 == [code(o) for o in outcomes]
            assert [(PRICE * (6 - n), "EUR") for n in range(7)] == [o.balance for o in outcomes[:7]]
        assert 0 == await balance_of(register, R0)
        assert {} == await problems(register)

    run(main())


def test_no_delay_is_added(register: str) -> None:
    """A batch of one is the same code, and nothing waits for it to fill."""

    async def main() -> None:
        async with engine_on(register) as engine:
            await submit(engine, create("warm"))
            took = []
            for n in range(30):
                begun = time.perf_counter()
                await submit(engine, create(f"n{n}"))
                took.append(time.perf_counter() - begun)
            assert sorted(took)[15] < 0.05
            assert batch_module.SLICE > 0

    run(main())
