"""Every message there can be, for Hypothesis: within what the schemas allow, and nothing narrower."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from namestead.epp import messages as m
from namestead.epp.namespaces import EXTENSIONS, OBJECTS
from namestead.errors import epp_text

# What XML 1.0 (2.2) has a place for, without the white space that a token or a line takes no account of.
_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff" + "".join(map(chr, range(32))))
_VISIBLE = st.characters(
    exclude_categories=["Cs", "Zs"], exclude_characters="\ufffe\uffff" + "".join(map(chr, range(33)))
)


def tokens(least: int = 1, most: int = 20) -> SearchStrategy[str]:
    """Words with one blank between them."""
    words = st.text(_VISIBLE, min_size=max(least, 1), max_size=most)
    if most < 2 * least + 1:
        return words
    two = st.tuples(
        st.text(_VISIBLE, min_size=max(least, 1), max_size=(most - 1) // 2),
        st.text(_VISIBLE, min_size=1, max_size=(most - 1) // 2),
    ).map(" ".join)
    return words | two


def lines(least: int = 0, most: int = 20) -> SearchStrategy[str]:
    """xsd:normalizedString: blanks count, at the ends too."""
    return st.text(_CHARACTERS, min_size=least, max_size=most)


def texts() -> SearchStrategy[str]:
    """xsd:string."""
    return st.text(_CHARACTERS | st.sampled_from("\t\n\r"), max_size=20)


def maybe(strategy: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return st.none() | strategy


def some(strategy: SearchStrategy[Any], least: int = 0, most: int = 3) -> SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, min_size=least, max_size=most).map(tuple)


def subset(*values: str) -> SearchStrategy[tuple[str, ...]]:
    """In the order given, which is the schema's."""
    return st.sets(st.sampled_from(values)).map(lambda chosen: tuple(v for v in values if v in chosen))


booleans = st.booleans()
instants = st.integers(0, 4_000_000_000_000).map(
    lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
)
days = st.dates()
langs = st.sampled_from(["en", "de", "fr-CA"])
labels = tokens(1, 255)
ids = tokens(3, 16)
trids = tokens(3, 64)
roids = st.from_regex(r"\A[A-Za-z0-9_]{1,80}-[A-Za-z0-9]{1,8}\Z")
reasons = tokens(1, 32)
durations = st.sampled_from(["P1Y", "P5D", "PT12H30M", "P1DT1S"])
passwords = tokens(6, 16)
long_passwords = tokens(6, 200)
periods = st.builds(m.Period, st.integers(1, 99), st.sampled_from("ym"))
auth_infos = st.builds(m.AuthInfo, lines(), maybe(roids))
addresses = st.builds(m.Address, tokens(3, 45), st.sampled_from(["v4", "v6"]))
attributes = st.builds(m.HostAttribute, labels, some(addresses))
contacts = st.builds(m.DomainContact, ids, maybe(st.sampled_from(["admin", "billing", "tech"])))

DOMAIN_STATUSES = (
    *(f"{who}{what}" for who in ("client", "server") for what in ("DeleteProhibited", "Hold", "RenewProhibited")),
    *(f"{who}{what}" for who in ("client", "server") for what in ("TransferProhibited", "UpdateProhibited")),
    *("inactive", "ok", "pendingCreate", "pendingDelete", "pendingRenew", "pendingTransfer", "pendingUpdate"),
)
HOST_STATUSES = ("clientDeleteProhibited", "clientUpdateProhibited", "linked", "ok", "pendingTransfer", "pendingUpdate")
CONTACT_STATUSES = (*HOST_STATUSES, "clientTransferProhibited", "serverTransferProhibited")
TRANSFER_STATUSES = (
    *("clientApproved", "clientCancelled", "clientRejected"),
    *("pending", "serverApproved", "serverCancelled"),
)


def statuses(values: tuple[str, ...], least: int = 0) -> SearchStrategy[tuple[m.Status, ...]]:
    return some(st.builds(m.Status, st.sampled_from(values), lines(), langs), least)


@st.composite
def name_servers(draw: st.DrawFn) -> dict[str, Any]:
    if draw(booleans):
        return {"hosts": draw(some(labels))}
    return {"host_attributes": draw(some(attributes))}


@st.composite
def with_name_servers(draw: st.DrawFn, /, of: Any, **fields: SearchStrategy[Any]) -> Any:
    return of(**draw(name_servers()), **{name: draw(strategy) for name, strategy in fields.items()})


transfer_ops = st.sampled_from(["request", "query", "approve", "reject", "cancel"])
domain_parts = with_name_servers(m.DomainParts, contacts=some(contacts), statuses=statuses(DOMAIN_STATUSES))
domain_checks = st.builds(m.DomainCheck, some(labels, 1))
domain_infos = st.builds(m.DomainInfo, labels, st.sampled_from(["all", "del", "none", "sub"]), maybe(auth_infos))
domain_creates = with_name_servers(
    m.DomainCreate,
    name=labels,
    auth_info=auth_infos,
    period=maybe(periods),
    registrant=maybe(ids),
    contacts=some(contacts),
)
domain_deletes = st.builds(m.DomainDelete, labels)
domain_renews = st.builds(m.DomainRenew, labels, days, maybe(periods))
domain_transfers = st.builds(m.DomainTransfer, transfer_ops, labels, maybe(periods), maybe(auth_infos))
domain_updates = st.builds(
    m.DomainUpdate,
    labels,
    maybe(domain_parts),
    maybe(domain_parts),
    maybe(st.just("") | ids),
    maybe(auth_infos | st.just(m.AuthInfo(None))),
)

host_checks = st.builds(m.HostCheck, some(labels, 1))
host_infos = st.builds(m.HostInfo, labels)
host_creates = st.builds(m.HostCreate, labels, some(addresses))
host_deletes = st.builds(m.HostDelete, labels)
host_parts = st.builds(m.HostParts, some(addresses), statuses(HOST_STATUSES))
host_updates = st.builds(m.HostUpdate, labels, maybe(host_parts), maybe(host_parts), maybe(labels))

forms = st.sampled_from(["int", "loc"])
postal_addresses = st.builds(
    m.PostalAddress,
    lines(1, 255),
    st.text(string.ascii_uppercase, min_size=2, max_size=2),
    some(lines()),
    maybe(lines()),
    maybe(st.just("") | tokens(1, 16)),
)
postal_infos = st.builds(m.PostalInfo, forms, lines(1), postal_addresses, maybe(lines()))
postal_changes = st.builds(m.PostalChange, forms, maybe(lines(1)), maybe(lines()), maybe(postal_addresses))
phones = st.builds(
    m.Phone, st.just("") | st.from_regex(r"\A\+[0-9]{1,3}\.[0-9]{1,12}\Z"), maybe(st.just("") | tokens())
)
discloses = st.builds(
    m.Disclose,
    booleans,
    subset("name.int", "name.loc", "org.int", "org.loc", "addr.int", "addr.loc", "voice", "fax", "email"),
)
contact_checks = st.builds(m.ContactCheck, some(ids, 1))
contact_infos = st.builds(m.ContactInfo, ids, maybe(auth_infos))
contact_creates = st.builds(
    m.ContactCreate,
    ids,
    some(postal_infos, 1, 2),
    tokens(),
    auth_infos,
    maybe(phones),
    maybe(phones),
    maybe(discloses),
)
contact_deletes = st.builds(m.ContactDelete, ids)
contact_transfers = st.builds(m.ContactTransfer, transfer_ops, ids, maybe(auth_infos))
contact_updates = st.builds(
    m.ContactUpdate,
    ids,
    statuses(CONTACT_STATUSES),
    statuses(CONTACT_STATUSES),
    some(postal_changes, 0, 2),
    maybe(phones),
    maybe(phones),
    maybe(tokens()),
    maybe(auth_infos),
    maybe(discloses),
)

# ------------------------------------------------------------------------------------------------- command extensions

keys = st.builds(
    m.KeyData,
    st.integers(0, 65535),
    st.integers(0, 255),
    st.integers(0, 255),
    st.sampled_from(["AQPJ////4Q==", "AwEAAddt2AkL4RJ9"]),
)
ds = st.builds(
    m.DsData,
    st.integers(0, 65535),
    st.integers(0, 255),
    st.integers(0, 255),
    st.binary(max_size=32).map(lambda octets: octets.hex().upper()),
    maybe(keys),
)
lives = st.integers(1, 2**31 - 1)
sec_dns = st.builds(m.SecDns, some(ds, 1), st.just(()), maybe(lives)) | st.builds(
    m.SecDns, st.just(()), some(keys, 1), maybe(lives)
)
_removals: SearchStrategy[dict[str, Any]] = (
    st.just({})
    | st.just({"rem_all": True})
    | some(ds, 1).map(lambda rows: {"rem_ds": rows})
    | some(keys, 1).map(lambda rows: {"rem_keys": rows})
)
sec_dns_updates = st.tuples(maybe(sec_dns), _removals, maybe(lives), booleans).map(
    lambda drawn: m.SecDnsUpdate(drawn[0], **drawn[1], max_sig_life=drawn[2], urgent=drawn[3])
)
reports = st.builds(
    m.RestoreReport,
    *(tokens(), tokens(), instants, instants, tokens()),
    st.tuples(tokens(), tokens()),
    maybe(tokens()),
)
restores = st.just(m.RestoreRequest()) | reports
amounts = st.decimals(0, 10**9, places=2)
fees = st.builds(
    m.Fee,
    amounts,
    maybe(lines(1)),
    langs,
    maybe(booleans),
    maybe(durations),
    maybe(st.sampled_from(["immediate", "delayed"])),
)
credits_ = st.builds(
    m.Credit, amounts.map(lambda amount: -amount if amount else Decimal("0.00")), maybe(lines(1)), langs
)
currencies = st.sampled_from(["EUR", "USD", "JPY"])
fee_commands = st.builds(
    m.FeeCommand,
    st.sampled_from(["create", "delete", "renew", "update", "transfer", "restore", "custom"]),
    maybe(periods),
    maybe(tokens()),
    maybe(tokens()),
    maybe(tokens()),
)
fee_checks = st.builds(m.FeeCheck, some(fee_commands, 1), maybe(currencies))
fee_terms = st.builds(m.FeeTerms, some(fees, 1), some(credits_), maybe(currencies))
agents = st.builds(m.UserAgent, maybe(tokens()), maybe(tokens()), maybe(tokens())).filter(
    lambda agent: agent != m.UserAgent()
)
login_securities = st.builds(m.LoginSecurity, maybe(agents), maybe(long_passwords), maybe(long_passwords))
phases = st.builds(m.LaunchPhase, st.sampled_from(["sunrise", "landrush", "claims", "open", "custom"]), maybe(tokens()))
launch_ids = st.builds(m.LaunchId, phases, tokens())
notices = st.builds(m.LaunchNotice, tokens(), instants, instants, maybe(tokens()))
codes = st.builds(m.LaunchCode, tokens(), maybe(tokens()))
launch_kinds = maybe(st.sampled_from(["application", "registration"]))
launch_creates = st.builds(m.LaunchCreate, phases, launch_kinds, some(codes), st.just(()), some(notices)) | st.builds(
    m.LaunchCreate, phases, launch_kinds, st.just(()), some(tokens()), some(notices)
)
ttls = st.builds(
    m.Ttl, st.sampled_from(["NS", "DS", "DNAME", "A", "AAAA"]), maybe(st.integers(0, 2**31 - 1))
) | st.builds(m.Ttl, st.just("custom"), maybe(st.integers(0, 2**31 - 1)), st.sampled_from(["DELEG", "A", "X-Y"]))


def each_once(strategy: SearchStrategy[m.Ttl]) -> SearchStrategy[m.TtlValues]:
    rows = st.lists(strategy, min_size=1, max_size=3, unique_by=lambda ttl: (ttl.type, ttl.custom))
    return rows.map(lambda each: m.TtlValues(tuple(each)))


ttl_values = each_once(ttls)
tokens_in_clear = tokens(1, 60)

_EXTENSIONS: dict[Any, dict[str, SearchStrategy[Any]]] = {
    m.Login: {"login_security": login_securities},
    m.DomainCheck: {
        "fee": fee_checks,
        "allocation_token": tokens_in_clear,
        "launch": st.builds(m.LaunchCheck, st.sampled_from(["claims", "avail", "trademark"]), maybe(phases)),
    },
    m.DomainInfo: {
        "show_allocation_token": booleans,
        "launch": st.builds(m.LaunchInfo, phases, maybe(tokens()), booleans),
        "ttl": st.builds(m.TtlInfo, booleans),
    },
    m.DomainCreate: {
        "sec_dns": sec_dns,
        "fee": fee_terms,
        "allocation_token": tokens_in_clear,
        "launch": launch_creates,
        "ttl": ttl_values,
    },
    m.DomainDelete: {"launch": launch_ids},
    m.DomainRenew: {"fee": fee_terms},
    m.DomainTransfer: {"fee": fee_terms, "allocation_token": tokens_in_clear},
    m.DomainUpdate: {
        "rgp": restores,
        "sec_dns": sec_dns_updates,
        "fee": fee_terms,
        "launch": launch_ids,
        "ttl": ttl_values,
    },
    m.HostCreate: {"ttl": ttl_values},
    m.HostInfo: {"ttl": st.builds(m.TtlInfo, booleans)},
    m.HostUpdate: {"ttl": ttl_values},
}
"""What may be said beside each command: the same table as the reader's, written down a second time."""

logins = st.builds(
    m.Login,
    ids,
    passwords,
    some(st.sampled_from(OBJECTS), 1),
    some(st.sampled_from(EXTENSIONS)),
    maybe(passwords),
)

BODIES: dict[Any, SearchStrategy[Any]] = {
    m.Login: logins,
    m.Logout: st.just(m.Logout()),
    m.PollRequest: st.just(m.PollRequest()),
    m.PollAck: st.builds(m.PollAck, maybe(tokens())),
    m.DomainCheck: domain_checks,
    m.DomainInfo: domain_infos,
    m.DomainCreate: domain_creates,
    m.DomainDelete: domain_deletes,
    m.DomainRenew: domain_renews,
    m.DomainTransfer: domain_transfers,
    m.DomainUpdate: domain_updates,
    m.HostCheck: host_checks,
    m.HostInfo: host_infos,
    m.HostCreate: host_creates,
    m.HostDelete: host_deletes,
    m.HostUpdate: host_updates,
    m.ContactCheck: contact_checks,
    m.ContactInfo: contact_infos,
    m.ContactCreate: contact_creates,
    m.ContactDelete: contact_deletes,
    m.ContactTransfer: contact_transfers,
    m.ContactUpdate: contact_updates,
    m.MaintenanceInfo: st.builds(m.MaintenanceInfo, maybe(tokens())),
}


@st.composite
def commands(draw: st.DrawFn, of: Any) -> m.Command:
    beside = _EXTENSIONS.get(of, {})
    chosen = draw(subset(*beside)) if beside else ()
    extensions = m.CommandExtensions(**{field: draw(beside[field]) for field in chosen})
    return m.Command(draw(BODIES[of]), draw(maybe(trids)), extensions)


# ------------------------------------------------------------------------------------------------------------- answers


def dated(prefix: str) -> dict[str, SearchStrategy[Any]]:
    """Who did something to the object last, and when."""
    return {f"{prefix}_id": maybe(ids), f"{prefix}_date": maybe(instants)}


checks = st.builds(m.CheckResult, labels, booleans) | st.builds(m.CheckResult, labels, booleans, reasons, langs)
contact_check_rows = st.builds(m.CheckResult, ids, booleans) | st.builds(m.CheckResult, ids, booleans, reasons, langs)
domain_info_data = with_name_servers(
    m.DomainInfoData,
    name=labels,
    roid=roids,
    cl_id=ids,
    statuses=statuses(DOMAIN_STATUSES),
    registrant=maybe(ids),
    contacts=some(contacts),
    subordinates=some(labels),
    **dated("cr"),
    **dated("up"),
    ex_date=maybe(instants),
    tr_date=maybe(instants),
)
transfer_statuses = st.sampled_from(TRANSFER_STATUSES)
maintenance_ids = st.builds(m.MaintenanceId, tokens(), maybe(tokens()), langs)
maintenance_items = st.builds(
    m.MaintenanceItem,
    maintenance_ids,
    some(st.builds(m.MaintenanceSystem, tokens(), st.sampled_from(["none", "partial", "full"]), maybe(labels)), 1),
    st.sampled_from(["production", "ote", "staging", "dev", "custom"]),
    instants,
    instants,
    st.sampled_from(["planned", "emergency"]),
    instants,
    some(st.builds(m.MaintenanceType, texts(), langs)),
    maybe(st.sampled_from(["create", "update", "delete", "courtesy", "end"])),
    maybe(tokens()),
    maybe(st.just("https://example.net/maintenance?id=1&lang=en")),
    some(st.builds(m.MaintenanceDescription, texts(), langs, st.sampled_from(["plain", "html"]))),
    some(labels),
    maybe(st.builds(m.MaintenanceIntervention, booleans, booleans)),
    maybe(instants),
)
maintenance_list_items = st.builds(
    m.MaintenanceListItem, maintenance_ids, instants, instants, instants, maybe(instants)
)

DATA: dict[Any, SearchStrategy[Any]] = {
    m.DomainCheckData: st.builds(m.DomainCheckData, some(checks, 1)),
    m.DomainInfoData: domain_info_data,
    m.DomainCreateData: st.builds(m.DomainCreateData, labels, instants, maybe(instants)),
    m.DomainRenewData: st.builds(m.DomainRenewData, labels, maybe(instants)),
    m.DomainTransferData: st.builds(
        m.DomainTransferData, labels, transfer_statuses, ids, instants, ids, instants, maybe(instants)
    ),
    m.DomainPendingData: st.builds(m.DomainPendingData, labels, booleans, trids, instants, maybe(trids)),
    m.HostCheckData: st.builds(m.HostCheckData, some(checks, 1)),
    m.HostInfoData: st.builds(
        m.HostInfoData,
        *(labels, roids, statuses(HOST_STATUSES, 1), ids, ids, instants, some(addresses)),
        *(maybe(ids), maybe(instants), maybe(instants)),
    ),
    m.HostCreateData: st.builds(m.HostCreateData, labels, instants),
    m.HostPendingData: st.builds(m.HostPendingData, labels, booleans, trids, instants, maybe(trids)),
    m.ContactCheckData: st.builds(m.ContactCheckData, some(contact_check_rows, 1)),
    m.ContactInfoData: st.builds(
        m.ContactInfoData,
        *(ids, roids, statuses(CONTACT_STATUSES, 1), some(postal_infos, 1, 2), tokens(), ids, ids, instants),
        *(maybe(phones), maybe(phones), maybe(ids), maybe(instants), maybe(instants), maybe(discloses)),
    ),
    m.ContactCreateData: st.builds(m.ContactCreateData, ids, instants),
    m.ContactTransferData: st.builds(m.ContactTransferData, ids, transfer_statuses, ids, instants, ids, instants),
    m.ContactPendingData: st.builds(m.ContactPendingData, ids, booleans, trids, instants, maybe(trids)),
    m.MaintenanceList: st.builds(m.MaintenanceList, some(maintenance_list_items)),
    m.MaintenanceItem: maintenance_items,
}

rgp_statuses = st.builds(
    m.RgpStatus,
    st.sampled_from(["addPeriod", "autoRenewPeriod", "renewPeriod", "transferPeriod", "redemptionPeriod"]),
    lines(),
    langs,
)
quotes = st.builds(m.FeeQuote, fee_commands, some(fees), some(credits_), maybe(tokens()), st.just("en"), booleans)
fee_objects = st.builds(
    m.FeeObject,
    *(labels, some(quotes), booleans, maybe(tokens()), maybe(tokens()), st.just("en")),
    st.sampled_from(["name", "id"]),
)
fee_data = st.builds(
    m.FeeData,
    st.sampled_from(["create", "renew", "transfer", "update", "delete"]),
    *(maybe(currencies), maybe(periods), some(fees), some(credits_)),
    *(maybe(st.decimals(-(10**9), 10**9, places=2)), maybe(amounts)),
)
events = st.builds(
    m.SecurityEvent,
    st.sampled_from(["password", "certificate", "cipher", "tlsProtocol", "newPW", "stat", "custom"]),
    st.sampled_from(["warning", "error"]),
    *(lines(), maybe(tokens()), maybe(instants), maybe(tokens()), maybe(durations), langs),
)
changes = st.builds(
    m.ChangeData,
    st.sampled_from(["create", "delete", "renew", "transfer", "update", "restore", "autoRenew", "custom"]),
    *(instants, trids, lines(1, 255), maybe(tokens())),
    maybe(st.builds(m.CaseId, tokens(), st.sampled_from(["udrp", "urs", "custom"]), maybe(tokens()))),
    maybe(reasons),
    st.just("en"),
    st.sampled_from(["before", "after"]),
)
claims = st.builds(m.LaunchClaim, labels, booleans, some(st.builds(m.ClaimKey, tokens(), maybe(tokens()))))
launch_statuses = st.builds(
    m.LaunchStatus, st.sampled_from(["pendingValidation", "allocated", "custom"]), lines(), maybe(tokens()), langs
)
limits = maybe(st.integers(0, 2**31 - 1))
answered_ttls = st.builds(
    m.Ttl,
    st.sampled_from(["NS", "DS", "A", "AAAA"]),
    *(maybe(st.integers(0, 2**31 - 1)), st.none(), limits, limits, limits),
)
PARTS: dict[str, SearchStrategy[Any]] = {
    "rgp": st.builds(m.RgpInfoData, some(rgp_statuses, 1)) | st.builds(m.RgpUpdateData, some(rgp_statuses, 1)),
    "sec_dns": sec_dns,
    "fee": fee_data | st.builds(m.FeeCheckData, currencies, some(fee_objects, 1)),
    "allocation_token": tokens_in_clear,
    "login_security": some(events, 1),
    "change": changes,
    "launch": launch_ids
    | st.builds(m.LaunchCheckData, some(claims, 1), maybe(phases))
    | st.builds(m.LaunchInfoData, phases, maybe(tokens()), maybe(launch_statuses)),
    "ttl": each_once(answered_ttls),
}

values = st.builds(
    m.Value, st.sampled_from(["domain:name", "host:addr", "epp:undef", "secDNS:keyData"]), st.just("") | tokens()
) | st.builds(m.Value, st.sampled_from(["frob", "check"]), st.just("") | tokens(), maybe(st.just("urn:example:other")))
_one_part = st.sampled_from(list(PARTS)).flatmap(
    lambda field: PARTS[field].map(lambda part: m.ResponseExtensions(**{field: part}))
)
unhandled = st.builds(m.Unhandled, extension=_one_part) | st.one_of(*DATA.values()).map(
    lambda data: m.Unhandled(data=data)
)
CODES = (1000, 1001, 1300, 1301, 1500, 2001, 2003, 2004, 2005, 2103, 2201, 2302, 2303, 2304, 2306, 2400, 2502)
results = st.builds(
    m.Result,
    st.sampled_from(CODES),
    lines(1),
    langs,
    some(values),
    some(st.builds(m.ExtValue, values, lines(), langs)),
    some(unhandled, 0, 2),
) | st.sampled_from(CODES).map(lambda code: m.Result(code, epp_text(code)))
queues = st.builds(m.MessageQueue, st.integers(0, 2**63), tokens(), maybe(instants), maybe(tokens()), st.just("en"))


@st.composite
def responses(draw: st.DrawFn, /, data: SearchStrategy[Any] | None = None, **parts: SearchStrategy[Any]) -> m.Response:
    return m.Response(
        draw(some(results, 1, 2)),
        draw(trids),
        draw(maybe(trids)),
        draw(maybe(queues)),
        None if data is None else draw(data),
        m.ResponseExtensions(**{field: draw(strategy) for field, strategy in parts.items()}),
    )


statements = st.builds(
    m.DcpStatement,
    subset("admin", "contact", "other", "prov"),
    subset("other", "public", "same", "unrelated"),
    st.sampled_from(["business", "indefinite", "legal", "none", "stated"]),
    some(st.builds(m.DcpOurs, maybe(tokens()))),
)
_expiries: SearchStrategy[dict[str, Any]] = (
    st.just({}) | instants.map(lambda at: {"expires_at": at}) | durations.map(lambda after: {"expires_after": after})
)
dcps = st.tuples(
    st.sampled_from(["all", "none", "null", "other", "personal", "personalAndOther"]), some(statements, 1), _expiries
).map(lambda drawn: m.Dcp(drawn[0], drawn[1], **drawn[2]))
greetings = st.builds(
    m.Greeting,
    lines(3, 64),
    instants,
    some(st.sampled_from(OBJECTS), 1),
    some(st.sampled_from(EXTENSIONS)),
    dcps,
    st.just(("1.0",)),
    some(langs, 1),
)
