"""Hosts over the wire (contracts/epp.md, "Host"; RFC 5732; RFC 9874)."""

from __future__ import annotations

import pytest

from namestead.epp import messages as epp
from tests.epp.wire.conftest import fresh, registered, shown, statuses
from tests.epp.wire.line import Line, fault, said

V4, V6 = epp.Address("9.9.9.9"), epp.Address("2620:fe::fe", "v6")


def made(line: Line, name: str, *labels: str) -> tuple[str, ...]:
    hosts = tuple(f"{label}.{name}" for label in labels)
    for host in hosts:
        line.did(epp.HostCreate(host, (V4,)))
    return hosts


def delegated(line: Line, name: str, *hosts: str) -> None:
    line.did(epp.DomainUpdate(name, epp.DomainParts(hosts=hosts)))


def test_a_host_of_ones_own(alpha: Line, beta: Line) -> None:
    name = registered(alpha)
    host = f"NS1.{name}"
    assert host.lower() == alpha.did(epp.HostCreate(host, (V6, V4))).name
    seen = alpha.did(epp.HostInfo(host))
    assert (host.lower(), ["ok"], "alpha", "alpha", (V4, V6), None) == (
        seen.name,
        statuses(seen),
        seen.cl_id,
        seen.cr_id,
        seen.addresses,
        seen.up_date,
    )
    assert seen == beta.did(epp.HostInfo(host)), "name servers are public"
    assert (2302, "host:name") == fault(alpha(epp.HostCreate(host, (V4,))))


def test_an_internal_host_needs_its_parent_and_it_yours(alpha: Line, beta: Line) -> None:
    assert (2303, "host:name") == fault(alpha(epp.HostCreate(f"ns1.{fresh()}", (V4,))))
    assert (2201, "host:name") == fault(beta(epp.HostCreate(f"ns1.{registered(alpha)}", (V4,))))


def test_an_internal_host_has_an_address_and_an_external_one_has_none(alpha: Line) -> None:
    name = registered(alpha)
    assert (2003, "host:addr") == fault(alpha(epp.HostCreate(f"ns1.{name}")))
    assert (2306, "host:addr") == fault(alpha(epp.HostCreate(f"ns1.{name}.net", (V4,))))
    alpha.did(epp.HostCreate(f"ns1.{name}.net"))
    [host] = made(alpha, name, "ns1")
    assert (2003, "host:addr") == fault(alpha(epp.HostUpdate(host, rem=epp.HostParts((V4,)))))


@pytest.mark.parametrize(
    "address",
    [
        epp.Address("127.0.0.1"),
        epp.Address("0.0.0.0"),
        epp.Address("10.0.0.1"),
        epp.Address("192.168.1.1"),
        epp.Address("169.254.1.1"),
        epp.Address("224.0.0.1"),
        epp.Address("255.255.255.255"),
        epp.Address("192.0.2.1"),
        epp.Address("2620:fe::fe", "v4"),
        epp.Address("9.9.9.9", "v6"),
        epp.Address("::1", "v6"),
        epp.Address("0::0", "v6"),
        epp.Address("fe80::1", "v6"),
        epp.Address("fd00::1", "v6"),
        epp.Address("2001:db8::1", "v6"),
        epp.Address("::ffff:9.9.9.9", "v6"),
        epp.Address("ns1"),
        epp.Address("999.9.9.9"),
    ],
    ids=lambda a: f"{a.family}-{a.address}",
)
def test_addresses_that_nobody_could_reach(alpha: Line, address: epp.Address) -> None:
    name = registered(alpha)
    answer = alpha(epp.HostCreate(f"ns1.{name}", (address,)))
    assert (2005, "host:addr") == fault(answer), said(answer)
    assert address.address in said(answer)


def test_changes_of_addresses_and_statuses(alpha: Line, beta: Line) -> None:
    [host] = made(alpha, registered(alpha), "ns1")
    assert (2003, "host:update") == fault(alpha(epp.HostUpdate(host)))
    assert (2306, "host:addr") == fault(alpha(epp.HostUpdate(host, add=epp.HostParts((V4,)))))
    assert (2306, "host:addr") == fault(alpha(epp.HostUpdate(host, rem=epp.HostParts((V6,)))))
    alpha.did(epp.HostUpdate(host, epp.HostParts((V6,)), epp.HostParts((V4,))))
    assert (V6,) == alpha.did(epp.HostInfo(host)).addresses
    locked = epp.HostParts(statuses=(epp.Status("clientUpdateProhibited"), epp.Status("clientDeleteProhibited")))
    alpha.did(epp.HostUpdate(host, add=locked))
    assert 2304 == alpha(epp.HostUpdate(host, add=epp.HostParts((V4,)))).code
    assert 2304 == alpha(epp.HostDelete(host)).code
    alpha.did(epp.HostUpdate(host, rem=locked))
    refused = alpha(epp.HostUpdate(host, add=epp.HostParts(statuses=(epp.Status("serverDeleteProhibited"),))))
    assert (2306, "host:status") == fault(refused)
    assert (2201, "host:name") == fault(beta(epp.HostUpdate(host, add=epp.HostParts((V4,)))))
    assert (2201, "host:name") == fault(beta(epp.HostDelete(host)))


def test_a_rename_is_followed_by_delegations(alpha: Line, beta: Line) -> None:
    name, other, theirs = registered(alpha), registered(alpha), registered(beta)
    first, second = made(alpha, name, "ns1", "ns2")
    delegated(alpha, other, first, second)
    delegated(beta, theirs, first, second)
    assert ["linked", "ok"] == statuses(alpha.did(epp.HostInfo(first)))
    alpha.did(epp.HostUpdate(first, new_name=f"a.{name}"))
    assert 2303 == alpha(epp.HostInfo(first)).code
    for line, domain in ((alpha, other), (beta, theirs)):
        assert {f"a.{name}", second} == set(shown(line, domain).hosts)


def test_what_a_host_may_not_be_renamed_to(alpha: Line, beta: Line) -> None:
    name = registered(alpha)
    first, second = made(alpha, name, "ns1", "ns2")
    taken = alpha(epp.HostUpdate(first, new_name=second))
    assert (2302, "host:name") == fault(taken)
    assert second == taken.results[0].ext_values[0].value.text, "the name that is taken is told, not the old one"
    nowhere = f"ns1.{fresh()}"
    answer = alpha(epp.HostUpdate(first, new_name=nowhere))
    assert (2303, nowhere) == (answer.code, answer.results[0].ext_values[0].value.text)
    foreign = alpha(epp.HostUpdate(first, new_name=f"ns1.{registered(beta)}"))
    assert (2201, "host:name") == fault(foreign)
    assert (2005, "host:name") == fault(alpha(epp.HostUpdate(first, new_name="-.example")))


def test_an_external_host_that_others_use_stays(alpha: Line, beta: Line) -> None:
    hosts = tuple(f"ns{n}.{fresh()}.net" for n in (1, 2))
    for host in hosts:
        alpha.did(epp.HostCreate(host))
    theirs = registered(beta)
    delegated(beta, theirs, *hosts)
    answer = alpha(epp.HostUpdate(hosts[0], new_name=f"ns9.{fresh()}.net"))
    assert (2305, "host:name") == fault(answer), said(answer)
    inside = f"ns1.{registered(alpha)}"
    answer = alpha(epp.HostUpdate(hosts[0], epp.HostParts((V4,)), new_name=inside))
    assert (2305, "host:name") == fault(answer), said(answer)
    beta.did(epp.DomainUpdate(theirs, rem=epp.DomainParts(hosts=hosts)))
    alpha.did(epp.HostUpdate(hosts[0], epp.HostParts((V4,)), new_name=inside))


def test_a_host_in_use_is_not_deleted_and_the_safe_way_is_told(alpha: Line) -> None:
    """RFC 9874: it is never renamed out of the way."""
    name, user = registered(alpha), registered(alpha)
    first, second = made(alpha, name, "ns1", "ns2")
    delegated(alpha, user, first, second)
    answer = alpha(epp.HostDelete(first))
    assert (2305, "host:name") == fault(answer)
    assert user in said(answer)
    alpha.did(epp.DomainUpdate(user, rem=epp.DomainParts(hosts=(first, second))))
    alpha.did(epp.HostDelete(first))
    assert (2303, "host:name") == fault(alpha(epp.HostInfo(first)))


def test_ttls_of_addresses(alpha: Line) -> None:
    [host] = made(alpha, registered(alpha), "ns1")
    ttl = alpha(epp.HostInfo(host), epp.CommandExtensions(ttl=epp.TtlInfo(policy=True))).extensions.ttl
    assert ttl is not None
    assert [("A", 3600, 3600, 3600), ("AAAA", 3600, 3600, 3600)] == [
        (t.type, t.min, t.default, t.max) for t in ttl.values
    ]
    asked = epp.CommandExtensions(ttl=epp.TtlValues((epp.Ttl("A", 60),)))
    assert (2306, "ttl:ttl") == fault(alpha(epp.HostUpdate(host, add=epp.HostParts((V6,))), asked))
