"""Bring a deleted name back from redemption (RFC 3915)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from namestead import errors
from namestead.commands.answers import Registration, registration
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.money import Money
from namestead.objects.account import Account
from namestead.objects.domain import ApplyState, Domain, Phase
from namestead.objects.facts import Facts, Reference
from namestead.objects.log import Event
from namestead.objects.names import Name
from namestead.objects.zone import Zone
from namestead.rules import ledger, lifecycle, permissions, pricing, publication
from namestead.rules.lifecycle import Act


@dataclass(frozen=True, slots=True)
class RestoreDomain:
    """With a `report` (which may be empty) the name is restored in one step. Without (None) it waits, pending restore,
    for the report to follow: EPP's two steps, `op="request"` and `op="report"` (RFC 3915, 4.2.5).

    `requested` says that the report follows a request, as EPP's has to: without one it is refused.

    The restoration is paid for once, when it is asked for; the renewals it takes to give the name a future when it
    is done. The report's text is not kept. A name in dispute may be restored, as it may be renewed.
    """

    name: Name
    report: str | None = ""
    fee: Money | None = None
    requested: bool = False

    @property
    def subject(self) -> Name:
        return self.name

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(domains=(self.name,))

    def decide(self, facts: Facts, by: Context) -> Outcome[Registration]:
        domain, zone = permissions.require_own(facts, self.name, by.channel)
        lifecycle.require(domain, Act.RESTORE if self.report is not None else Act.REQUEST_RESTORE, facts.now)
        account = facts.account(by.channel.account_id)
        paid = lifecycle.phase_at(domain, facts.now) is Phase.PENDING_RESTORE
        if self.requested and not paid:
            message = f"No restore of {self.name} was requested, so there is nothing to report on. Request it first."
            raise Refusal(errors.NOT_RESTORABLE, "domain", self.name, message=message)
        if self.report is None:
            price = self._price(facts, zone, domain, account, paid=paid, years=0)
            waiting = lifecycle.restore_requested(domain, zone, facts.now)
            return Outcome(
                registration(facts, waiting, zone),
                changes=(waiting,),
                postings=ledger.charge(account, price, "restore", self.name),
            )
        restored, years = lifecycle.restored(domain, zone, facts.now)
        price = self._price(facts, zone, domain, account, paid=paid, years=years)
        events: tuple[Event, ...] = ()
        if publication.has_data(restored):
            restored = publication.queued(restored, facts.now)
            events = (publication.event(restored),)
        return Outcome(
            registration(facts, restored, zone),
            changes=(restored,),
            postings=ledger.charge(account, price, "restore", self.name),
            events=events,
            apply=ApplyState.PENDING if events else ApplyState.NONE,
        )

    def summary(self) -> dict[str, Any]:
        return {"with_report": self.report is not None}

    def _price(self, facts: Facts, zone: Zone, domain: Domain, account: Account, *, paid: bool, years: int) -> Money:
        """Restoration and renewals in one amount, and that is what `fee` agrees to."""
        price = Money(0, account.currency)
        if not paid:
            price += pricing.price(zone, "restore", account.currency, facts.now, tier=domain.tier)
        if years:
            price += pricing.price(zone, "renew", account.currency, facts.now, tier=domain.tier, years=years)
        if not price and self.fee is None:
            return price
        return pricing.agreed(price, self.fee, premium=domain.tier != "")
