"""What may stand in a request, and how it becomes a command. The one place that knows both spellings.

Each body is a struct; `command` translates it, and may assume that the decoder took it. What only a rule can say about
a text (a name, an amount) is asked of the rule; every fault of a body is found by `faults.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from namestead import money
from namestead.api import faults
from namestead.api.texts import COUNTRY, DIGITS, EMAIL, HANDLE, HEX, PHONE, PLAIN, PRINTABLE, VISIBLE
from namestead.commands.contact.check import CheckContact
from namestead.commands.contact.create import CreateContact
from namestead.commands.contact.delete import DeleteContact
from namestead.commands.contact.update import PostalChange, UpdateContact
from namestead.commands.domain.check import CheckDomain, Checked
from namestead.commands.domain.create import CreateDomain
from namestead.commands.domain.delete import DeleteDomain
from namestead.commands.domain.nameservers import UpdateNameservers
from namestead.commands.domain.records import UpdateRecords
from namestead.commands.domain.renew import RenewDomain
from namestead.commands.domain.restore import RestoreDomain
from namestead.commands.domain.transfer import TransferDomain
from namestead.commands.domain.update import UpdateDomain
from namestead.commands.host.check import CheckHost
from namestead.commands.host.create import CreateHost
from namestead.commands.host.delete import DeleteHost
from namestead.commands.host.update import UpdateHost
from namestead.commands.message.ack import AckMessage
from namestead.commands.sandbox.reset import ResetSandbox
from namestead.errors import Fault, Refusal
from namestead.money import Money
from namestead.objects.contact import Postal
from namestead.objects.domain import Ds, Records
from namestead.objects.names import Name
from namestead.rules import delegation, names
from namestead.rules.contacts import ContactSpec, Details, NewContact
from namestead.rules.delegation import NameserverSpec
from namestead.rules.quotes import Query
from namestead.rules.transfers import Operation

NameText: TypeAlias = Annotated[
    str,
    Meta(
        max_length=1024,
        extra={"read": faults.NAME},
        description="A name, as U-label or A-label.",
        examples=["alice.example"],
    ),
]
HostText: TypeAlias = Annotated[
    str, Meta(max_length=1024, extra={"read": faults.HOST}, description="A host name.", examples=["ns1.example.net"])
]
Address: TypeAlias = Annotated[
    str,
    Meta(
        max_length=45,
        extra={"read": faults.ADDRESS},
        description="A public IPv4 or IPv6 address.",
        examples=["198.51.100.1"],
    ),
]
Key: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=255,
        pattern=VISIBLE,
        description="The same as the header Idempotency-Key; if both are sent they must agree.",
        examples=["create-001"],
    ),
]
Line: TypeAlias = Annotated[str, Meta(max_length=255, pattern=PLAIN)]
Secret: TypeAlias = Annotated[str, Meta(min_length=1, max_length=255, pattern=PRINTABLE)]
Years: TypeAlias = Annotated[int, Meta(ge=1, le=99, description="The zone's policy may take fewer.", examples=[1])]
ContactId: TypeAlias = Annotated[str, Meta(min_length=3, max_length=16, pattern=HANDLE, examples=["C1042-NST"])]
Label: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=1024, description="The name's first label.", examples=["alice"])
]
Tld: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=255, extra={"read": faults.NAME}, description="The zone.", examples=["example"])
]


class Fee(Struct, forbid_unknown_fields=True):
    """A price agreed to."""

    amount: Annotated[str, Meta(max_length=24, examples=["12.50"])]
    currency: Annotated[str, Meta(max_length=12, examples=["EUR"])]

    across = staticmethod(faults.of_money)

    def money(self) -> Money:
        return money.parse(self.amount, self.currency)


class RegistrantBody(Struct, forbid_unknown_fields=True):
    """The holder. A new contact is made of it."""

    name: Line
    organization: Line = ""
    email: Annotated[str, Meta(max_length=320, pattern=EMAIL, examples=["alice@example.net"])] = ""
    phone: Annotated[str, Meta(max_length=20, pattern=PHONE, examples=["+49.301234567"])] = ""
    street: Annotated[tuple[Line, ...], Meta(max_length=3)] = ()
    city: Line = ""
    state: Line = ""
    postal_code: Annotated[str, Meta(max_length=16, pattern=PLAIN)] = ""
    country: Annotated[str, Meta(pattern=COUNTRY, max_length=2, examples=["DE"])] = ""

    def contact(self) -> NewContact:
        postal = Postal(
            self.name, self.organization, self.street, self.city, self.state, self.postal_code, self.country
        )
        return NewContact(postal, self.email, self.phone)


class ContactBody(Struct, forbid_unknown_fields=True):
    type: Literal["admin", "billing", "tech"]
    id: ContactId


class NameserverBody(Struct, forbid_unknown_fields=True):
    """`addresses` only for a host inside a zone of this registry; left out, they stay as they are."""

    host: HostText
    addresses: Annotated[tuple[Address, ...], Meta(max_length=13)] | None = None


class DsBody(Struct, forbid_unknown_fields=True):
    """A delegation signer (RFC 4034, 5.1)."""

    key_tag: Annotated[int, Meta(ge=0, le=65535)]
    algorithm: Annotated[int, Meta(ge=0, le=255)]
    digest_type: Annotated[int, Meta(ge=0, le=255)]
    digest: Annotated[str, Meta(min_length=2, max_length=128, pattern=HEX, examples=["AB" * 32])]


class RecordBody(Struct, forbid_unknown_fields=True):
    """A set of records: `name` relative to the domain, `@` for itself; `values` in presentation form."""

    name: Annotated[str, Meta(min_length=1, max_length=255, pattern=PLAIN, examples=["@"])]
    type: Literal["A", "AAAA", "CNAME", "MX", "TXT", "SRV", "CAA", "TLSA", "SVCB", "HTTPS"]
    ttl: Annotated[int, Meta(ge=0, le=2147483647, examples=[3600])]
    values: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=4096, pattern=PLAIN)], ...],
        Meta(min_length=1, max_length=100, examples=[["192.0.2.1"]]),
    ]


class GainingRegistrar(Struct, forbid_unknown_fields=True):
    slug: Annotated[str, Meta(min_length=1, max_length=63, pattern=PLAIN, examples=["beta"])]


class Body(Struct, forbid_unknown_fields=True, kw_only=True):
    """What every body may carry."""

    idempotency_key: Key | None = None

    @property
    def many(self) -> bool:
        """Whether a list was asked about, and is to be answered."""
        return False

    def command(self, name: Any) -> Any:
        """The command; `name` is what the path names: a domain, a host, a contact, a message."""
        raise NotImplementedError


class Mutation(Body, kw_only=True):
    """`sandbox` rehearses: the same decision, and nothing changes."""

    sandbox: bool = False


Contacts: TypeAlias = Annotated[tuple[ContactBody, ...], Meta(max_length=10)]
Nameservers: TypeAlias = Annotated[tuple[NameserverBody, ...], Meta(max_length=100)]
DsSet: TypeAlias = Annotated[tuple[DsBody, ...], Meta(max_length=32)]
SignatureLife: TypeAlias = Annotated[
    int, Meta(ge=1, le=2147483647, description="Seconds; a preference (RFC 5910, 3.3).", examples=[1209600])
]
ClientStatus: TypeAlias = Literal[
    "clientDeleteProhibited",
    "clientHold",
    "clientRenewProhibited",
    "clientTransferProhibited",
    "clientUpdateProhibited",
]


def one_name(raw: dict[str, Any], at: str) -> Iterator[Fault]:
    """A name is sent whole, or as label and TLD."""
    whole, label, tld = (raw.get(field) is not None for field in ("domain", "label", "tld"))
    if whole and (label or tld):
        yield Fault("domain", "conflict", "Send either domain, or label and tld, not both.")
    elif not whole and not (label and tld):
        missing = "domain" if not (label or tld) else "tld" if label else "label"
        yield Fault(missing, "missing_field", "Send domain, or label and tld.")
    elif not whole and isinstance(raw["label"], str) and isinstance(raw["tld"], str):
        try:
            _joined(raw["label"], raw["tld"])
        except Refusal as refusal:
            yield from refusal.details


def _joined(label: str, tld: str) -> Name:
    return names.parse(f"{label}.{tld}", field="label")


def _name(domain: str | None, label: str | None, tld: str | None) -> Name:
    if domain is not None and label is None and tld is None:
        return names.parse(domain)
    if domain is None and label is not None and tld is not None:
        return _joined(label, tld)
    raise ValueError("the name is sent twice, or not at all")


class FeeBody(Struct, forbid_unknown_fields=True):
    """A command whose price is asked for; `years` for those that have a period, left out for the shortest."""

    command: Literal["create", "renew", "transfer", "restore", "delete", "update"]
    years: Years | None = None


class CheckBody(Body, kw_only=True):
    """One name, or a list of up to 100."""

    domain: Annotated[str, Meta(max_length=1024, examples=["alice.example"])] | None = None
    label: Label | None = None
    tld: Annotated[str, Meta(min_length=1, max_length=255, examples=["example"])] | None = None
    domains: Annotated[tuple[Annotated[str, Meta(max_length=1024)], ...], Meta(min_length=1, max_length=100)] | None = (
        None
    )
    allocation_token: Secret | None = None
    fees: Annotated[tuple[FeeBody, ...], Meta(max_length=20)] = ()

    @property
    def many(self) -> bool:
        return self.domains is not None

    def command(self, name: Name | None) -> CheckDomain:
        if self.domains is not None:
            if self.domain is not None or self.label is not None or self.tld is not None:
                raise ValueError("one name and a list at once")
            return CheckDomain(tuple([_checked(text) for text in self.domains]), self.allocation_token, self._queries())
        if self.domain is not None and self.label is None and self.tld is None:
            text = self.domain
        elif self.domain is None and self.label is not None and self.tld is not None:
            text = f"{self.label}.{self.tld}"
        else:
            raise ValueError("the name is sent twice, or not at all")
        return CheckDomain((_checked(text),), self.allocation_token, self._queries())

    def _queries(self) -> tuple[Query, ...]:
        return tuple([Query(fee.command, fee.years) for fee in self.fees]) if self.fees else ()

    @staticmethod
    def across(raw: dict[str, Any], at: str) -> Iterator[Fault]:
        if raw.get("domains") is None:
            whole, label, tld = (raw.get(field) is not None for field in ("domain", "label", "tld"))
            if whole and (label or tld):
                yield Fault("domain", "conflict", "Send either domain, or label and tld, or domains.")
            elif not whole and not (label and tld):
                missing = "domain" if not (label or tld) else "tld" if label else "label"
                yield Fault(missing, "missing_field", "Send domain, or label and tld, or domains.")
        elif any(raw.get(field) is not None for field in ("domain", "label", "tld")):
            yield Fault("domains", "conflict", "Send either one name or domains, not both.")


def _checked(text: str, field: str = "domain") -> Checked:
    try:
        return Checked(text, names.parse(text, field=field))
    except Refusal as refusal:
        return Checked(text, None, refusal.details[0].message)


class CreateBody(Mutation, kw_only=True):
    domain: NameText | None = None
    label: Label | None = None
    tld: Tld | None = None
    years: Years = 1
    registrant: RegistrantBody | None = None
    registrant_id: ContactId | None = None
    contacts: Contacts = ()
    nameservers: Nameservers = ()
    ds: DsSet = ()
    auth_info: Secret | None = None
    auto_renew: bool = True
    allocation_token: Secret | None = None
    fee: Fee | None = None
    max_signature_life: SignatureLife | None = None

    def command(self, name: Name | None) -> CreateDomain:
        registrant: NewContact | str | None = self.registrant_id
        if self.registrant is not None:
            if registrant is not None:
                raise ValueError("registrant and registrant_id")
            registrant = self.registrant.contact()
        return CreateDomain(
            _name(self.domain, self.label, self.tld),
            self.years,
            registrant,
            contacts_of(self.contacts) if self.contacts else (),
            nameservers_of(self.nameservers) if self.nameservers else (),
            ds_of(self.ds) if self.ds else (),
            self.auth_info,
            self.auto_renew,
            self.allocation_token,
            self.fee.money() if self.fee is not None else None,
            self.max_signature_life,
        )

    @staticmethod
    def across(raw: dict[str, Any], at: str) -> Iterator[Fault]:
        yield from one_name(raw, at)
        yield from one_registrant(raw, at)


def one_registrant(raw: dict[str, Any], at: str) -> Iterator[Fault]:
    if raw.get("registrant") is not None and raw.get("registrant_id") is not None:
        yield Fault("registrant", "conflict", "Send either registrant or registrant_id, not both.")


def contacts_of(bodies: tuple[ContactBody, ...]) -> tuple[ContactSpec, ...]:
    return tuple([ContactSpec(b.type, b.id) for b in bodies])


def nameservers_of(bodies: tuple[NameserverBody, ...]) -> tuple[NameserverSpec, ...]:
    return tuple([NameserverSpec(names.parse(b.host, field="host"), _addresses(b.addresses)) for b in bodies])


def _addresses(texts: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return delegation.addresses_of(texts, "addresses") if texts is not None else None


def ds_of(bodies: tuple[DsBody, ...]) -> tuple[Ds, ...]:
    return tuple([Ds(b.key_tag, b.algorithm, b.digest_type, b.digest.upper()) for b in bodies])


class RenewBody(Mutation, kw_only=True):
    """`current_expiry` guards against renewing twice by accident: a day, or the instant as it was answered."""

    years: Years
    current_expiry: (
        Annotated[str, Meta(max_length=40, extra={"read": faults.DAY_OR_INSTANT}, examples=["2027-11-24"])] | None
    ) = None
    fee: Fee | None = None

    def command(self, name: Name | None) -> RenewDomain:
        assert name is not None
        expiry = faults.day_or_instant(self.current_expiry) if self.current_expiry is not None else None
        return RenewDomain(name, self.years, expiry, self.fee.money() if self.fee is not None else None)


class UpdateBody(Mutation, kw_only=True):
    """What is left out stays as it is. Lists are the whole set wanted; null clears `registrant` and `auth_info`."""

    registrant: RegistrantBody | UnsetType | None = UNSET
    registrant_id: ContactId | UnsetType = UNSET
    contacts: Contacts | UnsetType = UNSET
    status: Annotated[tuple[ClientStatus, ...], Meta(max_length=5)] | UnsetType = UNSET
    auto_renew: bool | UnsetType = UNSET
    auth_info: Secret | UnsetType | None = UNSET
    ds: DsSet | UnsetType = UNSET
    max_signature_life: SignatureLife | UnsetType | None = UNSET

    def command(self, name: Name | None) -> UpdateDomain:
        assert name is not None
        registrant: NewContact | str | UnsetType | None = self.registrant_id
        if self.registrant is not UNSET:
            if registrant is not UNSET:
                raise ValueError("registrant and registrant_id")
            registrant = self.registrant.contact() if self.registrant is not None else None
        return UpdateDomain(
            name,
            registrant,
            contacts_of(self.contacts) if self.contacts is not UNSET else UNSET,
            self.status,
            self.auto_renew,
            self.auth_info,
            ds_of(self.ds) if self.ds is not UNSET else UNSET,
            max_signature_life=self.max_signature_life,
        )

    @staticmethod
    def across(raw: dict[str, Any], at: str) -> Iterator[Fault]:
        if "registrant" in raw and "registrant_id" in raw:
            yield Fault("registrant", "conflict", "Send either registrant or registrant_id, not both.")


class TransferBody(Mutation, kw_only=True):
    """A request pulls the name with its `auth_info`; with `gaining_registrar` its sponsor pushes it there."""

    operation: Operation = Operation.REQUEST
    auth_info: Secret | None = None
    gaining_registrar: GainingRegistrar | None = None
    fee: Fee | None = None

    def command(self, name: Name | None) -> TransferDomain:
        assert name is not None
        gaining = self.gaining_registrar.slug if self.gaining_registrar is not None else None
        fee = self.fee.money() if self.fee is not None else None
        return TransferDomain(name, self.operation, self.auth_info, gaining, fee)


class RestoreBody(Mutation, kw_only=True):
    """`report` is the restore report's statement (RFC 3915, 4.2.5); it may be left out."""

    report: Annotated[str, Meta(max_length=4096, pattern=PLAIN)] = ""
    fee: Fee | None = None

    def command(self, name: Name | None) -> RestoreDomain:
        assert name is not None
        return RestoreDomain(name, self.report, self.fee.money() if self.fee is not None else None)


class NameserversBody(Mutation, kw_only=True):
    """The whole set wanted: none, or 2 to 13."""

    nameservers: Nameservers

    def command(self, name: Name | None) -> UpdateNameservers:
        assert name is not None
        return UpdateNameservers(name, nameservers_of(self.nameservers))


class RecordsBody(Mutation, kw_only=True):
    """The whole set wanted; none removes all."""

    records: Annotated[tuple[RecordBody, ...], Meta(max_length=500)]

    def command(self, name: Name | None) -> UpdateRecords:
        assert name is not None
        return UpdateRecords(name, tuple([Records(r.name, r.type, r.ttl, r.values) for r in self.records]))


class DeleteBody(Mutation, kw_only=True):
    def command(self, name: Name | None) -> DeleteDomain:
        assert name is not None
        return DeleteDomain(name)


class CheckHostsBody(Body, kw_only=True):
    hosts: Annotated[tuple[Annotated[str, Meta(max_length=1024)], ...], Meta(min_length=1, max_length=100)]

    def command(self, name: Any) -> CheckHost:
        return CheckHost(tuple([_checked(text, "host") for text in self.hosts]))


HostAddresses: TypeAlias = Annotated[tuple[Address, ...], Meta(max_length=100)]


class CreateHostBody(Mutation, kw_only=True):
    """`addresses` for a host inside a zone of this registry, and only for one."""

    host: HostText
    addresses: HostAddresses = ()

    def command(self, name: Any) -> CreateHost:
        return CreateHost(names.parse(self.host, field="host"), delegation.addresses_of(self.addresses, "addresses"))


class UpdateHostBody(Mutation, kw_only=True):
    """What is left out stays as it is. Lists are the whole set wanted; `name` renames the host."""

    name: HostText | UnsetType = UNSET
    addresses: HostAddresses | UnsetType = UNSET
    status: (
        Annotated[tuple[Literal["clientDeleteProhibited", "clientUpdateProhibited"], ...], Meta(max_length=2)]
        | UnsetType
    ) = UNSET

    def command(self, name: Any) -> UpdateHost:
        addresses = UNSET if self.addresses is UNSET else delegation.addresses_of(self.addresses, "addresses")
        renamed = UNSET if self.name is UNSET else names.parse(self.name, field="name")
        return UpdateHost(name, addresses, self.status, renamed)


class DeleteHostBody(Mutation, kw_only=True):
    def command(self, name: Any) -> DeleteHost:
        return DeleteHost(name)


class PostalBody(Struct, forbid_unknown_fields=True):
    name: Line
    city: Line
    country: Annotated[str, Meta(pattern=COUNTRY, max_length=2, examples=["DE"])]
    organization: Line = ""
    street: Annotated[tuple[Line, ...], Meta(max_length=3)] = ()
    state: Line = ""
    postal_code: Annotated[str, Meta(max_length=16, pattern=PLAIN)] = ""

    def postal(self) -> Postal:
        return Postal(self.name, self.organization, self.street, self.city, self.state, self.postal_code, self.country)

    def change(self) -> PostalChange:
        return PostalChange(self.name, self.organization, self.postal())


Email: TypeAlias = Annotated[str, Meta(max_length=320, pattern=EMAIL, examples=["alice@example.net"])]
Phone: TypeAlias = Annotated[str, Meta(max_length=20, pattern=PHONE, examples=["+49.301234567"])]
Extension: TypeAlias = Annotated[str, Meta(max_length=10, pattern=DIGITS, examples=["1234"])]
Disclosure: TypeAlias = Annotated[
    tuple[
        Literal["name:int", "name:loc", "org:int", "org:loc", "addr:int", "addr:loc", "voice", "fax", "email"],
        ...,
    ],
    Meta(max_length=9, description="RFC 5733, 2.9: `loc` is the form in any script, `int` that in ASCII."),
]
Handle: TypeAlias = Annotated[
    str, Meta(min_length=3, max_length=16, pattern=HANDLE, description="An id of your choice.", examples=["alice-1"])
]


class CheckContactsBody(Body, kw_only=True):
    ids: Annotated[
        tuple[Annotated[str, Meta(max_length=255, examples=["alice-1"])], ...], Meta(min_length=1, max_length=100)
    ]

    def command(self, name: Any) -> CheckContact:
        return CheckContact(self.ids)


class CreateContactBody(Mutation, kw_only=True):
    """`postal` is the address in any script, `ascii` in ASCII: one or both. `disclose` asks to show to the public what
    the registry would not, `withhold` not to show; one or the other."""

    id: Handle
    postal: PostalBody | None = None
    ascii: PostalBody | None = None
    email: Email
    phone: Phone = ""
    phone_ext: Extension = ""
    fax: Phone = ""
    fax_ext: Extension = ""
    disclose: Disclosure = ()
    withhold: Disclosure = ()
    auth_info: Secret | None = None

    def command(self, name: Any) -> CreateContact:
        details = Details(
            self.postal.postal() if self.postal is not None else None,
            self.ascii.postal() if self.ascii is not None else None,
            self.email,
            self.phone,
            self.phone_ext,
            self.fax,
            self.fax_ext,
            self.disclose,
            self.withhold,
        )
        return CreateContact(self.id, details, self.auth_info)


class UpdateContactBody(Mutation, kw_only=True):
    """What is left out stays as it is. `postal` and `ascii` are replaced whole; null removes one of them, or the
    auth_info."""

    postal: PostalBody | UnsetType | None = UNSET
    ascii: PostalBody | UnsetType | None = UNSET
    email: Email | UnsetType = UNSET
    phone: Phone | UnsetType = UNSET
    phone_ext: Extension | UnsetType = UNSET
    fax: Phone | UnsetType = UNSET
    fax_ext: Extension | UnsetType = UNSET
    disclose: Disclosure | UnsetType = UNSET
    withhold: Disclosure | UnsetType = UNSET
    auth_info: Secret | UnsetType | None = UNSET
    status: (
        Annotated[
            tuple[Literal["clientDeleteProhibited", "clientTransferProhibited", "clientUpdateProhibited"], ...],
            Meta(max_length=3),
        ]
        | UnsetType
    ) = UNSET

    def command(self, name: Any) -> UpdateContact:
        return UpdateContact(
            name,
            _postal_change(self.postal),
            _postal_change(self.ascii),
            self.email,
            self.phone,
            self.phone_ext,
            self.fax,
            self.fax_ext,
            self.disclose,
            self.withhold,
            self.auth_info,
            self.status,
        )


def _postal_change(body: PostalBody | UnsetType | None) -> PostalChange | UnsetType | None:
    return body.change() if isinstance(body, PostalBody) else body


class DeleteContactBody(Mutation, kw_only=True):
    def command(self, name: Any) -> DeleteContact:
        return DeleteContact(name)


class AckBody(Mutation, kw_only=True):
    def command(self, name: Any) -> AckMessage:
        return AckMessage(name)


class ResetBody(Mutation, kw_only=True):
    tld: Tld

    def command(self, name: Name | None) -> ResetSandbox:
        return ResetSandbox(names.parse(self.tld, field="tld"))


_raw = msgspec.json.Decoder().decode


def faults_of(body: type[Body], data: bytes) -> list[Fault]:
    """Every fault of a body that is JSON."""
    return list(faults.of(body, _raw(data)))
