"""Connections: one to write with a lane, one for look-ups, one for limits, and a small pool for listings.

Each heals by itself. What a lost connection means for a batch is `batch.py`'s to say; here is only how it is told apart
from a refusal of the database, and how a new one is made.
"""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import structlog

from namestead.engine.metrics import Metrics

log = structlog.get_logger("namestead.engine")

LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ReadOnlySQLTransactionError,  # a server that was demoted: the new primary is found by connecting again
    asyncio.TimeoutError,
)
"""What says that the connection, not the statement, failed."""

AGAIN = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
)
"""Refusals that say nothing about the batch: the same statements may well succeed the next time."""

CONNECT_TIMEOUT = 5.0
STATEMENT_TIMEOUT_MS = 60_000
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 1.0


class Database:
    """Where the register lies. `url` may carry a password; it is never shown."""

    def __init__(self, url: str, metrics: Metrics) -> None:
        self.url = url
        self.metrics = metrics

    async def connect(self, purpose: str, **settings: str) -> asyncpg.Connection[Any]:
        return await asyncpg.connect(
            self.url,
            timeout=CONNECT_TIMEOUT,
            statement_cache_size=500,
            server_settings={
                "application_name": f"namestead {purpose}",
                "timezone": "UTC",
                "statement_timeout": str(STATEMENT_TIMEOUT_MS),
                **settings,
            },
        )


class Line:
    """One connection that is made when needed and made anew when it broke."""

    def __init__(self, database: Database, purpose: str, **settings: str) -> None:
        self._database = database
        self._purpose = purpose
        self._settings = settings
        self._connection: asyncpg.Connection[Any] | None = None
        self._made = 0

    async def get(self) -> asyncpg.Connection[Any]:
        """The connection; tries until there is one, with growing pauses. The caller bounds how long it waits."""
        pause = FIRST_PAUSE
        while self._connection is None or self._connection.is_closed():
            try:
                self._connection = await self._database.connect(self._purpose, **self._settings)
            except LOST as problem:
                log.warning("no connection to the database", purpose=self._purpose, problem=type(problem).__name__)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                self._made += 1
                if self._made > 1:
                    self._database.metrics.reconnects.labels(self._purpose).inc()
        return self._connection

    async def rollback(self) -> None:
        """End the transaction that is open, if there is one and a connection to end it on."""
        connection = self._connection
        if connection is not None and not connection.is_closed() and connection.is_in_transaction():
            await connection.execute("ROLLBACK")

    def drop(self) -> None:
        """Give the connection up: what state it is in is not known."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def close(self) -> None:
        if self._connection is not None and not self._connection.is_closed():
            await self._connection.close(timeout=2)
        self._connection = None
