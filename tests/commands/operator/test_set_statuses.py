"""RFC 5731, 2.3: the registry's own statuses, which no client sets or lifts; its registrar is told (RFC 8590)."""

from typing import Any

import pytest
from msgspec.structs import replace

from namestead import errors
from namestead.commands.operator.set_statuses import SetStatuses
from namestead.objects.domain import ApplyState, Domain
from namestead.objects.log import Event, EventKind
from namestead.objects.message import MessageKind
from namestead.objects.names import Name
from tests.commands.facts import ALICE, ALPHA, NOW, Register, changed, domain, host

LOCKED = domain(statuses=("clientHold", "serverUpdateProhibited"))


@pytest.mark.parametrize(
    "command, after",
    [
        (SetStatuses(ALICE, ("serverHold",)), ("clientHold", "serverHold", "serverUpdateProhibited")),
        (SetStatuses(ALICE, remove=("serverUpdateProhibited",)), ("clientHold",)),
        (SetStatuses(ALICE, ("serverHold",), ("serverUpdateProhibited",)), ("clientHold", "serverHold")),
    ],
)
def test_the_registrys_change_and_the_clients_stay(command: SetStatuses, after: tuple[str, ...]) -> None:
    outcome = Register(LOCKED).decide(command)
    assert after == changed(outcome, Domain).statuses == outcome.result.status


@pytest.mark.parametrize(
    "command, kind",
    [
        (SetStatuses(ALICE, ("clientHold",)), errors.VALUE_OUT_OF_RANGE),
        (SetStatuses(ALICE, remove=("clientHold",)), errors.VALUE_OUT_OF_RANGE),
        (SetStatuses(ALICE, ("ok",)), errors.VALUE_OUT_OF_RANGE),
        (SetStatuses(ALICE, ("serverUpdateProhibited",)), errors.POLICY_VIOLATION),
        (SetStatuses(ALICE, remove=("serverHold",)), errors.POLICY_VIOLATION),
        (SetStatuses(Name("nobody.example"), ("serverHold",)), errors.DOMAIN_NOT_FOUND),
    ],
)
def test_refused(command: SetStatuses, kind: errors.Kind) -> None:
    assert kind is Register(LOCKED).kind(command)


def test_nothing_asked_is_nothing_done() -> None:
    outcome = Register(LOCKED).decide(SetStatuses(ALICE))
    assert ((), ()) == (outcome.changes, outcome.messages)


def test_a_hold_is_published() -> None:
    delegated = replace(domain(), hosts=(7,))
    held = Register(delegated, host("ns1.elsewhere.net", 7)).decide(SetStatuses(ALICE, ("serverHold",)))
    assert ((Event(EventKind.DELEGATION, 1, ALICE),), ApplyState.PENDING) == (held.events, held.apply)
    locked = Register(delegated, host("ns1.elsewhere.net", 7)).decide(SetStatuses(ALICE, ("serverDeleteProhibited",)))
    assert ((), ApplyState.NONE) == (locked.events, locked.apply)


def test_its_registrar_is_told_what_and_why() -> None:
    [message] = Register(LOCKED).decide(SetStatuses(ALICE, ("serverHold",), reason="URS 4711")).messages
    assert (ALPHA.id, MessageKind.CHANGED, ALICE) == (message.registrar_id, message.kind, message.object)
    notice: Any = message.data
    assert ("update", NOW, "operator", "URS 4711") == (notice.operation, notice.at, notice.who, notice.reason)
    assert (False, True) == ("serverHold" in notice.before.status, "serverHold" in notice.after.status)
