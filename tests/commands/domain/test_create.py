"""RFC 5731, 3.2.1: what a registration is when it begins, what it costs, and who gets none."""

from datetime import UTC, datetime
from typing import Any

import pytest

from namestead import errors
from namestead.commands.domain.create import CreateDomain
from namestead.money import Money
from namestead.objects.contact import Contact, Postal
from namestead.objects.domain import ApplyState, GraceKind, Records
from namestead.objects.host import Host
from namestead.objects.log import Event, EventKind
from namestead.objects.names import LabelPolicy, Name
from namestead.objects.retained import Retained, RetainedKind
from namestead.objects.zone import ContactModel
from namestead.rules.contacts import ContactSpec, NewContact
from namestead.rules.delegation import NameserverSpec
from tests.commands.facts import (
    ALICE,
    ALPHA,
    BETA,
    DAY,
    NOW,
    SECRET,
    TOKEN,
    Register,
    account,
    changed,
    contact,
    deleted,
    domain,
    ds,
    expired,
    grace,
    host,
    money,
    retained,
    zone,
)

HOSTS = (NameserverSpec(Name("ns1.hoster.net")), NameserverSpec(Name("ns1.alice.example"), ("203.0.114.1",)))
ADA = NewContact(Postal(name="Ada"), email="ada@example.net")


def create(name: str = ALICE, **fields: Any) -> CreateDomain:
    return CreateDomain(Name(name), **fields)


def test_a_bare_name() -> None:
    outcome = Register().decide(create())
    made = changed(outcome)
    assert (ALICE, ALPHA.id, NOW, NOW.replace(year=2027)) == (
        made.name,
        made.registrar_id,
        made.created_at,
        made.expires_at,
    )
    assert (grace(GraceKind.ADD, NOW + 5 * DAY),) == made.graces
    assert [("101:balance", "income", 1000, "create")] == money(outcome)
    assert ((), ApplyState.NONE, False) == (outcome.events, outcome.apply, outcome.pending)
    assert ("active", ("inactive",), ("addPeriod",)) == (
        outcome.result.lifecycle_state,
        outcome.result.status,
        outcome.result.rgp_status,
    )


def test_a_name_with_everything() -> None:
    command = create(
        years=10,
        registrant=ADA,
        contacts=(ContactSpec("admin", "C-1"),),
        nameservers=HOSTS,
        ds=(ds(digest="ab" * 32),),
        auth_info=SECRET,
        auto_renew=False,
    )
    outcome = Register(contact("C-1", 41), host("ns1.hoster.net", 32)).decide(command)
    made, holder, under = changed(outcome), changed(outcome, Contact), changed(outcome, Host)
    assert datetime(2036, 3, 1, 12, tzinfo=UTC) == made.expires_at
    assert (holder.id, (("admin", 41),), (32, under.id)) == (made.registrant_id, made.contacts, made.hosts)
    assert (made.id, "ns1.alice.example") == (under.parent_id, under.name)
    assert ((ds(),), NOW + 14 * DAY) == (made.ds, made.auth_expires_at)
    assert (made.expires_at + 45 * DAY, made.expires_at + 80 * DAY) == (made.lapses_at, made.release_at)
    assert (Event(EventKind.DELEGATION, 1, ALICE),) == outcome.events
    assert ApplyState.PENDING is outcome.apply is made.apply_state
    assert "Ada" == outcome.result.registrant.name


@pytest.mark.parametrize(
    "there, fields, kind",
    [
        ((domain(),), {}, errors.DOMAIN_NOT_AVAILABLE),
        ((expired(),), {}, errors.DOMAIN_NOT_AVAILABLE),
        ((deleted(),), {}, errors.DOMAIN_NOT_AVAILABLE),
        ((deleted(at=NOW - 31 * DAY),), {}, errors.DOMAIN_NOT_AVAILABLE),
        ((retained(RetainedKind.BLOCKED),), {}, errors.NAME_BLOCKED),
        ((retained(RetainedKind.BLOCKED),), {"allocation_token": TOKEN}, errors.NAME_BLOCKED),
        ((retained(RetainedKind.DISPUTED),), {}, errors.NAME_DISPUTED),
        ((retained(RetainedKind.RESERVED),), {}, errors.NAME_RESERVED),
        ((retained(RetainedKind.RESERVED),), {"allocation_token": "wrong"}, errors.ALLOCATION_TOKEN_INVALID),
        ((retained(RetainedKind.CLAIM),), {}, errors.CLAIM_REQUIRED),
        ((), {"name": "a.b.example"}, errors.INVALID_REQUEST),
        ((), {"name": "alice.elsewhere"}, errors.REGISTRAR_NAMESPACE_NOT_APPROVED),
        ((), {"years": 0}, errors.VALUE_OUT_OF_RANGE),
        ((), {"years": 11}, errors.VALUE_OUT_OF_RANGE),
        ((), {"name": "gold.example"}, errors.FEE_MISMATCH),
        ((), {"fee": Money(999, "EUR")}, errors.FEE_MISMATCH),
        ((), {"fee": Money(1000, "USD")}, errors.CURRENCY_MISMATCH),
        ((), {"auth_info": "weak"}, errors.AUTH_INFO_TOO_WEAK),
        ((), {"ds": (ds(digest="AB"),)}, errors.INVALID_REQUEST),
        ((), {"nameservers": HOSTS[:1]}, errors.VALUE_OUT_OF_RANGE),
        ((), {"registrant": NewContact(Postal())}, errors.INVALID_REQUEST),
        ((), {"registrant": "C-9"}, errors.CONTACT_NOT_FOUND),
        ((contact("C-B", 44, BETA.id),), {"registrant": "C-B"}, errors.NOT_SPONSOR),
        ((account(101, "alpha", 999),), {}, errors.INSUFFICIENT_BALANCE),
        ((account(101, "alpha", 0, credit=999),), {}, errors.INSUFFICIENT_BALANCE),
    ],
)
def test_refused(there: tuple[Any, ...], fields: dict[str, Any], kind: errors.Kind) -> None:
    assert kind is Register(*there).kind(create(**fields))


@pytest.mark.parametrize(
    "policy, fields, kind",
    [
        ({"open": False}, {}, errors.ZONE_CLOSED),
        ({"label": LabelPolicy(min_length=6)}, {}, errors.INVALID_REQUEST),
        ({"min_years": 2}, {}, errors.VALUE_OUT_OF_RANGE),
        ({"contacts": ContactModel.NONE}, {"registrant": ADA}, errors.CONTACTS_NOT_ALLOWED),
        ({"contacts": ContactModel.REQUIRED}, {}, errors.CONTACT_REQUIRED),
        ({"prices": ()}, {}, errors.CURRENCY_MISMATCH),
    ],
)
def test_the_zones_policy(policy: dict[str, Any], fields: dict[str, Any], kind: errors.Kind) -> None:
    assert kind is Register(zones=(zone(**policy),)).kind(create(**fields))


@pytest.mark.parametrize("balance, credit", [(1000, 0), (0, 1000), (-500, 1500)])
def test_to_the_last_cent_of_balance_and_credit(balance: int, credit: int) -> None:
    Register(accounts=(account(101, "alpha", balance, credit=credit),)).decide(create())


@pytest.mark.parametrize("kind", [RetainedKind.RESERVED, RetainedKind.CLAIM])
def test_the_token_of_a_reserved_name_is_used_up(kind: RetainedKind) -> None:
    register = Register(retained(kind))
    outcome = register.run(create(allocation_token=TOKEN))
    assert NOW == changed(outcome, Retained).used_at
    assert not changed(outcome).fixture
    register.domains.clear()
    assert "active" == register.decide(create()).result.lifecycle_state


def test_a_name_that_time_has_released_can_be_had_once_that_is_written_down() -> None:
    register = Register(deleted(at=NOW - 36 * DAY))
    assert "active" == register.decide(create()).result.lifecycle_state


@pytest.mark.parametrize(
    "name, there, token, marked",
    [
        ("ote-available.test", (), None, True),
        ("ote-anything.test", (), None, False),
        ("ote-available.example", (), None, False),
        ("ote-claim.example", (retained(RetainedKind.CLAIM, "ote-claim.example", fixture=True),), TOKEN, True),
        ("ote-claim.example", (retained(RetainedKind.CLAIM, "ote-claim.example"),), TOKEN, False),
    ],
)
def test_what_is_registered_in_a_rehearsal_is_marked(
    name: str, there: tuple[Any, ...], token: str | None, marked: bool
) -> None:
    assert marked is changed(Register(*there).decide(create(name, allocation_token=token))).fixture


def test_a_new_name_has_no_records() -> None:
    none: tuple[Records, ...] = ()
    assert none == changed(Register().decide(create())).records
