"""Every EPP message as a value: what `read.py` makes of octets, and `write.py` octets of.

A frame is a `Greeting`, a `Hello`, a `Command` or a `Response`. A command holds one body (`DomainCreate`, `Login`...) and
what its `<extension>` says; a response its results and, with success, one piece of data and what its `<extension>` says.
Names follow the RFCs, in this project's spelling (`clTRID` is `cl_trid`).

These are what the schemas allow, no more checked than that: whether a name is a domain name, or a status may be set, is
for the rules. Instants are aware, in UTC, and on the wire to the millisecond; a text is what remains after the white
space its schema type takes no account of.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct
from msgspec.structs import force_setattr

from namestead.epp import namespaces
from namestead.errors import epp_text

# ------------------------------------------------------------------------------------------------ parts of many messages


class Period(Struct, frozen=True, gc=False):
    """A validity period, 1 to 99 of a unit (RFC 5731, 2.6): `y` years, `m` months."""

    number: int
    unit: Literal["y", "m"] = "y"


class AuthInfo(Struct, frozen=True, gc=False):
    """Authorization information (RFC 5730, 2.8). `pw` may be empty (RFC 9154); None stands for `<null/>`, which only a
    domain's update takes and which removes it. `roid` says whose it is, where it is not the object's own."""

    pw: str | None
    roid: str | None = None


class Status(Struct, frozen=True, gc=False):
    """A status value, with the reason a person gave for it, if any."""

    value: str
    text: str = ""
    lang: str = "en"


class CheckResult(Struct, frozen=True, gc=False):
    """One row of a check's answer. `reason` is at most `REASON_LENGTH` characters on the wire: the writer cuts it."""

    name: str
    available: bool
    reason: str | None = None
    lang: str = "en"


REASON_LENGTH = 32
"""RFC 5730, 4.2, eppcom:reasonBaseType: the longest reason of a check or a change."""

TransferOp = Literal["request", "query", "approve", "reject", "cancel"]
"""RFC 5730, 2.9.3.4."""


# ------------------------------------------------------------------------------------------------------------- session


class Hello(Struct, frozen=True, gc=False):
    """RFC 5730, 2.3."""


class DcpOurs(Struct, frozen=True, gc=False):
    """The recipient `<ours>` of a data collection policy, with its description."""

    description: str | None = None


class DcpStatement(Struct, frozen=True, gc=False):
    """What data are collected for (`admin`, `contact`, `other`, `prov`), who receives them (`other`, `public`, `same`,
    `unrelated`, and `ours`), and how long they are kept (`business`, `indefinite`, `legal`, `none`, `stated`)."""

    purposes: tuple[str, ...]
    recipients: tuple[str, ...]
    retention: str
    ours: tuple[DcpOurs, ...] = ()


class Dcp(Struct, frozen=True, gc=False):
    """Data collection policy (RFC 5730, 2.4). `access` is `all`, `none`, `null`, `other`, `personal` or
    `personalAndOther`; it expires at an instant, or after a duration (`P1Y`), or not."""

    access: str
    statements: tuple[DcpStatement, ...]
    expires_at: datetime | None = None
    expires_after: str | None = None


class Greeting(Struct, frozen=True, gc=False):
    """RFC 5730, 2.4."""

    sv_id: str
    sv_date: datetime
    obj_uris: tuple[str, ...]
    ext_uris: tuple[str, ...]
    dcp: Dcp
    versions: tuple[str, ...] = ("1.0",)
    langs: tuple[str, ...] = ("en",)


class Login(Struct, frozen=True, gc=False):
    """RFC 5730, 2.9.1.1. With loginSec in use `pw` may be `USE_LOGIN_SECURITY`, and the password is in the extension."""

    cl_id: str
    pw: str
    obj_uris: tuple[str, ...]
    ext_uris: tuple[str, ...] = ()
    new_pw: str | None = None
    version: str = "1.0"
    lang: str = "en"


USE_LOGIN_SECURITY = "[LOGIN-SECURITY]"
"""RFC 8807, 2.2: stands for a password that is in `<loginSec:pw>` or `<loginSec:newPW>`."""


class Logout(Struct, frozen=True, gc=False):
    """RFC 5730, 2.9.1.2."""


class PollRequest(Struct, frozen=True, gc=False):
    """RFC 5730, 2.9.2.3: the first message of the queue."""


class PollAck(Struct, frozen=True, gc=False):
    """RFC 5730, 2.9.2.3: this message has been received. `message_id` is None where the client left it out, which the
    schema lets it do; that is 2003."""

    message_id: str | None


# ------------------------------------------------------------------------------------------------- domains (RFC 5731)


class Address(Struct, frozen=True, gc=False):
    """An address of a host as it was written, and the family it was said to be of."""

    address: str
    family: Literal["v4", "v6"] = "v4"


class HostAttribute(Struct, frozen=True, gc=False):
    """A name server given as an attribute of its domain (`<hostAttr>`), not as an object."""

    name: str
    addresses: tuple[Address, ...] = ()


class DomainContact(Struct, frozen=True, gc=False):
    """A contact of a domain. `type` is `admin`, `billing` or `tech`; None where none was said."""

    id: str
    type: str | None = None


class DomainCheck(Struct, frozen=True, gc=False):
    """RFC 5731, 3.1.1."""

    names: tuple[str, ...]


class DomainInfo(Struct, frozen=True, gc=False):
    """RFC 5731, 3.1.2. `hosts` says which hosts are to be shown: delegated ones, subordinate ones, both or none."""

    name: str
    hosts: Literal["all", "del", "none", "sub"] = "all"
    auth_info: AuthInfo | None = None


class DomainCreate(Struct, frozen=True, gc=False):
    """Name servers are host objects or host attributes, never both."""

    name: str
    auth_info: AuthInfo
    period: Period | None = None
    hosts: tuple[str, ...] = ()
    host_attributes: tuple[HostAttribute, ...] = ()
    registrant: str | None = None
    contacts: tuple[DomainContact, ...] = ()


class DomainDelete(Struct, frozen=True, gc=False):
    """RFC 5731, 3.2.2."""

    name: str


class DomainRenew(Struct, frozen=True, gc=False):
    """RFC 5731, 3.2.3. `current_expiry` is the day the client believes the name expires on."""

    name: str
    current_expiry: date
    period: Period | None = None


class DomainTransfer(Struct, frozen=True, gc=False):
    """RFC 5731, 3.1.3 (query) and 3.2.4."""

    op: TransferOp
    name: str
    period: Period | None = None
    auth_info: AuthInfo | None = None


class DomainParts(Struct, frozen=True, gc=False):
    """What `<add>` or `<rem>` names."""

    hosts: tuple[str, ...] = ()
    host_attributes: tuple[HostAttribute, ...] = ()
    contacts: tuple[DomainContact, ...] = ()
    statuses: tuple[Status, ...] = ()


class DomainUpdate(Struct, frozen=True, gc=False):
    """`registrant` and `auth_info` are what `<chg>` sets; None where it does not speak of them, an empty registrant
    where it takes it away."""

    name: str
    add: DomainParts | None = None
    rem: DomainParts | None = None
    registrant: str | None = None
    auth_info: AuthInfo | None = None


class DomainCheckData(Struct, frozen=True, gc=False):
    """In the order of the names asked for."""

    results: tuple[CheckResult, ...]


class DomainInfoData(Struct, frozen=True, gc=False):
    """There is no place for authInfo: a server never gives it away, and a client does not look for it."""

    name: str
    roid: str
    cl_id: str
    statuses: tuple[Status, ...] = ()
    registrant: str | None = None
    contacts: tuple[DomainContact, ...] = ()
    hosts: tuple[str, ...] = ()
    host_attributes: tuple[HostAttribute, ...] = ()
    subordinates: tuple[str, ...] = ()
    cr_id: str | None = None
    cr_date: datetime | None = None
    up_id: str | None = None
    up_date: datetime | None = None
    ex_date: datetime | None = None
    tr_date: datetime | None = None


class DomainCreateData(Struct, frozen=True, gc=False):
    """RFC 5731, 3.2.1."""

    name: str
    cr_date: datetime
    ex_date: datetime | None = None


class DomainRenewData(Struct, frozen=True, gc=False):
    """RFC 5731, 3.2.3."""

    name: str
    ex_date: datetime | None = None


class DomainTransferData(Struct, frozen=True, gc=False):
    """`status` is of `objects.domain.TransferStatus`. `re_id` asked, `ac_id` answers or has answered."""

    name: str
    status: str
    re_id: str
    re_date: datetime
    ac_id: str
    ac_date: datetime
    ex_date: datetime | None = None


class DomainPendingData(Struct, frozen=True, gc=False):
    """What became of a command that was answered 1001 (RFC 5731, 3.3)."""

    name: str
    result: bool
    sv_trid: str
    date: datetime
    cl_trid: str | None = None


# --------------------------------------------------------------------------------------------------- hosts (RFC 5732)


class HostCheck(Struct, frozen=True, gc=False):
    """RFC 5732, 3.1.1."""

    names: tuple[str, ...]


class HostInfo(Struct, frozen=True, gc=False):
    """RFC 5732, 3.1.2."""

    name: str


class HostCreate(Struct, frozen=True, gc=False):
    """RFC 5732, 3.2.1."""

    name: str
    addresses: tuple[Address, ...] = ()


class HostDelete(Struct, frozen=True, gc=False):
    """RFC 5732, 3.2.2."""

    name: str


class HostParts(Struct, frozen=True, gc=False):
    """What `<add>` or `<rem>` names."""

    addresses: tuple[Address, ...] = ()
    statuses: tuple[Status, ...] = ()


class HostUpdate(Struct, frozen=True, gc=False):
    """RFC 5732, 3.2.5. `new_name` is what `<chg>` sets."""

    name: str
    add: HostParts | None = None
    rem: HostParts | None = None
    new_name: str | None = None


class HostCheckData(Struct, frozen=True, gc=False):
    """In the order of the names asked for."""

    results: tuple[CheckResult, ...]


class HostInfoData(Struct, frozen=True, gc=False):
    """RFC 5732, 3.1.2. At least one status."""

    name: str
    roid: str
    statuses: tuple[Status, ...]
    cl_id: str
    cr_id: str
    cr_date: datetime
    addresses: tuple[Address, ...] = ()
    up_id: str | None = None
    up_date: datetime | None = None
    tr_date: datetime | None = None


class HostCreateData(Struct, frozen=True, gc=False):
    """RFC 5732, 3.2.1."""

    name: str
    cr_date: datetime


class HostPendingData(Struct, frozen=True, gc=False):
    """RFC 5732, 3.3."""

    name: str
    result: bool
    sv_trid: str
    date: datetime
    cl_trid: str | None = None


# ------------------------------------------------------------------------------------------------ contacts (RFC 5733)


class PostalAddress(Struct, frozen=True, gc=False):
    """`country` is a two-letter code; up to three lines of `street`."""

    city: str
    country: str
    street: tuple[str, ...] = ()
    state: str | None = None
    postal_code: str | None = None


class PostalInfo(Struct, frozen=True, gc=False):
    """`type` is `int` (ASCII) or `loc` (any script)."""

    type: Literal["int", "loc"]
    name: str
    address: PostalAddress
    organization: str | None = None


class PostalChange(Struct, frozen=True, gc=False):
    """A change to a postal info: what is None stays as it is."""

    type: Literal["int", "loc"]
    name: str | None = None
    organization: str | None = None
    address: PostalAddress | None = None


class Phone(Struct, frozen=True, gc=False):
    """`+49.3012345`; empty where a change removes it. `extension` is what is dialled afterwards."""

    number: str
    extension: str | None = None


DisclosedField = Literal["name.int", "name.loc", "org.int", "org.loc", "addr.int", "addr.loc", "voice", "fax", "email"]
"""In the order of the schema, in which they are written."""


class Disclose(Struct, frozen=True, gc=False):
    """Which fields are to be an exception to the server's policy: shown (`flag`) or withheld (RFC 5733, 2.9)."""

    flag: bool
    fields: tuple[DisclosedField, ...] = ()


class ContactCheck(Struct, frozen=True, gc=False):
    """RFC 5733, 3.1.1."""

    ids: tuple[str, ...]


class ContactInfo(Struct, frozen=True, gc=False):
    """RFC 5733, 3.1.2."""

    id: str
    auth_info: AuthInfo | None = None


class ContactCreate(Struct, frozen=True, gc=False):
    """RFC 5733, 3.2.1. One or two postal infos."""

    id: str
    postal: tuple[PostalInfo, ...]
    email: str
    auth_info: AuthInfo
    voice: Phone | None = None
    fax: Phone | None = None
    disclose: Disclose | None = None


class ContactDelete(Struct, frozen=True, gc=False):
    """RFC 5733, 3.2.2."""

    id: str


class ContactTransfer(Struct, frozen=True, gc=False):
    """RFC 5733, 3.1.3 (query) and 3.2.4."""

    op: TransferOp
    id: str
    auth_info: AuthInfo | None = None


class ContactUpdate(Struct, frozen=True, gc=False):
    """`add` and `rem` are statuses; the rest is what `<chg>` sets, None where it does not speak of it."""

    id: str
    add: tuple[Status, ...] = ()
    rem: tuple[Status, ...] = ()
    postal: tuple[PostalChange, ...] = ()
    voice: Phone | None = None
    fax: Phone | None = None
    email: str | None = None
    auth_info: AuthInfo | None = None
    disclose: Disclose | None = None


class ContactCheckData(Struct, frozen=True, gc=False):
    """In the order of the ids asked for."""

    results: tuple[CheckResult, ...]


class ContactInfoData(Struct, frozen=True, gc=False):
    """There is no place for authInfo: a server never gives it away, and a client does not look for it."""

    id: str
    roid: str
    statuses: tuple[Status, ...]
    postal: tuple[PostalInfo, ...]
    email: str
    cl_id: str
    cr_id: str
    cr_date: datetime
    voice: Phone | None = None
    fax: Phone | None = None
    up_id: str | None = None
    up_date: datetime | None = None
    tr_date: datetime | None = None
    disclose: Disclose | None = None


class ContactCreateData(Struct, frozen=True, gc=False):
    """RFC 5733, 3.2.1."""

    id: str
    cr_date: datetime


class ContactTransferData(Struct, frozen=True, gc=False):
    """`status` is of `objects.domain.TransferStatus`."""

    id: str
    status: str
    re_id: str
    re_date: datetime
    ac_id: str
    ac_date: datetime


class ContactPendingData(Struct, frozen=True, gc=False):
    """RFC 5733, 3.3."""

    id: str
    result: bool
    sv_trid: str
    date: datetime
    cl_trid: str | None = None


# ------------------------------------------------------------------------------------------ grace periods (RFC 3915)


class RestoreRequest(Struct, frozen=True, gc=False):
    """In a domain update: `<rgp:restore op="request"/>`."""


class RestoreReport(Struct, frozen=True, gc=False):
    """In a domain update: `<rgp:restore op="report">` (RFC 3915, 4.2.5). The texts are the registrar's own."""

    pre_data: str
    post_data: str
    deleted_at: datetime
    restored_at: datetime
    reason: str
    statements: tuple[str, str]
    other: str | None = None


class RgpStatus(Struct, frozen=True, gc=False):
    """`addPeriod`, `autoRenewPeriod`, `renewPeriod`, `transferPeriod`, `redemptionPeriod`, `pendingRestore`,
    `pendingDelete`."""

    value: str
    text: str = ""
    lang: str = "en"


class RgpInfoData(Struct, frozen=True, gc=False):
    """In an info's answer."""

    statuses: tuple[RgpStatus, ...]


class RgpUpdateData(Struct, frozen=True, gc=False):
    """The answer to a restore."""

    statuses: tuple[RgpStatus, ...]


# ------------------------------------------------------------------------------------------------- DNSSEC (RFC 5910)


class KeyData(Struct, frozen=True, gc=False):
    """A DNSKEY; `public_key` in base64 without blanks. Recognised, so that the key data interface can be refused."""

    flags: int
    protocol: int
    algorithm: int
    public_key: str


class DsData(Struct, frozen=True, gc=False):
    """`digest` in upper-case hexadecimal. `key` is the key it was made of, which may be sent along."""

    key_tag: int
    algorithm: int
    digest_type: int
    digest: str
    key: KeyData | None = None


class SecDns(Struct, frozen=True, gc=False):
    """In a create, in the `<add>` of an update, and in an info's answer: DS records or keys, never both."""

    ds: tuple[DsData, ...] = ()
    keys: tuple[KeyData, ...] = ()
    max_sig_life: int | None = None


class SecDnsUpdate(Struct, frozen=True, gc=False):
    """`rem_all` or some `rem_ds` or some `rem_keys`; `max_sig_life` is what `<chg>` sets."""

    add: SecDns | None = None
    rem_ds: tuple[DsData, ...] = ()
    rem_keys: tuple[KeyData, ...] = ()
    rem_all: bool = False
    max_sig_life: int | None = None
    urgent: bool = False


# --------------------------------------------------------------------------------------------------- fees (RFC 8748)


class Fee(Struct, frozen=True, gc=False):
    """An amount to pay. `grace_period` is a duration (`P5D`)."""

    amount: Decimal
    description: str | None = None
    lang: str = "en"
    refundable: bool | None = None
    grace_period: str | None = None
    applied: Literal["immediate", "delayed"] | None = None


class Credit(Struct, frozen=True, gc=False):
    """An amount that is given back: zero or negative."""

    amount: Decimal
    description: str | None = None
    lang: str = "en"


class FeeCommand(Struct, frozen=True, gc=False):
    """A command whose fee is asked for: `create`, `delete`, `renew`, `update`, `transfer`, `restore` or `custom`."""

    name: str
    period: Period | None = None
    custom_name: str | None = None
    phase: str | None = None
    subphase: str | None = None


class FeeCheck(Struct, frozen=True, gc=False):
    """In a domain check: what would these commands cost for each of the names?"""

    commands: tuple[FeeCommand, ...]
    currency: str | None = None


class FeeTerms(Struct, frozen=True, gc=False):
    """In a create, renew, transfer or update (a restore): the fees that are agreed to."""

    fees: tuple[Fee, ...]
    credits: tuple[Credit, ...] = ()
    currency: str | None = None


class FeeQuote(Struct, frozen=True, gc=False):
    """What one command costs for one name, or why that cannot be said."""

    command: FeeCommand
    fees: tuple[Fee, ...] = ()
    credits: tuple[Credit, ...] = ()
    reason: str | None = None
    reason_lang: str = "en"
    standard: bool = False


class FeeObject(Struct, frozen=True, gc=False):
    """One row of a fee check's answer. `element` is the object's identifier in its own mapping."""

    id: str
    quotes: tuple[FeeQuote, ...] = ()
    available: bool = True
    fee_class: str | None = None
    reason: str | None = None
    reason_lang: str = "en"
    element: str = "name"


class FeeCheckData(Struct, frozen=True, gc=False):
    """In a check's answer."""

    currency: str
    objects: tuple[FeeObject, ...]


class FeeData(Struct, frozen=True, gc=False):
    """What a command cost: `of` says which (`creData`, `renData`, `trnData`, `updData`, `delData`)."""

    of: Literal["create", "renew", "transfer", "update", "delete"]
    currency: str | None = None
    period: Period | None = None
    fees: tuple[Fee, ...] = ()
    credits: tuple[Credit, ...] = ()
    balance: Decimal | None = None
    credit_limit: Decimal | None = None


# ----------------------------------------------------------------------------------------- login security (RFC 8807)


class UserAgent(Struct, frozen=True, gc=False):
    """What the client is made of; at least one of the three."""

    app: str | None = None
    tech: str | None = None
    os: str | None = None


class LoginSecurity(Struct, frozen=True, gc=False):
    """In a login: passwords of any length, and what the client is made of."""

    user_agent: UserAgent | None = None
    pw: str | None = None
    new_pw: str | None = None


class SecurityEvent(Struct, frozen=True, gc=False):
    """In a login's answer. `type` is `password`, `certificate`, `cipher`, `tlsProtocol`, `newPW`, `stat` or `custom`
    (then with a `name`); `duration` like `P1D`."""

    type: str
    level: Literal["warning", "error"]
    text: str = ""
    name: str | None = None
    ex_date: datetime | None = None
    value: str | None = None
    duration: str | None = None
    lang: str = "en"


# -------------------------------------------------------------------------------------------- change poll (RFC 8590)


class CaseId(Struct, frozen=True, gc=False):
    """The case that brought a change about; `type` is `udrp`, `urs` or `custom` (then with a `name`)."""

    id: str
    type: str
    name: str | None = None


class ChangeData(Struct, frozen=True, gc=False):
    """What was done to an object that its sponsor did not do. `state` says whether the object is shown as it was before
    or after. `reason` is at most `REASON_LENGTH` characters on the wire: the writer cuts it."""

    operation: str
    date: datetime
    sv_trid: str
    who: str
    op: str | None = None
    case_id: CaseId | None = None
    reason: str | None = None
    lang: str = "en"
    state: Literal["before", "after"] = "after"


# ------------------------------------------------------------------------------------------------- launch (RFC 8334)


class LaunchPhase(Struct, frozen=True, gc=False):
    """`sunrise`, `landrush`, `claims`, `open` or `custom`."""

    value: str
    name: str | None = None


class LaunchNotice(Struct, frozen=True, gc=False):
    """The claims notice a registrant has accepted."""

    id: str
    not_after: datetime
    accepted_at: datetime
    validator_id: str | None = None


class LaunchCode(Struct, frozen=True, gc=False):
    """A code that stands for a validated mark."""

    code: str
    validator_id: str | None = None


class LaunchCheck(Struct, frozen=True, gc=False):
    """RFC 8334, 3.1."""

    type: Literal["claims", "avail", "trademark"] = "claims"
    phase: LaunchPhase | None = None


class LaunchInfo(Struct, frozen=True, gc=False):
    """RFC 8334, 3.2."""

    phase: LaunchPhase
    application_id: str | None = None
    include_mark: bool = False


class LaunchCreate(Struct, frozen=True, gc=False):
    """Marks come as codes or as encoded signed marks (base64), never both; marks in clear are refused by the reader."""

    phase: LaunchPhase
    type: Literal["application", "registration"] | None = None
    codes: tuple[LaunchCode, ...] = ()
    encoded_marks: tuple[str, ...] = ()
    notices: tuple[LaunchNotice, ...] = ()


class LaunchId(Struct, frozen=True, gc=False):
    """In an update or a delete: the application that is meant; in a create's answer: the one that was made."""

    phase: LaunchPhase
    application_id: str


class ClaimKey(Struct, frozen=True, gc=False):
    """What a claims notice is fetched with, from the validator named."""

    key: str
    validator_id: str | None = None


class LaunchClaim(Struct, frozen=True, gc=False):
    """Whether there are claims on a name, and with which keys they are shown."""

    name: str
    exists: bool
    keys: tuple[ClaimKey, ...] = ()


class LaunchCheckData(Struct, frozen=True, gc=False):
    """In a check's answer."""

    claims: tuple[LaunchClaim, ...]
    phase: LaunchPhase | None = None


class LaunchStatus(Struct, frozen=True, gc=False):
    """Where an application stands."""

    value: str
    text: str = ""
    name: str | None = None
    lang: str = "en"


class LaunchInfoData(Struct, frozen=True, gc=False):
    """In an info's answer; marks are not shown."""

    phase: LaunchPhase
    application_id: str | None = None
    status: LaunchStatus | None = None


# ---------------------------------------------------------------------------------------------------- TTL (RFC 9803)


class Ttl(Struct, frozen=True, gc=False):
    """The TTL in seconds of one type's records (`NS`, `DS`, `DNAME`, `A`, `AAAA`, or `custom` with its own name); None
    for the server's default. The limits are in an answer to `TtlInfo(policy=True)` alone."""

    type: str
    seconds: int | None
    custom: str | None = None
    min: int | None = None
    default: int | None = None
    max: int | None = None


class TtlValues(Struct, frozen=True, gc=False):
    """In a create or an update, and in an info's answer."""

    values: tuple[Ttl, ...]


class TtlInfo(Struct, frozen=True, gc=False):
    """In an info: show the TTLs, with `policy` also their limits."""

    policy: bool = False


# -------------------------------------------------------------------------------------------- maintenance (RFC 9167)


class MaintenanceInfo(Struct, frozen=True, gc=False):
    """An info command of its own: one maintenance, or, with None, the list."""

    id: str | None = None


class MaintenanceId(Struct, frozen=True, gc=False):
    """An identifier, and what a person may call it."""

    id: str
    name: str | None = None
    lang: str = "en"


class MaintenanceListItem(Struct, frozen=True, gc=False):
    """One row of the list."""

    id: MaintenanceId
    start: datetime
    end: datetime
    cr_date: datetime
    up_date: datetime | None = None


class MaintenanceList(Struct, frozen=True, gc=False):
    """The answer to a list."""

    items: tuple[MaintenanceListItem, ...] = ()


class MaintenanceSystem(Struct, frozen=True, gc=False):
    """`impact` is `none`, `partial` or `full`."""

    name: str
    impact: str
    host: str | None = None


class MaintenanceType(Struct, frozen=True, gc=False):
    """What sort of maintenance it is, in the server's words."""

    text: str
    lang: str = "en"


class MaintenanceDescription(Struct, frozen=True, gc=False):
    """What it is about, for a person to read."""

    text: str
    lang: str = "en"
    type: Literal["plain", "html"] = "plain"


class MaintenanceIntervention(Struct, frozen=True, gc=False):
    """Whether a client has to connect anew, or to change its implementation."""

    connection: bool
    implementation: bool


class MaintenanceItem(Struct, frozen=True, gc=False):
    """One maintenance. `environment` is `production`, `ote`, `staging`, `dev` or `custom` (then with a name); `reason`
    `planned` or `emergency`; `poll_type` `create`, `update`, `delete`, `courtesy` or `end`, in a poll message alone."""

    id: MaintenanceId
    systems: tuple[MaintenanceSystem, ...]
    environment: str
    start: datetime
    end: datetime
    reason: str
    cr_date: datetime
    types: tuple[MaintenanceType, ...] = ()
    poll_type: str | None = None
    environment_name: str | None = None
    detail: str | None = None
    descriptions: tuple[MaintenanceDescription, ...] = ()
    tlds: tuple[str, ...] = ()
    intervention: MaintenanceIntervention | None = None
    up_date: datetime | None = None


# ----------------------------------------------------------------------------------------------------------- commands

DomainBody = DomainCheck | DomainInfo | DomainCreate | DomainDelete | DomainRenew | DomainTransfer | DomainUpdate
HostBody = HostCheck | HostInfo | HostCreate | HostDelete | HostUpdate
ContactBody = ContactCheck | ContactInfo | ContactCreate | ContactDelete | ContactTransfer | ContactUpdate
SessionBody = Login | Logout | PollRequest | PollAck
CommandBody = SessionBody | DomainBody | HostBody | ContactBody | MaintenanceInfo


class CommandExtensions(Struct, frozen=True, gc=False):
    """What a command's `<extension>` says, each mapping at most once. The reader has made sure that each element belongs
    to the command it came with."""

    rgp: RestoreRequest | RestoreReport | None = None
    sec_dns: SecDns | SecDnsUpdate | None = None
    fee: FeeCheck | FeeTerms | None = None
    allocation_token: str | None = None
    """In a check, create or transfer: the token in clear."""
    show_allocation_token: bool = False
    """In an info: `<allocationToken:info/>`, whether the token is to be shown."""
    login_security: LoginSecurity | None = None
    launch: LaunchCheck | LaunchInfo | LaunchCreate | LaunchId | None = None
    ttl: TtlValues | TtlInfo | None = None

    @property
    def uris(self) -> tuple[str, ...]:
        """The namespaces that were used, to be held against those announced at login (else 2103)."""
        return tuple(uri for uri, used in self._uses() if used)

    def _uses(self) -> tuple[tuple[str, bool], ...]:
        return (
            (namespaces.RGP, self.rgp is not None),
            (namespaces.SEC_DNS, self.sec_dns is not None),
            (namespaces.FEE, self.fee is not None),
            (namespaces.ALLOCATION_TOKEN, self.allocation_token is not None or self.show_allocation_token),
            (namespaces.LOGIN_SECURITY, self.login_security is not None),
            (namespaces.LAUNCH, self.launch is not None),
            (namespaces.TTL, self.ttl is not None),
        )


NO_EXTENSIONS = CommandExtensions()


class Command(Struct, frozen=True, gc=False):
    """RFC 5730, 2.5. `cl_trid` is the client's own mark on it, echoed in the answer."""

    body: CommandBody
    cl_trid: str | None = None
    extensions: CommandExtensions = NO_EXTENSIONS

    @property
    def object_uri(self) -> str | None:
        """The namespace of the object it is about, to be held against those announced at login (else 2307); None for a
        command of the session."""
        return OBJECT_URIS.get(type(self.body))


OBJECT_URIS: dict[type[CommandBody], str] = {
    **dict.fromkeys(
        (DomainCheck, DomainInfo, DomainCreate, DomainDelete, DomainRenew, DomainTransfer, DomainUpdate),
        namespaces.DOMAIN,
    ),
    **dict.fromkeys((HostCheck, HostInfo, HostCreate, HostDelete, HostUpdate), namespaces.HOST),
    **dict.fromkeys(
        (ContactCheck, ContactInfo, ContactCreate, ContactDelete, ContactTransfer, ContactUpdate), namespaces.CONTACT
    ),
    MaintenanceInfo: namespaces.MAINTENANCE,
}

# ---------------------------------------------------------------------------------------------------------- responses

DomainData = (
    DomainCheckData | DomainInfoData | DomainCreateData | DomainRenewData | DomainTransferData | DomainPendingData
)
HostData = HostCheckData | HostInfoData | HostCreateData | HostPendingData
ContactData = ContactCheckData | ContactInfoData | ContactCreateData | ContactTransferData | ContactPendingData
ResponseData = DomainData | HostData | ContactData | MaintenanceList | MaintenanceItem


class ResponseExtensions(Struct, frozen=True, gc=False):
    """What a response's `<extension>` says."""

    rgp: RgpInfoData | RgpUpdateData | None = None
    sec_dns: SecDns | None = None
    fee: FeeCheckData | FeeData | None = None
    allocation_token: str | None = None
    login_security: tuple[SecurityEvent, ...] = ()
    change: ChangeData | None = None
    launch: LaunchCheckData | LaunchId | LaunchInfoData | None = None
    ttl: TtlValues | None = None


NO_RESPONSE_EXTENSIONS = ResponseExtensions()


class Value(Struct, frozen=True, gc=False):
    """An element the client sent, with its text, as `<value>` repeats it: `Value("domain:name", "ex(ample")`.

    The prefix is one of `namespaces.PREFIXES`; an element of another namespace carries its `uri`. `UNDEFINED` stands
    where no element can be named.
    """

    element: str
    text: str = ""
    uri: str | None = None


UNDEFINED = Value("epp:undef")


class ExtValue(Struct, frozen=True, gc=False):
    """An element and why it is refused, for a person to read."""

    value: Value
    reason: str
    lang: str = "en"


class Unhandled(Struct, frozen=True, gc=False):
    """What would have been said in a namespace the client did not announce (RFC 9038): exactly one part is set."""

    data: ResponseData | None = None
    extension: ResponseExtensions | None = None


class Result(Struct, frozen=True, gc=False):
    """RFC 5730, 2.6. `message` is the RFC's own text for the code unless another is given."""

    code: int
    message: str = ""
    lang: str = "en"
    values: tuple[Value, ...] = ()
    ext_values: tuple[ExtValue, ...] = ()
    unhandled: tuple[Unhandled, ...] = ()

    def __post_init__(self) -> None:
        if not self.message:
            force_setattr(self, "message", epp_text(self.code))

    @property
    def success(self) -> bool:
        return self.code < 2000


class MessageQueue(Struct, frozen=True, gc=False):
    """How many messages wait, and the first one's id; its date and text only in the answer to a poll request."""

    count: int
    id: str
    date: datetime | None = None
    message: str | None = None
    lang: str = "en"


class Response(Struct, frozen=True, gc=False):
    """RFC 5730, 2.6. Several results only where all are failures."""

    results: tuple[Result, ...]
    sv_trid: str
    cl_trid: str | None = None
    queue: MessageQueue | None = None
    data: ResponseData | None = None
    extensions: ResponseExtensions = NO_RESPONSE_EXTENSIONS

    @property
    def code(self) -> int:
        return self.results[0].code


Message = Greeting | Hello | Command | Response
