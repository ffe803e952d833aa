"""RFC 5733, 3.2.5: what is given changes, what is not stays, and all of it has to be right afterwards."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from namestead import errors
from namestead.commands.contact.update import PostalChange, UpdateContact
from namestead.objects.contact import Contact, Postal
from namestead.rules import auth_info
from namestead.rules.deltas import Delta
from tests.commands.contact.people import ALICE_1, INTERNATIONAL, LOCAL
from tests.commands.facts import ALPHA, BETA, NOW, SECRET, Register, changed

BERLIN = Postal("", "", ("Hauptstraße 2",), "Berlin", "", "10115", "de")


def after(command: UpdateContact, there: Contact = ALICE_1) -> Contact:
    found: Contact = changed(Register(there).decide(command), Contact)
    return found


@pytest.mark.parametrize(
    "command, fields",
    [
        (UpdateContact("alice-1", email="bob@example.net"), {"email": "bob@example.net"}),
        (UpdateContact("alice-1", phone="+1.2", phone_ext=""), {"phone": "+1.2", "phone_ext": ""}),
        (UpdateContact("alice-1", fax="", fax_ext=""), {"fax": ""}),
        (UpdateContact("alice-1", disclose=("fax", "voice")), {"disclose": ("fax", "voice")}),
        (UpdateContact("alice-1", disclose=(), withhold=("fax",)), {"disclose": (), "withhold": ("fax",)}),
        (UpdateContact("alice-1", PostalChange(name="Bob")), {"postal": replace(LOCAL, name="Bob")}),
        (UpdateContact("alice-1", PostalChange(organization="")), {"postal": replace(LOCAL, organization="")}),
        (
            UpdateContact("alice-1", PostalChange(address=BERLIN)),
            {"postal": replace(BERLIN, name=LOCAL.name, organization=LOCAL.organization, country="DE")},
        ),
        (UpdateContact("alice-1", postal=None), {"postal": Postal()}),
        (UpdateContact("alice-1", ascii=None), {"ascii": None}),
        (UpdateContact("alice-1", auth_info=None), {"auth_hash": None}),
        (
            UpdateContact("alice-1", auth_info=SECRET + "!"),
            {"auth_hash": auth_info.contact_digest("alice-1", SECRET + "!")},
        ),
        (UpdateContact("alice-1", statuses=("clientDeleteProhibited",)), {"statuses": ("clientDeleteProhibited",)}),
        (
            UpdateContact("alice-1", statuses=Delta(("clientTransferProhibited",))),
            {"statuses": ("clientTransferProhibited",)},
        ),
    ],
)
def test_what_is_given_changes_and_nothing_else(command: UpdateContact, fields: dict[str, Any]) -> None:
    assert replace(ALICE_1, updated_at=NOW, **fields) == after(command)


@pytest.mark.parametrize(
    "command",
    [UpdateContact("alice-1"), UpdateContact("alice-1", email=ALICE_1.email), UpdateContact("alice-1", statuses=())],
)
def test_what_changes_nothing_leaves_it_alone(command: UpdateContact) -> None:
    assert () == Register(ALICE_1).decide(command).changes


def test_a_form_it_did_not_have_comes_whole() -> None:
    there = replace(ALICE_1, ascii=None)
    whole = PostalChange(INTERNATIONAL.name, INTERNATIONAL.organization, INTERNATIONAL)
    assert INTERNATIONAL == after(UpdateContact("alice-1", ascii=whole), there).ascii
    refusal = Register(there).refusal(UpdateContact("alice-1", ascii=PostalChange(name="Alice")))
    assert (errors.MISSING_FIELD, "ascii.city") == (refusal.kind, refusal.field)


LOCKED = replace(ALICE_1, statuses=("clientUpdateProhibited",))


@pytest.mark.parametrize(
    "there, command, by, kind",
    [
        (ALICE_1, UpdateContact("bob-1"), ALPHA, errors.CONTACT_NOT_FOUND),
        (ALICE_1, UpdateContact("alice-1", email="a@example.net"), BETA, errors.NOT_SPONSOR),
        (LOCKED, UpdateContact("alice-1", email="a@example.net"), ALPHA, errors.STATUS_PROHIBITS),
        (
            replace(ALICE_1, statuses=("serverUpdateProhibited",)),
            UpdateContact("alice-1", statuses=()),
            ALPHA,
            errors.STATUS_PROHIBITS,
        ),
        (ALICE_1, UpdateContact("alice-1", None, None), ALPHA, errors.MISSING_FIELD),
        (ALICE_1, UpdateContact("alice-1", email=""), ALPHA, errors.MISSING_FIELD),
        (ALICE_1, UpdateContact("alice-1", ascii=PostalChange(name="Ålice")), ALPHA, errors.INVALID_REQUEST),
        (ALICE_1, UpdateContact("alice-1", withhold=("fax",)), ALPHA, errors.POLICY_VIOLATION),
        (ALICE_1, UpdateContact("alice-1", auth_info="weak"), ALPHA, errors.AUTH_INFO_TOO_WEAK),
        (ALICE_1, UpdateContact("alice-1", statuses=Delta(("linked",))), ALPHA, errors.POLICY_VIOLATION),
        (
            ALICE_1,
            UpdateContact("alice-1", statuses=Delta(("serverUpdateProhibited",))),
            ALPHA,
            errors.POLICY_VIOLATION,
        ),
        (
            ALICE_1,
            UpdateContact("alice-1", statuses=Delta((), ("clientUpdateProhibited",))),
            ALPHA,
            errors.POLICY_VIOLATION,
        ),
        (LOCKED, UpdateContact("alice-1", statuses=Delta(("clientUpdateProhibited",))), ALPHA, errors.POLICY_VIOLATION),
        (ALICE_1, UpdateContact("alice-1", statuses=Delta(("clientHold",))), ALPHA, errors.VALUE_OUT_OF_RANGE),
    ],
)
def test_refused(there: Contact, command: UpdateContact, by: Any, kind: errors.Kind) -> None:
    assert kind is Register(there).kind(command, by)


def test_a_lock_is_lifted_in_the_command_that_changes_the_rest() -> None:
    command = UpdateContact("alice-1", email="b@example.net", statuses=Delta((), ("clientUpdateProhibited",)))
    assert ((), "b@example.net") == (after(command, LOCKED).statuses, after(command, LOCKED).email)


def test_new_data_end_an_erasure() -> None:
    erased = replace(ALICE_1, postal=Postal(), ascii=None, email="", erased_at=NOW)
    whole = PostalChange(LOCAL.name, "", LOCAL)
    assert None is after(UpdateContact("alice-1", whole, email="a@example.net"), erased).erased_at


def test_the_log_knows_what_was_changed_and_no_personal_data() -> None:
    command = UpdateContact("alice-1", PostalChange(name="Bob"), email="bob@example.net", auth_info=SECRET, statuses=())
    assert {
        "contact": "alice-1",
        "changed": ["postal", "email", "auth_info", "statuses"],
        "statuses": (),
    } == command.summary()
    result = Register(ALICE_1).decide(command).result
    assert "bob" not in msgspec.json.encode((result, result.summary())).decode().lower()
