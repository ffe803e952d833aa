"""Announced maintenance on the wire (RFC 9167): an info command of its own, and its data in answers and poll messages."""

from __future__ import annotations

from typing import Any, Final

from namestead.epp.messages import (
    MaintenanceDescription,
    MaintenanceId,
    MaintenanceInfo,
    MaintenanceIntervention,
    MaintenanceItem,
    MaintenanceList,
    MaintenanceListItem,
    MaintenanceSystem,
    MaintenanceType,
)
from namestead.epp.namespaces import MAINTENANCE
from namestead.epp.objects.parts import Element, read_language, read_optional
from namestead.epp.values import (
    attribute,
    boolean,
    element,
    escape,
    instant,
    instant_element,
    language,
    token,
    write_boolean,
)

_NS: Final = f"{{{MAINTENANCE}}}"
_ID, _LIST = f"{_NS}id", f"{_NS}list"


def _info(node: Element, _: str) -> MaintenanceInfo:
    child = node[0]
    return MaintenanceInfo(token(child.text) if child.tag == _ID else None)


def _id(node: Element) -> MaintenanceId:
    return MaintenanceId(token(node.text), read_optional(node, "name"), read_language(node))


def _instant(node: Element) -> Any:
    return instant(node.text, node.tag.replace(_NS, "maint:"))


def _list_item(node: Element) -> MaintenanceListItem:
    id_, start, end, created, *updated = node
    return MaintenanceListItem(
        _id(id_), _instant(start), _instant(end), _instant(created), _instant(updated[0]) if updated else None
    )


def _system(node: Element) -> MaintenanceSystem:
    name, *host, impact = node
    return MaintenanceSystem(token(name.text), token(impact.text), token(host[0].text) if host else None)


def _description(node: Element) -> MaintenanceDescription:
    kind: Any = read_optional(node, "type") or "plain"
    return MaintenanceDescription(node.text or "", read_language(node), kind)


def _item(node: Element) -> MaintenanceItem:
    fields: dict[str, Any] = {}
    types: list[MaintenanceType] = []
    descriptions: list[MaintenanceDescription] = []
    for child in node:
        name = child.tag[len(_NS) :]
        match name:
            case "id":
                fields["id"] = _id(child)
            case "type":
                types.append(MaintenanceType(child.text or "", read_language(child)))
            case "pollType":
                fields["poll_type"] = token(child.text)
            case "systems":
                fields["systems"] = tuple(_system(system) for system in child)
            case "environment":
                fields["environment"] = token(child.get("type"))
                fields["environment_name"] = read_optional(child, "name")
            case "start" | "end":
                fields[name] = _instant(child)
            case "reason" | "detail":
                fields[name] = token(child.text)
            case "description":
                descriptions.append(_description(child))
            case "tlds":
                fields["tlds"] = tuple(token(tld.text) for tld in child)
            case "intervention":
                fields["intervention"] = MaintenanceIntervention(boolean(child[0].text), boolean(child[1].text))
            case "crDate":
                fields["cr_date"] = _instant(child)
            case _:
                fields["up_date"] = _instant(child)
    return MaintenanceItem(**fields, types=tuple(types), descriptions=tuple(descriptions))


def _info_data(node: Element) -> MaintenanceList | MaintenanceItem:
    child = node[0]
    if child.tag == _LIST:
        return MaintenanceList(tuple(_list_item(item) for item in child))
    return _item(child)


READ_COMMAND: Final = {("info", f"{_NS}info"): _info}
READ_DATA: Final = {f"{_NS}infData": _info_data}


def _write_info(command: MaintenanceInfo) -> str:
    inner = "<maint:list/>" if command.id is None else f"<maint:id>{escape(command.id)}</maint:id>"
    return f'<maint:info xmlns:maint="{MAINTENANCE}">{inner}</maint:info>'


def _write_id(id_: MaintenanceId) -> str:
    return f"<maint:id{attribute('name', id_.name)}{language(id_.lang)}>{escape(id_.id)}</maint:id>"


def _write_list_item(item: MaintenanceListItem) -> str:
    return (
        f"<maint:listItem>{_write_id(item.id)}{instant_element('maint:start', item.start)}"
        f"{instant_element('maint:end', item.end)}{instant_element('maint:crDate', item.cr_date)}"
        f"{instant_element('maint:upDate', item.up_date)}</maint:listItem>"
    )


def _write_data(inner: str) -> str:
    return f'<maint:infData xmlns:maint="{MAINTENANCE}">{inner}</maint:infData>'


def _write_list(data: MaintenanceList) -> str:
    return _write_data(f"<maint:list>{''.join(map(_write_list_item, data.items))}</maint:list>")


def _write_system(system: MaintenanceSystem) -> str:
    return (
        f"<maint:system><maint:name>{escape(system.name)}</maint:name>{element('maint:host', system.host)}"
        f"<maint:impact>{escape(system.impact)}</maint:impact></maint:system>"
    )


def _write_item(item: MaintenanceItem) -> str:
    types = "".join(f"<maint:type{language(row.lang)}>{escape(row.text)}</maint:type>" for row in item.types)
    descriptions = "".join(
        f'<maint:description{language(row.lang)} type="{row.type}">{escape(row.text)}</maint:description>'
        for row in item.descriptions
    )
    tlds = "".join(f"<maint:tld>{escape(tld)}</maint:tld>" for tld in item.tlds)
    change = item.intervention
    intervention = (
        ""
        if change is None
        else f"<maint:intervention><maint:connection>{write_boolean(change.connection)}</maint:connection>"
        f"<maint:implementation>{write_boolean(change.implementation)}</maint:implementation></maint:intervention>"
    )
    return _write_data(
        f"<maint:item>{_write_id(item.id)}{types}{element('maint:pollType', item.poll_type)}"
        f"<maint:systems>{''.join(map(_write_system, item.systems))}</maint:systems>"
        f'<maint:environment type="{escape(item.environment)}"{attribute("name", item.environment_name)}/>'
        f"{instant_element('maint:start', item.start)}{instant_element('maint:end', item.end)}"
        f"<maint:reason>{escape(item.reason)}</maint:reason>{element('maint:detail', item.detail)}{descriptions}"
        f"{f'<maint:tlds>{tlds}</maint:tlds>' if tlds else ''}{intervention}"
        f"{instant_element('maint:crDate', item.cr_date)}{instant_element('maint:upDate', item.up_date)}</maint:item>"
    )


WRITE: Final[dict[type, Any]] = {
    MaintenanceInfo: _write_info,
    MaintenanceList: _write_list,
    MaintenanceItem: _write_item,
}
