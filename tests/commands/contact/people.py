"""Contacts for the tests of their commands."""

from namestead.objects.contact import Contact, Postal
from namestead.rules import auth_info
from namestead.rules.contacts import Details
from tests.commands.facts import ALPHA, BORN, SECRET

LOCAL = Postal("Ålice", "Beispiel GmbH", ("Hauptstraße 1",), "Köln", "NW", "50667", "DE")
INTERNATIONAL = Postal("Alice", "Example Ltd", ("1 Main Street",), "Cologne", "NW", "50667", "DE")
DETAILS = Details(LOCAL, INTERNATIONAL, "alice@example.net", "+49.2211", "12", "+49.2212", "", ("email",))

ALICE_1 = Contact(
    id=31,
    handle="alice-1",
    registrar_id=ALPHA.id,
    created_by=ALPHA.id,
    created_at=BORN,
    postal=LOCAL,
    ascii=INTERNATIONAL,
    email="alice@example.net",
    phone="+49.2211",
    phone_ext="12",
    fax="+49.2212",
    disclose=("email",),
    auth_hash=auth_info.contact_digest("alice-1", SECRET),
)
