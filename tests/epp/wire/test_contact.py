"""Contacts over the wire (contracts/epp.md, "Contact"; RFC 5733)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from namestead.epp import messages as epp
from tests.epp.wire.conftest import AUTH, create, fresh, handle, registered, shown, statuses
from tests.epp.wire.line import Line, fault, said

KOELN = epp.PostalAddress("Köln", "DE", ("Domkloster 4",), postal_code="50667")
LOCAL = epp.PostalInfo("loc", "Jürgen Größe", KOELN, "Größe & Söhne")
ASCII = epp.PostalInfo("int", "Juergen Groesse", epp.PostalAddress("Koeln", "DE"))
VOICE = epp.Phone("+49.221123456", "12")


def person(known: str, **more: object) -> epp.ContactCreate:
    whole = epp.ContactCreate(known, (LOCAL,), "j@example.net", epp.AuthInfo(""))
    return replace(whole, **more)


def made(line: Line, **more: object) -> str:
    known = handle()
    line.did(person(known, **more))
    return known


def test_what_was_said_is_shown(alpha: Line) -> None:
    disclose = epp.Disclose(True, ("name.loc", "email"))
    known = made(alpha, postal=(LOCAL, ASCII), voice=VOICE, fax=epp.Phone("+49.221123457"), disclose=disclose)
    seen = alpha.did(epp.ContactInfo(known))
    assert ((ASCII, LOCAL), "j@example.net", VOICE, epp.Phone("+49.221123457"), disclose, ["ok"]) == (
        seen.postal,
        seen.email,
        seen.voice,
        seen.fax,
        seen.disclose,
        statuses(seen),
    )
    assert ("alpha", "alpha") == (seen.cl_id, seen.cr_id)
    assert (2302, "contact:id") == fault(alpha(person(known)))


@pytest.mark.parametrize(
    "changes, code, element",
    [
        ({"id": "ab"}, 2001, "contact:id"),
        ({"id": "a" * 17}, 2001, "contact:id"),
        ({"id": "a b-1"}, 2005, "contact:id"),
        ({"id": "C12-NST"}, 2306, "contact:id"),
        ({"postal": (LOCAL, LOCAL)}, 2005, "contact:postalInfo"),
        ({"postal": (replace(LOCAL, type="int"),)}, 2005, "contact:postalInfo"),
        ({"postal": (replace(ASCII, address=epp.PostalAddress("Koeln", "ZZ")),)}, 2005, "contact:postalInfo"),
        ({"postal": (replace(ASCII, address=epp.PostalAddress("Koeln", "UK")),)}, 2005, "contact:postalInfo"),
        ({"voice": epp.Phone("0221 12345")}, 2001, "contact:voice"),
        ({"voice": epp.Phone("+49.1234567890123456")}, 2001, "contact:voice"),
        ({"email": "nobody"}, 2005, "contact:email"),
        ({"email": ""}, 2001, "contact:email"),
        ({"auth_info": epp.AuthInfo("weak")}, 2306, "contact:authInfo"),
    ],
)
def test_what_is_refused(alpha: Line, changes: dict[str, object], code: int, element: str) -> None:
    answer = alpha(person(handle(), **changes))
    assert (code, element) == fault(answer), said(answer)


def test_others_contacts_are_refused(alpha: Line, beta: Line) -> None:
    known = made(alpha, auth_info=epp.AuthInfo(AUTH))
    assert (2201, "contact:id") == fault(beta(epp.ContactInfo(known)))
    assert (2202, "contact:authInfo") == fault(beta(epp.ContactInfo(known, epp.AuthInfo(AUTH + "!"))))
    assert known == beta.did(epp.ContactInfo(known, epp.AuthInfo(AUTH))).id
    assert (2201, "contact:id") == fault(beta(epp.ContactUpdate(known, email="b@example.net")))
    assert (2201, "contact:id") == fault(beta(epp.ContactDelete(known)))
    assert (2201, "domain:registrant") == fault(beta(create(fresh(), registrant=known)))
    assert (2303, "contact:id") == fault(alpha(epp.ContactInfo("no-such")))


def test_a_change_of_a_part_leaves_the_rest(alpha: Line) -> None:
    known = made(alpha, voice=VOICE)
    assert (2003, "contact:update") == fault(alpha(epp.ContactUpdate(known)))
    alpha.did(epp.ContactUpdate(known, postal=(epp.PostalChange("loc", name="Jürgen Klein"),), voice=epp.Phone("")))
    seen = alpha.did(epp.ContactInfo(known))
    assert ((replace(LOCAL, name="Jürgen Klein"),), None, "j@example.net") == (seen.postal, seen.voice, seen.email)
    alpha.did(epp.ContactUpdate(known, disclose=epp.Disclose(False, ("email",))))
    assert epp.Disclose(False, ("email",)) == alpha.did(epp.ContactInfo(known)).disclose


def test_statuses(alpha: Line) -> None:
    known = made(alpha)
    locked = (epp.Status("clientUpdateProhibited"), epp.Status("clientDeleteProhibited"))
    alpha.did(epp.ContactUpdate(known, add=locked))
    assert 2304 == alpha(epp.ContactUpdate(known, email="b@example.net")).code
    assert 2304 == alpha(epp.ContactDelete(known)).code
    assert (2306, "contact:status") == fault(alpha(epp.ContactUpdate(known, add=(epp.Status("linked"),))))
    alpha.did(epp.ContactUpdate(known, rem=locked))
    assert ["ok"] == statuses(alpha.did(epp.ContactInfo(known)))


def test_linked_is_computed_and_keeps_it_from_being_deleted(alpha: Line) -> None:
    known = made(alpha)
    name = registered(
        alpha, registrant=known, contacts=(epp.DomainContact(known, "admin"), epp.DomainContact(known, "tech"))
    )
    assert ["linked", "ok"] == statuses(alpha.did(epp.ContactInfo(known)))
    answer = alpha(epp.ContactDelete(known))
    assert (2305, "contact:id") == fault(answer)
    assert name in said(answer)
    rem = epp.DomainParts(contacts=(epp.DomainContact(known, "admin"), epp.DomainContact(known, "tech")))
    alpha.did(epp.DomainUpdate(name, rem=rem, registrant=""))
    assert ["ok"] == statuses(alpha.did(epp.ContactInfo(known)))
    alpha.did(epp.ContactDelete(known))
    assert (2303, "contact:id") == fault(alpha(epp.ContactInfo(known)))


def test_contacts_of_a_name(alpha: Line) -> None:
    known = made(alpha)
    answer = alpha(create(fresh(), contacts=(epp.DomainContact(known),)))
    assert (2003, "domain:contact") == fault(answer), "a contact is linked as something"
    answer = alpha(create(fresh(), contacts=(epp.DomainContact("no-such", "tech"),)))
    assert (2303, "domain:contact") == fault(answer), said(answer)
    name = registered(alpha, contacts=(epp.DomainContact(known, "tech"),))
    again = epp.DomainParts(contacts=(epp.DomainContact(known, "tech"),))
    assert (2306, "domain:contact") == fault(alpha(epp.DomainUpdate(name, again)))
    alpha.did(epp.DomainUpdate(name, rem=again))
    assert (2306, "domain:contact") == fault(alpha(epp.DomainUpdate(name, rem=again)))


def test_a_zone_without_contacts(alpha: Line) -> None:
    """ICANN's minimum data set is first-class: a name has no people, and none can be given it."""
    known = made(alpha)
    assert (2306, "domain:registrant") == fault(alpha(create(fresh("bare"), registrant=known)))
    assert (2306, "domain:contact") == fault(alpha(create(fresh("bare"), contacts=(epp.DomainContact(known, "tech"),))))
    name = registered(alpha, "bare")
    assert (2306, "domain:registrant") == fault(alpha(epp.DomainUpdate(name, registrant=known)))
    assert (None, ()) == (shown(alpha, name).registrant, shown(alpha, name).contacts)


def test_a_zone_that_requires_a_registrant(alpha: Line) -> None:
    assert (2003, "domain:registrant") == fault(alpha(create(fresh("people"))))
    known = made(alpha)
    name = registered(alpha, "people", registrant=known)
    assert (2003, "domain:registrant") == fault(alpha(epp.DomainUpdate(name, registrant="")))
    assert known == shown(alpha, name).registrant


@pytest.mark.parametrize("operation", ["request", "query", "approve", "reject", "cancel"])
def test_contacts_do_not_move(alpha: Line, beta: Line, operation: epp.TransferOp) -> None:
    known = made(alpha, auth_info=epp.AuthInfo(AUTH))
    assert (2101, "contact:transfer") == fault(beta(epp.ContactTransfer(operation, known, epp.AuthInfo(AUTH))))
