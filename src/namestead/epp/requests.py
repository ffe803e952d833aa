"""What a client asks, as a command of the registry: EPP's words on one side, `commands/` on the other.

Translates and decides nothing about any object. What the protocol itself does not allow is a `Fault`; what a value may
not be is said by the rules it is handed to, as a `Refusal`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from namestead import errors, money
from namestead.commands.contact.check import CheckContact
from namestead.commands.contact.create import CreateContact
from namestead.commands.contact.delete import DeleteContact
from namestead.commands.contact.info import InfoContact
from namestead.commands.contact.update import PostalChange, UpdateContact
from namestead.commands.domain.check import CheckDomain, Checked
from namestead.commands.domain.create import CreateDomain
from namestead.commands.domain.delete import DeleteDomain
from namestead.commands.domain.info import HostsShown, InfoDomain
from namestead.commands.domain.nameservers import UpdateNameservers
from namestead.commands.domain.renew import RenewDomain
from namestead.commands.domain.restore import RestoreDomain
from namestead.commands.domain.transfer import TransferDomain
from namestead.commands.domain.update import UNCHANGED, UpdateDomain
from namestead.commands.host.check import CheckHost
from namestead.commands.host.create import CreateHost
from namestead.commands.host.delete import DeleteHost
from namestead.commands.host.info import InfoHost
from namestead.commands.host.update import UpdateHost
from namestead.commands.listings import ReadMessage
from namestead.commands.message.ack import AckMessage, message_id
from namestead.epp import messages as epp
from namestead.epp.faults import Fault
from namestead.errors import Refusal
from namestead.money import Money
from namestead.objects.contact import Postal
from namestead.objects.domain import Ds
from namestead.objects.names import Name
from namestead.rules import hosts, names, periods
from namestead.rules.contacts import ContactSpec, Details
from namestead.rules.delegation import NameserverSpec
from namestead.rules.deltas import Delta
from namestead.rules.periods import Unit
from namestead.rules.quotes import Query
from namestead.rules.transfers import Operation

MOST_CHECKED: Final = 100
"""Objects of one check (contracts/epp.md). RFC 5730 sets no bound, the frame's length alone would be one of thousands."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One command as it came: `currency` is what its sender's account is kept in, for a fee that names none."""

    extensions: epp.CommandExtensions
    currency: str


def command_of(asked: epp.Command, currency: str) -> Any:
    """The registry's command for what was asked. Raises `Fault` or `Refusal`."""
    translate = TRANSLATE.get(type(asked.body))
    if translate is None:
        raise Fault(2101, "this command is not served for this object")
    return translate(asked.body, Asked(asked.extensions, currency))


# ------------------------------------------------------------------------------------------------------------- domains


def _check_domain(body: epp.DomainCheck, asked: Asked) -> CheckDomain:
    _require_few(body.names, "domain:name")
    e = asked.extensions
    if e.launch is not None:
        raise _no_launch()
    if not isinstance(e.fee, epp.FeeCheck):
        return CheckDomain(_checked(body.names, "domain"), e.allocation_token)
    return CheckDomain(
        _checked(body.names, "domain"), e.allocation_token, tuple(map(_query, e.fee.commands)), e.fee.currency
    )


def _info_domain(body: epp.DomainInfo, asked: Asked) -> InfoDomain:
    e = asked.extensions
    if e.launch is not None:
        raise _no_launch()
    if e.show_allocation_token:
        reason = "a token is kept as a hash, so that it can be shown to nobody"
        raise Fault(2303, reason, element="allocationToken:info")
    return InfoDomain(_name(body.name), _auth_info(body.auth_info, "domain"), HostsShown(body.hosts))


def _create_domain(body: epp.DomainCreate, asked: Asked) -> CreateDomain:
    e = asked.extensions
    if e.launch is not None:
        raise _no_launch()
    _require_zone_ttl(e)
    ds, life = _sec_dns(e.sec_dns if isinstance(e.sec_dns, epp.SecDns) else None)
    return CreateDomain(
        name=_name(body.name),
        years=_years(body.period, 1),
        registrant=body.registrant or None,
        contacts=_contacts(body.contacts),
        nameservers=_nameservers(body),
        ds=ds,
        auth_info=_auth_info(body.auth_info, "domain"),
        allocation_token=e.allocation_token,
        fee=_fee(asked),
        max_signature_life=life,
    )


def _delete_domain(body: epp.DomainDelete, asked: Asked) -> DeleteDomain:
    if asked.extensions.launch is not None:
        raise _no_launch()
    return DeleteDomain(_name(body.name))


def _renew_domain(body: epp.DomainRenew, asked: Asked) -> RenewDomain:
    return RenewDomain(_name(body.name), _years(body.period, 1), body.current_expiry, _fee(asked))


def _transfer_domain(body: epp.DomainTransfer, asked: Asked) -> TransferDomain:
    if asked.extensions.allocation_token is not None:
        raise Fault(2306, "no name changes hands by a token here", element="allocationToken:allocationToken")
    operation = Operation(body.op)
    auth_info = _auth_info(body.auth_info, "domain")
    if operation is Operation.REQUEST:
        if body.auth_info is None:
            raise Fault(2003, "a transfer is asked for with the name's authInfo", element="domain:authInfo")
        auth_info = auth_info or ""  # an empty one matches nothing, least of all one that is not set (RFC 9154, 4.4)
    years = _years(body.period, 1) if operation is Operation.REQUEST else None
    return TransferDomain(_name(body.name), operation, auth_info, fee=_fee(asked), years=years)


def _update_domain(body: epp.DomainUpdate, asked: Asked) -> UpdateDomain | UpdateNameservers | RestoreDomain:
    e = asked.extensions
    if e.launch is not None:
        raise _no_launch()
    _require_zone_ttl(e)
    name = _name(body.name)
    says_nothing = (body.add, body.rem, body.registrant, body.auth_info, e.sec_dns) == (None,) * 5
    if e.rgp is not None:
        if not says_nothing:
            reason = "a restore is asked for alone; change the name once it is restored (RFC 3915, 4.2.5)"
            raise Fault(2306, reason, element="rgp:restore")
        return _restore_domain(name, e.rgp, asked)
    if says_nothing:
        raise Fault(2003, "an update says what to add, to remove or to change", element="domain:update")
    add, rem = body.add or _NOTHING, body.rem or _NOTHING
    nameservers = _delta(_nameservers(add), _nameservers(rem))
    contacts = _delta(_contacts(add.contacts), _contacts(rem.contacts))
    statuses = _delta(_statuses(add.statuses), _statuses(rem.statuses))
    auth_info: Any = UNCHANGED if body.auth_info is None else _auth_info(body.auth_info, "domain")
    registrant: Any = UNCHANGED if body.registrant is None else body.registrant or None
    ds, life = _changed_sec_dns(e.sec_dns if isinstance(e.sec_dns, epp.SecDnsUpdate) else None)
    others = (contacts, statuses, auth_info, registrant, ds, life)
    if nameservers is not UNCHANGED and all(part is UNCHANGED for part in others):
        return UpdateNameservers(name, nameservers)
    return UpdateDomain(
        name,
        registrant=registrant,
        contacts=contacts,
        statuses=statuses,
        auth_info=auth_info,
        ds=ds,
        nameservers=nameservers,
        max_signature_life=life,
    )


_NOTHING: Final = epp.DomainParts()


def _restore_domain(name: Name, restore: epp.RestoreRequest | epp.RestoreReport, asked: Asked) -> RestoreDomain:
    if isinstance(restore, epp.RestoreRequest):
        return RestoreDomain(name, report=None, fee=_fee(asked))
    return RestoreDomain(name, report=restore.reason, fee=_fee(asked), requested=True)


# --------------------------------------------------------------------------------------------------------------- hosts


def _check_host(body: epp.HostCheck, asked: Asked) -> CheckHost:
    _require_few(body.names, "host:name")
    return CheckHost(_checked(body.names, "host"))


def _info_host(body: epp.HostInfo, asked: Asked) -> InfoHost:
    return InfoHost(_name(body.name, "host"))


def _create_host(body: epp.HostCreate, asked: Asked) -> CreateHost:
    _require_zone_ttl(asked.extensions)
    return CreateHost(_name(body.name, "host"), _addresses(body.addresses))


def _delete_host(body: epp.HostDelete, asked: Asked) -> DeleteHost:
    return DeleteHost(_name(body.name, "host"))


def _update_host(body: epp.HostUpdate, asked: Asked) -> UpdateHost:
    _require_zone_ttl(asked.extensions)
    if (body.add, body.rem, body.new_name) == (None,) * 3:
        raise Fault(2003, "an update says what to add, to remove or to change", element="host:update")
    add, rem = body.add or epp.HostParts(), body.rem or epp.HostParts()
    return UpdateHost(
        _name(body.name, "host"),
        _delta(_addresses(add.addresses), _addresses(rem.addresses)),
        _delta(_statuses(add.statuses), _statuses(rem.statuses)),
        UNCHANGED if body.new_name is None else _name(body.new_name, "new_name"),
    )


# ------------------------------------------------------------------------------------------------------------ contacts


def _check_contact(body: epp.ContactCheck, asked: Asked) -> CheckContact:
    _require_few(body.ids, "contact:id")
    return CheckContact(body.ids)


def _info_contact(body: epp.ContactInfo, asked: Asked) -> InfoContact:
    return InfoContact(body.id, _auth_info(body.auth_info, "contact"))


def _create_contact(body: epp.ContactCreate, asked: Asked) -> CreateContact:
    postal = _by_type(body.postal)
    local, ascii_only = postal.get("loc"), postal.get("int")
    shown, withheld = _disclosure(body.disclose)
    voice, fax = body.voice or _NO_PHONE, body.fax or _NO_PHONE
    details = Details(
        postal=None if local is None else _postal(local),
        ascii=None if ascii_only is None else _postal(ascii_only),
        email=body.email,
        phone=voice.number,
        phone_ext=voice.extension or "",
        fax=fax.number,
        fax_ext=fax.extension or "",
        disclose=shown,
        withhold=withheld,
    )
    return CreateContact(body.id, details, _auth_info(body.auth_info, "contact"))


_NO_PHONE: Final = epp.Phone("")


def _delete_contact(body: epp.ContactDelete, asked: Asked) -> DeleteContact:
    return DeleteContact(body.id)


def _update_contact(body: epp.ContactUpdate, asked: Asked) -> UpdateContact:
    changed = (body.voice, body.fax, body.email, body.auth_info, body.disclose)
    if not (body.add or body.rem or body.postal) and all(part is None for part in changed):
        raise Fault(2003, "an update says what to add, to remove or to change", element="contact:update")
    postal = _by_type(body.postal)
    voice, fax = body.voice, body.fax
    shown, withheld = _disclosure(body.disclose)
    return UpdateContact(
        body.id,
        postal=_postal_change(postal.get("loc")),
        ascii=_postal_change(postal.get("int")),
        email=UNCHANGED if body.email is None else body.email,
        phone=UNCHANGED if voice is None else voice.number,
        phone_ext=UNCHANGED if voice is None else voice.extension or "",
        fax=UNCHANGED if fax is None else fax.number,
        fax_ext=UNCHANGED if fax is None else fax.extension or "",
        disclose=UNCHANGED if body.disclose is None else shown,
        withhold=UNCHANGED if body.disclose is None else withheld,
        auth_info=UNCHANGED if body.auth_info is None else _auth_info(body.auth_info, "contact"),
        statuses=_delta(_statuses(body.add), _statuses(body.rem)),
    )


def _transfer_contact(body: epp.ContactTransfer, asked: Asked) -> Any:
    reason = "contacts do not move between registrars here; the new sponsor of a name gives it contacts of its own"
    raise Fault(2101, reason, element="contact:transfer")


# ------------------------------------------------------------------------------------------------------------ messages


def _read_message(body: epp.PollRequest, asked: Asked) -> ReadMessage:
    return ReadMessage()


def _ack_message(body: epp.PollAck, asked: Asked) -> AckMessage:
    if body.message_id is None:
        raise Fault(2003, "an acknowledgement names the message by msgID", element="epp:poll")
    return AckMessage(message_id(body.message_id))


TRANSLATE: Final[dict[type, Callable[[Any, Asked], Any]]] = {
    epp.DomainCheck: _check_domain,
    epp.DomainInfo: _info_domain,
    epp.DomainCreate: _create_domain,
    epp.DomainDelete: _delete_domain,
    epp.DomainRenew: _renew_domain,
    epp.DomainTransfer: _transfer_domain,
    epp.DomainUpdate: _update_domain,
    epp.HostCheck: _check_host,
    epp.HostInfo: _info_host,
    epp.HostCreate: _create_host,
    epp.HostDelete: _delete_host,
    epp.HostUpdate: _update_host,
    epp.ContactCheck: _check_contact,
    epp.ContactInfo: _info_contact,
    epp.ContactCreate: _create_contact,
    epp.ContactDelete: _delete_contact,
    epp.ContactUpdate: _update_contact,
    epp.ContactTransfer: _transfer_contact,
    epp.PollRequest: _read_message,
    epp.PollAck: _ack_message,
}


# --------------------------------------------------------------------------------------------------------------- parts


def _require_few(named: tuple[str, ...], element: str) -> None:
    if len(named) > MOST_CHECKED:
        raise Fault(2306, f"a check takes up to {MOST_CHECKED} objects; there are {len(named)}", element=element)


def _name(text: str, field: str = "domain") -> Name:
    return names.parse(text, field=field)


def _checked(texts: tuple[str, ...], field: str) -> tuple[Checked, ...]:
    return tuple(_one_checked(text, field) for text in texts)


def _one_checked(text: str, field: str) -> Checked:
    try:
        return Checked(text, names.parse(text, field=field))
    except Refusal as refusal:
        return Checked(text, None, refusal.details[0].message if refusal.details else refusal.message)


def _years(period: epp.Period | None, usual: int) -> int:
    return usual if period is None else periods.years(period.number, Unit(period.unit))


def _auth_info(given: epp.AuthInfo | None, mapping: str) -> str | None:
    """The secret; None for none, an empty one (RFC 9154) and `<null/>`."""
    if given is None:
        return None
    if given.roid is not None:
        reason = "the object's own authInfo is compared, and no other object's"
        raise Fault(2306, reason, element=f"{mapping}:authInfo")
    return given.pw or None


def _nameservers(parts: epp.DomainCreate | epp.DomainParts) -> tuple[NameserverSpec, ...]:
    objects = tuple(NameserverSpec(_name(host, "nameservers"), existing=True) for host in parts.hosts)
    if not parts.host_attributes:
        return objects
    attributes = tuple(
        NameserverSpec(_name(host.name, "nameservers"), _addresses(host.addresses) or None, attribute=True)
        for host in parts.host_attributes
    )
    return (*objects, *attributes)


def _addresses(given: tuple[epp.Address, ...]) -> tuple[str, ...]:
    return tuple(hosts.of_family(a.address, 6 if a.family == "v6" else 4, "addresses") for a in given)


def _contacts(given: tuple[epp.DomainContact, ...]) -> tuple[ContactSpec, ...]:
    for contact in given:
        if contact.type is None:
            reason = "type says whether the contact is admin, billing or tech"
            raise Fault(2003, reason, element="domain:contact", value=contact.id)
    return tuple(ContactSpec(c.type, c.id) for c in given if c.type is not None)


def _statuses(given: tuple[epp.Status, ...]) -> tuple[str, ...]:
    return tuple(status.value for status in given)


def _delta(add: tuple[Any, ...], remove: tuple[Any, ...]) -> Any:
    return Delta(add, remove) if add or remove else UNCHANGED


def _sec_dns(given: epp.SecDns | None) -> tuple[tuple[Ds, ...], int | None]:
    if given is None:
        return (), None
    _require_ds(given.keys)
    return _ds(given.ds), given.max_sig_life


def _changed_sec_dns(given: epp.SecDnsUpdate | None) -> tuple[Any, Any]:
    """The change of the DS records, and of maxSigLife."""
    if given is None:
        return UNCHANGED, UNCHANGED
    if given.urgent:
        raise Fault(2102, "every change is published within seconds; there is no urgent one", element="secDNS:update")
    add = given.add or epp.SecDns()
    _require_ds(given.rem_keys or add.keys)
    life = UNCHANGED if given.max_sig_life is None else given.max_sig_life
    if given.rem_all:
        return _ds(add.ds), life
    return _delta(_ds(add.ds), _ds(given.rem_ds)), life


def _require_ds(keys: tuple[epp.KeyData, ...]) -> None:
    if keys:
        raise Fault(2306, "DS records are taken here (dsData), not keys (RFC 5910, 4)", element="secDNS:keyData")


def _ds(given: Iterable[epp.DsData]) -> tuple[Ds, ...]:
    return tuple(Ds(d.key_tag, d.algorithm, d.digest_type, d.digest) for d in given)


def _query(command: epp.FeeCommand) -> Query:
    if command.phase not in (None, "open") or command.subphase is not None:
        raise Fault(2306, "fees are quoted for the open phase alone", element="fee:command", value=command.phase or "")
    years = None if command.period is None else _years(command.period, 1)
    return Query(command.custom_name or command.name, years)


def _fee(asked: Asked) -> Money | None:
    """The price agreed to: fees and credits together (RFC 8748, 3.4)."""
    terms = asked.extensions.fee
    if not isinstance(terms, epp.FeeTerms):
        return None
    total = sum((fee.amount for fee in terms.fees), Decimal(0)) + sum((c.amount for c in terms.credits), Decimal(0))
    text = format(total, "f")
    try:
        return money.parse(text, terms.currency or asked.currency, signed=True)
    except ValueError as problem:
        raise Refusal(errors.VALUE_OUT_OF_RANGE, "fee", text, message=f"fee: {problem}.") from None


def _require_zone_ttl(extensions: epp.CommandExtensions) -> None:
    """A zone's records have one TTL each by their type. The default may be asked for, which changes nothing."""
    if not isinstance(extensions.ttl, epp.TtlValues):
        return
    for ttl in extensions.ttl.values:
        if ttl.seconds is not None:
            reason = "the zone sets the TTLs of its records (RFC 9803, 2.1.1); ask for the default, or for none"
            raise Fault(2306, reason, element="ttl:ttl", value=str(ttl.seconds))


def _no_launch() -> Fault:
    return Fault(2306, "this registry is in the open phase: nothing is launched here now", element="launch:phase")


def _by_type(given: tuple[Any, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for postal in given:
        if postal.type in found:
            reason = f"there is one postalInfo of each type; {postal.type} is given twice"
            raise Fault(2005, reason, element="contact:postalInfo")
        found[postal.type] = postal
    return found


def _postal(given: epp.PostalInfo) -> Postal:
    return _placed(given.address, given.name, given.organization or "")


def _placed(address: epp.PostalAddress, name: str = "", organization: str = "") -> Postal:
    return Postal(
        name,
        organization,
        address.street,
        address.city,
        address.state or "",
        address.postal_code or "",
        address.country,
    )


def _postal_change(given: epp.PostalChange | None) -> Any:
    if given is None:
        return UNCHANGED
    return PostalChange(
        UNCHANGED if given.name is None else given.name,
        UNCHANGED if given.organization is None else given.organization,
        UNCHANGED if given.address is None else _placed(given.address),
    )


def _disclosure(given: epp.Disclose | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is to be shown and what is to be withheld, of which one is empty."""
    if given is None:
        return (), ()
    fields = tuple(field.replace(".", ":") for field in given.fields)
    return (fields, ()) if given.flag else ((), fields)
