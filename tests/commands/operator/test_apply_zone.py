"""Zone policy: what cannot be is refused whole, with every fault; a plan that is out of date is refused too."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from namestead.commands.operator.apply_zone import ApplyZone, complaints
from namestead.objects.names import LabelPolicy, Name
from namestead.objects.zone import Lengths, Policy, Price, Zone
from tests.commands.operator.deciding import NOW, ZONE, decide, refused

EXAMPLE = Name("example")
P = Price("create", 1000, "EUR")


@pytest.mark.parametrize(
    "policy, where",
    [
        (Policy(min_years=0), "policy.min_years"),
        (Policy(min_years=3, max_years=2), "policy.min_years"),
        (Policy(max_years=11), "policy.min_years"),
        (Policy(label=LabelPolicy(min_length=0)), "policy.label"),
        (Policy(label=LabelPolicy(max_length=64)), "policy.label"),
        (Policy(label=LabelPolicy(forbidden=("a", "("))), "policy.label.forbidden[1]"),
        (Policy(lengths=Lengths(redemption=timedelta(-1))), "policy.lengths.redemption"),
        (Policy(premium={"gold": "tier"}), "policy.premium.gold"),
        (Policy(prices=(replace(P, command="update"),)), "policy.prices[0].command"),
        (Policy(prices=(replace(P, amount=-1),)), "policy.prices[0].amount"),
        (Policy(prices=(replace(P, currency="eur"),)), "policy.prices[0].currency"),
        (Policy(prices=(replace(P, years=11),)), "policy.prices[0].years"),
        (Policy(prices=(replace(P, starts=NOW, ends=NOW),)), "policy.prices[0].ends"),
        (Policy(prices=(P, replace(P, amount=1))), "policy.prices[1]"),
    ],
)
def test_policies_that_cannot_be(policy: Policy, where: str) -> None:
    assert [where] == [fault.field for fault in complaints(policy)]
    assert "invalid_request" == refused(ApplyZone(EXAMPLE, policy=policy))


def test_a_policy_that_can_be() -> None:
    gold = replace(P, tier="gold", years=2, starts=NOW, ends=NOW + timedelta(1))
    assert [] == list(complaints(Policy(prices=(P, gold), premium={"gold": "gold"})))


def test_a_new_zone_and_a_changed_one() -> None:
    outcome = decide(ApplyZone(Name("shop"), test=True, house_registrar="alpha", version=0))
    [made] = outcome.changes
    assert isinstance(made, Zone)
    assert (True, True, 2) == (outcome.result.created, made.test, made.house_registrar_id)
    outcome = decide(ApplyZone(EXAMPLE, house_registrar="alpha", policy=Policy(open=False), version=1))
    assert (False, True, 2) == (outcome.result.created, outcome.result.changed, outcome.result.version)
    assert () == decide(ApplyZone(EXAMPLE, house_registrar="alpha", policy=ZONE.policy)).changes


@pytest.mark.parametrize(
    "command, code",
    [
        (ApplyZone(EXAMPLE, test=True), "policy_violation"),
        (ApplyZone(EXAMPLE, house_registrar="nobody"), "registrar_not_found"),
        (ApplyZone(EXAMPLE, version=2), "precondition_failed"),
        (ApplyZone(EXAMPLE, version=0), "precondition_failed"),
        (ApplyZone(Name("shop"), version=1), "precondition_failed"),
    ],
)
def test_what_is_refused(command: ApplyZone, code: str) -> None:
    assert code == refused(command)
