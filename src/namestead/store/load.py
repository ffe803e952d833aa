"""Load: everything a batch asks about, in a few set-based queries, its rows locked in one fixed order.

First transaction advisory locks, sorted, on every name and key the batch may bring into being or relies on being absent;
then rows `FOR NO KEY UPDATE`, accounts, domains, hosts, contacts, each by id; then the instant; then the facts, at READ
COMMITTED. Two processes that follow this order neither deadlock nor collide. `docs/engine.md` has the argument.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from namestead.objects.facts import Facts, Reference
from namestead.objects.message import MOST_COUNTED
from namestead.objects.names import Name
from namestead.store import rows

Connection: TypeAlias = "asyncpg.Connection[Any] | PoolConnectionProxy[Any]"

REFERENCE_LOCK = 1
"""Advisory key of the reference data: shared by every batch, held alone by one that changes a zone or a registrar."""

MOST_LINKS = 100
"""How many of the domains that use a host or contact are read. One more stands for "and others": id 0."""


class ReferenceChanged(Exception):
    """Zones, registrars or listings are no longer those this batch was prepared with: read them and begin again."""


class RelationsMoved(Exception):
    """What a relation led to changed between looking and locking: begin again with what is there now."""


@dataclass(slots=True)
class Wanted:
    """The needs of a whole batch, merged. Sets become sorted arrays, so that the locks have one order."""

    domains: set[Name] = field(default_factory=set)
    retained: set[Name] = field(default_factory=set)
    hosts: set[Name] = field(default_factory=set)
    contacts: set[str] = field(default_factory=set)
    accounts: set[int] = field(default_factory=set)
    subordinates: set[Name] = field(default_factory=set)
    linked_hosts: set[Name] = field(default_factory=set)
    linked_contacts: set[str] = field(default_factory=set)
    failed_auth: set[Name] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    account_slugs: set[str] = field(default_factory=set)
    messages: set[int] = field(default_factory=set)
    waiting: set[int] = field(default_factory=set)
    idempotency: set[tuple[int, str]] = field(default_factory=set)
    reference: bool = False

    def lock_keys(self) -> list[int]:
        keys = {_lock_key("name", n) for n in self.domains}
        keys.update(_lock_key("name", n) for n in self.retained)
        keys.update(_lock_key("host", n) for n in self.hosts)
        keys.update(_lock_key("contact", h) for h in self.contacts)
        keys.update(_lock_key(p, k) for p, k in self.idempotency)
        keys.update(_lock_key("key", k) for k in self.keys)
        keys.update(_lock_key("account", s) for s in self.account_slugs)
        return sorted(keys)


@dataclass(frozen=True, slots=True)
class Stored:
    """An idempotency key that was used before: for what, and what was answered."""

    epoch: int
    request_hash: bytes
    log_id: int
    status: str
    command: str
    apply: str
    result: str | None


@dataclass(slots=True)
class Loaded:
    facts: Facts
    stored: dict[tuple[int, str], list[Stored]]
    xid: int | None


def _lock_key(kind: str | int, name: str) -> int:
    """A 64-bit advisory key. Two names that meet in one key only wait for each other."""
    digest = hashlib.blake2b(f"{kind}:{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


LOCK_NAMES = "SELECT pg_advisory_xact_lock(k) FROM unnest($1::bigint[]) AS k"
LOCK_REFERENCE_SHARED = "SELECT pg_advisory_xact_lock_shared($1)"
LOCK_REFERENCE = "SELECT pg_advisory_xact_lock($1)"

# The registry's clock, and the count of reference changes, read under the reference lock.
REFERENCE_VERSION = "SELECT reference FROM registry"
NOW = "SELECT clock_timestamp() + clock_offset AS now, pg_current_xact_id()::text AS xid FROM registry"
NOW_READING = "SELECT clock_timestamp() + clock_offset AS now, NULL AS xid, reference FROM registry"

# Which registrations a batch is about, before any of them is locked. What falls due while the batch waits for its locks
# (never as long as a minute) has to be settled by it too.
FIND_DOMAINS = """
SELECT d.id, d.name, d.registrar_id, d.gaining_id,
       d.next_due <= clock_timestamp() + r.clock_offset + interval '1 minute' AS due
  FROM domain d, registry r
 WHERE d.name = ANY($1::text[]) AND d.ended_at IS NULL
"""
FIND_HOSTS = "SELECT id, name FROM host WHERE name = ANY($1::text[]) AND deleted_at IS NULL"
FIND_SUBORDINATES = "SELECT id, parent_id FROM host WHERE parent_id = ANY($1::bigint[]) AND deleted_at IS NULL"
FIND_CONTACTS = "SELECT id, handle FROM contact WHERE handle = ANY($1::text[]) AND deleted_at IS NULL"
FIND_ACCOUNTS = "SELECT id FROM account WHERE slug = ANY($1::text[])"

ACCOUNTS = "SELECT * FROM account WHERE id = ANY($1::bigint[]) ORDER BY id"
DOMAINS = "SELECT * FROM domain WHERE id = ANY($1::bigint[]) ORDER BY id"
HOSTS = "SELECT * FROM host WHERE id = ANY($1::bigint[]) ORDER BY id"
CONTACTS = "SELECT * FROM contact WHERE id = ANY($1::bigint[]) ORDER BY id"
FOR_CHANGE = " FOR NO KEY UPDATE"

# The hosts a domain is delegated to, in the order given, and the contacts it names.
DELEGATIONS = """
SELECT l.domain_id, h.*
  FROM delegation l JOIN host h ON h.id = l.host_id
 WHERE l.domain_id = ANY($1::bigint[])
 ORDER BY l.domain_id, l.position
"""
DOMAIN_CONTACTS = """
SELECT l.domain_id, l.type, c.*
  FROM domain_contact l JOIN contact c ON c.id = l.contact_id
 WHERE l.domain_id = ANY($1::bigint[])
 ORDER BY l.domain_id, l.type, l.contact_id
"""
RETAINED = "SELECT * FROM retained WHERE name = ANY($1::text[]) AND removed_at IS NULL AND used_at IS NULL"

# Some of the domains that use each of these hosts or contacts; a bounded look, for hosts that half a TLD uses.
LINKS_TO_HOSTS = """
SELECT q.id, l.domain_id
  FROM unnest($1::bigint[]) AS q(id)
 CROSS JOIN LATERAL (SELECT domain_id FROM delegation WHERE host_id = q.id LIMIT $2) AS l
"""
LINKS_TO_CONTACTS = """
SELECT q.id, l.domain_id
  FROM unnest($1::bigint[]) AS q(id)
 CROSS JOIN LATERAL (
    (SELECT domain_id FROM domain_contact WHERE contact_id = q.id LIMIT $2)
    UNION
    (SELECT id FROM domain WHERE registrant_id = q.id LIMIT $2)
 ) AS l
"""

# Who they are: shown to their sponsors, and what tells whether anybody else is concerned.
USERS = "SELECT id, name, registrar_id FROM domain WHERE id = ANY($1::bigint[])"

# Poll messages that are to be acknowledged, and how many wait for these registrars (no more are counted than $2).
MESSAGES = "SELECT id, registrar_id, log_id, acked_at FROM poll_message WHERE id = ANY($1::bigint[]) ORDER BY id"
WAITING = """
SELECT q.id, count(w.id) AS waiting
  FROM unnest($1::bigint[]) AS q(id)
  LEFT JOIN LATERAL (
    SELECT m.id FROM poll_message m WHERE m.registrar_id = q.id AND m.acked_at IS NULL LIMIT $2
  ) AS w ON true
 GROUP BY q.id
"""

# Wrong authorisation information given for a name in the last hour (rules.auth_info.WINDOW).
FAILED_AUTH = """
SELECT domain, count(*) AS failures
  FROM command_log
 WHERE domain = ANY($1::text[]) AND error = 'auth_info_invalid' AND occurred_at > $2::timestamptz - interval '1 hour'
 GROUP BY domain
"""
KEYS = "SELECT * FROM api_key WHERE id = ANY($1::text[])"
STORED = """
SELECT k.principal, k.key, k.epoch, k.request_hash, k.log_id, l.status, l.command, l.apply, l.result
  FROM unnest($1::bigint[], $2::text[]) AS q(principal, key)
  JOIN idempotency_key k ON k.principal = q.principal AND k.key = q.key
  JOIN command_log l ON l.id = k.log_id AND l.occurred_at = k.occurred_at
"""

ZONES = "SELECT * FROM zone"
REGISTRARS = "SELECT * FROM registrar"
LISTINGS = "SELECT * FROM listing"


async def reference(connection: Connection) -> Reference:
    """Zones, registrars and listings as of now. The version is read first: a change in between is seen next time."""
    version = await connection.fetchval(REFERENCE_VERSION)
    found = Reference(version)
    for row in await connection.fetch(REGISTRARS):
        found.put_registrar(rows.registrar_of(row))
    for row in await connection.fetch(ZONES):
        found.put_zone(rows.zone_of(row))
    for row in await connection.fetch(LISTINGS):
        found.put_listing(rows.listing_of(row))
    return found


async def load(connection: Connection, wanted: Wanted, known: Reference, *, lock: bool) -> Loaded:
    """The facts a batch asked about. With `lock`, inside a transaction, its rows and absences are the batch's own
    until it ends; without, a consistent read for look-ups.

    Raises `ReferenceChanged` when `known` is out of date and `RelationsMoved` when the relations would not stand
    still; both times nothing has been changed and the caller begins again.
    """
    await _lock_names(connection, wanted, known, lock)
    found = await connection.fetch(FIND_DOMAINS, list(wanted.domains)) if wanted.domains else []
    domain_ids = sorted(r["id"] for r in found)
    accounts = wanted.accounts | _accounts_of(found, known)
    if wanted.account_slugs:
        accounts |= {r["id"] for r in await connection.fetch(FIND_ACCOUNTS, list(wanted.account_slugs))}
    parents = {r["id"]: Name(r["name"]) for r in found if r["due"] or r["name"] in wanted.subordinates}
    under = await _subordinates(connection, parents)
    host_ids = {r["id"] for r in await connection.fetch(FIND_HOSTS, list(wanted.hosts))} if wanted.hosts else set()
    host_ids.update(*under.values())
    contact_rows = await connection.fetch(FIND_CONTACTS, list(wanted.contacts)) if wanted.contacts else []

    mode = FOR_CHANGE if lock else ""
    account_rows = await connection.fetch(ACCOUNTS + mode, sorted(accounts)) if accounts else []
    domain_rows = await connection.fetch(DOMAINS + mode, domain_ids) if domain_ids else []
    host_rows = await connection.fetch(HOSTS + mode, sorted(host_ids)) if host_ids else []
    contact_ids = sorted(r["id"] for r in contact_rows)
    contact_rows = await connection.fetch(CONTACTS + mode, contact_ids) if contact_ids else []
    message_rows = await connection.fetch(MESSAGES + mode, sorted(wanted.messages)) if wanted.messages else []
    if lock and parents and under != await _subordinates(connection, parents):
        raise RelationsMoved

    instant = await connection.fetchrow(NOW if lock else NOW_READING)
    assert instant is not None
    if not lock and instant["reference"] != known.version:
        raise ReferenceChanged
    facts = Facts(_not_before(instant["now"], account_rows, domain_rows, host_rows, contact_rows), known)
    for row in account_rows:
        facts.accounts[row["id"]] = rows.account_of(row)
    for row in host_rows:
        host = rows.host_of(row)
        facts.hosts_by_id[host.id] = host
    for row in contact_rows:
        contact = rows.contact_of(row)
        facts.contacts_by_id[contact.id] = contact
        facts.contacts[contact.handle] = contact
    await _domains(connection, facts, domain_rows)
    _mark_absent(facts, wanted)
    for host in tuple(facts.hosts_by_id.values()):
        if host.name in facts.hosts and host.deleted_at is None:
            facts.hosts[host.name] = host
    facts.subordinates.update({parents[i]: frozenset(ids) for i, ids in under.items()})
    for name in wanted.subordinates:
        facts.subordinates.setdefault(name, frozenset())
    await _links(connection, facts, wanted, under)
    if wanted.retained:
        for row in await connection.fetch(RETAINED, list(wanted.retained)):
            entry = rows.retained_of(row)
            facts.retained[entry.name] = (*facts.retained[entry.name], entry)
    if wanted.failed_auth:
        facts.failed_auth.update(dict.fromkeys(wanted.failed_auth, 0))
        for row in await connection.fetch(FAILED_AUTH, list(wanted.failed_auth), facts.now):
            facts.failed_auth[Name(row["domain"])] = row["failures"]
    if wanted.keys:
        facts.keys.update(dict.fromkeys(wanted.keys))
        for row in await connection.fetch(KEYS, list(wanted.keys)):
            facts.keys[row["id"]] = rows.key_of(row)
    if wanted.messages:
        facts.messages.update(dict.fromkeys(wanted.messages))
        facts.messages.update({row["id"]: rows.message_of(row) for row in message_rows})
    if wanted.waiting:
        for row in await connection.fetch(WAITING, list(wanted.waiting), MOST_COUNTED + 1):
            facts.waiting[row["id"]] = row["waiting"]
    stored = await _stored(connection, wanted.idempotency) if wanted.idempotency else {}
    return Loaded(facts, stored, int(instant["xid"]) if instant["xid"] else None)


async def _lock_names(connection: Connection, wanted: Wanted, known: Reference, lock: bool) -> None:
    if not lock:
        return
    await connection.execute(LOCK_REFERENCE if wanted.reference else LOCK_REFERENCE_SHARED, REFERENCE_LOCK)
    if await connection.fetchval(REFERENCE_VERSION) != known.version:
        raise ReferenceChanged
    if wanted.reference:
        return  # nobody else runs beside a batch that holds the reference lock alone
    keys = wanted.lock_keys()
    if keys:
        await connection.execute(LOCK_NAMES, keys)


def _accounts_of(found: Sequence[rows.Row], known: Reference) -> set[int]:
    """The accounts a registration's money may concern: its sponsor's and a gainer's."""
    registrars = {r["registrar_id"] for r in found} | {r["gaining_id"] for r in found if r["gaining_id"]}
    # Without locks the register may already know a registrar that `known` does not; the version then tells, later.
    return {known.registrars[i].account_id for i in registrars if i in known.registrars}


async def _subordinates(connection: Connection, parents: dict[int, Name]) -> dict[int, set[int]]:
    under: dict[int, set[int]] = {i: set() for i in parents}
    if parents:
        for row in await connection.fetch(FIND_SUBORDINATES, list(parents)):
            under[row["parent_id"]].add(row["id"])
    return under


def _not_before(now: datetime, *locked: Iterable[rows.Row]) -> datetime:
    """Registry time never runs back over what it has already written: clocks of two servers may differ."""
    for some in locked:
        for row in some:
            if row["updated_at"] is not None and row["updated_at"] > now:
                now = row["updated_at"]
    return now


async def _domains(connection: Connection, facts: Facts, domain_rows: Sequence[rows.Row]) -> None:
    if not domain_rows:
        return
    ids = [r["id"] for r in domain_rows]
    hosts: dict[int, list[int]] = {}
    for row in await connection.fetch(DELEGATIONS, ids):
        hosts.setdefault(row["domain_id"], []).append(row["id"])
        if row["id"] not in facts.hosts_by_id:
            facts.hosts_by_id[row["id"]] = rows.host_of(row)
    contacts: dict[int, list[tuple[str, int]]] = {}
    for row in await connection.fetch(DOMAIN_CONTACTS, ids):
        contacts.setdefault(row["domain_id"], []).append((row["type"], row["id"]))
        facts.contacts_by_id.setdefault(row["id"], rows.contact_of(row))
    registrants = {r["registrant_id"] for r in domain_rows} - facts.contacts_by_id.keys() - {None}
    if registrants:
        for row in await connection.fetch(CONTACTS, sorted(registrants)):
            facts.contacts_by_id[row["id"]] = rows.contact_of(row)
    for row in domain_rows:
        if row["ended_at"] is None:
            i = row["id"]
            domain = rows.domain_of(row, tuple(hosts.get(i, ())), tuple(contacts.get(i, ())))
            facts.domains[domain.name] = domain
            facts.domains_by_id[i] = domain


def _mark_absent(facts: Facts, wanted: Wanted) -> None:
    for name in wanted.domains:
        facts.domains.setdefault(name, None)
    for name in wanted.hosts:
        facts.hosts.setdefault(name, None)
    for handle in wanted.contacts:
        facts.contacts.setdefault(handle, None)
    for name in wanted.retained:
        facts.retained.setdefault(name, ())


async def _links(connection: Connection, facts: Facts, wanted: Wanted, under: dict[int, set[int]]) -> None:
    named = [facts.hosts.get(name) for name in wanted.linked_hosts]
    hosts = {h.id for h in named if h is not None}.union(*under.values())
    if hosts:
        facts.linked_hosts.update(await _linked(connection, LINKS_TO_HOSTS, hosts))
    linked = [facts.contacts.get(handle) for handle in wanted.linked_contacts]
    contacts = {c.id for c in linked if c is not None}
    if contacts:
        facts.linked_contacts.update(await _linked(connection, LINKS_TO_CONTACTS, contacts))
    wanted_links = (facts.linked_hosts.get(h.id, ()) for h in named if h is not None)
    users = set().union(*wanted_links, *(facts.linked_contacts[i] for i in contacts)) - {0}
    if users:
        for row in await connection.fetch(USERS, list(users)):
            facts.users[row["id"]] = Name(row["name"]), row["registrar_id"]


async def _linked(connection: Connection, query: str, ids: set[int]) -> dict[int, frozenset[int]]:
    links: dict[int, set[int]] = {i: set() for i in ids}
    for row in await connection.fetch(query, list(ids), MOST_LINKS + 1):
        links[row["id"]].add(row["domain_id"])
    return {i: frozenset((found | {0}) if len(found) > MOST_LINKS else found) for i, found in links.items()}


async def _stored(connection: Connection, keys: set[tuple[int, str]]) -> dict[tuple[int, str], list[Stored]]:
    stored: dict[tuple[int, str], list[Stored]] = {}
    pairs = list(keys)
    for row in await connection.fetch(STORED, [p for p, _ in pairs], [k for _, k in pairs]):
        stored.setdefault((row["principal"], row["key"]), []).append(
            Stored(
                row["epoch"],
                row["request_hash"],
                row["log_id"],
                row["status"],
                row["command"],
                row["apply"],
                row["result"],
            )
        )
    return stored
