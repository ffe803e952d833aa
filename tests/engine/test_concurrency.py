"""Several processes on one database neither collide, nor deadlock, nor lose count of the money (DESIGN, 1 and 3)."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from tests.crash.processes import carried_out
from tests.engine.register import (
    OPENING,
    PRICE,
    R0,
    R1,
    Channel,
    balance_of,
    connected,
    fetch,
    leave,
    problems,
    run,
    value,
)


def outcomes(said: list[dict[str, Any]]) -> dict[str, int]:
    return dict(Counter(s["outcome"] for s in said))


def test_of_200_creates_of_one_name_over_two_processes_one_wins(register: str) -> None:
    async def main() -> None:
        orders = [{"do": "create", "by": n % 8, "name": "wanted.example"} for n in range(200)]
        said = await carried_out(register, orders)
        assert {"ok": 1, "domain_not_available": 199} == outcomes(said)
        [winner] = [s for s in said if s["outcome"] == "ok"]
        assert [Channel(winner["by"]).registrar_id] == [
            r["registrar_id"] for r in await fetch(register, "SELECT registrar_id FROM domain")
        ]
        assert 200 == await value(register, "SELECT count(*) FROM command_log WHERE domain = 'wanted.example'")
        assert OPENING - PRICE == await balance_of(register, Channel(winner["by"]))
        assert {} == await problems(register)

    run(main())


def test_fifty_equal_requests_over_two_processes_are_one(register: str) -> None:
    async def main() -> None:
        orders = [{"do": "create", "by": 0, "name": "once.example", "key": "k"} for _ in range(50)]
        said = await carried_out(register, orders)
        assert {"ok": 50} == outcomes(said)
        assert 1 == len({(s["log_id"], s["id"]) for s in said})
        assert 49 == sum(s["idempotent"] for s in said)
        assert 1 == await value(register, "SELECT count(*) FROM command_log WHERE registrar_id = $1", R0.registrar_id)
        assert {} == await problems(register)

    run(main())


@pytest.mark.parametrize("credit", [0, 50 * PRICE])
def test_two_processes_spend_one_account_to_the_last_cent_and_no_further(register: str, credit: int) -> None:
    async def main() -> None:
        odd = 7
        await leave(register, R0, 200 * PRICE + odd)
        async with connected(register) as connection:
            await connection.execute(f"UPDATE account SET credit = {credit} WHERE id = {R0.account_id}")
        orders = [{"do": "create", "by": 0, "name": f"n{n}.example", "key": f"k{n}"} for n in range(400)]
        said = await carried_out(register, orders)
        bought = 200 + credit // PRICE
        assert {"ok": bought, "insufficient_balance": 400 - bought} == outcomes(said)
        assert odd - credit == await balance_of(register, R0)
        assert bought == await value(register, "SELECT count(*) FROM domain")
        assert {} == await problems(register)

    run(main())


def test_everything_at_once_over_three_processes_deadlocks_nowhere(register: str) -> None:
    """Creates, renewals, transfers back and forth, delegations to shared and to subordinate hosts, deletes: each takes
    locks of its own on a few names, in whatever order they come."""
    chance = random.Random(20260711)
    names = [f"m{n}.example" for n in range(24)]
    hosts = [f"ns{n}.shared.net" for n in range(6)]

    def order(n: int) -> dict[str, Any]:
        name, by = chance.choice(names), chance.randrange(4)
        secret = {"auth_info": f"Sec-ret.{name}-9aX-0123456789"}
        do = chance.choices(
            ["create", "renew", "request", "approve", "reject", "cancel", "nameservers", "delete"],
            [6, 6, 4, 4, 2, 2, 6, 1],
        )[0]
        made: dict[str, Any] = {"do": do, "by": by, "name": name, "key": f"k{n}" if n % 3 else None}
        if do in ("create", "request"):
            made |= secret
        if do in ("create", "nameservers"):
            made["nameservers"] = chance.sample(hosts, 3)
        return made

    async def main() -> None:
        # Of every account a deposit's worth less: refusals for money happen as well.
        await leave(register, R1, 40 * PRICE)
        first = [
            {"do": "create", "by": n % 4, "name": name, "auth_info": f"Sec-ret.{name}-9aX-0123456789"}
            for n, name in enumerate(names)
        ]
        assert {"ok": len(names)} == outcomes(await carried_out(register, first, processes=1))
        deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        said = await carried_out(register, [order(n) for n in range(1500)], processes=3)
        found = outcomes(said)
        assert not [o for o in found if o.startswith("raised") or o in ("internal_error", "backend_unavailable")]
        succeeded = {s["do"] for s in said if s["outcome"] == "ok"}
        assert {"create", "renew", "request", "approve", "reject", "cancel", "nameservers", "delete"} == succeeded
        assert 0 == await value(register, deadlocks)
        assert len(said) + len(names) == await value(
            register, "SELECT count(*) FROM command_log WHERE registrar_id IS NOT NULL"
        ) + sum(s.get("idempotent", False) for s in said)
        assert {} == await problems(register)

    run(main())
