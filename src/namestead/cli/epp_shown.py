"""What `namestead epp shell` prints of an answer: words for people, XML as it went over the wire, or JSON for programs."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import msgspec
from lxml import etree
from rich.syntax import Syntax
from rich.text import Text

from namestead.cli import show
from namestead.epp import messages as epp
from namestead.epp.faults import Fault
from namestead.epp.xml import parse_only

ADVICE: Final = {
    2002: "The server cannot take this now: after a login there is no second one, before it nothing else.",
    2103: "The server speaks no such extension, or it was not announced at login: 'hello' lists them.",
    2104: "The account does not cover it: 'namestead account deposit', or ask the registry.",
    2105: "It cannot be renewed now, or not for so long: 'info' shows when it expires.",
    2106: "It cannot be transferred now: 'info' shows its status and sponsor.",
    2201: "It is another registrar's: 'info' shows whose.",
    2202: "The authInfo is wrong or has ended: ask its sponsor for a new one, and give it with --auth-info.",
    2300: "A transfer is under way: 'transfer query NAME' shows whose.",
    2301: "No transfer is under way: begin one with 'transfer request NAME --auth-info PASSWORD'.",
    2302: "It exists already: 'check' says what is free, 'info' whose it is.",
    2303: "There is no such object: 'check' says whether the name can be had.",
    2304: "Its status forbids that: 'info' shows it; client statuses go with 'update NAME --rem-status STATUS'.",
    2305: "Something else needs it: 'info' shows what is under it.",
    2306: "The zone's rules forbid that; the reason above says which.",
    2400: "The server could not do it: nothing was changed. Try again, and tell the registry if it stays.",
    2500: "The server could not do it and closes the connection: try again in a moment.",
    2501: "Wrong password or certificate, too often: see the registry's log, or ask for a new password.",
    2502: "Too many sessions, or too many requests: end another session, or wait a minute.",
}
"""What to do about a refusal, beyond what the server says (RFC 5730, 3)."""


def person(answer: epp.Response) -> None:
    """The result, what the server says of it, and the data, in lines."""
    for result in answer.results:
        style = "bold green" if result.success else "bold red"
        show.out.print(Text.assemble((str(result.code), style), " ", result.message))
        for reason in reasons(result):
            show.out.print(Text(f"     {reason}"))
        if result.code in ADVICE:
            show.out.print(Text(f"     {ADVICE[result.code]}", "dim"))
    queue = answer.queue
    if queue is not None and (queue.message is not None or queue.date is not None):
        show.lines({"message": queue.id, "of": queue.date, "says": queue.message, "waiting": queue.count})
    if isinstance(answer.data, epp.DomainCheckData | epp.HostCheckData | epp.ContactCheckData):
        rows = [(r.name, "free" if r.available else "taken", r.reason) for r in answer.data.results]
        show.table(("", "", ""), rows, "", heading=False)
    elif answer.data is not None:
        show.lines(_lines(answer.data))
    extensions = answer.extensions
    if isinstance(extensions.fee, epp.FeeCheckData):
        _fees(extensions.fee)
        extensions = msgspec.structs.replace(extensions, fee=None)
    if extensions != epp.NO_RESPONSE_EXTENSIONS:
        show.lines({name.replace("_", " "): value for name, value in _lines(extensions).items()})
    if queue is not None and queue.message is None and queue.date is None and queue.count:
        show.out.print(Text(f"     {queue.count} message(s) wait: poll", "dim"))


def greeting(found: epp.Greeting) -> None:
    """What the server is and speaks."""
    show.lines(
        {
            "server": found.sv_id,
            "its time": found.sv_date,
            "objects": [_short(uri) for uri in found.obj_uris],
            "extensions": [_short(uri) for uri in found.ext_uris],
        }
    )


def document(answer: epp.Response | epp.Greeting) -> dict[str, Any]:
    """The same for programs: what is empty is left out."""
    found: dict[str, Any] = _full(answer)
    if isinstance(answer, epp.Response):
        found["code"] = answer.code
        found["success"] = answer.code < 2000
    return found


def reasons(result: epp.Result) -> list[str]:
    """What the server says about a failure, with the element it means."""
    found = [f"{_element(e.value)}: {e.reason}" for e in result.ext_values]
    return found + [_element(v) for v in result.values]


def xml(payload: bytes, label: str) -> None:
    """A frame, indented; on a terminal in colours. One that is no XML is shown as it is."""
    text = pretty(payload)
    show.out.print(Text(f"<!-- {label} -->", "dim"))
    if show.out.is_terminal:
        show.out.print(Syntax(text, "xml", background_color="default", word_wrap=True))
    else:
        show.out.print(Text(text))


def pretty(payload: bytes) -> str:
    """Indented, whatever white space there was between elements. Never fetches or expands anything."""
    try:
        root = parse_only(payload)
    except Fault:
        return payload.decode(errors="replace")
    etree.indent(root)
    return etree.tostring(root, encoding="unicode")


def _element(value: epp.Value) -> str:
    if value == epp.UNDEFINED:
        return "the command"
    return f"{value.element} '{value.text}'" if value.text else value.element


def _fees(data: epp.FeeCheckData) -> None:
    rows = []
    for quoted in data.objects:
        for quote in quoted.quotes:
            amount = sum((fee.amount for fee in quote.fees), Decimal(0))
            amount += sum((credit.amount for credit in quote.credits), Decimal(0))
            said = quote.reason or f"{amount} {data.currency}"
            rows.append((quoted.id, quote.command.name, said, quoted.fee_class or ""))
        if not quoted.quotes:
            rows.append((quoted.id, "", quoted.reason or "", quoted.fee_class or ""))
    show.table(("", "", "", ""), rows, "", heading=False)


def _lines(value: Any) -> dict[str, Any]:
    """A value's fields by their names, each as one text; `lang` and defaults are noise to a person."""
    found: dict[str, Any] = {}
    for name in value.__struct_fields__:
        field = getattr(value, name)
        if field is None or field in ("", ()):
            continue
        found[name.replace("_", " ")] = _said(field)
    return found


def _said(value: Any) -> Any:
    match value:
        case tuple():
            return tuple(str(_said(part)) for part in value)
        case epp.Status() | epp.RgpStatus():
            return f"{value.value} ({value.text})" if value.text else value.value
        case epp.DomainContact():
            return f"{value.type}:{value.id}"
        case epp.Address():
            return value.address
        case epp.Period():
            return f"{value.number} {'years' if value.unit == 'y' else 'months'}"
        case epp.Phone():
            return f"{value.number}x{value.extension}" if value.extension else value.number
        case epp.DsData():
            return f"{value.key_tag} {value.algorithm} {value.digest_type} {value.digest}"
        case epp.Fee() | epp.Credit():
            return f"{value.amount} {value.description or ''}".strip()
        case epp.SecurityEvent():
            ends = f" (ends {show.text(value.ex_date)})" if value.ex_date else ""
            return f"{value.level}, {value.type}: {value.text}{ends}"
        case msgspec.Struct():
            inner = _lines(value).items()
            return ", ".join(f"{name} {show.text(part)}" for name, part in inner if name != "lang")
    return value


def _full(value: Any) -> Any:
    match value:
        case msgspec.Struct():
            fields = ((name, getattr(value, name)) for name in value.__struct_fields__)
            return {name: _full(field) for name, field in fields if field is not None and field not in ("", ())}
        case tuple():
            return [_full(part) for part in value]
        case Decimal():
            return str(value)
        case datetime() | date():
            return value.isoformat().replace("+00:00", "Z")
    return value


def _short(uri: str) -> str:
    return uri.rsplit(":", 1)[-1]
