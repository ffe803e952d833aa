"""Which hosts a name may be delegated to, and what has to come into being for it.

RFC 5731 and 5732: hosts are objects. One outside our zones is shared by all and has no address; one inside lies under a
domain of the caller's and needs an address, or the name would be delegated to nowhere. Nothing here publishes anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address

from namestead import errors
from namestead.errors import Fault, Refusal
from namestead.objects.domain import Domain
from namestead.objects.facts import Facts, Reference
from namestead.objects.host import Host
from namestead.objects.names import Name
from namestead.objects.registrar import Registrar

FEWEST = 2
"""RFC 1034, 4.1: a zone has at least two name servers."""

MOST = 13
"""RFC 5731 sets none; 13 is what fits a referral of 512 octets (RFC 1035, 4.2.1)."""


@dataclass(frozen=True, slots=True)
class NameserverSpec:
    """A name server as asked for. `addresses` None: as the host has them already."""

    host: Name
    addresses: tuple[str, ...] | None = None


def parent_name(reference: Reference, host: Name) -> Name | None:
    """The registered-level name an internal host lies under; None for a host outside our zones."""
    zone = reference.zone_of(host)
    if zone is None:
        return None
    labels = host[: -len(zone.name) - 1].rsplit(".", 1)
    return Name(f"{labels[-1]}.{zone.name}")


def parents(reference: Reference, specs: tuple[NameserverSpec, ...], domain: Name) -> tuple[Name, ...]:
    """The domains these hosts lie under, `domain` first: what a command that delegates it has to know."""
    found: dict[Name, None] = {domain: None}
    for spec in specs:
        parent = parent_name(reference, spec.host)
        if parent is not None:
            found[parent] = None
    return tuple(found)


def addresses_of(texts: tuple[str, ...], field: str) -> tuple[str, ...]:
    """Canonical addresses, IPv4 first. Refuses what no resolver could reach: loopback, private, multicast and such."""
    addresses: set[IPv4Address | IPv6Address] = set()
    for text in texts:
        try:
            address = ip_address(text)
        except ValueError:
            raise _bad_address(field, text, "is not an IPv4 or IPv6 address") from None
        if not address.is_global or address.is_multicast:
            raise _bad_address(field, text, "is not a public unicast address")
        addresses.add(address)
    return tuple(str(a) for a in sorted(addresses, key=lambda a: (a.version, a.packed)))


def resolve(
    facts: Facts, domain: Domain, specs: tuple[NameserverSpec, ...], registrar: Registrar, new_id: Callable[[], int]
) -> tuple[tuple[int, ...], tuple[Host, ...]]:
    """The host ids a name is to be delegated to, and the hosts that are made or changed for it, in this order."""
    if specs and not FEWEST <= len(specs) <= MOST:
        raise Refusal(
            errors.VALUE_OUT_OF_RANGE,
            "nameservers",
            str(len(specs)),
            message=f"nameservers takes none, or {FEWEST} to {MOST}; {len(specs)} were given.",
        )
    ids: list[int] = []
    changed: list[Host] = []
    for number, spec in enumerate(specs):
        host, is_changed = _resolve_one(facts, domain, spec, registrar, new_id, f"nameservers[{number}]")
        if host.id in ids:
            raise _invalid(f"nameservers[{number}].host", spec.host, "stands twice in the list")
        ids.append(host.id)
        if is_changed:
            changed.append(host)
    return tuple(ids), tuple(changed)


def _resolve_one(
    facts: Facts, domain: Domain, spec: NameserverSpec, registrar: Registrar, new_id: Callable[[], int], field: str
) -> tuple[Host, bool]:
    host = facts.host(spec.host)
    parent_at = parent_name(facts.reference, spec.host)
    given = None if spec.addresses is None else addresses_of(spec.addresses, f"{field}.addresses")
    if parent_at is None:
        if given:
            raise _invalid(f"{field}.addresses", spec.host, "has no addresses here: the host is outside our zones")
        if host is not None:
            return host, False
        return Host(new_id(), spec.host, registrar.id, registrar.id, facts.now), True
    if host is not None:
        if given is not None and given != host.addresses:
            if host.registrar_id != registrar.id:
                raise Refusal(errors.NOT_SPONSOR, f"{field}.addresses", spec.host)
            host = replace(host, addresses=given, updated_at=facts.now)
            _require_glue(host, field)
            return host, True
        _require_glue(host, field)
        return host, False
    parent = domain if parent_at == domain.name else facts.domain(parent_at)
    if parent is None:
        raise Refusal(
            errors.DOMAIN_NOT_FOUND,
            f"{field}.host",
            spec.host,
            message=f"{field}.host '{spec.host}' lies under {parent_at}, which is not registered.",
        )
    if parent.registrar_id != registrar.id:
        raise Refusal(errors.NOT_SPONSOR, f"{field}.host", spec.host)
    made = Host(new_id(), spec.host, registrar.id, registrar.id, facts.now, parent.id, given or ())
    _require_glue(made, field)
    return made, True


def _require_glue(host: Host, field: str) -> None:
    if not host.addresses:
        raise Refusal(
            errors.MISSING_FIELD,
            f"{field}.addresses",
            message=f"{field}.addresses: {host.name} lies inside this registry and needs an address, or nobody finds it.",
        )


def _bad_address(field: str, text: str, why: str) -> Refusal:
    return _invalid(field, text, why)


def _invalid(field: str, value: str, why: str) -> Refusal:
    message = f"{field}: '{value[:255]}' {why}."
    return Refusal(errors.INVALID_REQUEST, field, value, message=message, details=(Fault(field, "invalid", message, value),))
