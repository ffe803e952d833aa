"""Contacts on the wire (RFC 5733)."""

from __future__ import annotations

from typing import Any, Final, Literal, cast

from namestead.epp.messages import (
    AuthInfo,
    ContactCheck,
    ContactCheckData,
    ContactCreate,
    ContactCreateData,
    ContactDelete,
    ContactInfo,
    ContactInfoData,
    ContactPendingData,
    ContactTransfer,
    ContactTransferData,
    ContactUpdate,
    Disclose,
    DisclosedField,
    Phone,
    PostalAddress,
    PostalChange,
    PostalInfo,
    Status,
)
from namestead.epp.namespaces import CONTACT
from namestead.epp.objects.parts import (
    Element,
    after_first,
    read_auth_info,
    read_check,
    read_op,
    read_pending,
    read_phone,
    read_status,
    write_auth_info,
    write_checks,
    write_pending,
    write_phone,
    write_statuses,
    write_transfer,
)
from namestead.epp.values import (
    boolean,
    element,
    escape,
    instant,
    instant_element,
    line,
    token,
    write_boolean,
    write_instant,
)

_NS: Final = f"{{{CONTACT}}}"
_ID, _POSTAL, _VOICE, _FAX, _EMAIL = f"{_NS}id", f"{_NS}postalInfo", f"{_NS}voice", f"{_NS}fax", f"{_NS}email"
_AUTH_INFO, _DISCLOSE, _STATUS = f"{_NS}authInfo", f"{_NS}disclose", f"{_NS}status"
_ADD, _REM, _NAME, _ORG, _ADDR = f"{_NS}add", f"{_NS}rem", f"{_NS}name", f"{_NS}org", f"{_NS}addr"
_STREET, _CITY, _SP, _PC = f"{_NS}street", f"{_NS}city", f"{_NS}sp", f"{_NS}pc"

# ------------------------------------------------------------------------------------------------------------- reading


def _address(node: Element) -> PostalAddress:
    street: list[str] = []
    city = country = ""
    state: str | None = None
    postal_code: str | None = None
    for child in node:
        tag = child.tag
        if tag == _STREET:
            street.append(line(child.text))
        elif tag == _CITY:
            city = line(child.text)
        elif tag == _SP:
            state = line(child.text)
        elif tag == _PC:
            postal_code = token(child.text)
        else:
            country = token(child.text)
    return PostalAddress(city, country, tuple(street), state, postal_code)


def _postal_change(node: Element) -> PostalChange:
    name: str | None = None
    organization: str | None = None
    address: PostalAddress | None = None
    for child in node:
        tag = child.tag
        if tag == _NAME:
            name = line(child.text)
        elif tag == _ORG:
            organization = line(child.text)
        else:
            address = _address(child)
    return PostalChange(_form(node), name, organization, address)


def _form(node: Element) -> Literal["int", "loc"]:
    return "int" if token(node.get("type")) == "int" else "loc"


def _postal_info(node: Element) -> PostalInfo:
    change = _postal_change(node)
    assert change.address is not None  # the schema asks for it
    return PostalInfo(change.type, change.name or "", change.address, change.organization)


def _disclose(node: Element) -> Disclose:
    fields: list[DisclosedField] = []
    for child in node:
        name = child.tag[len(_NS) :]
        form = child.get("type")
        fields.append(cast(DisclosedField, name if form is None else f"{name}.{token(form)}"))
    return Disclose(boolean(node.get("flag")), tuple(fields))


def _check(node: Element, _: str) -> ContactCheck:
    return ContactCheck(tuple(token(child.text) for child in node))


def _info(node: Element, _: str) -> ContactInfo:
    return ContactInfo(token(node[0].text), read_auth_info(node[1]) if len(node) > 1 else None)


def _delete(node: Element, _: str) -> ContactDelete:
    return ContactDelete(token(node[0].text))


def _transfer(node: Element, op: str) -> ContactTransfer:
    return ContactTransfer(read_op(op), token(node[0].text), read_auth_info(node[1]) if len(node) > 1 else None)


def _create(node: Element, _: str) -> ContactCreate:
    postal: list[PostalInfo] = []
    email = ""
    auth_info = AuthInfo("")
    voice: Phone | None = None
    fax: Phone | None = None
    disclose: Disclose | None = None
    for child in after_first(node):
        tag = child.tag
        if tag == _POSTAL:
            postal.append(_postal_info(child))
        elif tag == _VOICE:
            voice = read_phone(child)
        elif tag == _FAX:
            fax = read_phone(child)
        elif tag == _EMAIL:
            email = token(child.text)
        elif tag == _AUTH_INFO:
            auth_info = read_auth_info(child)
        else:
            disclose = _disclose(child)
    return ContactCreate(token(node[0].text), tuple(postal), email, auth_info, voice, fax, disclose)


def _update(node: Element, _: str) -> ContactUpdate:
    add: tuple[Status, ...] = ()
    rem: tuple[Status, ...] = ()
    change: dict[str, Any] = {}
    for child in after_first(node):
        if child.tag == _ADD:
            add = tuple(read_status(status) for status in child)
        elif child.tag == _REM:
            rem = tuple(read_status(status) for status in child)
        else:
            change = _change(child)
    return ContactUpdate(token(node[0].text), add, rem, **change)


def _change(node: Element) -> dict[str, Any]:
    postal: list[PostalChange] = []
    fields: dict[str, Any] = {}
    for child in node:
        tag = child.tag
        if tag == _POSTAL:
            postal.append(_postal_change(child))
        elif tag == _VOICE:
            fields["voice"] = read_phone(child)
        elif tag == _FAX:
            fields["fax"] = read_phone(child)
        elif tag == _EMAIL:
            fields["email"] = token(child.text)
        elif tag == _AUTH_INFO:
            fields["auth_info"] = read_auth_info(child)
        else:
            fields["disclose"] = _disclose(child)
    return {**fields, "postal": tuple(postal)}


def _check_data(node: Element) -> ContactCheckData:
    return ContactCheckData(tuple(read_check(row) for row in node))


_TEXTS: Final = {
    _ID: "id",
    f"{_NS}roid": "roid",
    _EMAIL: "email",
    f"{_NS}clID": "cl_id",
    f"{_NS}crID": "cr_id",
    f"{_NS}upID": "up_id",
    f"{_NS}trStatus": "status",
    f"{_NS}reID": "re_id",
    f"{_NS}acID": "ac_id",
}
_INSTANTS: Final = {
    f"{_NS}crDate": "cr_date",
    f"{_NS}upDate": "up_date",
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
            fields[_INSTANTS[tag]] = instant(child.text, tag.replace(_NS, "contact:"))
    return fields


def _info_data(node: Element) -> ContactInfoData:
    fields = _simple(node)
    for child in node:
        if child.tag == _VOICE:
            fields["voice"] = read_phone(child)
        elif child.tag == _FAX:
            fields["fax"] = read_phone(child)
        elif child.tag == _DISCLOSE:
            fields["disclose"] = _disclose(child)
    return ContactInfoData(
        **fields,
        statuses=tuple(read_status(child) for child in node if child.tag == _STATUS),
        postal=tuple(_postal_info(child) for child in node if child.tag == _POSTAL),
    )


def _create_data(node: Element) -> ContactCreateData:
    return ContactCreateData(**_simple(node))


def _transfer_data(node: Element) -> ContactTransferData:
    return ContactTransferData(**_simple(node))


def _pending_data(node: Element) -> ContactPendingData:
    fields: dict[str, Any] = read_pending(node)
    return ContactPendingData(token(node[0].text), **fields)


READ_COMMAND: Final = {
    ("check", f"{_NS}check"): _check,
    ("info", f"{_NS}info"): _info,
    ("create", f"{_NS}create"): _create,
    ("delete", f"{_NS}delete"): _delete,
    ("transfer", f"{_NS}transfer"): _transfer,
    ("update", f"{_NS}update"): _update,
}
READ_DATA: Final = {
    f"{_NS}chkData": _check_data,
    f"{_NS}infData": _info_data,
    f"{_NS}creData": _create_data,
    f"{_NS}trnData": _transfer_data,
    f"{_NS}panData": _pending_data,
}

# ------------------------------------------------------------------------------------------------------------- writing


def _open(name: str) -> str:
    return f'<contact:{name} xmlns:contact="{CONTACT}">'


def _write_address(address: PostalAddress | None) -> str:
    if address is None:
        return ""
    street = "".join(f"<contact:street>{escape(row)}</contact:street>" for row in address.street)
    return (
        f"<contact:addr>{street}<contact:city>{escape(address.city)}</contact:city>"
        f"{element('contact:sp', address.state)}{element('contact:pc', address.postal_code)}"
        f"<contact:cc>{escape(address.country)}</contact:cc></contact:addr>"
    )


def _write_postal(infos: tuple[PostalInfo, ...] | tuple[PostalChange, ...]) -> str:
    return "".join(
        f'<contact:postalInfo type="{info.type}">{element("contact:name", info.name)}'
        f"{element('contact:org', info.organization)}{_write_address(info.address)}</contact:postalInfo>"
        for info in infos
    )


_DISCLOSED: Final[dict[str, str]] = {
    **{
        f"{name}.{form}": f'<contact:{name} type="{form}"/>'
        for name in ("name", "org", "addr")
        for form in ("int", "loc")
    },
    **{name: f"<contact:{name}/>" for name in ("voice", "fax", "email")},
}


def _write_disclose(disclose: Disclose | None) -> str:
    """In the schema's order, whatever order the fields are given in."""
    if disclose is None:
        return ""
    flag = f'<contact:disclose flag="{write_boolean(disclose.flag)}"'
    fields = "".join(text for field, text in _DISCLOSED.items() if field in disclose.fields)
    return f"{flag}>{fields}</contact:disclose>" if fields else f"{flag}/>"


def _write_statuses(name: str, statuses: tuple[Status, ...]) -> str:
    return f"<contact:{name}>{write_statuses('contact', statuses)}</contact:{name}>" if statuses else ""


def _write_check(command: ContactCheck) -> str:
    ids = "".join(f"<contact:id>{escape(id_)}</contact:id>" for id_ in command.ids)
    return f"{_open('check')}{ids}</contact:check>"


def _write_info(command: ContactInfo) -> str:
    return (
        f"{_open('info')}<contact:id>{escape(command.id)}</contact:id>"
        f"{write_auth_info('contact', command.auth_info)}</contact:info>"
    )


def _write_create(command: ContactCreate) -> str:
    return (
        f"{_open('create')}<contact:id>{escape(command.id)}</contact:id>{_write_postal(command.postal)}"
        f"{write_phone('contact:voice', command.voice)}{write_phone('contact:fax', command.fax)}"
        f"<contact:email>{escape(command.email)}</contact:email>{write_auth_info('contact', command.auth_info)}"
        f"{_write_disclose(command.disclose)}</contact:create>"
    )


def _write_delete(command: ContactDelete) -> str:
    return f"{_open('delete')}<contact:id>{escape(command.id)}</contact:id></contact:delete>"


def _write_transfer(command: ContactTransfer) -> str:
    return (
        f"{_open('transfer')}<contact:id>{escape(command.id)}</contact:id>"
        f"{write_auth_info('contact', command.auth_info)}</contact:transfer>"
    )


def _write_update(command: ContactUpdate) -> str:
    change = (
        f"{_write_postal(command.postal)}"
        f"{write_phone('contact:voice', command.voice)}{write_phone('contact:fax', command.fax)}"
        f"{element('contact:email', command.email)}{write_auth_info('contact', command.auth_info)}"
        f"{_write_disclose(command.disclose)}"
    )
    return (
        f"{_open('update')}<contact:id>{escape(command.id)}</contact:id>"
        f"{_write_statuses('add', command.add)}{_write_statuses('rem', command.rem)}"
        f"{f'<contact:chg>{change}</contact:chg>' if change else ''}</contact:update>"
    )


def _write_check_data(data: ContactCheckData) -> str:
    return f"{_open('chkData')}{write_checks('contact', 'id', data.results)}</contact:chkData>"


def _write_info_data(data: ContactInfoData) -> str:
    return (
        f"{_open('infData')}<contact:id>{escape(data.id)}</contact:id><contact:roid>{escape(data.roid)}</contact:roid>"
        f"{write_statuses('contact', data.statuses)}{_write_postal(data.postal)}"
        f"{write_phone('contact:voice', data.voice)}{write_phone('contact:fax', data.fax)}"
        f"<contact:email>{escape(data.email)}</contact:email>"
        f"<contact:clID>{escape(data.cl_id)}</contact:clID><contact:crID>{escape(data.cr_id)}</contact:crID>"
        f"{instant_element('contact:crDate', data.cr_date)}"
        f"{element('contact:upID', data.up_id)}{instant_element('contact:upDate', data.up_date)}"
        f"{instant_element('contact:trDate', data.tr_date)}{_write_disclose(data.disclose)}</contact:infData>"
    )


def _write_create_data(data: ContactCreateData) -> str:
    return (
        f"{_open('creData')}<contact:id>{escape(data.id)}</contact:id>"
        f"<contact:crDate>{write_instant(data.cr_date)}</contact:crDate></contact:creData>"
    )


def _write_transfer_data(data: ContactTransferData) -> str:
    return (
        f"{_open('trnData')}<contact:id>{escape(data.id)}</contact:id>"
        f"{write_transfer('contact', data)}</contact:trnData>"
    )


def _write_pending_data(data: ContactPendingData) -> str:
    return f"{_open('panData')}{write_pending('contact', 'id', data.id, data)}</contact:panData>"


WRITE: Final[dict[type, Any]] = {
    ContactCheck: _write_check,
    ContactInfo: _write_info,
    ContactCreate: _write_create,
    ContactDelete: _write_delete,
    ContactTransfer: _write_transfer,
    ContactUpdate: _write_update,
    ContactCheckData: _write_check_data,
    ContactInfoData: _write_info_data,
    ContactCreateData: _write_create_data,
    ContactTransferData: _write_transfer_data,
    ContactPendingData: _write_pending_data,
}
