"""Delete a host that no domain uses (RFC 5732, 3.2.2; RFC 9874)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from namestead.commands.host.answers import HostState, host_state
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.objects.facts import Facts, Reference
from namestead.objects.names import Name
from namestead.rules import hosts, statuses


@dataclass(frozen=True, slots=True)
class DeleteHost:
    """While a domain is delegated to it, it stays: the refusal names the caller's own domains that use it, and is never
    got round by a rename."""

    name: Name

    @property
    def subject(self) -> Name:
        return self.name

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(hosts=(self.name,), linked_hosts=(self.name,))

    def decide(self, facts: Facts, by: Context) -> Outcome[HostState]:
        host = hosts.require_own(facts, self.name, by.channel, sandbox=by.sandbox)
        statuses.require_none_of(
            hosts.DELETE_PROHIBITED, host.statuses, "host", self.name, "deleted", lifting=frozenset()
        )
        hosts.require_unused(facts, host, by.channel)
        gone = replace(host, deleted_at=facts.now, updated_at=facts.now)
        return Outcome(host_state(facts, gone, None, linked=False), changes=(gone,))

    def summary(self) -> dict[str, Any]:
        return {}
