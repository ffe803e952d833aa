"""Write down what time has brought about for a name: one due event, with its money (DESIGN, invariant 5).

Not a registrar's command: the engine puts it before a transform that meets a due event, and the jobs run it for names
nobody asks about. The log row stands under the event's own name, in the sponsor's poll.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from namestead import errors
from namestead.commands import messages
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.money import Money
from namestead.objects.account import Posting
from namestead.objects.domain import ApplyState, Domain
from namestead.objects.facts import Changed, Facts, Reference
from namestead.objects.host import Host
from namestead.objects.log import Event
from namestead.objects.names import Name
from namestead.objects.zone import Zone
from namestead.rules import delegation, ledger, lifecycle, pricing, publication, transfers
from namestead.rules.lifecycle import Act, Due

LOGGED_AS: dict[Act, str] = {
    Act.AUTO_RENEW: "auto_renew_domain",
    Act.EXPIRE: "expire_domain",
    Act.LAPSE: "lapse_domain",
    Act.END_RESTORE: "end_restore",
    Act.END_REDEMPTION: "end_redemption",
    Act.RELEASE: "release_domain",
    Act.END_TRANSFER: "end_transfer",
}


class Settled(msgspec.Struct, frozen=True, gc=False):
    """What was written down: the event, when it was due, and the name's state after it."""

    domain: str
    event: str
    due_at: str
    lifecycle_state: str
    expires_at: str

    def summary(self) -> dict[str, Any]:
        return {"event": self.event, "due_at": self.due_at, "lifecycle_state": self.lifecycle_state}


@dataclass(frozen=True, slots=True)
class SettleDomain:
    """Write down the earliest due event of a name, if it is `due` and still the next one."""

    name: Name
    due: Due

    @property
    def subject(self) -> Name:
        return self.name

    @property
    def logged_as(self) -> str:
        return LOGGED_AS[self.due.act]

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(domains=(self.name,), subordinates=(self.name,))

    def decide(self, facts: Facts, by: Context) -> Outcome[Settled]:
        domain = facts.domain(self.name)
        if domain is None or lifecycle.next_due(domain) != self.due:
            message = f"{self.due.act.value} of {self.name} was written down already, or is not due any more."
            raise Refusal(errors.PRECONDITION_FAILED, message=message)
        zone = facts.reference.zones_by_id[domain.zone_id]
        settled, others, postings = _settle(facts, domain, zone, self.due)
        # A name is out of the zone from its redemption on; when it is released, its hosts' addresses may go too.
        events: tuple[Event, ...] = ()
        fell = self.due.act is Act.LAPSE and publication.has_data(domain)
        if fell or (self.due.act is Act.RELEASE and others):
            settled = publication.queued(settled, facts.now)
            events = (publication.withdrawn(settled),)
        changes: tuple[Changed, ...] = (settled, *others)
        return Outcome(
            Settled(
                self.name,
                self.due.act.value,
                self.due.at.isoformat(),
                settled.noted.value,
                settled.expires_at.isoformat(),
            ),
            changes=changes,
            postings=postings,
            events=events,
            apply=ApplyState.PENDING if events else ApplyState.NONE,
            messages=messages.settled(facts, domain, settled, self.due),
            counterpart_id=_other_party(domain, self.due),
        )

    def summary(self) -> dict[str, Any]:
        return {"event": self.due.act.value, "due_at": self.due.at}


def _other_party(domain: Domain, due: Due) -> int | None:
    """Who beside the sponsor has to know: the other party of a transfer that ends."""
    transfer = domain.transfer
    ends = due.act in (Act.END_TRANSFER, Act.LAPSE) and transfer is not None and transfer.pending
    return transfer.gaining_id if ends and transfer is not None else None


def _settle(facts: Facts, domain: Domain, zone: Zone, due: Due) -> tuple[Domain, tuple[Host, ...], tuple[Posting, ...]]:
    if due.act is Act.END_TRANSFER:
        ended = transfers.ended_by_time(facts, domain, zone, due.at)
        return ended.domain, ended.hosts, ended.postings
    account = facts.account(facts.registrar(domain.registrar_id).account_id)
    renewal = Money(0, account.currency)
    postings: tuple[Posting, ...] = ()
    if due.act is Act.AUTO_RENEW:
        renewal = _renewal(zone, domain, account.currency, due)
        postings = ledger.charge_regardless(account, renewal, "auto_renew", domain.name)
    settled = lifecycle.advance(domain, zone, due, renewal, account.id)
    if due.act is Act.LAPSE and domain.transfer is not None and domain.transfer.pending:
        postings = transfers.released(domain)
    hosts = delegation.left_behind(facts, domain, due.at) if due.act is Act.RELEASE else ()
    return settled, hosts, postings


def _renewal(zone: Zone, domain: Domain, currency: str, due: Due) -> Money:
    try:
        return pricing.price(zone, "renew", currency, due.at, tier=domain.tier)
    except Refusal:
        # A zone whose price was taken away still renews what it promised to renew, at no charge.
        return Money(0, currency)
