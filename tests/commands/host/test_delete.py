"""RFC 5732, 3.2.2 and RFC 9874: a host in use stays, and the refusal says what to do instead."""

from typing import Any

import pytest
from msgspec.structs import replace

from namestead import errors
from namestead.commands.host.create import CreateHost
from namestead.commands.host.delete import DeleteHost
from namestead.objects.host import Host
from namestead.objects.names import Name
from tests.commands.facts import ALICE, ALPHA, BETA, BOB, NOW, Register, changed, domain, host

INSIDE = Name("ns1.alice.example")
GLUE = host(INSIDE, 7, 1001)
OLD = "203.0.114.1"


def test_a_host_nobody_uses_is_gone_and_its_name_free() -> None:
    register = Register(domain(), GLUE)
    gone = changed(register.run(DeleteHost(INSIDE)), Host)
    assert NOW == gone.deleted_at
    assert gone.id != changed(register.run(CreateHost(INSIDE, (OLD,))), Host).id


@pytest.mark.parametrize(
    "there, by, kind",
    [
        ((), ALPHA, errors.HOST_NOT_FOUND),
        ((domain(), GLUE), BETA, errors.NOT_SPONSOR),
        ((domain(), replace(GLUE, statuses=("clientDeleteProhibited",))), ALPHA, errors.STATUS_PROHIBITS),
        ((domain(), replace(GLUE, statuses=("serverDeleteProhibited",))), ALPHA, errors.STATUS_PROHIBITS),
        ((domain(hosts=(7,)), GLUE), ALPHA, errors.ASSOCIATION_PROHIBITS),
    ],
)
def test_refused(there: tuple[Any, ...], by: Any, kind: errors.Kind) -> None:
    assert kind is Register(*there).kind(DeleteHost(INSIDE), by)


def test_the_refusal_names_ones_own_names_and_nobody_elses() -> None:
    register = Register(domain(hosts=(7,)), domain(BOB, 1002, BETA.id, hosts=(7,)), GLUE)
    refusal = register.refusal(DeleteHost(INSIDE))
    assert [ALICE] == refusal.extra["domains"]
    assert f"Move {ALICE} to other name servers first" in refusal.message
    assert "Domains of other registrars use it too" in refusal.message
    assert "Do not rename it" in refusal.message
    assert BOB not in refusal.message


def test_an_update_prohibition_keeps_nothing_from_being_deleted() -> None:
    assert changed(
        Register(domain(), replace(GLUE, statuses=("clientUpdateProhibited",))).decide(DeleteHost(INSIDE)), Host
    )
