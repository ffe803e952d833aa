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
from collections.abc import Callable, Sequence
from typing import Any

import asyncpg
import structlog

from namestead import errors
from namestead.engine.database import AGAIN, LOST, Line
from namestead.engine.decide import Decisions
from namestead.engine.ids import IdBlocks, OutOfIds
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

IDS_AHEAD = 4000
"""Object ids in stock before a batch. One that needs more begins again with more: an import may take 200,000."""

LOOK_AHEAD = 5.0
"""Seconds that reading reference data and fetching ids between two batches may take."""

SLICE = 128
"""Commands decided before the first of them are sent to be saved."""

YIELD_EVERY = 4
"""Commands decided before others get their turn: the save of the slice before, and the batch beside this one."""

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
        self,
        line: Line,
        reference: ReferenceCache,
        log_ids: IdBlocks,
        object_ids: IdBlocks,
        metrics: Metrics,
        queues_changed: Callable[[set[int]], None] = lambda _registrars: None,
    ) -> None:
        self._line = line
        self._reference = reference
        self._log_ids = log_ids
        self._object_ids = object_ids
        self._metrics = metrics
        self._queues_changed = queues_changed

    async def run(self, batch: Sequence[Submission]) -> None:
        """Run a batch to its end: every command of it then has its answer. Never raises: a failure is an answer too."""
        until = time.monotonic() + PATIENCE
        try:
            await self._run(list(batch), until)
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("a batch failed in an unforeseen way", commands=len(batch))
            for s in batch:
                s.fail(Refusal(errors.INTERNAL_ERROR))

    async def _run(self, batch: list[Submission], until: float) -> None:
        moved = retried = short = 0
        unknown: OutcomeUnknown | None = None
        changed = False
        while True:
            try:
                async with asyncio.timeout(max(0.1, until - time.monotonic())):
                    connection = await self._line.get()
                    if unknown is not None:
                        if await self._took_effect(connection, unknown):
                            return
                        unknown = None
                    if short:
                        await self._log_ids.refill(connection, IDS_AHEAD << short)
                        await self._object_ids.refill(connection, IDS_AHEAD << short)
                    changed = await self._attempt(connection, batch)
                break
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
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise asyncio.CancelledError from problem  # the process ends, and nobody waits any more
                unknown = problem
            except OutOfIds:
                await self._rollback()
                short += 1
            except AGAIN as problem:
                retried += 1
                await self._rollback()
                if retried > TRIES_BEFORE_ALONE:
                    await self._halve(batch, problem, until)
                    return
            except LOST as problem:
                self._line.drop()
                if time.monotonic() >= until:
                    _unreachable(batch, unknown)
                    return
                log.warning("lost the database, trying again", problem=type(problem).__name__, commands=len(batch))
                await asyncio.sleep(0.05)
            except Exception as problem:  # noqa: BLE001 - whatever it is, it is the error of one command, not of all
                await self._rollback()
                await self._halve(batch, problem, until)
                return
        await self._after(changed)

    async def _attempt(self, connection: asyncpg.Connection[Any], batch: list[Submission]) -> bool:
        """One transaction. Says whether reference data changed. What comes after the commit is not in here: whatever
        fails in here is run again."""
        started = time.perf_counter()
        reference = self._reference.current
        wanted = gather(batch, reference)
        await load.begin(connection, wanted)
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
        log_ids, changed = await _decide_and_save(connection, decisions, batch)
        if log_ids:
            await self._commit(connection, loaded.xid, log_ids)
            self._queues_changed(decisions.queues)
        else:
            await connection.execute("ROLLBACK")
        step = self._metrics.step
        step.labels("load").observe(loaded_at - started)
        step.labels("decide and save").observe(time.perf_counter() - loaded_at)
        return changed

    async def _after(self, changed: bool) -> None:
        """Look ahead for the next batch. This one is over: if the connection breaks here, only it is given up."""
        try:
            async with asyncio.timeout(LOOK_AHEAD):
                connection = await self._line.get()
                if changed:
                    await self._reference.refresh(connection)
                await self._log_ids.refill(connection, IDS_AHEAD // 2)
                await self._object_ids.refill(connection, IDS_AHEAD)
        except Exception as problem:  # noqa: BLE001 - what was decided stands, whatever fails now
            log.warning("lost the database after a commit", problem=type(problem).__name__)
            self._line.drop()

    async def _commit(self, connection: asyncpg.Connection[Any], xid: int | None, log_ids: list[int]) -> None:
        try:
            await connection.execute("COMMIT")
        except (*LOST, asyncio.CancelledError) as problem:
            # Cancelled: patience ended on the way. What the server did is then as unknown as after a lost connection.
            assert xid is not None
            raise OutcomeUnknown(xid, log_ids) from problem

    async def _took_effect(self, connection: asyncpg.Connection[Any], unknown: OutcomeUnknown) -> bool:
        """Whether a commit of unknown outcome happened. Waits until the server says the old transaction is over: only
        then do its log rows, there or not, settle the matter. A transaction id the server has never heard of was lost
        with an unflushed log, and may meanwhile stand for another transaction: the log ids decide, not the status."""
        while await self._status(connection, unknown.xid) == "in progress":  # noqa: ASYNC110 - another server's state
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
        """End what is open. A connection that cannot do that is given up, which ends it too."""
        try:
            async with asyncio.timeout(LOOK_AHEAD):
                await self._line.rollback()
        except (*LOST, asyncpg.PostgresError):
            self._line.drop()

    async def _halve(self, batch: list[Submission], problem: Exception, until: float) -> None:
        """Try a refused batch in two halves. A single command that cannot be saved gets that as its answer, and runs
        once more only to leave its log row."""
        if len(batch) > 1:
            self._metrics.halved.inc()
            middle = len(batch) // 2
            await self._run(batch[:middle], until)
            await self._run(batch[middle:], until)
            return
        [s] = batch
        if s.doomed is not None:  # not even its refusal could be written down
            s.answer, s.refusal = None, s.doomed
            return
        s.doomed = explain(problem)
        if s.doomed.kind is errors.INTERNAL_ERROR:
            if isinstance(problem, asyncpg.PostgresError):
                problem.detail = None  # quotes the row: personal data that has no place in a log
            log.error("a command could not be saved", command=s.row.name, log_id=s.log_id, exc_info=problem)
        await self._run(batch, until)


async def _decide_and_save(
    connection: asyncpg.Connection[Any], decisions: Decisions, batch: Sequence[Submission]
) -> tuple[list[int], bool]:
    """Decide a batch slice by slice, each saved while the next is decided: one transaction on two processors.

    Answers with the ids of the log rows written, and whether reference data changed.
    """
    log_ids: list[int] = []
    changed = False
    saving: asyncio.Task[None] | None = None
    try:
        for first in range(0, len(batch), SLICE):
            for n, s in enumerate(batch[first : first + SLICE]):
                decisions.take(s)
                if n % YIELD_EVERY == 0:
                    await asyncio.sleep(0)
            work = decisions.cut()
            if saving is not None:
                await saving
                saving = None
            if not work.empty:
                log_ids += [row[0] for row in work.log]
                changed = changed or work.reference
                saving = asyncio.get_running_loop().create_task(save(connection, work))
        if saving is not None:
            await saving
            saving = None
    finally:
        if saving is not None:
            saving.cancel()
    return log_ids, changed


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
        if needs.epp_access:
            wanted.epp_access.update(needs.epp_access)
        if needs.certificates:
            wanted.certificates.update(needs.certificates)
        if needs.messages:
            wanted.messages.update(needs.messages)
            wanted.waiting.add(principal.registrar_id or 0)
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
