"""RFC 5732, 2.5: an address is of the family it is called."""

import pytest

from namestead import errors
from namestead.errors import Refusal
from namestead.rules import hosts


@pytest.mark.parametrize(
    "text, version, right",
    [
        ("9.9.9.9", 4, True),
        ("2620:fe::fe", 6, True),
        ("9.9.9.9", 6, False),
        ("2620:fe::fe", 4, False),
        ("", 4, False),
        ("ns1.example", 6, False),
    ],
)
def test_an_address_is_of_the_family_it_is_called(text: str, version: int, right: bool) -> None:
    if right:
        assert text == hosts.of_family(text, version, "addr")
        return
    with pytest.raises(Refusal) as caught:
        hosts.of_family(text, version, "addr")
    assert (errors.INVALID_REQUEST, "addr") == (caught.value.kind, caught.value.field)
