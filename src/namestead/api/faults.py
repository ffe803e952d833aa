"""Every fault of a body at once. Only looked for when a body was refused: the decoder stops at the first.

A struct's fields are walked one by one; what a decoder cannot know (whether a text is a name, an amount, an instant)
is asked of the readers that a field's `Meta(extra={"read": ...})` names.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any

import msgspec
from msgspec import inspect

from namestead import money
from namestead.api.texts import PATTERNS
from namestead.errors import Fault, Refusal
from namestead.objects.spans import parse_instant
from namestead.rules import delegation, names

NAME, HOST, ADDRESS, INSTANT, DAY_OR_INSTANT = "name", "host", "address", "instant", "day_or_instant"


def _name(text: str, field: str) -> None:
    names.parse(text, field=field)


def _address(text: str, field: str) -> None:
    delegation.addresses_of((text,), field)


def _instant(text: str, field: str) -> None:
    parse_instant(text)


def _day_or_instant(text: str, field: str) -> None:
    day_or_instant(text)


READERS: dict[str, Callable[[str, str], None]] = {
    NAME: _name,
    HOST: _name,
    ADDRESS: _address,
    INSTANT: _instant,
    DAY_OR_INSTANT: _day_or_instant,
}


def day_or_instant(text: str) -> date | datetime:
    """A calendar day (`2027-11-24`) or an instant (RFC 3339). `ValueError` if it is neither."""
    if len(text) == len("2027-11-24"):
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise ValueError("a day is written like 2027-11-24") from None
    return parse_instant(text)


@cache
def _fields(struct: type[msgspec.Struct]) -> tuple[inspect.Field, ...]:
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    return info.fields


def of(struct: type[msgspec.Struct], raw: Any, at: str = "") -> Iterator[Fault]:
    """All faults of a decoded JSON value that should be this struct. `at` is the path that leads to it."""
    if not isinstance(raw, dict):
        yield Fault(at or "body", "invalid_type", f"{at or 'The body'} must be an object.")
        return
    fields = _fields(struct)
    known = {f.encode_name for f in fields}
    for name in raw:
        if name not in known:
            yield _unknown(str(name), known, at)
    for f in fields:
        where = f"{at}.{f.encode_name}" if at else f.encode_name
        if f.encode_name not in raw:
            if f.required:
                yield Fault(where, "missing_field", f"{where} is required.")
            continue
        yield from _of_type(f.type, raw[f.encode_name], where)
    check = getattr(struct, "across", None)
    if check is not None:
        yield from check(raw, f"{at}." if at else "")


def _unknown(name: str, known: set[str], at: str) -> Fault:
    where = f"{at}.{name[:64]}" if at else name[:64]
    close = difflib.get_close_matches(name[:64], known, n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    return Fault(where, "unknown_field", f"{where} is not a field of this request.{hint}", name)


def _of_type(kind: inspect.Type, value: Any, where: str) -> Iterator[Fault]:
    read: str | None = None
    while isinstance(kind, inspect.Metadata):
        read = read or (kind.extra or {}).get("read")
        kind = kind.type
    match kind:
        case inspect.UnionType():
            kinds = [k for k in kind.types if not isinstance(k, inspect.NoneType)]
            nullable = any(isinstance(k, inspect.NoneType) for k in kind.types)
            if value is None:
                if not nullable:
                    yield Fault(where, "invalid_type", f"{where} cannot be null. Leave it out to keep what is there.")
                return
            yield from _of_type(kinds[0], value, where)
        case inspect.StructType():
            yield from of(kind.cls, value, where)
        case inspect.VarTupleType() | inspect.ListType():
            yield from _of_list(kind, value, where)
        case _:
            complaint = _complaint(kind, value, where)
            if complaint is not None:
                yield complaint
            elif read is not None:
                yield from _read(read, value, where)


def _of_list(kind: inspect.VarTupleType | inspect.ListType, value: Any, where: str) -> Iterator[Fault]:
    if not isinstance(value, list):
        yield Fault(where, "invalid_type", f"{where} must be a list.")
        return
    few, many = kind.min_length, kind.max_length
    if (few is not None and len(value) < few) or (many is not None and len(value) > many):
        yield Fault(where, "value_out_of_range", f"{where} takes {few or 0} to {many} entries; {len(value)} were sent.")
        return
    for n, item in enumerate(value):
        yield from _of_type(kind.item_type, item, f"{where}[{n}]")


def _complaint(kind: inspect.Type, value: Any, where: str) -> Fault | None:
    shown = value if isinstance(value, str) else None
    match kind:
        case inspect.StrType():
            if not isinstance(value, str):
                return Fault(where, "invalid_type", f"{where} must be a string.")
            few, many = kind.min_length, kind.max_length
            if (few is not None and len(value) < few) or (many is not None and len(value) > many):
                return Fault(where, "invalid_value", f"{where} must be {few or 0} to {many} characters long.", shown)
            if kind.pattern is not None and not _matches(kind.pattern, value):
                return Fault(where, "invalid_value", f"{where} {PATTERNS[kind.pattern]}.", shown)
        case inspect.IntType():
            if isinstance(value, bool) or not isinstance(value, int):
                return Fault(where, "invalid_type", f"{where} must be a whole number.")
            if (kind.ge is not None and value < kind.ge) or (kind.le is not None and value > kind.le):
                message = f"{where} must be from {kind.ge} to {kind.le}."
                return Fault(where, "value_out_of_range", message, str(value)[:64])
        case inspect.BoolType():
            if not isinstance(value, bool):
                return Fault(where, "invalid_type", f"{where} must be true or false.")
        case inspect.EnumType():
            options = [str(member.value) for member in kind.cls]
            return _none_of(options, value, where)
        case inspect.LiteralType():
            return _none_of([str(v) for v in kind.values], value, where)
        case _:
            raise AssertionError(f"no rule for {kind} at {where}")
    return None


def _none_of(options: list[str], value: Any, where: str) -> Fault | None:
    if value in options:
        return None
    shown = value if isinstance(value, str) else None
    return Fault(where, "invalid_value", f"{where} must be one of {', '.join(options)}.", shown)


def _matches(pattern: str, value: str) -> bool:
    try:
        msgspec.convert(value, _pattern_type(pattern))
    except msgspec.ValidationError:
        return False
    return True


@cache
def _pattern_type(pattern: str) -> Any:
    return Annotated[str, msgspec.Meta(pattern=pattern)]


def _read(read: str, value: str, where: str) -> Iterator[Fault]:
    try:
        READERS[read](value, where)
    except Refusal as refusal:
        yield from refusal.details
    except ValueError as problem:
        yield Fault(where, "invalid_value", f"{where}: {problem}.", value)


def of_money(raw: dict[str, Any], at: str) -> Iterator[Fault]:
    """Whether `amount` and `currency`, both texts, are an amount of money together."""
    amount, currency = raw.get("amount"), raw.get("currency")
    if not isinstance(amount, str) or not isinstance(currency, str):
        return
    try:
        money.exponent(currency)
    except ValueError as problem:
        yield Fault(f"{at}currency", "invalid_value", f"{at}currency: {problem}.", currency)
        return
    try:
        money.parse(amount, currency)
    except ValueError as problem:
        yield Fault(f"{at}amount", "invalid_value", f"{at}amount: {problem}.", amount)
