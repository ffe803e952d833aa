"""Retained names, one by one and by the file; protection of legacy names; erasure; the clock."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from namestead.commands.operator.add_retained import AddRetained
from namestead.commands.operator.advance_clock import AdvanceClock
from namestead.commands.operator.erase_contact import EraseContact
from namestead.commands.operator.import_retained import ImportRetained
from namestead.commands.operator.protect_domain import ProtectDomain
from namestead.commands.operator.remove_retained import RemoveRetained
from namestead.commands.operator.review_domain import ReviewDomain
from namestead.commands.protocol import AnyCommand
from namestead.errors import Refusal
from namestead.objects.contact import Contact, Postal
from namestead.objects.domain import Domain
from namestead.objects.names import Name
from namestead.objects.retained import Retained, RetainedKind
from tests.commands.operator.deciding import BEFORE, DOMAIN, NOW, decide, facts, refused

A, B = Name("a.example"), Name("b.example")
RESERVED, CLAIM, BLOCKED, DISPUTED = (
    RetainedKind.RESERVED,
    RetainedKind.CLAIM,
    RetainedKind.BLOCKED,
    RetainedKind.DISPUTED,
)
HASH = b"t" * 32
THERE = Retained(9, A, RESERVED, BEFORE)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    "command, code",
    [
        (AddRetained(A, RESERVED), "object_exists"),
        (AddRetained(Name("x.elsewhere"), RESERVED), "zone_not_found"),
        (AddRetained(Name("a.b.example"), RESERVED), "invalid_request"),
        (AddRetained(B, BLOCKED, token_hash=HASH), "invalid_request"),
        (AddRetained(B, DISPUTED, token_hash=HASH), "invalid_request"),
        (AddRetained(B, DISPUTED, ends_at=NOW), "value_out_of_range"),
        (AddRetained(B, DISPUTED, starts_at=NOW + DAY, ends_at=NOW + DAY), "value_out_of_range"),
        (RemoveRetained(B), "object_not_found"),
        (RemoveRetained(A, BLOCKED), "object_not_found"),
    ],
)
def test_what_is_refused(command: AnyCommand, code: str) -> None:
    assert code == refused(command, facts(THERE))


@pytest.mark.parametrize("kind", [BLOCKED, DISPUTED, CLAIM])
def test_another_kind_stands_beside(kind: RetainedKind) -> None:
    [made] = decide(AddRetained(A, kind), facts(THERE)).changes
    assert isinstance(made, Retained)
    assert (kind, "operator:test", NOW) == (made.kind, made.created_by, made.created_at)


def test_an_entry_that_has_ended_makes_room() -> None:
    over, made = decide(AddRetained(A, RESERVED), facts(replace(THERE, ends_at=NOW - DAY))).changes
    assert isinstance(over, Retained) and isinstance(made, Retained)
    assert (9, NOW, None) == (over.id, over.removed_at, made.removed_at)


def test_one_of_several_is_removed_by_its_kind() -> None:
    known = facts(THERE, Retained(10, A, BLOCKED, BEFORE))
    assert "invalid_request" == refused(RemoveRetained(A), known)
    [gone] = decide(RemoveRetained(A, BLOCKED), known).changes
    assert (10, NOW) == (gone.id, gone.removed_at)  # type: ignore[union-attr]


def test_a_file_goes_in_whole() -> None:
    entries = tuple((n, AddRetained(B, kind)) for n, kind in enumerate((RESERVED, BLOCKED, DISPUTED), 2))
    outcome = decide(ImportRetained("list.csv", entries))
    assert (3, 3) == (outcome.result.count, len(outcome.changes))


def test_or_not_at_all_with_every_reason() -> None:
    entries = (
        (2, AddRetained(B, BLOCKED)),
        (3, AddRetained(A, RESERVED)),
        (4, AddRetained(B, BLOCKED)),
        (5, AddRetained(Name("x.elsewhere"), BLOCKED)),
    )
    with pytest.raises(Refusal) as caught:
        decide(ImportRetained("list.csv", entries), facts(THERE))
    told = [(f.field, f.code) for f in caught.value.details]
    assert [("line 3", "object_exists"), ("line 4", "object_exists"), ("line 5", "zone_not_found")] == told
    assert "batch_rejected" == caught.value.kind.code


def test_protection_lasts_until_a_review_and_begins_anew() -> None:
    known = facts()
    assert "policy_violation" == refused(ReviewDomain(A, "n"), known)
    for _ in range(2):
        [kept] = decide(ProtectDomain(A), known).changes
        assert isinstance(kept, Domain)
        assert (True, None) == (kept.protected_legacy, kept.reviewed_at)
        known.put(kept)
        assert () == decide(ProtectDomain(A), known).changes
        [reviewed] = decide(ReviewDomain(A, "n"), known).changes
        assert isinstance(reviewed, Domain)
        assert NOW == reviewed.reviewed_at
        known.put(reviewed)
    for command in (ProtectDomain(Name("free.example")), ReviewDomain(Name("free.example"), "n")):
        assert "domain_not_found" == refused(command)
    assert not DOMAIN.protected_legacy


def test_erasure_leaves_the_contact_and_nothing_of_the_person() -> None:
    outcome = decide(EraseContact("C5-NST", (3,), (A,)))
    [blank] = outcome.changes
    assert isinstance(blank, Contact)
    assert (5, "C5-NST", NOW, Postal(), "", None) == (
        blank.id,
        blank.handle,
        blank.erased_at,
        blank.postal,
        blank.email,
        blank.auth_hash,
    )
    [erasure] = outcome.erasures
    assert ((3, 5), (A,)) == (erasure.ids, erasure.domains)


def test_erasure_of_what_is_gone_already() -> None:
    assert "contact_not_found" == refused(EraseContact("C6-NST"))
    outcome = decide(EraseContact("C6-NST", (3,)))
    assert ((), (3,)) == (outcome.changes, outcome.erasures[0].ids)


def test_the_clock_goes_forward_only() -> None:
    assert DAY == decide(AdvanceClock(NOW + DAY)).clock
    assert timedelta(0) == decide(AdvanceClock(NOW - DAY)).clock
    assert "value_out_of_range" == refused(AdvanceClock(NOW.replace(year=9999)))
