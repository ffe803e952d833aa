"""The rehearsal's fixtures: made anew each time, never in the place of a real name."""

from typing import Any

import pytest
from msgspec.structs import replace

from namestead import errors
from namestead.commands.domain.create import CreateDomain
from namestead.commands.domain.delete import DeleteDomain
from namestead.commands.domain.renew import RenewDomain
from namestead.commands.domain.transfer import TransferDomain
from namestead.commands.sandbox.reset import ResetSandbox
from namestead.objects.domain import Domain, EndReason
from namestead.objects.host import Host
from namestead.objects.log import Event, EventKind
from namestead.objects.names import Name
from namestead.objects.registrar import Registrar
from namestead.objects.retained import Retained, RetainedKind
from namestead.rules import sandbox
from tests.commands.facts import (
    ALPHA,
    BETA,
    DAY,
    NOW,
    REHEARSING,
    UNLISTED,
    Register,
    account,
    changed,
    domain,
    host,
    money,
    pending,
    retained,
)

RESET = ResetSandbox(Name("test"))
FIXTURES = ["ote-delete.test", "ote-ns.test", "ote-renew.test", "ote-transfer.test", "ote-update.test"]


def fixture(name: str, domain_id: int = 1001, **fields: Any) -> Domain:
    return replace(domain(name, domain_id, **fields), zone_id=2, fixture=True)


def live(register: Register) -> list[str]:
    return sorted(d.name for d in register.domains.values() if d.ended_at is None)


def test_the_fixtures_are_made_for_the_channel_and_cost_nothing() -> None:
    register = Register()
    outcome = register.run(RESET, REHEARSING)
    assert FIXTURES == live(register)
    assert [] == money(outcome)
    for made in register.domains.values():
        assert (True, REHEARSING.id, False, 2) == (made.fixture, made.registrar_id, made.auto_renew, made.zone_id)
        assert ("active", ()) == (made.noted, made.graces)
        assert NOW + 100 * DAY < made.expires_at
    shown = {f.domain: f for f in outcome.result.fixtures}
    assert sorted([*FIXTURES, "ote-available.test", "ote-claim.test"]) == sorted(shown)
    assert all(f.purpose for f in shown.values())


def test_a_new_epoch_begins() -> None:
    outcome = Register().decide(RESET)
    assert 2 == changed(outcome, Registrar).epoch == outcome.result.epoch


def test_the_claim_is_opened_by_the_token_given_and_by_no_other() -> None:
    register = Register()
    token = {f.domain: f.allocation_token for f in register.run(RESET).result.fixtures}["ote-claim.test"]
    claim = Name("ote-claim.test")
    assert errors.CLAIM_REQUIRED is register.kind(CreateDomain(claim))
    assert changed(register.run(CreateDomain(claim, allocation_token=token))).fixture


def test_the_transfer_fixture_is_pulled_with_the_auth_info_given() -> None:
    register = Register()
    word = {f.domain: f.auth_info for f in register.run(RESET, ALPHA).result.fixtures}["ote-transfer.test"]
    assert register.decide(TransferDomain(Name("ote-transfer.test"), auth_info=word), BETA).pending


def test_it_can_be_played_again_and_again() -> None:
    register = Register()
    for _ in range(3):
        token = {f.domain: f.allocation_token for f in register.run(RESET).result.fixtures}["ote-claim.test"]
        register.run(CreateDomain(Name("ote-available.test")))
        register.run(CreateDomain(Name("ote-claim.test"), allocation_token=token))
        register.run(RenewDomain(Name("ote-renew.test")))
        register.run(DeleteDomain(Name("ote-delete.test")))
    register.run(RESET)
    assert FIXTURES == live(register)
    assert 1 == len([r for r in register.retained.values() if r.in_force(NOW)])


def test_what_was_paid_in_the_grace_of_a_fixture_and_what_is_held_goes_back() -> None:
    register = Register()
    register.run(RESET)
    register.run(RenewDomain(Name("ote-renew.test")))
    register.put(replace(register.named("ote-transfer.test"), transfer=pending()), account(102, "beta", held=1200))
    outcome = register.run(RESET)
    assert [
        ("income", "101:balance", 1100, "sandbox_reset"),
        ("102:held", "102:balance", 1200, "transfer"),
    ] == sorted(money(outcome), reverse=True)
    assert 1_000_000 == register.accounts[101].balance
    assert 0 == register.accounts[102].held


def test_the_last_to_reset_has_them() -> None:
    register = Register()
    register.run(RESET, ALPHA)
    register.run(RESET, BETA)
    assert {BETA.id} == {register.named(n).registrar_id for n in FIXTURES}


def test_what_was_published_of_a_fixture_is_withdrawn_and_its_hosts_end() -> None:
    there = fixture("ote-ns.test", hosts=(31, 32))
    register = Register(there, host("ns1.ote-ns.test", 31, 1001), host("ns1.hoster.net", 32))
    outcome = register.decide(RESET)
    assert (Event(EventKind.WITHDRAWN, 2, "ote-ns.test"),) == outcome.events
    assert NOW == changed(outcome, Host).deleted_at
    assert EndReason.CANCELLED is next(c for c in outcome.changes if isinstance(c, Domain)).end_reason


@pytest.mark.parametrize(
    "there",
    [
        domain("ote-renew.test"),
        domain("ote-available.test"),
        domain("ote-claim.test"),
        retained(RetainedKind.CLAIM, "ote-claim.test"),
        retained(RetainedKind.BLOCKED, "ote-ns.test"),
    ],
    ids=lambda there: f"{type(there).__name__} {there.name}",
)
def test_a_real_name_is_never_touched(there: Any) -> None:
    refusal = Register(there, fixture("ote-delete.test", 1002)).refusal(RESET)
    assert (errors.SANDBOX_FIXTURE_IS_REAL_NAME, there.name) == (refusal.kind, refusal.value)


@pytest.mark.parametrize(
    "command, by",
    [(RESET, UNLISTED), (ResetSandbox(Name("elsewhere")), ALPHA)],
)
def test_it_takes_a_listing(command: ResetSandbox, by: Registrar) -> None:
    assert errors.REGISTRAR_NAMESPACE_NOT_APPROVED is Register().kind(command, by)


def test_the_answer_holds_no_secret_that_opens_anything_real() -> None:
    outcome = Register().decide(RESET)
    claim = changed(outcome, Retained)
    assert claim.fixture
    assert sandbox.token(ALPHA, 2) == next(f for f in outcome.result.fixtures if f.allocation_token).allocation_token
