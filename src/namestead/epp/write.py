"""Messages to octets: UTF-8, with a declaration, without any white space between elements.

Text goes through `values.escape` everywhere, so nothing a person typed can be taken for a mark. The functions trust the
message otherwise: what no schema takes (no name in a check, keys beside DS records) is written as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from namestead.epp.extensions import (
    allocation_token,
    change_poll,
    fee,
    launch,
    login_security,
    maintenance,
    rgp,
    secdns,
    ttl,
)
from namestead.epp.messages import (
    NO_EXTENSIONS,
    NO_RESPONSE_EXTENSIONS,
    Command,
    CommandExtensions,
    ContactCheck,
    ContactCreate,
    ContactDelete,
    ContactInfo,
    ContactTransfer,
    ContactUpdate,
    Dcp,
    DcpStatement,
    DomainCheck,
    DomainCreate,
    DomainDelete,
    DomainInfo,
    DomainRenew,
    DomainTransfer,
    DomainUpdate,
    Greeting,
    Hello,
    HostCheck,
    HostCreate,
    HostDelete,
    HostInfo,
    HostUpdate,
    Login,
    Logout,
    MaintenanceInfo,
    Message,
    MessageQueue,
    PollAck,
    PollRequest,
    Response,
    ResponseData,
    ResponseExtensions,
    Result,
    Unhandled,
    Value,
)
from namestead.epp.namespaces import (
    ALLOCATION_TOKEN,
    CHANGE_POLL,
    CONTACT,
    DOMAIN,
    EPP,
    FEE,
    HOST,
    LAUNCH,
    LOGIN_SECURITY,
    MAINTENANCE,
    RGP,
    SEC_DNS,
    TTL,
    URIS,
)
from namestead.epp.objects import contact, domain, host
from namestead.epp.values import attribute, element, escape, language, write_instant

_HEAD: Final = f'<?xml version="1.0" encoding="UTF-8"?><epp xmlns="{EPP}">'
_TAIL: Final = "</epp>"
_HELLO: Final = f"{_HEAD}<hello/>{_TAIL}".encode()

VERBS: Final[dict[type, str]] = {
    **dict.fromkeys((DomainCheck, HostCheck, ContactCheck), "check"),
    **dict.fromkeys((DomainInfo, HostInfo, ContactInfo, MaintenanceInfo), "info"),
    **dict.fromkeys((DomainCreate, HostCreate, ContactCreate), "create"),
    **dict.fromkeys((DomainDelete, HostDelete, ContactDelete), "delete"),
    **dict.fromkeys((DomainUpdate, HostUpdate, ContactUpdate), "update"),
    **dict.fromkeys((DomainTransfer, ContactTransfer), "transfer"),
    DomainRenew: "renew",
    Login: "login",
    Logout: "logout",
    PollRequest: "poll",
    PollAck: "poll",
}
"""The command each body is."""

_WRITE: Final[dict[type, Any]] = {**domain.WRITE, **host.WRITE, **contact.WRITE, **maintenance.WRITE}

DATA_URIS: Final[dict[type, str]] = {
    **dict.fromkeys(domain.WRITE, DOMAIN),
    **dict.fromkeys(host.WRITE, HOST),
    **dict.fromkeys(contact.WRITE, CONTACT),
    **dict.fromkeys(maintenance.WRITE, MAINTENANCE),
}
"""The namespace each object's message is in."""

_COMMAND_EXTENSIONS: Final[tuple[tuple[str, Any], ...]] = (
    ("rgp", rgp.write_command),
    ("sec_dns", secdns.write_command),
    ("fee", fee.write_command),
    ("allocation_token", allocation_token.write_command),
    ("login_security", login_security.write_command),
    ("launch", launch.write_command),
    ("ttl", ttl.write_command),
)

RESPONSE_EXTENSIONS: Final[tuple[tuple[str, str, Any], ...]] = (
    ("rgp", RGP, rgp.write_response),
    ("sec_dns", SEC_DNS, secdns.write_response),
    ("fee", FEE, fee.write_response),
    ("allocation_token", ALLOCATION_TOKEN, allocation_token.write_response),
    ("login_security", LOGIN_SECURITY, login_security.write_response),
    ("change", CHANGE_POLL, change_poll.write_response),
    ("launch", LAUNCH, launch.write_response),
    ("ttl", TTL, ttl.write_response),
)
"""Field of `ResponseExtensions`, its namespace, its writer, in the order they are written."""


def write(message: Message) -> bytes:
    """The payload of a frame that says this."""
    match message:
        case Response():
            return write_response(message)
        case Command():
            return write_command(message)
        case Greeting():
            return write_greeting(message)
        case Hello():
            return _HELLO


# ------------------------------------------------------------------------------------------------------------ commands


def write_command(command: Command) -> bytes:
    body = command.body
    verb = VERBS[type(body)]
    match body:
        case Login():
            text = _login(body)
        case Logout():
            text = "<logout/>"
        case PollRequest():
            text = '<poll op="req"/>'
        case PollAck():
            text = f'<poll op="ack"{attribute("msgID", body.message_id)}/>'
        case DomainTransfer() | ContactTransfer():
            text = f'<transfer op="{body.op}">{_WRITE[type(body)](body)}</transfer>'
        case _:
            text = f"<{verb}>{_WRITE[type(body)](body)}</{verb}>"
    extension = "" if command.extensions is NO_EXTENSIONS else _command_extension(command.extensions, verb)
    return f"{_HEAD}<command>{text}{extension}{element('clTRID', command.cl_trid)}</command>{_TAIL}".encode()


def _login(login: Login) -> str:
    return (
        f"<login><clID>{escape(login.cl_id)}</clID><pw>{escape(login.pw)}</pw>{element('newPW', login.new_pw)}"
        f"<options><version>{escape(login.version)}</version><lang>{escape(login.lang)}</lang></options>"
        f"<svcs>{_services(login.obj_uris, login.ext_uris)}</svcs></login>"
    )


def _services(objects: tuple[str, ...], extensions: tuple[str, ...]) -> str:
    text = "".join(f"<objURI>{escape(uri)}</objURI>" for uri in objects)
    if not extensions:
        return text
    inner = "".join(f"<extURI>{escape(uri)}</extURI>" for uri in extensions)
    return f"{text}<svcExtension>{inner}</svcExtension>"


def _command_extension(extensions: CommandExtensions, verb: str) -> str:
    parts = [
        writer(part, verb) for field, writer in _COMMAND_EXTENSIONS if (part := getattr(extensions, field)) is not None
    ]
    if extensions.show_allocation_token:
        parts.append(allocation_token.write_command(None, "info"))
    return f"<extension>{''.join(parts)}</extension>" if parts else ""


# ------------------------------------------------------------------------------------------------------------- answers


def write_greeting(greeting: Greeting) -> bytes:
    versions = "".join(f"<version>{escape(version)}</version>" for version in greeting.versions)
    langs = "".join(f"<lang>{escape(lang)}</lang>" for lang in greeting.langs)
    return (
        f"{_HEAD}<greeting><svID>{escape(greeting.sv_id)}</svID><svDate>{write_instant(greeting.sv_date)}</svDate>"
        f"<svcMenu>{versions}{langs}{_services(greeting.obj_uris, greeting.ext_uris)}</svcMenu>"
        f"{_dcp(greeting.dcp)}</greeting>{_TAIL}"
    ).encode()


def _dcp(dcp: Dcp) -> str:
    expiry = ""
    if dcp.expires_at is not None:
        expiry = f"<expiry><absolute>{write_instant(dcp.expires_at)}</absolute></expiry>"
    elif dcp.expires_after is not None:
        expiry = f"<expiry><relative>{escape(dcp.expires_after)}</relative></expiry>"
    statements = "".join(map(_statement, dcp.statements))
    return f"<dcp><access><{dcp.access}/></access>{statements}{expiry}</dcp>"


_PURPOSES: Final = ("admin", "contact", "other", "prov")
_RECIPIENTS: Final = ("other", "ours", "public", "same", "unrelated")


def _statement(statement: DcpStatement) -> str:
    """In the schema's order, whatever order the words are given in."""
    purposes = "".join(f"<{name}/>" for name in _PURPOSES if name in statement.purposes)
    ours = "".join(
        "<ours/>" if each.description is None else f"<ours>{element('recDesc', each.description)}</ours>"
        for each in statement.ours
    )
    recipients = "".join(
        ours if name == "ours" else f"<{name}/>"
        for name in _RECIPIENTS
        if name == "ours" or name in statement.recipients
    )
    return (
        f"<statement><purpose>{purposes}</purpose><recipient>{recipients}</recipient>"
        f"<retention><{statement.retention}/></retention></statement>"
    )


def write_response(response: Response) -> bytes:
    data = "" if response.data is None else f"<resData>{write_data(response.data)}</resData>"
    extension = ""
    if response.extensions is not NO_RESPONSE_EXTENSIONS:
        parts = "".join(text for _, text in write_extensions(response.extensions))
        extension = f"<extension>{parts}</extension>" if parts else ""
    return (
        f"{_HEAD}<response>{''.join(map(_result, response.results))}{_queue(response.queue)}{data}{extension}"
        f"<trID>{element('clTRID', response.cl_trid)}<svTRID>{escape(response.sv_trid)}</svTRID></trID>"
        f"</response>{_TAIL}"
    ).encode()


def write_data(data: ResponseData) -> str:
    """What stands in `<resData>`."""
    text: str = _WRITE[type(data)](data)
    return text


def write_extensions(extensions: ResponseExtensions) -> Iterator[tuple[str, str]]:
    """What stands in `<extension>`, namespace by namespace."""
    for field, uri, writer in RESPONSE_EXTENSIONS:
        part = getattr(extensions, field)
        if part is not None and part != ():
            yield uri, writer(part)


def _queue(queue: MessageQueue | None) -> str:
    if queue is None:
        return ""
    attributes = f'count="{queue.count}" id="{escape(queue.id)}"'
    if queue.date is None and queue.message is None:
        return f"<msgQ {attributes}/>"
    date = "" if queue.date is None else f"<qDate>{write_instant(queue.date)}</qDate>"
    message = "" if queue.message is None else f"<msg{language(queue.lang)}>{escape(queue.message)}</msg>"
    return f"<msgQ {attributes}>{date}{message}</msgQ>"


def _result(result: Result) -> str:
    head = f'<result code="{result.code}"><msg{language(result.lang)}>{escape(result.message)}</msg>'
    if not (result.values or result.ext_values or result.unhandled):
        return f"{head}</result>"
    values = "".join(f"<value>{_value(value)}</value>" for value in result.values)
    reasons = "".join(
        f"<extValue><value>{_value(each.value)}</value>"
        f"<reason{language(each.lang)}>{escape(each.reason)}</reason></extValue>"
        for each in result.ext_values
    )
    return f"{head}{values}{reasons}{''.join(map(_unhandled, result.unhandled))}</result>"


def _value(value: Value) -> str:
    name, uri = value.element, value.uri
    prefix = name.partition(":")[0] if ":" in name else None
    if uri is not None:
        name, prefix = f"x:{name}", "x"
    elif prefix is not None:
        uri = URIS[prefix]
    declared = ' xmlns=""' if uri is None else f' xmlns:{prefix}="{escape(uri)}"'
    if not value.text:
        return f"<{name}{declared}/>"
    return f"<{name}{declared}>{escape(value.text)}</{name}>"


def _unhandled(unhandled: Unhandled) -> str:
    if unhandled.data is not None:
        parts: Any = [(DATA_URIS[type(unhandled.data)], write_data(unhandled.data))]
    else:
        parts = write_extensions(unhandled.extension or NO_RESPONSE_EXTENSIONS)
    return "".join(
        f"<extValue><value>{text}</value><reason>{uri} not in login services</reason></extValue>" for uri, text in parts
    )
