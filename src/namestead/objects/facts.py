"""What a batch knows: the part of the register its commands asked about, at one instant.

Filled by the store, read by rules and commands, and moved forward by the engine as each command is decided, so that a
later command sees what an earlier one did. Asking for something that no command declared it needs is a programming
error and raises `NotLoaded`, so that a missing `needs` is found by a test and not by a race.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias

from namestead.objects.account import Account, Book, Posting
from namestead.objects.contact import Contact
from namestead.objects.domain import Domain
from namestead.objects.epp_access import ClientCertificate, EppAccess
from namestead.objects.host import Host
from namestead.objects.message import PollMessage
from namestead.objects.names import Name
from namestead.objects.registrar import ApiKey, Listing, Registrar
from namestead.objects.retained import Retained
from namestead.objects.zone import Zone

Changed: TypeAlias = (
    Domain
    | Host
    | Contact
    | Retained
    | Registrar
    | Listing
    | Zone
    | Account
    | ApiKey
    | EppAccess
    | ClientCertificate
    | PollMessage
)

OTHERS: Final = (Name(""), 0)
"""In place of a name and its sponsor: more domains than were read, of whomever."""


class NotLoaded(LookupError):
    """A decision asked for a fact its command did not declare in `needs`."""


@dataclass(slots=True)
class Reference:
    """What changes rarely and every command relies on: zones, registrars, listings. Cached by version; a batch holds
    a shared lock on it, and a command that changes it holds it alone."""

    version: int = -1
    zones: dict[Name, Zone] = field(default_factory=dict)
    zones_by_id: dict[int, Zone] = field(default_factory=dict)
    registrars: dict[int, Registrar] = field(default_factory=dict)
    by_slug: dict[str, Registrar] = field(default_factory=dict)
    listings: dict[tuple[int, int], Listing] = field(default_factory=dict)

    def copy(self) -> Reference:
        return Reference(
            self.version,
            dict(self.zones),
            dict(self.zones_by_id),
            dict(self.registrars),
            dict(self.by_slug),
            dict(self.listings),
        )

    def put_zone(self, zone: Zone) -> None:
        self.zones[zone.name] = zone
        self.zones_by_id[zone.id] = zone

    def put_registrar(self, registrar: Registrar) -> None:
        self.registrars[registrar.id] = registrar
        self.by_slug[registrar.slug] = registrar

    def put_listing(self, listing: Listing) -> None:
        self.listings[listing.registrar_id, listing.zone_id] = listing

    def gathers_evidence(self, registrar_id: int | None) -> bool:
        """Whether a channel's queries, refusals at the gates and replays are logged too: while its OT&E run is open."""
        registrar = self.registrars.get(registrar_id or 0)
        return registrar is not None and registrar.evidence

    def zone_of(self, name: Name) -> Zone | None:
        """The zone a name lies under: the longest suffix that is one of ours."""
        rest: str = name
        while True:
            _, dot, rest = rest.partition(".")
            if not dot:
                return None
            zone = self.zones.get(Name(rest))
            if zone is not None:
                return zone


@dataclass(slots=True)
class Facts:
    """Dictionaries keyed by what a command names. A key present with `None` was looked for and does not exist.

    `users` are name and sponsor of domains that are linked to a host or contact, by object id; `waiting` how many poll
    messages a registrar has."""

    now: datetime
    reference: Reference
    domains: dict[Name, Domain | None] = field(default_factory=dict)
    domains_by_id: dict[int, Domain] = field(default_factory=dict)
    hosts: dict[Name, Host | None] = field(default_factory=dict)
    hosts_by_id: dict[int, Host] = field(default_factory=dict)
    contacts: dict[str, Contact | None] = field(default_factory=dict)
    contacts_by_id: dict[int, Contact] = field(default_factory=dict)
    retained: dict[Name, tuple[Retained, ...]] = field(default_factory=dict)
    accounts: dict[int, Account] = field(default_factory=dict)
    subordinates: dict[Name, frozenset[int]] = field(default_factory=dict)
    linked_hosts: dict[int, frozenset[int]] = field(default_factory=dict)
    linked_contacts: dict[int, frozenset[int]] = field(default_factory=dict)
    failed_auth: dict[Name, int] = field(default_factory=dict)
    keys: dict[str, ApiKey | None] = field(default_factory=dict)
    epp_access: dict[int, EppAccess | None] = field(default_factory=dict)
    certificates: dict[bytes, ClientCertificate | None] = field(default_factory=dict)
    users: dict[int, tuple[Name, int]] = field(default_factory=dict)
    messages: dict[int, PollMessage | None] = field(default_factory=dict)
    waiting: dict[int, int] = field(default_factory=dict)

    def domain(self, name: Name) -> Domain | None:
        """The live registration of a name, or None if it has none."""
        try:
            return self.domains[name]
        except KeyError:
            raise NotLoaded(f"domain {name}") from None

    def host(self, name: Name) -> Host | None:
        try:
            return self.hosts[name]
        except KeyError:
            raise NotLoaded(f"host {name}") from None

    def contact(self, handle: str) -> Contact | None:
        try:
            return self.contacts[handle]
        except KeyError:
            raise NotLoaded(f"contact {handle}") from None

    def retained_for(self, name: Name) -> tuple[Retained, ...]:
        try:
            return self.retained[name]
        except KeyError:
            raise NotLoaded(f"retained {name}") from None

    def account(self, account_id: int) -> Account:
        try:
            return self.accounts[account_id]
        except KeyError:
            raise NotLoaded(f"account {account_id}") from None

    def account_of(self, slug: str) -> Account | None:
        """The account with a slug, of those that were asked for (`Needs.account_slugs`) or made since."""
        return next((account for account in self.accounts.values() if account.slug == slug), None)

    def subordinates_of(self, name: Name) -> tuple[Host, ...]:
        """The live hosts that lie under a domain (RFC 5731, 1.1), by name."""
        try:
            ids = self.subordinates[name]
        except KeyError:
            raise NotLoaded(f"hosts under {name}") from None
        found = (self.hosts_by_id[i] for i in ids)
        return tuple(sorted((h for h in found if h.deleted_at is None), key=lambda h: h.name))

    def links_to_host(self, host_id: int) -> frozenset[int]:
        """Ids of some of the domains delegated to a host (a bounded number; empty means none)."""
        try:
            return self.linked_hosts[host_id]
        except KeyError:
            raise NotLoaded(f"links to host {host_id}") from None

    def links_to_contact(self, contact_id: int) -> frozenset[int]:
        try:
            return self.linked_contacts[contact_id]
        except KeyError:
            raise NotLoaded(f"links to contact {contact_id}") from None

    def epp_access_of(self, registrar_id: int) -> EppAccess | None:
        """How a registrar may come in through EPP; None if it never could."""
        try:
            return self.epp_access[registrar_id]
        except KeyError:
            raise NotLoaded(f"EPP access of registrar {registrar_id}") from None

    def certificate(self, fingerprint: bytes) -> ClientCertificate | None:
        """Whose client certificate this is now."""
        try:
            return self.certificates[fingerprint]
        except KeyError:
            raise NotLoaded(f"certificate {fingerprint.hex()}") from None

    def users_of(self, links: frozenset[int]) -> tuple[tuple[Name, int], ...]:
        """The names of linked domains, each with its sponsor's id, sorted. `OTHERS` stands last where there are more
        than were read."""
        known = []
        for i in links - {0}:
            domain = self.domains_by_id.get(i)
            if domain is not None:
                known.append((domain.name, domain.registrar_id))
            elif i in self.users:
                known.append(self.users[i])
        return (*sorted(known), *((OTHERS,) if 0 in links else ()))

    def zone_of(self, name: Name) -> Zone | None:
        return self.reference.zone_of(name)

    def registrar(self, registrar_id: int) -> Registrar:
        return self.reference.registrars[registrar_id]

    def put(self, change: Changed) -> None:
        """Let later decisions see a changed or new object."""
        match change:
            case Domain():
                self._put_domain(change)
            case Host():
                self._put_host(change)
            case Contact():
                self.contacts[change.handle] = None if change.deleted_at else change
                self.contacts_by_id[change.id] = change
                self.linked_contacts.setdefault(change.id, frozenset())
            case Retained():
                others = tuple(r for r in self.retained.get(change.name, ()) if r.id != change.id)
                self.retained[change.name] = (*others, change)
            case Account():
                self.accounts[change.id] = change
            case Registrar():
                self.reference.put_registrar(change)
            case Listing():
                self.reference.put_listing(change)
            case Zone():
                self.reference.put_zone(change)
            case ApiKey():
                self.keys[change.id] = change
            case EppAccess():
                self.epp_access[change.registrar_id] = change
            case ClientCertificate():
                self.certificates[change.fingerprint] = None if change.removed_at else change
            case PollMessage():
                self._put_message(change)

    def _put_domain(self, domain: Domain) -> None:
        before = self.domains_by_id.get(domain.id)
        ended = domain.ended_at is not None
        self.domains[domain.name] = None if ended else domain
        self.domains_by_id[domain.id] = domain
        if before is None:
            self.subordinates.setdefault(domain.name, frozenset())
            if not domain.hosts and not domain.contacts and domain.registrant_id is None:
                return
        _relink(self.linked_hosts, domain.id, before.hosts if before else (), () if ended else domain.hosts)
        _relink(
            self.linked_contacts,
            domain.id,
            _contact_ids(before) if before else (),
            () if ended else _contact_ids(domain),
        )

    def _put_host(self, host: Host) -> None:
        before = self.hosts_by_id.get(host.id)
        if before is not None and before.name != host.name:
            self.hosts[before.name] = None
        self.hosts[host.name] = None if host.deleted_at else host
        self.hosts_by_id[host.id] = host
        if before is None:
            self.linked_hosts.setdefault(host.id, frozenset())
        if host.parent_id is not None:
            parent = self.domains_by_id.get(host.parent_id)
            if parent is not None and parent.name in self.subordinates:
                self.subordinates[parent.name] = self.subordinates[parent.name] | {host.id}
        if before is not None and before.parent_id is not None and before.parent_id != host.parent_id:
            old = self.domains_by_id.get(before.parent_id)
            if old is not None and old.name in self.subordinates:
                self.subordinates[old.name] = self.subordinates[old.name] - {host.id}

    def _put_message(self, message: PollMessage) -> None:
        self.messages[message.id] = message
        if message.acked_at is not None and message.registrar_id in self.waiting:
            self.waiting[message.registrar_id] -= 1

    def post(self, postings: Iterable[Posting]) -> None:
        """Move money between the accounts of this batch. System accounts (negative ids) keep no balance."""
        for p in postings:
            for account_id, book, amount in (
                (p.debit, p.debit_book, -p.amount),
                (p.credit, p.credit_book, p.amount),
            ):
                if account_id > 0:
                    account = self.account(account_id)
                    if book is Book.BALANCE:
                        self.accounts[account_id] = account.moved(amount, 0)
                    else:
                        self.accounts[account_id] = account.moved(0, amount)


def _contact_ids(domain: Domain) -> tuple[int, ...]:
    ids = tuple(contact_id for _, contact_id in domain.contacts)
    return ids if domain.registrant_id is None else (domain.registrant_id, *ids)


def _relink(links: dict[int, frozenset[int]], domain_id: int, before: tuple[int, ...], after: tuple[int, ...]) -> None:
    if before == after:
        return
    for target in before:
        if target not in after and target in links:
            links[target] = links[target] - {domain_id}
    for target in after:
        if target not in before and target in links:
            links[target] = links[target] | {domain_id}
