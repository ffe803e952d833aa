"""Which hosts a name may be delegated to, and what has to come into being for it.

RFC 5731 and 5732: hosts are objects. One outside our zones is shared by all and has no address; one inside lies under a
domain of the caller's and needs an address, or the name would be delegated to nowhere. Nothing here publishes anything.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from namestead import errors
from namestead.errors import Fault, Refusal
from namestead.objects.domain import Domain, Phase
from namestead.objects.facts import Facts, Reference
from namestead.objects.host import Host
from namestead.objects.names import Name
from namestead.objects.registrar import Registrar
from namestead.objects.zone import HostModel
from namestead.rules import lifecycle
from namestead.rules.deltas import Delta, applied

FEWEST = 2
"""RFC 1034, 4.1: a zone has at least two name servers."""

UPDATE_PROHIBITED = frozenset({"clientUpdateProhibited", "serverUpdateProhibited"})
"""RFC 5732, 2.3: what keeps a host's name and addresses as they are."""

MOST = 13
"""RFC 5731 sets none; 13 is what fits a referral of 512 octets (RFC 1035, 4.2.1)."""


GLOBAL_UNICAST = IPv6Network("2000::/3")
"""RFC 4291, 2.4: the part of IPv6 that is given out; mapped and translated addresses lie outside."""

NOT_FOR_HOSTS = (IPv6Network("2002::/16"), IPv6Network("3fff::/20"))
"""6to4, whose relays are gone (RFC 7526), and documentation (RFC 9637), which Python does not know everywhere."""


class NameserverSpec(Struct, frozen=True, gc=False):
    """A name server as asked for. `addresses` None: as the host has them already. `existing`: the host has to be there
    (EPP's `hostObj`), and is not made for the occasion; `attribute`: it is a part of the name alone (EPP's `hostAttr`).
    A zone takes one of the two (RFC 5731, 1.1); over HTTP neither is said, and both kinds of zone are served."""

    host: Name
    addresses: tuple[str, ...] | None = None
    existing: bool = False
    attribute: bool = False


Wanted: TypeAlias = tuple[NameserverSpec, ...] | Delta[NameserverSpec]
"""The whole set of name servers, or what to add and what to remove."""


def parent_name(reference: Reference, host: Name) -> Name | None:
    """The registered-level name an internal host lies under; None for a host outside our zones."""
    zone = reference.zone_of(host)
    if zone is None:
        return None
    labels = host[: -len(zone.name) - 1].rsplit(".", 1)
    return Name(f"{labels[-1]}.{zone.name}")


def named(wanted: Wanted) -> tuple[NameserverSpec, ...]:
    """The name servers a command has to look up: those that are to be there and were not known before."""
    return wanted.add if isinstance(wanted, Delta) else wanted


def summary(wanted: Wanted) -> dict[str, list[Name]] | list[Name]:
    """The host names of a request, for the log."""
    if isinstance(wanted, Delta):
        return {"add": [s.host for s in wanted.add], "remove": [s.host for s in wanted.remove]}
    return [s.host for s in wanted]


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
        if not _is_public(address) or "%" in text:
            raise _bad_address(field, text, "is not a public unicast address")
        addresses.add(address)
    return tuple(str(a) for a in sorted(addresses, key=lambda a: (a.version, a.packed)))


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    """Global unicast (IANA special-purpose address registries), none of the ranges that are for translation, tunnels or
    documentation."""
    if address.is_multicast or not address.is_global:
        return False
    return isinstance(address, IPv4Address) or (
        address in GLOBAL_UNICAST and not any(address in network for network in NOT_FOR_HOSTS)
    )


def changed(
    facts: Facts, domain: Domain, wanted: Wanted, registrar: Registrar, new_id: Callable[[], int]
) -> tuple[tuple[int, ...], tuple[Host, ...]]:
    """`resolve` for a name that may be delegated already: a `Delta` is taken from the hosts it has now."""
    if not isinstance(wanted, Delta):
        return resolve(facts, domain, wanted, registrar, new_id)
    current = {facts.hosts_by_id[i].name: i for i in domain.hosts}
    change = Delta(tuple(s.host for s in wanted.add), tuple(s.host for s in wanted.remove))
    after = applied(tuple(current), change, "nameservers", str)
    kept = tuple(current[name] for name in after if name in current)
    return resolve(facts, domain, wanted.add, registrar, new_id, kept=kept)


def resolve(
    facts: Facts,
    domain: Domain,
    specs: tuple[NameserverSpec, ...],
    registrar: Registrar,
    new_id: Callable[[], int],
    *,
    kept: tuple[int, ...] = (),
) -> tuple[tuple[int, ...], tuple[Host, ...]]:
    """The host ids a name is to be delegated to, and the hosts that are made or changed for it, in this order."""
    count = len(specs) + len(kept)
    if not count:
        return (), ()
    if not FEWEST <= count <= MOST:
        raise Refusal(
            errors.VALUE_OUT_OF_RANGE,
            "nameservers",
            str(count),
            message=f"nameservers takes none, or {FEWEST} to {MOST}; there would be {count}.",
        )
    if domain.records:
        raise Refusal(
            errors.DELEGATED_DOMAIN_HAS_NO_RECORDS,
            "nameservers",
            message=f"{domain.name} has records in this zone, and a name is either delegated or has records. "
            "Remove its records first.",
        )
    model = facts.reference.zones_by_id[domain.zone_id].policy.hosts
    ids = list(kept)
    changes: list[Host] = []
    seen: set[Name] = set()
    for number, spec in enumerate(specs):
        if spec.host in seen:
            raise _invalid(f"nameservers[{number}].host", spec.host, "stands twice in the list")
        seen.add(spec.host)
        _require_model(model, spec, f"nameservers[{number}]")
        host, is_changed = _resolve_one(facts, domain, spec, registrar, new_id, f"nameservers[{number}]")
        ids.append(host.id)
        if is_changed:
            changes.append(host)
    return tuple(ids), tuple(changes)


def _resolve_one(
    facts: Facts, domain: Domain, spec: NameserverSpec, registrar: Registrar, new_id: Callable[[], int], field: str
) -> tuple[Host, bool]:
    host = facts.host(spec.host)
    if host is None and spec.existing:
        raise Refusal(errors.HOST_NOT_FOUND, f"{field}.host", spec.host)
    parent_at = parent_name(facts.reference, spec.host)
    if parent_at is None:
        if spec.addresses:
            raise _invalid(f"{field}.addresses", spec.host, "has no addresses here: the host is outside our zones")
        if host is not None:
            return host, False
        return Host(new_id(), spec.host, registrar.id, registrar.id, facts.now), True
    parent = require_parent(facts, spec.host, parent_at, domain, f"{field}.host")
    given = None if spec.addresses is None else addresses_of(spec.addresses, f"{field}.addresses")
    if host is not None and host.parent_id == parent.id:
        return _known(facts, host, given, registrar, field)
    # New, or left over from an earlier registration of its parent: in both cases the parent's sponsor makes it its own.
    if parent.registrar_id != registrar.id:
        raise Refusal(errors.NOT_SPONSOR, f"{field}.host", spec.host)
    if host is None:
        made = Host(new_id(), spec.host, registrar.id, registrar.id, facts.now, parent.id, given or ())
    else:
        made = replace(
            host, registrar_id=registrar.id, parent_id=parent.id, addresses=given or (), updated_at=facts.now
        )
    _require_glue(made, field)
    return made, True


def require_parent(facts: Facts, host: Name, parent_at: Name, domain: Domain | None, field: str) -> Domain:
    """The domain a host lies under, which has to be there and to stay; `domain` is one the facts do not hold yet."""
    parent = domain if domain is not None and parent_at == domain.name else facts.domain(parent_at)
    if parent is None:
        message = f"{field} '{host}' lies under {parent_at}, which is not registered."
        raise Refusal(errors.DOMAIN_NOT_FOUND, field, host, message=message)
    phase = lifecycle.phase_at(parent, facts.now)
    if phase not in (Phase.ACTIVE, Phase.EXPIRED):
        message = f"{field} '{host}' lies under {parent_at}, which is in state {phase.value}: it may soon be gone."
        raise Refusal(errors.STATUS_PROHIBITS, field, host, message=message)
    return parent


def _require_model(model: HostModel, spec: NameserverSpec, field: str) -> None:
    """A zone takes name servers as objects or as attributes, never both (RFC 5731, 1.1)."""
    if spec.existing and model is HostModel.ATTRIBUTES:
        message = f"{field}: this zone has host attributes and no host objects. Send {spec.host} as hostAttr."
        raise Refusal(errors.POLICY_VIOLATION, f"{field}.host", spec.host, message=message)
    if spec.attribute and model is HostModel.OBJECTS:
        message = f"{field}: this zone has host objects and no host attributes. Create {spec.host}, send it as hostObj."
        raise Refusal(errors.POLICY_VIOLATION, f"{field}.host", spec.host, message=message)


def _known(
    facts: Facts, host: Host, given: tuple[str, ...] | None, registrar: Registrar, field: str
) -> tuple[Host, bool]:
    if given is None or given == host.addresses:
        _require_glue(host, field)
        return host, False
    if host.registrar_id != registrar.id:
        raise Refusal(errors.NOT_SPONSOR, f"{field}.addresses", host.name)
    prohibiting = UPDATE_PROHIBITED.intersection(host.statuses)
    if prohibiting:
        raise Refusal(
            errors.STATUS_PROHIBITS,
            f"{field}.addresses",
            host.name,
            message=f"{host.name} has status {', '.join(sorted(prohibiting))}, so its addresses stay as they are.",
        )
    host = replace(host, addresses=given, updated_at=facts.now)
    _require_glue(host, field)
    return host, True


def left_behind(facts: Facts, domain: Domain, at: datetime) -> tuple[Host, ...]:
    """Hosts under a name that ends: those no other name uses end with it; those in use stay, without parent or address,
    and are never renamed (RFC 9874). A later holder of the name may take them over by giving them addresses."""
    found = []
    for host in facts.subordinates_of(domain.name):
        if facts.links_to_host(host.id) - {domain.id}:
            found.append(replace(host, parent_id=None, addresses=(), updated_at=at))
        else:
            found.append(replace(host, deleted_at=at, updated_at=at))
    return tuple(found)


def _require_glue(host: Host, field: str) -> None:
    """`missing_field` for an internal host without an address: nobody could find it."""
    if not host.addresses:
        raise Refusal(
            errors.MISSING_FIELD,
            f"{field}.addresses",
            message=f"{field}.addresses: {host.name} lies inside this registry and needs an address, or nobody can "
            "find it.",
        )


def _bad_address(field: str, text: str, why: str) -> Refusal:
    return _invalid(field, text, why)


def _invalid(field: str, value: str, why: str) -> Refusal:
    message = f"{field}: '{value[:255]}' {why}."
    fault = Fault(field, "invalid", message, value)
    return Refusal(errors.INVALID_REQUEST, field, value, message=message, details=(fault,))
