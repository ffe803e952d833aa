"""Read and write the records of a name that is hosted in its zone itself instead of being delegated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec.structs import replace

from namestead import errors
from namestead.commands.answers import NameserverApply
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.objects.domain import ApplyState, Domain, Records
from namestead.objects.facts import Facts, Reference
from namestead.objects.log import Event, EventKind
from namestead.objects.names import Name
from namestead.rules import availability, lifecycle, names, permissions, publication, records
from namestead.rules.lifecycle import Act


class RecordSet(msgspec.Struct, frozen=True, gc=False):
    """`name` is relative to the domain, `@` for itself; `values` are in presentation form (RFC 1035, 5.1)."""

    name: str
    type: str
    ttl: int
    values: tuple[str, ...]


class RecordSets(msgspec.Struct, frozen=True, gc=False):
    domain: str
    unicode_name: str
    records: tuple[RecordSet, ...]
    apply: NameserverApply

    def summary(self) -> dict[str, Any]:
        return {"records": [f"{r.name} {r.type}" for r in self.records], "apply": self.apply.state}


@dataclass(frozen=True, slots=True)
class GetRecords:
    """A name that is delegated has none: its list is empty."""

    name: Name

    @property
    def subject(self) -> Name:
        return self.name

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(domains=(self.name,))

    def decide(self, facts: Facts, by: Context) -> Outcome[RecordSets]:
        stored, zone = permissions.require_domain(facts, self.name)
        domain = lifecycle.as_of(stored, zone, facts.now)
        if domain.ended_at is not None:
            raise Refusal(errors.DOMAIN_NOT_FOUND, "domain", self.name)
        permissions.require_sponsor(domain, by.channel)
        permissions.require_records(by.channel, zone)
        return Outcome(_shown(domain))

    def summary(self) -> dict[str, Any]:
        return {}


@dataclass(frozen=True, slots=True)
class UpdateRecords:
    """`records` is the whole set wanted, empty to remove them all; values are checked and made canonical.

    The set the name has already succeeds too: it is published again if the last attempt failed, else nothing is left
    to do.
    """

    name: Name
    records: tuple[Records, ...]

    @property
    def subject(self) -> Name:
        return self.name

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(domains=(self.name,), retained=(self.name,))

    def decide(self, facts: Facts, by: Context) -> Outcome[RecordSets]:
        before, zone = permissions.require_own(facts, self.name, by.channel)
        wanted = records.checked(self.name, self.records)
        lifecycle.require(before, Act.UPDATE, facts.now)
        availability.require_unlocked(facts, self.name, facts.now)
        if before.hosts and wanted:
            raise Refusal(errors.DELEGATED_DOMAIN_HAS_NO_RECORDS, "domain", self.name)
        permissions.require_records(by.channel, zone)
        if wanted == before.records and before.apply_state is not ApplyState.FAILED:
            return Outcome(_shown(before), pending=before.apply_state is ApplyState.PENDING)
        domain = publication.queued(replace(before, records=wanted, updated_at=facts.now), facts.now)
        return Outcome(
            _shown(domain),
            changes=(domain,),
            events=(Event(EventKind.RECORDS, zone.id, self.name),),
            pending=True,
            apply=ApplyState.PENDING,
        )

    def summary(self) -> dict[str, Any]:
        return {"records": [f"{r.name} {r.type}" for r in self.records]}


def _shown(domain: Domain) -> RecordSets:
    return RecordSets(
        domain.name,
        names.to_unicode(domain.name),
        tuple(RecordSet(r.name, r.type, r.ttl, r.values) for r in domain.records),
        NameserverApply(domain.apply_state.value, domain.queued_at, domain.applied_at),
    )
