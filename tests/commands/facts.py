"""A register in memory, to decide commands against without a database.

`Register.load` gives a command exactly what its `needs` declare and what the store adds to them (`commands/protocol`,
`Needs`), so that a need that was forgotten fails here as it would there.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from namestead.commands.protocol import AnyCommand, Context, Ids, Needs, Outcome, Principal
from namestead.errors import Kind, Refusal
from namestead.objects.account import Account, Posting
from namestead.objects.contact import Contact, Postal
from namestead.objects.domain import Domain, Ds, Grace, GraceKind, Transfer, TransferStatus
from namestead.objects.facts import Changed, Facts, Reference
from namestead.objects.host import Host
from namestead.objects.log import Surface
from namestead.objects.message import PollMessage
from namestead.objects.names import Name
from namestead.objects.registrar import Listing, ListingStatus, Registrar
from namestead.objects.retained import Retained, RetainedKind
from namestead.objects.zone import Backend, Policy, Price, Zone
from namestead.rules import auth_info, availability, lifecycle
from namestead.store.load import MOST_LINKS

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BORN = datetime(2025, 6, 1, 12, tzinfo=UTC)
EXPIRES = datetime(2027, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)

ALICE = Name("alice.example")
BOB = Name("bob.example")
SECRET = "Correct-Horse-Battery-9"
TOKEN = "let-me-have-it-please"

PRICES = tuple(
    Price(command, amount, currency, tier)
    for currency in ("EUR", "USD")
    for command, amount, tier in (
        ("create", 1000, ""),
        ("renew", 1100, ""),
        ("transfer", 1200, ""),
        ("restore", 4000, ""),
        ("create", 50_000, "gold"),
        ("renew", 51_000, "gold"),
        ("transfer", 52_000, "gold"),
    )
)
POLICY = Policy(prices=PRICES, premium={"gold": "gold"}, backend=Backend(adapter="none"))


def zone(zone_id: int = 1, name: str = "example", *, test: bool = False, **policy: Any) -> Zone:
    return Zone(zone_id, Name(name), test, None, replace(POLICY, **policy), BORN)


def registrar(registrar_id: int, slug: str, account_id: int, **fields: Any) -> Registrar:
    values = {"approved": True, "production_approved": True, "dns_module": True, "created_at": BORN, **fields}
    return Registrar(registrar_id, account_id, f"ch_{slug}", slug, slug.title(), **values)


ALPHA = registrar(11, "alpha", 101)
BETA = registrar(12, "beta", 102)
GAMMA = registrar(13, "gamma", 103, dns_module=False)
UNLISTED = registrar(14, "unlisted", 104)
REHEARSING = registrar(15, "rehearsing", 105, production_approved=False)
REGISTRARS = (ALPHA, BETA, GAMMA, UNLISTED, REHEARSING)


def account(account_id: int, slug: str, balance: int = 1_000_000, **fields: Any) -> Account:
    values = {"currency": "EUR", "held": 0, "credit": 0, "created_at": BORN, **fields}
    return Account(id=account_id, slug=slug, name=slug.title(), balance=balance, **values)


def domain(name: str = ALICE, domain_id: int = 1001, registrar_id: int = ALPHA.id, **fields: Any) -> Domain:
    """A name at rest: nine months old, two years long, renewing itself, outside every grace period."""
    values = {"created_at": BORN, "expires_at": EXPIRES, "auto_renew": True, **fields}
    made = Domain(
        id=domain_id, name=Name(name), zone_id=1, registrar_id=registrar_id, created_by=registrar_id, **values
    )
    if not made.auto_renew and made.lapses_at is None and made.deleted_at is None and "noted" not in fields:
        made = lifecycle.lives_until(made, made.expires_at, POLICY.lengths)
    return made


def grace(
    kind: GraceKind, until: datetime = NOW + DAY, amount: int = 1000, years: int = 1, account_id: int = 101
) -> Grace:
    return Grace(kind, until, amount, "EUR", account_id, years)


def pending(*, push: bool = False, held: int = 1200, act_at: datetime = NOW + 2 * DAY, **fields: Any) -> Transfer:
    """A pull by beta from alpha, or a push the same way, asked for three days ago."""
    values = {"gaining_id": BETA.id, "losing_id": ALPHA.id, **fields}
    held = 0 if push else held
    return Transfer(
        status=TransferStatus.PENDING,
        push=push,
        requested_at=NOW - 3 * DAY,
        act_at=act_at,
        amount=held,
        currency="EUR" if held else "",
        hold_account_id=BETA.account_id if not push else None,
        **values,
    )


def secured(made: Domain, secret: str = SECRET, until: datetime = NOW + DAY) -> Domain:
    return replace(made, auth_hash=auth_info.digest(made.name, secret), auth_expires_at=until)


def deleted(name: str = ALICE, at: datetime = NOW - DAY, **fields: Any) -> Domain:
    """A name in redemption since `at`."""
    return lifecycle.deleted(domain(name, **fields), zone(), at)


def expired(name: str = ALICE, at: datetime = NOW - DAY, **fields: Any) -> Domain:
    """A name that expired at `at` and was not renewed; nobody has written that down."""
    return domain(name, expires_at=at, auto_renew=False, **fields)


def host(name: str, host_id: int, parent_id: int | None = None, registrar_id: int = ALPHA.id, **fields: Any) -> Host:
    addresses = ("203.0.114.1",) if parent_id is not None else ()
    values = {"addresses": addresses, **fields}
    return Host(host_id, Name(name), registrar_id, registrar_id, BORN, parent_id, **values)


def contact(handle: str, contact_id: int, registrar_id: int = ALPHA.id, **fields: Any) -> Contact:
    return Contact(contact_id, handle, registrar_id, registrar_id, BORN, Postal(name=f"Holder {handle}"), **fields)


def retained(kind: RetainedKind, name: str = ALICE, entry_id: int = 9001, **fields: Any) -> Retained:
    opened = kind in (RetainedKind.RESERVED, RetainedKind.CLAIM)
    values = {"token_hash": availability.token_hash(TOKEN) if opened else None, **fields}
    return Retained(entry_id, Name(name), kind, BORN, **values)


def ds(key_tag: int = 12345, algorithm: int = 13, digest_type: int = 2, digest: str = "AB" * 32) -> Ds:
    return Ds(key_tag, algorithm, digest_type, digest)


class Register:
    """Everything there is. `zones` replaces the zones, `accounts` single accounts; other objects come as `things`."""

    def __init__(
        self,
        *things: Changed,
        now: datetime = NOW,
        zones: tuple[Zone, ...] = (),
        accounts: tuple[Account, ...] = (),
        failed_auth: int = 0,
    ) -> None:
        self.now = now
        self.reference = Reference(1)
        self.ids = itertools.count(5000)
        self.failed: dict[str, int] = {}
        self.usual_failures = failed_auth
        self.domains: dict[int, Domain] = {}
        self.hosts: dict[int, Host] = {}
        self.contacts: dict[int, Contact] = {}
        self.retained: dict[int, Retained] = {}
        self.accounts: dict[int, Account] = {}
        self.messages: dict[int, PollMessage] = {}
        for z in zones or (zone(), zone(2, "test", test=True)):
            self.reference.put_zone(z)
            for r in REGISTRARS:
                if r is not UNLISTED:
                    self.reference.put_listing(Listing(r.id, z.id, ListingStatus.APPROVED))
        for r in REGISTRARS:
            self.reference.put_registrar(r)
            self.accounts[r.account_id] = account(r.account_id, r.slug)
        for a in accounts:
            self.accounts[a.id] = a
        self.put(*things)

    def put(self, *things: Changed) -> None:
        for thing in things:
            match thing:
                case Domain():
                    self.domains[thing.id] = thing
                case Host():
                    self.hosts[thing.id] = thing
                case Contact():
                    self.contacts[thing.id] = thing
                case Retained():
                    self.retained[thing.id] = thing
                case Account():
                    self.accounts[thing.id] = thing
                case PollMessage():
                    self.messages[thing.id] = thing
                case Registrar():
                    self.reference.put_registrar(thing)
                case _:
                    raise TypeError(thing)

    def post(self, postings: Iterable[Posting]) -> None:
        facts = Facts(self.now, self.reference, accounts=self.accounts)
        facts.post(postings)

    def live(self, name: str) -> Domain | None:
        return next((d for d in self.domains.values() if d.name == name and d.ended_at is None), None)

    def named(self, name: str) -> Domain:
        found = self.live(name)
        assert found is not None, name
        return found

    def principal(self, by: Registrar) -> Principal:
        return Principal("key:1", by.account_id, by.id)

    def load(self, needs: Needs, by: Registrar | None = None) -> Facts:
        """What a batch of one command with these needs is given (`store/load.py`)."""
        facts = Facts(self.now, self.reference.copy() if needs.reference else self.reference)
        wanted = {self.reference.registrars[by.id].account_id} if by is not None else set()
        wanted.update(needs.accounts)
        due = set(needs.subordinates)
        for name in needs.domains:
            found = facts.domains[name] = self.live(name)
            if found is None:
                continue
            facts.domains_by_id[found.id] = found
            parties = [found.registrar_id]
            if found.transfer is not None and found.transfer.pending:
                parties.append(found.transfer.gaining_id)
            wanted.update(self.reference.registrars[i].account_id for i in parties)
            event = lifecycle.next_due(found)
            if event is not None and event.at <= self.now:
                due.add(name)
            facts.hosts_by_id.update({i: self.hosts[i] for i in found.hosts})
            people = [i for _, i in found.contacts] + ([found.registrant_id] if found.registrant_id else [])
            facts.contacts_by_id.update({i: self.contacts[i] for i in people})
        facts.accounts.update({i: self.accounts[i] for i in wanted})
        for name in needs.hosts:
            facts.hosts[name] = next((h for h in self.hosts.values() if h.name == name and h.deleted_at is None), None)
        facts.hosts_by_id.update({h.id: h for h in facts.hosts.values() if h is not None})
        for handle in needs.contacts:
            known = (c for c in self.contacts.values() if c.handle == handle and c.deleted_at is None)
            facts.contacts[handle] = next(known, None)
        facts.contacts_by_id.update({c.id: c for c in facts.contacts.values() if c is not None})
        for name in due:
            self._load_subordinates(facts, Name(name))
        self._load_users(facts, needs)
        for message_id in needs.messages:
            facts.messages[message_id] = self.messages.get(message_id)
        if needs.messages and by is not None:
            waits = (m for m in self.messages.values() if m.registrar_id == by.id and m.acked_at is None)
            facts.waiting[by.id] = sum(1 for _ in waits)
        for name in needs.retained:
            entries = (r for r in self.retained.values() if r.name == name)
            facts.retained[name] = tuple(r for r in entries if r.removed_at is None and r.used_at is None)
        facts.failed_auth = {name: self.failed.get(name, self.usual_failures) for name in needs.failed_auth}
        return facts

    def _load_users(self, facts: Facts, needs: Needs) -> None:
        live = [d for d in self.domains.values() if d.ended_at is None]
        for name in needs.linked_hosts:
            host = facts.hosts.get(name)
            if host is not None:
                facts.linked_hosts[host.id] = self._linked(facts, [d for d in live if host.id in d.hosts])
        for handle in needs.linked_contacts:
            contact = facts.contacts.get(handle)
            if contact is not None:
                i = contact.id
                linked = [d for d in live if i == d.registrant_id or i in [c for _, c in d.contacts]]
                facts.linked_contacts[i] = self._linked(facts, linked)

    def _linked(self, facts: Facts, domains: list[Domain]) -> frozenset[int]:
        shown = domains[:MOST_LINKS]
        facts.users.update({d.id: (d.name, d.registrar_id) for d in shown})
        return frozenset({d.id for d in shown} | ({0} if len(domains) > MOST_LINKS else set()))

    def _load_subordinates(self, facts: Facts, name: Name) -> None:
        parent = facts.domains.get(name)
        under = [h for h in self.hosts.values() if parent and h.parent_id == parent.id and h.deleted_at is None]
        facts.subordinates[name] = frozenset(h.id for h in under)
        for h in under:
            facts.hosts_by_id[h.id] = h
            users = (d.id for d in self.domains.values() if d.ended_at is None and h.id in d.hosts)
            facts.linked_hosts[h.id] = frozenset(users)

    def context(self, by: Registrar) -> Context:
        channel = self.reference.registrars[by.id]
        return Context(self.principal(by), channel, Surface.HTTP, sandbox=False, ids=Ids(lambda: next(self.ids)))

    def decide(self, command: AnyCommand, by: Registrar = ALPHA) -> Outcome[Any]:
        """The command's decision; nothing is changed."""
        facts = self.load(command.needs(self.reference, self.principal(by)), by)
        return command.decide(facts, self.context(by))

    def run(self, command: AnyCommand, by: Registrar = ALPHA) -> Outcome[Any]:
        """The command's decision, carried out."""
        outcome = self.decide(command, by)
        self.put(*outcome.changes)
        self.post(outcome.postings)
        return outcome

    def refusal(self, command: AnyCommand, by: Registrar = ALPHA) -> Refusal:
        """The refusal a command ends with."""
        with pytest.raises(Refusal) as caught:
            self.decide(command, by)
        return caught.value

    def kind(self, command: AnyCommand, by: Registrar = ALPHA) -> Kind:
        return self.refusal(command, by).kind


def money(outcome: Outcome[Any]) -> list[tuple[str, str, int, str]]:
    """An outcome's postings as (from, to, minor units, reason), accounts by number and book."""

    def side(account_id: int, book: str) -> str:
        return {-1: "income", -2: "cash"}.get(account_id) or f"{account_id}:{book}"

    return [(side(p.debit, p.debit_book), side(p.credit, p.credit_book), p.amount, p.reason) for p in outcome.postings]


def changed(outcome: Outcome[Any], kind: type[Any] = Domain) -> Any:
    """The one object of a kind that an outcome changes."""
    [found] = [c for c in outcome.changes if isinstance(c, kind)]
    return found
