"""The register a run begins with: one zone, 200 registrars with an account and two hosts each, and a key for HTTP.

Written with plain SQL, so that a measurement does not depend on the commands that are being measured.
"""

from __future__ import annotations

import hashlib
import random
from datetime import UTC, datetime
from typing import Any

import asyncpg
import msgspec
from argon2 import PasswordHasher

from bench.database import Database
from namestead.commands.domain.create import CreateDomain
from namestead.commands.protocol import Principal
from namestead.engine.submission import Envelope
from namestead.objects.log import Surface
from namestead.objects.names import Name
from namestead.objects.zone import Policy, Price
from namestead.rules.delegation import NameserverSpec

REGISTRARS = 200
ZONE = "example"
ZONE_ID = 10
FIRST_ACCOUNT = 500_100
FIRST_REGISTRAR = 500_500
FIRST_ID = 1_000_001
"""Ids of every kind lie apart from each other, and from amounts and versions: `writes` tells them apart by value."""

BALANCE = 1_000_000_000_000
PRICE = 1000
RATE_LIMIT = 1_000_000_000
"""Requests a minute: the limit is counted as always, and never reached."""

FIRST_EPP, EPP_REGISTRARS = 100, 8
"""Registrars that may come in through EPP: short names of four characters, which a client id may have."""

EPP_PASSWORD = "Bench-pass-1"
EPP_SESSIONS = 20_000

LEAST_RANDOM, MOST_RANDOM = 1 << 56, (1 << 60) - 1
"""Every name has 15 random hexadecimal digits."""

SCOPES = (
    "registrar:status",
    "domains:check",
    "domains:read",
    "domains:create",
    "domains:renew",
    "domains:update",
    "domains:nameservers",
    "domains:delete",
)


def hosts_of(n: int) -> tuple[Name, Name]:
    """The two external hosts of a registrar, which exist and to which it delegates everything."""
    return Name(f"ns1.r{FIRST_REGISTRAR + n}.net"), Name(f"ns2.r{FIRST_REGISTRAR + n}.net")


def slug_of(n: int) -> str:
    """The short name of a registrar, which is its EPP client id."""
    return f"a{n}"


def token_of(n: int) -> str:
    """The API key of a registrar. No secret: its register is gone when the run is over."""
    return f"bench-key-of-registrar-{n:03d}"


def principal_of(n: int) -> Principal:
    return Principal(f"key:key_{n}", FIRST_ACCOUNT + n, FIRST_REGISTRAR + n)


def random_name() -> Name:
    return Name(f"n{random.randint(LEAST_RANDOM, MOST_RANDOM):x}.{ZONE}")


class Client:
    """What one registrar sends: a create of a random name with an idempotency key, to its two hosts."""

    __slots__ = ("_principal", "_servers")

    def __init__(self, n: int) -> None:
        self._principal = principal_of(n)
        self._servers = tuple(NameserverSpec(h) for h in hosts_of(n))

    def create(self) -> tuple[CreateDomain, Envelope]:
        name = random_name()
        return CreateDomain(name, 1, nameservers=self._servers), Envelope(
            self._principal, Surface.HTTP, idempotency_key=f"k-{name}", request_id=f"req_{name}"
        )


def fill(database: Database) -> None:
    """Put zone, accounts, registrars, hosts and keys into an empty register."""

    async def work(connection: asyncpg.Connection[Any]) -> None:
        async with connection.transaction():
            await _fill(connection)
        await connection.execute("ANALYZE")

    database.run(work)


async def _fill(connection: asyncpg.Connection[Any]) -> None:
    now = datetime.now(UTC)
    policy = Policy(prices=tuple(Price(command, PRICE, "EUR") for command in ("create", "renew", "transfer")))
    await connection.execute(
        "INSERT INTO zone (id, name, test, policy, created_at) VALUES ($1, $2, false, $3, $4)",
        ZONE_ID,
        ZONE,
        msgspec.json.encode(policy).decode(),
        now,
    )
    everyone = range(REGISTRARS)
    await connection.executemany(
        "INSERT INTO account (id, slug, name, currency, balance, created_at) VALUES ($1, $2, $2, 'EUR', $3, $4)",
        [(FIRST_ACCOUNT + n, f"a{n}", BALANCE, now) for n in everyone],
    )
    await connection.executemany(
        "INSERT INTO registrar"
        " (id, account_id, channel_id, slug, name, approved, production_approved, dns_module, rate_limit, created_at)"
        " VALUES ($1, $2, $3, $4, $4, true, true, true, $5, $6)",
        [(FIRST_REGISTRAR + n, FIRST_ACCOUNT + n, f"ch_{n}", f"a{n}", RATE_LIMIT, now) for n in everyone],
    )
    await connection.executemany(
        "INSERT INTO listing (registrar_id, zone_id, status) VALUES ($1, $2, 'approved')",
        [(FIRST_REGISTRAR + n, ZONE_ID) for n in everyone],
    )
    await connection.executemany(
        "INSERT INTO api_key (id, account_id, registrar_id, hash, profile, scopes, created_at, rate_limit)"
        " VALUES ($1, $2, $3, $4, 'registrar_api', $5, $6, $7)",
        [
            (
                f"key_{n}",
                FIRST_ACCOUNT + n,
                FIRST_REGISTRAR + n,
                hashlib.sha256(token_of(n).encode()).digest(),
                list(SCOPES),
                now,
                RATE_LIMIT,
            )
            for n in everyone
        ],
    )
    hashed = PasswordHasher().hash(EPP_PASSWORD)
    await connection.executemany(
        "INSERT INTO epp_access (registrar_id, created_at, enabled, password_hash, password_changed_at, networks,"
        " session_cap, cltrid_as_key) VALUES ($1, $2, true, $3, $2, '{}', $4, true)",
        [(FIRST_REGISTRAR + n, now, hashed, EPP_SESSIONS) for n in range(FIRST_EPP, FIRST_EPP + EPP_REGISTRARS)],
    )
    await connection.executemany(
        "INSERT INTO host (id, name, registrar_id, created_by, created_at) VALUES ($1, $2, $3, $3, $4)",
        [
            (FIRST_ID - 1 - 2 * n - k, host, FIRST_REGISTRAR + n, now)
            for n in everyone
            for k, host in enumerate(hosts_of(n))
        ],
    )
    await connection.execute(f"SELECT setval('object_id', {FIRST_ID}), setval('log_id', {2 * FIRST_ID})")
    await connection.execute("UPDATE registry SET reference = reference + 1")
