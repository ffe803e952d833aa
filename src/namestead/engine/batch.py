"""A batch: load, decide, save, answer. One transaction for whatever commands were waiting.

What can go wrong, and what then happens:

- the reference data or a relation moved: nothing was done; begin again (after three times each command runs alone)
- the database refuses the batch as a whole: it is halved and tried again, so that a poisoned command ends alone
- the connection breaks before the commit was sent: nothing was done; begin again on a new one
- it breaks while committing: the outcome is unknown, and read from the log ids once the old transaction is over
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import asyncpg
import structlog

from namestead import errors
from namestead.engine.database import AGAIN, LOST, Line
from namestead.engine.decide import Decisions
from namestead.engine.ids import IdBlocks
from namestead.engine.metrics import Metrics
from namestead.engine.submission import Submission
from namestead.errors import Refusal
from namestead.objects.facts import Reference
from namestead.store import load
from namestead.store.constraints import explain
from namestead.store.load import Connection, ReferenceChanged, RelationsMoved, Wanted
from namestead.store.save import save

log = structlog.get_logger("namestead.engine")

TRIES_BEFORE_ALONE = 3
PATIENCE = 20.0
"""Seconds a batch waits for a database that is away before its callers are told so."""

XACT_STATUS = "SELECT pg_xact_status($1::text::xid8)"
LOGGED = "SELECT 1 FROM command_log WHERE id = ANY($1::bigint[]) LIMIT 1"


class OutcomeUnknown(Exception):
    """The connection was lost around a commit. `xid` is the transaction's id."""

    def __init__(self, xid: int, log_ids: list[int]) -> None:
        self.xid = xid
        self.log_ids = log_ids


class ReferenceCache:
    """Zones, registrars and listings, as last read by this process."""

    def __init__(self) -> None:
        self.current = Reference()

    async def refresh(self, connection: Connection) -> Reference:
        self.current = await load.reference(connection)
        return self.current


class BatchRunner:
    """Runs the batches of one lane on one connection."""

    def __init__(
        self, line: Line, reference: ReferenceCache, log_ids: IdBlocks, object_ids: IdBlocks, metrics: Metrics
    ) -> None:
        self._line = line
        self._reference = reference
        self._log_ids = log_ids
        self._object_ids = object_ids
        self._metrics = metrics

    async def run(self, batch: Sequence[Submission]) -> None:
        """Run a batch to its end and answer every caller. Never raises: a failure is an answer too."""
        until = time.monotonic() + PATIENCE
        try:
            await self._run(list(batch), until)
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("a batch failed in an unforeseen way", commands=len(batch))
            for s in batch:
                s.fail(Refusal(errors.INTERNAL_ERROR))
        for s in batch:
            s.deliver()

    async def _run(self, batch: list[Submission], until: float) -> None:
        moved = retried = 0
        unknown: OutcomeUnknown | None = None
        while True:
            try:
                async with asyncio.timeout(max(0.1, until - time.monotonic())):
                    connection = await self._line.get()
                    if unknown is not None:
                        if await self._took_effect(connection, unknown):
                            return
                        unknown = None
                    await self._attempt(connection, batch)
                    return
            except ReferenceChanged:
                continue
            except RelationsMoved:
                moved += 1
                if moved >= TRIES_BEFORE_ALONE and len(batch) > 1:
                    for s in batch:
                        await self._run([s], until)
                    return
            except OutcomeUnknown as problem:
                self._line.drop()
                unknown = problem
            except AGAIN as problem:
                retried += 1
                await self._rollback()
                if retried > TRIES_BEFORE_ALONE:
                    return await self._halve(batch, problem, until)
            except LOST as problem:
                self._line.drop()
                if time.monotonic() >= until:
                    return _unreachable(batch, unknown)
                log.warning("lost the database, trying again", problem=type(problem).__name__, commands=len(batch))
                await asyncio.sleep(0.05)
            except asyncpg.PostgresError as problem:
                await self._rollback()
                return await self._halve(batch, problem, until)

    async def _attempt(self, connection: asyncpg.Connection[Any], batch: list[Submission]) -> None:
        started = time.perf_counter()
        reference = self._reference.current
        wanted = gather(batch, reference)
        await connection.execute("BEGIN")
        try:
            loaded = await load.load(connection, wanted, reference, lock=True)
        except ReferenceChanged:
            await connection.execute("ROLLBACK")
            await self._reference.refresh(connection)
            raise
        except RelationsMoved:
            await connection.execute("ROLLBACK")
            raise
        if wanted.reference:
            loaded.facts.reference = reference.copy()
        loaded_at = time.perf_counter()
        decisions = Decisions(loaded.facts, loaded.stored, self._log_ids.take, self._object_ids.take)
        for s in batch:
            decisions.take(s)
        decided_at = time.perf_counter()
        work = decisions.work
        if work.empty:
            await connection.execute("ROLLBACK")
        else:
            await save(connection, work)
            await self._commit(connection, loaded.xid, [row[0] for row in work.log])
            if work.reference:
                await self._reference.refresh(connection)
        await self._log_ids.refill(connection, 2000)
        await self._object_ids.refill(connection, 4000)
        step = self._metrics.step
        step.labels("load").observe(loaded_at - started)
        step.labels("decide").observe(decided_at - loaded_at)
        step.labels("save").observe(time.perf_counter() - decided_at)

    async def _commit(self, connection: asyncpg.Connection[Any], xid: int | None, log_ids: list[int]) -> None:
        try:
            await connection.execute("COMMIT")
        except LOST as problem:
            assert xid is not None
            raise OutcomeUnknown(xid, log_ids) from problem

    async def _took_effect(self, connection: asyncpg.Connection[Any], unknown: OutcomeUnknown) -> bool:
        """Whether a commit of unknown outcome happened. Waits until the server says the old transaction is over: only
        then do its log rows, there or not, settle the matter. A transaction id the server has never heard of was lost
        with an unflushed log, and may meanwhile stand for another transaction: the log ids decide, not the status."""
        while await self._status(connection, unknown.xid) == "in progress":
            await asyncio.sleep(0.05)
        committed = await connection.fetchval(LOGGED, unknown.log_ids) is not None
        self._metrics.unknown.labels("committed" if committed else "aborted").inc()
        log.warning("settled a commit of unknown outcome", committed=committed, commands=len(unknown.log_ids))
        return committed

    async def _status(self, connection: asyncpg.Connection[Any], xid: int) -> str | None:
        try:
            status: str | None = await connection.fetchval(XACT_STATUS, str(xid))
        except asyncpg.InvalidParameterValueError:
            return None  # "transaction ID is in the future": it was lost in a crash
        return status

    async def _rollback(self) -> None:
        try:
            connection = await self._line.get()
            if connection.is_in_transaction():
                await connection.execute("ROLLBACK")
        except LOST:
            self._line.drop()

    async def _halve(self, batch: list[Submission], problem: asyncpg.PostgresError, until: float) -> None:
        """Try a refused batch in two halves; a single command the database refuses gets that as its answer."""
        if len(batch) > 1:
            self._metrics.halved.inc()
            middle = len(batch) // 2
            await self._run(batch[:middle], until)
            await self._run(batch[middle:], until)
            return
        [s] = batch
        refusal = explain(problem)
        if refusal.kind is errors.INTERNAL_ERROR:
            log.error("the database refused a command", command=s.row.name, log_id=s.log_id, problem=str(problem))
        s.answer, s.refusal = None, refusal


def gather(batch: Sequence[Submission], reference: Reference) -> Wanted:
    """The needs of a batch, merged."""
    wanted = Wanted()
    for s in batch:
        principal = s.envelope.principal
        needs = s.needs = s.command.needs(reference, principal)
        wanted.domains.update(needs.domains)
        wanted.retained.update(needs.retained)
        if needs.hosts:
            wanted.hosts.update(needs.hosts)
        if needs.contacts:
            wanted.contacts.update(needs.contacts)
        if needs.accounts:
            wanted.accounts.update(needs.accounts)
        if needs.subordinates:
            wanted.subordinates.update(needs.subordinates)
        if needs.linked_hosts:
            wanted.linked_hosts.update(needs.linked_hosts)
        if needs.linked_contacts:
            wanted.linked_contacts.update(needs.linked_contacts)
        if needs.failed_auth:
            wanted.failed_auth.update(needs.failed_auth)
        if needs.keys:
            wanted.keys.update(needs.keys)
        if needs.account_slugs:
            wanted.account_slugs.update(needs.account_slugs)
        wanted.reference = wanted.reference or needs.reference
        registrar = reference.registrars.get(principal.registrar_id or 0)
        if registrar is not None:
            wanted.accounts.add(registrar.account_id)
        elif principal.account_id is not None:
            wanted.accounts.add(principal.account_id)
        if s.envelope.idempotency_key is not None and s.row.transform:
            wanted.idempotency.add((principal.id, s.envelope.idempotency_key))
    return wanted


def _unreachable(batch: Sequence[Submission], unknown: OutcomeUnknown | None) -> None:
    message = (
        "The register could not be reached. Nothing was done; retry in a few seconds."
        if unknown is None
        else "The register was lost while it was committing, and whether this took effect is not known yet. Send the "
        "same request with the same idempotency key again."
    )
    for s in batch:
        s.answer, s.refusal = None, Refusal(errors.BACKEND_UNAVAILABLE, message=message, extra={"retry_after": 5})
