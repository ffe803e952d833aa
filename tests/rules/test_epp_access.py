"""EPP access: client ids, passwords, networks. A line a case."""

from __future__ import annotations

import pytest

from namestead.errors import Refusal
from namestead.rules import epp_access
from namestead.rules.epp_access import LONGEST, LONGEST_WITH_LOGIN_SECURITY


def refused(password: str, *, client_id: str = "alpha", longest: int = LONGEST) -> tuple[str, str]:
    with pytest.raises(Refusal) as caught:
        epp_access.require_password(password, client_id, longest=longest)
    assert not password or password not in caught.value.message
    assert None is caught.value.value
    return caught.value.kind.code, caught.value.message


@pytest.mark.parametrize(
    "password",
    ["aB3aB3xy", "tree-Fog-7", "Tr33 house", "GROSS-klein-0123", "aaaA1bcd"],
)
def test_good_passwords(password: str) -> None:
    epp_access.require_password(password, "alpha")


@pytest.mark.parametrize(
    "password, code, says",
    [
        ("aB3", "invalid_request", "6 to 16 characters, not 3"),
        ("aB3456789012345678", "invalid_request", "login security extension"),
        (" aB345678", "invalid_request", "visible ASCII"),
        ("aB345678 ", "invalid_request", "visible ASCII"),
        ("aB34  5678", "invalid_request", "visible ASCII"),
        ("aB34\t5678", "invalid_request", "visible ASCII"),
        ("aB34\n5678", "invalid_request", "visible ASCII"),
        ("aB345678\n", "invalid_request", "visible ASCII"),
        ("aB34567ä", "invalid_request", "visible ASCII"),
        ("", "invalid_request", "visible ASCII"),
        ("aB3456x", "policy_violation", "8 or more"),
        ("alllower", "policy_violation", "3 of lower case"),
        ("lower1234567", "policy_violation", "3 of lower case"),
        ("my-ALPHA-1", "policy_violation", "client id"),
        ("aB1aB1aB1aB1", "policy_violation", "repeats"),
        ("[LOGIN-SECURITY]", "policy_violation", "in the extension"),
    ],
)
def test_passwords_that_are_refused(password: str, code: str, says: str) -> None:
    found, message = refused(password)
    assert code == found and says in message
    assert message.startswith("newPW")


def test_login_security_takes_longer_ones_and_phrases() -> None:
    long = LONGEST_WITH_LOGIN_SECURITY
    epp_access.require_password("correct horse battery staple", "alpha", longest=long)
    epp_access.require_password("aB3-" + "x1" * 62, "alpha", longest=long)
    assert "invalid_request" == refused("aB3-" + "x1" * 62 + "y", longest=long)[0]
    assert "policy_violation" == refused("[LOGIN-SECURITY]", longest=long)[0]


@pytest.mark.parametrize(
    "slug, fits", [("abc", True), ("a" * 16, True), ("a-1", True), ("ab", False), ("a" * 17, False)]
)
def test_client_ids(slug: str, fits: bool) -> None:
    if fits:
        epp_access.require_client_id(slug)
        return
    with pytest.raises(Refusal) as caught:
        epp_access.require_client_id(slug)
    assert "policy_violation" == caught.value.kind.code


def test_networks_are_written_in_one_way_and_once() -> None:
    given = ("192.0.2.0/24", " 2001:DB8::/32", "192.0.2.0/24", "198.51.100.7")
    assert ("192.0.2.0/24", "2001:db8::/32", "198.51.100.7/32") == epp_access.parse_networks(given)


@pytest.mark.parametrize("text", ["192.0.2.1/24", "192.0.2.0/33", "everywhere", "", "::1/129", "2001:db8::1/32"])
def test_what_is_no_network(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        epp_access.parse_networks(("192.0.2.0/24", text))
    assert "invalid_request" == caught.value.kind.code


@pytest.mark.parametrize(
    "address, networks, within",
    [
        ("192.0.2.9", ("192.0.2.0/24",), True),
        ("192.0.3.9", ("192.0.2.0/24",), False),
        ("::ffff:192.0.2.9", ("192.0.2.0/24",), True),
        ("2001:db8::1", ("192.0.2.0/24", "2001:db8::/32"), True),
        ("2001:db9::1", ("2001:db8::/32",), False),
        ("fe80::1%eth0", ("fe80::/10",), True),
        ("192.0.2.9", ("::/0",), False),
    ],
)
def test_within(address: str, networks: tuple[str, ...], within: bool) -> None:
    assert within == epp_access.is_within(address, networks)


@pytest.mark.parametrize(
    "address, caller",
    [
        ("192.0.2.9", "192.0.2.9"),
        ("::ffff:192.0.2.9", "192.0.2.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_one_caller(address: str, caller: str) -> None:
    assert caller == epp_access.neighbourhood(address)
