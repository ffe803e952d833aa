"""Save: everything a batch decided, one set-based statement a table, in the order that keeps every constraint true.

Updates go before inserts, so that a name that was released and registered again in one batch never has two live rows.
Nothing here decides anything; a constraint that refuses is mapped to an error in `constraints.py`.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeAlias, TypeVar

from namestead.objects.account import Account, Posting
from namestead.objects.contact import Contact, Erasure
from namestead.objects.domain import Domain
from namestead.objects.epp_access import ClientCertificate, EppAccess
from namestead.objects.host import Host
from namestead.objects.log import Event
from namestead.objects.message import Message
from namestead.objects.registrar import ApiKey, Listing, Registrar
from namestead.objects.retained import Retained
from namestead.objects.zone import Zone
from namestead.store import rows
from namestead.store.load import Connection

Record = tuple[Any, ...]
T = TypeVar("T")
K = TypeVar("K")


@dataclass(slots=True)
class Work:
    """What a batch leaves behind. `new` are ids of objects that are not in the register yet."""

    now: datetime
    domains: dict[int, tuple[Domain, datetime | None]] = field(default_factory=dict)
    hosts: dict[int, Host] = field(default_factory=dict)
    contacts: dict[int, Contact] = field(default_factory=dict)
    retained: dict[int, Retained] = field(default_factory=dict)
    accounts: dict[int, Account] = field(default_factory=dict)
    registrars: dict[int, Registrar] = field(default_factory=dict)
    zones: dict[int, Zone] = field(default_factory=dict)
    listings: dict[tuple[int, int], Listing] = field(default_factory=dict)
    keys: dict[str, ApiKey] = field(default_factory=dict)
    epp_access: dict[int, EppAccess] = field(default_factory=dict)
    certificates: dict[int, ClientCertificate] = field(default_factory=dict)
    new: set[int] = field(default_factory=set)
    new_listings: set[tuple[int, int]] = field(default_factory=set)
    new_keys: set[str] = field(default_factory=set)
    new_epp_access: set[int] = field(default_factory=set)
    relinked: dict[int, Domain] = field(default_factory=dict)
    log: list[Record] = field(default_factory=list)
    versions: list[Record] = field(default_factory=list)
    postings: list[Record] = field(default_factory=list)
    events: list[Record] = field(default_factory=list)
    idempotency: list[Record] = field(default_factory=list)
    messages: list[Record] = field(default_factory=list)
    acked: set[int] = field(default_factory=set)
    erasures: list[Erasure] = field(default_factory=list)
    clock: timedelta = timedelta(0)
    reference: bool = False

    @property
    def empty(self) -> bool:
        return not self.log

    def post(self, log_id: int, postings: Sequence[Posting]) -> None:
        for n, p in enumerate(postings):
            self.postings.append(
                (
                    log_id,
                    n,
                    self.now,
                    p.debit,
                    p.debit_book,
                    p.credit,
                    p.credit_book,
                    p.amount,
                    p.currency,
                    p.reason,
                    p.subject,
                )
            )

    def publish(self, log_id: int, events: Sequence[Event]) -> None:
        for n, e in enumerate(events):
            self.events.append((log_id, n, self.now, e.kind, e.zone_id, e.name))

    def tell(self, log_id: int, messages: Sequence[Message]) -> None:
        for m in messages:
            self.messages.append(
                (m.registrar_id, self.now, log_id, m.kind, m.object, m.text, rows.to_json(m.data).decode())
            )


LOG = {
    "id": "bigint",
    "occurred_at": "timestamptz",
    "surface": "text",
    "command": "text",
    "registrar_id": "bigint",
    "counterpart_id": "bigint",
    "actor": "text",
    "domain": "text",
    "status": "text",
    "apply": "text",
    "error": "text",
    "idempotency_key": "text",
    "client_transaction_id": "text",
    "request_id": "text",
    "request": "text",
    "result": "text",
}
"""Columns of `command_log` that a batch fills, with their types. The tables below likewise."""

VERSION = {
    "object_id": "bigint",
    "version": "integer",
    "kind": "text",
    "log_id": "bigint",
    "occurred_at": "timestamptz",
    "body": "text",
}
POSTING = {
    "log_id": "bigint",
    "n": "smallint",
    "occurred_at": "timestamptz",
    "debit": "bigint",
    "debit_book": "text",
    "credit": "bigint",
    "credit_book": "text",
    "amount": "bigint",
    "currency": "text",
    "reason": "text",
    "subject": "text",
}
OUTBOX = {
    "log_id": "bigint",
    "n": "smallint",
    "queued_at": "timestamptz",
    "kind": "text",
    "zone_id": "bigint",
    "name": "text",
}
IDEMPOTENCY_KEY = {
    "principal": "bigint",
    "key": "text",
    "epoch": "integer",
    "log_id": "bigint",
    "occurred_at": "timestamptz",
    "request_hash": "bytea",
}
POLL_MESSAGE = {
    "registrar_id": "bigint",
    "queued_at": "timestamptz",
    "log_id": "bigint",
    "kind": "text",
    "object": "text",
    "text": "text",
    "data": "text",
}
DELEGATION = {"domain_id": "bigint", "host_id": "bigint", "position": "smallint"}
DOMAIN_CONTACT = {"domain_id": "bigint", "type": "text", "contact_id": "bigint"}

FEW_ROWS = 100
"""Up to this many rows a batch is saved by one statement: the trips it saves cost more than COPY saves on them."""

UNLINK_HOSTS = "DELETE FROM delegation WHERE domain_id = ANY($1::bigint[])"
UNLINK_CONTACTS = "DELETE FROM domain_contact WHERE domain_id = ANY($1::bigint[])"
ACKNOWLEDGE = "UPDATE poll_message SET acked_at = $2 WHERE id = ANY($1::bigint[])"
COUNT_REFERENCE_CHANGE = "UPDATE registry SET reference = reference + 1"
MOVE_CLOCK = "UPDATE registry SET clock_offset = clock_offset + $1"

# Erasure: personal data stands in a contact's row, in its versions, and, as the registrant of a name, in the answers the
# log keeps for replays. A rehearsal's answer shows a registrant who never came to be, under a handle of its own: those
# of the same names go too.
ERASE_CONTACTS = """
UPDATE contact SET detail = '{}', auth_hash = NULL, erased_at = coalesce(erased_at, $2) WHERE id = ANY($1::bigint[])
"""
ERASE_VERSIONS = """
UPDATE version
   SET body = (body::jsonb || '{"postal": {}, "ascii": null, "email": "", "phone": "", "fax": "", "disclose": [],
                                "withhold": [], "phone_ext": "", "fax_ext": "", "auth_hash": null}')::text
 WHERE object_id = ANY($1::bigint[]) AND kind = 'contact'
"""
ERASE_ANSWERS = """
UPDATE command_log
   SET result = jsonb_set(result::jsonb, $4::text[], jsonb_build_object('id', $3::text))::text
 WHERE domain IN (SELECT unnest($1::text[]) UNION SELECT name FROM domain WHERE registrant_id = ANY($2::bigint[]))
   AND result IS NOT NULL
   AND (result::jsonb #>> ($4::text[] || 'id'::text) = $3
        OR (status = 'sandbox' AND result::jsonb #> $4::text[] IS NOT NULL))
"""
SHOWN_AT = (("result", "registrant"), ("result", "registration", "registrant"), ("result", "full", "registrant"))
"""Where an answer shows a registrant: a registration's own, a deletion's, a transfer's."""


OBJECTS: Mapping[str, rows.Table[Any]] = {
    t.name: t
    for t in (
        rows.ACCOUNT,
        rows.REGISTRAR,
        rows.ZONE,
        rows.LISTING,
        rows.KEY,
        rows.EPP_ACCESS,
        rows.CERTIFICATE,
        rows.CONTACT,
        rows.DOMAIN,
        rows.HOST,
        rows.RETAINED,
    )
}
TYPES: Mapping[str, Mapping[str, str]] = {
    **{t.name: t.types for t in OBJECTS.values()},
    "delegation": DELEGATION,
    "domain_contact": DOMAIN_CONTACT,
    "command_log": LOG,
    "version": VERSION,
    "posting": POSTING,
    "outbox": OUTBOX,
    "poll_message": POLL_MESSAGE,
    "idempotency_key": IDEMPOTENCY_KEY,
}
"""Every table a batch writes: its columns with their types."""

Rows: TypeAlias = dict[str, list[Record]]
"""Rows by table, in the order they are written in."""


async def save(connection: Connection, work: Work) -> None:
    """Write a batch's work, updates first. The caller commits."""
    updates, inserts = _objects(work)
    inserts |= _appended(work)
    again = [i for i in work.relinked if i not in work.new]
    few = sum(map(len, updates.values())) + sum(map(len, inserts.values())) <= FEW_ROWS
    if few and not again and updates.keys().isdisjoint(inserts):
        if updates or inserts:
            await _at_once(connection, updates, inserts)
    else:
        for table, records in updates.items():
            await connection.execute(update_statement(table), *_changed_columns(table, records))
        if again:
            await connection.execute(UNLINK_HOSTS, again)
            await connection.execute(UNLINK_CONTACTS, again)
        for table, records in inserts.items():
            await connection.copy_records_to_table(table, records=records, columns=tuple(TYPES[table]))
    if work.acked:
        await connection.execute(ACKNOWLEDGE, list(work.acked), work.now)
    for erasure in work.erasures:
        await connection.execute(ERASE_CONTACTS, erasure.ids, work.now)
        await connection.execute(ERASE_VERSIONS, erasure.ids)
        for path in SHOWN_AT:
            await connection.execute(ERASE_ANSWERS, erasure.domains, erasure.ids, erasure.handle, path)
    if work.clock:
        await connection.execute(MOVE_CLOCK, work.clock)
    if work.reference:
        await connection.execute(COUNT_REFERENCE_CHANGE)


async def _at_once(connection: Connection, updates: Rows, inserts: Rows) -> None:
    """A few rows, in one statement. No table is both updated and inserted into: inside one statement nothing says which
    of the two comes first."""
    arrays = [c for table, records in updates.items() for c in _changed_columns(table, records)]
    arrays += [c for table, records in inserts.items() for c in _columns(TYPES[table], records)]
    await connection.execute(_together(tuple(updates), tuple(inserts)), *arrays)


@cache
def _together(updated: tuple[str, ...], inserted: tuple[str, ...]) -> str:
    """All updates and inserts of a batch as one statement. Constraints between tables are looked at when it ends."""
    parts, first = [], 1
    for table in updated:
        parts.append(update_statement(table, first))
        first += len(OBJECTS[table].changing)
    for table in inserted:
        parts.append(insert_statement(table, first))
        first += len(TYPES[table])
    *before, last = parts
    named = ", ".join(f"part_{n} AS ({part})" for n, part in enumerate(before))
    return f"WITH {named} {last}" if named else last


@cache
def update_statement(table: str, first: int = 1) -> str:
    """`UPDATE ... FROM unnest(...)` over every column that may change; its arrays are the parameters from `first` on."""
    of = OBJECTS[table]
    types = {c: k for n, (c, k) in enumerate(of.types.items()) if n in of.changing}
    sets = ", ".join(f"{c} = {_value(c, k)}" for c, k in types.items() if c not in of.key)
    where = " AND ".join(f"t.{c} = u.{c}" for c in of.key)
    return f"UPDATE {table} t SET {sets} FROM {_unnest(types, first)} WHERE {where}"


@cache
def insert_statement(table: str, first: int = 1) -> str:
    """`INSERT ... SELECT FROM unnest(...)`; its arrays are the parameters from `first` on."""
    types = TYPES[table]
    values = ", ".join(_value(c, k) for c, k in types.items())
    return f"INSERT INTO {table} ({', '.join(types)}) SELECT {values} FROM {_unnest(types, first)}"


def _unnest(types: Mapping[str, str], first: int) -> str:
    arrays = (f"${n}::{'text' if _travels_as_text(k) else k}[]" for n, k in enumerate(types.values(), first))
    return f"unnest({', '.join(arrays)}) AS u({', '.join(types)})"


def _value(column: str, kind: str) -> str:
    return f"u.{column}::{kind}" if _travels_as_text(kind) else f"u.{column}"


def _travels_as_text(kind: str) -> bool:
    """Array columns travel as texts in PostgreSQL's array syntax, since `unnest` flattens an array of arrays."""
    return kind.endswith("[]") or kind == "jsonb"


def _columns(types: Mapping[str, str], records: Sequence[Record]) -> list[Sequence[Any]]:
    columns = zip(*records, strict=True)
    return [
        [_array_text(v) for v in c] if k.endswith("[]") else c for c, k in zip(columns, types.values(), strict=True)
    ]


def _changed_columns(table: str, records: Sequence[Record]) -> list[Sequence[Any]]:
    of = OBJECTS[table]
    columns = _columns(of.types, records)
    return [columns[n] for n in of.changing]


def _objects(work: Work) -> tuple[Rows, Rows]:
    """The rows of objects that change, and of those that are new."""
    updates: Rows = {}
    inserts: Rows = {}

    def sort_out(table: rows.Table[T], objects: Mapping[K, T], new: Container[K]) -> None:
        for key, thing in objects.items():
            (inserts if key in new else updates).setdefault(table.name, []).append(table.row(thing))

    sort_out(rows.ACCOUNT, work.accounts, work.new)
    sort_out(rows.REGISTRAR, work.registrars, work.new)
    sort_out(rows.ZONE, work.zones, work.new)
    sort_out(rows.LISTING, work.listings, work.new_listings)
    sort_out(rows.KEY, work.keys, work.new_keys)
    sort_out(rows.EPP_ACCESS, work.epp_access, work.new_epp_access)
    sort_out(rows.CERTIFICATE, work.certificates, work.new)
    sort_out(rows.CONTACT, work.contacts, work.new)
    sort_out(rows.DOMAIN, work.domains, work.new)
    sort_out(rows.HOST, work.hosts, work.new)
    sort_out(rows.RETAINED, work.retained, work.new)
    return updates, inserts


def _appended(work: Work) -> Rows:
    """Rows of the tables that only grow, and the links of domains that are new or whose links changed."""
    linked = work.relinked.values()
    appended: Rows = {
        "delegation": [(d.id, h, n) for d in linked for n, h in enumerate(d.hosts)],
        "domain_contact": [(d.id, t, c) for d in linked for t, c in d.contacts],
        "command_log": work.log,
        "version": work.versions,
        "posting": work.postings,
        "outbox": work.events,
        "poll_message": work.messages,
        "idempotency_key": work.idempotency,
    }
    return {table: records for table, records in appended.items() if records}


def _array_text(values: Iterable[str]) -> str:
    """A text array in PostgreSQL's own syntax (PostgreSQL documentation, 8.15.2)."""
    quoted = ('"' + v.replace("\\", "\\\\").replace('"', '\\"') + '"' for v in values)
    return "{" + ",".join(quoted) + "}"
