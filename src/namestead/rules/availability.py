"""The one oracle: whether a name can be had, and why not. Every door asks it; nothing else decides.

What each kind of retained entry means stands in one table below, and nowhere else in Namestead.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct

from namestead import errors
from namestead.errors import Fault, Kind, Refusal
from namestead.objects.domain import Domain, Phase
from namestead.objects.facts import Facts
from namestead.objects.names import Name
from namestead.objects.retained import Retained, RetainedKind
from namestead.objects.zone import Zone
from namestead.rules import lifecycle, names


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a retained entry means: the reason `check` gives, the refusal of `create`, whether its token opens it, and
    whether it locks a name that is already registered."""

    reason: str
    refusal: Kind
    opened_by_token: bool
    locks: bool


# fmt: off
MEANINGS: dict[RetainedKind, Meaning] = {
    RetainedKind.BLOCKED:  Meaning("blocked",  errors.NAME_BLOCKED,   opened_by_token=False, locks=False),
    RetainedKind.DISPUTED: Meaning("disputed", errors.NAME_DISPUTED,  opened_by_token=False, locks=True),
    RetainedKind.RESERVED: Meaning("reserved", errors.NAME_RESERVED,  opened_by_token=True,  locks=False),
    RetainedKind.CLAIM:    Meaning("reserved", errors.CLAIM_REQUIRED, opened_by_token=True,  locks=False),
}
# fmt: on
"""In order of precedence: a name both blocked and reserved is blocked."""


class Verdict(Struct, frozen=True, gc=False):
    """`reason` is empty when the name can be had; `opened` is then the retained entry that a token opened."""

    reason: str = ""
    refusal: Refusal | None = None
    claim_required: bool = False
    opened: tuple[Retained, ...] = ()
    domain: Domain | None = None

    @property
    def available(self) -> bool:
        return self.refusal is None


def judge(facts: Facts, name: Name, zone: Zone, now: datetime, token: str | None = None) -> Verdict:
    """Whether a name could be registered at `now`, by the bearer of `token` if one is given."""
    if complaint := label_complaint(name, zone):
        return Verdict("invalid_name", _invalid(name, complaint))
    domain = facts.domain(name)
    if domain is not None:
        phase = lifecycle.phase_at(domain, now)
        if phase is Phase.PENDING_DELETE:
            return Verdict("pending_release", Refusal(errors.DOMAIN_NOT_AVAILABLE, "domain", name), domain=domain)
        if phase not in (Phase.RELEASED, Phase.CANCELLED):
            return Verdict("registered", Refusal(errors.DOMAIN_NOT_AVAILABLE, "domain", name), domain=domain)
    if not zone.policy.open:
        return Verdict("zone_closed", Refusal(errors.ZONE_CLOSED, "domain", name))
    opened: list[Retained] = []
    claim = False
    entries = [entry for entry in facts.retained_for(name) if entry.in_force(now)]
    for kind, meaning in MEANINGS.items():
        for entry in entries:
            if entry.kind is not kind:
                continue
            claim = claim or kind is RetainedKind.CLAIM
            if meaning.opened_by_token and token is not None:
                if not _opens(entry, token):
                    refusal = Refusal(errors.ALLOCATION_TOKEN_INVALID, "allocation_token")
                    return Verdict(meaning.reason, refusal, claim_required=claim)
                opened.append(entry)
                continue
            return Verdict(meaning.reason, Refusal(meaning.refusal, "domain", name), claim_required=claim)
    return Verdict(claim_required=claim, opened=tuple(opened))


def require(facts: Facts, name: Name, zone: Zone, now: datetime, token: str | None = None) -> tuple[Retained, ...]:
    """The retained entries a token opened, to be used up; a `Refusal` when the name cannot be had."""
    verdict = judge(facts, name, zone, now, token)
    if verdict.refusal is not None:
        raise verdict.refusal
    return verdict.opened


def require_unlocked(facts: Facts, name: Name, now: datetime) -> None:
    """Refuse a change to a registered name that a retained entry locks: a name in dispute."""
    for entry in facts.retained_for(name):
        if MEANINGS[entry.kind].locks and entry.in_force(now):
            raise Refusal(
                errors.STATUS_PROHIBITS,
                "domain",
                name,
                message=f"{name} is {entry.kind.value} and cannot be changed, transferred or deleted until that ends. "
                "Renewal is allowed.",
            )


def label_complaint(name: Name, zone: Zone) -> str | None:
    """Why the zone's label policy does not take a name; None if it does. Names lie directly under their zone."""
    label = name[: -len(zone.name) - 1]
    if "." in label:
        return f"Names are registered directly under .{zone.name}."
    return names.check_label(label, zone.policy.label)


def token_hash(token: str) -> bytes:
    """How an allocation token is kept: SHA-256, since it is random and long (DESIGN, invariant 8)."""
    return hashlib.sha256(token.encode()).digest()


def _opens(entry: Retained, token: str) -> bool:
    return entry.token_hash is not None and hmac.compare_digest(entry.token_hash, token_hash(token))


def _invalid(name: Name, complaint: str) -> Refusal:
    return Refusal(
        errors.INVALID_REQUEST,
        "domain",
        name,
        message=f"domain '{name}': {complaint}",
        details=(Fault("domain", "invalid_name", complaint, name),),
    )
