"""`GET /status`: what the very key that asks can do now, what it lacks, and the contract of the registry behind it.

Answers for a key without a channel or a listing, too: gates that would refuse a command show here as fields.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from namestead import __version__, errors
from namestead.api.settings import HttpSettings
from namestead.commands.answers import Amount
from namestead.commands.listings import Standing
from namestead.commands.table import TABLE, Party, Row
from namestead.engine.limits import Counted
from namestead.objects.domain import Phase
from namestead.objects.facts import Reference
from namestead.objects.registrar import ApiKey, ListingStatus, Registrar
from namestead.rules import delegation, lifecycle, sandbox

CONTRACT_VERSION = "1.0"


class Channel(msgspec.Struct, frozen=True, gc=False):
    """Nulls and false for a key that is bound to no channel."""

    channel_id: str | None
    slug: str | None
    approved: bool
    production_approved: bool


class KeyShown(msgspec.Struct, frozen=True, gc=False):
    id: str
    profile: str
    scopes: tuple[str, ...]
    expires_at: datetime | None


class NamespaceListing(msgspec.Struct, frozen=True, gc=False):
    tld: str
    status: str
    test_zone: bool


class Sandbox(msgspec.Struct, frozen=True, gc=False):
    """`fixtures_ready` says whether a zone has all the fixtures of a reset; `fixtures` which are there, by zone."""

    available: bool
    header: str
    body_field: str
    fixtures_ready: bool
    fixtures: dict[str, tuple[str, ...]]


class RateLimit(msgspec.Struct, frozen=True, gc=False):
    """Of this very request. `reset_at` in epoch seconds, as in X-RateLimit-Reset."""

    limit: int
    remaining: int
    reset_at: int
    window_seconds: int
    counted_by: tuple[str, ...]


class Provenance(msgspec.Struct, frozen=True, gc=False):
    registrar_channel_id: str | None


class Capability(msgspec.Struct, frozen=True, gc=False):
    """`sandbox_available`: usable while rehearsing. `disabled_reason`: the first gate that keeps it from production."""

    command: str
    method: str
    path: str
    required_scopes: tuple[str, ...]
    scope_ok: bool
    missing_scopes: tuple[str, ...]
    sandbox_available: bool
    production_available: bool
    disabled_reason: str | None


class Step(msgspec.Struct, frozen=True, gc=False):
    step: int
    command: str
    method: str
    path: str
    proves: str
    expected_status: int


class Status(msgspec.Struct, frozen=True, gc=False):
    request_id: str
    version: str
    registrar: Channel
    api_key: KeyShown
    namespace_listings: tuple[NamespaceListing, ...]
    sandbox: Sandbox
    rate_limit: RateLimit
    balance: Amount | None
    audit_provenance: Provenance
    commands: tuple[Capability, ...]
    ote_test_sequence: tuple[Step, ...]
    registry_service_contract: dict[str, Any]
    epp_gateway: dict[str, Any]
    docs: dict[str, str]


def of(request_id: str, key: ApiKey, standing: Standing, counted: Counted, settings: HttpSettings) -> Status:
    known = standing.reference
    registrar = known.registrars.get(key.registrar_id or 0)
    listings = _listings(known, registrar)
    approved = registrar is not None and registrar.approved
    listed = any(listing.status == ListingStatus.APPROVED for listing in listings)
    return Status(
        request_id,
        __version__,
        Channel(
            registrar.channel_id if registrar else None,
            registrar.slug if registrar else None,
            approved,
            registrar is not None and registrar.production_approved,
        ),
        KeyShown(key.id, key.profile, key.scopes, key.expires_at),
        listings,
        Sandbox(
            approved and listed,
            "X-Registrar-Sandbox",
            "sandbox",
            any(len(there) == len(sandbox.REGISTERED) for there in standing.fixtures.values()),
            standing.fixtures,
        ),
        RateLimit(counted.limit, counted.remaining, counted.reset_at, 60, ("channel", "key", "command")),
        standing.balance,
        Provenance(registrar.channel_id if registrar else None),
        tuple([_capability(row, key, registrar, listings) for row in TABLE if row.path is not None]),
        _STEPS,
        _CONTRACT,
        _gateway(settings),
        _DOCS,
    )


def _listings(known: Reference, registrar: Registrar | None) -> tuple[NamespaceListing, ...]:
    if registrar is None:
        return ()
    mine = [listing for listing in known.listings.values() if listing.registrar_id == registrar.id]
    shown = [(known.zones_by_id[listing.zone_id], listing.status.value) for listing in mine]
    return tuple([NamespaceListing(zone.name, status, zone.test) for zone, status in sorted(shown, key=_by_name)])


def _by_name(pair: tuple[Any, str]) -> str:
    name: str = pair[0].name
    return name


def _capability(
    row: Row, key: ApiKey, registrar: Registrar | None, listings: tuple[NamespaceListing, ...]
) -> Capability:
    needed = (row.scope,) if row.scope is not None else ()
    missing = tuple(scope for scope in needed if scope not in key.scopes)
    reason = None
    rehearsable = True
    approved = [listing for listing in listings if listing.status == ListingStatus.APPROVED]
    if missing:
        reason, rehearsable = errors.MISSING_SCOPE, False
    elif row.name != "status" and (registrar is None or not registrar.approved):
        reason, rehearsable = errors.REGISTRAR_CHANNEL_REQUIRED, False
    elif row.listed and not approved:
        reason, rehearsable = errors.REGISTRAR_NAMESPACE_NOT_APPROVED, False
    elif row.transform and not row.always and registrar is not None and not registrar.production_approved:
        reason = errors.REGISTRAR_CHANNEL_NOT_PRODUCTION_APPROVED
    assert row.method is not None and row.path is not None
    return Capability(
        row.name,
        row.method,
        row.path,
        needed,
        not missing,
        missing,
        rehearsable,
        reason is None,
        reason.code if reason is not None else None,
    )


_BY_NAME = {row.name: row for row in TABLE}


def _steps(*wanted: tuple[str, str, int]) -> tuple[Step, ...]:
    steps = []
    for n, (command, proves, expected) in enumerate(wanted, 1):
        row = _BY_NAME[command]
        assert row.method is not None and row.path is not None
        steps.append(Step(n, command, row.method, row.path, proves, expected))
    return tuple(steps)


_STEPS = _steps(
    ("status", "The key, its channel, its listings and its scopes are as agreed.", 200),
    ("reset_sandbox", "The fixtures are in a known state and keys are fresh.", 202),
    ("check_domain", "ote-available is available, ote-renew is registered, ote-claim needs a claim.", 200),
    ("create_domain", "In the sandbox: 202 and nothing changes; the same key again gives the same answer.", 202),
    ("info_domain", "A fixture is shown whole to its sponsor.", 200),
    ("renew_domain", "ote-renew, with an idempotency key, and a retry with the same key.", 202),
    ("update_domain", "ote-update: client statuses and registrant.", 202),
    ("transfer_domain", "ote-transfer: a push to another registrar, or a pull with auth_info.", 202),
    ("update_nameservers", "ote-ns: the whole desired set, pending until the zone answers it.", 202),
    ("delete_domain", "ote-delete, with an idempotency key, and a retry with the same key.", 202),
    ("create_domain", "The key of another step: 409 duplicate_idempotency_key_conflict.", 409),
    ("poll", "Every step above stands in the log with its key and this channel's id.", 200),
    ("list_pending", "What waits for a backend is shown.", 200),
    ("status", "The 121st request within one minute: 429 with Retry-After.", 429),
)

_CONTRACT: dict[str, Any] = {
    "version": CONTRACT_VERSION,
    "commands": [
        {"command": row.name, "kind": row.kind.value, "epp": row.epp, "scope": row.scope}
        for row in TABLE
        if row.party is Party.REGISTRAR and row.path is not None
    ],
    "lifecycle": {
        "states": [phase.value for phase in Phase],
        "transitions": [
            {"from": before.value, "on": act.value, "to": after.value}
            for (before, act), after in lifecycle.TRANSITIONS.items()
        ],
        "flags": ["pendingTransfer"],
        "longest_registration_years": lifecycle.MAX_YEARS,
    },
    "errors": [
        {
            "code": kind.code,
            "http_status": kind.http_status,
            "epp_result_code": kind.epp_result_code,
            "epp_result": kind.epp_result,
            "retryable": kind.retryable,
            "meaning": kind.meaning,
        }
        for kind in errors.CATALOGUE
    ],
    "idempotency": {
        "header": "Idempotency-Key",
        "body_field": "idempotency_key",
        "replay_header": "Idempotent-Replayed",
        "key": "1 to 255 visible ASCII characters",
        "scope": "channel; of sandbox and test-zone commands: channel and epoch, which a sandbox reset begins anew",
        "stored": "successes only: after a refusal the same key may be used again",
        "conflict": errors.DUPLICATE_IDEMPOTENCY_KEY_CONFLICT.code,
    },
    "audit": "every transform that reaches the register leaves exactly one row in the log, in its own transaction",
    "protected_legacy_policy": {
        "error": errors.PROTECTED_LEGACY_REGISTRATION_NOT_DELETABLE.code,
        "rule": "a name marked protected_legacy is not deleted until the operator has recorded a policy review of it",
    },
    "dns_adapter_capabilities": {
        "nameservers": {"fewest": delegation.FEWEST, "most": delegation.MOST, "none_allowed": True},
        "apply": ["automatic", "manual"],
        "states": ["none", "pending", "applied", "failed"],
        "ds": True,
        "glue": True,
        "hosted_records": ["A", "AAAA", "CNAME", "MX", "TXT", "SRV", "CAA", "TLSA", "SVCB", "HTTPS"],
    },
}

_CHECKLIST = (
    ("rfc5730", "greeting, hello, login, logout, poll; command order; clTRID and svTRID"),
    ("rfc5731", "domain check, info, create, renew, update, transfer, delete"),
    ("rfc5732", "host check, info, create, update, delete"),
    ("rfc5733", "contact check, info, create, update, delete"),
    ("rfc5734", "TLS, framing, client certificates"),
    ("rfc3915", "grace periods and restore"),
    ("rfc5910", "DS data"),
    ("rfc8748", "fees"),
    ("rfc8495", "allocation tokens"),
)


def _gateway(settings: HttpSettings) -> dict[str, Any]:
    return {
        "status": "live" if settings.epp_live else "not_live",
        "host": settings.epp_host,
        "port": settings.epp_port,
        "command_mapping": {row.name: row.epp for row in TABLE if row.epp is not None},
        "extensions": list(settings.epp_extensions),
        "conformance_checklist": [
            {"document": document, "covers": covers, "status": "met" if settings.epp_live else "planned"}
            for document, covers in _CHECKLIST
        ],
    }


_DOCS = {
    "openapi": "/api/v1/registrar/openapi.json",
    "health": "/healthz",
}
