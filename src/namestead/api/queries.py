"""Query parameters of the listings: what may stand in the URL, read with every fault named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import parse_qsl

import msgspec
from msgspec import Meta, Struct

from namestead import errors
from namestead.api import faults
from namestead.api.texts import PLAIN, VISIBLE, WORD
from namestead.commands import listings
from namestead.commands.listings import MOST_ROWS, START, USUAL_ROWS, Sort
from namestead.errors import Fault, Refusal
from namestead.objects.domain import ApplyState, Phase
from namestead.objects.log import LogStatus
from namestead.objects.names import Name
from namestead.objects.spans import parse_instant
from namestead.rules import lifecycle, names

_MOST_PARAMETERS = 32

Limit = Annotated[int, Meta(ge=1, le=MOST_ROWS, description="Rows a page.")]
Cursor = Annotated[str, Meta(min_length=1, max_length=400, description="`next_cursor` of the page before.")]
FromStart = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=400,
        description=f"`next_cursor` of the page before, or `{START}` for the oldest row that is kept. Without it the newest "
        "rows are given, oldest first.",
    ),
]
Instant = Annotated[
    str,
    Meta(max_length=40, extra={"read": faults.INSTANT}, description="RFC 3339.", examples=["2026-11-24T03:43:00Z"]),
]
NameText = Annotated[str, Meta(max_length=1024, extra={"read": faults.NAME}, examples=["alice.example"])]
Word = Annotated[str, Meta(min_length=1, max_length=64, pattern=WORD)]


class Query(Struct, forbid_unknown_fields=True, kw_only=True):
    """Parameters of a listing. Each may stand once."""

    def command(self) -> Any:
        raise NotImplementedError


def _moment(text: str | None) -> datetime | None:
    return parse_instant(text) if text is not None else None


def _name(text: str | None, field: str = "domain") -> Name | None:
    return names.parse(text, field=field) if text is not None else None


class DomainsQuery(Query, kw_only=True):
    q: (
        Annotated[
            str,
            Meta(min_length=1, max_length=255, pattern=PLAIN, description="A part of the name.", examples=["alice"]),
        ]
        | None
    ) = None
    tld: Annotated[str, Meta(max_length=255, extra={"read": faults.NAME}, examples=["example"])] | None = None
    status: Annotated[str, Meta(extra={"read": "status"}, max_length=64, examples=["ok"])] | None = None
    lifecycle_state: Phase | None = None
    expires_before: Instant | None = None
    sort: Sort = Sort.NAME
    limit: Limit = USUAL_ROWS
    cursor: Cursor | None = None

    def command(self) -> listings.ListDomains:
        if self.status is not None:
            _known_status(self.status, "status")
        return listings.ListDomains(
            _part_of_name(self.q, "q") if self.q is not None else None,
            _name(self.tld, "tld"),
            self.status,
            self.lifecycle_state.value if self.lifecycle_state is not None else None,
            _moment(self.expires_before),
            self.sort,
            self.limit,
            self.cursor,
        )

    @staticmethod
    def across(raw: dict[str, Any], at: str) -> Iterator[Fault]:
        if isinstance(raw.get("q"), str):
            try:
                _part_of_name(raw["q"], "q")
            except Refusal as refusal:
                yield from refusal.details


STATUSES = frozenset(
    {"ok", "inactive", "pendingDelete", "pendingTransfer", *lifecycle.CLIENT_STATUSES, *lifecycle.SERVER_STATUSES}
)


def _known_status(text: str, field: str) -> None:
    if text not in STATUSES:
        raise ValueError(f"there is no status like that; there are {', '.join(sorted(STATUSES))}")


faults.READERS["status"] = _known_status


def _part_of_name(text: str, field: str) -> str:
    """A part of a name as the register spells names: ASCII letters in lower case; beyond ASCII a whole label."""
    if text.isascii():
        return text.lower()
    return names.parse(text, field=field)


class BalanceQuery(Query, kw_only=True):
    since: Instant | None = None
    limit: Limit = USUAL_ROWS
    cursor: FromStart | None = None

    def command(self) -> listings.Balance:
        return listings.Balance(_moment(self.since), self.limit, self.cursor)


class PollQuery(Query, kw_only=True):
    idempotency_key: Annotated[str, Meta(min_length=1, max_length=255, pattern=VISIBLE)] | None = None
    command_: Word | None = msgspec.field(default=None, name="command")
    status: LogStatus | None = None
    apply: ApplyState | None = None
    domain: NameText | None = None
    since: Instant | None = None
    limit: Limit = USUAL_ROWS
    cursor: FromStart | None = None

    def command(self) -> listings.Poll:
        return listings.Poll(
            self.idempotency_key,
            self.command_,
            self.status.value if self.status is not None else None,
            self.apply.value if self.apply is not None else None,
            _name(self.domain),
            _moment(self.since),
            self.limit,
            self.cursor,
        )


class PendingQuery(Query, kw_only=True):
    command_: Word | None = msgspec.field(default=None, name="command")
    domain: NameText | None = None
    limit: Limit = USUAL_ROWS
    cursor: Cursor | None = None

    def command(self) -> listings.ListPending:
        return listings.ListPending(self.command_, _name(self.domain), self.limit, self.cursor)


class MessagesQuery(Query, kw_only=True):
    limit: Limit = USUAL_ROWS

    def command(self) -> listings.ReadMessage:
        return listings.ReadMessage(self.limit)


class StatusQuery(Query, kw_only=True):
    def command(self) -> listings.Status:
        return listings.Status()


def read(kind: type[Query], query: bytes) -> Any:
    """The listing a query string asks for; `invalid_request` with every fault otherwise."""
    try:
        pairs = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(query),
            errors="strict",
            max_num_fields=_MOST_PARAMETERS,
        )
    except ValueError:
        fault = Fault(
            "query", "invalid_value", "The query string is not well formed: use name=value, joined by '&', in UTF-8."
        )
        raise Refusal(errors.INVALID_REQUEST, "query", message=fault.message, details=(fault,)) from None
    raw: dict[str, Any] = dict(pairs)
    found = []
    if len(raw) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                found.append(Fault(name[:64], "repeated", f"{name[:64]} is sent more than once. Send it once."))
            seen.add(name)
    else:
        try:
            command: Any = msgspec.convert(raw, kind, strict=False).command()
        except (msgspec.ValidationError, Refusal, ValueError):
            pass
        else:
            return command
    if raw.get("limit", "").lstrip("-").isdecimal():
        raw["limit"] = int(raw["limit"][:12])
    found.extend(faults.of(kind, raw))
    raise refusal_of(found)


def refusal_of(found: list[Fault]) -> Refusal:
    """One refusal for all faults of a request."""
    assert found, "a request was refused without a fault"
    message = found[0].message if len(found) == 1 else f"The request has {len(found)} faults; details names them all."
    return Refusal(errors.INVALID_REQUEST, message=message, details=found)
