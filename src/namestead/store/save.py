"""Save: everything a batch decided, one set-based statement a table, in the order that keeps every constraint true.

Updates go before inserts, so that a name that was released and registered again in one batch never has two live rows.
Nothing here decides anything; a constraint that refuses is mapped to an error in `constraints.py`.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from namestead.objects.account import Account, Posting
from namestead.objects.contact import Contact, Erasure
from namestead.objects.domain import Domain
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
    new: set[int] = field(default_factory=set)
    new_listings: set[tuple[int, int]] = field(default_factory=set)
    new_keys: set[str] = field(default_factory=set)
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


LOG_COLUMNS = (
    "id",
    "occurred_at",
    "surface",
    "command",
    "registrar_id",
    "counterpart_id",
    "actor",
    "domain",
    "status",
    "apply",
    "error",
    "idempotency_key",
    "client_transaction_id",
    "request_id",
    "request",
    "result",
)
VERSION_COLUMNS = ("object_id", "version", "kind", "log_id", "occurred_at", "body")
POSTING_COLUMNS = (
    "log_id",
    "n",
    "occurred_at",
    "debit",
    "debit_book",
    "credit",
    "credit_book",
    "amount",
    "currency",
    "reason",
    "subject",
)
OUTBOX_COLUMNS = ("log_id", "n", "queued_at", "kind", "zone_id", "name")
IDEMPOTENCY_COLUMNS = ("principal", "key", "epoch", "log_id", "occurred_at", "request_hash")
MESSAGE_COLUMNS = ("registrar_id", "queued_at", "log_id", "kind", "object", "text", "data")
DELEGATION_COLUMNS = ("domain_id", "host_id", "position")
CONTACT_LINK_COLUMNS = ("domain_id", "type", "contact_id")

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


@cache
def update_statement(table: rows.Table[Any]) -> str:
    """`UPDATE ... FROM unnest(...)` over every column that may change.

    Array columns travel as texts in PostgreSQL's array syntax, since `unnest` flattens an array of arrays.
    """
    names = [table.columns[n] for n in table.changing]
    kinds = [table.types[c] for c in names]
    arrays = ", ".join(f"${n}::{'text' if _travels_as_text(k) else k}[]" for n, k in enumerate(kinds, 1))
    sets = ", ".join(
        f"{c} = u.{c}::{k}" if _travels_as_text(k) else f"{c} = u.{c}"
        for c, k in zip(names, kinds, strict=True)
        if c not in table.key
    )
    where = " AND ".join(f"t.{c} = u.{c}" for c in table.key)
    return f"UPDATE {table.name} t SET {sets} FROM unnest({arrays}) AS u({', '.join(names)}) WHERE {where}"


def _travels_as_text(kind: str) -> bool:
    return kind.endswith("[]") or kind == "jsonb"


async def save(connection: Connection, work: Work) -> None:
    """Write a batch's work, updates first. The caller commits."""
    new = work.new
    await _objects(connection, rows.ACCOUNT, work.accounts, new)
    await _objects(connection, rows.REGISTRAR, work.registrars, new)
    await _objects(connection, rows.ZONE, work.zones, new)
    await _objects(connection, rows.LISTING, work.listings, work.new_listings)
    await _objects(connection, rows.KEY, work.keys, work.new_keys)
    await _objects(connection, rows.CONTACT, work.contacts, new)
    await _objects(connection, rows.DOMAIN, work.domains, new)
    await _objects(connection, rows.HOST, work.hosts, new)
    await _objects(connection, rows.RETAINED, work.retained, new)
    await _links(connection, work)
    await _append(connection, "command_log", LOG_COLUMNS, work.log)
    await _append(connection, "version", VERSION_COLUMNS, work.versions)
    await _append(connection, "posting", POSTING_COLUMNS, work.postings)
    await _append(connection, "outbox", OUTBOX_COLUMNS, work.events)
    await _append(connection, "poll_message", MESSAGE_COLUMNS, work.messages)
    if work.acked:
        await connection.execute(ACKNOWLEDGE, list(work.acked), work.now)
    await _append(connection, "idempotency_key", IDEMPOTENCY_COLUMNS, work.idempotency)
    for erasure in work.erasures:
        await connection.execute(ERASE_CONTACTS, erasure.ids, work.now)
        await connection.execute(ERASE_VERSIONS, erasure.ids)
        for path in SHOWN_AT:
            await connection.execute(ERASE_ANSWERS, erasure.domains, erasure.ids, erasure.handle, path)
    if work.clock:
        await connection.execute(MOVE_CLOCK, work.clock)
    if work.reference:
        await connection.execute(COUNT_REFERENCE_CHANGE)


async def _objects(connection: Connection, table: rows.Table[T], objects: Mapping[K, T], new: Container[K]) -> None:
    if not objects:
        return
    changed = [table.row(o) for k, o in objects.items() if k not in new]
    if changed:
        columns = list(zip(*changed, strict=True))
        kinds = tuple(table.types.values())
        await connection.execute(
            update_statement(table),
            *([_array_text(v) for v in columns[n]] if kinds[n].endswith("[]") else columns[n] for n in table.changing),
        )
    await _append(connection, table.name, table.columns, [table.row(o) for k, o in objects.items() if k in new])


async def _links(connection: Connection, work: Work) -> None:
    """Delegations and contacts of domains that are new or whose links changed: the old ones out, all of the new in."""
    again = [i for i in work.relinked if i not in work.new]
    if again:
        await connection.execute(UNLINK_HOSTS, again)
        await connection.execute(UNLINK_CONTACTS, again)
    domains = work.relinked.values()
    await _append(
        connection, "delegation", DELEGATION_COLUMNS, [(d.id, h, n) for d in domains for n, h in enumerate(d.hosts)]
    )
    await _append(
        connection, "domain_contact", CONTACT_LINK_COLUMNS, [(d.id, t, c) for d in domains for t, c in d.contacts]
    )


async def _append(connection: Connection, table: str, columns: Sequence[str], records: Sequence[Record]) -> None:
    """New rows by binary COPY: the cheapest set-based insert there is (`docs/decisions/0002-copy.md`)."""
    if records:
        await connection.copy_records_to_table(table, records=records, columns=columns)


def _array_text(values: Iterable[str]) -> str:
    """A text array in PostgreSQL's own syntax (PostgreSQL documentation, 8.15.2)."""
    quoted = ('"' + v.replace("\\", "\\\\").replace('"', '\\"') + '"' for v in values)
    return "{" + ",".join(quoted) + "}"
