"""RFC 5732, 3.2.1: who may create which host, and what it needs there."""

from typing import Any

import pytest
from msgspec.structs import replace

from namestead import errors
from namestead.commands.host.create import CreateHost
from namestead.objects.host import Host
from namestead.objects.log import Event, EventKind
from namestead.objects.names import Name
from namestead.objects.zone import HostModel
from tests.commands.facts import (
    ALICE,
    ALPHA,
    BETA,
    NOW,
    REHEARSING,
    UNLISTED,
    Register,
    changed,
    deleted,
    domain,
    expired,
    host,
    zone,
)

INSIDE, OUTSIDE = Name("ns1.alice.example"), Name("ns1.elsewhere.net")
V4, V6 = "9.9.9.9", "2620:fe::fe"


def test_a_host_inside_lies_under_its_parent_with_its_addresses() -> None:
    outcome = Register(domain()).decide(CreateHost(INSIDE, (V6, V4)))
    made = changed(outcome, Host)
    assert (1001, (V4, V6), ALPHA.id, ALPHA.id, NOW) == (
        made.parent_id,
        made.addresses,
        made.registrar_id,
        made.created_by,
        made.created_at,
    )
    shown = outcome.result
    assert (("ok",), (V4, V6), "alpha", "alpha", None) == (
        shown.status,
        shown.addresses,
        shown.registrar.slug,
        shown.created_by,
        shown.transferred_at,
    )
    assert () == outcome.events


def test_a_host_outside_has_neither_parent_nor_address() -> None:
    made = changed(Register().decide(CreateHost(OUTSIDE)), Host)
    assert (None, ()) == (made.parent_id, made.addresses)


def test_a_host_may_bear_the_name_of_its_parent() -> None:
    assert 1001 == changed(Register(domain()).decide(CreateHost(ALICE, (V4,))), Host).parent_id


def test_a_host_under_an_expired_name_is_possible() -> None:
    assert changed(Register(expired()).decide(CreateHost(INSIDE, (V4,))), Host)


@pytest.mark.parametrize(
    "there, command, by, kind, field",
    [
        ((), CreateHost(INSIDE, (V4,)), ALPHA, errors.DOMAIN_NOT_FOUND, "host"),
        ((domain(),), CreateHost(INSIDE, (V4,)), BETA, errors.NOT_SPONSOR, "host"),
        ((deleted(),), CreateHost(INSIDE, (V4,)), ALPHA, errors.STATUS_PROHIBITS, "host"),
        ((domain(),), CreateHost(INSIDE), ALPHA, errors.MISSING_FIELD, "addresses"),
        ((), CreateHost(OUTSIDE, (V4,)), ALPHA, errors.POLICY_VIOLATION, "addresses"),
        ((domain(), host(INSIDE, 7, 1001)), CreateHost(INSIDE, (V4,)), ALPHA, errors.HOST_EXISTS, "host"),
        ((domain(), host(INSIDE, 7, 1001)), CreateHost(INSIDE, (V4,)), BETA, errors.HOST_EXISTS, "host"),
        ((host(OUTSIDE, 7),), CreateHost(OUTSIDE), BETA, errors.HOST_EXISTS, "host"),
        ((domain(),), CreateHost(INSIDE, (V4,)), UNLISTED, errors.REGISTRAR_NAMESPACE_NOT_APPROVED, "tld"),
        (
            (domain(registrar_id=REHEARSING.id),),
            CreateHost(INSIDE, (V4,)),
            REHEARSING,
            errors.REGISTRAR_CHANNEL_NOT_PRODUCTION_APPROVED,
            "tld",
        ),
        (
            (domain(),),
            CreateHost(INSIDE, tuple(f"9.9.9.{n}" for n in range(14))),
            ALPHA,
            errors.VALUE_OUT_OF_RANGE,
            "addresses",
        ),
    ],
)
def test_refused(there: tuple[Any, ...], command: CreateHost, by: Any, kind: errors.Kind, field: str) -> None:
    refusal = Register(*there).refusal(command, by)
    assert (kind, field) == (refusal.kind, refusal.field)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.0.1",
        "192.0.2.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "2620:fe::fe%1",
        "fc00::1",
        "ff02::1",
        "2001:db8::1",
        "3fff::1",
        "2002:909:909::1",
        "::ffff:9.9.9.9",
        "64:ff9b::909:909",
        "9.9.9",
        "9.9.9.09",
        "ns1",
        "",
    ],
)
def test_no_address_that_nobody_could_reach(address: str) -> None:
    assert errors.INVALID_REQUEST is Register(domain()).kind(CreateHost(INSIDE, (address,)))


def test_a_zone_with_host_attributes_has_no_host_objects() -> None:
    register = Register(domain(), zones=(zone(hosts=HostModel.ATTRIBUTES),))
    assert errors.POLICY_VIOLATION is register.kind(CreateHost(INSIDE, (V4,)))


def test_a_host_left_behind_is_taken_over_by_its_parents_new_sponsor() -> None:
    """Its first parent ended while another name used it: it stayed, without parent or address."""
    left = replace(host(INSIDE, 7), registrar_id=BETA.id)
    register = Register(domain(), left, domain("bob.example", 1002, BETA.id, hosts=(7,)))
    assert errors.NOT_SPONSOR is register.kind(CreateHost(INSIDE, (V4,)), BETA)
    outcome = register.decide(CreateHost(INSIDE, (V4,)))
    taken = changed(outcome, Host)
    assert (7, ALPHA.id, 1001, (V4,)) == (taken.id, taken.registrar_id, taken.parent_id, taken.addresses)
    assert ("linked", "ok") == outcome.result.status
    assert (Event(EventKind.HOST, 1, INSIDE),) == outcome.events
