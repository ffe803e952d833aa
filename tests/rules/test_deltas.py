"""A wanted set, whole or by what to add and remove: both end in the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from namestead import errors
from namestead.errors import Refusal
from namestead.rules.deltas import Delta, applied

small = st.lists(st.sampled_from("abcdef"), unique=True).map(tuple)


@pytest.mark.parametrize(
    "current, wanted, expected",
    [
        ("ab", ("c",), "c"),
        ("ab", (), ""),
        ("ab", Delta(), "ab"),
        ("ab", Delta(("c",)), "abc"),
        ("abc", Delta((), ("b",)), "ac"),
        ("ab", Delta(("c", "d"), ("a",)), "bcd"),
    ],
)
def test_applied(current: str, wanted: tuple[str, ...] | Delta[str], expected: str) -> None:
    assert tuple(expected) == applied(tuple(current), wanted, "f", str)


@pytest.mark.parametrize(
    "wanted, word",
    [
        (("a", "a"), "twice"),
        (Delta(("c", "c")), "twice"),
        (Delta((), ("a", "a")), "twice"),
        (Delta(("a",)), "there already"),
        (Delta((), ("c",)), "not there"),
        (Delta(("a",), ("a",)), "both"),
    ],
)
def test_refused(wanted: tuple[str, ...] | Delta[str], word: str) -> None:
    with pytest.raises(Refusal, match=word) as caught:
        applied(("a", "b"), wanted, "f", str)
    assert (errors.POLICY_VIOLATION, "f") == (caught.value.kind, caught.value.field)


@given(small, small)
def test_a_delta_from_here_to_there_leads_there(here: tuple[str, ...], there: tuple[str, ...]) -> None:
    delta = Delta(tuple(x for x in there if x not in here), tuple(x for x in here if x not in there))
    assert set(there) == set(applied(here, delta, "f", str))
