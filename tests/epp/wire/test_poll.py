"""The message queue over the wire (contracts/epp.md, "Poll"; RFC 5730, 2.9.2.3; RFC 8590)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from namestead.epp import messages as epp
from tests import serving
from tests.cli.conftest import CommandLine
from tests.epp.wire.conftest import AUTH, create, fresh, registered, statuses
from tests.epp.wire.line import Line, Runs, fault, logged_in
from tests.serving import Served

PW = epp.AuthInfo(AUTH)


def about(messages: list[epp.Response], name: str) -> list[epp.Response]:
    return [m for m in messages if m.queue is not None and (m.queue.message or "").startswith(f"{name}: ")]


def change(message: epp.Response) -> epp.ChangeData:
    found = message.extensions.change
    assert found is not None
    return found


# --------------------------------------------------------------------------------------------------------- the queue


def test_an_empty_queue_is_1300(sessions: Callable[..., Line]) -> None:
    gamma = sessions("gamma")
    gamma.messages()
    answer = gamma(epp.PollRequest())
    assert (1300, None, None) == (answer.code, answer.queue, answer.data)


def test_first_in_first_out_and_the_count_falls(alpha: Line, beta: Line) -> None:
    alpha.messages()
    names = [registered(alpha, auth_info=AUTH) for _ in range(3)]
    for name in names:
        beta.did(epp.DomainTransfer("request", name, auth_info=PW), code=1001)
    seen: list[str] = []
    for left in (2, 1, 0):
        answer = alpha(epp.PollRequest())
        assert 1301 == answer.code
        assert answer.queue is not None
        assert answer.queue == alpha(epp.PollRequest()).queue, "reading alone takes nothing away"
        assert (left + 1, True) == (answer.queue.count, answer.queue.date is not None)
        assert isinstance(answer.data, epp.DomainTransferData)
        seen.append(answer.data.name)
        after = alpha(epp.PollAck(answer.queue.id))
        assert 1000 == after.code
        assert left == (after.queue.count if after.queue is not None else 0)
    assert names == seen
    for name in names:
        beta.did(epp.DomainTransfer("cancel", name))


@pytest.mark.parametrize("message_id", ["0", "999999999", "abc", "-1", "1" * 40])
def test_what_does_not_wait_is_2303(alpha: Line, message_id: str) -> None:
    assert (2303, "epp:msgID") == fault(alpha(epp.PollAck(message_id)))


def test_an_acknowledgement_names_its_message(alpha: Line) -> None:
    assert (2003, "epp:poll") == fault(alpha(epp.PollAck(None)))


def test_nobody_takes_anothers_message(alpha: Line, beta: Line) -> None:
    alpha.messages()
    name = registered(alpha, auth_info=AUTH)
    beta.messages()
    beta.did(epp.DomainTransfer("request", name, auth_info=PW), code=1001)
    head = alpha(epp.PollRequest()).queue
    assert head is not None
    assert (2303, "epp:msgID") == fault(beta(epp.PollAck(head.id)))
    alpha.did(epp.PollAck(head.id))
    assert (2303, "epp:msgID") == fault(alpha(epp.PollAck(head.id))), "twice is once"


# ------------------------------------------------------------------------------------------ what the registry itself did


def test_a_change_by_the_registry_is_told_with_what_became_of_the_name(alpha: Line, operator: CommandLine) -> None:
    name = registered(alpha)
    alpha.messages()
    operator.json("domain", "status", name, "--add", "serverHold", "--reason", "Court order 12")
    operator.json("domain", "protect", name, "--reason", "A legacy name")
    held, protected = about(alpha.messages(), name)
    assert isinstance(held.data, epp.DomainInfoData)
    assert (name, ["inactive", "serverHold"]) == (held.data.name, statuses(held.data))
    told = change(held)
    assert ("update", "operator", "Court order 12", "after") == (told.operation, told.who, told.reason, told.state)
    row = operator.json("log", "show", told.sv_trid)
    assert "set_statuses" == row["command"], "its transaction is in the log"
    assert ("update", "A legacy name") == (change(protected).operation, change(protected).reason)


def test_a_dispute_is_told_and_its_end_too(alpha: Line, operator: CommandLine) -> None:
    name = registered(alpha)
    alpha.messages()
    operator.json("retained", "add", name, "--kind", "disputed")
    operator.json("retained", "remove", name, "--kind", "disputed")
    began, ended = about(alpha.messages(), name)
    assert [("custom", "disputed"), ("custom", "disputed_lifted")] == [
        (change(m).operation, change(m).op) for m in (began, ended)
    ]


def test_a_low_balance_is_told_once(operator: CommandLine, sessions: Callable[..., Line]) -> None:
    beta = sessions("beta")
    beta.messages()
    answer = beta(create(fresh()), epp.CommandExtensions(fee=epp.FeeTerms((epp.Fee(Decimal(10)),), currency="EUR")))
    assert isinstance(answer.extensions.fee, epp.FeeData)
    assert answer.extensions.fee.balance is not None
    operator.json("account", "low-balance", "beta", str(answer.extensions.fee.balance - 5))
    for _ in range(2):
        beta.did(create(fresh()))
    [message] = beta.messages()
    assert message.queue is not None
    assert "below" in (message.queue.message or "")
    assert None is message.data
    operator.json("account", "low-balance", "beta", "0")


def test_who_did_not_announce_change_poll_is_told_by_rfc_9038(
    alpha: Line, operator: CommandLine, sessions: Callable[..., Line]
) -> None:
    name = registered(alpha)
    alpha.messages()
    operator.json("domain", "protect", name)
    answer = sessions(ext_uris=())(epp.PollRequest())
    assert (1301, epp.NO_RESPONSE_EXTENSIONS) == (answer.code, answer.extensions)
    told = [u.extension.change for u in answer.results[0].unhandled if u.extension is not None and u.extension.change]
    assert ["update"] == [c.operation for c in told]
    alpha.messages()


# ------------------------------------------------------------------------------------------------------ what time did


@pytest.fixture(scope="module")
def early(ote: Served, run: Runs) -> Iterator[Line]:
    with logged_in(run, ote, "alpha") as line:
        yield line


def test_what_time_did_to_a_name(early: Line, ote: Served, ote_operator: CommandLine) -> None:
    renewing, falling = fresh(), fresh()
    early.did(create(renewing))
    early.did(create(falling))
    with ote.client("alpha") as http:  # EPP has no words for not being renewed
        assert 200 == http.patch(f"/domains/{falling}", json={"auto_renew": False}).status_code
    early.messages()
    ote_operator.json("clock", "advance", "366d")
    told = early.messages()
    [renewed], [expired] = about(told, renewing), about(told, falling)
    assert ("autoRenew", "time", None) == (change(renewed).operation, change(renewed).who, change(renewed).op)
    assert isinstance(renewed.data, epp.DomainInfoData)
    assert isinstance(renewed.extensions.rgp, epp.RgpInfoData)
    assert ["autoRenewPeriod"] == [s.value for s in renewed.extensions.rgp.statuses]
    assert ("custom", "expired") == (change(expired).operation, change(expired).op)
    for span, operation, op in (
        ("46d", "autoDelete", None),
        ("30d", "custom", "pending_delete"),
        ("6d", "autoPurge", None),
    ):
        ote_operator.json("clock", "advance", span)
        [message] = about(early.messages(), falling)
        assert (operation, op, "time") == (change(message).operation, change(message).op, change(message).who)
    assert 2303 == early(epp.DomainInfo(falling)).code


def test_a_transfer_nobody_answers_is_approved_by_time_and_both_are_told(
    early: Line, ote: Served, run: Runs, ote_operator: CommandLine
) -> None:
    with logged_in(run, ote, "beta") as beta:
        name = registered(early, auth_info=AUTH)
        beta.did(epp.DomainTransfer("request", name, auth_info=PW), code=1001)
        ote_operator.json("clock", "advance", "6d")
        for party in (early, beta):
            told = [m.data for m in about(party.messages(), name)]
            assert ["pending", "serverApproved"] == [d.status for d in told if isinstance(d, epp.DomainTransferData)]
        assert "beta" == early.did(epp.DomainInfo(name)).cl_id


def test_the_queue_outlives_a_restart(place: Callable[[], Path], run: Runs) -> None:
    with serving.demo(place(), "--log-format", "json") as first:
        with logged_in(run, first, "alpha") as alpha, logged_in(run, first, "beta") as beta:
            name = registered(alpha, auth_info=AUTH)
            beta.did(epp.DomainTransfer("request", name, auth_info=PW), code=1001)
            before = alpha(epp.PollRequest())
        first.stop()
        first.start()
        with logged_in(run, first, "alpha") as alpha:
            after = alpha(epp.PollRequest())
            assert (before.queue, before.data) == (after.queue, after.data)
