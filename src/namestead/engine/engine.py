"""The engine: what every door and clock submits commands to, and asks.

    submit   a transform (or a query that must be logged) into a batch
    ask      a query, coalesced, without locks
    read     a listing, page by page, through a small pool
    waiting  how many messages wait for a registrar
    count    a request against a rate limit
    key      the API key behind a token
    epp_access, authenticator, sessions   who may come in through EPP, whether the password is right, and how often at once

Several engines may run on one database, in one process or many; they share nothing else.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

import asyncpg

from namestead import errors
from namestead.commands.protocol import Answer, AnyCommand, Principal
from namestead.commands.table import BY_TYPE
from namestead.engine.access import Authenticator
from namestead.engine.batch import BatchRunner, ReferenceCache
from namestead.engine.database import LOST, Database, Line
from namestead.engine.ids import IdBlocks
from namestead.engine.limits import Counted, Limits
from namestead.engine.lookups import LookupRunner
from namestead.engine.metrics import Metrics
from namestead.engine.queues import Lane
from namestead.engine.sessions import KEEP_ALIVE, Sessions
from namestead.engine.submission import Envelope, Submission
from namestead.engine.waiting import Queue, Waiting
from namestead.errors import Refusal
from namestead.objects.epp_access import EppStanding
from namestead.objects.facts import Reference
from namestead.objects.registrar import ApiKey
from namestead.store import access, rows
from namestead.store.load import Connection

T = TypeVar("T")

POOL_SIZE = 4
RUNNERS = 2
"""Batches of the first lane in flight at once, and rounds of look-ups, each with a connection. A principal is in one of
the batches at most: what it sends takes effect in the order sent."""

MOST_LONG_WORK = 100_000
"""Commands of one principal that may wait in the second lane."""

LONG_SLICE = 32
"""Commands a slice of the second lane takes: it holds locks for no more than about 50 ms."""

BY_KEY = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}
"""How batches and look-ups are planned: once, by index and nested loop. Each of their queries looks a few hundred keys up;
a plan made while a table was small, or by statistics of yesterday, would read the whole of it."""

KEY_BY_HASH = "SELECT * FROM api_key WHERE hash = $1"


class Engine:
    """`start` before anything else; `stop` answers what was accepted and closes."""

    def __init__(self, url: str, metrics: Metrics | None = None) -> None:
        self.metrics = metrics or Metrics()
        self._database = Database(url, self.metrics)
        self._reference = ReferenceCache()
        self._log_ids = IdBlocks("log_id")
        self._object_ids = IdBlocks("object_id")
        self._lines = {f"batches {n}": Line(self._database, "batches", **BY_KEY) for n in range(1, RUNNERS + 1)}
        self._lines |= {f"look-ups {n}": Line(self._database, "look-ups", **BY_KEY) for n in range(1, RUNNERS + 1)}
        self._lines["long work"] = Line(self._database, "long work", **BY_KEY)
        self._limits_line = Line(self._database, "limits", synchronous_commit="off")
        self.limits = Limits(self._limits_line)
        self._waiting = Waiting(self.read)
        self._lane = Lane("batches", [self._batch_runner("batches", f"batches {n}") for n in range(1, RUNNERS + 1)])
        self._long = Lane(
            "long work",
            [self._batch_runner("long work", "long work")],
            most_commands=LONG_SLICE,
            most_waiting=MOST_LONG_WORK,
        )
        lookups = [
            LookupRunner(self._lines[f"look-ups {n}"], self._reference, self.metrics) for n in range(1, RUNNERS + 1)
        ]
        self._lookups = Lane("look-ups", [self._measured("look-ups", r.run) for r in lookups], in_order=False)
        self._pool: asyncpg.Pool[Any] | None = None
        self._keys: dict[bytes, ApiKey] = {}
        self._keys_version = -1
        self.authenticator = Authenticator(self.read, self.count)
        self.sessions = Sessions(Line(self._database, "sessions", synchronous_commit="off", **KEEP_ALIVE))

    def _batch_runner(self, lane: str, line: str) -> Callable[[list[Submission]], Awaitable[None]]:
        runner = BatchRunner(
            self._lines[line],
            self._reference,
            self._log_ids,
            self._object_ids,
            self.metrics,
            self._waiting.forget,
        )
        return self._measured(lane, runner.run)

    def _measured(
        self, lane: str, run: Callable[[list[Submission]], Awaitable[None]]
    ) -> Callable[[list[Submission]], Awaitable[None]]:
        size, wait = self.metrics.batch_size.labels(lane), self.metrics.queue_wait.labels(lane)

        async def measured(batch: list[Submission]) -> None:
            size.observe(len(batch))
            wait.observe(time.perf_counter() - batch[0].queued_at)
            await run(batch)
            self._count_results(batch)

        return measured

    def _count_results(self, batch: list[Submission]) -> None:
        counts: dict[tuple[str, str], int] = {}
        replays = 0
        for s in batch:
            code = s.refusal.kind.code if s.refusal is not None else "ok"
            counts[s.row.name, code] = counts.get((s.row.name, code), 0) + 1
            replays += s.answer is not None and s.answer.idempotent
        for (name, code), n in counts.items():
            self.metrics.commands.labels(name, code).inc(n)
        if replays:
            self.metrics.replays.inc(replays)

    async def start(self) -> None:
        """Connect, read the reference data and open the lanes. Raises what the first connection raises."""
        first = await self._database.connect("start")
        try:
            await self._reference.refresh(first)
            await self._log_ids.refill(first, 4000)
            await self._object_ids.refill(first, 8000)
        finally:
            await first.close()
        self._pool = await asyncpg.create_pool(
            self._database.url,
            min_size=0,
            max_size=POOL_SIZE,
            reset=_keep,
            server_settings={"application_name": "namestead listings", "timezone": "UTC", "statement_timeout": "30000"},
        )
        for lane in (self._lane, self._long, self._lookups):
            lane.start()
            self.metrics.waiting.labels(lane.name).set_function(partial(getattr, lane, "waiting"))
        self.metrics.pool.labels("open").set_function(self._pool.get_size)
        self.metrics.pool.labels("idle").set_function(self._pool.get_idle_size)
        self.limits.start()

    async def stop(self) -> None:
        """Take nothing more, answer what was accepted, close."""
        await asyncio.gather(self._lane.drain(), self._long.drain(), self._lookups.drain())
        await self.limits.stop()
        await self.sessions.stop()
        self.authenticator.close()
        for line in (*self._lines.values(), self._limits_line):
            await line.close()
        if self._pool is not None:
            await self._pool.close()

    @property
    def reference(self) -> Reference:
        """Zones, registrars and listings as last read: for showing, never for deciding."""
        return self._reference.current

    async def submit(self, command: AnyCommand, envelope: Envelope, *, long: bool = False) -> Answer[Any]:
        """Run a command in a batch and wait for its answer. Raises the `Refusal` it ended with."""
        lane = self._long if long else self._lane
        return await self._put(lane, command, envelope)

    async def ask(self, command: AnyCommand, envelope: Envelope) -> Answer[Any]:
        """Answer a query. With an idempotency key, or while the channel's evidence is gathered, it is logged; so is a
        wrong authInfo, which is why one that carries a secret to be compared takes the way of the transforms."""
        guess = getattr(command, "auth_info", None) is not None
        if envelope.idempotency_key is None and not guess and not self._gathers_evidence(envelope):
            try:
                answer = await self._put(self._lookups, command, envelope)
            except Refusal:
                if not self._gathers_evidence(envelope):
                    raise
            else:
                if not self._gathers_evidence(envelope):
                    return answer
            # The look-up saw that the channel's evidence has meanwhile begun to be gathered: this query belongs to it.
        return await self._put(self._lane, command, envelope)

    def _gathers_evidence(self, envelope: Envelope) -> bool:
        return self.reference.gathers_evidence(envelope.principal.registrar_id)

    async def _put(self, lane: Lane, command: AnyCommand, envelope: Envelope) -> Answer[Any]:
        while self._log_ids.left < 1000 or self._object_ids.left < 1000:
            await self._refill_ids()
        future: asyncio.Future[Answer[Any]] = asyncio.get_running_loop().create_future()
        row = BY_TYPE[type(command)]
        lane.put(Submission(command, row, envelope, self._object_ids.take, future, time.perf_counter()))
        return await future

    async def _refill_ids(self) -> None:
        async def refill(connection: Connection) -> None:
            await self._log_ids.refill(connection, 10_000)
            await self._object_ids.refill(connection, 20_000)

        await self.read(refill)

    def _listings(self) -> Any:
        if self._pool is None:
            raise Refusal(errors.BACKEND_UNAVAILABLE)
        return self._pool.acquire(timeout=5)

    async def read(self, listing: Callable[[Connection], Awaitable[T]]) -> T:
        """Run a listing of the store's through the pool."""
        try:
            async with self._listings() as connection:
                return await listing(connection)
        except LOST as problem:
            raise Refusal(errors.BACKEND_UNAVAILABLE, extra={"retry_after": 5}) from problem

    async def waiting(self, registrar_id: int) -> Queue:
        """How many messages wait for a registrar, and the oldest one's id: for the `msgQ` of an answer (RFC 5730, 2.6)."""
        return await self._waiting.of(registrar_id)

    async def count(self, bucket: str, limit: int, requests: int = 1) -> Counted:
        """Count a request, or several at once, against their limit. Cached keys go stale by what this sees of the reference data."""
        counted = await self.limits.count(bucket, limit, requests)
        if counted.reference != self._keys_version:
            self._keys.clear()
            self._keys_version = counted.reference
        return counted

    async def key(self, token: str) -> ApiKey | None:
        """The API key with this token, cached until any key, registrar, listing or zone changes anywhere.

        The caller counts the request next, and asks again if `is_current` then says no.
        """
        digest = hashlib.sha256(token.encode()).digest()
        key = self._keys.get(digest)
        if key is None:
            version = self._keys_version
            row = await self.read(lambda c: c.fetchrow(KEY_BY_HASH, digest))
            if row is None:
                return None
            key = rows.key_of(row)
            if version == self._keys_version:  # else it may have been read before what has changed since
                self._keys[digest] = key
        return key

    async def epp_access(self, client_id: str, fingerprint: bytes | None = None) -> EppStanding | None:
        """All that a login is held against, read now; None for an unknown client id.

        The client id is the registrar's slug: `clIDType` has 3 to 16 characters (RFC 5730), which a channel id has not,
        and it is what every answer shows as clID. `fingerprint` is the SHA-256 of the connection's client certificate.
        """
        return await self.read(lambda c: access.standing(c, client_id, fingerprint))

    def is_current(self, key: ApiKey) -> bool:
        return self._keys.get(key.hash) is key


def principal_of(key: ApiKey) -> Principal:
    return Principal(
        actor=f"key:{key.id}", account_id=key.account_id, registrar_id=key.registrar_id, scopes=frozenset(key.scopes)
    )


async def _keep(connection: Any) -> None:
    """No reset between users of the pool: listings leave nothing behind, and a reset costs more than they do."""
