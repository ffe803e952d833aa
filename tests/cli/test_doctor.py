"""`namestead doctor`: green where all is well, red where something was broken, and it says what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from namestead.store.migrate import ensure_partitions, migrate
from tests.cli.conftest import CommandLine
from tests.conftest import create_database, drop_database
from tests.serving import Served


@pytest.fixture(scope="module")
def used(demo: Served) -> str:
    """The demo after some use: its database's URL."""
    with demo.client() as alpha, demo.client("beta") as beta:
        body = {
            "domain": "whole.example",
            "nameservers": [{"host": "ns1.elsewhere.test"}, {"host": "ns2.elsewhere.test"}],
        }
        assert 201 == alpha.post("/domains", json=body, headers={"Idempotency-Key": "whole"}).status_code
        secret = "Transfer-Me-To-Beta-1234"
        alpha.post("/domains", json={"domain": "moving.example", "auth_info": secret})
        assert 202 == beta.post("/domains/moving.example/transfer", json={"auth_info": secret}).status_code
    url: str = demo.facts["database"]
    return url


@pytest.fixture
def copy(used: str, demo: Served) -> Iterator[str]:
    """A copy of the demo's register, to be broken: by dump and restore, since the demo stays connected."""
    url = create_database(used)
    asyncio.run(_copy(used, url))
    yield url
    drop_database(used, url)


async def _copy(source: str, target: str) -> None:
    """Every row of every table, by COPY: a template would need the demo to let go of its database."""
    old, new = await asyncpg.connect(source), await asyncpg.connect(target)
    try:
        await migrate(new)
        await ensure_partitions(new)
        await new.execute("DELETE FROM registry")
        await new.execute("SET session_replication_role = replica")
        tables = await old.fetch(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relnamespace = 'public'::regnamespace AND relname NOT IN ('migration', 'rate')"
        )
        async with old.transaction(isolation="repeatable_read"):
            for row in tables:
                buffer = BytesIO()
                await old.copy_from_query(f'SELECT * FROM "{row["relname"]}"', output=buffer, format="binary")
                buffer.seek(0)
                await new.copy_to_table(row["relname"], source=buffer, format="binary")
    finally:
        await old.close()
        await new.close()


def doctor(url: str) -> tuple[int, dict[str, Any]]:
    done = CommandLine("--database", url)("doctor", "--json")
    return done.status, {c["check"]: c for c in done.document["checks"]}


def test_green(copy: str, cli: CommandLine) -> None:
    status, checks = doctor(copy)
    assert [] == [c for c in checks.values() if c["level"] == "fail"]
    assert 0 == status
    text = cli("doctor")
    assert (0, True) == (text.status, "0 failed" in text.out)
    assert {"disk", "secrets"} <= {c["check"] for c in cli.json("doctor")["checks"]}


@pytest.mark.parametrize(
    "damage, check",
    [
        ("UPDATE account SET balance = balance + 1 WHERE slug = 'alpha'", "balances"),
        ("UPDATE account SET held = held + 1 WHERE slug = 'beta'", "holds"),
        ("UPDATE domain SET gaining_id = NULL WHERE gaining_id IS NOT NULL", "holds"),
        ("DELETE FROM posting WHERE reason = 'create'", "charges"),
        ("DELETE FROM command_log WHERE command = 'deposit'", "ledger"),
        ("DELETE FROM command_log WHERE domain = 'whole.example'", "versions"),
        ("DELETE FROM command_log WHERE domain = 'whole.example'", "idempotency keys"),
        ("UPDATE command_log SET result = NULL WHERE idempotency_key IS NOT NULL", "idempotency keys"),
        ("DELETE FROM version WHERE kind = 'domain'", "histories"),
        ("UPDATE domain SET ended_at = now(), end_reason = 'released' WHERE name = 'whole.example'", "delegations"),
        ("UPDATE domain SET registrar_id = 1 WHERE name = 'whole.example'", "owners"),
        (
            (
                "DROP INDEX domain_live_name; CREATE TABLE t AS SELECT * FROM domain WHERE name = 'whole.example';"
                "UPDATE t SET id = -1; INSERT INTO domain SELECT * FROM t"
            ),
            "registrations",
        ),
        ("UPDATE migration SET digest = 'other'", "migrations"),
    ],
)
def test_red(copy: str, damage: str, check: str) -> None:
    asyncio.run(_execute(copy, damage))
    status, checks = doctor(copy)
    assert 1 == status
    assert "fail" == checks[check]["level"], checks[check]
    assert checks[check]["advice"], "it says what to do"


@pytest.mark.parametrize(
    "damage, check",
    [
        ("UPDATE domain SET next_due = now() - interval '1 day' WHERE name = 'whole.example'", "due events"),
        (
            (
                "UPDATE zone SET policy = jsonb_set(policy, '{backend,adapter}', '\"rfc2136\"');"
                "UPDATE outbox SET queued_at = queued_at - interval '2 hours'"
            ),
            "publishing",
        ),
        (
            "UPDATE posting SET occurred_at = occurred_at + interval '10 years' WHERE reason = 'deposit'",
            "default partitions",
        ),
        ("UPDATE epp_certificate SET not_after = now() + interval '20 days'", "client certificates"),
    ],
)
def test_warnings(copy: str, damage: str, check: str) -> None:
    asyncio.run(_execute(copy, damage))
    _, checks = doctor(copy)
    assert "warn" == checks[check]["level"], checks[check]
    assert checks[check]["advice"]


async def _execute(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


def test_a_database_that_is_not_there(used: str, tmp_path: Path) -> None:
    nowhere = urlsplit(used)._replace(path="/nowhere").geturl()
    for url in (nowhere, "postgresql://nobody@127.0.0.1:1/none"):
        status, checks = doctor(url)
        assert (1, "fail") == (status, checks["database"]["level"])
    done = CommandLine("--data", str(tmp_path))("doctor", "--json")
    assert (1, False) == (done.status, done.document["ok"])


@pytest.mark.parametrize("name", ["demo.json", "epp/alpha.key"])
def test_secrets_that_others_can_read(cli: CommandLine, demo: Served, name: str) -> None:
    file = demo.directory / "data" / name
    file.chmod(0o644)
    try:
        found = {c["check"]: c for c in cli("doctor", "--json").document["checks"]}
    finally:
        file.chmod(0o600)
    assert ("fail", True) == (found["secrets"]["level"], f"chmod 600 {file}" in found["secrets"]["advice"])
