"""Rows and objects: one place that says how each noun lies in its table, in both directions.

A column list stands beside the function that fills it and the one that reads it, so that a column is added in one place.
Nothing here talks to a database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Generic, TypeVar

import msgspec

from namestead.objects.account import Account
from namestead.objects.contact import Contact, Postal
from namestead.objects.domain import ApplyState, Domain, Ds, EndReason, Grace, Phase, Records, Transfer
from namestead.objects.epp_access import ClientCertificate, EppAccess
from namestead.objects.host import Host
from namestead.objects.message import PollMessage
from namestead.objects.names import Name
from namestead.objects.registrar import ApiKey, Listing, ListingStatus, Registrar
from namestead.objects.retained import Retained, RetainedKind
from namestead.objects.zone import Policy, Zone

Row = Mapping[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Table(Generic[T]):
    """A table of objects: its columns with their types, those that never change, and how an object becomes a row."""

    name: str
    types: Mapping[str, str]
    fixed: tuple[str, ...]
    row: Callable[[T], tuple[Any, ...]]
    key: tuple[str, ...] = ("id",)

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.types)

    @cached_property
    def changing(self) -> tuple[int, ...]:
        """Positions of the columns an update writes, the key first."""
        return tuple(n for n, c in enumerate(self.types) if c in self.key or c not in self.fixed)


to_json = msgspec.json.Encoder().encode


class DomainDetail(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The lists of a domain that no query asks about: JSON in one column."""

    ds: tuple[Ds, ...] = ()
    records: tuple[Records, ...] = ()
    graces: tuple[Grace, ...] = ()
    transfer: Transfer | None = None
    max_signature_life: int | None = None


class ContactDetail(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Personal data, in one column, so that erasing it is one update."""

    postal: Postal = Postal()
    ascii: Postal | None = None
    email: str = ""
    phone: str = ""
    fax: str = ""
    disclose: tuple[str, ...] = ()
    withhold: tuple[str, ...] = ()
    phone_ext: str = ""
    fax_ext: str = ""


_domain_detail = msgspec.json.Decoder(DomainDetail).decode
_contact_detail = msgspec.json.Decoder(ContactDetail).decode
_policy = msgspec.json.Decoder(Policy).decode

DOMAIN_TYPES = {
    "id": "bigint",
    "name": "text",
    "zone_id": "bigint",
    "registrar_id": "bigint",
    "created_by": "bigint",
    "created_at": "timestamptz",
    "expires_at": "timestamptz",
    "auto_renew": "boolean",
    "noted": "text",
    "next_due": "timestamptz",
    "lapses_at": "timestamptz",
    "redemption_until": "timestamptz",
    "release_at": "timestamptz",
    "deleted_at": "timestamptz",
    "ended_at": "timestamptz",
    "end_reason": "text",
    "restore_until": "timestamptz",
    "statuses": "text[]",
    "registrant_id": "bigint",
    "gaining_id": "bigint",
    "detail": "text",
    "auth_hash": "bytea",
    "auth_expires_at": "timestamptz",
    "apply_state": "text",
    "queued_at": "timestamptz",
    "applied_at": "timestamptz",
    "tier": "text",
    "protected_legacy": "boolean",
    "reviewed_at": "timestamptz",
    "fixture": "boolean",
    "updated_at": "timestamptz",
    "transferred_at": "timestamptz",
    "version": "integer",
}
"""Columns of `domain` with their types. Those that never change stand first (`DOMAIN_FIXED`)."""

DOMAIN_FIXED = ("id", "name", "zone_id", "created_by", "created_at")


def domain_row(due: tuple[Domain, datetime | None]) -> tuple[Any, ...]:
    """A domain with the instant of its next due event, which the store cannot know by itself."""
    d, next_due = due
    transfer = d.transfer
    return (
        d.id,
        d.name,
        d.zone_id,
        d.registrar_id,
        d.created_by,
        d.created_at,
        d.expires_at,
        d.auto_renew,
        d.noted,
        next_due,
        d.lapses_at,
        d.redemption_until,
        d.release_at,
        d.deleted_at,
        d.ended_at,
        d.end_reason,
        d.restore_until,
        d.statuses,
        d.registrant_id,
        transfer.gaining_id if transfer is not None and transfer.pending else None,
        to_json(DomainDetail(d.ds, d.records, d.graces, transfer, d.max_signature_life)).decode(),
        d.auth_hash,
        d.auth_expires_at,
        d.apply_state,
        d.queued_at,
        d.applied_at,
        d.tier,
        d.protected_legacy,
        d.reviewed_at,
        d.fixture,
        d.updated_at,
        d.transferred_at,
        d.version,
    )


def domain_of(row: Row, hosts: tuple[int, ...], contacts: tuple[tuple[str, int], ...]) -> Domain:
    detail = _domain_detail(row["detail"])
    return Domain(
        id=row["id"],
        name=Name(row["name"]),
        zone_id=row["zone_id"],
        registrar_id=row["registrar_id"],
        created_by=row["created_by"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        auto_renew=row["auto_renew"],
        noted=Phase(row["noted"]),
        lapses_at=row["lapses_at"],
        redemption_until=row["redemption_until"],
        release_at=row["release_at"],
        deleted_at=row["deleted_at"],
        ended_at=row["ended_at"],
        end_reason=EndReason(row["end_reason"]) if row["end_reason"] else None,
        restore_until=row["restore_until"],
        statuses=tuple(row["statuses"]),
        registrant_id=row["registrant_id"],
        contacts=contacts,
        hosts=hosts,
        ds=detail.ds,
        max_signature_life=detail.max_signature_life,
        records=detail.records,
        graces=detail.graces,
        transfer=detail.transfer,
        auth_hash=row["auth_hash"],
        auth_expires_at=row["auth_expires_at"],
        apply_state=ApplyState(row["apply_state"]),
        queued_at=row["queued_at"],
        applied_at=row["applied_at"],
        tier=row["tier"],
        protected_legacy=row["protected_legacy"],
        reviewed_at=row["reviewed_at"],
        fixture=row["fixture"],
        updated_at=row["updated_at"],
        transferred_at=row["transferred_at"],
        version=row["version"],
    )


HOST_TYPES = {
    "id": "bigint",
    "name": "text",
    "registrar_id": "bigint",
    "created_by": "bigint",
    "created_at": "timestamptz",
    "parent_id": "bigint",
    "addresses": "text[]",
    "statuses": "text[]",
    "updated_at": "timestamptz",
    "deleted_at": "timestamptz",
    "version": "integer",
}
HOST_FIXED = ("id", "created_by", "created_at")


def host_row(h: Host) -> tuple[Any, ...]:
    return (
        h.id,
        h.name,
        h.registrar_id,
        h.created_by,
        h.created_at,
        h.parent_id,
        h.addresses,
        h.statuses,
        h.updated_at,
        h.deleted_at,
        h.version,
    )


def host_of(row: Row) -> Host:
    return Host(
        id=row["id"],
        name=Name(row["name"]),
        registrar_id=row["registrar_id"],
        created_by=row["created_by"],
        created_at=row["created_at"],
        parent_id=row["parent_id"],
        addresses=tuple(row["addresses"]),
        statuses=tuple(row["statuses"]),
        updated_at=row["updated_at"],
        deleted_at=row["deleted_at"],
        version=row["version"],
    )


CONTACT_TYPES = {
    "id": "bigint",
    "handle": "text",
    "registrar_id": "bigint",
    "created_by": "bigint",
    "created_at": "timestamptz",
    "detail": "jsonb",
    "statuses": "text[]",
    "auth_hash": "bytea",
    "updated_at": "timestamptz",
    "erased_at": "timestamptz",
    "deleted_at": "timestamptz",
    "version": "integer",
}
CONTACT_FIXED = ("id", "handle", "created_by", "created_at")


def contact_row(c: Contact) -> tuple[Any, ...]:
    detail = ContactDetail(c.postal, c.ascii, c.email, c.phone, c.fax, c.disclose, c.withhold, c.phone_ext, c.fax_ext)
    return (
        c.id,
        c.handle,
        c.registrar_id,
        c.created_by,
        c.created_at,
        to_json(detail).decode(),
        c.statuses,
        c.auth_hash,
        c.updated_at,
        c.erased_at,
        c.deleted_at,
        c.version,
    )


def contact_of(row: Row) -> Contact:
    detail = _contact_detail(row["detail"])
    return Contact(
        id=row["id"],
        handle=row["handle"],
        registrar_id=row["registrar_id"],
        created_by=row["created_by"],
        created_at=row["created_at"],
        postal=detail.postal,
        email=detail.email,
        phone=detail.phone,
        fax=detail.fax,
        ascii=detail.ascii,
        statuses=tuple(row["statuses"]),
        disclose=detail.disclose,
        withhold=detail.withhold,
        phone_ext=detail.phone_ext,
        fax_ext=detail.fax_ext,
        auth_hash=row["auth_hash"],
        updated_at=row["updated_at"],
        erased_at=row["erased_at"],
        deleted_at=row["deleted_at"],
        version=row["version"],
    )


RETAINED_TYPES = {
    "id": "bigint",
    "name": "text",
    "kind": "text",
    "created_at": "timestamptz",
    "starts_at": "timestamptz",
    "ends_at": "timestamptz",
    "reason": "text",
    "token_hash": "bytea",
    "used_at": "timestamptz",
    "created_by": "text",
    "removed_at": "timestamptz",
    "fixture": "boolean",
    "updated_at": "timestamptz",
    "version": "integer",
}
RETAINED_FIXED = ("id", "name", "kind", "created_at", "created_by")


def retained_row(r: Retained) -> tuple[Any, ...]:
    return (
        r.id,
        r.name,
        r.kind,
        r.created_at,
        r.starts_at,
        r.ends_at,
        r.reason,
        r.token_hash,
        r.used_at,
        r.created_by,
        r.removed_at,
        r.fixture,
        r.updated_at,
        r.version,
    )


def retained_of(row: Row) -> Retained:
    return Retained(
        id=row["id"],
        name=Name(row["name"]),
        kind=RetainedKind(row["kind"]),
        created_at=row["created_at"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        reason=row["reason"],
        token_hash=row["token_hash"],
        used_at=row["used_at"],
        created_by=row["created_by"],
        removed_at=row["removed_at"],
        fixture=row["fixture"],
        updated_at=row["updated_at"],
        version=row["version"],
    )


ACCOUNT_TYPES = {
    "id": "bigint",
    "slug": "text",
    "name": "text",
    "currency": "text",
    "balance": "bigint",
    "held": "bigint",
    "credit": "bigint",
    "low_balance": "bigint",
    "created_at": "timestamptz",
    "suspended_at": "timestamptz",
    "updated_at": "timestamptz",
    "version": "integer",
}
ACCOUNT_FIXED = ("id", "currency", "created_at")


def account_row(a: Account) -> tuple[Any, ...]:
    return (
        a.id,
        a.slug,
        a.name,
        a.currency,
        a.balance,
        a.held,
        a.credit,
        a.low_balance,
        a.created_at,
        a.suspended_at,
        a.updated_at,
        a.version,
    )


def account_of(row: Row) -> Account:
    return Account(
        row["id"],
        row["slug"],
        row["name"],
        row["currency"],
        row["balance"],
        row["held"],
        row["credit"],
        row["created_at"],
        row["suspended_at"],
        row["updated_at"],
        row["version"],
        row["low_balance"],
    )


REGISTRAR_TYPES = {
    "id": "bigint",
    "account_id": "bigint",
    "channel_id": "text",
    "slug": "text",
    "name": "text",
    "approved": "boolean",
    "production_approved": "boolean",
    "dns_module": "boolean",
    "created_at": "timestamptz",
    "rate_limit": "integer",
    "epoch": "integer",
    "evidence": "boolean",
    "updated_at": "timestamptz",
    "version": "integer",
}
REGISTRAR_FIXED = ("id", "account_id", "channel_id", "created_at")


def registrar_row(r: Registrar) -> tuple[Any, ...]:
    return (
        r.id,
        r.account_id,
        r.channel_id,
        r.slug,
        r.name,
        r.approved,
        r.production_approved,
        r.dns_module,
        r.created_at,
        r.rate_limit,
        r.epoch,
        r.evidence,
        r.updated_at,
        r.version,
    )


def registrar_of(row: Row) -> Registrar:
    return Registrar(**dict(row))


ZONE_TYPES = {
    "id": "bigint",
    "name": "text",
    "test": "boolean",
    "house_registrar_id": "bigint",
    "policy": "jsonb",
    "created_at": "timestamptz",
    "updated_at": "timestamptz",
    "version": "integer",
}
ZONE_FIXED = ("id", "name", "created_at")


def zone_row(z: Zone) -> tuple[Any, ...]:
    policy = to_json(z.policy).decode()
    return z.id, z.name, z.test, z.house_registrar_id, policy, z.created_at, z.updated_at, z.version


def zone_of(row: Row) -> Zone:
    return Zone(
        id=row["id"],
        name=Name(row["name"]),
        test=row["test"],
        house_registrar_id=row["house_registrar_id"],
        policy=_policy(row["policy"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        version=row["version"],
    )


LISTING_TYPES = {"registrar_id": "bigint", "zone_id": "bigint", "status": "text"}
LISTING_FIXED = ("registrar_id", "zone_id")


def listing_row(listing: Listing) -> tuple[Any, ...]:
    return listing.registrar_id, listing.zone_id, listing.status


def listing_of(row: Row) -> Listing:
    return Listing(row["registrar_id"], row["zone_id"], ListingStatus(row["status"]))


KEY_TYPES = {
    "id": "text",
    "account_id": "bigint",
    "registrar_id": "bigint",
    "hash": "bytea",
    "profile": "text",
    "scopes": "text[]",
    "created_at": "timestamptz",
    "label": "text",
    "expires_at": "timestamptz",
    "revoked_at": "timestamptz",
    "rate_limit": "integer",
}
KEY_FIXED = ("id", "account_id", "hash", "created_at")


def key_row(k: ApiKey) -> tuple[Any, ...]:
    return (
        k.id,
        k.account_id,
        k.registrar_id,
        k.hash,
        k.profile,
        list(k.scopes),
        k.created_at,
        k.label,
        k.expires_at,
        k.revoked_at,
        k.rate_limit,
    )


def key_of(row: Row) -> ApiKey:
    return ApiKey(
        id=row["id"],
        account_id=row["account_id"],
        registrar_id=row["registrar_id"],
        hash=row["hash"],
        profile=row["profile"],
        scopes=tuple(row["scopes"]),
        created_at=row["created_at"],
        label=row["label"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        rate_limit=row["rate_limit"],
    )


EPP_ACCESS_TYPES = {
    "registrar_id": "bigint",
    "created_at": "timestamptz",
    "enabled": "boolean",
    "password_hash": "text",
    "password_changed_at": "timestamptz",
    "networks": "text[]",
    "session_cap": "integer",
    "cltrid_as_key": "boolean",
    "updated_at": "timestamptz",
}
EPP_ACCESS_FIXED = ("registrar_id", "created_at")


def epp_access_row(a: EppAccess) -> tuple[Any, ...]:
    return (
        a.registrar_id,
        a.created_at,
        a.enabled,
        a.password_hash,
        a.password_changed_at,
        list(a.networks),
        a.session_cap,
        a.cltrid_as_key,
        a.updated_at,
    )


def epp_access_of(row: Row) -> EppAccess:
    return EppAccess(
        registrar_id=row["registrar_id"],
        created_at=row["created_at"],
        enabled=row["enabled"],
        password_hash=row["password_hash"],
        password_changed_at=row["password_changed_at"],
        networks=tuple(row["networks"]),
        session_cap=row["session_cap"],
        cltrid_as_key=row["cltrid_as_key"],
        updated_at=row["updated_at"],
    )


CERTIFICATE_TYPES = {
    "id": "bigint",
    "registrar_id": "bigint",
    "fingerprint": "bytea",
    "subject": "text",
    "not_after": "timestamptz",
    "added_at": "timestamptz",
    "removed_at": "timestamptz",
}
CERTIFICATE_FIXED = ("id", "registrar_id", "fingerprint", "subject", "not_after", "added_at")


def certificate_row(c: ClientCertificate) -> tuple[Any, ...]:
    return c.id, c.registrar_id, c.fingerprint, c.subject, c.not_after, c.added_at, c.removed_at


def certificate_of(row: Row) -> ClientCertificate:
    return ClientCertificate(**dict(row))


def message_of(row: Row) -> PollMessage:
    return PollMessage(row["id"], row["registrar_id"], row["log_id"], row["acked_at"])


DOMAIN = Table("domain", DOMAIN_TYPES, DOMAIN_FIXED, domain_row)
HOST = Table("host", HOST_TYPES, HOST_FIXED, host_row)
CONTACT = Table("contact", CONTACT_TYPES, CONTACT_FIXED, contact_row)
RETAINED = Table("retained", RETAINED_TYPES, RETAINED_FIXED, retained_row)
ACCOUNT = Table("account", ACCOUNT_TYPES, ACCOUNT_FIXED, account_row)
REGISTRAR = Table("registrar", REGISTRAR_TYPES, REGISTRAR_FIXED, registrar_row)
ZONE = Table("zone", ZONE_TYPES, ZONE_FIXED, zone_row)
LISTING = Table("listing", LISTING_TYPES, LISTING_FIXED, listing_row, ("registrar_id", "zone_id"))
KEY = Table("api_key", KEY_TYPES, KEY_FIXED, key_row)
EPP_ACCESS = Table("epp_access", EPP_ACCESS_TYPES, EPP_ACCESS_FIXED, epp_access_row, ("registrar_id",))
CERTIFICATE = Table("epp_certificate", CERTIFICATE_TYPES, CERTIFICATE_FIXED, certificate_row)
