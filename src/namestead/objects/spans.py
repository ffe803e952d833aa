"""Spans and instants of time, as they are written: `45d`, `1d2h3m4s`, `2026-11-24T03:43:00Z`; and calendar years.

Everything here is a function of its arguments. It reads no clock and knows neither periods nor policies. Instants are
aware datetimes in UTC; a naive one is refused, never guessed at.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

MAX_SPAN: Final = timedelta(days=36525)  # a century: longer than any policy, and short of what a datetime can hold

_SPAN: Final = re.compile(
    r"(?=[0-9])(?:([0-9]{1,10})d)?(?:([0-9]{1,10})h)?(?:([0-9]{1,10})m)?(?:([0-9]{1,10})s)?", re.ASCII
)
# RFC 3339, section 5.6, with upper-case T and Z. XML Schema's dateTime (EPP) is the same where it carries a zone.
_INSTANT: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?(Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)


def parse_span(text: str) -> timedelta:
    """`45d`, `12h`, `1d2h3m4s`: days, hours, minutes, seconds, in this order, each at most once, no sign, no blank.

    A count may exceed its unit (`90m`); `format_span` writes it canonically (`1h30m`). `ValueError` if it is none, or
    longer than a century.
    """
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ValueError("a span is written like 45d, 12h or 1d2h3m4s")
    days, hours, minutes, seconds = (int(count or 0) for count in match.groups())
    in_seconds = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    if in_seconds > MAX_SPAN.days * 86400:
        raise ValueError(f"a span is at most {MAX_SPAN.days}d")
    return timedelta(seconds=in_seconds)


def format_span(span: timedelta) -> str:
    """The canonical form: largest units first, none that is zero; `0s` for nothing. `ValueError` if it has none."""
    if span < timedelta(0) or span.microseconds:
        raise ValueError("only whole seconds from zero up can be written as a span")
    minutes, seconds = divmod(span.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    counts = ((span.days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s"))
    return "".join(f"{count}{unit}" for count, unit in counts if count) or "0s"


def add_years(instant: datetime, years: int) -> datetime:
    """The same date and time of day so many calendar years on (or back), to the microsecond.

    Validity periods are counted in calendar years (RFC 5731, sections 3.2.1 and 3.2.3), not in 365 days. 29 February
    becomes 28 February in a year without one, so an expiry never lies beyond the period paid for; as the day is then
    lost, four single years from 29 February end on the 28th and four at once on the 29th. `ValueError` past year 9999.
    """
    year = instant.year + years
    if instant.month == 2 and instant.day == 29 and not _is_leap(year):
        return instant.replace(year=year, day=28)
    return instant.replace(year=year)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def parse_instant(text: str) -> datetime:
    """An RFC 3339 date-time as an aware datetime in UTC.

    A numeric offset is accepted and converted, a missing one refused. Digits beyond the microsecond are cut off (some
    EPP clients send nine). A leap second (`:60`) is refused, as Python has none. `ValueError` if it is no instant.
    """
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise ValueError("an instant is written like 2026-11-24T03:43:00Z")
    to_the_second, fraction, offset = match.groups()
    microseconds = (fraction or "0").ljust(6, "0")[:6]
    try:
        return datetime.fromisoformat(f"{to_the_second}.{microseconds}{offset}").astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"there is no such instant: {error}") from None


def format_instant(instant: datetime) -> str:
    """RFC 3339 in UTC with `Z`: to the second, and with six digits of a fraction only where there is one.

    Nothing is rounded, so `parse_instant(format_instant(x)) == x` for every instant of the register.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant without a time zone has no place in the register")
    if instant.tzinfo is not UTC:
        instant = instant.astimezone(UTC)
    return instant.isoformat().removesuffix("+00:00") + "Z"
