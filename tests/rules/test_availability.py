"""The one oracle: whether a name can be had, one line a case. `commands/domain/test_check.py` plays it for callers."""

import pytest

from namestead import errors
from namestead.commands.protocol import Needs
from namestead.errors import Refusal
from namestead.objects.domain import GraceKind
from namestead.objects.names import LabelPolicy, Name
from namestead.objects.retained import Retained, RetainedKind
from namestead.objects.zone import Zone
from namestead.rules import availability
from namestead.rules.availability import MEANINGS, Verdict
from tests.commands.facts import ALICE, DAY, NOW, TOKEN, Register, deleted, domain, grace, retained, zone

K = RetainedKind


def judge(*there: object, token: str | None = None, where: Zone | None = None, name: str = ALICE) -> Verdict:
    facts = Register(*there).load(Needs(domains=(Name(name),), retained=(Name(name),)))  # type: ignore[arg-type]
    return availability.judge(facts, Name(name), where or zone(), NOW, token)


@pytest.mark.parametrize(
    "there, token, reason, kind",
    [
        ((), None, "", None),
        ((), TOKEN, "", None),
        ((domain(),), None, "registered", errors.DOMAIN_NOT_AVAILABLE),
        ((deleted(),), None, "registered", errors.DOMAIN_NOT_AVAILABLE),
        ((deleted(at=NOW - 30 * DAY),), None, "pending_release", errors.DOMAIN_NOT_AVAILABLE),
        ((deleted(at=NOW - 35 * DAY),), None, "", None),
        ((deleted(graces=(grace(GraceKind.ADD),)),), None, "", None),
        ((retained(K.RESERVED),), None, "reserved", errors.NAME_RESERVED),
        ((retained(K.RESERVED),), TOKEN, "", None),
        ((retained(K.RESERVED),), "no", "reserved", errors.ALLOCATION_TOKEN_INVALID),
        ((retained(K.RESERVED, token_hash=None),), TOKEN, "reserved", errors.ALLOCATION_TOKEN_INVALID),
        ((retained(K.CLAIM),), None, "reserved", errors.CLAIM_REQUIRED),
        ((retained(K.CLAIM),), TOKEN, "", None),
        ((retained(K.BLOCKED),), TOKEN, "blocked", errors.NAME_BLOCKED),
        ((retained(K.DISPUTED),), TOKEN, "disputed", errors.NAME_DISPUTED),
        ((retained(K.RESERVED), retained(K.DISPUTED, entry_id=2)), TOKEN, "disputed", errors.NAME_DISPUTED),
        ((retained(K.DISPUTED), retained(K.BLOCKED, entry_id=2)), None, "blocked", errors.NAME_BLOCKED),
        ((retained(K.RESERVED), retained(K.CLAIM, entry_id=2)), TOKEN, "", None),
        ((retained(K.BLOCKED, starts_at=NOW),), None, "blocked", errors.NAME_BLOCKED),
        ((retained(K.BLOCKED, starts_at=NOW + DAY),), None, "", None),
        ((retained(K.BLOCKED, ends_at=NOW),), None, "", None),
        ((retained(K.RESERVED, used_at=NOW),), None, "", None),
        ((retained(K.BLOCKED, removed_at=NOW),), None, "", None),
        ((domain(), retained(K.BLOCKED)), None, "registered", errors.DOMAIN_NOT_AVAILABLE),
        ((deleted(at=NOW - 35 * DAY), retained(K.BLOCKED)), None, "blocked", errors.NAME_BLOCKED),
    ],
)
def test_verdict(there: tuple[object, ...], token: str | None, reason: str, kind: errors.Kind | None) -> None:
    verdict = judge(*there, token=token)
    assert (reason, kind) == (verdict.reason, verdict.refusal.kind if verdict.refusal else None)
    assert (kind is None) == verdict.available


@pytest.mark.parametrize(
    "where, name, reason",
    [
        (zone(open=False), "alice.example", "zone_closed"),
        (zone(label=LabelPolicy(max_length=4)), "alice.example", "invalid_name"),
        (zone(), "a.b.example", "invalid_name"),
    ],
)
def test_the_zone(where: Zone, name: str, reason: str) -> None:
    assert reason == judge(where=where, name=name).reason


def test_what_a_token_opened_is_told() -> None:
    assert [9001] == [entry.id for entry in judge(retained(K.CLAIM), token=TOKEN).opened]
    assert judge(retained(K.CLAIM), token=TOKEN).claim_required


@pytest.mark.parametrize(
    "entry, locked",
    [
        (retained(K.DISPUTED), True),
        (retained(K.DISPUTED, ends_at=NOW), False),
        (retained(K.DISPUTED, starts_at=NOW + DAY), False),
        (retained(K.BLOCKED), False),
        (retained(K.RESERVED), False),
    ],
)
def test_a_dispute_locks_what_is_registered(entry: Retained, locked: bool) -> None:
    facts = Register(domain(), entry).load(Needs(domains=(ALICE,), retained=(ALICE,)))
    if not locked:
        availability.require_unlocked(facts, ALICE, NOW)
        return
    with pytest.raises(Refusal) as caught:
        availability.require_unlocked(facts, ALICE, NOW)
    assert errors.STATUS_PROHIBITS is caught.value.kind


def test_every_kind_has_a_meaning() -> None:
    assert set(RetainedKind) == set(MEANINGS)
