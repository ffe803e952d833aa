"""A zone: a TLD this registry serves, with the policy its names live by.

Policy is data. It is changed by an audited command and never by code; a length or a price that applied when an event
happened stays what it was, because the instants and amounts are stored with the object (see `objects.domain`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from namestead.objects.names import LabelPolicy, Name


class ContactModel(StrEnum):
    """Which contacts a registration carries. `none` is ICANN's "minimum" data set: contacts are refused."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


class HostModel(StrEnum):
    OBJECTS = "objects"
    ATTRIBUTES = "attributes"


class Apply(StrEnum):
    """How a stored change reaches the name server: by the publisher at once, or after the operator's word."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"


class Price(Struct, frozen=True, gc=False):
    """What one command costs in one currency.

    `amount` is in minor units, for one year (create, renew, transfer) or once (restore). With `years` it is the price
    of exactly that many years together. In force from `starts` (inclusive) until `ends` (exclusive). `tier` is empty
    for standard names, else the premium tier it belongs to.
    """

    command: str
    amount: int
    currency: str
    tier: str = ""
    years: int | None = None
    starts: datetime | None = None
    ends: datetime | None = None


class Lengths(Struct, frozen=True, gc=False):
    """How long each phase lasts: gTLD practice unless the zone says otherwise (RFC 3915; ICANN ERRP)."""

    add_grace: timedelta = timedelta(days=5)
    renew_grace: timedelta = timedelta(days=5)
    transfer_grace: timedelta = timedelta(days=5)
    auto_renew_grace: timedelta = timedelta(days=45)
    redemption: timedelta = timedelta(days=30)
    pending_delete: timedelta = timedelta(days=5)
    transfer_wait: timedelta = timedelta(days=5)
    restore_report: timedelta = timedelta(days=7)
    auth_info: timedelta = timedelta(days=14)


class Backend(Struct, frozen=True, gc=False):
    """Where the zone is published: the adapter, what it calls the zone, and whether it can hold hosted records."""

    adapter: str = "none"
    reference: str = ""
    apply: Apply = Apply.AUTOMATIC
    records: bool = True


class Policy(Struct, frozen=True, gc=False):
    """Everything about a zone that an operator may decide."""

    open: bool = True
    label: LabelPolicy = LabelPolicy()
    min_years: int = 1
    max_years: int = 10
    lengths: Lengths = Lengths()
    prices: tuple[Price, ...] = ()
    premium: dict[str, str] = {}
    contacts: ContactModel = ContactModel.OPTIONAL
    hosts: HostModel = HostModel.OBJECTS
    backend: Backend = Backend()


class Zone(Struct, frozen=True, gc=False):
    """A TLD. `test` marks a zone for OT&E, where a channel needs no production approval."""

    id: int
    name: Name
    test: bool
    house_registrar_id: int | None
    policy: Policy
    created_at: datetime
    updated_at: datetime | None = None
    version: int = 1
