"""Spans, calendar years and instants, one line a case."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from namestead.objects.spans import MAX_SPAN, add_years, format_instant, format_span, parse_instant, parse_span


@pytest.mark.parametrize(
    "text, span, canonical",
    [
        ("45d", timedelta(days=45), "45d"),
        ("12h", timedelta(hours=12), "12h"),
        ("1d2h3m4s", timedelta(days=1, hours=2, minutes=3, seconds=4), "1d2h3m4s"),
        ("1d4s", timedelta(days=1, seconds=4), "1d4s"),
        ("90m", timedelta(minutes=90), "1h30m"),
        ("24h", timedelta(days=1), "1d"),
        ("0d", timedelta(0), "0s"),
        ("0s", timedelta(0), "0s"),
        ("007d", timedelta(days=7), "7d"),
        ("36525d", MAX_SPAN, "36525d"),
    ],
)
def test_span(text: str, span: timedelta, canonical: str) -> None:
    assert span == parse_span(text)
    assert canonical == format_span(span)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "d",
            "5",
            "-5d",
            "+5d",
            "5 d",
            " 5d",
            "5d ",
            "5d\n",
            "5D",
            "5w",
            "5y",
            "1.5d",
            "1h1d",
            "1d1d",
            "5m5",
        ),
        *("36526d", "36525d1s", "99999999999d", "9999999999d", "٥d", "P1D"),
    ],
)
def test_not_a_span(text: str) -> None:
    with pytest.raises(ValueError, match="a span"):
        parse_span(text)


@pytest.mark.parametrize("span", [timedelta(seconds=-1), timedelta(microseconds=1), timedelta(days=-1)])
def test_span_that_cannot_be_written(span: timedelta) -> None:
    with pytest.raises(ValueError, match="whole seconds"):
        format_span(span)


@given(st.integers(0, MAX_SPAN.days * 86400))
def test_span_is_read_back(seconds: int) -> None:
    assert timedelta(seconds=seconds) == parse_span(format_span(timedelta(seconds=seconds)))


@pytest.mark.parametrize(
    "instant, years, expected",
    [
        ("2026-11-24T03:43:00Z", 1, "2027-11-24T03:43:00Z"),
        ("2026-11-24T03:43:00.000001Z", 10, "2036-11-24T03:43:00.000001Z"),
        ("2024-02-29T23:59:59Z", 1, "2025-02-28T23:59:59Z"),
        ("2024-02-29T00:00:00Z", 4, "2028-02-29T00:00:00Z"),
        ("2024-02-29T00:00:00Z", -1, "2023-02-28T00:00:00Z"),
        ("2023-02-28T00:00:00Z", 1, "2024-02-28T00:00:00Z"),
        ("2096-02-29T00:00:00Z", 4, "2100-02-28T00:00:00Z"),
        ("1996-02-29T00:00:00Z", 4, "2000-02-29T00:00:00Z"),
        ("2024-12-31T23:59:59.999999Z", 1, "2025-12-31T23:59:59.999999Z"),
        ("2024-02-29T12:00:00Z", 0, "2024-02-29T12:00:00Z"),
    ],
)
def test_add_years(instant: str, years: int, expected: str) -> None:
    assert expected == format_instant(add_years(parse_instant(instant), years))


def test_years_end_with_9999() -> None:
    with pytest.raises(ValueError, match="10000"):
        add_years(datetime(9999, 1, 1, tzinfo=UTC), 1)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("2026-11-24T03:43:00Z", "2026-11-24T03:43:00Z"),
        ("2026-11-24T03:43:00.0Z", "2026-11-24T03:43:00Z"),
        ("2026-11-24T03:43:00.5Z", "2026-11-24T03:43:00.500000Z"),
        ("2026-11-24T03:43:00.123456Z", "2026-11-24T03:43:00.123456Z"),
        ("2026-11-24T03:43:00.123456789Z", "2026-11-24T03:43:00.123456Z"),
        ("2026-11-24T03:43:00+02:00", "2026-11-24T01:43:00Z"),
        ("2026-11-24T03:43:00-00:00", "2026-11-24T03:43:00Z"),
        ("2026-01-01T00:30:00+01:00", "2025-12-31T23:30:00Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
    ],
)
def test_instant(text: str, expected: str) -> None:
    assert expected == format_instant(parse_instant(text))


@pytest.mark.parametrize(
    "text",
    [
        *("", "2026-11-24", "2026-11-24T03:43:00", "2026-11-24T03:43Z", "2026-11-24 03:43:00Z", "20261124T034300Z"),
        *("2026-11-24t03:43:00Z", "2026-11-24T03:43:00z", "2026-11-24T03:43:00.Z", "2026-11-24T03:43:00Z\n"),
        *("2025-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-24T24:00:00Z", "2026-11-24T23:59:60Z"),
        *(
            "0001-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            "2026-11-24T03:43:00+25:00",
            "0000-01-01T00:00:00Z",
        ),
        *("2026-11-24T03:43:00.1234567890Z", "٢٠٢٦-11-24T03:43:00Z", "2026-W48-2T03:43:00Z"),
    ],
)
def test_not_an_instant(text: str) -> None:
    with pytest.raises(ValueError, match="instant"):
        parse_instant(text)


def test_instant_of_another_zone_is_written_in_utc() -> None:
    assert "2026-11-24T01:43:00Z" == format_instant(datetime(2026, 11, 24, 3, 43, tzinfo=timezone(timedelta(hours=2))))


def test_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        format_instant(datetime(2026, 11, 24))  # noqa: DTZ001 - naive on purpose


@given(st.datetimes(timezones=st.just(UTC)))
def test_instant_is_read_back(instant: datetime) -> None:
    assert instant == parse_instant(format_instant(instant))


@given(st.text())
def test_any_text_is_read_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        parse_span(text)
    with suppress(ValueError):
        parse_instant(text)
