"""Ask whether hosts could be created, and if not, why (RFC 5732, 3.1.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from namestead import errors
from namestead.commands.domain.check import Checked
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.objects.facts import Facts, Reference
from namestead.rules import delegation, hosts

REASONS = {
    errors.HOST_EXISTS: "in_use",
    errors.DOMAIN_NOT_FOUND: "parent_not_found",
    errors.NOT_SPONSOR: "parent_of_another",
    errors.STATUS_PROHIBITS: "parent_falling",
    errors.REGISTRAR_NAMESPACE_NOT_APPROVED: "zone_closed",
    errors.REGISTRAR_CHANNEL_NOT_PRODUCTION_APPROVED: "zone_closed",
    errors.POLICY_VIOLATION: "no_host_objects",
}
"""What stands in the way of `create`, in a word."""


class HostChecked(msgspec.Struct, frozen=True, gc=False):
    """`reason` is null when the host can be created; else `detail` says it in a sentence."""

    host: str
    available: bool
    reason: str | None
    detail: str | None


class HostsChecked(msgspec.Struct, frozen=True, gc=False):
    """In the order asked."""

    results: tuple[HostChecked, ...]

    def summary(self) -> dict[str, Any]:
        return {"asked": len(self.results), "available": sum(r.available for r in self.results)}


@dataclass(frozen=True, slots=True)
class CheckHost:
    """Up to 100 hosts. One bad name never fails the others."""

    items: tuple[Checked, ...]

    @property
    def subject(self) -> None:
        return None

    def needs(self, reference: Reference, by: Principal) -> Needs:
        names = tuple(item.name for item in self.items if item.name is not None)
        parents = (delegation.parent_name(reference, name) for name in names)
        return Needs(hosts=names, domains=tuple({p: None for p in parents if p is not None}))

    def decide(self, facts: Facts, by: Context) -> Outcome[HostsChecked]:
        return Outcome(HostsChecked(tuple(_result(facts, by, item) for item in self.items)))

    def summary(self) -> dict[str, Any]:
        return {"hosts": [item.name or item.text[:255] for item in self.items]}


def _result(facts: Facts, by: Context, item: Checked) -> HostChecked:
    name = item.name
    if name is None:
        return HostChecked(item.text, available=False, reason="invalid_name", detail=item.complaint)
    try:
        hosts.require_free(facts, name, by.channel, sandbox=by.sandbox)
    except Refusal as refusal:
        return HostChecked(name, available=False, reason=REASONS[refusal.kind], detail=refusal.message)
    return HostChecked(name, available=True, reason=None, detail=None)
