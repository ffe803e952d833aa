"""`namestead domain` and `namestead contact`: what an operator sees of a name, protects, and erases."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg

from tests.cli.conftest import CommandLine
from tests.serving import Served


def test_a_name_with_its_history(cli: CommandLine, demo: Served) -> None:
    with demo.client() as alpha:
        alpha.post("/domains", json={"domain": "shown.example"})
        alpha.post("/domains", json={"domain": "shown.example"})
    shown = cli.json("domain", "show", "SHOWN.example")
    assert ("active", "alpha") == (shown["lifecycle_state"], shown["registrar"]["slug"])
    assert [("success", None), ("failed", "domain_not_available")] == [(r["status"], r["error"]) for r in shown["log"]]
    assert "create_domain" in cli("domain", "show", "shown.example").out


def test_a_name_nobody_has(cli: CommandLine) -> None:
    assert (True, None) == tuple(
        cli.json("domain", "show", "free.example")[k] for k in ("available", "lifecycle_state")
    )
    cli.json("retained", "add", "kept.example", "--kind", "blocked")
    shown = cli.json("domain", "show", "kept.example")
    assert (False, "blocked", ["blocked"]) == (shown["available"], shown["reason"], shown["retained"])
    assert "registrar_namespace_not_approved" == cli.refused("domain", "show", "name.elsewhere")["error"]
    assert "invalid_request" == cli.refused("domain", "show", "no name.example")["error"]


def test_a_protected_name_is_deletable_after_a_review(cli: CommandLine, demo: Served) -> None:
    with demo.client() as alpha:
        alpha.post("/domains", json={"domain": "legacy.example"})
        assert cli.json("domain", "protect", "legacy.example", "--reason", "since 1995")["protected_legacy"]
        refused = alpha.delete("/domains/legacy.example")
        assert "protected_legacy_registration_not_deletable" == refused.json()["error"]
        assert not cli.json("domain", "review", "legacy.example", "--note", "board, 3 May")["protected_legacy"]
        assert 200 == alpha.delete("/domains/legacy.example").status_code
    assert "domain_not_found" == cli.refused("domain", "protect", "legacy.example")["error"]
    assert "domain_not_found" == cli.refused("domain", "review", "free.example", "--note", "x")["error"]


def test_a_status_of_the_registrys_is_set_and_lifted_and_told(cli: CommandLine, demo: Served) -> None:
    with demo.client() as alpha:
        alpha.post("/domains", json={"domain": "held.example"})
        done = cli.json("domain", "status", "held.example", "--add", "serverHold", "--reason", "URS 4711")
        assert ["serverHold"] == done["status"]
        assert "serverHold" in alpha.get("/domains/held.example").json()["registration"]["status"]
        assert "serverHold" in cli("domain", "status", "held.example").out
        assert [] == cli.json("domain", "status", "held.example", "--remove", "serverHold")["status"]
        told = [m for m in alpha.get("/messages").json()["messages"] if m["object"] == "held.example"]
        assert ["URS 4711", None] == [m["data"]["reason"] for m in told]
    refused = cli.refused("domain", "status", "held.example", "--add", "clientHold")
    assert "value_out_of_range" == refused["error"]


def test_a_review_needs_a_protected_name_and_a_note(cli: CommandLine, demo: Served) -> None:
    with demo.client() as alpha:
        alpha.post("/domains", json={"domain": "plain.example"})
    assert "policy_violation" == cli.refused("domain", "review", "plain.example", "--note", "x")["error"]
    assert 2 == cli("domain", "review", "plain.example").status


WHO = {
    "name": "Erika Mustermann",
    "organization": "Mustermann GmbH",
    "email": "erika@mustermann.example",
    "phone": "+49.891234567",
    "street": ["Heidestrasse 17"],
    "city": "Koeln",
    "postal_code": "51147",
    "country": "DE",
}
PERSONAL = ("Erika", "Mustermann", "erika@", "+49.891234567", "Heidestrasse", "Koeln", "51147")
ELSE = {"name": "Someone Else", "email": "else@else.example", "street": ["A 1"], "city": "Bonn", "country": "DE"}


async def _dump(url: str) -> str:
    """Every text the register has written down, of every table."""
    connection = await asyncpg.connect(url)
    try:
        texts: list[str] = []
        tables = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        for table in tables:
            rows: list[Any] = await connection.fetch(f'SELECT t::text AS row FROM "{table["relname"]}" t')
            texts += [row["row"] for row in rows]
        return "\n".join(texts)
    finally:
        await connection.close()


def test_erasure_leaves_nothing_of_a_person_anywhere(cli: CommandLine, demo: Served) -> None:
    with demo.client() as alpha:
        made = alpha.post(
            "/domains", json={"domain": "erika.example", "registrant": WHO}, headers={"Idempotency-Key": "e1"}
        )
        contact = made.json()["registration"]["registrant"]["id"]
        # Written into more answers, under other names, by a rehearsal, and after another holder took over.
        alpha.post("/domains", json={"domain": "erika2.example", "registrant_id": contact})
        alpha.post("/domains/erika.example/renew", json={"years": 1})
        alpha.post("/domains", json={"domain": "erika3.example", "registrant_id": contact, "sandbox": True})
        alpha.post("/domains/erika.example/transfer", json={"gaining_registrar": {"slug": "beta"}})
        alpha.post("/domains/erika.example/transfer", json={"operation": "cancel"})
        alpha.delete("/domains/erika2.example", headers={"X-Registrar-Sandbox": "1"})
        alpha.patch("/domains/erika2.example", json={"registrant": ELSE})
        before = asyncio.run(_dump(demo.facts["database"]))
        assert "Erika" in before

        assert 1 == cli("contact", "erase", contact, stdin="n\n").status
        done = cli.json("contact", "erase", contact, "--yes")
        assert ["erika.example", "erika2.example", "erika3.example"] == done["domains"]

        after = asyncio.run(_dump(demo.facts["database"]))
        assert [] == [word for word in PERSONAL if word in after]
        assert "Someone Else" in after, "another person's data is untouched"

        again = alpha.post(
            "/domains", json={"domain": "erika.example", "registrant": WHO}, headers={"Idempotency-Key": "e1"}
        )
        assert (True, {"id": contact}) == (again.json()["idempotent"], again.json()["registration"]["registrant"])
    assert 0 == cli("doctor").status


def test_erasing_what_is_not_there(cli: CommandLine) -> None:
    assert "contact_not_found" == cli.refused("contact", "erase", "C999999-NST", "--yes")["error"]
