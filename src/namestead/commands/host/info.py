"""Show a host (RFC 5732, 3.1.2). Whoever asks sees all of it: it stands in the DNS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from namestead import errors
from namestead.commands.host.answers import HostState, host_state
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.objects.facts import Facts, Reference
from namestead.objects.names import Name
from namestead.rules import delegation


@dataclass(frozen=True, slots=True)
class InfoHost:
    """`status` holds `linked` while a domain is delegated to it."""

    name: Name

    @property
    def subject(self) -> Name:
        return self.name

    def needs(self, reference: Reference, by: Principal) -> Needs:
        parent = delegation.parent_name(reference, self.name)
        return Needs(domains=(parent,) if parent is not None else (), hosts=(self.name,), linked_hosts=(self.name,))

    def decide(self, facts: Facts, by: Context) -> Outcome[HostState]:
        host = facts.host(self.name)
        if host is None:
            raise Refusal(errors.HOST_NOT_FOUND, "host", self.name)
        parent = facts.domains_by_id.get(host.parent_id or 0)
        return Outcome(host_state(facts, host, parent, linked=bool(facts.links_to_host(host.id))))

    def summary(self) -> dict[str, Any]:
        return {}
