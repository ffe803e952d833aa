"""Show a registration (RFC 5731, 3.1.2): all of it to its sponsor, the public part to others."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from msgspec.structs import replace

from namestead import errors
from namestead.commands.answers import (
    PublicRegistration,
    Registration,
    public_registration,
    registration,
    with_hosts_under,
)
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.objects.domain import Domain
from namestead.objects.facts import Facts, Reference
from namestead.objects.names import Name
from namestead.objects.zone import Zone
from namestead.rules import auth_info, lifecycle, permissions


class HostsShown(StrEnum):
    """RFC 5731, 3.1.2, the `hosts` attribute: the name servers it is delegated to, the hosts under it, both or none."""

    ALL = "all"
    DELEGATED = "del"
    SUBORDINATE = "sub"
    NONE = "none"

    @property
    def delegated(self) -> bool:
        return self in (HostsShown.ALL, HostsShown.DELEGATED)

    @property
    def subordinate(self) -> bool:
        return self in (HostsShown.ALL, HostsShown.SUBORDINATE)


@dataclass(frozen=True, slots=True)
class InfoDomain:
    """With the right `auth_info` another registrar sees all of it too; a wrong one is refused and counted. The hosts
    under a name are part of what its sponsor sees."""

    name: Name
    auth_info: str | None = None
    hosts: HostsShown = HostsShown.ALL

    @property
    def subject(self) -> Name:
        return self.name

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(
            domains=(self.name,),
            subordinates=(self.name,) if self.hosts.subordinate else (),
            failed_auth=(self.name,) if self.auth_info is not None else (),
        )

    def decide(self, facts: Facts, by: Context) -> Outcome[Registration | PublicRegistration]:
        stored, zone = permissions.require_domain(facts, self.name)
        domain = lifecycle.as_of(stored, zone, facts.now)
        if domain.ended_at is not None:
            raise Refusal(errors.DOMAIN_NOT_FOUND, "domain", self.name)
        if domain.registrar_id != by.channel.id:
            if self.auth_info is None:
                shown = public_registration(facts, domain, zone)
                return Outcome(shown if self.hosts.delegated else replace(shown, nameservers=()))
            auth_info.require(domain, self.auth_info, facts.failed_auth[self.name], facts.now)
        return Outcome(self._whole(facts, domain, zone))

    def _whole(self, facts: Facts, domain: Domain, zone: Zone) -> Registration:
        shown = registration(facts, domain, zone)
        if self.hosts.subordinate:
            shown = with_hosts_under(facts, shown)
        return shown if self.hosts.delegated else replace(shown, nameservers=())

    def summary(self) -> dict[str, Any]:
        return {"with_auth_info": self.auth_info is not None}
