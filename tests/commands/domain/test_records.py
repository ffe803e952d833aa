"""Records of names that are hosted in their zone: who may have them, and when they are published."""

from typing import Any

import pytest

from namestead import errors
from namestead.commands.domain.records import GetRecords, RecordSet, UpdateRecords
from namestead.objects.domain import ApplyState, Records
from namestead.objects.log import Event, EventKind
from namestead.objects.retained import RetainedKind
from namestead.objects.zone import Backend
from tests.commands.facts import (
    ALICE,
    ALPHA,
    BETA,
    DAY,
    GAMMA,
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

A = Records("@", "A", 3600, ("192.0.2.1",))
WWW = Records("www", "CNAME", 3600, ("alice.example.",))
OUTSIDE = host("ns1.hoster.net", 32)
UPDATE = UpdateRecords(ALICE, (WWW, A))
CLEAR = UpdateRecords(ALICE, ())


def test_records_are_kept_in_order_and_published() -> None:
    outcome = Register(domain()).decide(UPDATE)
    assert (A, WWW) == changed(outcome).records
    assert (Event(EventKind.RECORDS, 1, ALICE),) == outcome.events
    assert (True, ApplyState.PENDING) == (outcome.pending, outcome.apply)
    assert (RecordSet("@", "A", 3600, ("192.0.2.1",)),) == outcome.result.records[:1]
    assert ("pending", NOW) == (outcome.result.apply.state, outcome.result.apply.queued_at)


def test_an_empty_list_removes_them() -> None:
    outcome = Register(domain(records=(A,))).decide(CLEAR)
    assert ((), (Event(EventKind.RECORDS, 1, ALICE),)) == (changed(outcome).records, outcome.events)


def test_the_same_again_changes_nothing() -> None:
    outcome = Register(domain(records=(A, WWW), apply_state=ApplyState.APPLIED)).decide(UPDATE)
    assert ((), (), False) == (outcome.changes, outcome.events, outcome.pending)
    outcome = Register(domain(records=(A, WWW), apply_state=ApplyState.FAILED)).decide(UPDATE)
    assert outcome.pending and outcome.events and outcome.changes


def test_a_delegated_name_may_be_told_to_have_none() -> None:
    assert () == Register(domain(hosts=(32,)), OUTSIDE).decide(CLEAR).changes


@pytest.mark.parametrize(
    "there, command, by, kind",
    [
        ((), UPDATE, ALPHA, errors.DOMAIN_NOT_FOUND),
        ((), GetRecords(ALICE), ALPHA, errors.DOMAIN_NOT_FOUND),
        ((deleted(at=NOW - 36 * DAY),), GetRecords(ALICE), ALPHA, errors.DOMAIN_NOT_FOUND),
        ((domain(),), UPDATE, BETA, errors.NOT_SPONSOR),
        ((domain(),), GetRecords(ALICE), BETA, errors.NOT_SPONSOR),
        ((domain(registrar_id=GAMMA.id),), UPDATE, GAMMA, errors.DNS_MODULE_NOT_ENABLED),
        ((domain(registrar_id=GAMMA.id),), GetRecords(ALICE), GAMMA, errors.DNS_MODULE_NOT_ENABLED),
        ((domain(hosts=(32,)), OUTSIDE), UPDATE, ALPHA, errors.DELEGATED_DOMAIN_HAS_NO_RECORDS),
        ((domain(),), UpdateRecords(ALICE, (Records("@", "A", 3600, ("x",)),)), ALPHA, errors.INVALID_REQUEST),
        ((domain(statuses=("clientUpdateProhibited",)),), UPDATE, ALPHA, errors.STATUS_PROHIBITS),
        ((domain(transfer=pending()),), UPDATE, ALPHA, errors.STATUS_PROHIBITS),
        ((deleted(),), UPDATE, ALPHA, errors.STATUS_PROHIBITS),
        ((domain(), retained(RetainedKind.DISPUTED)), UPDATE, ALPHA, errors.STATUS_PROHIBITS),
    ],
)
def test_refused(there: tuple[Any, ...], command: Any, by: Any, kind: errors.Kind) -> None:
    assert kind is Register(*there).kind(command, by)


@pytest.mark.parametrize("command", [UPDATE, GetRecords(ALICE)])
def test_a_backend_that_cannot(command: Any) -> None:
    register = Register(domain(), zones=(zone(backend=Backend(records=False)),))
    assert errors.BACKEND_DNS_NOT_SUPPORTED is register.kind(command)


@pytest.mark.parametrize("there, count", [(domain(records=(A, WWW)), 2), (domain(hosts=(32,)), 0)])
def test_they_are_read_back(there: Any, count: int) -> None:
    outcome = Register(there, OUTSIDE).decide(GetRecords(ALICE))
    assert (ALICE, count) == (outcome.result.domain, len(outcome.result.records))
