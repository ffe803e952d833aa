"""The simple types: white space as the schemas see it, instants in one form, and text that cannot be taken for marks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from namestead.epp.faults import Fault
from namestead.epp.values import (
    attribute,
    boolean,
    day,
    decimal,
    element,
    escape,
    instant,
    integer,
    line,
    token,
    write_decimal,
    write_instant,
)

# text, as a token, as a line
TEXTS = [
    (None, "", ""),
    ("", "", ""),
    ("a", "a", "a"),
    ("a b", "a b", "a b"),
    ("  a \t\r\n b  ", "a b", "  a     b  "),
    ("\n", "", " "),
    ("a\u00a0b\u2003c", "a\u00a0b\u2003c", "a\u00a0b\u2003c"),  # XML knows four white characters, and no more
    ("a\u0085b\u2028c", "a\u0085b\u2028c", "a\u0085b\u2028c"),
    ("a\u200db", "a\u200db", "a\u200db"),
]


@pytest.mark.parametrize(("text", "as_token", "as_line"), TEXTS)
def test_white_space(text: str | None, as_token: str, as_line: str) -> None:
    assert as_token == token(text)
    assert as_line == line(text)


@pytest.mark.parametrize(
    ("text", "value"), [("0", 0), (" 12 ", 12), ("+5", 5), ("007", 7), ("-0", 0), ("0" * 9999 + "1", 1), ("18446744073709551615", 2**64 - 1)]
)  # fmt: skip
def test_whole_numbers(text: str, value: int) -> None:
    assert value == integer(text)


def test_booleans_and_decimals() -> None:
    assert [True, True, False, False] == [boolean(text) for text in ("1", " true ", "0", "false")]
    assert [Decimal("12.50"), Decimal("0.5"), Decimal(-5)] == [decimal(text) for text in (" 12.50 ", ".5", "-5.")]
    assert ["12.50", "100000", "0.0000001"] == [write_decimal(Decimal(text)) for text in ("12.50", "1E5", "1E-7")]


INSTANTS = [
    ("2026-11-24T10:00:00Z", datetime(2026, 11, 24, 10, tzinfo=UTC), "2026-11-24T10:00:00.000Z"),
    ("2026-11-24T10:00:00.0Z", datetime(2026, 11, 24, 10, tzinfo=UTC), "2026-11-24T10:00:00.000Z"),
    ("2026-11-24T10:00:00.25Z", datetime(2026, 11, 24, 10, 0, 0, 250_000, UTC), "2026-11-24T10:00:00.250Z"),
    ("2026-11-24T10:00:00.123456789Z", datetime(2026, 11, 24, 10, 0, 0, 123_456, UTC), "2026-11-24T10:00:00.123Z"),
    ("2026-11-24T10:00:00.999999Z", datetime(2026, 11, 24, 10, 0, 0, 999_999, UTC), "2026-11-24T10:00:00.999Z"),
    ("2026-11-24T12:00:00+02:00", datetime(2026, 11, 24, 10, tzinfo=UTC), "2026-11-24T10:00:00.000Z"),
    (" 0999-01-01T00:00:00Z\n", datetime(999, 1, 1, tzinfo=UTC), "0999-01-01T00:00:00.000Z"),
]


@pytest.mark.parametrize(("text", "value", "written"), INSTANTS)
def test_instants(text: str, value: datetime, written: str) -> None:
    assert value == instant(text, "rgp:delTime")
    assert written == write_instant(value)


def test_an_instant_is_written_in_utc() -> None:
    there = datetime(2026, 11, 24, 12, tzinfo=timezone(timedelta(hours=2)))
    assert "2026-11-24T10:00:00.000Z" == write_instant(there)
    with pytest.raises(ValueError, match="without a time zone"):
        write_instant(datetime(2026, 11, 24))  # noqa: DTZ001 - what is refused


@pytest.mark.parametrize(
    "text",
    ["2026-11-24T10:00:00", "-0001-01-01T00:00:00Z", "12026-01-01T00:00:00Z", "2026-11-24T24:00:00Z", "0001-01-01T00:00:00+14:00"],
)  # fmt: skip
def test_an_instant_that_cannot_be_held_is_2005(text: str) -> None:
    """All of them are xsd:dateTime."""
    with pytest.raises(Fault) as caught:
        instant(text, "rgp:delTime")
    assert (2005, "rgp:delTime", text) == (caught.value.code, caught.value.element, caught.value.value)


def test_days() -> None:
    assert date(2026, 11, 24) == day("2026-11-24", "domain:curExpDate") == day(" 2026-11-24Z ", "domain:curExpDate")
    assert date(2026, 11, 24) == day("2026-11-24+14:00", "domain:curExpDate")
    for text in ("-2026-11-24", "12026-11-24"):
        with pytest.raises(Fault, match="2005"):
            day(text, "domain:curExpDate")


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_categories=[]), max_size=30))
def test_any_text_is_safe_in_an_element_and_in_an_attribute(text: str) -> None:
    root = etree.fromstring(f"<a{attribute('b', text)}>{escape(text)}</a>".encode())
    has_place = "".join(
        c if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff" else "�" for c in text
    )
    assert has_place == (root.text or "")
    assert has_place == root.get("b")
    assert 0 == len(root)


def test_elements() -> None:
    assert ["", "<a/>", "<a>&lt;b&gt;&amp;&quot;'</a>"] == [element("a", text) for text in (None, "", "<b>&\"'")]
