"""Make a zone, or change its policy: the whole of what the operator wants it to be.

The plan, what would change, is drawn by the caller from the policy before and after. Here the policy is held against
what the registry can do at all, and `version` against what the plan was drawn from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from namestead import errors, money
from namestead.commands.operator.answers import ZoneState
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Fault, Refusal
from namestead.objects.facts import Facts, Reference
from namestead.objects.names import Name
from namestead.objects.zone import Policy, Zone
from namestead.rules.lifecycle import MAX_YEARS

PRICED = ("create", "renew", "transfer", "restore")
"""The commands a zone may put a price on."""


@dataclass(frozen=True, slots=True)
class ApplyZone:
    """`house_registrar` is a slug. `version` is that of the zone the plan was drawn from, 0 for a new one; None applies
    whatever is there. A zone never turns from a test zone into a real one: keys, money and approvals differ."""

    name: Name
    test: bool = False
    house_registrar: str | None = None
    policy: Policy = field(default_factory=Policy)
    version: int | None = None

    @property
    def subject(self) -> Name:
        return self.name

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(reference=True)

    def decide(self, facts: Facts, by: Context) -> Outcome[ZoneState]:
        faults = tuple(complaints(self.policy))
        if faults:
            raise Refusal(errors.INVALID_REQUEST, message=f"The policy of .{self.name} cannot be.", details=faults)
        house_id = None
        if self.house_registrar is not None:
            house = facts.reference.by_slug.get(self.house_registrar)
            if house is None:
                raise Refusal(errors.REGISTRAR_NOT_FOUND, "house_registrar", self.house_registrar)
            house_id = house.id
        before = facts.reference.zones.get(self.name)
        if self.version is not None and self.version != (before.version if before else 0):
            raise Refusal(
                errors.PRECONDITION_FAILED,
                "zone",
                self.name,
                message=f".{self.name} was changed since the plan was drawn. Look at the plan again.",
            )
        if before is None:
            zone = Zone(by.ids.take(), self.name, self.test, house_id, self.policy, facts.now)
            state = ZoneState.of(zone, facts.reference, version=1, created=True, changed=True)
            return Outcome(state, changes=(zone,))
        if before.test != self.test:
            raise Refusal(
                errors.POLICY_VIOLATION,
                "test",
                str(self.test).lower(),
                message=f".{self.name} {'is' if before.test else 'is not'} a test zone, for good. Make another zone.",
            )
        after = replace(before, house_registrar_id=house_id, policy=self.policy)
        if after == before:
            state = ZoneState.of(before, facts.reference, version=before.version, created=False, changed=False)
            return Outcome(state)
        state = ZoneState.of(after, facts.reference, version=before.version + 1, created=False, changed=True)
        return Outcome(state, changes=(replace(after, updated_at=facts.now),))

    def summary(self) -> dict[str, Any]:
        return {
            "test": self.test,
            "house_registrar": self.house_registrar,
            "policy": msgspec.to_builtins(self.policy),
        }


def complaints(policy: Policy) -> Iterator[Fault]:
    """Everything that keeps a policy from being one, each with the field and a sentence."""
    if not 1 <= policy.min_years <= policy.max_years <= MAX_YEARS:
        yield _fault("min_years", f"min_years and max_years must be in order, from 1 to {MAX_YEARS}.")
    if not 1 <= policy.label.min_length <= policy.label.max_length <= 63:
        yield _fault("label", "min_length and max_length must be in order, from 1 to 63.")
    for n, pattern in enumerate(policy.label.forbidden):
        try:
            re.compile(pattern)
        except re.error as problem:
            yield _fault(f"label.forbidden[{n}]", f"'{pattern}' is not a regular expression: {problem}.")
    for name, length in msgspec.structs.asdict(policy.lengths).items():
        if length < timedelta(0):
            yield _fault(f"lengths.{name}", "a length cannot be negative.")
    tiers = {price.tier for price in policy.prices} - {""}
    for label, tier in sorted(policy.premium.items()):
        if tier not in tiers:
            yield _fault(f"premium.{label}", f"there is no price with the tier '{tier}'.")
    seen = set()
    for n, price in enumerate(policy.prices):
        where = f"prices[{n}]"
        if price.command not in PRICED:
            yield _fault(f"{where}.command", f"'{price.command}' has no price; one of {', '.join(PRICED)} has.")
        if price.amount < 0:
            yield _fault(f"{where}.amount", "an amount cannot be negative.")
        if price.currency not in money.ISO_4217:
            yield _fault(f"{where}.currency", f"'{price.currency}' is not a currency of ISO 4217.")
        if price.years is not None and not 1 <= price.years <= MAX_YEARS:
            yield _fault(f"{where}.years", f"years are from 1 to {MAX_YEARS}.")
        if price.starts is not None and price.ends is not None and price.ends <= price.starts:
            yield _fault(f"{where}.ends", "a price ends after it starts.")
        rule = (price.command, price.currency, price.tier, price.years, price.starts)
        if rule in seen:
            yield _fault(where, "there are two prices for the same command, currency, tier, years and start.")
        seen.add(rule)


def _fault(where: str, message: str) -> Fault:
    return Fault(f"policy.{where}", "invalid_policy", message)
