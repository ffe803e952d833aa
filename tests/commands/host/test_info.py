"""RFC 5732, 3.1.2: a host as everybody sees it."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from namestead import errors
from namestead.commands.host.info import InfoHost
from namestead.objects.names import Name
from tests.commands.facts import ALPHA, BETA, BORN, NOW, Register, domain, host

INSIDE, OUTSIDE = Name("ns1.alice.example"), Name("ns1.elsewhere.net")


@pytest.mark.parametrize("by", [ALPHA, BETA])
def test_everybody_sees_all_of_it(by: object) -> None:
    there = replace(host(INSIDE, 7, 1001), created_by=BETA.id, statuses=("clientDeleteProhibited",))
    shown = Register(domain(hosts=(7,)), there).decide(InfoHost(INSIDE), by).result  # type: ignore[arg-type]
    assert (INSIDE, "H7-NST", "alpha", "beta", BORN) == (
        shown.host,
        shown.roid,
        shown.registrar.slug,
        shown.created_by,
        shown.created_at,
    )
    assert (("clientDeleteProhibited", "linked"), ("203.0.114.1",)) == (shown.status, shown.addresses)


@pytest.mark.parametrize(
    "users, statuses",
    [((), ("ok",)), ((domain(hosts=(7,)),), ("linked", "ok"))],
)
def test_linked_says_that_it_is_used(users: tuple[object, ...], statuses: tuple[str, ...]) -> None:
    shown = Register(host(OUTSIDE, 7), *users).decide(InfoHost(OUTSIDE)).result  # type: ignore[arg-type]
    assert statuses == shown.status


@pytest.mark.parametrize(
    "moved, shown", [(NOW - timedelta(days=3), True), (BORN - timedelta(days=3), False), (None, False)]
)
def test_it_was_transferred_when_its_parent_was(moved: object, shown: bool) -> None:
    register = Register(domain(transferred_at=moved), host(INSIDE, 7, 1001))
    assert (moved if shown else None) == register.decide(InfoHost(INSIDE)).result.transferred_at


def test_a_host_that_is_not_there() -> None:
    refusal = Register(domain()).refusal(InfoHost(INSIDE))
    assert (errors.HOST_NOT_FOUND, INSIDE) == (refusal.kind, refusal.value)
