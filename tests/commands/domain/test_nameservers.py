"""RFC 5731, 3.2.5 and RFC 5732: delegating a name, and the hosts that come into being for it."""

from typing import Any

import pytest

from namestead import errors
from namestead.commands.domain.nameservers import UpdateNameservers
from namestead.objects.domain import ApplyState, Records
from namestead.objects.host import Host
from namestead.objects.log import Event, EventKind
from namestead.objects.names import Name
from namestead.objects.retained import RetainedKind
from namestead.objects.zone import HostModel
from namestead.rules.delegation import NameserverSpec
from namestead.rules.deltas import Delta
from tests.commands.facts import (
    ALICE,
    ALPHA,
    BETA,
    BOB,
    NOW,
    Register,
    changed,
    deleted,
    domain,
    host,
    pending,
    retained,
    zone,
)

NS1, NS2, NS3 = (host(f"ns{n}.hoster.net", 31 + n) for n in (1, 2, 3))
DELEGATION = Event(EventKind.DELEGATION, 1, ALICE)

DELEGATED = (domain(hosts=(32, 33)), NS1, NS2)


def specs(*hosts: str, **fields: Any) -> tuple[NameserverSpec, ...]:
    return tuple(NameserverSpec(Name(h), **fields) for h in hosts)


def to(*hosts: str, **fields: Any) -> UpdateNameservers:
    return UpdateNameservers(ALICE, specs(*hosts, **fields))


def by(change: Delta[NameserverSpec]) -> UpdateNameservers:
    return UpdateNameservers(ALICE, change)


def test_a_name_is_delegated_and_new_hosts_made() -> None:
    outcome = Register(domain(), NS1).decide(to("ns1.hoster.net", "ns2.hoster.net"))
    made = changed(outcome, Host)
    assert ("ns2.hoster.net", ALPHA.id, None) == (made.name, made.registrar_id, made.parent_id)
    assert (32, made.id) == changed(outcome).hosts
    assert (True, ApplyState.PENDING, (DELEGATION,)) == (outcome.pending, outcome.apply, outcome.events)
    assert ("pending", NOW) == (outcome.result.nameserver_apply.state, outcome.result.nameserver_apply.queued_at)
    assert ["ns1.hoster.net", "ns2.hoster.net"] == [n.host for n in outcome.result.nameservers]


def test_a_delegation_is_taken_away_and_its_hosts_stay() -> None:
    outcome = Register(domain(hosts=(32, 33)), NS1, NS2).decide(to())
    assert () == changed(outcome).hosts
    assert 1 == len(outcome.changes)
    assert (DELEGATION,) == outcome.events
    assert ("inactive",) == outcome.result.status


def test_by_delta() -> None:
    command = by(Delta(specs("ns3.hoster.net"), specs("ns1.hoster.net")))
    assert (33, 34) == changed(Register(*DELEGATED, NS3).decide(command)).hosts
    assert {"nameservers": {"add": ["ns3.hoster.net"], "remove": ["ns1.hoster.net"]}} == command.summary()


@pytest.mark.parametrize(
    "state, pending_now, events",
    [
        (ApplyState.APPLIED, False, ()),
        (ApplyState.PENDING, True, ()),
        (ApplyState.FAILED, True, (DELEGATION,)),
    ],
)
def test_the_same_set_again_succeeds_and_is_published_again_if_that_failed(
    state: ApplyState, pending_now: bool, events: tuple[Event, ...]
) -> None:
    there = domain(hosts=(32, 33), apply_state=state)
    outcome = Register(there, NS1, NS2).decide(to("ns1.hoster.net", "ns2.hoster.net"))
    assert (pending_now, events) == (outcome.pending, outcome.events)
    assert bool(events) == bool(outcome.changes)


def test_a_host_under_the_name_itself_has_addresses() -> None:
    ns = (
        NameserverSpec(Name("ns1.alice.example"), ("2001:4860::1", "203.0.114.9")),
        NameserverSpec(Name("ns1.hoster.net")),
    )
    outcome = Register(domain(), NS1).decide(UpdateNameservers(ALICE, ns))
    made = changed(outcome, Host)
    assert (1001, ("203.0.114.9", "2001:4860::1")) == (made.parent_id, made.addresses)
    assert (DELEGATION,) == outcome.events


def test_other_addresses_for_a_host_of_another_name_of_ours_are_published_there_too() -> None:
    under = host("ns1.bob.example", 35, parent_id=1002)
    register = Register(domain(), domain(BOB, 1002), under, NS1)
    ns = (NameserverSpec(Name("ns1.bob.example"), ("203.0.114.77",)), NameserverSpec(Name("ns1.hoster.net")))
    outcome = register.decide(UpdateNameservers(ALICE, ns))
    assert (("203.0.114.77",), NOW) == (changed(outcome, Host).addresses, changed(outcome, Host).updated_at)
    assert (DELEGATION, Event(EventKind.DELEGATION, 1, BOB)) == outcome.events


def test_a_host_no_longer_used_has_its_glue_looked_at() -> None:
    under = host("ns1.bob.example", 35, parent_id=1002)
    register = Register(domain(hosts=(35, 32)), domain(BOB, 1002), under, NS1, NS2)
    outcome = register.decide(to("ns1.hoster.net", "ns2.hoster.net"))
    assert (DELEGATION, Event(EventKind.DELEGATION, 1, BOB)) == outcome.events


def test_a_host_left_over_from_an_earlier_life_of_its_name_is_taken_over() -> None:
    left = host("ns1.alice.example", 35, registrar_id=BETA.id)
    ns = (NameserverSpec(Name("ns1.alice.example"), ("203.0.114.9",)), NameserverSpec(Name("ns1.hoster.net")))
    taken = changed(Register(domain(), left, NS1).decide(UpdateNameservers(ALICE, ns)), Host)
    assert (35, ALPHA.id, 1001, ("203.0.114.9",)) == (taken.id, taken.registrar_id, taken.parent_id, taken.addresses)


@pytest.mark.parametrize(
    "there, command, who, kind",
    [
        ((), to(), ALPHA, errors.DOMAIN_NOT_FOUND),
        ((domain(),), to("a.net", "b.net"), BETA, errors.NOT_SPONSOR),
        ((domain(),), to("a.net"), ALPHA, errors.VALUE_OUT_OF_RANGE),
        ((domain(),), to(*(f"ns{n}.a.net" for n in range(14))), ALPHA, errors.VALUE_OUT_OF_RANGE),
        ((domain(),), to("a.net", "b.net", "a.net"), ALPHA, errors.INVALID_REQUEST),
        ((domain(),), to("a.net", "b.net", addresses=("203.0.114.1",)), ALPHA, errors.INVALID_REQUEST),
        ((domain(),), to("a.net", "b.net", existing=True), ALPHA, errors.HOST_NOT_FOUND),
        ((domain(),), to("ns1.alice.example", "ns2.alice.example"), ALPHA, errors.MISSING_FIELD),
        ((domain(),), to("ns1.bob.example", "b.net", addresses=("203.0.114.1",)), ALPHA, errors.DOMAIN_NOT_FOUND),
        (
            (domain(), domain(BOB, 1002, BETA.id)),
            to("ns1.bob.example", "b.net", addresses=("203.0.114.1",)),
            ALPHA,
            errors.NOT_SPONSOR,
        ),
        (
            (domain(), deleted(BOB, domain_id=1002), host("ns1.bob.example", 35, parent_id=1002)),
            to("ns1.bob.example", "b.net"),
            ALPHA,
            errors.STATUS_PROHIBITS,
        ),
        (
            (domain(), domain(BOB, 1002, BETA.id), host("ns1.bob.example", 35, 1002, BETA.id)),
            to("ns1.bob.example", "b.net", addresses=("203.0.114.99",)),
            ALPHA,
            errors.NOT_SPONSOR,
        ),
        (
            (domain(), host("ns1.alice.example", 35, 1001, statuses=("clientUpdateProhibited",))),
            to("ns1.alice.example", "b.net", addresses=("203.0.114.99",)),
            ALPHA,
            errors.STATUS_PROHIBITS,
        ),
        (
            (domain(records=(Records("@", "A", 3600, ("192.0.2.1",)),)),),
            to("a.net", "b.net"),
            ALPHA,
            errors.DELEGATED_DOMAIN_HAS_NO_RECORDS,
        ),
        (DELEGATED, by(Delta((), specs("ns1.hoster.net"))), ALPHA, errors.VALUE_OUT_OF_RANGE),
        (DELEGATED, by(Delta((), specs("a.net"))), ALPHA, errors.POLICY_VIOLATION),
        (DELEGATED, by(Delta(specs("ns1.hoster.net"))), ALPHA, errors.POLICY_VIOLATION),
        ((domain(statuses=("clientUpdateProhibited",)),), to(), ALPHA, errors.STATUS_PROHIBITS),
        ((domain(transfer=pending()),), to(), ALPHA, errors.STATUS_PROHIBITS),
        ((deleted(),), to(), ALPHA, errors.STATUS_PROHIBITS),
        ((domain(), retained(RetainedKind.DISPUTED)), to(), ALPHA, errors.STATUS_PROHIBITS),
    ],
)  # fmt: skip
def test_refused(there: tuple[Any, ...], command: UpdateNameservers, who: Any, kind: errors.Kind) -> None:
    assert kind is Register(*there).kind(command, who)


@pytest.mark.parametrize(
    "there, nameserver",
    [
        ((domain(BOB, 1002, BETA.id), host("ns1.bob.example", 35, 1002, BETA.id)), "ns1.bob.example"),
        ((domain("bob.test", 1002, BETA.id), host("ns1.bob.test", 35, 1002, BETA.id)), "ns1.bob.test"),
    ],
)
def test_a_host_of_somebody_else_may_be_used_as_it_is(there: tuple[Any, ...], nameserver: str) -> None:
    outcome = Register(domain(), NS1, *there).decide(to(nameserver, "ns1.hoster.net"))
    assert (35, 32) == changed(outcome).hosts
    assert 1 == len(outcome.changes)


@pytest.mark.parametrize(
    "model, fields, taken",
    [
        (HostModel.OBJECTS, {"existing": True}, True),
        (HostModel.OBJECTS, {"attribute": True}, False),
        (HostModel.OBJECTS, {}, True),
        (HostModel.ATTRIBUTES, {"existing": True}, False),
        (HostModel.ATTRIBUTES, {"attribute": True}, True),
        (HostModel.ATTRIBUTES, {}, True),
    ],
)
def test_a_zone_takes_hosts_as_objects_or_as_attributes(model: HostModel, fields: dict[str, Any], taken: bool) -> None:
    """RFC 5731, 1.1: `hostObj` or `hostAttr`, never both; HTTP says neither."""
    register = Register(domain(), NS1, NS2, zones=(zone(hosts=model),))
    command = to(NS1.name, NS2.name, **fields)
    if taken:
        assert (32, 33) == changed(register.decide(command)).hosts
    else:
        assert errors.POLICY_VIOLATION is register.kind(command)


def test_a_delegation_to_a_host_of_ours_without_an_address_is_refused() -> None:
    bare = host("ns1.bob.example", 35, 1002, addresses=())
    register = Register(domain(), domain(BOB, 1002), bare, NS1)
    assert errors.MISSING_FIELD is register.kind(to(bare.name, NS1.name, existing=True))
