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
    epp_access: set[int] = field(default_factory=set)
    certificates: set[bytes] = field(default_factory=set)
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
        keys.update(_lock_key("epp", str(i)) for i in self.epp_access)
        keys.update(_lock_key("certificate", f.hex()) for f in self.certificates)
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


BEGIN = "BEGIN; SELECT pg_advisory_xact_lock_shared({reference}); SELECT pg_advisory_xact_lock(k) FROM unnest('{{{keys}}}'::bigint[]) k"
BEGIN_ALONE = "BEGIN; SELECT pg_advisory_xact_lock({reference})"

# The count of reference changes, read under the reference lock.
REFERENCE_VERSION = "SELECT reference FROM registry"

# The rows a batch is about: accounts (with those of the sponsors of its domains, whom its money may concern), domains,
# hosts, contacts. What stands in an array is read before what stands in the next, each in the order of ids; so they are
# locked in that order too. With a domain that is about to fall due come the hosts under it, since the batch has to settle
# it, should that happen while it waits for its locks (never as long as a minute).
CLOCK = """clock AS MATERIALIZED (
    SELECT reference, clock_timestamp() + clock_offset + interval '1 minute' AS soon FROM registry
)"""
ROWS = """
       (SELECT reference FROM clock) AS reference,
       (SELECT soon FROM clock) AS soon,
       ARRAY(
           SELECT a FROM account a
            WHERE a.id = ANY(ARRAY(
                SELECT unnest($1::bigint[])
                 UNION
                SELECT id FROM account WHERE slug = ANY($2::text[])
                 UNION
                SELECT r.account_id
                  FROM domain d
                 CROSS JOIN LATERAL (VALUES (d.registrar_id), (d.gaining_id)) AS party(id)
                  JOIN registrar r ON r.id = party.id
                 WHERE d.name = ANY($3::text[]) AND d.ended_at IS NULL
            ))
            ORDER BY a.id {lock}
       ) AS accounts,
       ARRAY(
           SELECT d FROM domain d
            WHERE d.name = ANY($3::text[]) AND d.ended_at IS NULL
            ORDER BY d.id {lock}
       ) AS domains,
       ARRAY(
           SELECT h FROM host h
            WHERE h.id = ANY(ARRAY(
                SELECT id FROM host WHERE name = ANY($4::text[]) AND deleted_at IS NULL
                 UNION
                SELECT under.id
                  FROM domain d
                  JOIN host under ON under.parent_id = d.id
                 WHERE d.name = ANY($3::text[]) AND d.ended_at IS NULL AND under.deleted_at IS NULL
                   AND (d.name = ANY($5::text[]) OR d.next_due <= (SELECT soon FROM clock))
            ))
            ORDER BY h.id {lock}
       ) AS hosts,
       ARRAY(
           SELECT c FROM contact c
            WHERE c.handle = ANY($6::text[]) AND c.deleted_at IS NULL
            ORDER BY c.id {lock}
       ) AS contacts
"""
FOR_CHANGE = "FOR NO KEY UPDATE"
ROWS_LOCKED = f"WITH {CLOCK} SELECT {ROWS.format(lock=FOR_CHANGE)}"

# The instant, and what hangs on the rows: the hosts the domains are delegated to and the contacts they name, once more the
# hosts under those whose hosts are the batch's business, the entries that retain names, and the keys used before.
FACTS = """
       clock_timestamp() + r.clock_offset AS now,
       {xid} AS xid,
       ARRAY(
           SELECT l FROM delegation l WHERE l.domain_id = ANY({ids}) ORDER BY l.domain_id, l.position
       ) AS delegations,
       ARRAY(
           SELECT h FROM host h
            WHERE h.id = ANY(ARRAY(SELECT DISTINCT host_id FROM delegation WHERE domain_id = ANY({ids})))
       ) AS linked_hosts,
       ARRAY(
           SELECT l FROM domain_contact l
            WHERE l.domain_id = ANY({ids})
            ORDER BY l.domain_id, l.type, l.contact_id
       ) AS domain_contacts,
       ARRAY(
           SELECT c FROM contact c
            WHERE c.id = ANY(ARRAY(
                SELECT contact_id FROM domain_contact WHERE domain_id = ANY({ids})
                 UNION
                SELECT registrant_id FROM domain WHERE id = ANY({ids})
            ))
       ) AS linked_contacts,
       ARRAY(
           SELECT id FROM host WHERE parent_id = ANY({parents}) AND deleted_at IS NULL
       ) AS under,
       ARRAY(
           SELECT e FROM retained e
            WHERE e.name = ANY({retained}) AND e.removed_at IS NULL AND e.used_at IS NULL
       ) AS retained,
       ARRAY(
           SELECT ROW(k.principal, k.key, k.epoch, k.request_hash, k.log_id, l.status, l.command, l.apply, l.result)
             FROM unnest({principals}, {keys}) AS q(principal, key)
             JOIN idempotency_key k ON k.principal = q.principal AND k.key = q.key
             JOIN command_log l ON l.id = k.log_id AND l.occurred_at = k.occurred_at
       ) AS stored
"""
_FACTS_LOCKED = FACTS.format(
    xid="pg_current_xact_id()::text",
    ids="$1::bigint[]",
    parents="$2::bigint[]",
    retained="$3::text[]",
    principals="$4::bigint[]",
    keys="$5::text[]",
)
FACTS_LOCKED = f"SELECT {_FACTS_LOCKED}  FROM registry r"

# Both at once, for look-ups: nothing is locked, so nothing has to come first; and they have no keys of their own.
_FACTS_READ = FACTS.format(
    xid="NULL::text",
    ids="(SELECT ids FROM these)::bigint[]",
    parents="'{}'::bigint[]",
    retained="$7::text[]",
    principals="'{}'::bigint[]",
    keys="'{}'::text[]",
)
READ = f"""
WITH {CLOCK}, these AS MATERIALIZED (
    SELECT ARRAY(SELECT id FROM domain WHERE name = ANY($3::text[]) AND ended_at IS NULL) AS ids
)
SELECT {ROWS.format(lock="").rstrip()},
       {_FACTS_READ.strip()}
  FROM registry r
"""

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
EPP_ACCESS = "SELECT * FROM epp_access WHERE registrar_id = ANY($1::bigint[])"
CERTIFICATES = "SELECT * FROM epp_certificate WHERE fingerprint = ANY($1::bytea[]) AND removed_at IS NULL"

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


async def begin(connection: Connection, wanted: Wanted) -> None:
    """Open the transaction of a batch and take its advisory locks, in one trip: the reference lock, then all its names,
    sorted. Nobody else runs beside a batch that holds the reference lock alone."""
    if wanted.reference:
        await connection.execute(BEGIN_ALONE.format(reference=REFERENCE_LOCK))
        return
    keys = ",".join(map(str, wanted.lock_keys()))
    await connection.execute(BEGIN.format(reference=REFERENCE_LOCK, keys=keys))


async def load(connection: Connection, wanted: Wanted, known: Reference, *, lock: bool) -> Loaded:
    """The facts a batch asked about. With `lock`, after `begin`, its rows and absences are the batch's own until it
    ends; without, a consistent read for look-ups.

    Raises `ReferenceChanged` when `known` is out of date and `RelationsMoved` when the relations would not stand
    still; both times nothing has been changed and the caller begins again.
    """
    asked = (
        list(wanted.accounts),
        list(wanted.account_slugs),
        list(wanted.domains),
        list(wanted.hosts),
        list(wanted.subordinates),
        list(wanted.contacts),
    )
    if lock:
        found = await connection.fetchrow(ROWS_LOCKED, *asked)
    else:
        found = await connection.fetchrow(READ, *asked, list(wanted.retained))
    assert found is not None
    if found["reference"] != known.version:
        raise ReferenceChanged
    domain_rows = found["domains"]
    parents = {r["id"]: Name(r["name"]) for r in domain_rows if _hosts_concern(r, wanted, found["soon"])}
    under = _under(parents, found["hosts"])
    messages = f"{MESSAGES} {FOR_CHANGE}" if lock else MESSAGES
    message_rows = await connection.fetch(messages, sorted(wanted.messages)) if wanted.messages else []
    hanging = found
    if lock:
        hanging = await connection.fetchrow(
            FACTS_LOCKED,
            [r["id"] for r in domain_rows],
            list(parents),
            list(wanted.retained),
            *_columns(wanted.idempotency),
        )
        assert hanging is not None
        if set(hanging["under"]) != set().union(*under.values()):
            raise RelationsMoved

    now = _not_before(hanging["now"], found["accounts"], domain_rows, found["hosts"], found["contacts"])
    facts = Facts(now, known)
    for row in found["accounts"]:
        facts.accounts[row["id"]] = rows.account_of(row)
    _hosts_and_contacts(facts, wanted, found, hanging)
    _domains(facts, domain_rows, hanging)
    for name in wanted.domains:
        facts.domains.setdefault(name, None)
    facts.subordinates.update({parents[i]: frozenset(ids) for i, ids in under.items()})
    for name in wanted.subordinates:
        facts.subordinates.setdefault(name, frozenset())
    for name in wanted.retained:
        facts.retained[name] = ()
    for row in hanging["retained"]:
        entry = rows.retained_of(row)
        facts.retained[entry.name] = (*facts.retained[entry.name], entry)
    facts.messages.update(dict.fromkeys(wanted.messages))
    facts.messages.update({row["id"]: rows.message_of(row) for row in message_rows})
    await _rarely_asked(connection, facts, wanted, under)
    stored = _stored(hanging["stored"]) if hanging["stored"] else {}
    return Loaded(facts, stored, int(hanging["xid"]) if hanging["xid"] else None)


def _hosts_concern(row: rows.Row, wanted: Wanted, soon: datetime) -> bool:
    """Whether the hosts under a domain are the batch's business: it asked for them, or time may change the domain."""
    return row["name"] in wanted.subordinates or (row["next_due"] is not None and row["next_due"] <= soon)


def _under(parents: Iterable[int], hosts: Iterable[rows.Row]) -> dict[int, set[int]]:
    under: dict[int, set[int]] = {i: set() for i in parents}
    for row in hosts:
        if row["parent_id"] in under:
            under[row["parent_id"]].add(row["id"])
    return under


def _columns(keys: set[tuple[int, str]]) -> tuple[list[int], list[str]]:
    pairs = list(keys)
    return [p for p, _ in pairs], [k for _, k in pairs]


def _not_before(now: datetime, *locked: Iterable[rows.Row]) -> datetime:
    """Registry time never runs back over what it has already written: clocks of two servers may differ."""
    for some in locked:
        for row in some:
            if row["updated_at"] is not None and row["updated_at"] > now:
                now = row["updated_at"]
    return now


def _hosts_and_contacts(facts: Facts, wanted: Wanted, found: rows.Row, hanging: rows.Row) -> None:
    """Those asked for, by name or handle, and those that the domains of the batch name, by id."""
    for row in (*hanging["linked_hosts"], *found["hosts"]):
        facts.hosts_by_id[row["id"]] = rows.host_of(row)
    for row in (*hanging["linked_contacts"], *found["contacts"]):
        facts.contacts_by_id[row["id"]] = rows.contact_of(row)
    for row in found["contacts"]:
        facts.contacts[row["handle"]] = facts.contacts_by_id[row["id"]]
    for handle in wanted.contacts:
        facts.contacts.setdefault(handle, None)
    for name in wanted.hosts:
        facts.hosts[name] = None
    for host in facts.hosts_by_id.values():
        if host.name in facts.hosts and host.deleted_at is None:
            facts.hosts[host.name] = host


def _domains(facts: Facts, domain_rows: Sequence[rows.Row], hanging: rows.Row) -> None:
    hosts: dict[int, list[int]] = {}
    for row in hanging["delegations"]:
        hosts.setdefault(row["domain_id"], []).append(row["host_id"])
    contacts: dict[int, list[tuple[str, int]]] = {}
    for row in hanging["domain_contacts"]:
        contacts.setdefault(row["domain_id"], []).append((row["type"], row["contact_id"]))
    for row in domain_rows:
        i = row["id"]
        domain = rows.domain_of(row, tuple(hosts.get(i, ())), tuple(contacts.get(i, ())))
        facts.domains[domain.name] = domain
        facts.domains_by_id[i] = domain


async def _rarely_asked(connection: Connection, facts: Facts, wanted: Wanted, under: dict[int, set[int]]) -> None:
    """What few commands need, each with a query of its own."""
    await _links(connection, facts, wanted, under)
    if wanted.failed_auth:
        facts.failed_auth.update(dict.fromkeys(wanted.failed_auth, 0))
        for row in await connection.fetch(FAILED_AUTH, list(wanted.failed_auth), facts.now):
            facts.failed_auth[Name(row["domain"])] = row["failures"]
    if wanted.keys:
        facts.keys.update(dict.fromkeys(wanted.keys))
        for row in await connection.fetch(KEYS, list(wanted.keys)):
            facts.keys[row["id"]] = rows.key_of(row)
    if wanted.epp_access:
        facts.epp_access.update(dict.fromkeys(wanted.epp_access))
        for row in await connection.fetch(EPP_ACCESS, list(wanted.epp_access)):
            facts.epp_access[row["registrar_id"]] = rows.epp_access_of(row)
    if wanted.certificates:
        facts.certificates.update(dict.fromkeys(wanted.certificates))
        for row in await connection.fetch(CERTIFICATES, list(wanted.certificates)):
            facts.certificates[row["fingerprint"]] = rows.certificate_of(row)
    if wanted.waiting:
        for row in await connection.fetch(WAITING, list(wanted.waiting), MOST_COUNTED + 1):
            facts.waiting[row["id"]] = row["waiting"]


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


def _stored(found: Iterable[tuple[Any, ...]]) -> dict[tuple[int, str], list[Stored]]:
    stored: dict[tuple[int, str], list[Stored]] = {}
    for principal, key, *rest in found:
        stored.setdefault((principal, key), []).append(Stored(*rest))
    return stored
