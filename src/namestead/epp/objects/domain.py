"""Domains on the wire (RFC 5731)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from namestead.epp.messages import (
    AuthInfo,
    DomainCheck,
    DomainCheckData,
    DomainContact,
    DomainCreate,
    DomainCreateData,
    DomainDelete,
    DomainInfo,
    DomainInfoData,
    DomainParts,
    DomainPendingData,
    DomainRenew,
    DomainRenewData,
    DomainTransfer,
    DomainTransferData,
    DomainUpdate,
    HostAttribute,
    Period,
    Status,
)
from namestead.epp.namespaces import DOMAIN
from namestead.epp.objects.parts import (
    Element,
    after_first,
    read_address,
    read_auth_info,
    read_check,
    read_op,
    read_optional,
    read_pending,
    read_period,
    read_status,
    write_addresses,
    write_auth_info,
    write_checks,
    write_pending,
    write_period,
    write_statuses,
    write_transfer,
)
from namestead.epp.values import day, element, escape, instant, instant_element, token

_NS: Final = f"{{{DOMAIN}}}"
_NAME, _PERIOD, _HOSTS, _REGISTRANT = f"{_NS}name", f"{_NS}period", f"{_NS}ns", f"{_NS}registrant"
_CONTACT, _STATUS = f"{_NS}contact", f"{_NS}status"
_ADD, _REM, _HOST, _ROID, _HOST_OBJ = f"{_NS}add", f"{_NS}rem", f"{_NS}host", f"{_NS}roid", f"{_NS}hostObj"

# ------------------------------------------------------------------------------------------------------------- reading


def _contact(node: Element) -> DomainContact:
    return DomainContact(token(node.text), read_optional(node, "type"))


def _name_servers(node: Element) -> tuple[tuple[str, ...], tuple[HostAttribute, ...]]:
    if node[0].tag == _HOST_OBJ:
        return tuple(token(host.text) for host in node), ()
    return (), tuple(
        HostAttribute(token(host[0].text), tuple(read_address(address) for address in after_first(host)))
        for host in node
    )


def _check(node: Element, _: str) -> DomainCheck:
    return DomainCheck(tuple(token(name.text) for name in node))


def _info(node: Element, _: str) -> DomainInfo:
    name = node[0]
    hosts: Any = read_optional(name, "hosts") or "all"
    return DomainInfo(token(name.text), hosts, read_auth_info(node[1]) if len(node) > 1 else None)


def _create(node: Element, _: str) -> DomainCreate:
    name = ""
    auth_info = AuthInfo("")
    period: Period | None = None
    hosts: tuple[str, ...] = ()
    attributes: tuple[HostAttribute, ...] = ()
    registrant: str | None = None
    contacts: list[DomainContact] = []
    for child in node:
        tag = child.tag
        if tag == _NAME:
            name = token(child.text)
        elif tag == _PERIOD:
            period = read_period(child)
        elif tag == _HOSTS:
            hosts, attributes = _name_servers(child)
        elif tag == _REGISTRANT:
            registrant = token(child.text)
        elif tag == _CONTACT:
            contacts.append(_contact(child))
        else:
            auth_info = read_auth_info(child)
    return DomainCreate(name, auth_info, period, hosts, attributes, registrant, tuple(contacts))


def _delete(node: Element, _: str) -> DomainDelete:
    return DomainDelete(token(node[0].text))


def _renew(node: Element, _: str) -> DomainRenew:
    expiry = day(node[1].text, "domain:curExpDate")
    return DomainRenew(token(node[0].text), expiry, read_period(node[2]) if len(node) > 2 else None)


def _transfer(node: Element, op: str) -> DomainTransfer:
    period: Period | None = None
    auth_info: AuthInfo | None = None
    for child in after_first(node):
        if child.tag == _PERIOD:
            period = read_period(child)
        else:
            auth_info = read_auth_info(child)
    return DomainTransfer(read_op(op), token(node[0].text), period, auth_info)


def _parts(node: Element) -> DomainParts:
    hosts: tuple[str, ...] = ()
    attributes: tuple[HostAttribute, ...] = ()
    contacts: list[DomainContact] = []
    statuses: list[Status] = []
    for child in node:
        tag = child.tag
        if tag == _HOSTS:
            hosts, attributes = _name_servers(child)
        elif tag == _CONTACT:
            contacts.append(_contact(child))
        else:
            statuses.append(read_status(child))
    return DomainParts(hosts, attributes, tuple(contacts), tuple(statuses))


def _update(node: Element, _: str) -> DomainUpdate:
    name = ""
    add: DomainParts | None = None
    rem: DomainParts | None = None
    registrant: str | None = None
    auth_info: AuthInfo | None = None
    for child in node:
        tag = child.tag
        if tag == _NAME:
            name = token(child.text)
        elif tag == _ADD:
            add = _parts(child)
        elif tag == _REM:
            rem = _parts(child)
        else:
            for change in child:
                if change.tag == _REGISTRANT:
                    registrant = token(change.text)
                else:
                    auth_info = read_auth_info(change)
    return DomainUpdate(name, add, rem, registrant, auth_info)


def _check_data(node: Element) -> DomainCheckData:
    return DomainCheckData(tuple(read_check(row) for row in node))


_TEXTS: Final = {
    f"{_NS}clID": "cl_id",
    f"{_NS}crID": "cr_id",
    f"{_NS}upID": "up_id",
    _NAME: "name",
    _ROID: "roid",
    _REGISTRANT: "registrant",
    f"{_NS}trStatus": "status",
    f"{_NS}reID": "re_id",
    f"{_NS}acID": "ac_id",
}
_INSTANTS: Final = {
    f"{_NS}crDate": "cr_date",
    f"{_NS}upDate": "up_date",
    f"{_NS}exDate": "ex_date",
    f"{_NS}trDate": "tr_date",
    f"{_NS}reDate": "re_date",
    f"{_NS}acDate": "ac_date",
}


def _simple(node: Element) -> dict[str, Any]:
    """The children that are a text or an instant, by field."""
    fields: dict[str, Any] = {}
    for child in node:
        tag = child.tag
        if tag in _TEXTS:
            fields[_TEXTS[tag]] = token(child.text)
        elif tag in _INSTANTS:
            fields[_INSTANTS[tag]] = instant(child.text, tag.replace(_NS, "domain:"))
    return fields


def _info_data(node: Element) -> DomainInfoData:
    fields = _simple(node)
    for child in node:
        if child.tag == _HOSTS:
            fields["hosts"], fields["host_attributes"] = _name_servers(child)
    return DomainInfoData(
        **fields,
        statuses=tuple(read_status(child) for child in node if child.tag == _STATUS),
        contacts=tuple(_contact(child) for child in node if child.tag == _CONTACT),
        subordinates=tuple(token(child.text) for child in node if child.tag == _HOST),
    )


def _create_data(node: Element) -> DomainCreateData:
    return DomainCreateData(**_simple(node))


def _renew_data(node: Element) -> DomainRenewData:
    return DomainRenewData(**_simple(node))


def _transfer_data(node: Element) -> DomainTransferData:
    return DomainTransferData(**_simple(node))


def _pending_data(node: Element) -> DomainPendingData:
    fields: dict[str, Any] = read_pending(node)
    return DomainPendingData(token(node[0].text), **fields)


READ_COMMAND: Final = {
    ("check", f"{_NS}check"): _check,
    ("info", f"{_NS}info"): _info,
    ("create", f"{_NS}create"): _create,
    ("delete", f"{_NS}delete"): _delete,
    ("renew", f"{_NS}renew"): _renew,
    ("transfer", f"{_NS}transfer"): _transfer,
    ("update", f"{_NS}update"): _update,
}
READ_DATA: Final = {
    f"{_NS}chkData": _check_data,
    f"{_NS}infData": _info_data,
    f"{_NS}creData": _create_data,
    f"{_NS}renData": _renew_data,
    f"{_NS}trnData": _transfer_data,
    f"{_NS}panData": _pending_data,
}

# ------------------------------------------------------------------------------------------------------------- writing


def _open(name: str) -> str:
    return f'<domain:{name} xmlns:domain="{DOMAIN}">'


def _write_name_servers(hosts: tuple[str, ...], attributes: tuple[HostAttribute, ...]) -> str:
    if hosts:
        inner = "".join(f"<domain:hostObj>{escape(host)}</domain:hostObj>" for host in hosts)
    elif attributes:
        inner = "".join(
            f"<domain:hostAttr><domain:hostName>{escape(host.name)}</domain:hostName>"
            f"{write_addresses('domain:hostAddr', host.addresses)}</domain:hostAttr>"
            for host in attributes
        )
    else:
        return ""
    return f"<domain:ns>{inner}</domain:ns>"


def _write_contacts(contacts: tuple[DomainContact, ...]) -> str:
    return "".join(
        f"<domain:contact>{escape(contact.id)}</domain:contact>"
        if contact.type is None
        else f'<domain:contact type="{escape(contact.type)}">{escape(contact.id)}</domain:contact>'
        for contact in contacts
    )


def _write_check(command: DomainCheck) -> str:
    names = "".join(f"<domain:name>{escape(name)}</domain:name>" for name in command.names)
    return f"{_open('check')}{names}</domain:check>"


def _write_info(command: DomainInfo) -> str:
    return (
        f'{_open("info")}<domain:name hosts="{command.hosts}">{escape(command.name)}</domain:name>'
        f"{write_auth_info('domain', command.auth_info)}</domain:info>"
    )


def _write_create(command: DomainCreate) -> str:
    return (
        f"{_open('create')}<domain:name>{escape(command.name)}</domain:name>"
        f"{write_period('domain', command.period)}"
        f"{_write_name_servers(command.hosts, command.host_attributes)}"
        f"{element('domain:registrant', command.registrant)}"
        f"{_write_contacts(command.contacts)}"
        f"{write_auth_info('domain', command.auth_info)}</domain:create>"
    )


def _write_delete(command: DomainDelete) -> str:
    return f"{_open('delete')}<domain:name>{escape(command.name)}</domain:name></domain:delete>"


def _write_renew(command: DomainRenew) -> str:
    return (
        f"{_open('renew')}<domain:name>{escape(command.name)}</domain:name>"
        f"<domain:curExpDate>{command.current_expiry.isoformat()}</domain:curExpDate>"
        f"{write_period('domain', command.period)}</domain:renew>"
    )


def _write_transfer(command: DomainTransfer) -> str:
    return (
        f"{_open('transfer')}<domain:name>{escape(command.name)}</domain:name>"
        f"{write_period('domain', command.period)}"
        f"{write_auth_info('domain', command.auth_info)}</domain:transfer>"
    )


def _write_parts(name: str, parts: DomainParts | None) -> str:
    if parts is None:
        return ""
    inner = (
        f"{_write_name_servers(parts.hosts, parts.host_attributes)}{_write_contacts(parts.contacts)}"
        f"{write_statuses('domain', parts.statuses)}"
    )
    return f"<domain:{name}>{inner}</domain:{name}>" if inner else f"<domain:{name}/>"


def _write_update(command: DomainUpdate) -> str:
    change = f"{element('domain:registrant', command.registrant)}{write_auth_info('domain', command.auth_info)}"
    return (
        f"{_open('update')}<domain:name>{escape(command.name)}</domain:name>"
        f"{_write_parts('add', command.add)}{_write_parts('rem', command.rem)}"
        f"{f'<domain:chg>{change}</domain:chg>' if change else ''}</domain:update>"
    )


def _write_check_data(data: DomainCheckData) -> str:
    return f"{_open('chkData')}{write_checks('domain', 'name', data.results)}</domain:chkData>"


def _write_info_data(data: DomainInfoData) -> str:
    subordinates = "".join(f"<domain:host>{escape(host)}</domain:host>" for host in data.subordinates)
    return (
        f"{_open('infData')}<domain:name>{escape(data.name)}</domain:name><domain:roid>{escape(data.roid)}</domain:roid>"
        f"{write_statuses('domain', data.statuses)}{element('domain:registrant', data.registrant)}"
        f"{_write_contacts(data.contacts)}{_write_name_servers(data.hosts, data.host_attributes)}{subordinates}"
        f"<domain:clID>{escape(data.cl_id)}</domain:clID>"
        f"{element('domain:crID', data.cr_id)}{instant_element('domain:crDate', data.cr_date)}"
        f"{element('domain:upID', data.up_id)}{instant_element('domain:upDate', data.up_date)}"
        f"{instant_element('domain:exDate', data.ex_date)}{instant_element('domain:trDate', data.tr_date)}"
        "</domain:infData>"
    )


def _write_dates(name: str, domain: str, created: datetime | None, expires: datetime | None) -> str:
    return (
        f"{_open(name)}<domain:name>{escape(domain)}</domain:name>"
        f"{instant_element('domain:crDate', created)}{instant_element('domain:exDate', expires)}</domain:{name}>"
    )


def _write_create_data(data: DomainCreateData) -> str:
    return _write_dates("creData", data.name, data.cr_date, data.ex_date)


def _write_renew_data(data: DomainRenewData) -> str:
    return _write_dates("renData", data.name, None, data.ex_date)


def _write_transfer_data(data: DomainTransferData) -> str:
    return (
        f"{_open('trnData')}<domain:name>{escape(data.name)}</domain:name>"
        f"{write_transfer('domain', data)}{instant_element('domain:exDate', data.ex_date)}</domain:trnData>"
    )


def _write_pending_data(data: DomainPendingData) -> str:
    return f"{_open('panData')}{write_pending('domain', 'name', data.name, data)}</domain:panData>"


WRITE: Final[dict[type, Any]] = {
    DomainCheck: _write_check,
    DomainInfo: _write_info,
    DomainCreate: _write_create,
    DomainDelete: _write_delete,
    DomainRenew: _write_renew,
    DomainTransfer: _write_transfer,
    DomainUpdate: _write_update,
    DomainCheckData: _write_check_data,
    DomainInfoData: _write_info_data,
    DomainCreateData: _write_create_data,
    DomainRenewData: _write_renew_data,
    DomainTransferData: _write_transfer_data,
    DomainPendingData: _write_pending_data,
}
