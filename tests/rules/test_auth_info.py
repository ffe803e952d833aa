"""RFC 9154: what is strong enough, what is kept, and what opens a name."""

from datetime import timedelta

import pytest

from namestead import errors
from namestead.errors import Refusal
from namestead.objects.names import Name
from namestead.rules import auth_info
from tests.commands.facts import ALICE, ALPHA, DAY, NOW, SECRET, domain, secured


@pytest.mark.parametrize(
    "text, strong",
    [
        ("Abcdefghijklmnopqr12", True),
        ("abcdefghij1234567890-", True),
        ("ABCDEFGHIJ1234567890 ", True),
        ("Abcdefghijklmnopqr1", False),
        ("abcdefghijklmnopqr12", False),
        ("aaaaaaaaaaaaaaaaaaaaaaaa", False),
        ("Abcdefghijklmnopqr1ü", False),
        ("Abcdefghijklmnopqr1\n", False),
        ("", False),
    ],
)
def test_strong(text: str, strong: bool) -> None:
    if strong:
        auth_info.require_strong(text)
        return
    with pytest.raises(Refusal) as caught:
        auth_info.require_strong(text)
    assert errors.AUTH_INFO_TOO_WEAK is caught.value.kind
    assert not text or text not in caught.value.message


def test_it_is_kept_as_a_hash_bound_to_the_name() -> None:
    assert 32 == len(auth_info.digest(ALICE, SECRET))
    assert auth_info.digest(ALICE, SECRET) != auth_info.digest(Name("bob.example"), SECRET)


def test_for_as_long_as_the_zone_says() -> None:
    assert (auth_info.digest(ALICE, SECRET), NOW + DAY) == auth_info.hashed(ALICE, SECRET, NOW, timedelta(days=1))
    assert (None, None) == auth_info.hashed(ALICE, None, NOW, timedelta(days=1))


@pytest.mark.parametrize(
    "there, given, failures, kind",
    [
        (secured(domain()), SECRET, 0, None),
        (secured(domain()), SECRET, 9, None),
        (secured(domain()), SECRET, 10, errors.AUTH_INFO_LOCKED),
        (secured(domain()), SECRET + "x", 0, errors.AUTH_INFO_INVALID),
        (secured(domain()), None, 0, errors.MISSING_FIELD),
        (secured(domain()), None, 10, errors.AUTH_INFO_LOCKED),
        (secured(domain(), until=NOW), SECRET, 0, errors.AUTH_INFO_INVALID),
        (domain(), SECRET, 0, errors.AUTH_INFO_INVALID),
        (domain(), "", 0, errors.AUTH_INFO_INVALID),
    ],
)
def test_require(there: object, given: str | None, failures: int, kind: errors.Kind | None) -> None:
    if kind is None:
        auth_info.require(there, given, failures, NOW)  # type: ignore[arg-type]
        return
    with pytest.raises(Refusal) as caught:
        auth_info.require(there, given, failures, NOW)  # type: ignore[arg-type]
    assert kind is caught.value.kind
    assert SECRET not in caught.value.message


def test_the_sandboxs_own_is_strong() -> None:
    from namestead.rules import sandbox

    auth_info.require_strong(sandbox.auth_info(ALPHA, 1))
