"""Hosts and contacts under contention: what is deleted is used by nobody, and what is used is there."""

from __future__ import annotations

import asyncio
from typing import Any

from namestead.commands.contact.create import CreateContact
from namestead.commands.contact.delete import DeleteContact
from namestead.commands.domain.delete import DeleteDomain
from namestead.commands.host.create import CreateHost
from namestead.commands.host.delete import DeleteHost
from namestead.commands.host.info import InfoHost
from namestead.commands.host.update import UpdateHost
from namestead.objects.contact import Postal
from namestead.objects.names import Name
from namestead.rules.contacts import Details
from namestead.rules.delegation import NameserverSpec
from tests.engine.register import R0, R1, all_of, code, codes, create, engine_on, fetch, one, problems, run, submit

NS1, NS2 = Name("ns1.elsewhere.net"), Name("ns2.elsewhere.net")
INSIDE = Name("ns1.parent.example")
PERSON = CreateContact("person-1", Details(Postal("A", city="B", country="DE"), email="a@example.net"))
BOTH = (NS1, NS2)
ROUNDS = 12


def using(name: str, *hosts: Name) -> Any:
    """A create that names host objects, as EPP does: it makes none."""
    specs = tuple(NameserverSpec(host, existing=True) for host in hosts)
    command = create(name)
    return type(command)(command.name, nameservers=specs)


def test_a_host_is_deleted_or_used_and_never_both(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine, engine_on(register) as other:
            for n in range(ROUNDS):
                hosts = [Name(f"ns{i}.round{n}.net") for i in (1, 2)]
                await asyncio.gather(*(submit(engine, CreateHost(host)) for host in hosts))
                used, deleted = await all_of(
                    [submit(other, using(f"round{n}", *hosts), R1), submit(engine, DeleteHost(hosts[0]))]
                )
                assert sorted((code(used), code(deleted))) in (
                    ["association_prohibits", "ok"],
                    ["host_not_found", "ok"],
                )
        assert {} == await problems(register)

    run(main())


def test_of_many_who_create_a_host_one_does(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine, engine_on(register) as other:
            outcomes = await all_of(submit(e, CreateHost(NS1)) for _ in range(15) for e in (engine, other))
            assert {"ok": 1, "host_exists": 29} == codes(outcomes)

    run(main())


def test_a_host_is_created_where_its_parent_stays(register: str) -> None:
    """A parent that is deleted at the same time, inside its add grace, takes its hosts with it."""

    async def main() -> None:
        async with engine_on(register) as engine, engine_on(register) as other:
            for n in range(ROUNDS):
                await submit(engine, create(f"parent{n}"))
                host = Name(f"ns1.parent{n}.example")
                made, _ = await all_of(
                    [
                        submit(engine, CreateHost(host, ("9.9.9.9",))),
                        submit(other, DeleteDomain(Name(f"parent{n}.example"))),
                    ]
                )
                assert code(made) in ("ok", "domain_not_found")
            rows = await fetch(
                register,
                "SELECT h.name FROM host h JOIN domain d ON d.id = h.parent_id"
                " WHERE h.deleted_at IS NULL AND d.ended_at IS NOT NULL",
            )
            assert [] == rows

    run(main())


def test_a_renamed_host_is_the_same_to_those_who_use_it(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            await submit(engine, create("parent"))
            await submit(engine, CreateHost(INSIDE, ("9.9.9.9",)))
            await submit(engine, CreateHost(NS2))
            await submit(engine, using("user", INSIDE, NS2), R1)
            new = Name("ns9.parent.example")
            renamed = await submit(engine, UpdateHost(INSIDE, new_name=new))
            assert (new, ("linked", "ok")) == (renamed.result.host, renamed.result.status)
            assert "host_not_found" == code(await one(engine.ask(InfoHost(INSIDE), R0.envelope())))
            shown = (await engine.ask(InfoHost(new), R1.envelope())).result
            assert renamed.result == shown
            events = await fetch(register, "SELECT name FROM outbox WHERE kind = 'host' ORDER BY name")
            assert [INSIDE, new] == [row["name"] for row in events]
            assert "association_prohibits" == code(await one(submit(engine, DeleteHost(new))))
            assert "association_prohibits" == code(await one(submit(engine, UpdateHost(new, new_name=NS1))))
        assert {} == await problems(register)

    run(main())


def test_in_one_batch_each_sees_what_the_one_before_did(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            outcomes = await all_of(
                submit(engine, command)
                for command in (
                    CreateHost(NS1),
                    CreateHost(NS2),
                    using("one", *BOTH),
                    DeleteHost(NS1),
                    DeleteDomain(Name("one.example")),
                    DeleteHost(NS1),
                    DeleteHost(NS1),
                    UpdateHost(NS2, new_name=NS1),
                    DeleteHost(NS2),
                )
            )
            assert [
                "ok",
                "ok",
                "ok",
                "association_prohibits",
                "ok",
                "ok",
                "host_not_found",
                "ok",
                "host_not_found",
            ] == [code(o) for o in outcomes]
        assert {} == await problems(register)

    run(main())


def test_a_contact_is_deleted_or_used_and_never_both(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine, engine_on(register) as other:
            for n in range(ROUNDS):
                await submit(engine, PERSON)
                used, deleted = await all_of(
                    [
                        submit(other, create(f"round{n}", registrant="person-1")),
                        submit(engine, DeleteContact("person-1")),
                    ]
                )
                outcome = sorted((code(used), code(deleted)))
                assert outcome in (["association_prohibits", "ok"], ["contact_not_found", "ok"])
                if code(used) == "ok":
                    await submit(engine, DeleteDomain(Name(f"round{n}.example")))
                    await submit(engine, DeleteContact("person-1"))
            dangling = (
                "SELECT d.name FROM domain d JOIN contact c ON c.id = d.registrant_id WHERE c.deleted_at IS NOT NULL"
            )
            assert [] == await fetch(register, dangling)

    run(main())
