"""Delete a registration (RFC 5731, 3.2.2; RFC 3915): cancelled and paid back inside the add grace, else redeemable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec.structs import replace

from namestead import errors
from namestead.commands.answers import Amount, Registration, registration
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.money import Money
from namestead.objects.account import Posting
from namestead.objects.domain import ApplyState, Domain
from namestead.objects.facts import Changed, Facts, Reference
from namestead.objects.host import Host
from namestead.objects.names import Name
from namestead.rules import availability, ledger, lifecycle, permissions, publication
from namestead.rules.lifecycle import Act


class Deleted(msgspec.Struct, frozen=True, gc=False):
    """`registration.lifecycle_state` says which it was, `cancelled` or `redemption`; `refund` what was paid back."""

    registration: Registration
    refund: Amount

    def summary(self) -> dict[str, Any]:
        return {**self.registration.summary(), "refund": self.refund}


@dataclass(frozen=True, slots=True)
class DeleteDomain:
    """Never a hard delete: outside the add grace the name can be restored until its redemption is over.

    Name servers under the name that other names use keep it from being deleted; they are named, and never renamed for
    the purpose (RFC 9874). Those nobody else uses end with the name.
    """

    name: Name

    @property
    def subject(self) -> Name:
        return self.name

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(domains=(self.name,), retained=(self.name,), subordinates=(self.name,))

    def decide(self, facts: Facts, by: Context) -> Outcome[Deleted]:
        domain, zone = permissions.require_own(facts, self.name, by.channel)
        if domain.protected_legacy and domain.reviewed_at is None:
            raise Refusal(errors.PROTECTED_LEGACY_REGISTRATION_NOT_DELETABLE, "domain", self.name)
        lifecycle.require(domain, Act.DELETE, facts.now)
        availability.require_unlocked(facts, self.name, facts.now)
        _require_unused(facts, domain)
        postings: tuple[Posting, ...] = ()
        paid_back = Money(0, facts.account(by.channel.account_id).currency)
        for refund in lifecycle.refunds(domain, facts.now):
            amount = Money(refund.amount, refund.currency)
            postings += ledger.refund(refund.account_id, amount, "delete", self.name)
            paid_back += amount
        deleted = lifecycle.deleted(domain, zone, facts.now)
        hosts: tuple[Host, ...] = ()
        if deleted.ended_at is not None:
            hosts = tuple(
                replace(host, deleted_at=facts.now, updated_at=facts.now) for host in facts.subordinates_of(self.name)
            )
        published = publication.has_data(domain)
        if published:
            deleted = publication.queued(deleted, facts.now)
        changes: tuple[Changed, ...] = (deleted, *hosts)
        return Outcome(
            Deleted(registration(facts, deleted, zone), Amount.of(paid_back)),
            changes=changes,
            postings=postings,
            events=(publication.withdrawn(deleted),) if published else (),
            apply=ApplyState.PENDING if published else ApplyState.NONE,
        )

    def summary(self) -> dict[str, Any]:
        return {}


def _require_unused(facts: Facts, domain: Domain) -> None:
    """`association_prohibits` while other names rely on hosts under this one (RFC 5731, 3.2.2)."""
    used = [h.name for h in facts.subordinates_of(domain.name) if facts.links_to_host(h.id) - {domain.id}]
    if used:
        shown = ", ".join(used[:3]) + (f" and {len(used) - 3} more" if len(used) > 3 else "")
        raise Refusal(
            errors.ASSOCIATION_PROHIBITS,
            "domain",
            domain.name,
            message=f"Other names are delegated to {shown}, under {domain.name}. Have them moved to other name servers "
            "first.",
            extra={"hosts": used},
        )
