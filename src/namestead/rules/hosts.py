"""Hosts as objects (RFC 5732): where one may lie, what it needs there, and who else a change would concern.

An internal host lies under a domain of its sponsor's and has an address, so that it can serve as glue. An external one
has neither. A host is referred to by id, so a new name follows into every delegation. Nothing here publishes anything.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final, TypeAlias

from namestead import errors
from namestead.errors import Refusal
from namestead.objects.domain import Domain
from namestead.objects.facts import OTHERS, Facts
from namestead.objects.host import Host
from namestead.objects.names import Name
from namestead.objects.registrar import Registrar
from namestead.objects.zone import HostModel, Zone
from namestead.rules import delegation, permissions, statuses
from namestead.rules.deltas import Delta, applied

DELETE_PROHIBITED: Final = frozenset({"clientDeleteProhibited", "serverDeleteProhibited"})
"""RFC 5732, 2.3."""

MOST_ADDRESSES: Final = 13
"""As many as a name has name servers: more fit no referral."""

SHOWN: Final = 5
"""Names of domains in a refusal; its `domains` holds all that were read."""

Wanted: TypeAlias = tuple[str, ...] | Delta[str]


def place(facts: Facts, name: Name, registrar: Registrar, *, sandbox: bool, field: str = "host") -> Domain | None:
    """The domain a host of this name would lie under; None outside our zones.

    Refused where the registrar may not act (`registrar_namespace_not_approved`), the zone has no host objects, the
    domain is not there (`domain_not_found`), is another's (`not_sponsor`) or is about to go (`status_prohibits`).
    """
    zone = _require_zone(facts, name, registrar, sandbox=sandbox)
    parent_at = delegation.parent_name(facts.reference, name)
    if zone is None or parent_at is None:
        return None
    if zone.policy.hosts is HostModel.ATTRIBUTES:
        message = f"{field} '{name}': .{zone.name} has no host objects. Give the addresses with the delegation."
        raise Refusal(errors.POLICY_VIOLATION, field, name, message=message)
    parent = delegation.require_parent(facts, name, parent_at, None, field)
    if parent.registrar_id != registrar.id:
        message = (
            f"{field} '{name}' lies under {parent_at}, which another registrar sponsors. Only that one may do this."
        )
        raise Refusal(errors.NOT_SPONSOR, field, name, message=message)
    return parent


def require_free(facts: Facts, name: Name, registrar: Registrar, *, sandbox: bool) -> tuple[Domain | None, Host | None]:
    """Where a new host of this name would lie, refused as by `place`; `host_exists` where there is one already.

    One left over from an earlier registration of its parent (its parent ended while others used it) is given back: the
    new parent's sponsor takes it over.
    """
    host = facts.host(name)
    if host is not None and (host.parent_id is not None or facts.zone_of(name) is None):
        raise Refusal(errors.HOST_EXISTS, "host", name)
    return place(facts, name, registrar, sandbox=sandbox), host


def require_unnamed(facts: Facts, name: Name) -> None:
    """`host_exists` where any host has the name a host is to be given."""
    if facts.host(name) is not None:
        raise Refusal(errors.HOST_EXISTS, "name", name)


def require_own(facts: Facts, name: Name, registrar: Registrar, *, sandbox: bool) -> Host:
    """A host the registrar sponsors, in a zone it may act in: `host_not_found`, `not_sponsor`."""
    _require_zone(facts, name, registrar, sandbox=sandbox)
    host = facts.host(name)
    if host is None:
        raise Refusal(errors.HOST_NOT_FOUND, "host", name)
    permissions.require_host_sponsor(host, registrar)
    return host


def addresses(given: tuple[str, ...], parent: Domain | None, name: Name, field: str = "addresses") -> tuple[str, ...]:
    """Canonical addresses for a host in this place: at least one inside our zones, none outside."""
    if parent is None and given:
        message = f"{field}: {name} lies outside this registry's zones, so it has no addresses here. Send it without."
        raise Refusal(errors.POLICY_VIOLATION, field, given[0], message=message)
    canonical = delegation.addresses_of(given, field)
    if parent is not None and not canonical:
        message = f"{field}: {name} lies inside this registry and needs an address, or nobody can find it."
        raise Refusal(errors.MISSING_FIELD, field, message=message)
    if len(canonical) > MOST_ADDRESSES:
        message = f"{field} takes at most {MOST_ADDRESSES}; there would be {len(canonical)}."
        raise Refusal(errors.VALUE_OUT_OF_RANGE, field, str(len(canonical)), message=message)
    return canonical


def changed_addresses(host: Host, given: Wanted) -> tuple[str, ...]:
    """The whole set a host is to have, in canonical form. Not checked against its place: `addresses` does that."""
    if not isinstance(given, Delta):
        return delegation.addresses_of(given, "addresses")
    # What is removed need not be an address that could be added today.
    removed = tuple(_canonical(text, "addresses") for text in given.remove)
    change = Delta(delegation.addresses_of(given.add, "addresses"), removed)
    return applied(host.addresses, change, "addresses", str)


def of_family(text: str, version: int, field: str) -> str:
    """An address that was called an IPv4 or an IPv6 one (RFC 5732, 2.5), and is one: `invalid_request` otherwise."""
    try:
        right = ip_address(text).version == version
    except ValueError:
        right = False
    if not right:
        message = f"{field}: '{text[:255]}' is not an IPv{version} address."
        raise Refusal(errors.INVALID_REQUEST, field, text, message=message)
    return text


def require_nobody_else(facts: Facts, host: Host, registrar: Registrar) -> None:
    """`association_prohibits` where domains of other registrars use a host that is to be renamed, out of its zone or
    outside ours: they would follow to a name their registrars never chose (RFC 5732, 3.2.5; RFC 9874)."""
    users = facts.users_of(facts.links_to_host(host.id))
    others = [user for user in users if user[1] != registrar.id]
    if others:
        many = "more domains than can be looked at" if others == [OTHERS] else "domains of other registrars"
        message = (
            f"{host.name} is used by {many}, so it keeps its name. Create a host with the new name and move your own "
            "domains to it."
        )
        raise Refusal(errors.ASSOCIATION_PROHIBITS, "host", host.name, message=message)


def require_unused(facts: Facts, host: Host, registrar: Registrar) -> None:
    """`association_prohibits` while domains are delegated to a host, with the safe way: move them, then delete. A host
    is never renamed out of the way (RFC 9874: such names have been registered by attackers)."""
    users = facts.users_of(facts.links_to_host(host.id))
    if not users:
        return
    mine = [name for name, sponsor in users if sponsor == registrar.id]
    shown = ", ".join(mine[:SHOWN]) + (f" and {len(mine) - SHOWN} more" if len(mine) > SHOWN else "")
    advice = []
    if mine:
        advice.append(f"Move {shown} to other name servers first.")
    if len(mine) < len(users):
        advice.append("Domains of other registrars use it too: keep it in service, or ask them to move.")
    message = f"{host.name} is a name server of domains. {' '.join(advice)} Do not rename it out of the way."
    raise Refusal(errors.ASSOCIATION_PROHIBITS, "host", host.name, message=message, extra={"domains": mine})


def statuses_at(host: Host, *, linked: bool) -> tuple[str, ...]:
    """The statuses a host shows (RFC 5732, 2.3)."""
    return statuses.shown(host.statuses, linked=linked)


def _require_zone(facts: Facts, name: Name, registrar: Registrar, *, sandbox: bool) -> Zone | None:
    """The zone a host lies in, where the registrar has to be listed and approved as for the zone's names; None outside
    our zones."""
    zone = facts.zone_of(name)
    if zone is not None:
        permissions.require_listing(facts.reference, registrar, zone)
        permissions.require_production(registrar, zone, sandbox=sandbox)
    return zone


def _canonical(text: str, field: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        message = f"{field}: '{text[:255]}' is not an IPv4 or IPv6 address."
        raise Refusal(errors.INVALID_REQUEST, field, text, message=message) from None
