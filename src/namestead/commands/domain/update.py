"""Change a registration (RFC 5731, 3.2.5), all or nothing."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from namestead import errors
from namestead.commands.answers import Registration, registration
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.objects.contact import Contact
from namestead.objects.domain import ApplyState, Domain, Phase
from namestead.objects.facts import Changed, Facts, Reference
from namestead.objects.host import Host
from namestead.objects.log import Event
from namestead.objects.names import Name
from namestead.objects.zone import Zone
from namestead.rules import (
    auth_info,
    availability,
    contacts,
    delegation,
    dnssec,
    lifecycle,
    permissions,
    publication,
    statuses,
)
from namestead.rules.contacts import NewContact
from namestead.rules.lifecycle import Act

Unchanged = msgspec.UnsetType
UNCHANGED: Final = msgspec.UNSET
"""A field that the command leaves as it is. None clears: `registrant`, `auth_info`,
`max_signature_life`."""


@dataclass(frozen=True, slots=True)
class UpdateDomain:
    """`contacts`, `statuses`, `ds` and `nameservers` are the whole set wanted, or a `Delta` as EPP gives it.

    `statuses` are the client statuses; server statuses are untouched. `nameservers` is for EPP, whose update may change
    them together with the rest; over HTTP they have a command of their own. An update that changes nothing succeeds
    and leaves the object's version alone.
    """

    name: Name
    registrant: NewContact | str | Unchanged | None = UNCHANGED
    contacts: contacts.Wanted | Unchanged = UNCHANGED
    statuses: statuses.Wanted | Unchanged = UNCHANGED
    auto_renew: bool | Unchanged = UNCHANGED
    auth_info: str | Unchanged | None = UNCHANGED
    ds: dnssec.Wanted | Unchanged = UNCHANGED
    nameservers: delegation.Wanted | Unchanged = UNCHANGED
    max_signature_life: int | Unchanged | None = UNCHANGED

    @property
    def subject(self) -> Name:
        return self.name

    def needs(self, reference: Reference, by: Principal) -> Needs:
        specs = () if self.nameservers is UNCHANGED else delegation.named(self.nameservers)
        registrant = self.registrant if isinstance(self.registrant, str) else None
        linked = () if self.contacts is UNCHANGED else contacts.named(self.contacts)
        return Needs(
            domains=delegation.parents(reference, specs, self.name),
            retained=(self.name,),
            hosts=tuple(spec.host for spec in specs),
            contacts=contacts.handles(registrant, linked),
        )

    def decide(self, facts: Facts, by: Context) -> Outcome[Registration]:
        now = facts.now
        before, zone = permissions.require_own(facts, self.name, by.channel)
        wanted = before.statuses if self.statuses is UNCHANGED else statuses.wanted(before.statuses, self.statuses)
        lifted = frozenset(before.statuses) - frozenset(wanted)
        lifecycle.require(before, Act.UPDATE, now, lifting=lifted & {"clientUpdateProhibited"})
        availability.require_unlocked(facts, self.name, now)
        domain = before if self.statuses is UNCHANGED else replace(before, statuses=wanted)
        domain, made_contacts = self._with_people(facts, by, domain, zone)
        domain = self._with_renewal(domain, zone, now)
        if self.auth_info is not UNCHANGED:
            valid = zone.policy.lengths.auth_info
            kept, until = auth_info.hashed(self.name, self.auth_info, now, valid)
            domain = replace(domain, auth_hash=kept, auth_expires_at=until)
        if self.ds is not UNCHANGED:
            domain = replace(domain, ds=dnssec.wanted(before.ds, self.ds))
        if self.max_signature_life is not UNCHANGED:
            domain = replace(domain, max_signature_life=dnssec.signature_life(self.max_signature_life))
        made_hosts: tuple[Host, ...] = ()
        if self.nameservers is not UNCHANGED:
            hosts, made_hosts = delegation.changed(facts, domain, self.nameservers, by.channel, by.ids.take)
            domain = replace(domain, hosts=hosts)
        if domain == before and not made_hosts:
            return Outcome(registration(facts, before, zone))
        domain = replace(domain, updated_at=now)
        events = _events(facts, before, domain, made_hosts)
        if events:
            domain = publication.queued(domain, now)
        changes: tuple[Changed, ...] = (*made_contacts, domain, *made_hosts)
        return Outcome(
            registration(facts, domain, zone, changes),
            changes=changes,
            events=events,
            apply=ApplyState.PENDING if events else ApplyState.NONE,
        )

    def summary(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "changed": [f.name for f in fields(self) if f.name != "name" and getattr(self, f.name) is not UNCHANGED]
        }
        if self.statuses is not UNCHANGED:
            shown["statuses"] = self.statuses
        if self.auto_renew is not UNCHANGED:
            shown["auto_renew"] = self.auto_renew
        if self.nameservers is not UNCHANGED:
            shown["nameservers"] = delegation.summary(self.nameservers)
        return shown

    def _with_people(self, facts: Facts, by: Context, domain: Domain, zone: Zone) -> tuple[Domain, tuple[Contact, ...]]:
        made: tuple[Contact, ...] = ()
        changed = domain
        if self.registrant is not UNCHANGED:
            holder, made = contacts.changed_registrant(facts, zone, domain, self.registrant, by.channel, by.ids.take)
            changed = replace(changed, registrant_id=holder)
        if self.contacts is not UNCHANGED:
            linked = contacts.changed_contacts(facts, zone, domain, self.contacts, by.channel)
            changed = replace(changed, contacts=linked)
        return changed, made

    def _with_renewal(self, domain: Domain, zone: Zone, now: datetime) -> Domain:
        """With its renewal, the fall of a name changes. An expired name is renewed by its registrar or not at all."""
        if self.auto_renew is UNCHANGED or self.auto_renew == domain.auto_renew:
            return domain
        if lifecycle.phase_at(domain, now) is not Phase.ACTIVE:
            raise Refusal(
                errors.STATUS_PROHIBITS,
                "auto_renew",
                message=f"{domain.name} has expired, so it can no longer be set to renew itself. Renew it first.",
            )
        changed = replace(domain, auto_renew=self.auto_renew)
        return lifecycle.lives_until(changed, domain.expires_at, zone.policy.lengths)


def _events(facts: Facts, before: Domain, after: Domain, made: tuple[Host, ...]) -> tuple[Event, ...]:
    """What the zone may now have to show differently: its delegation, its DS records, whether it is on hold."""
    moved = before.hosts != after.hosts or bool(made)
    held = ("clientHold" in before.statuses) != ("clientHold" in after.statuses)
    signed = before.ds != after.ds
    if not moved and not ((held or signed) and publication.has_data(after)):
        return ()
    left = tuple(facts.hosts_by_id[i] for i in before.hosts if i not in after.hosts)
    return (publication.event(after), *publication.glue(facts.reference, after, (*left, *made)))
