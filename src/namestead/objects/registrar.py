"""A registrar: an account's approved channel to the register; its listings for zones; the keys that open it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class Registrar(Struct, frozen=True, gc=False):
    """`epoch` counts sandbox resets: keys used in the sandbox or in a test zone are fresh in each. `evidence` is true
    while an OT&E run is open: then queries, refusals at the gates and replays are logged as well."""

    id: int
    account_id: int
    channel_id: str
    slug: str
    name: str
    approved: bool
    production_approved: bool
    dns_module: bool
    created_at: datetime
    rate_limit: int | None = None
    epoch: int = 1
    evidence: bool = False
    updated_at: datetime | None = None
    version: int = 1


class ListingStatus(StrEnum):
    APPROVED = "approved"
    REQUESTED = "requested"
    SUSPENDED = "suspended"


class Listing(Struct, frozen=True, gc=False):
    """That a registrar may register under a zone."""

    registrar_id: int
    zone_id: int
    status: ListingStatus


class ApiKey(Struct, frozen=True, gc=False):
    """A bearer key, known only by the SHA-256 of its text. `id` is public and safe to log."""

    id: str
    account_id: int
    registrar_id: int | None
    hash: bytes
    profile: str
    scopes: tuple[str, ...]
    created_at: datetime
    label: str = ""
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    rate_limit: int | None = None
