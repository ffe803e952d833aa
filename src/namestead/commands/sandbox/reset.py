"""Put the fixtures of the rehearsal into a known state, and let keys be used anew."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from namestead import errors
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.money import Money
from namestead.objects.account import Posting
from namestead.objects.domain import ApplyState, Domain, EndReason
from namestead.objects.facts import Changed, Facts, Reference
from namestead.objects.log import Event
from namestead.objects.names import Name
from namestead.objects.registrar import Registrar
from namestead.objects.retained import Retained, RetainedKind
from namestead.objects.spans import add_years
from namestead.objects.zone import Zone
from namestead.rules import (
    auth_info,
    availability,
    delegation,
    ledger,
    lifecycle,
    permissions,
    publication,
    sandbox,
    transfers,
)

OLD: Final = timedelta(days=183)
"""Fixtures are half a year old: outside every grace period, and far from their expiry."""


class Fixture(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A name to rehearse with. `allocation_token` and `auth_info` are props, not secrets: they open nothing else."""

    domain: str
    purpose: str
    allocation_token: str | None = None
    auth_info: str | None = None


class SandboxReset(msgspec.Struct, frozen=True, gc=False):
    """`epoch` counts the channel's resets: keys of sandbox and test-zone commands are fresh in each."""

    tld: str
    fixtures: tuple[Fixture, ...]
    epoch: int

    def summary(self) -> dict[str, Any]:
        return {"tld": self.tld, "epoch": self.epoch, "fixtures": [f.domain for f in self.fixtures]}


@dataclass(frozen=True, slots=True)
class ResetSandbox:
    """Ends what is left of the fixtures under a TLD, whoever had them, and makes them anew for the channel: they belong
    to the channel that reset last. A name that is not marked as a fixture stops it all. Nothing is charged; what is
    held or refundable on a fixture goes back.
    """

    tld: Name

    @property
    def subject(self) -> None:
        return None

    def needs(self, reference: Reference, by: Principal) -> Needs:
        zone = reference.zones.get(self.tld)
        fixtures = () if zone is None else tuple(sandbox.name_of(label, zone) for label in sandbox.PURPOSES)
        return Needs(domains=fixtures, retained=fixtures, subordinates=fixtures, reference=True)

    def decide(self, facts: Facts, by: Context) -> Outcome[SandboxReset]:
        channel = by.channel
        zone = facts.reference.zones.get(self.tld)
        if zone is None:
            raise Refusal(errors.REGISTRAR_NAMESPACE_NOT_APPROVED, "tld", self.tld)
        permissions.require_listing(facts.reference, channel, zone)
        _require_fixtures_only(facts, zone)
        epoch = channel.epoch + 1
        cleared = _cleared(facts, zone)
        made = tuple(_registered(facts, by, zone, label, epoch) for label in sandbox.REGISTERED)
        claim = Retained(
            id=by.ids.take(),
            name=sandbox.name_of(sandbox.CLAIM, zone),
            kind=RetainedKind.CLAIM,
            created_at=facts.now,
            reason="OT&E fixture",
            token_hash=availability.token_hash(sandbox.token(channel, epoch)),
            created_by=channel.slug,
            fixture=True,
        )
        return Outcome(
            SandboxReset(zone.name, _fixtures(zone, channel, epoch), epoch),
            changes=(*cleared.changes, *made, claim, replace(channel, epoch=epoch, updated_at=facts.now)),
            postings=cleared.postings,
            events=cleared.events,
            apply=ApplyState.PENDING if cleared.events else ApplyState.NONE,
        )

    def summary(self) -> dict[str, Any]:
        return {"tld": self.tld}


class _Cleared(msgspec.Struct, frozen=True):
    changes: tuple[Changed, ...]
    postings: tuple[Posting, ...]
    events: tuple[Event, ...]


def _fixtures(zone: Zone, channel: Registrar, epoch: int) -> tuple[Fixture, ...]:
    return tuple(
        Fixture(
            sandbox.name_of(label, zone),
            purpose,
            sandbox.token(channel, epoch) if label == sandbox.CLAIM else None,
            sandbox.auth_info(channel, epoch) if label == sandbox.TRANSFER else None,
        )
        for label, purpose in sandbox.PURPOSES.items()
    )


def _require_fixtures_only(facts: Facts, zone: Zone) -> None:
    """Refuse as a whole when a real registration, or an entry the operator made, stands where a fixture goes."""
    for label in sandbox.PURPOSES:
        name = sandbox.name_of(label, zone)
        domain = facts.domain(name)
        real = domain is not None and not domain.fixture
        kept = any(not entry.fixture and entry.in_force(facts.now) for entry in facts.retained_for(name))
        if real or kept:
            raise Refusal(errors.SANDBOX_FIXTURE_IS_REAL_NAME, "domain", name)


def _cleared(facts: Facts, zone: Zone) -> _Cleared:
    changes: list[Changed] = []
    postings: tuple[Posting, ...] = ()
    events: list[Event] = []
    for label in sandbox.PURPOSES:
        name = sandbox.name_of(label, zone)
        changes += (
            replace(entry, removed_at=facts.now, updated_at=facts.now)
            for entry in facts.retained_for(name)
            if entry.fixture and entry.removed_at is None and entry.used_at is None
        )
        domain = facts.domain(name)
        if domain is None:
            continue
        postings += transfers.released(domain)
        for refund in lifecycle.refunds(domain, facts.now):
            amount = Money(refund.amount, refund.currency)
            postings += ledger.refund(refund.account_id, amount, "sandbox_reset", name)
        ended = lifecycle.ended(domain, facts.now, EndReason.CANCELLED)
        if publication.has_data(domain):
            ended = publication.queued(ended, facts.now)
            events.append(publication.withdrawn(ended))
        changes += (ended, *delegation.left_behind(facts, domain, facts.now))
    return _Cleared(tuple(changes), postings, tuple(events))


def _registered(facts: Facts, by: Context, zone: Zone, label: str, epoch: int) -> Domain:
    """A fixture as it stands half a year after it was registered for a year. It does not renew itself: nobody is ever
    charged for one that was forgotten."""
    name, lengths = sandbox.name_of(label, zone), zone.policy.lengths
    created_at = facts.now - OLD
    kept, until = None, None
    if label == sandbox.TRANSFER:
        kept, until = auth_info.hashed(name, sandbox.auth_info(by.channel, epoch), facts.now, lengths.auth_info)
    domain = Domain(
        id=by.ids.take(),
        name=name,
        zone_id=zone.id,
        registrar_id=by.channel.id,
        created_by=by.channel.id,
        created_at=created_at,
        expires_at=add_years(created_at, 1),
        auto_renew=False,
        auth_hash=kept,
        auth_expires_at=until,
        fixture=True,
    )
    return lifecycle.lives_until(domain, domain.expires_at, lengths)
