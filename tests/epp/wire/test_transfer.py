"""Transfers and authInfo over the wire (contracts/epp.md, "Transfer", "AuthInfo"; RFC 5731, 3.2.4; RFC 9154)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from namestead.epp import messages as epp
from tests.cli.conftest import CommandLine
from tests.epp.wire.conftest import AUTH, create, fresh, registered, shown, statuses
from tests.epp.wire.line import Line, Runs, error, fault, logged_in, said
from tests.serving import Served

PW = epp.AuthInfo(AUTH)


def asked(gainer: Line, name: str) -> epp.DomainTransferData:
    data = gainer.did(epp.DomainTransfer("request", name, epp.Period(1), PW), code=1001)
    assert isinstance(data, epp.DomainTransferData)
    return data


def told(line: Line, name: str) -> list[tuple[str, str]]:
    """The transfers in a party's queue that are about a name: status, and who asked."""
    return [
        (m.data.status, m.data.re_id)
        for m in line.messages()
        if isinstance(m.data, epp.DomainTransferData) and m.data.name == name
    ]


# ---------------------------------------------------------------------------------------------------------- each step


def test_a_request_is_pending_and_both_see_it(alpha: Line, beta: Line) -> None:
    name = registered(alpha, auth_info=AUTH)
    before = shown(alpha, name)
    data = asked(beta, name)
    assert ("pending", "beta", "alpha") == (data.status, data.re_id, data.ac_id)
    assert timedelta(days=5) == data.ac_date - data.re_date
    assert before.ex_date is not None
    assert before.ex_date.replace(year=before.ex_date.year + 1) == data.ex_date
    assert "pendingTransfer" in statuses(shown(alpha, name))
    for party in (alpha, beta):
        assert data == party.did(epp.DomainTransfer("query", name))
        assert [("pending", "beta")] == told(party, name)
    assert (2300, "transfer_pending") == error(beta(epp.DomainTransfer("request", name, auth_info=PW)))
    for refused in (
        epp.DomainDelete(name),
        epp.DomainUpdate(name, epp.DomainParts(statuses=(epp.Status("clientHold"),))),
    ):
        assert (2304, "domain:name") == fault(alpha(refused))


@pytest.mark.parametrize(
    "by, operation, status, sponsor",
    [
        ("alpha", "approve", "clientApproved", "beta"),
        ("alpha", "reject", "clientRejected", "alpha"),
        ("beta", "cancel", "clientCancelled", "alpha"),
    ],
)
def test_it_is_answered_by_the_right_party_and_both_are_told(
    alpha: Line, beta: Line, by: str, operation: epp.TransferOp, status: str, sponsor: str
) -> None:
    name = registered(alpha, auth_info=AUTH)
    asked(beta, name)
    right, wrong = (alpha, beta) if by == "alpha" else (beta, alpha)
    assert (2201, "not_sponsor") == error(wrong(epp.DomainTransfer(operation, name)))
    assert status == right.did(epp.DomainTransfer(operation, name)).status
    assert sponsor == shown(alpha, name).cl_id
    for party in (alpha, beta):
        assert [("pending", "beta"), (status, "beta")] == told(party, name)
    assert (2301, "transfer_not_pending") == error(right(epp.DomainTransfer(operation, name)))
    assert status == right.did(epp.DomainTransfer("query", name)).status


def test_what_cannot_be_asked_for(alpha: Line, beta: Line) -> None:
    name = registered(alpha, auth_info=AUTH)
    assert (2106, "not_transferable") == error(alpha(epp.DomainTransfer("request", name, auth_info=PW)))
    assert (2003, "domain:authInfo") == fault(beta(epp.DomainTransfer("request", name)))
    assert (2202, "domain:authInfo") == fault(
        beta(epp.DomainTransfer("request", name, auth_info=epp.AuthInfo(AUTH + "!")))
    )
    assert (2303, "domain:name") == fault(beta(epp.DomainTransfer("request", fresh(), auth_info=PW)))
    assert (2004, "domain:period") == fault(beta(epp.DomainTransfer("request", name, epp.Period(2), PW)))
    assert (2301, "transfer_not_pending") == error(alpha(epp.DomainTransfer("approve", name)))
    assert (2301, "transfer_not_pending") == error(alpha(epp.DomainTransfer("query", name)))
    assert (2201, "not_sponsor") == error(beta(epp.DomainTransfer("query", name)))


def test_nobody_else_queries_without_authinfo(alpha: Line, beta: Line, run: Runs, served: Served) -> None:
    name = registered(alpha, auth_info=AUTH)
    asked(beta, name)
    with logged_in(run, served, "gamma") as gamma:
        assert (2201, "not_sponsor") == error(gamma(epp.DomainTransfer("query", name)))
        assert "pending" == gamma.did(epp.DomainTransfer("query", name, auth_info=PW)).status


def test_what_moves_with_the_name(alpha: Line, beta: Line) -> None:
    """Hosts under it move, authInfo does not, and its grace begins."""
    name = registered(alpha, auth_info=AUTH)
    alpha.did(epp.HostCreate(f"ns1.{name}", (epp.Address("9.9.9.9"),)))
    asked(beta, name)
    alpha.did(epp.DomainTransfer("approve", name))
    answer = beta(epp.DomainInfo(name))
    assert isinstance(answer.data, epp.DomainInfoData)
    assert isinstance(answer.extensions.rgp, epp.RgpInfoData)
    assert ["transferPeriod"] == [s.value for s in answer.extensions.rgp.statuses]
    assert ("beta", "alpha") == (answer.data.cl_id, answer.data.cr_id)
    assert answer.data.tr_date is not None
    host = beta.did(epp.HostInfo(f"ns1.{name}"))
    assert ("beta", "alpha") == (host.cl_id, host.cr_id)
    assert (2202, "domain:authInfo") == fault(alpha(epp.DomainTransfer("request", name, auth_info=PW)))


# ----------------------------------------------------------------------------------------------------------- authInfo

WEAK = ["short", "a" * 20, "abcdefghijklmnopqrstuvwxyz", "Abcdefghijklmnopqrstuvwx", "Ünicode-1-ünicode-1-ü"]


@pytest.mark.parametrize("weak", WEAK)
def test_weak_authinfo_is_refused(alpha: Line, weak: str) -> None:
    assert (2306, "domain:authInfo") == fault(alpha(create(fresh(), auth_info=weak)))
    name = registered(alpha)
    answer = alpha(epp.DomainUpdate(name, auth_info=epp.AuthInfo(weak)))
    assert (2306, "domain:authInfo") == fault(answer)
    assert weak not in said(answer)


def test_none_at_create_set_later_and_taken_away(alpha: Line, beta: Line) -> None:
    name = registered(alpha)
    request = epp.DomainTransfer("request", name, auth_info=PW)
    empty = epp.DomainTransfer("request", name, auth_info=epp.AuthInfo(""))
    assert (2202, "domain:authInfo") == fault(beta(empty)), "none set is not one that is empty"
    assert (2202, "domain:authInfo") == fault(beta(request))
    alpha.did(epp.DomainUpdate(name, auth_info=PW))
    beta.did(epp.DomainInfo(name, auth_info=PW))
    for gone in (epp.AuthInfo(None), epp.AuthInfo("")):
        alpha.did(epp.DomainUpdate(name, auth_info=gone))
        assert (2202, "domain:authInfo") == fault(beta(request))
        alpha.did(epp.DomainUpdate(name, auth_info=PW))
    beta.did(request, code=1001)


def test_ten_wrong_guesses_lock_it(alpha: Line, beta: Line) -> None:
    name = registered(alpha, auth_info=AUTH)
    wrong = epp.DomainTransfer("request", name, auth_info=epp.AuthInfo(AUTH + "!"))
    assert ["auth_info_invalid"] * 10 == [error(beta(wrong))[1] for _ in range(10)]
    assert (2202, "auth_info_locked") == error(beta(epp.DomainTransfer("request", name, auth_info=PW)))


def test_it_is_kept_as_a_hash_and_told_to_nobody(alpha: Line, operator: CommandLine, served: Served) -> None:
    name = registered(alpha, auth_info=AUTH)
    alpha.did(epp.DomainUpdate(name, auth_info=epp.AuthInfo(AUTH + "x")))
    assert AUTH not in str(operator.json("domain", "show", name))
    assert AUTH not in served.said
    assert AUTH not in str(alpha(epp.DomainInfo(name)))
