"""Who is told what (RFC 5730, 2.9.2.3; RFC 5731, 3.1.3; RFC 8590): both parties of a transfer at each step, the sponsor
of what time or the operator did; and never a word of personal data."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from namestead.commands.answers import Amount
from namestead.commands.domain.delete import DeleteDomain
from namestead.commands.domain.renew import RenewDomain
from namestead.commands.domain.settle import SettleDomain
from namestead.commands.domain.transfer import TransferDomain
from namestead.commands.messages import ChangeNotice, Notice, TransferNotice
from namestead.commands.operator.add_retained import AddRetained
from namestead.commands.operator.erase_contact import EraseContact
from namestead.commands.operator.protect_domain import ProtectDomain
from namestead.commands.operator.remove_retained import RemoveRetained
from namestead.commands.operator.review_domain import ReviewDomain
from namestead.objects.contact import Contact, Postal
from namestead.objects.domain import Domain, Phase
from namestead.objects.message import Message, MessageKind
from namestead.objects.retained import RetainedKind
from namestead.rules import lifecycle
from namestead.rules.transfers import Operation
from tests.commands.facts import (
    ALICE,
    ALPHA,
    BETA,
    DAY,
    EXPIRES,
    NOW,
    SECRET,
    Register,
    account,
    deleted,
    domain,
    expired,
    pending,
    retained,
    secured,
)

PULLED = domain(transfer=pending())
HELD = account(102, "beta", held=1200)
LATER = EXPIRES.replace(year=2028)


def told(outcome: Any) -> list[tuple[int, str, str]]:
    return [(m.registrar_id, m.kind.value, m.text) for m in outcome.messages]


@pytest.mark.parametrize(
    "there, command, by, status, text, expires_at",
    [
        (secured(domain()), TransferDomain(ALICE, auth_info=SECRET), BETA, "pending", "Transfer requested.", LATER),
        (domain(), TransferDomain(ALICE, gaining_registrar="beta"), ALPHA, "pending", "Transfer requested.", LATER),
        (PULLED, TransferDomain(ALICE, Operation.APPROVE), ALPHA, "clientApproved", "Transfer approved.", LATER),
        (PULLED, TransferDomain(ALICE, Operation.REJECT), ALPHA, "clientRejected", "Transfer rejected.", None),
        (PULLED, TransferDomain(ALICE, Operation.CANCEL), BETA, "clientCancelled", "Transfer cancelled.", None),
    ],
)
def test_both_parties_are_told_of_each_step(
    there: Domain, command: TransferDomain, by: Any, status: str, text: str, expires_at: Any
) -> None:
    outcome = Register(there, HELD if there is PULLED else account(102, "beta")).decide(command, by)
    assert [(ALPHA.id, "transfer", text), (BETA.id, "transfer", text)] == told(outcome)
    notice: Any = outcome.messages[0].data
    assert (ALICE, status, "beta", "alpha", expires_at) == (
        notice.domain,
        notice.transfer.status,
        notice.transfer.gaining,
        notice.transfer.losing,
        notice.transfer.expires_at,
    )
    assert outcome.messages[1].data == notice


def test_asking_tells_nobody() -> None:
    assert () == Register(PULLED).decide(TransferDomain(ALICE, Operation.QUERY)).messages
    assert () == Register(domain()).decide(RenewDomain(ALICE)).messages
    assert () == Register(domain()).decide(DeleteDomain(ALICE)).messages


def settle(there: Domain, *others: Any) -> Any:
    due = lifecycle.next_due(there)
    assert due is not None
    return Register(there, *others).decide(SettleDomain(ALICE, due))


RENEWED_ITSELF = domain(expires_at=NOW - DAY)
PUSHED = domain(transfer=pending(push=True, act_at=NOW - DAY))
WAITING = replace(
    lifecycle.restore_requested(deleted(at=NOW - 10 * DAY), Register().reference.zones_by_id[1], NOW - 8 * DAY),
    restore_until=NOW - DAY,
)


@pytest.mark.parametrize(
    "there, kind, operation, state",
    [
        (RENEWED_ITSELF, "auto_renewed", "autoRenew", "active"),
        (expired(), "expired", "custom", "expired"),
        (replace(expired(at=NOW - 46 * DAY), noted=Phase.EXPIRED), "redemption", "autoDelete", "redemption"),
        (WAITING, "restore_ended", "custom", "redemption"),
        (deleted(at=NOW - 31 * DAY), "pending_delete", "custom", "pending_delete"),
        (
            replace(deleted(at=NOW - 36 * DAY), noted=Phase.PENDING_DELETE),
            "released",
            "autoPurge",
            "released",
        ),
    ],
)
def test_the_sponsor_is_told_what_time_did(there: Domain, kind: str, operation: str, state: str) -> None:
    due = lifecycle.next_due(there)
    outcome = settle(there)
    [message] = outcome.messages
    assert (ALPHA.id, kind, ALICE) == (message.registrar_id, message.kind, message.object)
    notice = message.data
    assert due is not None
    assert (operation, kind, due.at, "time", state) == (
        notice.operation,
        notice.event,
        notice.at,
        notice.who,
        notice.after.lifecycle_state,
    )


def test_an_automatic_renewal_says_what_it_cost_and_until_when() -> None:
    notice = settle(RENEWED_ITSELF).messages[0].data
    assert (Amount("11.00", "EUR"), RENEWED_ITSELF.expires_at.replace(year=2027)) == (
        notice.charged,
        notice.after.expires_at,
    )


@pytest.mark.parametrize(
    "there, status", [(domain(transfer=pending(act_at=NOW - DAY)), "serverApproved"), (PUSHED, "serverCancelled")]
)
def test_both_parties_are_told_how_time_ended_a_transfer(there: Domain, status: str) -> None:
    outcome = settle(there, HELD)
    assert [ALPHA.id, BETA.id] == [m.registrar_id for m in outcome.messages]
    assert {status} == {m.data.transfer.status for m in outcome.messages}


def test_a_name_that_falls_takes_its_transfer_with_it_and_all_are_told() -> None:
    fallen = replace(expired(at=NOW - 46 * DAY, transfer=pending(act_at=NOW + 9 * DAY)), noted=Phase.EXPIRED)
    outcome = settle(fallen, HELD)
    assert [(ALPHA.id, "transfer"), (BETA.id, "transfer"), (ALPHA.id, "redemption")] == [
        (m.registrar_id, m.kind) for m in outcome.messages
    ]


ERIKA = Contact(31, "erika-1", ALPHA.id, ALPHA.id, NOW, Postal("Erika", city="Berlin"), email="erika@example.net")


@pytest.mark.parametrize(
    "there, command, reason",
    [
        ((domain(),), ProtectDomain(ALICE, "since 1995"), "since 1995"),
        ((domain(protected_legacy=True),), ReviewDomain(ALICE, "Frau X"), "Policy review recorded: it may be deleted."),
    ],
)
def test_the_sponsor_is_told_what_the_operator_did(there: tuple[Any, ...], command: Any, reason: str) -> None:
    [message] = Register(*there).decide(command).messages
    notice: Any = message.data
    assert (ALPHA.id, MessageKind.CHANGED, ALICE) == (message.registrar_id, message.kind, message.object)
    assert ("update", "operator", reason) == (notice.operation, notice.who, notice.reason)
    assert notice.before.protected_legacy is not notice.after.protected_legacy


def test_what_changes_nothing_tells_nobody() -> None:
    assert () == Register(domain(protected_legacy=True)).decide(ProtectDomain(ALICE)).messages


def test_a_dispute_is_told_when_it_begins_and_when_it_ends() -> None:
    register = Register(domain())
    [begun] = register.run(AddRetained(ALICE, RetainedKind.DISPUTED, reason="UDRP")).messages
    [ended] = register.run(RemoveRetained(ALICE)).messages
    assert ["disputed", "disputed_lifted"] == [message.data.event for message in (begun, ended)]  # type: ignore[attr-defined]
    assert "UDRP" == begun.data.reason  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "there, command",
    [
        ((), AddRetained(ALICE, RetainedKind.DISPUTED)),
        ((domain(),), AddRetained(ALICE, RetainedKind.BLOCKED)),
        ((domain(), retained(RetainedKind.BLOCKED)), RemoveRetained(ALICE)),
    ],
)
def test_a_list_that_locks_no_registration_tells_nobody(there: tuple[Any, ...], command: Any) -> None:
    assert () == Register(*there).decide(command).messages


def test_an_erasure_is_told_without_what_was_erased() -> None:
    [message] = Register(ERIKA).decide(EraseContact("erika-1")).messages
    notice: Any = message.data
    assert (ALPHA.id, "erika-1", NOW) == (message.registrar_id, message.object, notice.contact.erased_at)
    assert "Erika" not in msgspec.json.encode(notice).decode()


def test_no_message_carries_personal_data() -> None:
    held = domain(registrant_id=31)
    messages: list[Message] = []
    messages += Register(held, ERIKA).decide(ProtectDomain(ALICE)).messages
    messages += settle(domain(expires_at=NOW - DAY, registrant_id=31), ERIKA).messages
    assert 2 == len(messages)
    for message in messages:
        text = msgspec.json.encode(message.data).decode()
        assert (True, False, False) == ("erika-1" in text, "Erika" in text, "erika@" in text)


def test_what_is_written_is_read_again() -> None:
    messages = [
        *Register(domain()).decide(TransferDomain(ALICE, gaining_registrar="beta")).messages,
        *Register(domain()).decide(ProtectDomain(ALICE)).messages,
    ]
    read = [msgspec.json.decode(msgspec.json.encode(m.data), type=Notice) for m in messages]
    assert [TransferNotice, TransferNotice, ChangeNotice] == [type(notice) for notice in read]
    assert [m.data for m in messages] == read
