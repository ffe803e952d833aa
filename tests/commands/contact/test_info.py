"""RFC 5733, 3.1.2: all to the sponsor and to who has the word, nothing to others."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from namestead import errors
from namestead.commands.contact.info import InfoContact
from namestead.objects.contact import Postal
from tests.commands.contact.people import ALICE_1, INTERNATIONAL, LOCAL
from tests.commands.facts import ALPHA, BETA, SECRET, Register, domain


@pytest.mark.parametrize(
    "command, by",
    [
        (InfoContact("alice-1"), ALPHA),
        (InfoContact("alice-1", "wrong, and not looked at"), ALPHA),
        (InfoContact("alice-1", SECRET), BETA),
    ],
)
def test_all_of_it(command: InfoContact, by: Any) -> None:
    shown = Register(ALICE_1).decide(command, by).result
    assert (LOCAL, INTERNATIONAL) == tuple(
        Postal(*msgspec.structs.astuple(form)) for form in (shown.postal, shown.ascii)
    )
    assert ("alice-1", "C31-NST", ("ok",), "alice@example.net", "+49.2211", "12", "+49.2212", ("email",), ()) == (
        shown.id,
        shown.roid,
        shown.status,
        shown.email,
        shown.phone,
        shown.phone_ext,
        shown.fax,
        shown.disclose,
        shown.withhold,
    )
    assert {"contact": "alice-1", "status": ("ok",)} == shown.summary()
    assert SECRET not in msgspec.json.encode((shown, command.summary())).decode()


@pytest.mark.parametrize(
    "command, there, kind",
    [
        (InfoContact("alice-1"), ALICE_1, errors.NOT_SPONSOR),
        (InfoContact("alice-1", "Wrong-Horse-Battery-9"), ALICE_1, errors.AUTH_INFO_INVALID),
        (InfoContact("alice-1", SECRET), replace(ALICE_1, auth_hash=None), errors.AUTH_INFO_INVALID),
        (InfoContact("bob-1", SECRET), ALICE_1, errors.CONTACT_NOT_FOUND),
    ],
)
def test_nothing_to_others(command: InfoContact, there: Any, kind: errors.Kind) -> None:
    assert kind is Register(there).kind(command, BETA)


@pytest.mark.parametrize("links", [{"registrant_id": 31}, {"contacts": (("tech", 31),)}])
def test_linked_says_that_a_name_refers_to_it(links: Any) -> None:
    register = Register(ALICE_1, domain(**links))
    assert ("linked", "ok") == register.decide(InfoContact("alice-1")).result.status
