"""The command table: every command there is, once. Routing, OpenAPI, `GET /status`, EPP's mapping and the documents
all come from here.
"""
# ruff: noqa: E501 - a row is a line

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from namestead.commands.answers import Registration
from namestead.commands.contact.answers import ContactShown
from namestead.commands.contact.check import CheckContact, ContactsChecked
from namestead.commands.contact.create import CreateContact
from namestead.commands.contact.delete import DeleteContact
from namestead.commands.contact.info import InfoContact
from namestead.commands.contact.update import UpdateContact
from namestead.commands.domain.check import CheckDomain, CheckResults
from namestead.commands.domain.create import CreateDomain
from namestead.commands.domain.delete import Deleted, DeleteDomain
from namestead.commands.domain.info import InfoDomain
from namestead.commands.domain.nameservers import UpdateNameservers
from namestead.commands.domain.records import GetRecords, RecordSets, UpdateRecords
from namestead.commands.domain.renew import RenewDomain
from namestead.commands.domain.restore import RestoreDomain
from namestead.commands.domain.settle import Settled, SettleDomain
from namestead.commands.domain.transfer import TransferDomain, Transferred
from namestead.commands.domain.update import UpdateDomain
from namestead.commands.host.answers import HostState
from namestead.commands.host.check import CheckHost, HostsChecked
from namestead.commands.host.create import CreateHost
from namestead.commands.host.delete import DeleteHost
from namestead.commands.host.info import InfoHost
from namestead.commands.host.update import UpdateHost
from namestead.commands.listings import Balance, ListDomains, ListPending, Poll, ReadMessage, Status
from namestead.commands.message.ack import AckMessage, Acknowledged
from namestead.commands.messages import ContactState
from namestead.commands.operator.add_retained import AddRetained
from namestead.commands.operator.advance_clock import AdvanceClock
from namestead.commands.operator.answers import (
    AccountState,
    CertificateState,
    ClockState,
    EppAccessState,
    Erased,
    Imported,
    KeyState,
    ListingState,
    Protection,
    RegistrarState,
    RetainedState,
    Rotated,
    StatusesState,
    ZoneState,
)
from namestead.commands.operator.apply_zone import ApplyZone
from namestead.commands.operator.approve_registrar import ApproveRegistrar
from namestead.commands.operator.bind_certificate import BindCertificate
from namestead.commands.operator.create_account import CreateAccount
from namestead.commands.operator.create_key import CreateKey
from namestead.commands.operator.create_registrar import CreateRegistrar
from namestead.commands.operator.deposit import Deposit
from namestead.commands.operator.erase_contact import EraseContact
from namestead.commands.operator.import_retained import ImportRetained
from namestead.commands.operator.list_registrar import ListRegistrar
from namestead.commands.operator.protect_domain import ProtectDomain
from namestead.commands.operator.remove_retained import RemoveRetained
from namestead.commands.operator.review_domain import ReviewDomain
from namestead.commands.operator.revoke_key import RevokeKey
from namestead.commands.operator.rotate_key import RotateKey
from namestead.commands.operator.set_credit import SetCredit
from namestead.commands.operator.set_epp_access import SetEppAccess
from namestead.commands.operator.set_epp_password import SetEppPassword
from namestead.commands.operator.set_low_balance import SetLowBalance
from namestead.commands.operator.set_statuses import SetStatuses
from namestead.commands.operator.unbind_certificate import UnbindCertificate
from namestead.commands.registrar.change_epp_password import ChangeEppPassword
from namestead.commands.sandbox.reset import ResetSandbox, SandboxReset
from namestead.commands.turned_away import TurnedAway


class Kind(StrEnum):
    """A transform changes the register and leaves a log row; a query asks it; a listing reads page by page."""

    TRANSFORM = "transform"
    QUERY = "query"
    LISTING = "listing"


class Party(StrEnum):
    """Whose command it is: a registrar's (its channel, listing and approval are checked), the operator's, or time's."""

    REGISTRAR = "registrar"
    OPERATOR = "operator"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Row:
    """`status` is the HTTP status of success; `result` the type a replay is read back into; `listed` whether the
    caller needs a listing for the zone the command's subject lies in."""

    name: str
    command: type[Any]
    kind: Kind
    party: Party
    result: Any = None
    scope: str | None = None
    method: str | None = None
    path: str | None = None
    status: int = 200
    epp: str | None = None
    listed: bool = True
    always: bool = False
    """Runs in any mode and is never replayed: `reset_sandbox`."""

    @property
    def transform(self) -> bool:
        return self.kind is Kind.TRANSFORM


T, Q, L = Kind.TRANSFORM, Kind.QUERY, Kind.LISTING
R, O = Party.REGISTRAR, Party.OPERATOR  # noqa: E741 - columns of the table below are read, not counted

# fmt: off
TABLE: tuple[Row, ...] = (
    Row("reset_sandbox", ResetSandbox, T, R, SandboxReset, "sandbox:reset", "POST", "/sandbox/reset", 202, always=True),
    Row("check_domain", CheckDomain, Q, R, CheckResults, "domains:check", "POST", "/domains/check", 200, "domain:check"),
    Row("create_domain", CreateDomain, T, R, Registration, "domains:create", "POST", "/domains", 201, "domain:create"),
    Row("info_domain", InfoDomain, Q, R, Registration, "domains:read", "GET", "/domains/{domain}", 200, "domain:info"),
    Row("renew_domain", RenewDomain, T, R, Registration, "domains:renew", "POST", "/domains/{domain}/renew", 200, "domain:renew"),
    Row("update_domain", UpdateDomain, T, R, Registration, "domains:update", "PATCH", "/domains/{domain}", 200, "domain:update"),
    Row("transfer_domain", TransferDomain, T, R, Transferred, "domains:transfer", "POST", "/domains/{domain}/transfer", 200, "domain:transfer"),
    Row("restore_domain", RestoreDomain, T, R, Registration, "domains:update", "POST", "/domains/{domain}/restore", 200, "rgp:restore"),
    Row("update_nameservers", UpdateNameservers, T, R, Registration, "domains:nameservers", "PUT", "/domains/{domain}/nameservers", 202, "domain:update"),
    Row("get_records", GetRecords, Q, R, RecordSets, "domains:records:read", "GET", "/domains/{domain}/records"),
    Row("update_records", UpdateRecords, T, R, RecordSets, "domains:records:write", "PUT", "/domains/{domain}/records", 202),
    Row("delete_domain", DeleteDomain, T, R, Deleted, "domains:delete", "DELETE", "/domains/{domain}", 200, "domain:delete"),
    Row("check_host", CheckHost, Q, R, HostsChecked, "hosts:check", "POST", "/hosts/check", 200, "host:check", listed=False),
    Row("create_host", CreateHost, T, R, HostState, "hosts:create", "POST", "/hosts", 201, "host:create", listed=False),
    Row("info_host", InfoHost, Q, R, HostState, "hosts:read", "GET", "/hosts/{host}", 200, "host:info", listed=False),
    Row("update_host", UpdateHost, T, R, HostState, "hosts:update", "PATCH", "/hosts/{host}", 200, "host:update", listed=False),
    Row("delete_host", DeleteHost, T, R, HostState, "hosts:delete", "DELETE", "/hosts/{host}", 200, "host:delete", listed=False),
    Row("check_contact", CheckContact, Q, R, ContactsChecked, "contacts:check", "POST", "/contacts/check", 200, "contact:check", listed=False),
    Row("create_contact", CreateContact, T, R, ContactState, "contacts:create", "POST", "/contacts", 201, "contact:create", listed=False),
    Row("info_contact", InfoContact, Q, R, ContactShown, "contacts:read", "GET", "/contacts/{contact}", 200, "contact:info", listed=False),
    Row("update_contact", UpdateContact, T, R, ContactState, "contacts:update", "PATCH", "/contacts/{contact}", 200, "contact:update", listed=False),
    Row("delete_contact", DeleteContact, T, R, ContactState, "contacts:delete", "DELETE", "/contacts/{contact}", 200, "contact:delete", listed=False),
    Row("read_message", ReadMessage, L, R, None, "messages:read", "GET", "/messages", 200, "poll:req", listed=False),
    Row("ack_message", AckMessage, T, R, Acknowledged, "messages:ack", "POST", "/messages/{id}/ack", 200, "poll:ack", listed=False),
    Row("status", Status, L, R, None, "registrar:status", "GET", "/status", listed=False),
    Row("list_domains", ListDomains, L, R, None, "domains:read", "GET", "/domains", listed=False),
    Row("balance", Balance, L, R, None, "registrar:status", "GET", "/balance", listed=False),
    Row("poll", Poll, L, R, None, "audit:read", "GET", "/poll", listed=False),
    Row("list_pending", ListPending, L, R, None, "audit:read", "GET", "/backend/pending", listed=False),
    Row("change_epp_password", ChangeEppPassword, T, R, EppAccessState, epp="login", listed=False),
    Row("turned_away", TurnedAway, Q, R, listed=False),
    Row("settle_domain", SettleDomain, T, Party.TIME, Settled),
    Row("apply_zone", ApplyZone, T, O, ZoneState),
    Row("create_account", CreateAccount, T, O, AccountState),
    Row("deposit", Deposit, T, O, AccountState),
    Row("set_credit", SetCredit, T, O, AccountState),
    Row("set_low_balance", SetLowBalance, T, O, AccountState),
    Row("create_registrar", CreateRegistrar, T, O, RegistrarState),
    Row("approve_registrar", ApproveRegistrar, T, O, RegistrarState),
    Row("list_registrar", ListRegistrar, T, O, ListingState),
    Row("create_key", CreateKey, T, O, KeyState),
    Row("rotate_key", RotateKey, T, O, Rotated),
    Row("revoke_key", RevokeKey, T, O, KeyState),
    Row("set_epp_password", SetEppPassword, T, O, EppAccessState),
    Row("set_epp_access", SetEppAccess, T, O, EppAccessState),
    Row("bind_certificate", BindCertificate, T, O, CertificateState),
    Row("unbind_certificate", UnbindCertificate, T, O, CertificateState),
    Row("protect_domain", ProtectDomain, T, O, Protection),
    Row("review_domain", ReviewDomain, T, O, Protection),
    Row("set_statuses", SetStatuses, T, O, StatusesState),
    Row("erase_contact", EraseContact, T, O, Erased),
    Row("add_retained", AddRetained, T, O, RetainedState),
    Row("remove_retained", RemoveRetained, T, O, RetainedState),
    Row("import_retained", ImportRetained, T, O, Imported),
    Row("advance_clock", AdvanceClock, T, O, ClockState),
)
# fmt: on

BY_TYPE: dict[type[Any], Row] = {row.command: row for row in TABLE}
BY_NAME: dict[str, Row] = {row.name: row for row in TABLE}
