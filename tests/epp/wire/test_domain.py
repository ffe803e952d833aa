"""Domains over the wire (contracts/epp.md, "Domain"; RFC 5731)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from namestead.epp import messages as epp
from tests.cli.conftest import CommandLine
from tests.epp.wire.conftest import AUTH, create, fresh, handle, registered, shown, statuses
from tests.epp.wire.line import Line, error, fault, said

DS = epp.DsData(12345, 13, 2, "AB" * 32)
OUTSIDE = ("ns1.example.net", "ns2.example.net")


def update(name: str, *, add: object = None, rem: object = None, **more: object) -> epp.DomainUpdate:
    return epp.DomainUpdate(name, add, rem, **more)  # type: ignore[arg-type]


def status(*values: str) -> epp.DomainParts:
    return epp.DomainParts(statuses=tuple(map(epp.Status, values)))


def outside(line: Line) -> tuple[str, str]:
    """Two hosts outside the registry's zones, which are there once they have been made."""
    for host in OUTSIDE:
        assert line(epp.HostCreate(host)).code in (1000, 2302)
    return OUTSIDE


# ------------------------------------------------------------------------------------------------------------- names


def test_upper_case_is_folded(alpha: Line) -> None:
    name = fresh()
    assert name == alpha.did(create(name.upper())).name
    assert name == shown(alpha, name.title()).name
    assert (2302, "domain:name") == fault(alpha(create(name)))


@pytest.mark.parametrize(
    "name, code",
    [
        ("a" * 63 + ".example", 1000),
        ("a" * 64 + ".example", 2005),
        ("a_b.example", 2005),
        ("-ab.example", 2005),
        ("ab-.example", 2005),
        ("a b.example", 2005),
        ("ab--cd.example", 2005),
        ("xn--a.example", 2005),
        ("xn--mnchen-3ya.example", 1000),
        ("münchen-zwei.example", 1000),
        ("xn--hkyrky-ptac70bc.example", 1000),
        ("привет.example", 2005),
        ("a.b.example", 2005),
        ("name.nowhere", 2201),
        ("example", 2201),
    ],
)
def test_what_a_name_may_be(alpha: Line, name: str, code: int) -> None:
    answer = alpha(create(name))
    assert code == answer.code, said(answer)
    if code >= 2000:
        assert (code, "domain:name") == fault(answer)


# ----------------------------------------------------------------------------------------------------------- periods


@pytest.mark.parametrize(
    "period, years",
    [
        (None, 1),
        (epp.Period(1), 1),
        (epp.Period(10), 10),
        (epp.Period(24, "m"), 2),
        (epp.Period(11), None),
        (epp.Period(13, "m"), None),
        (epp.Period(99), None),
    ],
)
def test_periods_are_whole_years_up_to_ten(alpha: Line, period: epp.Period | None, years: int | None) -> None:
    answer = alpha(epp.DomainCreate(fresh(), epp.AuthInfo(""), period))
    if years is None:
        assert (2004, "domain:period") == fault(answer), said(answer)
        return
    assert isinstance(answer.data, epp.DomainCreateData)
    assert answer.data.ex_date is not None
    assert years == answer.data.ex_date.year - answer.data.cr_date.year


def test_renewal_needs_the_day_of_expiry(alpha: Line, beta: Line) -> None:
    name = registered(alpha)
    expires = shown(alpha, name).ex_date
    assert expires is not None
    day = expires.date()
    for wrong in (day + timedelta(days=1), day - timedelta(days=365)):
        answer = alpha(epp.DomainRenew(name, wrong, epp.Period(1)))
        assert (2004, "domain:curExpDate") == fault(answer), said(answer)
    assert 2201 == beta(epp.DomainRenew(name, day, epp.Period(1))).code
    renewed = alpha.did(epp.DomainRenew(name, day, epp.Period(24, "m")))
    assert expires.replace(year=expires.year + 2) == renewed.ex_date
    answer = alpha(epp.DomainRenew(name, day, epp.Period(1)))
    assert (2004, "domain:curExpDate") == fault(answer), "a renewal that is sent twice is done once"


def test_never_beyond_ten_years(alpha: Line, beta: Line) -> None:
    name = registered(alpha, years=10, auth_info=AUTH)
    expires = shown(alpha, name).ex_date
    assert expires is not None
    answer = alpha(epp.DomainRenew(name, expires.date(), epp.Period(1)))
    assert (2004, "domain:period") == fault(answer), said(answer)
    beta.did(epp.DomainTransfer("request", name, epp.Period(1), epp.AuthInfo(AUTH)), code=1001)
    alpha.did(epp.DomainTransfer("approve", name))
    moved = shown(beta, name).ex_date
    assert moved is not None
    assert timedelta(0) <= moved - expires < timedelta(minutes=5), "a transfer adds what there is room for"


# -------------------------------------------------------------------------------------------------------------- info


def test_info_with_hosts(alpha: Line) -> None:
    name = registered(alpha)
    below = [f"ns{n}.{name}" for n in (1, 2)]
    for host in below:
        alpha.did(epp.HostCreate(host, (epp.Address("9.9.9.9"),)))
    delegated = outside(alpha)
    alpha.did(update(name, add=epp.DomainParts(hosts=delegated)))
    for hosts, dele, sub in (
        ("all", delegated, tuple(below)),
        ("del", delegated, ()),
        ("sub", (), tuple(below)),
        ("none", (), ()),
    ):
        seen = shown(alpha, name, hosts=hosts)
        assert (dele, sub) == (seen.hosts, seen.subordinates), hosts


def test_who_is_not_the_sponsor_sees_less_and_never_authinfo(alpha: Line, beta: Line) -> None:
    contact = handle()
    postal = epp.PostalInfo("loc", "Alice", epp.PostalAddress("Köln", "DE"))
    alpha.did(epp.ContactCreate(contact, (postal,), "alice@example.net", epp.AuthInfo("")))
    name = registered(alpha, auth_info=AUTH, registrant=contact, contacts=(epp.DomainContact(contact, "tech"),))
    mine = shown(alpha, name)
    assert (contact, (epp.DomainContact(contact, "tech"),)) == (mine.registrant, mine.contacts)
    others = shown(beta, name)
    assert (None, (), None, ()) == (others.registrant, others.contacts, others.cr_id, others.subordinates)
    assert (mine.roid, mine.cl_id, mine.ex_date) == (others.roid, others.cl_id, others.ex_date)
    assert mine == shown(beta, name, auth_info=epp.AuthInfo(AUTH))
    answer = beta(epp.DomainInfo(name, auth_info=epp.AuthInfo(AUTH + "!")))
    assert (2202, "domain:authInfo") == fault(answer)
    answer = beta(epp.DomainInfo(name, auth_info=epp.AuthInfo(AUTH, roid="D1-NST")))
    assert (2306, "domain:authInfo") == fault(answer)


def test_info_of_a_name_nobody_has(alpha: Line) -> None:
    assert (2303, "domain:name") == fault(alpha(epp.DomainInfo(fresh())))


# ------------------------------------------------------------------------------------------------------------ status


def test_ok_stands_alone_and_inactive_says_there_is_no_delegation(alpha: Line) -> None:
    name = registered(alpha)
    assert ["inactive"] == statuses(shown(alpha, name))
    alpha.did(update(name, add=epp.DomainParts(hosts=outside(alpha))))
    assert ["ok"] == statuses(shown(alpha, name))
    alpha.did(update(name, add=status("clientHold")))
    assert ["clientHold"] == statuses(shown(alpha, name))
    alpha.did(update(name, rem=status("clientHold")))
    assert ["ok"] == statuses(shown(alpha, name))


@pytest.mark.parametrize("value", ["serverHold", "serverUpdateProhibited", "ok", "inactive", "pendingDelete"])
def test_no_client_sets_or_lifts_what_is_the_servers(alpha: Line, value: str) -> None:
    name = registered(alpha)
    for change in (update(name, add=status(value)), update(name, rem=status(value))):
        answer = alpha(change)
        assert (2306, "domain:status") == fault(answer), said(answer)


def test_the_sponsor_alone_sets_statuses(alpha: Line, beta: Line) -> None:
    name = registered(alpha)
    assert 2201 == beta(update(name, add=status("clientHold"))).code


@pytest.mark.parametrize(
    "parts, element",
    [
        (status("clientHold"), "domain:status"),
        (epp.DomainParts(hosts=OUTSIDE), "domain:hostObj"),
    ],
)
def test_adding_what_is_there_or_removing_what_is_not_fails(alpha: Line, parts: epp.DomainParts, element: str) -> None:
    outside(alpha)
    name = registered(alpha)
    assert (2306, element) == fault(alpha(update(name, rem=parts)))
    alpha.did(update(name, add=parts))
    assert (2306, element) == fault(alpha(update(name, add=parts)))


def test_client_update_prohibited_may_be_removed_while_it_is_set(alpha: Line) -> None:
    name = registered(alpha)
    alpha.did(update(name, add=status("clientUpdateProhibited")))
    assert (2304, "domain:name") == fault(alpha(update(name, add=status("clientHold"))))
    alpha.did(update(name, rem=status("clientUpdateProhibited")))
    assert ["inactive"] == statuses(shown(alpha, name))


@pytest.mark.parametrize(
    "prohibition, command",
    [
        ("clientUpdateProhibited", lambda name, _: update(name, add=status("clientHold"))),
        ("clientRenewProhibited", lambda name, day: epp.DomainRenew(name, day, epp.Period(1))),
        ("clientDeleteProhibited", lambda name, _: epp.DomainDelete(name)),
    ],
)
def test_prohibitions_of_the_sponsors_own(
    alpha: Line, prohibition: str, command: Callable[..., epp.CommandBody]
) -> None:
    name = registered(alpha)
    expires = shown(alpha, name).ex_date
    assert expires is not None
    alpha.did(update(name, add=status(prohibition)))
    answer = alpha(command(name, expires.date()))
    assert 2304 == answer.code, said(answer)
    assert prohibition in said(answer)


@pytest.mark.parametrize("who", ["client", "server"])
def test_a_transfer_that_is_prohibited(alpha: Line, beta: Line, operator: CommandLine, who: str) -> None:
    name = registered(alpha, auth_info=AUTH)
    if who == "client":
        alpha.did(update(name, add=status("clientTransferProhibited")))
    else:
        operator.json("domain", "status", name, "--add", "serverTransferProhibited")
    answer = beta(epp.DomainTransfer("request", name, auth_info=epp.AuthInfo(AUTH)))
    assert 2304 == answer.code, said(answer)
    alpha.messages()


# ------------------------------------------------------------------------------------------------------------ update


def test_an_update_is_all_or_nothing(alpha: Line) -> None:
    name = registered(alpha)
    before = shown(alpha, name)
    answer = alpha(
        update(
            name,
            add=epp.DomainParts(hosts=("ns1.not-there.net", "ns2.not-there.net"), statuses=(epp.Status("clientHold"),)),
        )
    )
    assert (2303, "domain:hostObj") == fault(answer), said(answer)
    assert before == shown(alpha, name)


def test_an_update_says_what_it_wants(alpha: Line) -> None:
    assert (2003, "domain:update") == fault(alpha(update(registered(alpha))))


def test_everything_at_once(alpha: Line) -> None:
    name = registered(alpha)
    changed = update(name, add=epp.DomainParts(hosts=outside(alpha), statuses=(epp.Status("clientHold"),)))
    alpha.did(changed, epp.CommandExtensions(sec_dns=epp.SecDnsUpdate(add=epp.SecDns((DS,)))))
    answer = alpha(epp.DomainInfo(name))
    assert isinstance(answer.data, epp.DomainInfoData)
    assert (OUTSIDE, ["clientHold"]) == (answer.data.hosts, statuses(answer.data))
    assert epp.SecDns((DS,)) == answer.extensions.sec_dns


def test_a_change_of_name_servers_alone_is_logged_as_one(alpha: Line, operator: CommandLine) -> None:
    name = registered(alpha)
    answer = alpha(update(name, add=epp.DomainParts(hosts=outside(alpha))))
    assert 1000 == answer.code
    row = operator.json("log", "tail", "--domain", name, "-n", "1")
    assert ("update_nameservers", "epp", answer.sv_trid) == (row["command"], row["surface"], row["request_id"])


def test_a_registrant_is_taken_away(alpha: Line) -> None:
    contact = handle()
    postal = epp.PostalInfo("int", "Alice", epp.PostalAddress("Berlin", "DE"))
    alpha.did(epp.ContactCreate(contact, (postal,), "alice@example.net", epp.AuthInfo("")))
    name = registered(alpha, registrant=contact)
    alpha.did(update(name, registrant=""))
    assert None is shown(alpha, name).registrant
    answer = alpha(update(name, registrant="no-such"))
    assert (2303, "domain:registrant") == fault(answer), said(answer)


# -------------------------------------------------------------------------------------------------------- delegation


def test_a_delegation_without_glue_is_refused(alpha: Line) -> None:
    name = registered(alpha)
    hosts = tuple(f"ns{n}.{name}" for n in (1, 2))
    answer = alpha(update(name, add=epp.DomainParts(hosts=hosts)))
    assert (2303, "domain:hostObj") == fault(answer), "hosts are made before they are used"
    answer = alpha(epp.HostCreate(hosts[0]))
    assert (2003, "host:addr") == fault(answer), "and there is none without an address that could be delegated to"


def test_host_attributes_where_the_zone_has_them(alpha: Line) -> None:
    name = fresh("attributes")
    bare = tuple(epp.HostAttribute(f"ns{n}.{name}") for n in (1, 2))
    answer = alpha(create(name, host_attributes=bare))
    assert (2003, "domain:hostAddr") == fault(answer), said(answer)
    glued = tuple(epp.HostAttribute(f"ns{n}.{name}", (epp.Address(f"9.9.9.{n}"),)) for n in (1, 2))
    alpha.did(create(name, host_attributes=glued))
    assert (glued, ()) == (shown(alpha, name).host_attributes, shown(alpha, name).hosts)
    answer = alpha(create(fresh("attributes"), hosts=outside(alpha)))
    assert (2306, "domain:hostObj") == fault(answer), said(answer)
    answer = alpha(create(fresh(), host_attributes=tuple(epp.HostAttribute(h) for h in OUTSIDE)))
    assert 2306 == answer.code, said(answer)


def test_name_servers_are_none_or_two_and_more(alpha: Line) -> None:
    answer = alpha(create(fresh(), hosts=outside(alpha)[:1]))
    assert (2004, "domain:hostObj") == fault(answer), said(answer)


# ------------------------------------------------------------------------------------------------------------ delete


def test_a_delete_with_subordinate_hosts_in_use(alpha: Line, beta: Line) -> None:
    name, other = registered(alpha), registered(beta)
    hosts = tuple(f"ns{n}.{name}" for n in (1, 2))
    for host in hosts:
        alpha.did(epp.HostCreate(host, (epp.Address("9.9.9.9"),)))
    beta.did(update(other, add=epp.DomainParts(hosts=hosts)))
    answer = alpha(epp.DomainDelete(name))
    assert (2305, "domain:name") == fault(answer)
    assert hosts[0] in said(answer)
    beta.did(update(other, rem=epp.DomainParts(hosts=hosts)))
    alpha.did(epp.DomainDelete(name))


def test_a_protected_name_is_not_deleted(alpha: Line, operator: CommandLine) -> None:
    name = registered(alpha)
    operator.json("domain", "protect", name)
    assert (2304, "protected_legacy_registration_not_deletable") == error(alpha(epp.DomainDelete(name)))
    alpha.messages()


# -------------------------------------------------------------------------------------------- what policy does not take


@pytest.mark.parametrize(
    "extensions, code, element",
    [
        (epp.CommandExtensions(launch=epp.LaunchCreate(epp.LaunchPhase("sunrise"))), 2306, "launch:phase"),
        (epp.CommandExtensions(ttl=epp.TtlValues((epp.Ttl("NS", 60),))), 2306, "ttl:ttl"),
        (epp.CommandExtensions(sec_dns=epp.SecDns(keys=(epp.KeyData(257, 3, 13, "AQPJ"),))), 2306, "secDNS:keyData"),
    ],
)
def test_what_is_refused_by_policy(alpha: Line, extensions: epp.CommandExtensions, code: int, element: str) -> None:
    name = fresh()
    answer = alpha(create(name), extensions)
    assert (code, element) == fault(answer), said(answer)
    assert 2303 == alpha(epp.DomainInfo(name)).code


def test_a_ttl_is_shown_and_its_default_may_be_asked_for(alpha: Line) -> None:
    name = registered(alpha)
    alpha.did(update(name, add=status("clientHold")), epp.CommandExtensions(ttl=epp.TtlValues((epp.Ttl("NS", None),))))
    answer = alpha(epp.DomainInfo(name), epp.CommandExtensions(ttl=epp.TtlInfo()))
    assert epp.TtlValues((epp.Ttl("NS", 3600), epp.Ttl("DS", 3600))) == answer.extensions.ttl
