"""RFC 5733, 3.2.2: a contact names refer to stays."""

from typing import Any

import pytest
from msgspec.structs import replace

from namestead import errors
from namestead.commands.contact.create import CreateContact
from namestead.commands.contact.delete import DeleteContact
from namestead.objects.contact import Contact
from tests.commands.contact.people import ALICE_1, DETAILS
from tests.commands.facts import ALICE, ALPHA, BETA, BOB, NOW, Register, changed, domain

DELETE = DeleteContact("alice-1")


def test_one_that_nobody_refers_to_is_gone_and_its_id_free() -> None:
    register = Register(ALICE_1)
    assert NOW == changed(register.run(DELETE), Contact).deleted_at
    assert 5000 == changed(register.run(CreateContact("alice-1", DETAILS), BETA), Contact).id


@pytest.mark.parametrize(
    "there, by, kind",
    [
        ((), ALPHA, errors.CONTACT_NOT_FOUND),
        ((ALICE_1,), BETA, errors.NOT_SPONSOR),
        ((replace(ALICE_1, statuses=("clientDeleteProhibited",)),), ALPHA, errors.STATUS_PROHIBITS),
        ((replace(ALICE_1, statuses=("serverDeleteProhibited",)),), ALPHA, errors.STATUS_PROHIBITS),
        ((ALICE_1, domain(registrant_id=31)), ALPHA, errors.ASSOCIATION_PROHIBITS),
        ((ALICE_1, domain(registrar_id=BETA.id, contacts=(("tech", 31),))), ALPHA, errors.ASSOCIATION_PROHIBITS),
    ],
)
def test_refused(there: tuple[Any, ...], by: Any, kind: errors.Kind) -> None:
    assert kind is Register(*there).kind(DELETE, by)


def test_the_refusal_names_ones_own_names_and_nobody_elses() -> None:
    register = Register(ALICE_1, domain(registrant_id=31), domain(BOB, 1002, BETA.id, registrant_id=31))
    refusal = register.refusal(DELETE)
    assert [ALICE] == refusal.extra["domains"]
    assert (True, False) == (ALICE in refusal.message, BOB in refusal.message)
