"""Which hosts a name may have; `commands/domain/test_nameservers.py` plays the rest."""

import pytest

from namestead import errors
from namestead.errors import Refusal
from namestead.objects.names import Name
from namestead.rules import delegation
from namestead.rules.delegation import NameserverSpec
from tests.commands.facts import ALICE, Register

REFERENCE = Register().reference


@pytest.mark.parametrize(
    "given, canonical",
    [
        (("203.0.114.1",), ("203.0.114.1",)),
        (("2001:4860:0::0:1",), ("2001:4860::1",)),
        (("2001:4860::1", "203.0.114.9", "203.0.114.10"), ("203.0.114.9", "203.0.114.10", "2001:4860::1")),
        (("203.0.114.1", "203.0.114.1"), ("203.0.114.1",)),
        ((), ()),
    ],
)
def test_addresses(given: tuple[str, ...], canonical: tuple[str, ...]) -> None:
    assert canonical == delegation.addresses_of(given, "addresses")


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1", "0.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.1.1", "100.64.0.1", "192.0.2.1",
        "224.0.0.1", "255.255.255.255", "240.0.0.1", "::", "::1", "fe80::1", "fc00::1", "ff02::1", "2001:db8::1",
        "::ffff:10.0.0.1", "1.2.3", "203.0.114.1/24", "fe80::1%eth0", "ns1", "", "203.0.114.01", " 203.0.114.1",
    ],
)  # fmt: skip
def test_addresses_that_no_resolver_could_reach(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        delegation.addresses_of((text,), "nameservers[0].addresses")
    assert (errors.INVALID_REQUEST, "nameservers[0].addresses") == (caught.value.kind, caught.value.field)


@pytest.mark.parametrize(
    "host, parent",
    [
        ("ns1.alice.example", "alice.example"),
        ("a.b.c.alice.example", "alice.example"),
        ("alice.example", "alice.example"),
        ("ns1.alice.test", "alice.test"),
        ("ns1.hoster.net", None),
        ("example", None),
    ],
)
def test_the_name_a_host_lies_under(host: str, parent: str | None) -> None:
    assert parent == delegation.parent_name(REFERENCE, Name(host))


def test_what_has_to_be_known_to_delegate() -> None:
    specs = tuple(NameserverSpec(Name(h)) for h in ("ns1.bob.example", "ns2.bob.example", "a.net", "ns1.alice.example"))
    assert (ALICE, "bob.example") == delegation.parents(REFERENCE, specs, ALICE)
