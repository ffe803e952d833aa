"""RFC 5733, 3.2.1: a contact with its id, complete and in canonical form; nothing of it in the log."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from namestead import errors
from namestead.commands.contact.create import CreateContact
from namestead.objects.contact import Contact, Postal
from namestead.objects.zone import ContactModel
from namestead.rules.contacts import Details
from tests.commands.contact.people import ALICE_1, DETAILS, INTERNATIONAL, LOCAL
from tests.commands.facts import ALPHA, BETA, NOW, SECRET, UNLISTED, Register, changed, zone

CREATE = CreateContact("alice-1", DETAILS, SECRET)


def test_a_contact_is_its_registrars_with_all_it_said() -> None:
    made = changed(Register().decide(CREATE), Contact)
    assert replace(ALICE_1, id=5000, created_at=NOW) == made


def test_the_answer_and_the_log_know_no_personal_data() -> None:
    outcome = Register().decide(CREATE)
    kept = msgspec.json.encode((outcome.result, outcome.result.summary(), CREATE.summary())).decode()
    assert ("alice-1", "C5000-NST", ("ok",), "alpha") == (
        outcome.result.id,
        outcome.result.roid,
        outcome.result.status,
        outcome.result.created_by,
    )
    assert [] == [text for text in ("lice@", "Alice", "Köln", "50667", "+49", SECRET) if text in kept]


@pytest.mark.parametrize("handle", ["abc", "x" * 16, "C-1", "C12-NSTX", "~!#$%&()*+,-./", "check"])
def test_an_id_is_three_to_sixteen_visible_characters(handle: str) -> None:
    assert handle == changed(Register().decide(replace_handle(handle)), Contact).handle


def replace_handle(handle: str) -> CreateContact:
    return CreateContact(handle, DETAILS)


@pytest.mark.parametrize(
    "handle, kind",
    [
        ("ab", errors.INVALID_REQUEST),
        ("x" * 17, errors.INVALID_REQUEST),
        ("a b c", errors.INVALID_REQUEST),
        ("älice", errors.INVALID_REQUEST),
        ("abc\n", errors.INVALID_REQUEST),
        ("C12-NST", errors.POLICY_VIOLATION),
        ("c5000-nst", errors.POLICY_VIOLATION),
    ],
)
def test_an_id_that_cannot_be(handle: str, kind: errors.Kind) -> None:
    refusal = Register().refusal(replace_handle(handle))
    assert (kind, "id") == (refusal.kind, refusal.field)


@pytest.mark.parametrize("by", [ALPHA, BETA])
def test_an_id_is_one_registrars_whoever_asks(by: Any) -> None:
    assert errors.CONTACT_EXISTS is Register(ALICE_1).kind(CREATE, by)


def given(**fields: Any) -> CreateContact:
    return CreateContact("alice-1", replace(DETAILS, **fields))


def local(**fields: Any) -> CreateContact:
    return given(postal=replace(LOCAL, **fields))


@pytest.mark.parametrize(
    "command, kind, field",
    [
        (given(postal=None, ascii=None), errors.MISSING_FIELD, "postal"),
        (local(name=" "), errors.MISSING_FIELD, "postal.name"),
        (local(city=""), errors.MISSING_FIELD, "postal.city"),
        (local(country=""), errors.MISSING_FIELD, "postal.country"),
        (given(ascii=replace(INTERNATIONAL, city="")), errors.MISSING_FIELD, "ascii.city"),
        (given(email=""), errors.MISSING_FIELD, "email"),
        (given(email="alice"), errors.INVALID_REQUEST, "email"),
        (local(country="XX"), errors.INVALID_REQUEST, "postal.country"),
        (local(street=("a", "b", "c", "d")), errors.INVALID_REQUEST, "postal.street"),
        (local(postal_code="1" * 17), errors.INVALID_REQUEST, "postal.postal_code"),
        (local(organization="a" * 256), errors.INVALID_REQUEST, "postal.organization"),
        (local(name="a\x07b"), errors.INVALID_REQUEST, "postal.name"),
        (given(ascii=replace(INTERNATIONAL, city="Köln")), errors.INVALID_REQUEST, "ascii.city"),
        (given(ascii=replace(INTERNATIONAL, street=("1", "ß"))), errors.INVALID_REQUEST, "ascii.street[1]"),
        (given(phone="030 1234"), errors.INVALID_REQUEST, "phone"),
        (given(phone="+49.1234567890123456"), errors.INVALID_REQUEST, "phone"),
        (given(phone_ext="12a"), errors.INVALID_REQUEST, "phone_ext"),
        (given(phone=""), errors.INVALID_REQUEST, "phone_ext"),
        (given(fax="+49"), errors.INVALID_REQUEST, "fax"),
        (given(disclose=("name",)), errors.INVALID_REQUEST, "disclose"),
        (given(withhold=("voice",)), errors.POLICY_VIOLATION, "disclose"),
        (CreateContact("alice-1", DETAILS, "weak"), errors.AUTH_INFO_TOO_WEAK, "auth_info"),
    ],
)
def test_refused(command: CreateContact, kind: errors.Kind, field: str) -> None:
    refusal = Register().refusal(command)
    assert (kind, field) == (refusal.kind, refusal.field)


def test_every_fault_is_named_at_once() -> None:
    refusal = Register().refusal(given(email="x", phone="y", phone_ext=""))
    assert ["email", "phone"] == [fault.field for fault in refusal.details]


def test_one_form_is_enough_and_a_country_is_written_in_capitals() -> None:
    only = Details(ascii=replace(INTERNATIONAL, country="de"), email="alice@example.net")
    made = changed(Register().decide(CreateContact("alice-1", only)), Contact)
    assert (Postal(), INTERNATIONAL, None) == (made.postal, made.ascii, made.auth_hash)


def test_where_no_zone_keeps_contacts_there_are_none() -> None:
    bare = zone(contacts=ContactModel.NONE)
    assert errors.CONTACTS_NOT_ALLOWED is Register(zones=(bare,)).kind(CREATE)
    assert changed(Register(zones=(bare, zone(2, "test"))).decide(CREATE), Contact)
    assert changed(Register(zones=(bare,)).decide(CREATE, UNLISTED), Contact)
