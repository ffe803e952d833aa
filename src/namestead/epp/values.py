"""The simple types of EPP's schemas, as Python values and back.

Reading functions take text a schema has accepted; the few values it accepts and we cannot hold are 2005. Writing
functions give text that is safe in an element and in an attribute.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from namestead.epp.faults import Fault
from namestead.objects.spans import parse_instant

# ------------------------------------------------------------------------------------------------------------- reading

_RUN: Final = re.compile("[\t\n\r ]+")
_BLANK: Final = re.compile("[\t\n\r]")


def token(text: str | None) -> str:
    """xsd:token: no blank at either end, one between words (and, as XML has it, other white space is text)."""
    if text is None:
        return ""
    if " " not in text and text.isprintable():  # the usual one: nothing to take away
        return text
    return _RUN.sub(" ", text).strip(" ")


def line(text: str | None) -> str:
    """xsd:normalizedString: tabs and line ends are blanks."""
    if text is None:
        return ""
    return text if text.isprintable() else _BLANK.sub(" ", text)


def boolean(text: str | None) -> bool:
    return token(text) in ("1", "true")


def integer(text: str | None) -> int:
    """Any of the schemas' whole numbers, none of which is below zero. Zeros in front are allowed without end, and Python
    converts no text that is very long."""
    return int(token(text).lstrip("+-0") or "0")


def decimal(text: str | None) -> Decimal:
    return Decimal(token(text))


def instant(text: str | None, element: str) -> datetime:
    """xsd:dateTime. EPP's instants are in UTC (RFC 5731, 2.4); another zone is converted, none at all
    is 2005, as is an instant beyond what can be held."""
    text = token(text)
    try:
        return parse_instant(text)
    except ValueError as error:
        raise Fault(2005, f"{element}: {error}", element=element, value=text) from None


def day(text: str | None, element: str) -> date:
    """xsd:date. A zone may stand behind it; the day is the one that is written."""
    text = token(text)
    try:
        return date.fromisoformat(text[:10])
    except ValueError as error:
        raise Fault(2005, f"{element}: there is no such day: {error}", element=element, value=text) from None


# ------------------------------------------------------------------------------------------------------------- writing

# Line ends and tabs as references, so that they outlive the reading of an attribute; what XML 1.0 (2.2) has no place
# for becomes U+FFFD, so that no text can make an answer unreadable.
_SPECIAL: Final = re.compile('[&<>"\t\n\r]|[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]')
_REFERENCES: Final = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "\t": "&#9;",
    "\n": "&#10;",
    "\r": "&#13;",
}


def _reference(found: re.Match[str]) -> str:
    return _REFERENCES.get(found[0], "�")


def escape(text: str) -> str:
    if text.isascii() and text.isprintable() and not ("&" in text or "<" in text or ">" in text or '"' in text):
        return text  # the usual one; the pattern takes five times as long to say so
    return _SPECIAL.sub(_reference, text)


def write_instant(instant: datetime) -> str:
    """`2026-11-24T10:00:00.000Z`: UTC, always three digits of a fraction; what is finer is cut off."""
    if instant.tzinfo is None:
        raise ValueError("an instant without a time zone has no place in a message")
    if instant.tzinfo is not UTC:
        instant = instant.astimezone(UTC)
    return f"{instant.isoformat()[:19]}.{instant.microsecond // 1000:03d}Z"


def write_decimal(amount: Decimal) -> str:
    return format(amount, "f")


def write_boolean(value: bool) -> str:
    return "1" if value else "0"


def element(name: str, text: str | None) -> str:
    """`<name>text</name>`, `<name/>` for an empty text, nothing at all for None."""
    if not text:
        return "" if text is None else f"<{name}/>"
    return f"<{name}>{escape(text)}</{name}>"


def instant_element(name: str, instant: datetime | None) -> str:
    return "" if instant is None else f"<{name}>{write_instant(instant)}</{name}>"


def attribute(name: str, value: str | None) -> str:
    """` name="value"`; nothing at all for None."""
    return "" if value is None else f' {name}="{escape(value)}"'


def language(lang: str) -> str:
    """` lang="de"`; nothing for English, which is what a message without it is in."""
    return "" if lang == "en" else f' lang="{escape(lang)}"'
