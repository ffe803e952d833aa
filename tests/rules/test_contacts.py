"""RFC 5733: what is an address, a telephone number, a country; and every fault at once."""

from typing import Any

import pytest

from namestead import errors
from namestead.commands.protocol import Needs
from namestead.errors import Refusal
from namestead.objects.contact import Contact, Postal
from namestead.rules import contacts
from namestead.rules.contacts import ContactSpec, NewContact
from tests.commands.facts import ALPHA, Register, contact


@pytest.mark.parametrize(
    "text, good",
    [
        ("ada@example.net", True),
        ("ada.lovelace+tag@mail.example.net", True),
        ("o'hara@example.net", True),
        ("ада@пример.example", True),
        ("a" * 64 + "@example.net", True),
        ("a" * 65 + "@example.net", False),
        ("ada", False),
        ("@example.net", False),
        ("ada@", False),
        ("ada@localhost", False),
        ("ada@example.net.", False),
        ("ada@exa mple.net", False),
        ("ada@-example.net", False),
        ("ada lovelace@example.net", False),
        (".ada@example.net", False),
        ("ada..l@example.net", False),
        ("ada@lovelace@example.net", False),
        ("ada@example.net\n", False),
        ("<ada@example.net>", False),
        ('"ada"@example.net', False),
        ("", False),
    ],
)
def test_email(text: str, good: bool) -> None:
    assert good is (contacts.email_complaint(text) is None)


@pytest.mark.parametrize(
    "text, good",
    [
        ("+49.3012345678", True),
        ("+1.7035555555", True),
        ("+358.1", True),
        ("+1.12345678901234", True),
        ("+123.12345678901234", False),
        ("+1.123456789012345", False),
        ("49.3012345678", False),
        ("+4930.12345678", False),
        ("+49 30 12345678", False),
        ("+49.", False),
        ("+49.30-1234", False),
        ("+49.301234x5", False),
        ("+٤٩.٣٠", False),
        ("+49.301234\n", False),
    ],
)
def test_phone(text: str, good: bool) -> None:
    assert good is (contacts.phone_complaint(text) is None)


@pytest.mark.parametrize(
    "text, good",
    [
        ("DE", True),
        ("de", True),
        ("GB", True),
        ("SS", True),
        ("UK", False),
        ("EU", False),
        ("XX", False),
        ("DEU", False),
        ("", False),
    ],
)
def test_country(text: str, good: bool) -> None:
    assert good is (contacts.country_complaint(text) is None)


def test_there_are_as_many_countries_as_iso_has() -> None:
    assert 249 == len(contacts._COUNTRIES)


def made(given: NewContact) -> Contact:
    return contacts.new_contact(given, ALPHA, 77, Register().load(Needs()))


def test_a_contact_is_made() -> None:
    contact = made(NewContact(Postal(organization="Ada Ltd", country="gb"), "ada@example.net", "+44.20"))
    assert ("C77-NST", "GB", "ada@example.net") == (contact.handle, contact.postal.country, contact.email)


def test_every_fault_is_told_at_once() -> None:
    bad = NewContact(
        Postal(street=("1", "2", "3", "4"), city="a\nb", postal_code="1" * 17, country="XX", state="s" * 256),
        email="ada",
        phone="123",
    )
    with pytest.raises(Refusal) as caught:
        made(bad)
    assert errors.INVALID_REQUEST is caught.value.kind
    assert {
        "registrant.name",
        "registrant.street",
        "registrant.city",
        "registrant.state",
        "registrant.postal_code",
        "registrant.country",
        "registrant.email",
        "registrant.phone",
    } == {fault.field for fault in caught.value.details}


@pytest.mark.parametrize(
    "registrant, linked, expected",
    [
        (None, (), ()),
        ("C-1", (), ("C-1",)),
        (None, (ContactSpec("admin", "C-2"),), ("C-2",)),
        ("C-1", (ContactSpec("admin", "C-2"),), ("C-1", "C-2")),
        (NewContact(Postal(name="Ada")), (), ()),
    ],
)
def test_handles(
    registrant: NewContact | str | None, linked: tuple[ContactSpec, ...], expected: tuple[str, ...]
) -> None:
    assert expected == contacts.handles(registrant, linked)


@pytest.mark.parametrize(
    "fields, shown",
    [
        ({}, set()),
        ({"disclose": ("email", "name:loc")}, {"email", "name:loc"}),
        ({"withhold": ("email", "voice", "fax")}, contacts.DISCLOSABLE - {"email", "voice", "fax"}),
    ],
)
def test_what_the_public_may_see(fields: dict[str, Any], shown: set[str]) -> None:
    """RFC 5733, 2.9: nothing by itself; what its registrar named, or all but what it named."""
    assert shown == contacts.disclosed(contact("C-1", 41, **fields))
