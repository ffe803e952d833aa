"""What commands on contacts answer. Only `info` shows personal data; no log keeps it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from namestead.commands.answers import Sponsor
from namestead.commands.messages import contact_state
from namestead.objects.contact import Contact, Postal
from namestead.objects.facts import Facts


class PostalShown(msgspec.Struct, frozen=True, gc=False):
    name: str
    organization: str
    street: tuple[str, ...]
    city: str
    state: str
    postal_code: str
    country: str


class ContactShown(msgspec.Struct, frozen=True, gc=False):
    """A contact whole (RFC 5733, 3.1.2). `postal` is the form in any script (`loc`), `ascii` that in ASCII (`int`); null
    where it has none. The auth_info is shown to nobody."""

    id: str
    roid: str
    registrar: Sponsor
    status: tuple[str, ...]
    created_by: str
    created_at: datetime
    updated_at: datetime | None
    erased_at: datetime | None
    postal: PostalShown | None
    ascii: PostalShown | None
    email: str
    phone: str
    phone_ext: str
    fax: str
    fax_ext: str
    disclose: tuple[str, ...]
    withhold: tuple[str, ...]

    def summary(self) -> dict[str, Any]:
        """What of it may stand in a log: no personal data."""
        return {"contact": self.id, "status": self.status}


def contact_shown(facts: Facts, contact: Contact, *, linked: bool) -> ContactShown:
    state = contact_state(facts, contact, linked=linked)
    return ContactShown(
        state.id,
        state.roid,
        state.registrar,
        state.status,
        state.created_by,
        state.created_at,
        state.updated_at,
        state.erased_at,
        _postal(contact.postal),
        _postal(contact.ascii),
        contact.email,
        contact.phone,
        contact.phone_ext,
        contact.fax,
        contact.fax_ext,
        contact.disclose,
        contact.withhold,
    )


def _postal(postal: Postal | None) -> PostalShown | None:
    if postal is None or postal == Postal():
        return None
    return PostalShown(*msgspec.structs.astuple(postal))
