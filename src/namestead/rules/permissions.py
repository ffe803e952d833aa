"""Who may do what: the gates that depend on the register, in the order the contract gives them.

Keys and rates are the doors' gates; here are the scopes there are, the channel's listing for the zone, its approval for
production, and sponsorship.
"""

from __future__ import annotations

from typing import Final

from namestead import errors
from namestead.errors import Refusal
from namestead.objects.domain import Domain
from namestead.objects.facts import Facts, Reference
from namestead.objects.host import Host
from namestead.objects.names import Name
from namestead.objects.registrar import ListingStatus, Registrar
from namestead.objects.zone import Zone

REGISTRAR_SCOPES: Final = (
    "registrar:status",
    "domains:check",
    "domains:read",
    "domains:create",
    "domains:renew",
    "domains:update",
    "domains:transfer",
    "domains:nameservers",
    "domains:records:read",
    "domains:records:write",
    "domains:delete",
    "hosts:check",
    "hosts:read",
    "hosts:create",
    "hosts:update",
    "hosts:delete",
    "contacts:check",
    "contacts:read",
    "contacts:create",
    "contacts:update",
    "contacts:delete",
    "messages:read",
    "messages:ack",
    "audit:read",
    "sandbox:reset",
)
"""contracts/registrar-api.md, "Who may call"."""

BACKORDER_SCOPES: Final = ("backorders:read", "backorders:validate", "backorders:create", "backorders:cancel")
"""contracts/backorder-api.md. `backorders:bulk:create` is approved by itself and belongs to no profile."""

PROFILES: Final[dict[str, tuple[str, ...]]] = {"registrar_api": REGISTRAR_SCOPES, "backorder_api": BACKORDER_SCOPES}
"""What a key of a profile may do. A key keeps the scopes it was made with, should a profile grow."""


def require_zone(reference: Reference, name: Name, field: str = "domain") -> Zone:
    """The zone a name lies in. A TLD that is not ours cannot be approved for anyone: the same answer as unlisted."""
    zone = reference.zone_of(name)
    if zone is None:
        raise Refusal(
            errors.REGISTRAR_NAMESPACE_NOT_APPROVED,
            field,
            name,
            message=f"{name} is not under a zone this registry serves. GET /status lists the zones open to you.",
        )
    return zone


def require_listing(reference: Reference, registrar: Registrar, zone: Zone) -> None:
    if not is_listed(reference, registrar.id, zone):
        raise Refusal(errors.REGISTRAR_NAMESPACE_NOT_APPROVED, "tld", zone.name)


def require_production(registrar: Registrar, zone: Zone, *, sandbox: bool) -> None:
    """A channel in OT&E may change test zones and use the sandbox, nothing else."""
    if not (registrar.production_approved or sandbox or zone.test):
        raise Refusal(errors.REGISTRAR_CHANNEL_NOT_PRODUCTION_APPROVED, "tld", zone.name)


def require_domain(facts: Facts, name: Name) -> tuple[Domain, Zone]:
    """A live registration and its zone, or `domain_not_found`."""
    domain = facts.domain(name)
    if domain is None:
        raise Refusal(errors.DOMAIN_NOT_FOUND, "domain", name)
    return domain, facts.reference.zones_by_id[domain.zone_id]


def require_own(facts: Facts, name: Name, registrar: Registrar) -> tuple[Domain, Zone]:
    """A live registration the registrar sponsors, and its zone."""
    domain, zone = require_domain(facts, name)
    require_sponsor(domain, registrar)
    return domain, zone


def is_listed(reference: Reference, registrar_id: int, zone: Zone) -> bool:
    listing = reference.listings.get((registrar_id, zone.id))
    return listing is not None and listing.status is ListingStatus.APPROVED


def require_records(registrar: Registrar, zone: Zone) -> None:
    """Hosted records are a module of the channel's, and not every backend can serve them."""
    if not registrar.dns_module:
        raise Refusal(errors.DNS_MODULE_NOT_ENABLED)
    if not zone.policy.backend.records:
        raise Refusal(errors.BACKEND_DNS_NOT_SUPPORTED, "tld", zone.name)


def require_sponsor(domain: Domain, registrar: Registrar) -> None:
    if domain.registrar_id != registrar.id:
        raise Refusal(errors.NOT_SPONSOR, "domain", domain.name)


def require_host_sponsor(host: Host, registrar: Registrar) -> None:
    if host.registrar_id != registrar.id:
        raise Refusal(errors.NOT_SPONSOR, "host", host.name)
