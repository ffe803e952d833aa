"""Hosts on the wire (RFC 5732)."""

from __future__ import annotations

from typing import Any, Final

from namestead.epp.messages import (
    Address,
    HostCheck,
    HostCheckData,
    HostCreate,
    HostCreateData,
    HostDelete,
    HostInfo,
    HostInfoData,
    HostParts,
    HostPendingData,
    HostUpdate,
    Status,
)
from namestead.epp.namespaces import HOST
from namestead.epp.objects.parts import (
    Element,
    after_first,
    read_address,
    read_check,
    read_pending,
    read_status,
    write_addresses,
    write_checks,
    write_pending,
    write_statuses,
)
from namestead.epp.values import element, escape, instant, instant_element, token, write_instant

_NS: Final = f"{{{HOST}}}"
_NAME, _ADDRESS, _STATUS, _ADD, _REM = f"{_NS}name", f"{_NS}addr", f"{_NS}status", f"{_NS}add", f"{_NS}rem"

# ------------------------------------------------------------------------------------------------------------- reading


def _check(node: Element, _: str) -> HostCheck:
    return HostCheck(tuple(token(name.text) for name in node))


def _info(node: Element, _: str) -> HostInfo:
    return HostInfo(token(node[0].text))


def _create(node: Element, _: str) -> HostCreate:
    return HostCreate(token(node[0].text), tuple(read_address(address) for address in after_first(node)))


def _delete(node: Element, _: str) -> HostDelete:
    return HostDelete(token(node[0].text))


def _parts(node: Element) -> HostParts:
    addresses: list[Address] = []
    statuses: list[Status] = []
    for child in node:
        if child.tag == _ADDRESS:
            addresses.append(read_address(child))
        else:
            statuses.append(read_status(child))
    return HostParts(tuple(addresses), tuple(statuses))


def _update(node: Element, _: str) -> HostUpdate:
    add: HostParts | None = None
    rem: HostParts | None = None
    new_name: str | None = None
    for child in after_first(node):
        if child.tag == _ADD:
            add = _parts(child)
        elif child.tag == _REM:
            rem = _parts(child)
        else:
            new_name = token(child[0].text)
    return HostUpdate(token(node[0].text), add, rem, new_name)


def _check_data(node: Element) -> HostCheckData:
    return HostCheckData(tuple(read_check(row) for row in node))


_TEXTS: Final = {
    _NAME: "name",
    f"{_NS}roid": "roid",
    f"{_NS}clID": "cl_id",
    f"{_NS}crID": "cr_id",
    f"{_NS}upID": "up_id",
}
_INSTANTS: Final = {f"{_NS}crDate": "cr_date", f"{_NS}upDate": "up_date", f"{_NS}trDate": "tr_date"}


def _info_data(node: Element) -> HostInfoData:
    fields: dict[str, Any] = {}
    for child in node:
        tag = child.tag
        if tag in _TEXTS:
            fields[_TEXTS[tag]] = token(child.text)
        elif tag in _INSTANTS:
            fields[_INSTANTS[tag]] = instant(child.text, tag.replace(_NS, "host:"))
    return HostInfoData(
        **fields,
        statuses=tuple(read_status(child) for child in node if child.tag == _STATUS),
        addresses=tuple(read_address(child) for child in node if child.tag == _ADDRESS),
    )


def _create_data(node: Element) -> HostCreateData:
    return HostCreateData(token(node[0].text), instant(node[1].text, "host:crDate"))


def _pending_data(node: Element) -> HostPendingData:
    fields: dict[str, Any] = read_pending(node)
    return HostPendingData(token(node[0].text), **fields)


READ_COMMAND: Final = {
    ("check", f"{_NS}check"): _check,
    ("info", f"{_NS}info"): _info,
    ("create", f"{_NS}create"): _create,
    ("delete", f"{_NS}delete"): _delete,
    ("update", f"{_NS}update"): _update,
}
READ_DATA: Final = {
    f"{_NS}chkData": _check_data,
    f"{_NS}infData": _info_data,
    f"{_NS}creData": _create_data,
    f"{_NS}panData": _pending_data,
}

# ------------------------------------------------------------------------------------------------------------- writing


def _open(name: str) -> str:
    return f'<host:{name} xmlns:host="{HOST}">'


def _write_check(command: HostCheck) -> str:
    names = "".join(f"<host:name>{escape(name)}</host:name>" for name in command.names)
    return f"{_open('check')}{names}</host:check>"


def _write_info(command: HostInfo) -> str:
    return f"{_open('info')}<host:name>{escape(command.name)}</host:name></host:info>"


def _write_create(command: HostCreate) -> str:
    return (
        f"{_open('create')}<host:name>{escape(command.name)}</host:name>"
        f"{write_addresses('host:addr', command.addresses)}</host:create>"
    )


def _write_delete(command: HostDelete) -> str:
    return f"{_open('delete')}<host:name>{escape(command.name)}</host:name></host:delete>"


def _write_parts(name: str, parts: HostParts | None) -> str:
    if parts is None:
        return ""
    inner = f"{write_addresses('host:addr', parts.addresses)}{write_statuses('host', parts.statuses)}"
    return f"<host:{name}>{inner}</host:{name}>" if inner else f"<host:{name}/>"


def _write_update(command: HostUpdate) -> str:
    new_name = "" if command.new_name is None else f"<host:chg>{element('host:name', command.new_name)}</host:chg>"
    return (
        f"{_open('update')}<host:name>{escape(command.name)}</host:name>"
        f"{_write_parts('add', command.add)}{_write_parts('rem', command.rem)}{new_name}</host:update>"
    )


def _write_check_data(data: HostCheckData) -> str:
    return f"{_open('chkData')}{write_checks('host', 'name', data.results)}</host:chkData>"


def _write_info_data(data: HostInfoData) -> str:
    return (
        f"{_open('infData')}<host:name>{escape(data.name)}</host:name><host:roid>{escape(data.roid)}</host:roid>"
        f"{write_statuses('host', data.statuses)}{write_addresses('host:addr', data.addresses)}"
        f"<host:clID>{escape(data.cl_id)}</host:clID><host:crID>{escape(data.cr_id)}</host:crID>"
        f"{instant_element('host:crDate', data.cr_date)}"
        f"{element('host:upID', data.up_id)}{instant_element('host:upDate', data.up_date)}"
        f"{instant_element('host:trDate', data.tr_date)}</host:infData>"
    )


def _write_create_data(data: HostCreateData) -> str:
    return (
        f"{_open('creData')}<host:name>{escape(data.name)}</host:name>"
        f"<host:crDate>{write_instant(data.cr_date)}</host:crDate></host:creData>"
    )


def _write_pending_data(data: HostPendingData) -> str:
    return f"{_open('panData')}{write_pending('host', 'name', data.name, data)}</host:panData>"


WRITE: Final[dict[type, Any]] = {
    HostCheck: _write_check,
    HostInfo: _write_info,
    HostCreate: _write_create,
    HostDelete: _write_delete,
    HostUpdate: _write_update,
    HostCheckData: _write_check_data,
    HostInfoData: _write_info_data,
    HostCreateData: _write_create_data,
    HostPendingData: _write_pending_data,
}
