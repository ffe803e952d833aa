"""Every noun through `save` and back through `load`, and the locks that `load` takes on the way (docs/engine.md)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from namestead.errors import Refusal
from namestead.objects.account import Account
from namestead.objects.contact import Contact, Postal
from namestead.objects.domain import (
    ApplyState,
    Domain,
    Ds,
    EndReason,
    Grace,
    Phase,
    Records,
    Transfer,
)
from namestead.objects.facts import Reference
from namestead.objects.host import Host
from namestead.objects.message import Message, MessageKind, PollMessage
from namestead.objects.names import Name
from namestead.objects.registrar import ApiKey, Listing, ListingStatus, Registrar
from namestead.objects.retained import Retained, RetainedKind
from namestead.objects.zone import ContactModel, Lengths, Policy, Price, Zone
from namestead.store import load as load_module
from namestead.store import rows
from namestead.store import save as save_module
from namestead.store.constraints import MEANINGS, explain
from namestead.store.load import (
    MOST_LINKS,
    REFERENCE_LOCK,
    Connection,
    ReferenceChanged,
    RelationsMoved,
    Wanted,
    begin,
    load,
    reference,
)
from namestead.store.save import Work, save, update_statement
from tests.conftest import create_database, drop_database
from tests.engine.register import R0, R1, ZONE_IDS, build, connected, fetch, run

NOW = datetime(2031, 5, 6, 7, 8, 9, 123456, UTC)


@pytest.fixture(scope="module")
def url(postgres_url: str) -> Iterator[str]:
    """One register for this file: every test takes back what it did."""
    url = create_database(postgres_url)
    run(build(url))
    yield url
    drop_database(postgres_url, url)


@asynccontextmanager
async def transaction(url: str) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A transaction that is rolled back."""
    async with connected(url) as connection:
        await connection.execute("BEGIN")
        yield connection
        await connection.execute("ROLLBACK")


# ---------------------------------------------------------------------------------------------------- there and back

odd_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12) | st.sampled_from(
    ["", "NULL", "null", "{}", "{a,b}", '"', '\\"', "\\", "a,b", " ", "'", "\n\t\r", "\x01", "𐍈", "i̇", "$1", "%s"]
)
text_tuples = st.lists(odd_texts, max_size=4).map(tuple)
instants = st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
maybe_instants = st.none() | instants
hashes = st.none() | st.binary(min_size=32, max_size=32)
small = st.integers(1, 2**31 - 1)
big = st.integers(-(2**63), 2**63 - 1)
maybe_limits = st.none() | small
spans = st.timedeltas(timedelta(0), timedelta(days=4000))


postals = st.builds(
    Postal,
    name=odd_texts,
    organization=odd_texts,
    street=text_tuples,
    city=odd_texts,
    state=odd_texts,
    postal_code=odd_texts,
    country=odd_texts,
)
transfers = st.builds(
    Transfer,
    requested_at=instants,
    act_at=instants,
    amount=big,
    currency=odd_texts,
    gaining_id=st.sampled_from([R0.registrar_id, R1.registrar_id]),
    losing_id=st.sampled_from([R0.registrar_id, R1.registrar_id]),
    hold_account_id=st.none() | big,
    push=st.booleans(),
    expires_at=maybe_instants,
)
graces = st.builds(Grace, until=instants, amount=big, currency=odd_texts, account_id=big, years=small)
record_sets = st.builds(Records, name=odd_texts, type=odd_texts, ttl=small, values=text_tuples)
ds_records = st.builds(Ds, key_tag=small, algorithm=small, digest_type=small, digest=odd_texts)


def a_contact(n: int) -> st.SearchStrategy[Contact]:
    return st.builds(
        Contact,
        id=st.just(n),
        handle=st.just(f"C-{n}"),
        registrar_id=big,
        created_by=st.just(1),
        created_at=st.just(NOW),
        postal=postals,
        email=odd_texts,
        phone=odd_texts,
        fax=odd_texts,
        ascii=st.none() | postals,
        statuses=text_tuples,
        disclose=text_tuples,
        withhold=text_tuples,
        phone_ext=odd_texts,
        fax_ext=odd_texts,
        auth_hash=hashes,
        updated_at=maybe_instants,
        erased_at=maybe_instants,
        deleted_at=st.none(),
        version=small,
    )


def a_host(n: int) -> st.SearchStrategy[Host]:
    return st.builds(
        Host,
        id=st.just(n),
        name=st.just(Name(f"ns{n}.other.net")),
        registrar_id=big,
        created_by=st.just(1),
        created_at=st.just(NOW),
        parent_id=st.just(DOMAIN_ID),
        addresses=text_tuples,
        statuses=text_tuples,
        updated_at=maybe_instants,
        deleted_at=st.none(),
        version=small,
    )


DOMAIN_ID, HOST_IDS, CONTACT_IDS = 900_001, (900_011, 900_012, 900_013), (900_021, 900_022)
types = st.sampled_from(["admin", "billing", "tech"])
contact_links = st.lists(st.tuples(types, st.sampled_from(CONTACT_IDS)), unique=True, max_size=4)

domains = st.builds(
    Domain,
    id=st.just(DOMAIN_ID),
    name=st.just(Name("there-and-back.example")),
    zone_id=st.just(ZONE_IDS["example"]),
    registrar_id=st.sampled_from([R0.registrar_id, R1.registrar_id]),
    created_by=st.just(R0.registrar_id),
    created_at=st.just(NOW),
    expires_at=instants,
    auto_renew=st.booleans(),
    noted=st.sampled_from(Phase),
    lapses_at=st.none(),
    redemption_until=maybe_instants,
    release_at=st.none(),
    deleted_at=maybe_instants,
    ended_at=st.none(),
    end_reason=st.none(),
    restore_until=maybe_instants,
    statuses=text_tuples,
    registrant_id=st.none() | st.sampled_from(CONTACT_IDS),
    contacts=contact_links.map(sorted).map(tuple),
    hosts=st.permutations(HOST_IDS).flatmap(lambda ids: st.integers(0, len(ids)).map(lambda n: tuple(ids[:n]))),
    ds=st.lists(ds_records, max_size=2).map(tuple),
    max_signature_life=maybe_limits,
    records=st.lists(record_sets, max_size=2).map(tuple),
    graces=st.lists(graces, max_size=2).map(tuple),
    transfer=st.none() | transfers,
    auth_hash=hashes,
    auth_expires_at=maybe_instants,
    apply_state=st.sampled_from(ApplyState),
    queued_at=maybe_instants,
    applied_at=maybe_instants,
    tier=odd_texts,
    protected_legacy=st.booleans(),
    reviewed_at=maybe_instants,
    fixture=st.booleans(),
    updated_at=maybe_instants,
    transferred_at=maybe_instants,
    version=small,
)
clusters = st.tuples(domains, st.tuples(*map(a_host, HOST_IDS)), st.tuples(*map(a_contact, CONTACT_IDS)))
"""A domain with the hosts and contacts it may be linked to."""

Cluster = tuple[Domain, tuple[Host, ...], tuple[Contact, ...]]

slow = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


async def _save_cluster(connection: Connection, cluster: Cluster, *, new: bool) -> None:
    domain, hosts, contacts = cluster
    work = Work(NOW)
    work.domains[domain.id] = (domain, domain.updated_at)
    work.relinked[domain.id] = domain
    work.hosts.update({h.id: h for h in hosts})
    work.contacts.update({c.id: c for c in contacts})
    if new:
        work.new.update((domain.id, *HOST_IDS, *CONTACT_IDS))
    await save(connection, work)


async def _load_cluster(connection: Connection, known: Reference) -> Cluster:
    wanted = Wanted(
        domains={Name("there-and-back.example")},
        hosts={Name(f"ns{n}.other.net") for n in HOST_IDS},
        contacts={f"C-{n}" for n in CONTACT_IDS},
    )
    facts = (await load(connection, wanted, known, lock=True)).facts
    domain = facts.domain(Name("there-and-back.example"))
    assert domain is not None
    hosts = tuple(facts.host(Name(f"ns{n}.other.net")) for n in HOST_IDS)
    contacts = tuple(facts.contact(f"C-{n}") for n in CONTACT_IDS)
    assert domain is facts.domains_by_id[DOMAIN_ID]
    assert {h.id: h for h in hosts if h} == facts.hosts_by_id
    assert {c.id: c for c in contacts if c} == facts.contacts_by_id
    return cast(Cluster, (domain, hosts, contacts))


@pytest.mark.parametrize("few", [0, 10**6], ids=["table by table", "at once"])
@slow
@given(before=clusters, after=clusters)
def test_domains_hosts_and_contacts_come_back_as_they_went(url: str, few: int, before: Cluster, after: Cluster) -> None:
    """First inserted, then changed in everything that may change; by COPY and UPDATE, and by one statement."""

    async def main() -> None:
        async with transaction(url) as connection:
            known = await reference(connection)
            await _save_cluster(connection, before, new=True)
            assert before == await _load_cluster(connection, known)
            await _save_cluster(connection, after, new=False)
            assert after == await _load_cluster(connection, known)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(save_module, "FEW_ROWS", few)
        run(main())


accounts = st.builds(
    Account,
    id=st.just(900_101),
    slug=odd_texts,
    name=odd_texts,
    currency=st.just("EUR"),
    balance=big,
    held=st.integers(0, 2**63 - 1),
    credit=st.integers(0, 2**63 - 1),
    created_at=st.just(NOW),
    suspended_at=maybe_instants,
    updated_at=maybe_instants,
    version=small,
)
registrars = st.builds(
    Registrar,
    id=st.just(900_102),
    account_id=st.just(R0.account_id),
    channel_id=st.just("ch odd"),
    slug=odd_texts.map(lambda s: f"odd {s}"),
    name=odd_texts,
    approved=st.booleans(),
    production_approved=st.booleans(),
    dns_module=st.booleans(),
    created_at=st.just(NOW),
    rate_limit=maybe_limits,
    epoch=small,
    evidence=st.booleans(),
    updated_at=maybe_instants,
    version=small,
)
policies = st.builds(
    Policy,
    open=st.booleans(),
    premium=st.dictionaries(odd_texts, odd_texts, max_size=2),
    min_years=small,
    prices=st.lists(
        st.builds(
            Price,
            command=odd_texts,
            amount=big,
            currency=odd_texts,
            tier=odd_texts,
            years=maybe_limits,
            starts=maybe_instants,
            ends=maybe_instants,
        ),
        max_size=2,
    ).map(tuple),
    lengths=st.builds(Lengths, add_grace=spans, redemption=spans, transfer_wait=spans),
    contacts=st.sampled_from(ContactModel),
)
zones = st.builds(
    Zone,
    id=st.just(900_103),
    name=st.just(Name("odd")),
    test=st.booleans(),
    house_registrar_id=st.none() | st.sampled_from([R0.registrar_id, R1.registrar_id]),
    policy=policies,
    created_at=st.just(NOW),
    updated_at=maybe_instants,
    version=small,
)
listings = st.builds(
    Listing,
    registrar_id=st.just(R0.registrar_id),
    zone_id=st.just(900_104),
    status=st.sampled_from(ListingStatus),
)
keys = st.builds(
    ApiKey,
    id=st.just("nsk_odd"),
    account_id=st.just(R0.account_id),
    registrar_id=st.none() | st.just(R0.registrar_id),
    hash=st.just(b"h" * 32),
    profile=odd_texts,
    scopes=text_tuples,
    created_at=st.just(NOW),
    label=odd_texts,
    expires_at=maybe_instants,
    revoked_at=maybe_instants,
    rate_limit=maybe_limits,
)
retained = st.builds(
    Retained,
    id=st.just(900_105),
    name=st.just(Name("kept.example")),
    kind=st.just(RetainedKind.RESERVED),
    created_at=st.just(NOW),
    starts_at=st.just(NOW) | st.none(),
    ends_at=st.just(NOW + timedelta(days=1)) | st.none(),
    reason=odd_texts,
    token_hash=hashes,
    used_at=maybe_instants,
    created_by=st.just("somebody"),
    removed_at=maybe_instants,
    fixture=st.booleans(),
    updated_at=maybe_instants,
    version=small,
)
OTHERS: dict[str, tuple[st.SearchStrategy[Any], str, Any, Callable[[Any], Any]]] = {
    # table -> values, the field of Work they go into, their key there, and the way back from a row
    "account": (accounts, "accounts", 900_101, rows.account_of),
    "registrar": (registrars, "registrars", 900_102, rows.registrar_of),
    "zone": (zones, "zones", 900_103, rows.zone_of),
    "listing": (listings, "listings", (R0.registrar_id, 900_104), rows.listing_of),
    "api_key": (keys, "keys", "nsk_odd", rows.key_of),
    "retained": (retained, "retained", 900_105, rows.retained_of),
}


@pytest.mark.parametrize("table", OTHERS)
def test_every_other_noun_comes_back_as_it_went(url: str, table: str) -> None:
    strategy, field, key, back = OTHERS[table]

    async def there_and_back(before: Any, after: Any) -> None:
        async with transaction(url) as connection:
            await connection.execute("SET LOCAL session_replication_role = replica")  # whom they refer to is not here
            others = await connection.fetch(f"SELECT * FROM {table}")
            for noun, new in ((before, True), (after, False)):
                work = Work(NOW)
                getattr(work, field)[key] = noun
                if new:
                    work.new.add(key)
                    work.new_listings.add(key)
                    work.new_keys.add(key)
                await save(connection, work)
                found = [row for row in await connection.fetch(f"SELECT * FROM {table}") if row not in others]
                assert [noun] == [back(row) for row in found]

    @settings(slow, max_examples=30)
    @given(before=strategy, after=strategy)
    def check(before: Any, after: Any) -> None:
        run(there_and_back(before, after))

    check()


def test_several_changed_rows_are_not_mixed_up(url: str) -> None:
    """One statement updates them all: each row has to meet its own values, arrays of different lengths included."""

    async def main() -> None:
        async with transaction(url) as connection:
            wanted = {
                n: Host(n, Name(f"h{n}.net"), n, 1, NOW, 1, tuple(f"a{i},{n}" for i in range(n % 3)), (), None, None, n)
                for n in range(900_200, 900_209)
            }
            await connection.execute("SET LOCAL session_replication_role = replica")
            work = Work(NOW)
            work.hosts.update({n: Host(n, Name(f"old{n}.net"), 5, 1, NOW) for n in wanted})
            work.new.update(wanted)
            await save(connection, work)
            changed = Work(NOW)
            changed.hosts.update(dict(reversed(wanted.items())))
            await save(connection, changed)
            found = await connection.fetch("SELECT * FROM host WHERE id = ANY($1::bigint[])", list(wanted))
            assert wanted == {row["id"]: rows.host_of(row) for row in found}

    run(main())


TABLES = (
    rows.ACCOUNT,
    rows.CONTACT,
    rows.DOMAIN,
    rows.HOST,
    rows.KEY,
    rows.LISTING,
    rows.REGISTRAR,
    rows.RETAINED,
    rows.ZONE,
)


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_the_columns_are_the_tables_own(url: str, table: rows.Table[Any]) -> None:
    """Names and types; and the update writes each that may change, never the others."""

    async def main() -> None:
        found = await fetch(
            url,
            "SELECT attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute"
            " WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped",
            table.name,
        )
        in_full = {"timestamptz": "timestamp with time zone"}
        assert {r["attname"]: r["type"] for r in found} == {c: in_full.get(k, k) for c, k in table.types.items()}
        assert set(table.fixed) | set(table.key) <= set(table.columns)
        sets = update_statement(table.name).partition(" SET ")[2].partition(" FROM ")[0]
        written = {part.split(" = ")[0] for part in sets.split(", ")}
        assert set(table.columns) - set(table.fixed) - set(table.key) == written

    run(main())


@pytest.mark.parametrize("bad", ["a\0b", "\ud800"])
@pytest.mark.parametrize("where", ["tier", "detail", "statuses"])
def test_what_postgresql_cannot_hold_is_refused_whole(url: str, bad: str, where: str) -> None:
    """Doors let neither through; if one did, the batch would be refused, never saved in part or changed."""

    async def main() -> None:
        async with transaction(url) as connection:
            domain = Domain(
                900_001, Name("odd.example"), 10, R0.registrar_id, R0.registrar_id, NOW, NOW, auto_renew=True
            )
            match where:
                case "tier":
                    domain = replace(domain, tier=bad)
                case "statuses":
                    domain = replace(domain, statuses=(bad,))
                case _:
                    domain = replace(domain, records=(Records("@", "TXT", 1, (bad,)),))
            if (bad, where) == ("a\0b", "detail"):
                return  # JSON writes it as \u0000, which a text column holds
            with pytest.raises((asyncpg.PostgresError, UnicodeEncodeError)):
                await save(connection, _of_domains(domain))

    run(main())


def _of_domains(*domains: Domain) -> Work:
    work = Work(NOW)
    work.domains.update({d.id: (d, None) for d in domains})
    work.new.update(d.id for d in domains)
    work.relinked.update({d.id: d for d in domains})
    return work


def a_domain(n: int, *, name: str = "", hosts: tuple[int, ...] = (), **more: Any) -> Domain:
    by = R0.registrar_id
    return Domain(
        n, Name(name or f"d{n}.example"), ZONE_IDS["example"], by, by, NOW, NOW, auto_renew=True, hosts=hosts, **more
    )


def test_arrays_in_an_update_say_what_they_hold(url: str) -> None:
    """They travel as text (`update_statement`), in which quotes, backslashes, commas, braces and NULL mean something."""

    async def main() -> None:
        odd = ("", "NULL", "{}", "{a,b}", '"', '\\"', "\\", "a,b", " a ", "'", "\n\t", "\x01", "𐍈", "$1", "\\n", '""')
        async with transaction(url) as connection:
            await save(connection, _of_domains(a_domain(900_001)))
            work = Work(NOW)
            work.domains[900_001] = (a_domain(900_001, statuses=odd), None)
            await save(connection, work)
            statuses = await connection.fetchval("SELECT statuses FROM domain WHERE id = 900001")
            assert list(odd) == statuses

    run(main())


def test_a_name_released_and_registered_again_in_one_batch_never_lives_twice(url: str) -> None:
    """Updates go before inserts."""

    async def main() -> None:
        async with transaction(url) as connection:
            old = a_domain(900_001, name="again.example")
            await save(connection, _of_domains(old))
            work = _of_domains(a_domain(900_002, name="again.example"))
            ended = replace(old, ended_at=NOW, end_reason=EndReason.RELEASED)
            work.domains[old.id] = (ended, None)
            await save(connection, work)
            live = "SELECT id FROM domain WHERE name = 'again.example' AND ended_at IS NULL"
            assert [900_002] == [r["id"] for r in await connection.fetch(live)]

    run(main())


# ---------------------------------------------------------------------------------------------------------- relations


async def _cluster_of_users(connection: Connection, users: int) -> None:
    """A parent with two hosts under it, the first used by so many domains, the second by none."""
    parent = a_domain(910_000, name="parent.example")
    hosts = [Host(910_001 + n, Name(f"ns{n}.parent.example"), R0.registrar_id, 1, NOW, parent.id) for n in range(2)]
    work = _of_domains(parent, *(a_domain(910_100 + n, hosts=(910_001,)) for n in range(users)))
    work.hosts.update({h.id: h for h in hosts})
    work.new.update(h.id for h in hosts)
    await save(connection, work)


@pytest.mark.parametrize("users", [0, 1, MOST_LINKS, MOST_LINKS + 1, MOST_LINKS + 30])
def test_who_uses_a_host_is_read_up_to_a_hundred(url: str, users: int) -> None:
    async def main() -> None:
        async with transaction(url) as connection:
            known = await reference(connection)
            await _cluster_of_users(connection, users)
            wanted = Wanted(domains={Name("parent.example")}, subordinates={Name("parent.example")})
            facts = (await load(connection, wanted, known, lock=True)).facts
            assert frozenset({910_001, 910_002}) == facts.subordinates[Name("parent.example")]
            assert ["ns0.parent.example", "ns1.parent.example"] == [
                h.name for h in facts.subordinates_of(Name("parent.example"))
            ]
            links = facts.links_to_host(910_001)
            assert min(users, MOST_LINKS + 1) == len(links - {0})
            assert (users > MOST_LINKS) == (0 in links)  # and others
            assert frozenset() == facts.links_to_host(910_002)

    run(main())


def test_who_uses_a_host_or_contact_by_name(url: str) -> None:
    async def main() -> None:
        async with transaction(url) as connection:
            known = await reference(connection)
            contact = Contact(910_500, "LINKED", R0.registrar_id, 1, NOW, Postal())
            host = Host(910_501, Name("ns1.linked.net"), R0.registrar_id, 1, NOW)
            users = (
                a_domain(910_510, hosts=(910_501,), contacts=(("admin", 910_500), ("tech", 910_500))),
                a_domain(910_511, registrant_id=910_500),
            )
            work = _of_domains(*users)
            work.contacts[contact.id] = contact
            work.hosts[host.id] = host
            work.new.update((contact.id, host.id))
            await save(connection, work)
            wanted = Wanted(
                hosts={host.name},
                linked_hosts={host.name, Name("absent.net")},
                contacts={"LINKED"},
                linked_contacts={"LINKED", "ABSENT"},
            )
            facts = (await load(connection, wanted, known, lock=True)).facts
            assert {910_501: frozenset({910_510})} == facts.linked_hosts
            assert {910_500: frozenset({910_510, 910_511})} == facts.linked_contacts
            assert {u.id: (u.name, u.registrar_id) for u in users} == facts.users
            assert ((users[0].name, users[0].registrar_id),) == facts.users_of(facts.links_to_host(910_501))

    run(main())


def test_messages_are_locked_read_and_counted(url: str) -> None:
    async def main() -> None:
        async with transaction(url) as connection:
            known = await reference(connection)
            notice = Postal(name="what it tells")  # any struct
            work = Work(NOW)
            work.tell(1, [Message(R0.registrar_id, MessageKind.CHANGED, "a.example", "", notice) for _ in range(3)])
            await save(connection, work)
            ids = [r["id"] for r in await connection.fetch("SELECT id FROM poll_message ORDER BY id DESC LIMIT 3")]
            acked = Work(NOW)
            acked.acked.add(ids[0])
            await save(connection, acked)
            wanted = Wanted(messages={ids[0], ids[1], 1_000_000_000}, waiting={R0.registrar_id, R1.registrar_id})
            recorder = Recorder(connection)
            facts = (await load(cast(Connection, recorder), wanted, known, lock=True)).facts
            assert {
                ids[0]: PollMessage(ids[0], R0.registrar_id, 1, NOW),
                ids[1]: PollMessage(ids[1], R0.registrar_id, 1),
                1_000_000_000: None,
            } == facts.messages
            assert {R0.registrar_id: 2, R1.registrar_id: 0} == facts.waiting
            [asked] = [arguments for query, arguments in recorder.seen if query == MESSAGES_LOCKED]
            assert (sorted(wanted.messages),) == asked

    run(main())


MESSAGES_LOCKED = f"{load_module.MESSAGES} {load_module.FOR_CHANGE}"


def test_what_was_asked_for_and_is_not_there_is_known_to_be_absent(url: str) -> None:
    async def main() -> None:
        async with transaction(url) as connection:
            known = await reference(connection)
            name = Name("absent.example")
            wanted = Wanted(domains={name}, retained={name}, hosts={name}, contacts={"NOBODY"}, keys={"none"})
            facts = (await load(connection, wanted, known, lock=True)).facts
            assert (None, (), None, None) == (
                facts.domain(name),
                facts.retained_for(name),
                facts.host(name),
                facts.contact("NOBODY"),
            )
            assert {"none": None} == facts.keys

    run(main())


# -------------------------------------------------------------------------------------------------------------- locks


class Recorder:
    """A connection that notes every query, and may do something before one of them."""

    def __init__(self, connection: Connection, before: dict[str, Callable[[], Awaitable[None]]] | None = None) -> None:
        self._connection = connection
        self._before = before or {}
        self.seen: list[tuple[str, tuple[Any, ...]]] = []

    @property
    def order(self) -> list[str]:
        return [query for query, _ in self.seen]

    def __getattr__(self, method: str) -> Callable[..., Awaitable[Any]]:
        async def call(query: str, *arguments: Any) -> Any:
            if query in self._before:
                await self._before[query]()
            self.seen.append((query, arguments))
            return await getattr(self._connection, method)(query, *arguments)

        return call


EVERYTHING = Wanted(
    domains={Name("there-and-back.example"), Name("zz.example"), Name("aa.example")},
    retained={Name("zz.example"), Name("aa.example")},
    hosts={Name(f"ns{n}.other.net") for n in HOST_IDS},
    contacts={f"C-{n}" for n in CONTACT_IDS},
    accounts={R1.account_id, R0.account_id},
    subordinates={Name("there-and-back.example")},
    linked_hosts={Name("ns900011.other.net")},
    linked_contacts={"C-900021"},
    failed_auth={Name("zz.example")},
    keys={"nsk_odd"},
    account_slugs={"r3"},
    messages={1},
    waiting={R0.registrar_id},
    idempotency={(R0.registrar_id, "b"), (R0.registrar_id, "a")},
)


def _simple_cluster() -> Cluster:
    contacts = tuple(Contact(n, f"C-{n}", R0.registrar_id, 1, NOW, Postal()) for n in CONTACT_IDS)
    hosts = tuple(Host(n, Name(f"ns{n}.other.net"), R0.registrar_id, 1, NOW, DOMAIN_ID) for n in HOST_IDS)
    return a_domain(DOMAIN_ID, name="there-and-back.example", hosts=HOST_IDS), hosts, contacts


def test_a_batch_begins_in_three_trips(url: str) -> None:
    """Advisory locks, rows, facts; then only what few commands need."""

    async def main() -> None:
        async with connected(url) as connection:
            known = await reference(connection)
            recorder = cast(Connection, Recorder(connection))
            plain = Wanted(domains={Name("a.example")}, retained={Name("a.example")}, idempotency={(1, "k")})
            await begin(recorder, plain)
            await load(recorder, plain, known, lock=True)
            first, *rest = cast(Recorder, recorder).order
            assert first.startswith("BEGIN; SELECT pg_advisory_xact_lock_shared(1); ")
            assert [load_module.ROWS_LOCKED, load_module.FACTS_LOCKED] == rest

    run(main())


def test_advisory_locks_are_taken_sorted(url: str) -> None:
    """3 names, registered or retained, 3 hosts, 2 contacts, 2 idempotency keys, an API key, an account."""

    async def main() -> None:
        async with connected(url) as connection:
            recorder = Recorder(connection)
            await begin(cast(Connection, recorder), EVERYTHING)
            [query] = recorder.order
            keys = [int(k) for k in query.partition("{")[2].partition("}")[0].split(",")]
            assert sorted(set(keys)) == keys == EVERYTHING.lock_keys()
            assert 12 == len(keys)

    run(main())


ROWS_IN_ORDER = {
    "account": sorted((R0.account_id, R1.account_id)),
    "domain": [DOMAIN_ID],
    "host": list(HOST_IDS),
    "contact": list(CONTACT_IDS),
}
"""The rows `EVERYTHING` locks, in the order it locks them."""


@pytest.mark.parametrize("table", ROWS_IN_ORDER)
def test_rows_are_locked_in_one_order_and_then_comes_the_instant(url: str, table: str) -> None:
    """While somebody else holds the last row of a table, those before it are locked and those after it are not."""
    held = ROWS_IN_ORDER[table][-1]
    in_order = [(t, i) for t, ids in ROWS_IN_ORDER.items() for i in ids]
    place = in_order.index((table, held))

    async def main() -> None:
        async with connected(url) as one, connected(url) as other, connected(url) as third:
            await _save_cluster(one, _simple_cluster(), new=True)
            known = await reference(one)
            try:
                await other.execute("BEGIN")
                await other.execute(f"SELECT id FROM {table} WHERE id = $1 FOR NO KEY UPDATE", held)
                await begin(one, EVERYTHING)
                loading = asyncio.create_task(load(one, EVERYTHING, known, lock=True))
                waiting = "SELECT wait_event_type FROM pg_stat_activity WHERE pid = $1"
                while "Lock" != await third.fetchval(waiting, one.get_server_pid()):  # noqa: ASYNC110 - another server's state
                    await asyncio.sleep(0.01)
                locked = [(t, i) for t, i in in_order if not await _is_free(third, t, i)]
                assert in_order[: place + 1] == locked
                released = await third.fetchval("SELECT clock_timestamp()")
                await other.execute("ROLLBACK")
                assert (await loading).facts.now > released
                await one.execute("ROLLBACK")
            finally:
                await _remove_cluster(third)

    run(main())


async def _is_free(connection: Connection, table: str, i: int) -> bool:
    ask = f"SELECT id FROM {table} WHERE id = $1 FOR NO KEY UPDATE SKIP LOCKED"
    return await connection.fetchval(ask, i) is not None


async def _remove_cluster(connection: Connection) -> None:
    await connection.execute("DELETE FROM delegation WHERE domain_id > 900000")
    await connection.execute("SET session_replication_role = replica; DELETE FROM host WHERE id > 900000")
    await connection.execute("DELETE FROM domain WHERE id > 900000; DELETE FROM contact WHERE id > 900000")


def test_the_lock_keys_of_different_things_differ() -> None:
    same = Name("same")
    kinds = [
        Wanted(domains={same}),
        Wanted(hosts={same}),
        Wanted(contacts={same}),
        Wanted(keys={same}),
        Wanted(account_slugs={same}),
        Wanted(epp_access={1}),
        Wanted(certificates={b"1"}),
        Wanted(idempotency={(1, same)}),
        Wanted(idempotency={(2, same)}),
    ]
    found = [key for wanted in kinds for key in wanted.lock_keys()]
    assert len(kinds) == len(set(found))
    assert all(-(2**63) <= key < 2**63 for key in found)
    # A name that may be registered and one that may be retained are one thing: both decide who can have it.
    assert Wanted(domains={same}).lock_keys() == Wanted(retained={same}).lock_keys()


def test_rows_are_locked_against_change_and_not_against_references(url: str) -> None:
    """FOR NO KEY UPDATE: another batch waits, an insert that refers to the row by a foreign key does not."""

    async def main() -> None:
        locked = {"account": [R0.account_id, R1.account_id]}
        async with connected(url) as one, connected(url) as other:
            known = await reference(one)
            await begin(one, Wanted(accounts=set(locked["account"])))
            await load(one, Wanted(accounts=set(locked["account"])), known, lock=True)
            ids = "SELECT id FROM account WHERE id = ANY($1::bigint[]) ORDER BY id"
            skipped = await other.fetch(f"{ids} FOR NO KEY UPDATE SKIP LOCKED", locked["account"])
            assert [] == skipped
            free = await other.fetch(f"{ids} FOR KEY SHARE SKIP LOCKED", locked["account"])
            assert locked["account"] == [r["id"] for r in free]
            await one.execute("ROLLBACK")
            assert 2 == len(await other.fetch(f"{ids} FOR NO KEY UPDATE SKIP LOCKED", locked["account"]))

    run(main())


@pytest.mark.parametrize("table", ["domain", "host", "contact"])
def test_domains_hosts_and_contacts_are_locked_too(url: str, table: str) -> None:
    async def main() -> None:
        async with connected(url) as one, connected(url) as other:
            await _save_cluster(one, _simple_cluster(), new=True)
            try:
                known = await reference(one)
                await begin(one, EVERYTHING)
                await load(one, EVERYTHING, known, lock=True)
                free = await other.fetch(f"SELECT id FROM {table} WHERE id > 900000 FOR NO KEY UPDATE SKIP LOCKED")
                assert [] == free
                seen = await other.fetch(f"SELECT id FROM {table} WHERE id > 900000 FOR KEY SHARE SKIP LOCKED")
                assert seen
                await one.execute("ROLLBACK")
            finally:
                await _remove_cluster(one)

    run(main())


def test_names_that_are_absent_are_locked_as_well(url: str) -> None:
    async def main() -> None:
        wanted = Wanted(domains={Name("absent.example")}, idempotency={(1, "key")})
        async with connected(url) as one, connected(url) as other:
            known = await reference(one)
            await begin(one, wanted)
            await load(one, wanted, known, lock=True)
            for key in wanted.lock_keys():
                assert False is await other.fetchval("SELECT pg_try_advisory_xact_lock($1)", key)
            assert True is await other.fetchval("SELECT pg_try_advisory_xact_lock_shared($1)", REFERENCE_LOCK)
            assert False is await other.fetchval("SELECT pg_try_advisory_xact_lock($1)", REFERENCE_LOCK)
            await one.execute("ROLLBACK")
            for key in wanted.lock_keys():
                assert True is await other.fetchval("SELECT pg_try_advisory_xact_lock($1)", key)

    run(main())


def test_a_batch_that_changes_reference_data_runs_alone(url: str) -> None:
    async def main() -> None:
        async with connected(url) as one, connected(url) as other:
            known = await reference(one)
            await begin(one, Wanted(reference=True))
            await load(one, Wanted(reference=True), known, lock=True)
            assert False is await other.fetchval("SELECT pg_try_advisory_xact_lock_shared($1)", REFERENCE_LOCK)

    run(main())


def test_look_ups_lock_nothing(url: str) -> None:
    async def main() -> None:
        async with connected(url) as one, connected(url) as other:
            await one.execute("BEGIN")
            await load(one, EVERYTHING, await reference(one), lock=False)
            pid = one.get_server_pid()
            held = "SELECT count(*) FROM pg_locks WHERE pid = $1 AND (locktype = 'advisory' OR mode LIKE '%Row%')"
            assert 0 == await other.fetchval(held, pid)

    run(main())


# ------------------------------------------------------------------------------------------- what moves under a batch


@pytest.mark.parametrize("lock", [True, False])
def test_reference_data_that_changed_is_seen(url: str, lock: bool) -> None:
    async def main() -> None:
        async with transaction(url) as connection:
            known = await reference(connection)
            await load(connection, Wanted(), known, lock=lock)
            await connection.execute("UPDATE registry SET reference = reference + 1")
            with pytest.raises(ReferenceChanged):
                await load(connection, Wanted(), known, lock=lock)
            await load(connection, Wanted(), await reference(connection), lock=lock)

    run(main())


def test_a_registrar_nobody_has_told_of_yet_is_a_change_of_reference_data(url: str) -> None:
    """A look-up may meet its names before it has read that there is such a registrar."""

    async def main() -> None:
        async with transaction(url) as connection:
            known = await reference(connection)
            await connection.execute(
                "INSERT INTO registrar SELECT 990, account_id, 'ch_new', 'new', 'new', true, true, true, now()"
                " FROM registrar WHERE id = $1",
                R0.registrar_id,
            )
            await connection.execute("UPDATE registry SET reference = reference + 1")
            await save(connection, _of_domains(replace(a_domain(900_001), registrar_id=990)))
            with pytest.raises(ReferenceChanged):
                await load(connection, Wanted(domains={Name("d900001.example")}), known, lock=False)

    run(main())


def test_a_relation_that_moves_between_looking_and_locking_is_seen(url: str) -> None:
    async def main() -> None:
        async with transaction(url) as connection:
            known = await reference(connection)
            await _save_cluster(connection, _simple_cluster(), new=True)

            async def add() -> None:
                await connection.execute("UPDATE host SET parent_id = NULL WHERE id = $1", HOST_IDS[0])

            wanted = Wanted(domains={Name("there-and-back.example")}, subordinates={Name("there-and-back.example")})
            # The first look finds three; before the second one of them has gone.
            recorder = Recorder(connection, {load_module.FACTS_LOCKED: add})
            with pytest.raises(RelationsMoved):
                await load(cast(Connection, recorder), wanted, known, lock=True)
            facts = (await load(connection, wanted, known, lock=True)).facts
            assert frozenset(HOST_IDS[1:]) == facts.subordinates[Name("there-and-back.example")]

    run(main())


def test_a_name_that_falls_due_while_the_batch_waits_can_be_settled(url: str) -> None:
    """What its release needs, the hosts under it, is loaded for what falls due within a minute."""

    async def main() -> None:
        async with transaction(url) as connection:
            known = await reference(connection)
            due_in = {"due.example": 0, "soon.example": 30, "later.example": 3600}
            work = _of_domains(*(a_domain(900_001 + n, name=name) for n, name in enumerate(due_in)))
            now = await connection.fetchval("SELECT clock_timestamp()")
            for n, seconds in enumerate(due_in.values()):
                work.domains[900_001 + n] = (work.domains[900_001 + n][0], now + timedelta(seconds=seconds))
            await save(connection, work)
            facts = (await load(connection, Wanted(domains={Name(n) for n in due_in}), known, lock=True)).facts
            assert {"due.example", "soon.example"} == set(facts.subordinates)

    run(main())


@pytest.mark.parametrize("table", ["account", "domain", "host", "contact"])
def test_now_is_never_before_what_a_locked_row_says(url: str, table: str) -> None:
    async def main() -> None:
        async with transaction(url) as connection:
            known = await reference(connection)
            await _save_cluster(connection, _simple_cluster(), new=True)
            before = (await load(connection, EVERYTHING, known, lock=True)).facts.now
            ahead = before + timedelta(minutes=3)
            await connection.execute(f"UPDATE {table} SET updated_at = $1", ahead)
            assert ahead == (await load(connection, EVERYTHING, known, lock=True)).facts.now

    run(main())


# -------------------------------------------------------------------------------------------------------- constraints

REFUSED: dict[str, str] = {
    # What two processes with different rules could do, and the database does not let them.
    "domain_live_name": """
        INSERT INTO domain
        SELECT (r).* FROM (SELECT jsonb_populate_record(d, '{"id": 900002}') AS r FROM domain d) x""",
    "host_live_name": "INSERT INTO host (id, name, registrar_id, created_by, created_at)"
    " VALUES (900031, 'ns900011.other.net', 1, 1, now())",
    "contact_live_handle": "INSERT INTO contact (id, handle, registrar_id, created_by, created_at, detail)"
    " VALUES (900031, 'C-900021', 1, 1, now(), '{}')",
    "account_slug_key": "INSERT INTO account (id, slug, name, currency, created_at) VALUES (1, 'r0', '', 'EUR', now())",
    "registrar_slug_key": "INSERT INTO registrar SELECT 990, account_id, 'new', slug, name, true, true, true, now()"
    " FROM registrar WHERE slug = 'r0'",
    "epp_certificate_bound_once": "INSERT INTO epp_certificate SELECT n, r.id, sha256('x'), 'CN=x', now(), now(), NULL"
    " FROM generate_series(1, 2) n, registrar r WHERE r.slug = 'r0'",
    "retained_once_a_kind": "INSERT INTO retained (id, name, kind, created_at) SELECT n, 'r.example', 'reserved', now()"
    " FROM generate_series(1, 2) n",
    "registry_clock_only_in_ote": "UPDATE registry SET clock_offset = '1 day'",
}


@pytest.mark.parametrize("constraint", MEANINGS)
def test_what_the_database_refuses_has_a_meaning(url: str, constraint: str) -> None:
    async def main() -> None:
        async with transaction(url) as connection:
            await _save_cluster(connection, _simple_cluster(), new=True)
            with pytest.raises(asyncpg.IntegrityConstraintViolationError) as caught:
                await connection.execute(REFUSED[constraint])
            assert constraint == caught.value.constraint_name
            assert MEANINGS[constraint] == explain(caught.value).kind

    run(main())


def test_what_says_something_of_the_server_alone_is_to_be_tried_again() -> None:
    kinds = {
        type(p).__name__: explain(p).kind.code for p in (asyncpg.DiskFullError("x"), asyncpg.DeadlockDetectedError("x"))
    }
    assert {"DiskFullError": "backend_unavailable", "DeadlockDetectedError": "backend_unavailable"} == kinds
    defect: Refusal = explain(asyncpg.CheckViolationError("x"))
    assert "internal_error" == defect.kind.code


@pytest.mark.parametrize("table", ["account", "registrar", "zone", "host"])
def test_what_hot_tables_rely_on_is_never_deleted(url: str, table: str) -> None:
    async def main() -> None:
        async with transaction(url) as connection:
            with pytest.raises(asyncpg.RaiseError, match=f"rows of {table} are never deleted"):
                await connection.execute(f"DELETE FROM {table}")

    run(main())


def test_two_looks_at_the_reference_data_give_one_version(url: str) -> None:
    """The version is read first: a change that lands between is noticed by the next batch, never missed."""

    async def main() -> None:
        async with connected(url) as one, connected(url) as other:
            recorder = Recorder(one)
            found = await reference(cast(Connection, recorder))
            assert load_module.REFERENCE_VERSION == recorder.order[0]
            assert found.version == await other.fetchval("SELECT reference FROM registry")
            assert {"example", "ote"} == set(found.zones)
            await asyncio.sleep(0)

    run(main())
