"""A registry with its HTTP door open, for tests: seeded by the operator's own commands, served on a free port.

The server and its engine run on a loop of their own, in a thread, as in production; tests speak HTTP to it.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

import asyncpg
import httpx
import uvloop

from namestead.api.server import HttpSettings, Server, build
from namestead.commands.operator.apply_zone import ApplyZone
from namestead.commands.operator.approve_registrar import ApproveRegistrar
from namestead.commands.operator.create_account import CreateAccount
from namestead.commands.operator.create_key import SINGLE, CreateKey
from namestead.commands.operator.create_registrar import CreateRegistrar
from namestead.commands.operator.deposit import Deposit
from namestead.commands.operator.list_registrar import ListRegistrar
from namestead.commands.operator.revoke_key import RevokeKey
from namestead.commands.protocol import Answer, AnyCommand, Principal
from namestead.engine import clock
from namestead.engine.engine import Engine
from namestead.engine.submission import Envelope
from namestead.money import Money
from namestead.objects.log import Surface
from namestead.objects.names import LabelPolicy, Name
from namestead.objects.registrar import ListingStatus
from namestead.objects.zone import Backend, ContactModel, Policy, Price
from namestead.rules.names import IDN_TABLES
from namestead.store.migrate import ensure_partitions, migrate
from tests.api.contract import Checked

T = TypeVar("T")

BASE = "/api/v1/registrar/v1"
OPERATOR = Envelope(Principal("operator:test", operator=True), Surface.CLI)
NO_LIMIT = 1_000_000
AUTH = "Dj3-vR7_kQ2.mX9+wZ5a"
"""An auth_info that is strong enough."""

PRICES = tuple(
    Price(command, amount, "EUR")
    for command, amount in (("create", 1000), ("renew", 1100), ("transfer", 1200), ("restore", 4000))
)
IDN = LabelPolicy(allow_idn=True, idn_tables=(IDN_TABLES["de"], IDN_TABLES["latin"]))
# fmt: off
ZONES: dict[str, tuple[bool, Policy]] = {
    "example": (
        False,
        Policy(label=IDN, prices=(*PRICES, Price("create", 99900, "EUR", tier="gold")), premium={"gold": "gold"}),
    ),
    "ote": (True, Policy(label=IDN, prices=PRICES)),
    "people": (False, Policy(prices=PRICES, contacts=ContactModel.REQUIRED)),
    "bare": (False, Policy(prices=PRICES, contacts=ContactModel.NONE, backend=Backend(records=False))),
    "shut": (False, Policy(prices=PRICES, open=False)),
    "distant": (False, Policy(prices=PRICES)),
}
# fmt: on
"""`distant` is listed for nobody, and `beta`'s listing for `bare` is suspended."""

KEYS = ("alpha", "beta", "gamma", "delta", "epsilon", "poor")


def token(key: str) -> str:
    return f"nst_test-{key}"


def digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


async def seed(url: str, *, ote: bool) -> None:
    """Migrations, zones, registrars with money and keys."""
    connection = await asyncpg.connect(url)
    await migrate(connection)
    await ensure_partitions(connection)
    if ote:
        await connection.execute("UPDATE registry SET ote = true")
    await connection.close()
    engine = Engine(url)
    await engine.start()

    async def do(command: AnyCommand) -> Answer[Any]:
        return await engine.submit(command, OPERATOR)

    for name, (test, policy) in ZONES.items():
        await do(ApplyZone(Name(name), test, None, policy))
    for slug in KEYS:
        await do(CreateRegistrar(slug, slug.title(), f"ch_{slug}-{digest(slug).hex()[:16]}"))
        production = slug != "gamma"
        await do(ApproveRegistrar(slug, approved=slug != "delta", production=production, dns_module=slug != "epsilon"))
        for zone in ZONES:
            if zone != "distant":
                suspended = (slug, zone) == ("beta", "bare")
                await do(
                    ListRegistrar(slug, Name(zone), ListingStatus.SUSPENDED if suspended else ListingStatus.APPROVED)
                )
        await do(Deposit(slug, Money(5 if slug == "poor" else 100_000_000, "EUR"), "opening"))
        await do(CreateKey(f"key_{slug}", digest(token(slug)), registrar=slug))
    await do(CreateAccount("customer", "A customer without a channel", "EUR"))
    await do(CreateKey("key_customer", digest(token("customer")), account="customer"))
    scopes = ("domains:check", "registrar:status")
    await do(CreateKey("key_checker", digest(token("checker")), registrar="alpha", profile=SINGLE, scopes=scopes))
    await do(CreateKey("key_outsider", digest(token("outsider")), registrar="delta", profile=SINGLE, scopes=scopes))
    past = datetime.now(UTC) - timedelta(seconds=1)
    await do(CreateKey("key_expired", digest(token("expired")), registrar="alpha", expires_at=past))
    await do(CreateKey("key_revoked", digest(token("revoked")), registrar="alpha"))
    await do(RevokeKey("key_revoked"))
    await do(CreateKey("key_slow", digest(token("slow")), registrar="alpha", rate_limit=3))
    await engine.stop()


_names = itertools.count(1)


def fresh(tld: str = "example", label: str = "name") -> str:
    """A name no other test uses."""
    return f"{label}-{next(_names)}.{tld}"


@dataclass
class Registry:
    """A running registry. `url` is its database."""

    url: str
    settings: HttpSettings = field(default_factory=lambda: HttpSettings(port=0, rate_limit=NO_LIMIT))
    engine: Engine = field(init=False)
    server: Server = field(init=False)
    base: str = field(init=False)

    def __enter__(self) -> Registry:
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="registry", daemon=True)
        self._thread.start()
        self.run(self._start())
        self._clients: dict[str, Checked] = {}
        self._bare: httpx.Client | None = None
        return self

    async def _start(self) -> None:
        self.engine = Engine(self.url)
        await self.engine.start()
        self.server = Server(build(self.engine, self.settings), self.settings)
        await self.server.start()
        scheme = "https" if self.settings.certificate is not None else "http"
        self.base = f"{scheme}://127.0.0.1:{self.server.address[1]}"

    def __exit__(self, *_: object) -> None:
        for client in self._clients.values():
            client.close()
        if self._bare is not None:
            self._bare.close()
        self.run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _stop(self) -> None:
        await self.server.stop()
        await self.engine.stop()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the registry's own loop."""
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result(60)

    def do(self, command: AnyCommand) -> Answer[Any]:
        """The operator does something."""
        return self.run(self.engine.submit(command, OPERATOR))

    def advance(self, days: float) -> None:
        """Move registry time, stopping at all that falls due on the way (OT&E registries only)."""
        self.run(clock.advance(self.engine, timedelta(days=days), OPERATOR))

    def sql(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        async def ask() -> list[dict[str, Any]]:
            connection = await asyncpg.connect(self.url, server_settings={"timezone": "UTC"})
            try:
                return [dict(row) for row in await connection.fetch(query, *arguments)]
            finally:
                await connection.close()

        return self.run(ask())

    def client(self, key: str | None = "alpha", **more: Any) -> Checked:
        """A client with a key; every answer it gets is held against the OpenAPI document."""
        name = f"{key} {more}"
        if name not in self._clients:
            headers = {"authorization": f"Bearer {token(key)}"} if key is not None else {}
            self._clients[name] = Checked(base_url=self.base + BASE, headers=headers, timeout=30, **more)
        return self._clients[name]

    def bare(self) -> httpx.Client:
        """A client for paths outside the registrar API, and for what httpx itself would not send."""
        if self._bare is None:
            self._bare = httpx.Client(base_url=self.base, verify=False, timeout=30)  # noqa: S501 (a test's certificate)
        return self._bare

    @property
    def port(self) -> int:
        return urlsplit(self.base).port or 0


def codes(answer: httpx.Response) -> list[tuple[str, str]]:
    """The faults an answer names: (field, code)."""
    return [(d["field"], d["code"]) for d in answer.json()["details"]]
