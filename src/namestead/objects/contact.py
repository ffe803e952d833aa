"""A contact: the person or organisation behind a registration (RFC 5733). Personal data; erasable."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from namestead.objects.names import Name


class Postal(Struct, frozen=True, gc=False):
    """Who and where. All texts may be empty except where the zone's policy or the command asks for them."""

    name: str = ""
    organization: str = ""
    street: tuple[str, ...] = ()
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""


class Contact(Struct, frozen=True, gc=False):
    """`handle` is the contact's id towards registrars (3 to 16 characters, RFC 5733, 2.1). `postal` is the form in any
    script (`loc`); `ascii` the ASCII form (`int`) where the registrar gave one. Either may be empty, not both.

    `disclose` and `withhold` name what its registrar asked to be shown, or not to be shown, against the registry's own
    policy (RFC 5733, 2.9): `name`, `org` and `addr` of one form (`name:loc`), `voice`, `fax`, `email`. One of the two
    is empty. Extensions (`phone_ext`) are the `x` of an E.164 number (RFC 5733, 2.5)."""

    id: int
    handle: str
    registrar_id: int
    created_by: int
    created_at: datetime
    postal: Postal
    email: str = ""
    phone: str = ""
    fax: str = ""
    ascii: Postal | None = None
    statuses: tuple[str, ...] = ()
    disclose: tuple[str, ...] = ()
    withhold: tuple[str, ...] = ()
    phone_ext: str = ""
    fax_ext: str = ""
    auth_hash: bytes | None = None
    updated_at: datetime | None = None
    erased_at: datetime | None = None
    deleted_at: datetime | None = None
    version: int = 1

    @property
    def roid(self) -> str:
        """Repository object id (RFC 5730, 2.8)."""
        return f"C{self.id}-NST"


class Erasure(Struct, frozen=True, gc=False):
    """Personal data to be blanked: of these contacts (by object id, all of one handle), in their rows and versions, and in
    the log of these names and of those the contacts are linked to now."""

    handle: str
    ids: tuple[int, ...]
    domains: tuple[Name, ...]
