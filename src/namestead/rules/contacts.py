"""Contacts: what one has to say about itself, and what a zone's contact model asks of a registration.

`none`, `optional` and `required` are checked alike for every door (RFC 5731, 3.2.1; RFC 5733). What the public sees of a
contact follows from `disclosed`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from namestead import errors
from namestead.errors import Fault, Refusal
from namestead.objects.contact import Contact, Postal
from namestead.objects.domain import Domain
from namestead.objects.facts import Facts
from namestead.objects.registrar import Registrar
from namestead.objects.zone import ContactModel, Zone
from namestead.rules import names, statuses
from namestead.rules.deltas import Delta, applied

LINE: Final = 255
"""RFC 5733, 4: characters of a postal line, and of an email address as practice has it."""

POSTAL_CODE: Final = 16
STREET_LINES: Final = 3
"""RFC 5733, 4: `pcType` and `street`."""

_PHONE: Final = re.compile(r"\+[0-9]{1,3}\.[0-9]{1,14}", re.ASCII)
"""RFC 5733, 2.5 (E.164): country code, point, number; fifteen digits in all."""

_LOCAL: Final = re.compile(r"[^\s\x00-\x1f\x7f()<>\[\]:;@\\,.\"]+(?:\.[^\s\x00-\x1f\x7f()<>\[\]:;@\\,.\"]+)*")
"""RFC 5322, 3.2.3 dot-atom, beyond ASCII as in RFC 6531; a quoted local part is not taken."""

HANDLE: Final = re.compile(r"[\x21-\x7e]{3,16}", re.ASCII)
"""RFC 5730, `clIDType`: 3 to 16 characters; here visible ASCII, so that an id survives every form and terminal."""

MINTED: Final = re.compile(r"C[0-9]+-NST", re.ASCII | re.IGNORECASE)
"""Ids the registry gives to contacts whose data came with a registration."""

EXTENSION: Final = re.compile(r"[0-9]{0,10}", re.ASCII)
"""RFC 5733, 2.5: the `x` of a number. The RFC sets no form; ten digits are more than any exchange has."""

DISCLOSABLE: Final = frozenset(
    {"name:int", "name:loc", "org:int", "org:loc", "addr:int", "addr:loc", "voice", "fax", "email"}
)
"""RFC 5733, 2.9: what a registrar may ask to be shown or withheld."""

UPDATE_PROHIBITED: Final = frozenset({"clientUpdateProhibited", "serverUpdateProhibited"})
DELETE_PROHIBITED: Final = frozenset({"clientDeleteProhibited", "serverDeleteProhibited"})
"""RFC 5733, 2.2."""

_COUNTRIES: Final = frozenset(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA
    CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA
    GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP
    KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS
    MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS
    RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW
    TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
    """.split()  # noqa: SIM905 - 249 codes read better as a text
)
"""ISO 3166-1, alpha-2: the 249 officially assigned codes."""

TYPES = ("admin", "billing", "tech")
"""RFC 5731, 2.2: the contacts a name may have beside its registrant."""


class NewContact(Struct, frozen=True, gc=False):
    """A contact's data, given in place of its id."""

    postal: Postal
    email: str = ""
    phone: str = ""


class Details(Struct, frozen=True, gc=False):
    """All that a contact says about itself (RFC 5733, 2): `postal` in any script (`loc`), `ascii` in ASCII (`int`), at
    least one of them; `disclose` or `withhold` as in `objects.contact`."""

    postal: Postal | None = None
    ascii: Postal | None = None
    email: str = ""
    phone: str = ""
    phone_ext: str = ""
    fax: str = ""
    fax_ext: str = ""
    disclose: tuple[str, ...] = ()
    withhold: tuple[str, ...] = ()


class ContactSpec(Struct, frozen=True, gc=False):
    """A contact to be linked: its type, and its id as the registrar knows it."""

    type: str
    id: str


Wanted: TypeAlias = tuple[ContactSpec, ...] | Delta[ContactSpec]
"""The whole set of contacts, or what to add and what to remove."""


class Holders(Struct, frozen=True, gc=False):
    """A registration's people, by object id."""

    registrant_id: int | None
    contacts: tuple[tuple[str, int], ...]


NOBODY = Holders(None, ())


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
    _require_model(zone, registrant=registrant is not None, linked=bool(linked))
    if zone.policy.contacts is ContactModel.REQUIRED and registrant is None:
        raise Refusal(errors.CONTACT_REQUIRED, "registrant")
    if registrant is None and not linked:
        return NOBODY, ()
    registrant_id, made = _holder(facts, registrant, registrar, new_id, ())
    return Holders(registrant_id, _pairs(facts, linked, registrar, ()) if linked else ()), made


def changed_registrant(
    facts: Facts,
    zone: Zone,
    domain: Domain,
    registrant: NewContact | str | None,
    registrar: Registrar,
    new_id: Callable[[], int],
) -> tuple[int | None, tuple[Contact, ...]]:
    """Another holder for a name, or none where the zone allows that. New data make a new contact: the old one may stand
    behind other names."""
    if registrant is None:
        if zone.policy.contacts is ContactModel.REQUIRED:
            raise Refusal(errors.CONTACT_REQUIRED, "registrant")
        return None, ()
    _require_model(zone, registrant=True)
    return _holder(facts, registrant, registrar, new_id, _linked_to(domain))


def changed_contacts(
    facts: Facts, zone: Zone, domain: Domain, wanted: Wanted, registrar: Registrar
) -> tuple[tuple[str, int], ...]:
    """Other contacts for a name. Those it has already may stay, whoever sponsors them: after a transfer they are still
    the former registrar's."""
    current = tuple(ContactSpec(kind, facts.contacts_by_id[i].handle) for kind, i in domain.contacts)
    after = applied(current, wanted, "contacts", lambda spec: f"{spec.type} {spec.id}")
    _require_model(zone, linked=bool(after))
    known = dict(zip(current, domain.contacts, strict=True))
    fresh = tuple(spec for spec in after if spec not in known)
    known.update(zip(fresh, _pairs(facts, fresh, registrar, _linked_to(domain)), strict=True))
    return tuple(known[spec] for spec in after)


def named(wanted: Wanted) -> tuple[ContactSpec, ...]:
    """The contacts a command has to look up."""
    return wanted.add if isinstance(wanted, Delta) else wanted


def new_contact(given: NewContact, registrar: Registrar, contact_id: int, facts: Facts) -> Contact:
    """A contact object from data given in place of its id. `invalid_request` with every fault there is."""
    if faults := tuple(_faults(given, "registrant")):
        raise Refusal(errors.INVALID_REQUEST, faults[0].field, message=faults[0].message, details=faults)
    return Contact(
        id=contact_id,
        handle=f"C{contact_id}-NST"[:16],
        registrar_id=registrar.id,
        created_by=registrar.id,
        created_at=facts.now,
        postal=replace(given.postal, country=given.postal.country.upper()) if given.postal.country else given.postal,
        email=given.email,
        phone=given.phone,
    )


def require_handle(handle: str, field: str = "id") -> None:
    """Refuse what cannot be a contact's id: `invalid_request`; one of the registry's own form: `policy_violation`."""
    if complaint := handle_complaint(handle):
        message = f"{field} '{handle[:32]}' {complaint}."
        raise Refusal(errors.INVALID_REQUEST, field, handle, message=message)
    if MINTED.fullmatch(handle):
        message = f"{field} '{handle}' has the form of ids the registry gives itself. Choose another one."
        raise Refusal(errors.POLICY_VIOLATION, field, handle, message=message)


def handle_complaint(handle: str) -> str | None:
    return None if HANDLE.fullmatch(handle) else "is not 3 to 16 visible ASCII characters"


def checked(given: Details) -> Details:
    """A contact's details, complete and in canonical form. `missing_field` for what is not there, `invalid_request` with
    every fault there is otherwise."""
    if given.postal is None and given.ascii is None:
        raise Refusal(errors.MISSING_FIELD, "postal", message="postal is needed: in any script, in ASCII, or both.")
    if missing := tuple(_missing(given)):
        raise Refusal(errors.MISSING_FIELD, missing[0], details=[_needed(field) for field in missing])
    if faults := tuple(_detail_faults(given)):
        raise Refusal(errors.INVALID_REQUEST, faults[0].field, message=faults[0].message, details=faults)
    if given.disclose and given.withhold:
        message = "disclose and withhold are both given. RFC 5733 knows one or the other: send one of them."
        raise Refusal(errors.POLICY_VIOLATION, "disclose", message=message)
    return replace(
        given,
        postal=_canonical(given.postal),
        ascii=_canonical(given.ascii),
        disclose=tuple(sorted(set(given.disclose))),
        withhold=tuple(sorted(set(given.withhold))),
    )


def disclosed(contact: Contact) -> frozenset[str]:
    """What the public may be shown of a contact (RFC 5733, 2.9): nothing unless its registrar asked for it; where it
    named what to withhold, everything else."""
    if contact.withhold:
        return DISCLOSABLE.difference(contact.withhold)
    return frozenset(contact.disclose)


def require_somewhere(facts: Facts, registrar: Registrar) -> None:
    """`contacts_not_allowed` where none of the zones a registrar is listed for keeps contacts."""
    zones = [facts.reference.zones_by_id[z] for r, z in facts.reference.listings if r == registrar.id]
    if zones and all(zone.policy.contacts is ContactModel.NONE for zone in zones):
        message = "None of the zones open to this channel keeps contacts, so there is nothing to create one for."
        raise Refusal(errors.CONTACTS_NOT_ALLOWED, "id", message=message)


def require_own(facts: Facts, handle: str, registrar: Registrar) -> Contact:
    """A contact the registrar sponsors: `contact_not_found`, `not_sponsor`."""
    contact = facts.contact(handle)
    if contact is None:
        raise Refusal(errors.CONTACT_NOT_FOUND, "contact", handle)
    if contact.registrar_id != registrar.id:
        raise Refusal(errors.NOT_SPONSOR, "contact", handle)
    return contact


def require_unused(facts: Facts, contact: Contact) -> None:
    """`association_prohibits` while names refer to a contact (RFC 5733, 3.2.2)."""
    users = facts.users_of(facts.links_to_contact(contact.id))
    if users:
        mine = [name for name, sponsor in users if sponsor == contact.registrar_id]
        shown = f" ({', '.join(mine[:5])}{' and more' if len(mine) > 5 else ''})" if mine else ""
        message = f"{contact.handle} is a contact of domains{shown}. Give them another one first."
        raise Refusal(errors.ASSOCIATION_PROHIBITS, "contact", contact.handle, message=message, extra={"domains": mine})


def statuses_at(contact: Contact, *, linked: bool) -> tuple[str, ...]:
    """The statuses a contact shows (RFC 5733, 2.2)."""
    return statuses.shown(contact.statuses, linked=linked)


def _canonical(postal: Postal | None) -> Postal | None:
    return replace(postal, country=postal.country.upper()) if postal is not None else None


def _missing(given: Details) -> Iterator[str]:
    """RFC 5733, 4: what a contact cannot be without."""
    for form in ("postal", "ascii"):
        postal = getattr(given, form)
        if postal is None:
            continue
        for field in ("name", "city", "country"):
            if not getattr(postal, field).strip():
                yield f"{form}.{field}"
    if not given.email:
        yield "email"


def _needed(field: str) -> Fault:
    return Fault(field, "missing_field", f"{field} is needed.")


def _detail_faults(given: Details) -> Iterator[Fault]:
    if given.postal is not None:
        yield from postal_faults(given.postal, "postal")
    if given.ascii is not None:
        yield from postal_faults(given.ascii, "ascii")
        yield from _ascii_faults(given.ascii)
    if complaint := email_complaint(given.email):
        yield Fault("email", "invalid", f"email {complaint}.")
    for field in ("phone", "fax"):
        number, extension = getattr(given, field), getattr(given, f"{field}_ext")
        if number and (complaint := phone_complaint(number)):
            yield Fault(field, "invalid", f"{field} {complaint}.")
        if not EXTENSION.fullmatch(extension) or (extension and not number):
            yield Fault(f"{field}_ext", "invalid", f"{field}_ext is up to ten digits, beside a number.")
    for field in ("disclose", "withhold"):
        for text in getattr(given, field):
            if text not in DISCLOSABLE:
                known = ", ".join(sorted(DISCLOSABLE))
                yield Fault(field, "invalid", f"{field}: '{text[:40]}' is none of {known}.")


def _ascii_faults(postal: Postal) -> Iterator[Fault]:
    """RFC 5733, 3.2.1: the `int` form is 7-bit ASCII."""
    lines = (postal.name, postal.organization, postal.city, postal.state, postal.postal_code, *postal.street)
    fields = ("name", "organization", "city", "state", "postal_code", *(f"street[{n}]" for n in range(9)))
    for field, line in zip(fields, lines, strict=False):
        if not line.isascii():
            message = f"ascii.{field} is for ASCII alone. Give this form in postal, and a transcription here."
            yield Fault(f"ascii.{field}", "invalid", message)


def email_complaint(email: str) -> str | None:
    """Why a text is no email address (RFC 5321, 4.1.2; RFC 6531; RFC 9873); None if it may be one."""
    local, at, host = email.rpartition("@")
    if not at or not local or len(local) > 64 or not _LOCAL.fullmatch(local) or len(email) > 254:
        return "is not an email address like holder@example.com"
    try:
        name = names.parse(host)
    except Refusal:
        return "has no domain name after its @"
    return None if "." in name and not host.endswith(".") else "has no full domain name after its @"


def phone_complaint(phone: str) -> str | None:
    """Why a text is no telephone number as EPP writes them; None if it is."""
    if _PHONE.fullmatch(phone) and len(phone) <= 17:
        return None
    return "is not written like +49.3012345678 (E.164: country code, point, number)"


def country_complaint(country: str) -> str | None:
    """Why a text is no country; None if it is one, in either case."""
    return None if country.upper() in _COUNTRIES else "is not a country code of ISO 3166-1, like DE"


def postal_faults(postal: Postal, field: str) -> Iterator[Fault]:
    """What is wrong with an address, line by line (RFC 5733, 4)."""
    if not postal.name.strip() and not postal.organization.strip():
        yield Fault(f"{field}.name", "missing", f"{field}.name or {field}.organization is needed.")
    lines = {
        "name": postal.name,
        "organization": postal.organization,
        "city": postal.city,
        "state": postal.state,
        "postal_code": postal.postal_code,
        **{f"street[{n}]": line for n, line in enumerate(postal.street)},
    }
    for key, text in lines.items():
        longest = POSTAL_CODE if key == "postal_code" else LINE
        if len(text) > longest:
            yield Fault(f"{field}.{key}", "too_long", f"{field}.{key} takes at most {longest} characters.")
        if text and not text.isprintable():
            yield Fault(f"{field}.{key}", "invalid", f"{field}.{key} contains control characters.")
    if len(postal.street) > STREET_LINES:
        yield Fault(f"{field}.street", "too_long", f"{field}.street takes at most {STREET_LINES} lines.")
    if postal.country and (complaint := country_complaint(postal.country)):
        yield Fault(f"{field}.country", "invalid", f"{field}.country {complaint}.")


def _faults(given: NewContact, field: str) -> Iterator[Fault]:
    yield from postal_faults(given.postal, field)
    if given.email and (complaint := email_complaint(given.email)):
        yield Fault(f"{field}.email", "invalid", f"{field}.email {complaint}.")
    if given.phone and (complaint := phone_complaint(given.phone)):
        yield Fault(f"{field}.phone", "invalid", f"{field}.phone {complaint}.")


def _require_model(zone: Zone, *, registrant: bool = False, linked: bool = False) -> None:
    if zone.policy.contacts is ContactModel.NONE and (registrant or linked):
        raise Refusal(errors.CONTACTS_NOT_ALLOWED, "registrant" if registrant else "contacts")


def _holder(
    facts: Facts,
    registrant: NewContact | str | None,
    registrar: Registrar,
    new_id: Callable[[], int],
    linked: tuple[int, ...],
) -> tuple[int | None, tuple[Contact, ...]]:
    if registrant is None:
        return None, ()
    if isinstance(registrant, NewContact):
        contact = new_contact(registrant, registrar, new_id(), facts)
        return contact.id, (contact,)
    return _existing(facts, registrant, registrar, "registrant_id", linked).id, ()


def _pairs(
    facts: Facts, specs: tuple[ContactSpec, ...], registrar: Registrar, linked: tuple[int, ...]
) -> tuple[tuple[str, int], ...]:
    for number, spec in enumerate(specs):
        if spec.type not in TYPES:
            field = f"contacts[{number}].type"
            message = f"{field}: '{spec.type[:40]}' is none of {', '.join(TYPES)}."
            raise Refusal(errors.INVALID_REQUEST, field, spec.type, message=message)
    pairs = tuple(
        (spec.type, _existing(facts, spec.id, registrar, f"contacts[{n}].id", linked).id)
        for n, spec in enumerate(specs)
    )
    if len(set(pairs)) < len(pairs):
        message = "contacts: the same contact stands twice as one type."
        raise Refusal(errors.POLICY_VIOLATION, "contacts", message=message)
    return pairs


def _linked_to(domain: Domain) -> tuple[int, ...]:
    linked = tuple(i for _, i in domain.contacts)
    return linked if domain.registrant_id is None else (domain.registrant_id, *linked)


def _existing(facts: Facts, handle: str, registrar: Registrar, field: str, linked: tuple[int, ...]) -> Contact:
    contact = facts.contact(handle)
    if contact is None:
        raise Refusal(errors.CONTACT_NOT_FOUND, field, handle)
    if contact.registrar_id != registrar.id and contact.id not in linked:
        raise Refusal(errors.NOT_SPONSOR, field, handle)
    return contact
