"""What operator commands answer: shown by the command line and the console, and kept in the log.

No secret is in any of them: a key is shown by its public id.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from namestead.commands.answers import Amount
from namestead.money import Money
from namestead.objects.account import Account
from namestead.objects.epp_access import ClientCertificate, EppAccess
from namestead.objects.facts import Reference
from namestead.objects.registrar import ApiKey, Listing, Registrar
from namestead.objects.retained import Retained
from namestead.objects.zone import Zone


class _Shown(msgspec.Struct, frozen=True, gc=False):
    """All of these are safe to show as they are."""

    def summary(self) -> dict[str, Any]:
        shown: dict[str, Any] = msgspec.structs.asdict(self)
        return shown


class AccountState(_Shown, frozen=True, gc=False):
    """`credit` is how far below zero commands may take `balance`; `held` is set aside for pending transfers."""

    account: str
    name: str
    balance: Amount
    held: Amount
    credit: Amount
    suspended: bool
    low_balance: Amount | None = None

    @classmethod
    def of(cls, account: Account, *, moved: int = 0) -> AccountState:
        """An account; `moved` is what the same decision posts to its balance, which the facts do not hold yet."""
        return cls(
            account.slug,
            account.name,
            Amount.of(Money(account.balance + moved, account.currency)),
            Amount.of(Money(account.held, account.currency)),
            Amount.of(Money(account.credit, account.currency)),
            account.suspended_at is not None,
            Amount.of(Money(account.low_balance, account.currency)),
        )


class StatusesState(_Shown, frozen=True, gc=False):
    """All statuses that are set on a name, the registrar's and the registry's."""

    domain: str
    status: tuple[str, ...]


class RegistrarState(_Shown, frozen=True, gc=False):
    registrar: str
    name: str
    channel_id: str
    approved: bool
    production_approved: bool
    dns_module: bool
    rate_limit: int | None

    @classmethod
    def of(cls, registrar: Registrar) -> RegistrarState:
        return cls(
            registrar.slug,
            registrar.name,
            registrar.channel_id,
            registrar.approved,
            registrar.production_approved,
            registrar.dns_module,
            registrar.rate_limit,
        )


class ListingState(_Shown, frozen=True, gc=False):
    registrar: str
    zone: str
    status: str

    @classmethod
    def of(cls, listing: Listing, registrar: Registrar, zone: Zone) -> ListingState:
        return cls(registrar.slug, zone.name, listing.status.value)


class ZoneState(_Shown, frozen=True, gc=False):
    """`version` counts what was changed; the policy itself is in the version's row."""

    zone: str
    test: bool
    house_registrar: str | None
    version: int
    created: bool
    changed: bool

    @classmethod
    def of(cls, zone: Zone, reference: Reference, *, version: int, created: bool, changed: bool) -> ZoneState:
        house = reference.registrars.get(zone.house_registrar_id or 0)
        return cls(zone.name, zone.test, house.slug if house else None, version, created, changed)


class KeyState(_Shown, frozen=True, gc=False):
    key_id: str
    registrar: str | None
    profile: str
    scopes: tuple[str, ...]
    label: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    rate_limit: int | None

    @classmethod
    def of(cls, key: ApiKey, reference: Reference) -> KeyState:
        registrar = reference.registrars.get(key.registrar_id or 0)
        return cls(
            key.id,
            registrar.slug if registrar else None,
            key.profile,
            key.scopes,
            key.label,
            key.created_at,
            key.expires_at,
            key.revoked_at,
            key.rate_limit,
        )


class EppAccessState(_Shown, frozen=True, gc=False):
    """How a registrar may come in through EPP; of its password only whether there is one, and since when."""

    registrar: str
    enabled: bool
    password_set: bool
    password_changed_at: datetime | None
    networks: tuple[str, ...]
    session_cap: int | None
    cltrid_as_key: bool

    @classmethod
    def of(cls, access: EppAccess, registrar: Registrar) -> EppAccessState:
        return cls(
            registrar.slug,
            access.enabled,
            access.password_hash is not None,
            access.password_changed_at,
            access.networks,
            access.session_cap,
            access.cltrid_as_key,
        )


class CertificateState(_Shown, frozen=True, gc=False):
    """A client certificate; `fingerprint` is the SHA-256 of its DER, in hexadecimal digits."""

    registrar: str
    fingerprint: str
    certificate_subject: str
    not_after: datetime
    added_at: datetime
    removed_at: datetime | None

    @classmethod
    def of(cls, certificate: ClientCertificate, registrar: Registrar) -> CertificateState:
        return cls(
            registrar.slug,
            certificate.fingerprint.hex(),
            certificate.subject,
            certificate.not_after,
            certificate.added_at,
            certificate.removed_at,
        )


class Rotated(_Shown, frozen=True, gc=False):
    """The new key, and the old one with the instant it stops working."""

    new: KeyState
    old: KeyState


class Protection(_Shown, frozen=True, gc=False):
    domain: str
    protected_legacy: bool
    reviewed_at: datetime | None


class RetainedState(_Shown, frozen=True, gc=False):
    name: str
    kind: str
    starts_at: datetime | None
    ends_at: datetime | None
    reason: str
    has_token: bool

    @classmethod
    def of(cls, entry: Retained) -> RetainedState:
        return cls(
            entry.name, entry.kind.value, entry.starts_at, entry.ends_at, entry.reason, entry.token_hash is not None
        )


class Imported(_Shown, frozen=True, gc=False):
    """How many entries of each kind were stored."""

    count: int
    kinds: dict[str, int]


class Erased(_Shown, frozen=True, gc=False):
    """A contact's personal data is gone; `domains` are the names whose log was gone through for copies of it."""

    contact: str
    objects: int
    domains: tuple[str, ...]


class ClockState(_Shown, frozen=True, gc=False):
    """Where the registry's clock was, and where it stands now."""

    before: datetime
    now: datetime
