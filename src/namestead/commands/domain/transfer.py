"""Move a registration to another registrar: request, query, approve, reject, cancel (RFC 5731, 3.2.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec.structs import replace

from namestead import errors
from namestead.commands import messages
from namestead.commands.answers import (
    PublicRegistration,
    Registration,
    TransferState,
    public_registration,
    registration,
    transfer_state,
)
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.money import Money
from namestead.objects.account import Posting
from namestead.objects.domain import Domain, Transfer, TransferStatus
from namestead.objects.facts import Facts, Reference
from namestead.objects.names import Name
from namestead.objects.registrar import Registrar
from namestead.objects.zone import Zone
from namestead.rules import auth_info, availability, ledger, lifecycle, permissions, pricing, transfers
from namestead.rules.lifecycle import Act
from namestead.rules.transfers import ANSWERS, Operation


class Transferred(msgspec.Struct, frozen=True, gc=False):
    """The transfer, and the name as the caller may see it: `full` for its sponsor, `public` for the other party."""

    transfer: TransferState
    full: Registration | None = None
    public: PublicRegistration | None = None

    @property
    def registration(self) -> Registration | PublicRegistration:
        shown = self.full or self.public
        assert shown is not None
        return shown

    def summary(self) -> dict[str, Any]:
        shown = self.registration
        return {"lifecycle_state": shown.lifecycle_state, "registrar": shown.registrar, "transfer": self.transfer}


@dataclass(frozen=True, slots=True)
class TransferDomain:
    """A request without `gaining_registrar` (a slug) pulls the name and needs `auth_info`; with it the sponsor pushes
    the name there. `fee` is the price agreed to, by who pays: the puller at the request, the receiver of a push when it
    approves. `years` is what the transfer is asked to add (RFC 5731, 3.2.4): one, as every transfer does."""

    name: Name
    operation: Operation = Operation.REQUEST
    auth_info: str | None = None
    gaining_registrar: str | None = None
    fee: Money | None = None
    years: int | None = None

    @property
    def subject(self) -> Name:
        return self.name

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(domains=(self.name,), retained=(self.name,), subordinates=(self.name,), failed_auth=(self.name,))

    def decide(self, facts: Facts, by: Context) -> Outcome[Transferred]:
        domain, zone = permissions.require_domain(facts, self.name)
        match self.operation:
            case Operation.REQUEST:
                return self._request(facts, by.channel, domain, zone)
            case Operation.QUERY:
                return self._query(facts, by.channel, domain, zone)
            case _:
                return self._answer(facts, by.channel, domain, zone)

    def summary(self) -> dict[str, Any]:
        return {"operation": self.operation.value, "gaining_registrar": self.gaining_registrar}

    def _request(self, facts: Facts, caller: Registrar, domain: Domain, zone: Zone) -> Outcome[Transferred]:
        push = self.gaining_registrar is not None and self.gaining_registrar != caller.slug
        if push:
            permissions.require_sponsor(domain, caller)
            gaining = _receiver(facts.reference, self.gaining_registrar, zone)
        else:
            if domain.registrar_id == caller.id:
                message = f"{self.name} is yours already. To give it away, name the gaining_registrar."
                raise Refusal(errors.NOT_TRANSFERABLE, "domain", self.name, message=message)
            auth_info.require(domain, self.auth_info, facts.failed_auth[self.name], facts.now)
            gaining = caller
        if self.years not in (None, 1):
            message = f"period is {self.years} years; a transfer adds one year."
            raise Refusal(errors.VALUE_OUT_OF_RANGE, "period", str(self.years), message=message)
        if domain.transfer is not None and domain.transfer.pending:
            raise Refusal(errors.TRANSFER_PENDING, "domain", self.name)
        lifecycle.require(domain, Act.TRANSFER, facts.now)
        availability.require_unlocked(facts, self.name, facts.now)
        transfer = Transfer(
            status=TransferStatus.PENDING,
            push=push,
            gaining_id=gaining.id,
            losing_id=domain.registrar_id,
            requested_at=facts.now,
            act_at=facts.now + zone.policy.lengths.transfer_wait,
        )
        postings: tuple[Posting, ...] = ()
        if not push:
            account = facts.account(caller.account_id)
            listed = pricing.price(zone, "transfer", account.currency, facts.now, tier=domain.tier)
            price = pricing.agreed(listed, self.fee, premium=domain.tier != "")
            postings = ledger.hold(account, price, "transfer", self.name)
            transfer = replace(transfer, amount=price.amount, currency=price.currency, hold_account_id=account.id)
        asked = replace(domain, transfer=transfer, updated_at=facts.now)
        return Outcome(
            _shown(facts, asked, zone, caller),
            changes=(asked,),
            postings=postings,
            pending=True,
            messages=messages.transfer_step(facts, asked),
            counterpart_id=domain.registrar_id if not push else gaining.id,
        )

    def _query(self, facts: Facts, caller: Registrar, domain: Domain, zone: Zone) -> Outcome[Transferred]:
        transfer = domain.transfer
        parties = {domain.registrar_id} | ({transfer.gaining_id, transfer.losing_id} if transfer else set())
        if caller.id not in parties:
            if self.auth_info is None:
                raise Refusal(errors.NOT_SPONSOR, "domain", self.name)
            auth_info.require(domain, self.auth_info, facts.failed_auth[self.name], facts.now)
        if transfer is None:
            message = f"No transfer of {self.name} was ever asked for."
            raise Refusal(errors.TRANSFER_NOT_PENDING, "domain", self.name, message=message)
        return Outcome(_shown(facts, domain, zone, caller))

    def _answer(self, facts: Facts, caller: Registrar, domain: Domain, zone: Zone) -> Outcome[Transferred]:
        transfer = transfers.require_pending(domain, self.operation, caller)
        _, status = ANSWERS[self.operation]
        if self.operation is Operation.APPROVE:
            availability.require_unlocked(facts, self.name, facts.now)
            ended = transfers.approved(facts, domain, zone, status, facts.now, self.fee)
        else:
            ended = transfers.not_approved(domain, status, facts.now)
        other = transfer.gaining_id if caller.id == transfer.losing_id else transfer.losing_id
        return Outcome(
            _shown(facts, ended.domain, zone, caller),
            changes=(ended.domain, *ended.hosts),
            postings=ended.postings,
            messages=messages.transfer_step(facts, ended.domain),
            counterpart_id=other,
        )


def _receiver(reference: Reference, slug: str | None, zone: Zone) -> Registrar:
    """The registrar a name is pushed to: known here, approved, and listed for the zone."""
    field = "gaining_registrar"
    registrar = reference.by_slug.get(slug or "")
    if registrar is None:
        raise Refusal(errors.REGISTRAR_NOT_FOUND, field, slug)
    approved = registrar.approved and (registrar.production_approved or zone.test)
    if not approved or not permissions.is_listed(reference, registrar.id, zone):
        message = f"{registrar.slug} may not register names under .{zone.name}, so it cannot receive one."
        raise Refusal(errors.POLICY_VIOLATION, field, slug, message=message)
    return registrar


def _shown(facts: Facts, domain: Domain, zone: Zone, caller: Registrar) -> Transferred:
    transfer = transfer_state(facts, domain)
    assert transfer is not None
    if domain.registrar_id == caller.id:
        return Transferred(transfer, full=registration(facts, domain, zone))
    return Transferred(transfer, public=public_registration(facts, domain, zone))
