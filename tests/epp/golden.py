"""The golden frames: each file of `frames/` and the message it is.

The files are laid out to be read; the frame itself has no white space between elements. A new row's file is written by
`python -m tests.epp.golden`, which leaves those that are there alone: what is in a file is then held against the RFC's
own examples by eye.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from lxml import etree

from namestead.epp import messages as m
from namestead.epp.namespaces import EXTENSIONS, OBJECTS
from namestead.epp.write import write

FRAMES = Path(__file__).parent / "frames"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


CREATED = at("2026-11-24T10:00:00")
UPDATED = at("2026-11-25T08:30:00.250")
EXPIRES = at("2028-11-24T10:00:00")
LATER = at("2026-11-30T10:00:00")

OK = m.Result(1000)
PENDING = m.Result(1001)


def answer(
    result: m.Result = OK,
    data: m.ResponseData | None = None,
    queue: m.MessageQueue | None = None,
    extensions: m.ResponseExtensions = m.NO_RESPONSE_EXTENSIONS,
) -> m.Response:
    return m.Response((result,), "NST-20261124-000017", "ABC-12345", queue, data, extensions)


def command(body: m.CommandBody, extensions: m.CommandExtensions = m.NO_EXTENSIONS) -> m.Command:
    return m.Command(body, "ABC-12345", extensions)


DS = m.DsData(12345, 13, 2, "49FD46E6C4B45C55D4AC49FD46E6C4B45C55D4AC49FD46E6C4B45C55D4AC0001")
KEY = m.KeyData(257, 3, 13, "AQPJ////4Q==")
FEE = m.FeeTerms((m.Fee(Decimal("10.00")),), currency="EUR")
FEE_PAID = (m.Fee(Decimal("10.00"), refundable=True, grace_period="P5D"),)
PW = m.AuthInfo("2fooBAR-with-20-chars")
STREET = m.PostalAddress("Dulles", "US", ("123 Example Dr.", "Suite 100"), "VA", "20166-6503")
JOHN = m.PostalInfo("int", "John Doe", STREET, "Example Inc.")
LOCAL = m.PostalInfo("loc", "Jürgen Größe", m.PostalAddress("Köln", "DE", ("Straße 1 & 2",)))
VOICE = m.Phone("+1.7035555555", "1234")
TRANSFER = m.DomainTransferData("example.test", "pending", "registrar-b", CREATED, "registrar-a", LATER, EXPIRES)
DOMAIN_INFO = m.DomainInfoData(
    "example.test",
    "D17-NST",
    "registrar-a",
    statuses=(m.Status("clientTransferProhibited"), m.Status("serverHold", "court order 12/26")),
    registrant="jd1234",
    contacts=(m.DomainContact("sh8013", "admin"), m.DomainContact("sh8014", "tech")),
    hosts=("ns1.example.test", "ns1.example.net"),
    subordinates=("ns1.example.test",),
    cr_id="registrar-b",
    cr_date=CREATED,
    up_id="registrar-a",
    up_date=UPDATED,
    ex_date=EXPIRES,
    tr_date=UPDATED,
)
QUOTES = (
    m.FeeQuote(m.FeeCommand("create", m.Period(2)), (m.Fee(Decimal("20.00"), refundable=True, grace_period="P5D"),)),
    m.FeeQuote(m.FeeCommand("restore"), (m.Fee(Decimal("50.00"), "restore fee", applied="immediate"),), standard=True),
    m.FeeQuote(m.FeeCommand("transfer"), reason="only one year is sold by transfer"),
)
CHANGE = m.ChangeData(
    "update",
    UPDATED,
    "NST-20261125-000003",
    "URS Admin",
    case_id=m.CaseId("urs123", "urs"),
    reason="URS Lock",
)
MAINTENANCE = m.MaintenanceItem(
    m.MaintenanceId("2e6df9b0-4092-4491-bcc8-9fb2166dcee6", "Database upgrade"),
    (m.MaintenanceSystem("EPP", "full", "epp.registry.example"), m.MaintenanceSystem("RDAP", "none")),
    "production",
    at("2026-12-30T06:00:00"),
    at("2026-12-30T07:00:00"),
    "planned",
    CREATED,
    poll_type="create",
    detail="https://registry.example/maintenance",
    descriptions=(m.MaintenanceDescription("EPP is away for <one> hour"),),
    tlds=("test", "example"),
    intervention=m.MaintenanceIntervention(connection=False, implementation=False),
)
WAITING = m.MessageQueue(5, "12345", UPDATED, "Transfer requested.")

GOLDEN: dict[str, m.Message] = {
    # ------------------------------------------------------------------------------------------------------- session
    "hello": m.Hello(),
    "greeting": m.Greeting(
        "Namestead EPP",
        CREATED,
        OBJECTS,
        EXTENSIONS,
        m.Dcp("all", (m.DcpStatement(("admin", "prov"), ("public",), "stated", (m.DcpOurs("the registry"),)),)),
    ),
    "login": command(m.Login("registrar-a", "foo-BAR2", OBJECTS, EXTENSIONS[:3], new_pw="bar-FOO2")),
    "login_security": command(
        m.Login("registrar-a", m.USE_LOGIN_SECURITY, OBJECTS[:1], ("urn:ietf:params:xml:ns:epp:loginSec-1.0",)),
        m.CommandExtensions(
            login_security=m.LoginSecurity(
                m.UserAgent("EPP client 1.0", "Python 3.13", "x86_64 Linux"),
                "this is a long password",
                "a longer one yet",
            )
        ),
    ),
    "login_response": answer(
        extensions=m.ResponseExtensions(
            login_security=(
                m.SecurityEvent("password", "warning", "Password expires soon", ex_date=LATER),
                m.SecurityEvent("stat", "warning", "Failed logins", "failedLogins", value="3", duration="P1D"),
            )
        )
    ),
    "logout": command(m.Logout()),
    "logout_response": answer(m.Result(1500)),
    "poll_request": command(m.PollRequest()),
    "poll_request_response": answer(m.Result(1301), TRANSFER, WAITING),
    "poll_request_empty_response": answer(m.Result(1300)),
    "poll_request_change_response": answer(
        m.Result(1301),
        DOMAIN_INFO,
        m.MessageQueue(201, "1", UPDATED, "Registry initiated update of domain."),
        m.ResponseExtensions(change=CHANGE),
    ),
    "poll_request_pending_response": answer(
        m.Result(1301),
        m.DomainPendingData(
            "example.test", result=True, sv_trid="NST-20261124-000016", date=CREATED, cl_trid="ABC-12344"
        ),
        m.MessageQueue(5, "12346", UPDATED, "Pending action completed successfully."),
    ),
    "poll_request_host_pending_response": answer(
        m.Result(1301),
        m.HostPendingData("ns1.example.test", result=False, sv_trid="NST-20261124-000016", date=CREATED),
        m.MessageQueue(5, "12347", UPDATED, "Pending action failed."),
    ),
    "poll_request_contact_pending_response": answer(
        m.Result(1301),
        m.ContactPendingData("sh8013", result=True, sv_trid="NST-20261124-000016", date=CREATED),
        m.MessageQueue(5, "12348", UPDATED, "Pending action completed successfully."),
    ),
    "poll_request_maintenance_response": answer(
        m.Result(1301), MAINTENANCE, m.MessageQueue(1, "12349", UPDATED, "Registry Maintenance Notification")
    ),
    "poll_request_unhandled_response": answer(
        m.Result(
            1301,
            unhandled=(
                m.Unhandled(data=TRANSFER),
                m.Unhandled(extension=m.ResponseExtensions(rgp=m.RgpInfoData((m.RgpStatus("addPeriod"),)))),
            ),
        ),
        queue=WAITING,
    ),
    "poll_ack": command(m.PollAck("12345")),
    "poll_ack_response": answer(queue=m.MessageQueue(4, "12346")),
    # ------------------------------------------------------------------------------------------------------- domains
    "domain_check": command(m.DomainCheck(("example.test", "example.example", "taken.test"))),
    "domain_check_fee": command(
        m.DomainCheck(("example.test",)),
        m.CommandExtensions(
            fee=m.FeeCheck(
                (
                    m.FeeCommand("create", m.Period(2)),
                    m.FeeCommand("renew"),
                    m.FeeCommand("transfer"),
                    m.FeeCommand("restore"),
                    m.FeeCommand("create", phase="custom", subphase="landrush"),
                ),
                "EUR",
            ),
            allocation_token="abc123",
        ),
    ),
    "domain_check_launch": command(
        m.DomainCheck(("example.test",)), m.CommandExtensions(launch=m.LaunchCheck(phase=m.LaunchPhase("claims")))
    ),
    "domain_check_response": answer(
        data=m.DomainCheckData(
            (
                m.CheckResult("example.test", available=True),
                m.CheckResult("example.example", available=False, reason="Reserved"),
                m.CheckResult("taken.test", available=False, reason="In use"),
            )
        )
    ),
    "domain_check_fee_response": answer(
        data=m.DomainCheckData((m.CheckResult("example.test", available=True),)),
        extensions=m.ResponseExtensions(
            fee=m.FeeCheckData(
                "EUR",
                (
                    m.FeeObject("example.test", QUOTES, fee_class="premium"),
                    m.FeeObject("example.example", available=False, reason="no such zone"),
                ),
            )
        ),
    ),
    "domain_check_launch_response": answer(
        extensions=m.ResponseExtensions(
            launch=m.LaunchCheckData(
                (m.LaunchClaim("example.test", exists=True, keys=(m.ClaimKey("2013041500/2/6/9/1", "tmch"),)),),
                m.LaunchPhase("claims"),
            )
        )
    ),
    "domain_info": command(
        m.DomainInfo("example.test", "sub", PW),
        m.CommandExtensions(ttl=m.TtlInfo(policy=True), show_allocation_token=True),
    ),
    "domain_info_launch": command(
        m.DomainInfo("example.test"),
        m.CommandExtensions(launch=m.LaunchInfo(m.LaunchPhase("sunrise"), "abc123", include_mark=True)),
    ),
    "domain_info_response": answer(
        data=DOMAIN_INFO,
        queue=m.MessageQueue(2, "12345"),
        extensions=m.ResponseExtensions(
            rgp=m.RgpInfoData((m.RgpStatus("addPeriod"), m.RgpStatus("renewPeriod", "until Sunday"))),
            sec_dns=m.SecDns((DS,)),
            ttl=m.TtlValues(
                (
                    m.Ttl("NS", 172800, min=3600, default=86400, max=172800),
                    m.Ttl("DS", None, min=60, default=86400, max=86400),
                )
            ),
        ),
    ),
    "domain_info_token_response": answer(
        data=m.DomainInfoData(
            "example.test", "D17-NST", "registrar-a", host_attributes=(m.HostAttribute("ns1.example.net"),)
        ),
        extensions=m.ResponseExtensions(allocation_token="abc123"),
    ),
    "domain_info_launch_response": answer(
        data=m.DomainInfoData("example.test", "D17-NST", "registrar-a", statuses=(m.Status("pendingCreate"),)),
        extensions=m.ResponseExtensions(
            launch=m.LaunchInfoData(
                m.LaunchPhase("sunrise"), "abc123", m.LaunchStatus("pendingValidation", "being looked at")
            )
        ),
    ),
    "domain_create": command(
        m.DomainCreate(
            "example.test",
            PW,
            m.Period(2),
            ("ns1.example.net", "ns2.example.net"),
            (),
            "jd1234",
            (m.DomainContact("sh8013", "admin"), m.DomainContact("sh8013", "tech")),
        )
    ),
    "domain_create_extended": command(
        m.DomainCreate(
            "example.test",
            m.AuthInfo(""),
            m.Period(24, "m"),
            host_attributes=(
                m.HostAttribute("ns1.example.test", (m.Address("192.0.2.2"), m.Address("2001:db8::2", "v6"))),
                m.HostAttribute("ns1.example.net"),
            ),
        ),
        m.CommandExtensions(
            sec_dns=m.SecDns((DS,), max_sig_life=604800),
            fee=FEE,
            allocation_token="abc123",
            ttl=m.TtlValues((m.Ttl("NS", 172800), m.Ttl("DS", None), m.Ttl("custom", 300, "DELEG"))),
        ),
    ),
    "domain_create_keys": command(
        m.DomainCreate("example.test", PW), m.CommandExtensions(sec_dns=m.SecDns(keys=(KEY,)))
    ),
    "domain_create_launch": command(
        m.DomainCreate("example.test", PW),
        m.CommandExtensions(
            launch=m.LaunchCreate(
                m.LaunchPhase("custom", "pre-sale"),
                "application",
                encoded_marks=("ICAgICAgPD94bWwgdmVyc2lvbj0iMS4wIj8+",),
                notices=(m.LaunchNotice("49FD46E6C4B45C55D4AC", LATER, CREATED, "tmch"),),
            )
        ),
    ),
    "domain_create_launch_code": command(
        m.DomainCreate("example.test", PW),
        m.CommandExtensions(
            launch=m.LaunchCreate(m.LaunchPhase("sunrise"), codes=(m.LaunchCode("49FD46E6C4B45C55D4AC", "sample1"),))
        ),
    ),
    "domain_create_response": answer(
        data=m.DomainCreateData("example.test", CREATED, EXPIRES),
        extensions=m.ResponseExtensions(
            fee=m.FeeData("create", "EUR", None, FEE_PAID, balance=Decimal("-5.00"), credit_limit=Decimal("1000.00"))
        ),
    ),
    "domain_create_launch_response": answer(
        PENDING,
        m.DomainCreateData("example.test", CREATED),
        extensions=m.ResponseExtensions(launch=m.LaunchId(m.LaunchPhase("sunrise"), "2393-9323-E08C-03B1")),
    ),
    "domain_delete": command(m.DomainDelete("example.test")),
    "domain_delete_launch": command(
        m.DomainDelete("example.test"), m.CommandExtensions(launch=m.LaunchId(m.LaunchPhase("sunrise"), "abc123"))
    ),
    "domain_delete_response": answer(
        extensions=m.ResponseExtensions(
            fee=m.FeeData(
                "delete", "EUR", credits=(m.Credit(Decimal("-10.00"), "AGP Credit"),), balance=Decimal("995.00")
            )
        )
    ),
    "domain_delete_pending_response": answer(PENDING),
    "domain_renew": command(
        m.DomainRenew("example.test", date(2028, 11, 24), m.Period(5)), m.CommandExtensions(fee=FEE)
    ),
    "domain_renew_response": answer(
        data=m.DomainRenewData("example.test", at("2033-11-24T10:00:00")),
        extensions=m.ResponseExtensions(fee=m.FeeData("renew", "EUR", m.Period(5), FEE_PAID)),
    ),
    "domain_transfer_request": command(
        m.DomainTransfer("request", "example.test", m.Period(1), m.AuthInfo("2fooBAR-with-20-chars", "JD1234-REP")),
        m.CommandExtensions(fee=FEE, allocation_token="abc123"),
    ),
    "domain_transfer_query": command(m.DomainTransfer("query", "example.test", auth_info=PW)),
    "domain_transfer_approve": command(m.DomainTransfer("approve", "example.test")),
    "domain_transfer_reject": command(m.DomainTransfer("reject", "example.test")),
    "domain_transfer_cancel": command(m.DomainTransfer("cancel", "example.test")),
    "domain_transfer_request_response": answer(
        PENDING, TRANSFER, extensions=m.ResponseExtensions(fee=m.FeeData("transfer", "EUR", m.Period(1), FEE_PAID))
    ),
    "domain_update": command(
        m.DomainUpdate(
            "example.test",
            m.DomainParts(
                ("ns2.example.test",),
                (),
                (m.DomainContact("mak21", "tech"),),
                (m.Status("clientHold", "Payment overdue."),),
            ),
            m.DomainParts(
                ("ns1.example.test",), (), (m.DomainContact("sh8013", "tech"),), (m.Status("clientUpdateProhibited"),)
            ),
            "sh8013",
            m.AuthInfo("2BARfoo-with-20-chars"),
        )
    ),
    "domain_update_null": command(m.DomainUpdate("example.test", registrant="", auth_info=m.AuthInfo(None))),
    "domain_update_secdns": command(
        m.DomainUpdate("example.test"),
        m.CommandExtensions(
            sec_dns=m.SecDnsUpdate(m.SecDns((DS,)), (DS,), max_sig_life=605900, urgent=True),
            ttl=m.TtlValues((m.Ttl("NS", 3600),)),
        ),
    ),
    "domain_update_secdns_all": command(
        m.DomainUpdate("example.test"), m.CommandExtensions(sec_dns=m.SecDnsUpdate(rem_all=True))
    ),
    "domain_update_launch": command(
        m.DomainUpdate("example.test"), m.CommandExtensions(launch=m.LaunchId(m.LaunchPhase("sunrise"), "abc123"))
    ),
    "domain_update_response": answer(extensions=m.ResponseExtensions(fee=m.FeeData("update", "EUR", fees=FEE_PAID))),
    "domain_restore_request": command(
        m.DomainUpdate("example.test"), m.CommandExtensions(rgp=m.RestoreRequest(), fee=FEE)
    ),
    "domain_restore_request_response": answer(
        extensions=m.ResponseExtensions(rgp=m.RgpUpdateData((m.RgpStatus("pendingRestore"),)))
    ),
    "domain_restore_report": command(
        m.DomainUpdate("example.test"),
        m.CommandExtensions(
            rgp=m.RestoreReport(
                "Pre-delete registration data goes here.",
                "Post-restore registration data goes here.",
                CREATED,
                UPDATED,
                "Registrant error.",
                ("This registrar has not restored the name to sell it.", "The data are correct to its best knowledge."),
                "Supporting information goes here.",
            )
        ),
    ),
    "domain_restore_report_response": answer(),
    # --------------------------------------------------------------------------------------------------------- hosts
    "host_check": command(m.HostCheck(("ns1.example.test", "ns2.example.test"))),
    "host_check_response": answer(
        data=m.HostCheckData(
            (
                m.CheckResult("ns1.example.test", available=True),
                m.CheckResult("ns2.example.test", available=False, reason="In use"),
            )
        )
    ),
    "host_info": command(m.HostInfo("ns1.example.test"), m.CommandExtensions(ttl=m.TtlInfo())),
    "host_info_response": answer(
        data=m.HostInfoData(
            "ns1.example.test",
            "H18-NST",
            (m.Status("linked"), m.Status("clientUpdateProhibited")),
            "registrar-a",
            "registrar-b",
            CREATED,
            (m.Address("192.0.2.2"), m.Address("2001:db8::2", "v6")),
            "registrar-a",
            UPDATED,
            UPDATED,
        )
    ),
    "host_create": command(
        m.HostCreate("ns1.example.test", (m.Address("192.0.2.2"), m.Address("2001:db8::2", "v6"))),
        m.CommandExtensions(ttl=m.TtlValues((m.Ttl("A", 3600), m.Ttl("AAAA", 0)))),
    ),
    "host_create_response": answer(data=m.HostCreateData("ns1.example.test", CREATED)),
    "host_delete": command(m.HostDelete("ns1.example.test")),
    "host_delete_response": answer(),
    "host_update": command(
        m.HostUpdate(
            "ns1.example.test",
            m.HostParts((m.Address("192.0.2.22"),), (m.Status("clientUpdateProhibited"),)),
            m.HostParts((m.Address("2001:db8::2", "v6"),)),
            "ns2.example.test",
        )
    ),
    "host_update_response": answer(),
    # ------------------------------------------------------------------------------------------------------ contacts
    "contact_check": command(m.ContactCheck(("sh8013", "sah8013"))),
    "contact_check_response": answer(
        data=m.ContactCheckData(
            (m.CheckResult("sh8013", available=False, reason="In use"), m.CheckResult("sah8013", available=True))
        )
    ),
    "contact_info": command(m.ContactInfo("sh8013", PW)),
    "contact_info_response": answer(
        data=m.ContactInfoData(
            "sh8013",
            "C19-NST",
            (m.Status("linked"), m.Status("clientDeleteProhibited")),
            (JOHN, LOCAL),
            "jdoe@example.com",
            "registrar-a",
            "registrar-b",
            CREATED,
            VOICE,
            m.Phone("+1.7035555556"),
            "registrar-a",
            UPDATED,
            UPDATED,
            m.Disclose(flag=False, fields=("voice", "email")),
        )
    ),
    "contact_create": command(
        m.ContactCreate(
            "sh8013",
            (JOHN, LOCAL),
            "jdoe@example.com",
            PW,
            VOICE,
            m.Phone("+1.7035555556"),
            m.Disclose(flag=True, fields=("name.int", "org.loc", "addr.int", "fax")),
        )
    ),
    "contact_create_response": answer(data=m.ContactCreateData("sh8013", CREATED)),
    "contact_delete": command(m.ContactDelete("sh8013")),
    "contact_delete_response": answer(),
    "contact_transfer_request": command(m.ContactTransfer("request", "sh8013", PW)),
    "contact_transfer_query": command(m.ContactTransfer("query", "sh8013")),
    "contact_transfer_response": answer(
        PENDING,
        m.ContactTransferData("sh8013", "pending", "registrar-b", CREATED, "registrar-a", LATER),
    ),
    "contact_update": command(
        m.ContactUpdate(
            "sh8013",
            (m.Status("clientDeleteProhibited"),),
            (m.Status("clientUpdateProhibited"),),
            (m.PostalChange("int", organization="", address=STREET),),
            m.Phone("+1.7034444444"),
            m.Phone(""),
            "jd@example.com",
            m.AuthInfo("2fooBAR-with-21-chars"),
            m.Disclose(flag=True, fields=("voice", "email")),
        )
    ),
    "contact_update_response": answer(),
    # --------------------------------------------------------------------------------------------------- maintenance
    "maintenance_list": command(m.MaintenanceInfo()),
    "maintenance_list_response": answer(
        data=m.MaintenanceList(
            (m.MaintenanceListItem(MAINTENANCE.id, MAINTENANCE.start, MAINTENANCE.end, MAINTENANCE.cr_date, UPDATED),)
        )
    ),
    "maintenance_info": command(m.MaintenanceInfo("2e6df9b0-4092-4491-bcc8-9fb2166dcee6")),
    "maintenance_info_response": answer(data=MAINTENANCE),
    # ------------------------------------------------------------------------------------------------------ failures
    "failure_response": answer(
        m.Result(
            2005,
            values=(m.Value("domain:name", "ex(ample.test"),),
            ext_values=(m.ExtValue(m.Value("domain:name", "ex(ample.test"), "'(' has no place in a name."),),
        )
    ),
    "failure_unnamed_response": m.Response(
        (m.Result(2001, ext_values=(m.ExtValue(m.UNDEFINED, "not well-formed XML (line 1, column 7)"),)),),
        "NST-20261124-000018",
    ),
    "failure_foreign_response": answer(
        m.Result(2307, ext_values=(m.ExtValue(m.Value("create", uri="urn:example:other-1.0"), "not served"),))
    ),
}


def path_of(name: str) -> Path:
    return FRAMES / f"{name}.xml"


def frame_of(name: str) -> bytes:
    """The frame in a file: without the white space it is laid out with."""
    return re.sub(rb">\s+<", b"><", path_of(name).read_bytes().strip())


def laid_out(payload: bytes) -> bytes:
    tree = etree.fromstring(payload)
    etree.indent(tree)
    declaration = b'<?xml version="1.0" encoding="UTF-8"?>\n'
    return declaration + etree.tostring(tree, encoding="unicode").encode() + b"\n"


def main() -> None:
    for name, message in GOLDEN.items():
        if not path_of(name).exists():
            path_of(name).write_bytes(laid_out(write(message)))


if __name__ == "__main__":
    main()
