"""Who may do what: the gates that depend on the register, in the order the contract gives them.

Scopes, keys and rates are the doors' gates; here are the channel, its listing for the zone, its approval for
production, and sponsorship.
"""

from __future__ import annotations

from namestead import errors
from namestead.errors import Refusal
from namestead.objects.domain import Domain
from namestead.objects.facts import Reference
from namestead.objects.host import Host
from namestead.objects.names import Name
from namestead.objects.registrar import ListingStatus, Registrar
from namestead.objects.zone import Zone


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
    listing = reference.listings.get((registrar.id, zone.id))
    if listing is None or listing.status is not ListingStatus.APPROVED:
        raise Refusal(errors.REGISTRAR_NAMESPACE_NOT_APPROVED, "tld", zone.name)


def require_production(registrar: Registrar, zone: Zone, *, sandbox: bool) -> None:
    """A channel in OT&E may change test zones and use the sandbox, nothing else."""
    if not (registrar.production_approved or sandbox or zone.test):
        raise Refusal(errors.REGISTRAR_CHANNEL_NOT_PRODUCTION_APPROVED, "tld", zone.name)


def require_sponsor(domain: Domain, registrar: Registrar) -> None:
    if domain.registrar_id != registrar.id:
        raise Refusal(errors.NOT_SPONSOR, "domain", domain.name)


def require_host_sponsor(host: Host, registrar: Registrar) -> None:
    if host.registrar_id != registrar.id:
        raise Refusal(errors.NOT_SPONSOR, "host", host.name)
