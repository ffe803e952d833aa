"""One row of the command log: who did what, through which door, with what result. The audit and the poll."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class Surface(StrEnum):
    """The door or clock a command came through."""

    HTTP = "http"
    EPP = "epp"
    JOBS = "jobs"
    CONSOLE = "console"
    CLI = "cli"


class LogStatus(StrEnum):
    SUCCESS = "success"
    SANDBOX = "sandbox"
    FAILED = "failed"
    REPLAYED = "replayed"


class EventKind(StrEnum):
    """What the publisher has to look at again: a name's delegation or records, a name that is gone, or all that a host serves."""

    DELEGATION = "delegation"
    RECORDS = "records"
    WITHDRAWN = "withdrawn"
    HOST = "host"


class Event(Struct, frozen=True, gc=False):
    """Work left for a backend: the name whose published state may now differ from the register."""

    kind: EventKind
    zone_id: int
    name: str


class LogEntry(Struct, frozen=True, gc=False):
    """A row of the log as readers see it. `request` and `result` are JSON texts: the request's safe summary, and the
    stored answer that a replay gives again. `xact` orders rows for cursors (see `docs/engine.md`)."""

    id: int
    xact: int
    occurred_at: datetime
    surface: Surface
    command: str
    registrar_id: int | None
    counterpart_id: int | None
    actor: str
    domain: str | None
    status: LogStatus
    apply: str
    error: str | None
    idempotency_key: str | None
    client_transaction_id: str | None
    request_id: str | None
    request: str
    result: str | None
