"""A submission: one command on its way through the engine, and the caller that waits for it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from namestead.commands.protocol import Answer, AnyCommand, Ids, Needs, Principal
from namestead.commands.table import Row
from namestead.errors import Refusal
from namestead.objects.log import Surface

_encode = msgspec.json.Encoder().encode


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """What comes with a command beside the command: by whom, through which door, and the ids the caller knows it by."""

    principal: Principal
    surface: Surface
    sandbox: bool = False
    idempotency_key: str | None = None
    request_id: str | None = None
    client_transaction_id: str | None = None


class Submission:
    """Ids are taken once and kept over every retry, so that a command that runs again builds the same objects."""

    __slots__ = (
        "_hash",
        "answer",
        "command",
        "doomed",
        "envelope",
        "future",
        "ids",
        "log_id",
        "needs",
        "queued_at",
        "refusal",
        "row",
    )

    def __init__(
        self,
        command: AnyCommand,
        row: Row,
        envelope: Envelope,
        new_object_id: Callable[[], int],
        future: asyncio.Future[Answer[Any]] | None,
        queued_at: float,
    ) -> None:
        self.command = command
        self.row = row
        self.envelope = envelope
        self.log_id = 0
        """Taken when the command is first decided, so that the log's order is that of the decisions; events that fell
        due and are written down first have smaller ones."""
        self.ids = Ids(new_object_id)
        self.future = future
        self.queued_at = queued_at
        self.needs: Needs = Needs()
        self.answer: Answer[Any] | None = None
        self.refusal: Refusal | None = None
        self.doomed: Refusal | None = None
        """What the database refuses this command with: it is not decided again, only written down as failed."""
        self._hash: bytes | None = None

    @property
    def request_hash(self) -> bytes:
        """What makes a repeated key the same request: the command, its content, and whether it is a rehearsal."""
        if self._hash is None:
            body = _encode((self.row.name, self.envelope.sandbox, self.command))
            self._hash = hashlib.sha256(body).digest()
        return self._hash

    def deliver(self) -> None:
        """Answer the caller. One that went away loses its answer, not what was decided."""
        if self.future is None or self.future.done():
            return
        if self.refusal is not None:
            self.future.set_exception(self.refusal)
        else:
            assert self.answer is not None
            self.future.set_result(self.answer)

    def fail(self, refusal: Refusal) -> None:
        self.answer, self.refusal = None, refusal
        self.deliver()


ANSWERED_AT_ONCE = 16
"""Answers given before others get their turn: what callers do with an answer is work too."""


async def deliver(batch: Sequence[Submission]) -> None:
    """Answer every caller of a batch, a few at a time."""
    try:
        for n, s in enumerate(batch, 1):
            s.deliver()
            if n % ANSWERED_AT_ONCE == 0:
                await asyncio.sleep(0)
    finally:
        for s in batch:  # the process ends: nobody is left without the answer that is known
            s.deliver()
