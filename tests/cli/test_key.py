"""`namestead key`: shown once, kept as a hash, and dead at once when revoked."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import asyncpg
import httpx
import pytest

from tests.cli.conftest import CommandLine
from tests.serving import API, Served


def status(served: Served, token: str) -> int:
    """What the registry answers to a caller with this key."""
    return httpx.get(served.http + API + "/status", headers={"Authorization": f"Bearer {token}"}).status_code


async def _one(url: str, query: str, *arguments: Any) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchrow(query, *arguments)
    finally:
        await connection.close()


def test_a_life_of_a_key(cli: CommandLine, demo: Served) -> None:
    made = cli.json("key", "create", "--registrar", "alpha", "--label", "first", "--expires", "30d")
    token = made["api_key"]
    assert 200 == status(demo, token)

    row = asyncio.run(_one(demo.facts["database"], "SELECT * FROM api_key WHERE id = $1", made["key_id"]))
    assert hashlib.sha256(token.encode()).digest() == row["hash"]
    assert token not in repr(dict(row))

    rotated = cli.json("key", "rotate", made["key_id"], "--overlap", "1h")
    assert (200, 200) == (status(demo, token), status(demo, rotated["api_key"])), "both work in the overlap"
    assert made["scopes"] == rotated["scopes"]
    assert made["expires_at"] == rotated["expires_at"], "a new key lives no longer than the old one would have"
    assert rotated["old"]["expires_at"] < made["expires_at"]

    cli.json("key", "rotate", rotated["key_id"], "--overlap", "0s")
    assert 401 == status(demo, rotated["api_key"])
    cli.json("key", "revoke", made["key_id"])
    assert 401 == status(demo, token), "in every process, at once"
    listed = {k["key_id"] for k in cli.json("key", "list", "--registrar", "alpha")["keys"]}
    assert made["key_id"] not in listed
    every = {k["key_id"] for k in cli.json("key", "list", "--all")["keys"]}
    assert made["key_id"] in every


def test_single_scopes(cli: CommandLine, demo: Served) -> None:
    made = cli.json("key", "create", "--registrar", "alpha", "--scope", "domains:check", "--scope", "registrar:status")
    assert ["domains:check", "registrar:status"] == made["scopes"]
    headers = {"Authorization": f"Bearer {made['api_key']}"}
    answer = httpx.post(demo.http + API + "/domains", headers=headers, json={"domain": "x.example"})
    assert "missing_scope" == answer.json()["error"]


def test_the_text_is_nowhere_afterwards(cli: CommandLine) -> None:
    token = cli.json("key", "create", "--registrar", "beta")["api_key"]
    for look in (("key", "list", "--all"), ("log", "tail", "-n", "50"), ("registrar", "list")):
        assert token not in cli(*look, "--json").out


@pytest.mark.parametrize(
    "arguments, code",
    [
        (("create", "--registrar", "nobody"), "registrar_not_found"),
        (("create", "--account", "nobody"), "account_not_found"),
        (("create", "--registrar", "alpha", "--account", "beta"), "policy_violation"),
        (("create", "--registrar", "alpha", "--scope", "all:things"), "value_out_of_range"),
        (("create",), "failed"),
        (("revoke", "key_none"), "object_not_found"),
        (("rotate", "key_none"), "object_not_found"),
    ],
)
def test_what_is_refused(cli: CommandLine, arguments: tuple[str, ...], code: str) -> None:
    assert code == cli.refused("key", *arguments)["error"]


def test_a_revoked_key_stays_revoked(cli: CommandLine) -> None:
    made = cli.json("key", "create", "--registrar", "beta")
    cli.json("key", "revoke", made["key_id"])
    assert "status_prohibits" == cli.refused("key", "revoke", made["key_id"])["error"]
    assert "status_prohibits" == cli.refused("key", "rotate", made["key_id"])["error"]


@pytest.mark.parametrize("when", ["soon", "1999-01-01", "0s"])
def test_an_expiry_that_cannot_be_is_a_misuse(cli: CommandLine, when: str) -> None:
    assert 2 == cli("key", "create", "--registrar", "alpha", "--expires", when).status
