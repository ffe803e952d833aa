"""Sessions: how many a registrar has over all processes, exactly, and none that outlives its process.

Each process keeps one row a registrar: how many sessions it serves. The row counts for as long as the connection that
wrote it lives (its server process and its start, in `pg_stat_activity`): when a process dies, by whatever means, PostgreSQL
ends that connection at once, and the sessions are free. An advisory lock a session would do the same, but ten thousand
of them are more than PostgreSQL's lock table holds by default.

Claims and releases that arrive while one round runs are settled together in the next: the registrars' advisory locks,
sorted; what others have; what is granted; commit. After a reconnect a process writes its rows anew; whatever others took
meanwhile stays theirs, and those of its own sessions that are now too many are told (`Slot.lost`).
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeAlias

import asyncpg
import structlog

from namestead import errors
from namestead.engine.database import Line
from namestead.errors import Refusal

log = structlog.get_logger("namestead.engine")

PATIENCE = 5.0
"""Seconds a round may take before its claims are refused and the connection is made anew."""

LOOK_AGAIN = 15.0
"""Seconds between two looks whether the connection still lives: a server that vanished without a word says nothing."""

AFTER_A_FAILURE = 0.2

KEEP_ALIVE = {"tcp_keepalives_idle": "5", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}
"""How soon the server notices a machine that vanished (PostgreSQL documentation, 19.3.2): after 20 seconds."""

WHO_AM_I = "SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"
LOCK = "SELECT pg_advisory_xact_lock(k) FROM unnest($1::bigint[]) AS k"

# What other processes serve of each registrar. Rows whose connection has ended count for nothing.
OTHERS = """
SELECT s.registrar_id, sum(s.sessions) AS sessions
  FROM epp_session s JOIN pg_stat_activity a ON a.pid = s.pid AND a.backend_start = s.backend_start
 WHERE s.registrar_id = ANY($1::bigint[]) AND s.process <> $2
 GROUP BY s.registrar_id
"""
WRITE = """
INSERT INTO epp_session (process, pid, backend_start, registrar_id, sessions)
SELECT $1, $2, $3, q.registrar_id, q.sessions FROM unnest($4::bigint[], $5::integer[]) AS q(registrar_id, sessions)
    ON CONFLICT (process, registrar_id)
    DO UPDATE SET sessions = excluded.sessions, pid = excluded.pid, backend_start = excluded.backend_start
"""
FORGET = """
DELETE FROM epp_session s
 WHERE NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid = s.pid AND a.backend_start = s.backend_start)
"""


class Slot:
    """One session's place. `lost` is called, once, when the place had to be given up after a reconnect: the session
    must end."""

    __slots__ = ("cap", "lost", "registrar_id")

    def __init__(self, registrar_id: int, cap: int, lost: Callable[[], None] | None) -> None:
        self.registrar_id = registrar_id
        self.cap = cap
        self.lost = lost


Claim: TypeAlias = "tuple[Slot, asyncio.Future[Slot | None]]"


class Sessions:
    """`claim` a place before a login is answered, `release` it when the connection ends, however it ends."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._process = secrets.randbits(63)
        self._held: dict[int, list[Slot]] = {}
        self._claims: list[Claim] = []
        self._changed: set[int] = set()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopped = False
        self._connection: asyncpg.Connection[Any] | None = None
        self._me: tuple[int, datetime] | None = None

    async def claim(self, registrar_id: int, cap: int, lost: Callable[[], None] | None = None) -> Slot | None:
        """A place among the registrar's `cap`, or None where all are taken. A cap that was lowered ends no session.
        `backend_unavailable` if nobody can count: a cap never fails open."""
        if self._stopped:
            raise Refusal(errors.BACKEND_UNAVAILABLE, extra={"retry_after": 5})
        loop = asyncio.get_running_loop()
        if self._task is None:  # a process that serves no EPP keeps no connection for it
            self._task = loop.create_task(self._loop(), name="sessions")
        future: asyncio.Future[Slot | None] = loop.create_future()
        self._claims.append((Slot(registrar_id, cap, lost), future))
        self._wake.set()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                granted = future.result()
                if granted is not None:
                    self.release(granted)
            raise

    def release(self, slot: Slot) -> None:
        """Give a place back; twice is once. Does not wait: the next claim, anywhere, finds it free."""
        held = self._held.get(slot.registrar_id, [])
        if slot in held:
            held.remove(slot)
            self._changed.add(slot.registrar_id)
            self._wake.set()

    def count(self, registrar_id: int) -> int:
        """Sessions of a registrar in this process."""
        return len(self._held.get(registrar_id, ()))

    async def stop(self) -> None:
        """Give all places back, by ending the connection they hang on."""
        self._stopped = True
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        self._refuse()
        await self._line.close()

    async def _loop(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN):
                    await self._wake.wait()
            self._wake.clear()
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._round()
            except Exception as problem:  # noqa: BLE001 - if this ended, no session could ever begin again
                log.warning("could not count sessions", problem=type(problem).__name__, claims=len(self._claims))
                self._line.drop()  # what it had written goes with it; the next round writes it anew
                self._refuse()
                await asyncio.sleep(AFTER_A_FAILURE)
                self._wake.set()

    def _refuse(self) -> None:
        claims, self._claims = self._claims, []
        for _, future in claims:
            if not future.done():
                future.set_exception(Refusal(errors.BACKEND_UNAVAILABLE, extra={"retry_after": 5}))

    async def _round(self) -> None:
        connection = await self._line.get()
        if connection is not self._connection:
            await self._begin_anew(connection)
        asked = {slot.registrar_id for slot, _ in self._claims}
        registrars = sorted(self._changed | asked)
        if not registrars:
            await connection.execute("SELECT 1")
            return
        assert self._me is not None
        async with connection.transaction():
            await connection.execute(LOCK, sorted(map(_lock_key, registrars)))
            others = {
                r["registrar_id"]: r["sessions"] for r in await connection.fetch(OTHERS, registrars, self._process)
            }
            # What came while the locks were waited for is settled now as well, where its registrar is locked.
            now = [c for c in self._claims if c[0].registrar_id in registrars]
            granted, refused = self._settle(now, others)
            counts = {i: self.count(i) + sum(s.registrar_id == i for s, _ in granted) for i in registrars}
            await connection.execute(WRITE, self._process, *self._me, list(counts), list(counts.values()))
        settled = {id(future) for _, future in (*granted, *refused)}
        self._claims = [c for c in self._claims if id(c[1]) not in settled]
        for slot, future in granted:
            self._held.setdefault(slot.registrar_id, []).append(slot)
            if future.done():
                self.release(slot)  # whoever asked went away while it was granted
            else:
                future.set_result(slot)
        for _, future in refused:
            if not future.done():
                future.set_result(None)
        # A session may have ended while its count was being written.
        self._changed = {i for i in registrars if counts[i] != self.count(i)} | (self._changed - set(registrars))
        for i in [i for i, slots in self._held.items() if not slots]:
            del self._held[i]
        if self._changed or self._claims:
            self._wake.set()

    def _settle(self, claims: list[Claim], others: dict[int, int]) -> tuple[list[Claim], list[Claim]]:
        """Who of those that ask gets a place, in the order they asked."""
        granted: list[Claim] = []
        refused: list[Claim] = []
        taken: dict[int, int] = {}
        for slot, future in claims:
            i = slot.registrar_id
            taken.setdefault(i, others.get(i, 0) + self.count(i))
            if taken[i] < slot.cap and not future.done():
                taken[i] += 1
                granted.append((slot, future))
            else:
                refused.append((slot, future))
        return granted, refused

    async def _begin_anew(self, connection: asyncpg.Connection[Any]) -> None:
        """Write what this process serves under its new connection; what is too many by now is given up, newest first."""
        row = await connection.fetchrow(WHO_AM_I)
        assert row is not None
        me = row["pid"], row["backend_start"]
        await connection.execute(FORGET)
        registrars = sorted(i for i, slots in self._held.items() if slots)
        given_up: list[Slot] = []
        if registrars:
            async with connection.transaction():
                await connection.execute(LOCK, sorted(map(_lock_key, registrars)))
                found = await connection.fetch(OTHERS, registrars, self._process)
                others = {r["registrar_id"]: r["sessions"] for r in found}
                for i in registrars:
                    slots = self._held[i]
                    room = max(0, max(s.cap for s in slots) - others.get(i, 0))
                    given_up.extend(slots[room:])
                counts = [self.count(i) - sum(s.registrar_id == i for s in given_up) for i in registrars]
                await connection.execute(WRITE, self._process, *me, registrars, counts)
        self._me, self._connection = me, connection
        connection.add_termination_listener(self._ended)
        for slot in given_up:
            self.release(slot)
            log.warning("a session lost its place to another process", registrar_id=slot.registrar_id)
            if slot.lost is not None:
                slot.lost()

    def _ended(self, _connection: object) -> None:
        self._wake.set()


def _lock_key(registrar_id: int) -> int:
    """A 64-bit advisory key, as `store/load.py` makes them; two that meet in one key only wait for each other."""
    digest = hashlib.blake2b(f"epp sessions:{registrar_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
