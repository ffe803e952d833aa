"""A small register to test the engine on, and what must hold of any register afterwards (DESIGN, "What must always
hold").

`problems` is written against the tables alone and shares no code with the product's own checks.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import asyncpg
import msgspec
import uvloop

from namestead.commands.domain.create import CreateDomain
from namestead.commands.protocol import Answer, AnyCommand, Principal
from namestead.engine.engine import Engine
from namestead.engine.submission import Envelope
from namestead.errors import Refusal
from namestead.objects.log import Surface
from namestead.objects.names import Name
from namestead.objects.zone import Policy, Price
from namestead.rules.delegation import NameserverSpec
from namestead.store.migrate import ensure_partitions, migrate

T = TypeVar("T")

PRICE = 1000
"""Minor units that a year of creating, renewing or transferring costs, in both zones."""

OPENING = 100_000_000
"""The balance every account opens with: more than a test can spend."""

CHANNELS = 8
ZONE, TEST_ZONE = "example", "ote"
ZONE_IDS = {ZONE: 10, TEST_ZONE: 11}


@dataclass(frozen=True, slots=True)
class Channel:
    """The nth registrar of the register: `r0`, `r1`, ... each with an account of its own."""

    n: int

    @property
    def account_id(self) -> int:
        return 100 + self.n

    @property
    def registrar_id(self) -> int:
        return 500 + self.n

    @property
    def principal(self) -> Principal:
        return Principal(f"key:{self.n}", self.account_id, self.registrar_id)

    def envelope(self, key: str | None = None, *, sandbox: bool = False) -> Envelope:
        return Envelope(self.principal, Surface.HTTP, sandbox, key, f"request {key}")


R0, R1, R2, R3 = (Channel(n) for n in range(4))
OPERATOR = Envelope(Principal("operator", operator=True), Surface.CLI)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a test's coroutine on the loop that the product runs on."""
    return uvloop.run(main)


def create(name: str, *, years: int = 1, nameservers: Iterable[str] = (), **more: Any) -> CreateDomain:
    """A create; names without a dot go under `example`."""
    full = Name(name if "." in name else f"{name}.{ZONE}")
    return CreateDomain(full, years, nameservers=tuple(NameserverSpec(Name(n)) for n in nameservers), **more)


def code(outcome: Any) -> str:
    """`ok`, or the code of the refusal; anything else a caller got is a defect."""
    if isinstance(outcome, Refusal):
        return outcome.kind.code
    assert isinstance(outcome, Answer), repr(outcome)
    return "ok"


def codes(outcomes: Iterable[Any]) -> dict[str, int]:
    return dict(Counter(map(code, outcomes)))


async def all_of(calls: Iterable[Coroutine[Any, Any, Answer[Any]]], seconds: float = 60) -> list[Any]:
    """Every answer or refusal, in order. Nobody may be left waiting."""
    async with asyncio.timeout(seconds):
        return list(await asyncio.gather(*calls, return_exceptions=True))


async def one(call: Coroutine[Any, Any, Answer[Any]], seconds: float = 30) -> Any:
    return (await all_of([call], seconds))[0]


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection[Any]]:
    connection = await asyncpg.connect(url, server_settings={"timezone": "UTC"})
    try:
        yield connection
    finally:
        connection.terminate()


@asynccontextmanager
async def engine_on(url: str) -> AsyncIterator[Engine]:
    engine = Engine(url)
    await engine.start()
    try:
        yield engine
    finally:
        async with asyncio.timeout(30):  # a test that fails may leave a lane that never ends
            await engine.stop()


async def fetch(url: str, query: str, *arguments: Any) -> list[dict[str, Any]]:
    async with connected(url) as connection:
        return [dict(row) for row in await connection.fetch(query, *arguments)]


async def value(url: str, query: str, *arguments: Any) -> Any:
    async with connected(url) as connection:
        return await connection.fetchval(query, *arguments)


async def execute(url: str, *statements: str) -> None:
    async with connected(url) as connection:
        for statement in statements:
            await connection.execute(statement)


async def log_of(url: str, name: str) -> list[dict[str, Any]]:
    """The log rows of a name, oldest first."""
    return await fetch(url, "SELECT * FROM command_log WHERE domain = $1 ORDER BY id", name)


async def balance_of(url: str, channel: Channel) -> int:
    balance: int = await value(url, "SELECT balance FROM account WHERE id = $1", channel.account_id)
    return balance


async def leave(url: str, channel: Channel, amount: int) -> None:
    """Take a balance down to an amount, as a payout would."""
    out = await balance_of(url, channel) - amount
    await execute(
        url,
        f"UPDATE account SET balance = {amount} WHERE id = {channel.account_id}",
        "INSERT INTO posting (log_id, n, occurred_at, debit, debit_book, credit, credit_book, amount, currency, reason)"
        f" SELECT id, 1, occurred_at, id, 'balance', -2, 'balance', {out}, 'EUR', 'payout'"
        f" FROM command_log WHERE id = {channel.account_id}",
    )


async def change_registrar(url: str, channel: Channel, change: str) -> None:
    """What the operator does, from another process: every engine hears of it by the version."""
    await execute(
        url,
        f"BEGIN; UPDATE registrar SET {change} WHERE id = {channel.registrar_id};"
        " UPDATE registry SET reference = reference + 1; COMMIT",
    )


async def blocked(url: str, count: int = 1, doing: str = "batches") -> list[int]:
    """Wait until so many of the engine's connections wait for a lock; their process ids."""
    query = (
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        " AND application_name LIKE 'namestead ' || $1 || '%'"
    )
    async with asyncio.timeout(20):
        while len(found := await fetch(url, query, doing)) < count:  # noqa: ASYNC110 - of the database, not of a task
            await asyncio.sleep(0.02)
    return [row["pid"] for row in found]


async def submit(engine: Engine, command: AnyCommand, by: Channel = R0, key: str | None = None) -> Answer[Any]:
    return await engine.submit(command, by.envelope(key))


def plain(answer: Answer[Any]) -> dict[str, Any]:
    """An answer as a caller compares it: everything but whether it was given before."""
    shown: dict[str, Any] = msgspec.to_builtins(answer)
    del shown["idempotent"]
    return shown


# ------------------------------------------------------------------------------------------------------- the register


async def build(url: str) -> None:
    """Migrations, partitions, two zones, and registrars with money that came in by postings."""
    async with connected(url) as c:
        await migrate(c)
        await ensure_partitions(c)
        prices = tuple(Price(kind, PRICE, "EUR") for kind in ("create", "renew", "transfer", "restore"))
        policy = msgspec.json.encode(Policy(prices=prices)).decode()
        for zone, zone_id in ZONE_IDS.items():
            await c.execute(
                "INSERT INTO zone (id, name, test, policy, created_at) VALUES ($1, $2, $3, $4, now())",
                zone_id,
                zone,
                zone == TEST_ZONE,
                policy,
            )
        for n in range(CHANNELS):
            await _registrar(c, Channel(n))
        # The ids chosen here are not to be met again.
        await c.execute("SELECT setval('object_id', 1000001, false), setval('log_id', 1000001, false)")


async def _registrar(c: asyncpg.Connection[Any], channel: Channel) -> None:
    account, registrar, slug = channel.account_id, channel.registrar_id, f"r{channel.n}"
    await c.execute(
        "INSERT INTO account (id, slug, name, currency, balance, created_at) VALUES ($1, $2, $2, 'EUR', $3, now())",
        account,
        slug,
        OPENING,
    )
    await c.execute(
        "INSERT INTO registrar (id, account_id, channel_id, slug, name, approved, production_approved, dns_module,"
        " created_at) VALUES ($1, $2, $3, $4, $4, true, true, true, now())",
        registrar,
        account,
        f"ch_{slug}",
        slug,
    )
    for zone_id in ZONE_IDS.values():
        await c.execute("INSERT INTO listing VALUES ($1, $2, 'approved')", registrar, zone_id)
    await c.execute(
        "INSERT INTO command_log (id, occurred_at, surface, command, actor, status, apply, request)"
        " VALUES ($1, now(), 'cli', 'deposit', 'test', 'success', 'none', '{}')",
        account,
    )
    await c.execute(
        "INSERT INTO posting (log_id, n, occurred_at, debit, debit_book, credit, credit_book, amount, currency, reason)"
        " SELECT $1, 0, occurred_at, -2, 'balance', $1, 'balance', $2, 'EUR', 'opening' FROM command_log WHERE id = $1",
        account,
        OPENING,
    )


# ------------------------------------------------------------------------------------------------ what must always hold

# A name and a query that finds what breaks it.
INVARIANTS: dict[str, str] = {
    "a name has at most one live registration": """
        SELECT name FROM domain WHERE ended_at IS NULL GROUP BY name HAVING count(*) > 1""",
    "a log id stands for one row": "SELECT id FROM command_log GROUP BY id HAVING count(*) > 1",
    "every registration has one create in the log, and every create a registration": """
        SELECT l.id, v.object_id
          FROM (SELECT id FROM command_log WHERE command = 'create_domain' AND status = 'success') l
          FULL JOIN (SELECT object_id, log_id FROM version WHERE kind = 'domain' AND version = 1) v ON v.log_id = l.id
         WHERE l.id IS NULL OR v.object_id IS NULL""",
    "every registration has its versions": """
        SELECT d.id FROM domain d LEFT JOIN version v ON v.object_id = d.id AND v.kind = 'domain'
         GROUP BY d.id, d.version HAVING count(v.*) <> d.version OR max(v.version) IS DISTINCT FROM d.version""",
    "every registration that was paid for was paid for once": """
        SELECT log_id FROM posting WHERE reason = 'create' GROUP BY log_id HAVING count(*) > 1""",
    "a balance is the sum of its postings": """
        SELECT a.id, a.balance, sum(p.amount) FROM account a LEFT JOIN (
            SELECT credit AS id, amount FROM posting WHERE credit_book = 'balance'
             UNION ALL SELECT debit, -amount FROM posting WHERE debit_book = 'balance') p ON p.id = a.id
         GROUP BY a.id, a.balance HAVING coalesce(sum(p.amount), 0) <> a.balance""",
    "what is held is the sum of its postings": """
        SELECT a.id, a.held, sum(p.amount) FROM account a LEFT JOIN (
            SELECT credit AS id, amount FROM posting WHERE credit_book = 'held'
             UNION ALL SELECT debit, -amount FROM posting WHERE debit_book = 'held') p ON p.id = a.id
         GROUP BY a.id, a.held HAVING coalesce(sum(p.amount), 0) <> a.held""",
    "no command took a balance past its limit": "SELECT id, balance FROM account WHERE balance < -credit",
    "the ledger sums to zero": """
        SELECT currency, sum(amount) FROM (
            SELECT currency, amount FROM posting UNION ALL SELECT currency, -amount FROM posting) p
         GROUP BY currency HAVING sum(amount) <> 0""",
    "money, versions and outbox belong to a success in the log": """
        SELECT x.log_id FROM (SELECT log_id FROM posting UNION ALL SELECT log_id FROM version
                               UNION ALL SELECT log_id FROM outbox UNION ALL SELECT log_id FROM poll_message) x
          LEFT JOIN command_log l ON l.id = x.log_id WHERE l.status IS DISTINCT FROM 'success'""",
    "a key stands for a success that carries it": """
        SELECT k.key FROM idempotency_key k LEFT JOIN command_log l ON l.id = k.log_id AND l.occurred_at = k.occurred_at
         WHERE l.id IS NULL OR l.status NOT IN ('success', 'sandbox') OR l.idempotency_key <> k.key""",
    "a key had one success": """
        SELECT registrar_id, idempotency_key FROM command_log
         WHERE status = 'success' AND idempotency_key IS NOT NULL AND result IS NOT NULL
         GROUP BY registrar_id, idempotency_key HAVING count(*) > 1""",
    "delegations lead to hosts and live registrations": """
        SELECT l.* FROM delegation l LEFT JOIN domain d ON d.id = l.domain_id LEFT JOIN host h ON h.id = l.host_id
         WHERE d.id IS NULL OR d.ended_at IS NOT NULL OR h.id IS NULL OR h.deleted_at IS NOT NULL""",
}


async def problems(url: str) -> dict[str, list[Any]]:
    """Everything that does not hold, with the rows that show it; empty for a sound register."""
    async with connected(url) as connection:
        found = {name: [tuple(r) for r in await connection.fetch(query)] for name, query in INVARIANTS.items()}
    return {name: rows for name, rows in found.items() if rows}
