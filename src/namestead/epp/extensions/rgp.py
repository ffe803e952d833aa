"""Grace periods and restore on the wire (RFC 3915)."""

from __future__ import annotations

from typing import Any, Final

from namestead.epp.messages import (
    DomainUpdate,
    RestoreReport,
    RestoreRequest,
    RgpInfoData,
    RgpStatus,
    RgpUpdateData,
)
from namestead.epp.namespaces import RGP
from namestead.epp.objects.parts import Element, read_language, whole_text
from namestead.epp.values import element, escape, instant, language, line, token, write_instant
from namestead.epp.xml import fault_at

_NS: Final = f"{{{RGP}}}"


def _text(node: Element) -> str:
    """A report's text may hold marks of its own; what counts is what they say."""
    return whole_text(node).strip(" \t\r\n")


def _update(node: Element) -> RestoreRequest | RestoreReport:
    restore = node[0]
    if token(restore.get("op")) == "request":
        if len(restore):
            raise fault_at(restore[0], 2001, "a restore request has no report; send it with op='report'")
        return RestoreRequest()
    if len(restore) == 0:
        raise fault_at(restore, 2003, "a restore report needs its <rgp:report>")
    pre_data, post_data, deleted, restored, reason, first, second, *other = restore[0]
    return RestoreReport(
        _text(pre_data),
        _text(post_data),
        instant(deleted.text, "rgp:delTime"),
        instant(restored.text, "rgp:resTime"),
        _text(reason),
        (_text(first), _text(second)),
        _text(other[0]) if other else None,
    )


def _statuses(node: Element) -> tuple[RgpStatus, ...]:
    return tuple(RgpStatus(token(status.get("s")), line(status.text), read_language(status)) for status in node)


def _info_data(node: Element) -> RgpInfoData:
    return RgpInfoData(_statuses(node))


def _update_data(node: Element) -> RgpUpdateData:
    return RgpUpdateData(_statuses(node))


READ_COMMAND: Final = {f"{_NS}update": ("rgp", (DomainUpdate,), _update)}
READ_RESPONSE: Final = {f"{_NS}infData": ("rgp", _info_data), f"{_NS}upData": ("rgp", _update_data)}


def _write_restore(restore: RestoreRequest | RestoreReport) -> str:
    if isinstance(restore, RestoreRequest):
        inner = '<rgp:restore op="request"/>'
    else:
        statements = "".join(f"<rgp:statement>{escape(text)}</rgp:statement>" for text in restore.statements)
        inner = (
            f'<rgp:restore op="report"><rgp:report>'
            f"<rgp:preData>{escape(restore.pre_data)}</rgp:preData>"
            f"<rgp:postData>{escape(restore.post_data)}</rgp:postData>"
            f"<rgp:delTime>{write_instant(restore.deleted_at)}</rgp:delTime>"
            f"<rgp:resTime>{write_instant(restore.restored_at)}</rgp:resTime>"
            f"<rgp:resReason>{escape(restore.reason)}</rgp:resReason>{statements}"
            f"{element('rgp:other', restore.other)}</rgp:report></rgp:restore>"
        )
    return f'<rgp:update xmlns:rgp="{RGP}">{inner}</rgp:update>'


def write_command(part: Any, verb: str) -> str:
    del verb  # a restore is always an update
    return _write_restore(part)


def write_response(part: RgpInfoData | RgpUpdateData) -> str:
    name = "infData" if isinstance(part, RgpInfoData) else "upData"
    statuses = "".join(
        f'<rgp:rgpStatus s="{escape(status.value)}"{language(status.lang)}>{escape(status.text)}</rgp:rgpStatus>'
        if status.text
        else f'<rgp:rgpStatus s="{escape(status.value)}"{language(status.lang)}/>'
        for status in part.statuses
    )
    return f'<rgp:{name} xmlns:rgp="{RGP}">{statuses}</rgp:{name}>'
