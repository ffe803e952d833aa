"""What the registry answered, as EPP says it: the other half of `requests.py`.

One function a command turns its result into response data and extensions. What a client did not announce at login is
left in here; `unhandled.handled` moves it where RFC 9038 wants it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from ipaddress import IPv6Address, ip_address
from typing import Any, Final

from msgspec import Struct

from namestead.commands import messages as notices
from namestead.commands.answers import PublicRegistration, Registration, TransferState
from namestead.commands.contact.answers import ContactShown, PostalShown
from namestead.commands.contact.check import ContactsChecked
from namestead.commands.domain.check import CheckResult, CheckResults, FeeQuote
from namestead.commands.domain.delete import Deleted
from namestead.commands.domain.transfer import Transferred
from namestead.commands.host.answers import HostState
from namestead.commands.host.check import HostsChecked
from namestead.commands.listings import QueuedMessage, QueuePage
from namestead.commands.messages import ContactState
from namestead.commands.protocol import Answer
from namestead.epp import messages as epp
from namestead.money import exponent
from namestead.objects.names import Name
from namestead.objects.zone import HostModel, Zone
from namestead.rules.publication import TTL

COMPLETED, PENDING, NO_MESSAGES, ACK_TO_DEQUEUE = 1000, 1001, 1300, 1301


class Said(Struct, frozen=True, gc=False):
    """What a command's answer says, before its ids, its results and what waits are put around it."""

    code: int = COMPLETED
    data: epp.ResponseData | None = None
    extensions: epp.ResponseExtensions = epp.NO_RESPONSE_EXTENSIONS
    queue: epp.MessageQueue | None = None
    """Only the answer to a poll request brings its own."""


class Told(Struct, frozen=True, gc=False):
    """What rendering needs beside the result: the command, the zones, and the currency of the caller's account."""

    asked: epp.Command
    zones: Mapping[Name, Zone]
    currency: str


def said(answer: Answer[Any], told: Told) -> Said:
    """The answer to a command that went well."""
    return RENDER[type(told.asked.body)](answer, told)


# ------------------------------------------------------------------------------------------------------------- domains

REASONS: Final[Mapping[str, str]] = {
    "registered": "In use",
    "in_use": "In use",
    "reserved": "Reserved",
    "blocked": "Blocked",
    "disputed": "Disputed",
    "allocating": "Being allocated",
    "claim_required": "Needs an allocation token",
    "invalid_name": "Not a name that can be had",
    "zone_not_found": "Not a zone of this registry",
    "zone_closed": "No zone that is open to you",
    "token_invalid": "The token is not for this name",
    "invalid_id": "Not an id (3 to 16 characters)",
    "no_contacts": "No zone of yours takes contacts",
    "no_host_objects": "No zone of yours takes hosts",
    "parent_not_found": "Its domain is not registered",
    "parent_of_another": "Its domain is not yours",
    "parent_falling": "Its domain is being deleted",
}
"""Why something cannot be had, in at most 32 characters (RFC 5730, 4.2)."""


def _domain_checks(answer: Answer[CheckResults], told: Told) -> Said:
    results = answer.result.results
    data = epp.DomainCheckData(tuple(epp.CheckResult(r.domain, r.available, _why(r)) for r in results))
    asked = told.asked.extensions.fee
    if not isinstance(asked, epp.FeeCheck):
        return Said(data=data)
    objects = tuple(
        epp.FeeObject(
            r.domain,
            tuple(map(_quote, asked.commands, r.fees)),
            available=bool(r.fees),
            fee_class=("premium" if r.premium else "standard") if r.fees else None,
            reason=None if r.fees else _why(r) or "No price",
        )
        for r in results
    )
    fee = epp.FeeCheckData(asked.currency or told.currency, objects)
    return Said(data=data, extensions=epp.ResponseExtensions(fee=fee))


def _why(r: CheckResult) -> str | None:
    if r.reason is None:
        return None
    if r.reason == "pending_release" and r.release_at is not None:  # a name in redemption may yet be restored
        return f"Release {r.release_at:%Y-%m-%dT%H:%M:%S}Z"
    return REASONS.get(r.reason, r.reason.replace("_", " ").capitalize())


def _quote(asked: epp.FeeCommand, quote: FeeQuote) -> epp.FeeQuote:
    fees = () if quote.fee is None else (epp.Fee(Decimal(quote.fee.amount), **_grace(quote.grace_seconds)),)
    credit = () if quote.credit is None else (epp.Credit(-Decimal(quote.credit.amount)),)
    period = asked.period or (None if quote.years is None else epp.Period(quote.years))
    command = epp.FeeCommand(asked.name, period, asked.custom_name, asked.phase, asked.subphase)
    return epp.FeeQuote(command, fees, credit, quote.reason, standard=not quote.premium and quote.reason is None)


def _grace(seconds: int | None) -> dict[str, Any]:
    """A grace period in days where it is whole ones (XML Schema 1.1, 3.3.6)."""
    if not seconds:
        return {}
    days, rest = divmod(seconds, 86400)
    return {"refundable": True, "grace_period": f"P{days}D" if not rest else f"PT{seconds}S"}


def _domain_info(answer: Answer[Registration | PublicRegistration], told: Told) -> Said:
    shown = answer.result
    ttl = told.asked.extensions.ttl
    extensions = epp.ResponseExtensions(
        rgp=_rgp(shown.rgp_status),
        sec_dns=_sec_dns(shown) if isinstance(shown, Registration) else None,
        ttl=_ttl(("NS", "DS"), policy=ttl.policy) if isinstance(ttl, epp.TtlInfo) else None,
    )
    return Said(data=_domain_data(shown, told.zones), extensions=extensions)


def _domain_data(shown: Registration | PublicRegistration, zones: Mapping[Name, Zone]) -> epp.DomainInfoData:
    """A name as it stands; of another registrar's without its people (contracts/epp.md, "Domain")."""
    full = shown if isinstance(shown, Registration) else None
    zone = zones.get(Name(shown.tld))
    attributes = zone is not None and zone.policy.hosts is HostModel.ATTRIBUTES
    return epp.DomainInfoData(
        name=shown.domain,
        roid=shown.roid,
        cl_id=shown.registrar.slug,
        statuses=_statuses(shown.status),
        registrant=full.registrant.id or None if full is not None else None,
        contacts=tuple(epp.DomainContact(c.id, c.type) for c in full.contacts) if full is not None else (),
        hosts=() if attributes else tuple(n.host for n in shown.nameservers),
        host_attributes=tuple(epp.HostAttribute(n.host, _addresses(n.addresses)) for n in shown.nameservers)
        if attributes
        else (),
        subordinates=(full.subordinate_hosts or ()) if full is not None else (),
        cr_id=full.created_by or None if full is not None else None,
        cr_date=shown.created_at,
        up_date=shown.updated_at,
        ex_date=shown.expires_at,
        tr_date=shown.transferred_at,
    )


def _rgp(statuses: tuple[str, ...]) -> epp.RgpInfoData | None:
    return epp.RgpInfoData(tuple(map(epp.RgpStatus, statuses))) if statuses else None


def _sec_dns(shown: Registration) -> epp.SecDns | None:
    if not shown.ds:
        return None
    ds = tuple(epp.DsData(d.key_tag, d.algorithm, d.digest_type, d.digest) for d in shown.ds)
    return epp.SecDns(ds, max_sig_life=shown.max_signature_life)


def _domain_created(answer: Answer[Registration], told: Told) -> Said:
    shown = answer.result
    return Said(
        data=epp.DomainCreateData(shown.domain, shown.created_at, shown.expires_at),
        extensions=_charged("create", answer, told),
    )


def _domain_renewed(answer: Answer[Registration], told: Told) -> Said:
    shown = answer.result
    return Said(data=epp.DomainRenewData(shown.domain, shown.expires_at), extensions=_charged("renew", answer, told))


def _domain_updated(answer: Answer[Registration], told: Told) -> Said:
    extensions = _charged("update", answer, told)
    if told.asked.extensions.rgp is not None:
        statuses = answer.result.rgp_status
        # RFC 3915, 4.2.5: with rgpStatus pendingRestore while the report is awaited; none is left once it has come.
        rgp = epp.RgpUpdateData(tuple(map(epp.RgpStatus, statuses))) if statuses else None
        extensions = epp.ResponseExtensions(rgp=rgp, fee=extensions.fee)
    return Said(extensions=extensions)


def _domain_deleted(answer: Answer[Deleted], told: Told) -> Said:
    """1000 for a name that is gone, 1001 for one that falls (RFC 5731, 3.2.2). What was paid back is said to whoever
    announced the fee extension."""
    deleted = answer.result
    back = Decimal(deleted.refund.amount)
    fee = None
    if back:
        balance = _balance(answer)
        fee = epp.FeeData("delete", deleted.refund.currency, credits=(epp.Credit(-back),), balance=balance)
    gone = deleted.registration.lifecycle_state in ("cancelled", "released")
    return Said(COMPLETED if gone else PENDING, extensions=epp.ResponseExtensions(fee=fee))


def _domain_transferred(answer: Answer[Transferred], told: Told) -> Said:
    transferred = answer.result
    data = _transfer_data(transferred.registration.domain, transferred.transfer)
    # Only a transfer waits for somebody else; name servers that are not published yet are no pending action.
    asked = isinstance(told.asked.body, epp.DomainTransfer) and told.asked.body.op == "request"
    return Said(PENDING if asked else COMPLETED, data, _charged("transfer", answer, told))


def _transfer_data(name: str, transfer: TransferState) -> epp.DomainTransferData:
    return epp.DomainTransferData(
        name=name,
        status=transfer.status,
        re_id=transfer.requested_by,
        re_date=transfer.requested_at,
        ac_id=transfer.act_by,
        ac_date=transfer.act_at,
        ex_date=transfer.expires_at,
    )


def _charged(of: Any, answer: Answer[Any], told: Told) -> epp.ResponseExtensions:
    """What was paid or set aside, and what is left (RFC 8748, 5.2): for whoever sent a price."""
    if not isinstance(told.asked.extensions.fee, epp.FeeTerms):
        return epp.NO_RESPONSE_EXTENSIONS
    paid = _amount(answer.charged, told.currency)
    fees = (epp.Fee(paid),) if paid >= 0 else ()
    back = (epp.Credit(paid),) if paid < 0 else ()
    limit = None if answer.credit is None else _amount(answer.credit, told.currency)
    fee = epp.FeeData(of, told.currency, fees=fees, credits=back, balance=_balance(answer), credit_limit=limit)
    return epp.ResponseExtensions(fee=fee)


def _amount(minor: int, currency: str) -> Decimal:
    return Decimal(minor).scaleb(-exponent(currency))


def _balance(answer: Answer[Any]) -> Decimal | None:
    if answer.balance is None:
        return None
    return _amount(*answer.balance)


# --------------------------------------------------------------------------------------------------------------- hosts


def _host_checks(answer: Answer[HostsChecked], told: Told) -> Said:
    rows = tuple(epp.CheckResult(r.host, r.available, _word(r.reason)) for r in answer.result.results)
    return Said(data=epp.HostCheckData(rows))


def _word(reason: str | None) -> str | None:
    return None if reason is None else REASONS.get(reason, reason)


def _host_info(answer: Answer[HostState], told: Told) -> Said:
    shown = answer.result
    ttl = told.asked.extensions.ttl
    data = epp.HostInfoData(
        name=shown.host,
        roid=shown.roid,
        statuses=_statuses(shown.status),
        cl_id=shown.registrar.slug,
        cr_id=shown.created_by,
        cr_date=shown.created_at,
        addresses=_addresses(shown.addresses),
        up_date=shown.updated_at,
        up_id=shown.registrar.slug if shown.updated_at is not None else None,
        tr_date=shown.transferred_at,
    )
    values = _ttl(("A", "AAAA"), policy=ttl.policy) if isinstance(ttl, epp.TtlInfo) else None
    return Said(data=data, extensions=epp.ResponseExtensions(ttl=values))


def _host_created(answer: Answer[HostState], told: Told) -> Said:
    return Said(data=epp.HostCreateData(answer.result.host, answer.result.created_at))


def _addresses(given: tuple[str, ...]) -> tuple[epp.Address, ...]:
    return tuple(epp.Address(a, "v6" if isinstance(ip_address(a), IPv6Address) else "v4") for a in given)


# ------------------------------------------------------------------------------------------------------------ contacts


def _contact_checks(answer: Answer[ContactsChecked], told: Told) -> Said:
    rows = tuple(epp.CheckResult(r.id, r.available, _word(r.reason)) for r in answer.result.results)
    return Said(data=epp.ContactCheckData(rows))


def _contact_info(answer: Answer[ContactShown], told: Told) -> Said:
    shown = answer.result
    data = epp.ContactInfoData(
        id=shown.id,
        roid=shown.roid,
        statuses=_statuses(shown.status),
        postal=_postals(shown.ascii, shown.postal),
        email=shown.email,
        cl_id=shown.registrar.slug,
        cr_id=shown.created_by,
        cr_date=shown.created_at,
        voice=epp.Phone(shown.phone, shown.phone_ext or None) if shown.phone else None,
        fax=epp.Phone(shown.fax, shown.fax_ext or None) if shown.fax else None,
        up_date=shown.updated_at,
        up_id=shown.registrar.slug if shown.updated_at is not None else None,
        disclose=_disclosure(shown),
    )
    return Said(data=data)


def _postals(ascii_only: PostalShown | None, local: PostalShown | None) -> tuple[epp.PostalInfo, ...]:
    given = (("int", ascii_only), ("loc", local))
    found = tuple(_postal(kind, postal) for kind, postal in given if postal is not None)
    return found or (_postal("loc", PostalShown("", "", (), "", "", "", "")),)  # erased: the schema asks for one


def _postal(kind: Any, postal: PostalShown) -> epp.PostalInfo:
    address = epp.PostalAddress(
        postal.city or "-", postal.country or "ZZ", postal.street, postal.state or None, postal.postal_code or None
    )
    return epp.PostalInfo(kind, postal.name or "-", address, postal.organization or None)


def _disclosure(shown: ContactShown) -> epp.Disclose | None:
    fields = shown.disclose or shown.withhold
    if not fields:
        return None
    return epp.Disclose(bool(shown.disclose), tuple(_field(f) for f in fields))


def _field(field: str) -> Any:
    return field.replace(":", ".")


def _contact_created(answer: Answer[ContactState], told: Told) -> Said:
    return Said(data=epp.ContactCreateData(answer.result.id, answer.result.created_at))


def _done(answer: Answer[Any], told: Told) -> Said:
    return Said()


# ------------------------------------------------------------------------------------------------------------ messages


def _message(answer: Answer[QueuePage], told: Told) -> Said:
    """The oldest message, with the object it is about where that can be shown (RFC 5730, 2.9.2.3)."""
    page = answer.result
    if not page.messages:
        return Said(NO_MESSAGES)
    [first] = page.messages
    text = f"{first.object}: {first.text}" if first.object else first.text
    queue = epp.MessageQueue(page.count, first.id, first.queued_at, text)
    data, extensions = _notice(first, told.zones)
    return Said(ACK_TO_DEQUEUE, data, extensions, queue)


def _notice(message: QueuedMessage, zones: Mapping[Name, Zone]) -> tuple[Any, epp.ResponseExtensions]:
    match message.data:
        case notices.TransferNotice(domain=domain, transfer=transfer):
            return _transfer_data(domain, transfer), epp.NO_RESPONSE_EXTENSIONS
        case notices.ChangeNotice() as change:
            shown = change.after or change.before
            data = None if shown is None else _domain_data(shown, zones)
            rgp = None if shown is None else _rgp(shown.rgp_status)
            return data, epp.ResponseExtensions(rgp=rgp, change=_change(message, change))
        case _:
            return None, epp.NO_RESPONSE_EXTENSIONS


def _change(message: QueuedMessage, change: notices.ChangeNotice) -> epp.ChangeData:
    return epp.ChangeData(
        operation=change.operation,
        date=change.at,
        sv_trid=message.audit_id,
        who=change.who,
        op=change.event if change.operation == "custom" else None,
        reason=change.reason,
        state="before" if change.after is None and change.before is not None else "after",
    )


# --------------------------------------------------------------------------------------------------------------- parts


def _ttl(kinds: tuple[str, ...], *, policy: bool) -> epp.TtlValues:
    """What RFC 9803 calls the policy: one value, that is least, default and most at once."""
    limit = TTL if policy else None
    return epp.TtlValues(tuple(epp.Ttl(kind, TTL, min=limit, default=limit, max=limit) for kind in kinds))


def _statuses(values: tuple[str, ...]) -> tuple[epp.Status, ...]:
    return tuple(map(epp.Status, values))


RENDER: Final[dict[type, Callable[[Any, Told], Said]]] = {
    epp.DomainCheck: _domain_checks,
    epp.DomainInfo: _domain_info,
    epp.DomainCreate: _domain_created,
    epp.DomainDelete: _domain_deleted,
    epp.DomainRenew: _domain_renewed,
    epp.DomainTransfer: _domain_transferred,
    epp.DomainUpdate: _domain_updated,
    epp.HostCheck: _host_checks,
    epp.HostInfo: _host_info,
    epp.HostCreate: _host_created,
    epp.HostDelete: _done,
    epp.HostUpdate: _done,
    epp.ContactCheck: _contact_checks,
    epp.ContactInfo: _contact_info,
    epp.ContactCreate: _contact_created,
    epp.ContactDelete: _done,
    epp.ContactUpdate: _done,
    epp.PollRequest: _message,
    epp.PollAck: _done,
}
