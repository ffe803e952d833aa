"""RFC 5731, 3.2.5: what an update changes, what it leaves, and what it refuses; all or nothing."""

from typing import Any

import pytest

from namestead import errors
from namestead.commands.domain.update import UNCHANGED, UpdateDomain
from namestead.objects.contact import Contact, Postal
from namestead.objects.domain import ApplyState, Domain, Phase
from namestead.objects.host import Host
from namestead.objects.log import Event, EventKind
from namestead.objects.names import Name
from namestead.objects.retained import RetainedKind
from namestead.objects.zone import ContactModel
from namestead.rules import auth_info
from namestead.rules.contacts import ContactSpec, NewContact
from namestead.rules.delegation import NameserverSpec
from namestead.rules.deltas import Delta
from tests.commands.facts import (
    ALICE,
    ALPHA,
    BETA,
    BOB,
    DAY,
    EXPIRES,
    NOW,
    SECRET,
    Register,
    changed,
    contact,
    deleted,
    domain,
    ds,
    expired,
    host,
    pending,
    retained,
    secured,
    zone,
)

NS1, NS2 = host("ns1.hoster.net", 32), host("ns2.hoster.net", 33)
PEOPLE = (contact("C-1", 41), contact("C-2", 42), contact("C-3", 43), contact("C-B", 44, BETA.id))
HOLDER = NewContact(Postal(name="Ada", country="de"), email="ada@example.net", phone="+49.301234")


def update(**fields: Any) -> UpdateDomain:
    return UpdateDomain(ALICE, **fields)


def after(there: Domain, *others: Any, **fields: Any) -> Domain:
    """The name after an update by its sponsor."""
    made: Domain = changed(Register(there, *others).decide(update(**fields)))
    return made


@pytest.mark.parametrize("fields", [{}, {"statuses": ("clientHold",)}, {"auto_renew": True}, {"ds": (ds(),)}])
def test_an_update_that_changes_nothing_leaves_no_version(fields: dict[str, Any]) -> None:
    there = domain(statuses=("clientHold",), ds=(ds(),), hosts=(32, 33))
    outcome = Register(there, NS1, NS2).decide(update(**fields))
    assert ((), (), ApplyState.NONE) == (outcome.changes, outcome.events, outcome.apply)
    assert outcome.result.updated_at is None


# ------------------------------------------------------------------------------------------------------------- status


@pytest.mark.parametrize(
    "stored, wanted, expected",
    [
        ((), ("clientHold",), ("clientHold",)),
        (("clientHold",), (), ()),
        (("clientHold", "serverHold"), (), ("serverHold",)),
        (("serverHold",), ("clientHold",), ("clientHold", "serverHold")),
        (("clientHold",), Delta(("clientDeleteProhibited",)), ("clientDeleteProhibited", "clientHold")),
        (("clientHold", "serverHold"), Delta((), ("clientHold",)), ("serverHold",)),
        (("clientUpdateProhibited",), (), ()),
        (("clientUpdateProhibited",), ("clientHold",), ("clientHold",)),
    ],
)
def test_statuses(stored: tuple[str, ...], wanted: Any, expected: tuple[str, ...]) -> None:
    assert expected == after(domain(statuses=stored), statuses=wanted).statuses


@pytest.mark.parametrize(
    "stored, wanted, kind",
    [
        ((), ("serverHold",), errors.POLICY_VIOLATION),
        ((), ("ok",), errors.POLICY_VIOLATION),
        ((), ("pendingDelete",), errors.POLICY_VIOLATION),
        ((), ("clientFoo",), errors.VALUE_OUT_OF_RANGE),
        ((), ("clientHold", "clientHold"), errors.POLICY_VIOLATION),
        (("clientHold",), Delta(("clientHold",)), errors.POLICY_VIOLATION),
        ((), Delta((), ("clientHold",)), errors.POLICY_VIOLATION),
        (("serverHold",), Delta((), ("serverHold",)), errors.POLICY_VIOLATION),
        (("clientUpdateProhibited",), ("clientUpdateProhibited", "clientHold"), errors.STATUS_PROHIBITS),
        (("clientUpdateProhibited",), Delta(("clientHold",)), errors.STATUS_PROHIBITS),
        (("clientUpdateProhibited", "serverUpdateProhibited"), (), errors.STATUS_PROHIBITS),
    ],
)
def test_statuses_refused(stored: tuple[str, ...], wanted: Any, kind: errors.Kind) -> None:
    assert kind is Register(domain(statuses=stored)).kind(update(statuses=wanted))


def test_a_client_that_forbade_updates_has_to_lift_that_to_update() -> None:
    register = Register(domain(statuses=("clientUpdateProhibited",)))
    assert errors.STATUS_PROHIBITS is register.kind(update(auto_renew=False))
    outcome = register.decide(update(auto_renew=False, statuses=()))
    assert ((), False) == (changed(outcome).statuses, changed(outcome).auto_renew)


@pytest.mark.parametrize(
    "there, published",
    [(domain(hosts=(32, 33)), True), (domain(), False)],
)
def test_a_hold_is_published_where_there_is_something_to_hold(there: Domain, published: bool) -> None:
    outcome = Register(there, NS1, NS2).decide(update(statuses=("clientHold",)))
    assert ((Event(EventKind.DELEGATION, 1, ALICE),) if published else ()) == outcome.events
    assert (ApplyState.PENDING if published else ApplyState.NONE) is outcome.apply
    assert not outcome.pending


# ------------------------------------------------------------------------------------------------------------ renewal


def test_without_renewal_the_fall_is_known() -> None:
    made = after(domain(), auto_renew=False)
    assert (False, EXPIRES + 45 * DAY) == (made.auto_renew, made.lapses_at)
    assert (EXPIRES + 75 * DAY, EXPIRES + 80 * DAY) == (made.redemption_until, made.release_at)


def test_with_renewal_there_is_none() -> None:
    made = after(domain(auto_renew=False), auto_renew=True)
    assert (True, None, None, None) == (made.auto_renew, made.lapses_at, made.redemption_until, made.release_at)


def test_an_expired_name_cannot_be_set_to_renew_itself() -> None:
    refusal = Register(expired(noted=Phase.EXPIRED, lapses_at=NOW + 44 * DAY)).refusal(update(auto_renew=True))
    assert (errors.STATUS_PROHIBITS, "auto_renew") == (refusal.kind, refusal.field)


def test_an_expired_name_can_be_changed_otherwise() -> None:
    made = after(expired(), statuses=("clientHold",), auto_renew=False)
    assert (("clientHold",), NOW + 44 * DAY) == (made.statuses, made.lapses_at)


# ---------------------------------------------------------------------------------------------------------- auth info


def test_auth_info_is_kept_hashed_and_for_a_while() -> None:
    made = after(domain(), auth_info=SECRET)
    assert (auth_info.digest(ALICE, SECRET), NOW + 14 * DAY) == (made.auth_hash, made.auth_expires_at)


def test_auth_info_is_cleared() -> None:
    made = after(secured(domain()), auth_info=None)
    assert (None, None) == (made.auth_hash, made.auth_expires_at)


def test_weak_auth_info_is_refused_and_nothing_else_done() -> None:
    assert errors.AUTH_INFO_TOO_WEAK is Register(domain()).kind(update(auth_info="short", auto_renew=False))


# ------------------------------------------------------------------------------------------------------------- people


def test_a_new_holder_is_a_new_contact() -> None:
    outcome = Register(domain(registrant_id=41), *PEOPLE).decide(update(registrant=HOLDER))
    made = changed(outcome, Contact)
    assert made.id == changed(outcome).registrant_id
    assert ("Ada", "DE", ALPHA.id) == (made.postal.name, made.postal.country, made.registrar_id)
    assert (made.handle, "Ada") == (outcome.result.registrant.id, outcome.result.registrant.name)


@pytest.mark.parametrize(
    "fields, registrant_id, linked",
    [
        ({"registrant": "C-2"}, 42, (("tech", 43),)),
        ({"registrant": None}, None, (("tech", 43),)),
        ({"contacts": (ContactSpec("admin", "C-2"),)}, 41, (("admin", 42),)),
        ({"contacts": ()}, 41, ()),
        ({"contacts": Delta((ContactSpec("admin", "C-2"),))}, 41, (("tech", 43), ("admin", 42))),
        ({"contacts": Delta((), (ContactSpec("tech", "C-3"),))}, 41, ()),
        ({"registrant": "C-2", "contacts": (ContactSpec("admin", "C-2"),)}, 42, (("admin", 42),)),
    ],
)
def test_people(fields: dict[str, Any], registrant_id: int | None, linked: tuple[tuple[str, int], ...]) -> None:
    made = after(domain(registrant_id=41, contacts=(("tech", 43),)), *PEOPLE, **fields)
    assert (registrant_id, linked) == (made.registrant_id, made.contacts)


@pytest.mark.parametrize(
    "fields, kind",
    [
        ({"registrant": "C-9"}, errors.CONTACT_NOT_FOUND),
        ({"registrant": "C-B"}, errors.NOT_SPONSOR),
        ({"contacts": (ContactSpec("admin", "C-B"),)}, errors.NOT_SPONSOR),
        ({"contacts": (ContactSpec("owner", "C-1"),)}, errors.INVALID_REQUEST),
        ({"contacts": (ContactSpec("admin", "C-1"), ContactSpec("admin", "C-1"))}, errors.POLICY_VIOLATION),
        ({"contacts": Delta((), (ContactSpec("admin", "C-1"),))}, errors.POLICY_VIOLATION),
        ({"contacts": Delta((ContactSpec("tech", "C-3"),))}, errors.POLICY_VIOLATION),
        ({"registrant": NewContact(Postal(name="Ada", country="XX"))}, errors.INVALID_REQUEST),
    ],
)
def test_people_refused(fields: dict[str, Any], kind: errors.Kind) -> None:
    assert kind is Register(domain(contacts=(("tech", 43),)), *PEOPLE).kind(update(**fields))


@pytest.mark.parametrize(
    "model, fields, kind",
    [
        (ContactModel.NONE, {"registrant": "C-1"}, errors.CONTACTS_NOT_ALLOWED),
        (ContactModel.NONE, {"contacts": (ContactSpec("admin", "C-1"),)}, errors.CONTACTS_NOT_ALLOWED),
        (ContactModel.REQUIRED, {"registrant": None}, errors.CONTACT_REQUIRED),
    ],
)
def test_the_zones_contact_model(model: ContactModel, fields: dict[str, Any], kind: errors.Kind) -> None:
    assert kind is Register(domain(), *PEOPLE, zones=(zone(contacts=model),)).kind(update(**fields))


def test_contacts_of_the_former_registrar_may_stay_after_a_transfer() -> None:
    there = domain(registrant_id=44, contacts=(("admin", 44),))
    wanted = (ContactSpec("admin", "C-B"), ContactSpec("billing", "C-B"), ContactSpec("tech", "C-1"))
    assert (("admin", 44), ("billing", 44), ("tech", 41)) == after(there, *PEOPLE, contacts=wanted).contacts


# ----------------------------------------------------------------------------------------------------------------- DNS


def test_ds_of_a_delegated_name_are_published() -> None:
    outcome = Register(domain(hosts=(32, 33)), NS1, NS2).decide(update(ds=(ds(digest="ab" * 32),)))
    assert (ds(),) == changed(outcome).ds
    assert (Event(EventKind.DELEGATION, 1, ALICE),) == outcome.events
    assert ("pending", NOW) == (outcome.result.nameserver_apply.state, outcome.result.nameserver_apply.queued_at)


def test_ds_of_a_name_without_delegation_are_kept_for_later() -> None:
    outcome = Register(domain()).decide(update(ds=(ds(),)))
    assert ((ds(),), ()) == (changed(outcome).ds, outcome.events)


def test_ds_by_delta() -> None:
    made = after(domain(ds=(ds(1), ds(2))), ds=Delta((ds(3),), (ds(1),)))
    assert (ds(2), ds(3)) == made.ds
    assert errors.POLICY_VIOLATION is Register(domain(ds=(ds(1),))).kind(update(ds=Delta((), (ds(2),))))


def test_everything_of_an_epp_update_in_one() -> None:
    there = domain(hosts=(32, 33), contacts=(("tech", 43),), registrant_id=41)
    ns3 = NameserverSpec(Name("ns3.hoster.net"))
    outcome = Register(there, NS1, NS2, *PEOPLE).decide(
        update(
            registrant="C-2",
            contacts=Delta((ContactSpec("admin", "C-1"),), (ContactSpec("tech", "C-3"),)),
            statuses=Delta(("clientHold",)),
            auth_info=SECRET,
            ds=Delta((ds(),)),
            nameservers=Delta((ns3,), (NameserverSpec(Name("ns1.hoster.net")),)),
        )
    )
    made, new = changed(outcome), changed(outcome, Host)
    assert (42, (("admin", 41),), ("clientHold",)) == (made.registrant_id, made.contacts, made.statuses)
    assert ((33, new.id), (ds(),)) == (made.hosts, made.ds)
    assert ["ns2.hoster.net", "ns3.hoster.net"] == [n.host for n in outcome.result.nameservers]


# ------------------------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    "there, by, kind",
    [
        ((), ALPHA, errors.DOMAIN_NOT_FOUND),
        ((domain(),), BETA, errors.NOT_SPONSOR),
        ((domain(transfer=pending()),), ALPHA, errors.STATUS_PROHIBITS),
        ((deleted(),), ALPHA, errors.STATUS_PROHIBITS),
        ((domain(), retained(RetainedKind.DISPUTED)), ALPHA, errors.STATUS_PROHIBITS),
    ],
)
def test_refused(there: tuple[Any, ...], by: Any, kind: errors.Kind) -> None:
    assert kind is Register(*there).kind(update(auto_renew=False), by)


def test_the_summary_has_no_secret_and_no_person() -> None:
    command = UpdateDomain(BOB, registrant=HOLDER, auth_info=SECRET, statuses=("clientHold",), ds=UNCHANGED)
    summary = command.summary()
    assert {"changed": ["registrant", "statuses", "auth_info"], "statuses": ("clientHold",)} == summary
    assert "Ada" not in str(summary) and SECRET not in str(summary)


def test_the_life_of_signatures_is_kept_changed_and_cleared() -> None:
    """RFC 5910, 3.3: `maxSigLife`."""
    there = after(domain(), max_signature_life=604800)
    assert 604800 == there.max_signature_life
    assert 604800 == Register(there).decide(update()).result.max_signature_life
    assert 86400 == after(there, max_signature_life=86400).max_signature_life
    assert None is after(there, max_signature_life=None).max_signature_life


@pytest.mark.parametrize("seconds", [0, -1, 2**31])
def test_a_life_that_is_none(seconds: int) -> None:
    assert errors.VALUE_OUT_OF_RANGE is Register(domain()).kind(update(max_signature_life=seconds))


@pytest.mark.parametrize("status", ["serverHold", "serverTransferProhibited", "pendingDelete", "ok", "inactive"])
@pytest.mark.parametrize("change", [lambda s: Delta((s,)), lambda s: Delta((), (s,)), lambda s: (s,)])
def test_no_client_touches_a_status_of_the_registry(status: str, change: Any) -> None:
    there = domain(statuses=("serverHold", "serverTransferProhibited"))
    assert errors.POLICY_VIOLATION is Register(there).kind(update(statuses=change(status)))
