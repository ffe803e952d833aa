"""Register a name (RFC 5731, 3.2.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from namestead import errors
from namestead.commands.answers import Registration, registration
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.money import Money
from namestead.objects.domain import ApplyState, Domain, Ds, Grace, GraceKind
from namestead.objects.facts import Changed, Facts, Reference
from namestead.objects.log import Event, EventKind
from namestead.objects.names import Name
from namestead.objects.spans import add_years
from namestead.rules import (
    auth_info,
    availability,
    contacts,
    delegation,
    dnssec,
    ledger,
    lifecycle,
    permissions,
    pricing,
    sandbox,
)
from namestead.rules.contacts import ContactSpec, NewContact
from namestead.rules.delegation import NameserverSpec


@dataclass(frozen=True, slots=True)
class CreateDomain:
    """`registrant` is a new contact's data or an existing contact's id; `fee` the price agreed to."""

    name: Name
    years: int = 1
    registrant: NewContact | str | None = None
    contacts: tuple[ContactSpec, ...] = ()
    nameservers: tuple[NameserverSpec, ...] = ()
    ds: tuple[Ds, ...] = ()
    auth_info: str | None = None
    auto_renew: bool = True
    allocation_token: str | None = None
    fee: Money | None = None
    max_signature_life: int | None = None

    @property
    def subject(self) -> Name:
        return self.name

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(
            domains=delegation.parents(reference, self.nameservers, self.name),
            retained=(self.name,),
            hosts=tuple(n.host for n in self.nameservers),
            contacts=contacts.handles(self.registrant, self.contacts),
        )

    def decide(self, facts: Facts, by: Context) -> Outcome[Registration]:
        now, registrar = facts.now, by.channel
        zone = permissions.require_zone(facts.reference, self.name)
        opened = availability.require(facts, self.name, zone, now, self.allocation_token)
        years = _require_years(self.years, zone.policy.min_years, zone.policy.max_years)
        account = facts.account(registrar.account_id)
        tier = pricing.tier_of(zone, self.name)
        listed = pricing.price(zone, "create", account.currency, now, tier=tier, years=years)
        price = pricing.agreed(listed, self.fee, premium=tier != "")
        if self.auth_info is not None:
            auth_info.require_strong(self.auth_info)
        lengths = zone.policy.lengths
        bare = Domain(
            id=by.ids.take(),
            name=self.name,
            zone_id=zone.id,
            registrar_id=registrar.id,
            created_by=registrar.id,
            created_at=now,
            expires_at=add_years(now, years),
            auto_renew=self.auto_renew,
        )
        holder, made_contacts = contacts.resolve(facts, zone, self.registrant, self.contacts, registrar, by.ids.take)
        hosts, made_hosts = delegation.resolve(facts, bare, self.nameservers, registrar, by.ids.take)
        queued = bool(hosts)
        grace = Grace(GraceKind.ADD, now + lengths.add_grace, price.amount, price.currency, account.id, years)
        domain = replace(
            bare,
            registrant_id=holder.registrant_id,
            contacts=holder.contacts,
            hosts=hosts,
            ds=dnssec.wanted((), self.ds) if self.ds else (),
            max_signature_life=dnssec.signature_life(self.max_signature_life),
            graces=(grace,),
            auth_hash=auth_info.digest(self.name, self.auth_info) if self.auth_info is not None else None,
            auth_expires_at=now + lengths.auth_info if self.auth_info is not None else None,
            apply_state=ApplyState.PENDING if queued else ApplyState.NONE,
            queued_at=now if queued else None,
            tier=tier,
            fixture=sandbox.is_fixture(self.name, zone, opened),
        )
        if not self.auto_renew:
            domain = lifecycle.lives_until(domain, domain.expires_at, lengths)
        used = tuple(replace(entry, used_at=now, updated_at=now) for entry in opened)
        changes: tuple[Changed, ...] = (*made_contacts, domain, *made_hosts, *used)
        return Outcome(
            registration(facts, domain, zone, changes),
            changes=changes,
            postings=ledger.charge(account, price, "create", self.name),
            events=(Event(EventKind.DELEGATION, zone.id, self.name),) if queued else (),
            apply=ApplyState.PENDING if queued else ApplyState.NONE,
        )

    def summary(self) -> dict[str, Any]:
        return {
            "years": self.years,
            "nameservers": [n.host for n in self.nameservers],
            "auto_renew": self.auto_renew,
        }


def _require_years(years: int, fewest: int, most: int) -> int:
    if not fewest <= years <= most:
        raise Refusal(
            errors.VALUE_OUT_OF_RANGE,
            "years",
            str(years),
            message=f"years is {years}; this zone registers names for {fewest} to {most} years.",
        )
    return years
