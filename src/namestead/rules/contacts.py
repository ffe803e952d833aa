"""Contacts of a registration: what the zone's contact model asks for, and what has to come into being.

`none`, `optional` and `required` are checked alike for every door (RFC 5731, 3.2.1; RFC 5733). Nothing here decides who
may see a contact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from namestead import errors
from namestead.errors import Refusal
from namestead.objects.contact import Contact, Postal
from namestead.objects.facts import Facts
from namestead.objects.registrar import Registrar
from namestead.objects.zone import ContactModel, Zone

TYPES = ("admin", "billing", "tech")
"""RFC 5731, 2.2: the contacts a name may have beside its registrant."""


@dataclass(frozen=True, slots=True)
class NewContact:
    """A contact's data, given in place of its id."""

    postal: Postal
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class ContactSpec:
    """A contact to be linked: its type, and its id as the registrar knows it."""

    type: str
    id: str


@dataclass(frozen=True, slots=True)
class Holders:
    """A registration's people, by object id."""

    registrant_id: int | None
    contacts: tuple[tuple[str, int], ...]


def handles(registrant: NewContact | str | None, linked: tuple[ContactSpec, ...]) -> tuple[str, ...]:
    """The ids of existing contacts a command names."""
    first = (registrant,) if isinstance(registrant, str) else ()
    return (*first, *(c.id for c in linked)) if linked else first


def resolve(
    facts: Facts,
    zone: Zone,
    registrant: NewContact | str | None,
    linked: tuple[ContactSpec, ...],
    registrar: Registrar,
    new_id: Callable[[], int],
) -> tuple[Holders, tuple[Contact, ...]]:
    """The people of a registration, and the contacts made for it; refused where the zone's model says so."""
    model = zone.policy.contacts
    if model is ContactModel.NONE and (registrant is not None or linked):
        field = "registrant" if registrant is not None else "contacts"
        raise Refusal(errors.CONTACTS_NOT_ALLOWED, field)
    if model is ContactModel.REQUIRED and registrant is None:
        raise Refusal(errors.CONTACT_REQUIRED, "registrant")
    made: tuple[Contact, ...] = ()
    registrant_id = None
    if isinstance(registrant, NewContact):
        contact = new_contact(registrant, registrar, new_id(), facts)
        registrant_id, made = contact.id, (contact,)
    elif registrant is not None:
        registrant_id = _existing(facts, registrant, registrar, "registrant_id").id
    pairs = tuple(
        (spec.type, _existing(facts, spec.id, registrar, f"contacts[{n}].id").id) for n, spec in enumerate(linked)
    )
    if len(set(pairs)) < len(pairs):
        raise Refusal(errors.INVALID_REQUEST, "contacts", message="contacts: the same contact stands twice as one type.")
    return Holders(registrant_id, pairs), made


def new_contact(given: NewContact, registrar: Registrar, contact_id: int, facts: Facts) -> Contact:
    return Contact(
        id=contact_id,
        handle=f"C{contact_id}-NST"[:16],
        registrar_id=registrar.id,
        created_by=registrar.id,
        created_at=facts.now,
        postal=given.postal,
        email=given.email,
        phone=given.phone,
    )


def _existing(facts: Facts, handle: str, registrar: Registrar, field: str) -> Contact:
    contact = facts.contact(handle)
    if contact is None:
        raise Refusal(errors.CONTACT_NOT_FOUND, field, handle)
    if contact.registrar_id != registrar.id:
        raise Refusal(errors.NOT_SPONSOR, field, handle)
    return contact
