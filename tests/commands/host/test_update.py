"""RFC 5732, 3.2.5: addresses, statuses and the name of a host, and whom else a rename would concern."""

from typing import Any

import pytest
from msgspec.structs import replace

from namestead import errors
from namestead.commands.host.delete import DeleteHost
from namestead.commands.host.update import UpdateHost
from namestead.objects.domain import ApplyState, Domain
from namestead.objects.host import Host
from namestead.objects.log import Event, EventKind
from namestead.objects.names import Name
from namestead.rules.deltas import Delta
from tests.commands.facts import ALICE, ALPHA, BETA, BOB, NOW, REHEARSING, UNLISTED, Register, changed, domain, host

INSIDE, OTHER, OUTSIDE = Name("ns1.alice.example"), Name("ns2.alice.example"), Name("ns1.elsewhere.net")
ELSEWHERE = Name("ns9.elsewhere.net")
UNDER_BOB = Name("ns1.bob.example")
V4, V6, OLD = "9.9.9.9", "2620:fe::fe", "203.0.114.1"
GLUE = host(INSIDE, 7, 1001)
FAR = host(OUTSIDE, 8)
MINE = domain(hosts=(7, 8))
THEIRS = domain(BOB, 1002, BETA.id, hosts=(7, 8))
BOBS = domain(BOB, 1002)


def test_addresses_are_added_and_removed() -> None:
    register = Register(domain(), GLUE)
    after = changed(register.decide(UpdateHost(INSIDE, Delta((V6, V4), (OLD,)))), Host)
    assert ((V4, V6), NOW) == (after.addresses, after.updated_at)
    assert (V4,) == changed(register.decide(UpdateHost(INSIDE, (V4,))), Host).addresses


def test_what_changes_nothing_leaves_it_alone() -> None:
    register = Register(domain(), GLUE)
    for command in (UpdateHost(INSIDE), UpdateHost(INSIDE, (OLD,)), UpdateHost(INSIDE, statuses=())):
        assert () == register.decide(command).changes


def test_an_address_in_use_is_published_again_and_one_that_is_not_is_not() -> None:
    change = UpdateHost(INSIDE, (V4,))
    used = Register(MINE, GLUE, FAR).decide(change)
    assert ((Event(EventKind.HOST, 1, INSIDE),), ApplyState.PENDING) == (used.events, used.apply)
    unused = Register(domain(), GLUE).decide(change)
    assert ((), ApplyState.NONE) == (unused.events, unused.apply)
    statuses = Register(MINE, GLUE, FAR).decide(UpdateHost(INSIDE, statuses=("clientUpdateProhibited",)))
    assert () == statuses.events


def test_a_renamed_host_keeps_its_delegations_and_its_address() -> None:
    register = Register(MINE, THEIRS, GLUE, FAR)
    outcome = register.run(UpdateHost(INSIDE, new_name=OTHER))
    after = changed(outcome, Host)
    assert (7, OTHER, 1001, (OLD,)) == (after.id, after.name, after.parent_id, after.addresses)
    assert [] == [c for c in outcome.changes if isinstance(c, Domain)]
    assert 7 in register.named(ALICE).hosts
    assert {Event(EventKind.HOST, 1, INSIDE), Event(EventKind.HOST, 1, OTHER)} == set(outcome.events)
    assert errors.HOST_NOT_FOUND is register.kind(UpdateHost(INSIDE))


def test_a_host_moves_under_another_name_of_ours() -> None:
    after = changed(Register(domain(), BOBS, GLUE).decide(UpdateHost(INSIDE, new_name=UNDER_BOB)), Host)
    assert (1002, (OLD,)) == (after.parent_id, after.addresses)


def test_a_host_moves_out_of_our_zones_and_leaves_its_addresses() -> None:
    after = changed(Register(MINE, GLUE, FAR).decide(UpdateHost(INSIDE, new_name=ELSEWHERE)), Host)
    assert (None, ()) == (after.parent_id, after.addresses)


def test_a_host_moves_in_and_brings_an_address() -> None:
    register = Register(MINE, GLUE, FAR)
    after = changed(register.decide(UpdateHost(OUTSIDE, Delta((V4,)), new_name=OTHER)), Host)
    assert (1001, (V4,)) == (after.parent_id, after.addresses)
    assert errors.MISSING_FIELD is register.kind(UpdateHost(OUTSIDE, new_name=OTHER))


def test_a_host_outside_is_renamed_while_only_its_sponsor_uses_it() -> None:
    assert ELSEWHERE == changed(Register(MINE, GLUE, FAR).decide(UpdateHost(OUTSIDE, new_name=ELSEWHERE)), Host).name


@pytest.mark.parametrize("name, new", [(OUTSIDE, ELSEWHERE), (OUTSIDE, OTHER), (INSIDE, ELSEWHERE)])
def test_a_host_others_use_keeps_its_name_outside(name: Name, new: Name) -> None:
    addresses = Delta((V4,)) if new == OTHER else ()
    command = UpdateHost(name, addresses, new_name=new) if new == OTHER else UpdateHost(name, new_name=new)
    refusal = Register(MINE, THEIRS, GLUE, FAR).refusal(command)
    assert errors.ASSOCIATION_PROHIBITS is refusal.kind
    assert "domains of other registrars" in refusal.message


def test_a_host_that_more_use_than_are_read_keeps_its_name() -> None:
    many = [domain(f"name{n}.example", 2000 + n, hosts=(8,)) for n in range(101)]
    refusal = Register(FAR, *many).refusal(UpdateHost(OUTSIDE, new_name=ELSEWHERE))
    assert (errors.ASSOCIATION_PROHIBITS, True) == (
        refusal.kind,
        "more domains than can be looked at" in refusal.message,
    )


LOCKED = replace(GLUE, statuses=("clientUpdateProhibited",))
FIXED = replace(GLUE, statuses=("serverUpdateProhibited",))


@pytest.mark.parametrize(
    "there, command, by, kind",
    [
        ((), UpdateHost(OUTSIDE), ALPHA, errors.HOST_NOT_FOUND),
        ((FAR,), UpdateHost(OUTSIDE), BETA, errors.NOT_SPONSOR),
        ((domain(), GLUE), UpdateHost(INSIDE, Delta((OLD,))), ALPHA, errors.POLICY_VIOLATION),
        ((domain(), GLUE), UpdateHost(INSIDE, Delta((), (V4,))), ALPHA, errors.POLICY_VIOLATION),
        ((domain(), GLUE), UpdateHost(INSIDE, Delta((V4,), (V4,))), ALPHA, errors.POLICY_VIOLATION),
        ((domain(), GLUE), UpdateHost(INSIDE, Delta((), (OLD,))), ALPHA, errors.MISSING_FIELD),
        ((domain(), GLUE), UpdateHost(INSIDE, ()), ALPHA, errors.MISSING_FIELD),
        ((domain(), GLUE), UpdateHost(INSIDE, Delta(("10.0.0.1",))), ALPHA, errors.INVALID_REQUEST),
        ((domain(), GLUE), UpdateHost(INSIDE, Delta((), ("x",))), ALPHA, errors.INVALID_REQUEST),
        ((FAR,), UpdateHost(OUTSIDE, Delta((V4,))), ALPHA, errors.POLICY_VIOLATION),
        ((domain(), GLUE), UpdateHost(INSIDE, new_name=INSIDE), ALPHA, errors.HOST_EXISTS),
        ((domain(), GLUE, host(OTHER, 9, 1001)), UpdateHost(INSIDE, new_name=OTHER), ALPHA, errors.HOST_EXISTS),
        ((domain(), GLUE), UpdateHost(INSIDE, new_name=UNDER_BOB), ALPHA, errors.DOMAIN_NOT_FOUND),
        ((domain(), GLUE, THEIRS, FAR), UpdateHost(INSIDE, new_name=UNDER_BOB), ALPHA, errors.NOT_SPONSOR),
        ((domain(), LOCKED), UpdateHost(INSIDE, (V4,)), ALPHA, errors.STATUS_PROHIBITS),
        ((domain(), LOCKED), UpdateHost(INSIDE, new_name=OTHER), ALPHA, errors.STATUS_PROHIBITS),
        ((domain(), LOCKED), UpdateHost(INSIDE), ALPHA, errors.STATUS_PROHIBITS),
        ((domain(), FIXED), UpdateHost(INSIDE, statuses=("clientDeleteProhibited",)), ALPHA, errors.STATUS_PROHIBITS),
        (
            (domain(), GLUE),
            UpdateHost(INSIDE, statuses=Delta(("serverDeleteProhibited",))),
            ALPHA,
            errors.POLICY_VIOLATION,
        ),
        ((domain(), GLUE), UpdateHost(INSIDE, statuses=Delta(("linked",))), ALPHA, errors.POLICY_VIOLATION),
        ((domain(), GLUE), UpdateHost(INSIDE, statuses=Delta(("clientHold",))), ALPHA, errors.VALUE_OUT_OF_RANGE),
        (
            (domain(), GLUE),
            UpdateHost(INSIDE, statuses=Delta((), ("clientDeleteProhibited",))),
            ALPHA,
            errors.POLICY_VIOLATION,
        ),
    ],
)
def test_refused(there: tuple[Any, ...], command: UpdateHost, by: Any, kind: errors.Kind) -> None:
    assert kind is Register(*there).kind(command, by)


@pytest.mark.parametrize("command", [UpdateHost(INSIDE, (V4,)), DeleteHost(INSIDE)])
def test_a_channel_that_may_not_act_in_the_zone_may_not_change_its_hosts(command: Any) -> None:
    for by, kind in (
        (UNLISTED, errors.REGISTRAR_NAMESPACE_NOT_APPROVED),
        (REHEARSING, errors.REGISTRAR_CHANNEL_NOT_PRODUCTION_APPROVED),
    ):
        register = Register(domain(registrar_id=by.id), replace(GLUE, registrar_id=by.id))
        assert kind is register.kind(command, by)


def test_a_lock_is_lifted_in_the_command_that_changes_the_rest() -> None:
    command = UpdateHost(INSIDE, (V4,), statuses=Delta((), ("clientUpdateProhibited",)))
    after = changed(Register(domain(), LOCKED).decide(command), Host)
    assert ((), (V4,)) == (after.statuses, after.addresses)


def test_server_statuses_stay_whatever_the_client_sets() -> None:
    kept = replace(GLUE, statuses=("clientDeleteProhibited", "serverDeleteProhibited"))
    after = changed(Register(domain(), kept).decide(UpdateHost(INSIDE, statuses=())), Host)
    assert ("serverDeleteProhibited",) == after.statuses


def test_what_is_logged_is_what_was_asked() -> None:
    command = UpdateHost(INSIDE, Delta((V4,)), new_name=OTHER)
    assert {"addresses": Delta((V4,)), "new_name": OTHER} == command.summary()
