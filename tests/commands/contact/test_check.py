"""RFC 5733, 3.1.1: whether an id is free, each for itself."""

from namestead.commands.contact.check import CheckContact
from namestead.objects.zone import ContactModel
from tests.commands.contact.people import ALICE_1
from tests.commands.facts import BETA, Register, zone

ASKED = CheckContact(("alice-1", "bob-1", "x", "C1-NST"))


def test_each_id_has_its_own_answer() -> None:
    results = Register(ALICE_1).decide(ASKED, BETA).result.results
    assert [("alice-1", "in_use"), ("bob-1", None), ("x", "invalid_id"), ("C1-NST", "invalid_id")] == [
        (r.id, r.reason) for r in results
    ]
    assert [False, True, False, False] == [r.available for r in results]
    assert [True, False, True, True] == [bool(r.detail) for r in results]


def test_where_no_zone_keeps_contacts_none_can_be_had() -> None:
    register = Register(zones=(zone(contacts=ContactModel.NONE),))
    assert ["no_contacts"] == [r.reason for r in register.decide(CheckContact(("bob-1",))).result.results]


def test_what_is_logged() -> None:
    assert {"contacts": ["alice-1", "bob-1", "x", "C1-NST"]} == ASKED.summary()
    assert {"asked": 4, "available": 1} == Register(ALICE_1).decide(ASKED).result.summary()
