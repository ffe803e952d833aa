"""RFC 5732, 3.1.1: whether a host could be created, each name for itself, and if not, why."""

from typing import Any

import pytest

from namestead.commands.domain.check import Checked
from namestead.commands.host.check import CheckHost
from namestead.objects.names import Name
from namestead.objects.zone import HostModel
from tests.commands.facts import ALPHA, BETA, REHEARSING, UNLISTED, Register, deleted, domain, host, zone

INSIDE, OUTSIDE = "ns1.alice.example", "ns1.elsewhere.net"


def asked(*names: str) -> CheckHost:
    return CheckHost(tuple(Checked(name, Name(name)) for name in names))


@pytest.mark.parametrize(
    "there, name, by, reason",
    [
        ((), OUTSIDE, ALPHA, None),
        ((domain(),), INSIDE, ALPHA, None),
        ((domain(), host(INSIDE, 7)), INSIDE, ALPHA, None),
        ((host(OUTSIDE, 7),), OUTSIDE, ALPHA, "in_use"),
        ((domain(), host(INSIDE, 7, 1001)), INSIDE, ALPHA, "in_use"),
        ((), INSIDE, ALPHA, "parent_not_found"),
        ((domain(),), INSIDE, BETA, "parent_of_another"),
        ((deleted(),), INSIDE, ALPHA, "parent_falling"),
        ((domain(),), INSIDE, UNLISTED, "zone_closed"),
        ((domain(registrar_id=REHEARSING.id),), INSIDE, REHEARSING, "zone_closed"),
    ],
)
def test_the_answer_is_what_create_would_say(there: tuple[Any, ...], name: str, by: Any, reason: str | None) -> None:
    [result] = Register(*there).decide(asked(name), by).result.results
    assert (name, reason is None, reason) == (result.host, result.available, result.reason)
    assert (reason is None) == (result.detail is None)


def test_a_zone_with_host_attributes() -> None:
    register = Register(domain(), zones=(zone(hosts=HostModel.ATTRIBUTES),))
    assert "no_host_objects" == register.decide(asked(INSIDE)).result.results[0].reason


def test_one_bad_name_fails_no_other() -> None:
    command = replace_first(asked(OUTSIDE, INSIDE), Checked("_bad_", None, "is no host name."))
    results = Register(domain()).decide(command).result.results
    assert [("_bad_", False, "invalid_name"), (INSIDE, True, None)] == [
        (r.host, r.available, r.reason) for r in results
    ]
    assert {"asked": 2, "available": 1} == Register(domain()).decide(command).result.summary()


def replace_first(command: CheckHost, item: Checked) -> CheckHost:
    return CheckHost((item, *command.items[1:]))


def test_what_is_logged_is_what_was_asked() -> None:
    assert {"hosts": [OUTSIDE]} == asked(OUTSIDE).summary()
