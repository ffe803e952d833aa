"""The command table: every command there is, once. Routing, OpenAPI, `GET /status`, EPP's mapping and the documents
all come from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from namestead.commands.answers import Registration
from namestead.commands.domain.create import CreateDomain
from namestead.commands.domain.settle import SettleDomain, Settled


class Kind(StrEnum):
    """A transform changes the register and leaves a log row; a query asks it; a listing reads page by page."""

    TRANSFORM = "transform"
    QUERY = "query"
    LISTING = "listing"


class Party(StrEnum):
    """Whose command it is: a registrar's (its channel, listing and approval are checked), the operator's, or time's."""

    REGISTRAR = "registrar"
    OPERATOR = "operator"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Row:
    """`status` is the HTTP status of success; `result` the type a replay is read back into; `listed` whether the
    caller needs a listing for the zone the command's subject lies in."""

    name: str
    command: type[Any]
    kind: Kind
    party: Party
    result: Any = None
    scope: str | None = None
    method: str | None = None
    path: str | None = None
    status: int = 200
    epp: str | None = None
    sandbox: bool = True
    listed: bool = True
    always: bool = False
    """Runs in any mode and is never replayed: `reset_sandbox`."""

    @property
    def transform(self) -> bool:
        return self.kind is Kind.TRANSFORM


T, Q, L = Kind.TRANSFORM, Kind.QUERY, Kind.LISTING
R, O = Party.REGISTRAR, Party.OPERATOR

TABLE: tuple[Row, ...] = (
    # fmt: off
    Row("create_domain", CreateDomain, T, R, Registration, "domains:create", "POST", "/domains", 201, "domain:create"),
    Row("settle_domain", SettleDomain, T, Party.TIME, Settled),
    # fmt: on
)

BY_TYPE: dict[type[Any], Row] = {row.command: row for row in TABLE}
BY_NAME: dict[str, Row] = {row.name: row for row in TABLE}
