"""What was done to an object, in a poll message, on the wire (RFC 8590)."""

from __future__ import annotations

from typing import Any, Final

from namestead.epp.messages import CaseId, ChangeData
from namestead.epp.namespaces import CHANGE_POLL
from namestead.epp.objects.parts import Element, read_language, read_optional, write_reason
from namestead.epp.values import attribute, escape, instant, line, token, write_instant

_NS: Final = f"{{{CHANGE_POLL}}}"
_CASE: Final = f"{_NS}caseId"


def _change_data(node: Element) -> ChangeData:
    operation, date, sv_trid, who, *rest = node
    case: CaseId | None = None
    reason: str | None = None
    lang = "en"
    for child in rest:
        if child.tag == _CASE:
            case = CaseId(token(child.text), token(child.get("type")), read_optional(child, "name"))
        else:
            reason, lang = token(child.text), read_language(child)
    state: Any = read_optional(node, "state") or "after"
    return ChangeData(
        token(operation.text),
        instant(date.text, "changePoll:date"),
        token(sv_trid.text),
        line(who.text),
        read_optional(operation, "op"),
        case,
        reason,
        lang,
        state,
    )


READ_RESPONSE: Final = {f"{_NS}changeData": ("change", _change_data)}


def write_response(part: ChangeData) -> str:
    case = part.case_id
    case_id = (
        ""
        if case is None
        else f'<changePoll:caseId type="{escape(case.type)}"{attribute("name", case.name)}>{escape(case.id)}'
        "</changePoll:caseId>"
    )
    return (
        f'<changePoll:changeData xmlns:changePoll="{CHANGE_POLL}" state="{part.state}">'
        f"<changePoll:operation{attribute('op', part.op)}>{escape(part.operation)}</changePoll:operation>"
        f"<changePoll:date>{write_instant(part.date)}</changePoll:date>"
        f"<changePoll:svTRID>{escape(part.sv_trid)}</changePoll:svTRID>"
        f"<changePoll:who>{escape(part.who)}</changePoll:who>{case_id}"
        f"{write_reason('changePoll:reason', part.reason, part.lang)}</changePoll:changeData>"
    )
