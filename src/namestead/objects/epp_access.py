"""How a registrar may come in through EPP: its password, its networks, its client certificates.

A password is known by its argon2id hash alone, a certificate by the SHA-256 of its DER. Instants here are real time:
passwords and certificates grow old by the calendar, also where an OT&E registry's clock was moved.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from namestead.objects.registrar import Registrar


class EppAccess(Struct, frozen=True, gc=False):
    """`networks` in CIDR notation; empty means any address. `session_cap` is None where the registry's default holds.

    `cltrid_as_key` is the registrar's word that its clTRIDs are unique, so that each serves as the idempotency key of
    its command; RFC 5730 (2.5) asks for uniqueness, and clients exist that send a constant.
    """

    registrar_id: int
    created_at: datetime
    enabled: bool = True
    password_hash: str | None = None
    password_changed_at: datetime | None = None
    networks: tuple[str, ...] = ()
    session_cap: int | None = None
    cltrid_as_key: bool = False
    updated_at: datetime | None = None


class ClientCertificate(Struct, frozen=True, gc=False):
    """A client certificate bound to a registrar. `fingerprint` is the SHA-256 of its DER (32 octets); while it is not
    removed it is one registrar's alone."""

    id: int
    registrar_id: int
    fingerprint: bytes
    subject: str
    not_after: datetime
    added_at: datetime
    removed_at: datetime | None = None


class EppStanding(Struct, frozen=True, gc=False):
    """All that a login is held against, as it was read at `read_at` (real time, by the database's clock).

    `currency` is what the registrar's account is kept in. `certificates` are those bound to the registrar now; `bound_to`
    is the registrar the certificate of the connection is bound to, if it is to any; `failures` counts wrong passwords of
    the last 24 hours.
    """

    registrar: Registrar
    currency: str
    suspended: bool
    access: EppAccess | None
    certificates: tuple[ClientCertificate, ...]
    bound_to: int | None
    failures: int
    read_at: datetime
