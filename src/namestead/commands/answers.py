"""What commands answer: the shapes every door renders, and the log keeps for a replay.

`msgspec.Struct` because these are written to JSON for every command; field names are the contract's own.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from namestead.money import Money
from namestead.objects.contact import Contact, Postal
from namestead.objects.domain import ApplyState, Domain, Phase
from namestead.objects.facts import Changed, Facts
from namestead.objects.host import Host
from namestead.objects.names import Name
from namestead.objects.zone import Zone
from namestead.rules import lifecycle, names


class Amount(msgspec.Struct, frozen=True, gc=False):
    """`amount` is a decimal string, `currency` a code of ISO 4217 or the operator's own."""

    amount: str
    currency: str

    @classmethod
    def of(cls, money: Money) -> Amount:
        return cls(money.decimal(), money.currency)


class Sponsor(msgspec.Struct, frozen=True, gc=False):
    channel_id: str
    slug: str


class Nameserver(msgspec.Struct, frozen=True, gc=False):
    host: str
    addresses: tuple[str, ...]


class NameserverApply(msgspec.Struct, frozen=True, gc=False):
    state: str
    queued_at: datetime | None
    applied_at: datetime | None


class DsData(msgspec.Struct, frozen=True, gc=False):
    key_tag: int
    algorithm: int
    digest_type: int
    digest: str


class LinkedContact(msgspec.Struct, frozen=True, gc=False):
    type: str
    id: str


class BackendState(msgspec.Struct, frozen=True, gc=False):
    adapter: str
    reference: str
    state: str


class Registrant(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The holder, as the sponsor sees it. Empty where the zone has no contacts or none was given."""

    id: str = ""
    name: str = ""
    organization: str = ""
    email: str = ""
    phone: str = ""
    street: tuple[str, ...] = ()
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""


class TransferState(msgspec.Struct, frozen=True, gc=False):
    """`requested_by`, `act_by`, `gaining` and `losing` are registrar slugs. `act_at` is when the transfer ends by itself,
    or when it ended; `expires_at` the name's expiry that it brings, or has brought: null if it moved nothing."""

    status: str
    requested_by: str
    requested_at: datetime
    act_by: str
    act_at: datetime
    gaining: str = ""
    losing: str = ""
    expires_at: datetime | None = None


class Registration(msgspec.Struct, frozen=True, gc=False):
    """A registration as its sponsor sees it. `created_by` is a registrar's slug; `subordinate_hosts` are the names of the
    hosts under it, and null where they were not asked for; `max_signature_life` is in seconds (RFC 5910, 3.3)."""

    domain: str
    unicode_name: str
    tld: str
    roid: str
    registrar: Sponsor
    lifecycle_state: str
    status: tuple[str, ...]
    rgp_status: tuple[str, ...]
    created_at: datetime
    updated_at: datetime | None
    transferred_at: datetime | None
    expires_at: datetime
    redemption_until: datetime | None
    release_at: datetime | None
    auto_renew: bool
    registrant: Registrant
    contacts: tuple[LinkedContact, ...]
    nameservers: tuple[Nameserver, ...]
    nameserver_apply: NameserverApply
    ds: tuple[DsData, ...]
    backend: BackendState
    protected_legacy: bool
    sandbox_fixture: bool
    transfer: TransferState | None = None
    created_by: str = ""
    subordinate_hosts: tuple[str, ...] | None = None
    max_signature_life: int | None = None

    def summary(self) -> dict[str, Any]:
        """What of it may stand in a poll event: no personal data."""
        return {
            "lifecycle_state": self.lifecycle_state,
            "status": self.status,
            "expires_at": self.expires_at,
            "release_at": self.release_at,
            "registrar": self.registrar,
            "nameservers": [n.host for n in self.nameservers],
            "nameserver_apply": self.nameserver_apply.state,
            "transfer": self.transfer,
        }


class PublicRegistration(msgspec.Struct, frozen=True, gc=False):
    """A registration as another registrar sees it: name, state, dates, sponsor, nameservers."""

    domain: str
    unicode_name: str
    tld: str
    roid: str
    registrar: Sponsor
    lifecycle_state: str
    status: tuple[str, ...]
    rgp_status: tuple[str, ...]
    created_at: datetime
    updated_at: datetime | None
    transferred_at: datetime | None
    expires_at: datetime
    redemption_until: datetime | None
    release_at: datetime | None
    nameservers: tuple[Nameserver, ...]


_FALLING = (Phase.REDEMPTION, Phase.PENDING_RESTORE, Phase.PENDING_DELETE, Phase.RELEASED)


def registration(
    facts: Facts, domain: Domain, zone: Zone, changes: tuple[Changed, ...] = (), at: datetime | None = None
) -> Registration:
    """The sponsor's view of a domain at the batch's instant, with what time has brought about already applied.

    `changes` are hosts and contacts the same decision makes, which the facts do not hold yet; `at` an earlier instant.
    """
    now = facts.now if at is None else at
    hosts: Mapping[int, Host] = facts.hosts_by_id
    contacts: Mapping[int, Contact] = facts.contacts_by_id
    if len(changes) > 1:
        hosts = {
            **{i: hosts[i] for i in domain.hosts if i in hosts},
            **{c.id: c for c in changes if isinstance(c, Host)},
        }
        made = {c.id: c for c in changes if isinstance(c, Contact)}
        contacts = ChainMap(made, facts.contacts_by_id) if made else contacts
    domain = lifecycle.as_of(domain, zone, now)
    phase = lifecycle.phase_at(domain, now)
    falling = phase in _FALLING
    registrar = facts.registrar(domain.registrar_id)
    backend = zone.policy.backend
    return Registration(
        domain=domain.name,
        unicode_name=names.to_unicode(domain.name),
        tld=zone.name,
        roid=domain.roid,
        registrar=Sponsor(registrar.channel_id, registrar.slug),
        lifecycle_state=phase.value,
        status=lifecycle.statuses_at(domain, now),
        rgp_status=lifecycle.rgp_statuses_at(domain, now),
        created_at=domain.created_at,
        updated_at=domain.updated_at,
        transferred_at=domain.transferred_at,
        expires_at=domain.expires_at,
        redemption_until=domain.redemption_until if falling else None,
        release_at=domain.release_at if falling else domain.ended_at,
        auto_renew=domain.auto_renew,
        registrant=registrant_of(contacts[domain.registrant_id]) if domain.registrant_id else Registrant(),
        contacts=tuple(LinkedContact(kind, contacts[i].handle) for kind, i in domain.contacts),
        nameservers=tuple(Nameserver(hosts[i].name, hosts[i].addresses) for i in domain.hosts),
        nameserver_apply=NameserverApply(domain.apply_state.value, domain.queued_at, domain.applied_at),
        ds=tuple(DsData(d.key_tag, d.algorithm, d.digest_type, d.digest) for d in domain.ds),
        backend=BackendState(backend.adapter, backend.reference or zone.name, backend_state(domain)),
        protected_legacy=domain.protected_legacy,
        sandbox_fixture=domain.fixture,
        transfer=transfer_state(facts, domain),
        created_by=facts.registrar(domain.created_by).slug,
        max_signature_life=domain.max_signature_life,
    )


def without_people(shown: Registration) -> Registration:
    """A registration without personal data: the holder by id alone."""
    return replace(shown, registrant=Registrant(shown.registrant.id))


def with_hosts_under(facts: Facts, shown: Registration) -> Registration:
    """A registration with the names of the hosts that lie under it."""
    return replace(shown, subordinate_hosts=tuple(h.name for h in facts.subordinates_of(Name(shown.domain))))


def public_registration(facts: Facts, domain: Domain, zone: Zone) -> PublicRegistration:
    """What a registrar that is not the sponsor sees."""
    whole = registration(facts, domain, zone)
    return PublicRegistration(*(getattr(whole, name) for name in PublicRegistration.__struct_fields__))


def transfer_state(facts: Facts, domain: Domain) -> TransferState | None:
    transfer = domain.transfer
    if transfer is None:
        return None
    return TransferState(
        transfer.status.value,
        facts.registrar(transfer.requested_by).slug,
        transfer.requested_at,
        facts.registrar(transfer.act_by).slug,
        transfer.act_at,
        facts.registrar(transfer.gaining_id).slug,
        facts.registrar(transfer.losing_id).slug,
        lifecycle.expiry_after_transfer(domain, transfer.act_at) if transfer.pending else transfer.expires_at,
    )


def backend_state(domain: Domain) -> str:
    """`ready` once the name server was seen to answer what is stored, or when there is nothing to publish."""
    if domain.apply_state in (ApplyState.PENDING, ApplyState.FAILED):
        return domain.apply_state.value
    return "ready"


def registrant_of(contact: Contact) -> Registrant:
    postal = contact.postal if contact.ascii is None or contact.postal != Postal() else contact.ascii
    return Registrant(
        contact.handle,
        postal.name,
        postal.organization,
        contact.email,
        contact.phone,
        postal.street,
        postal.city,
        postal.state,
        postal.postal_code,
        postal.country,
    )
