"""Zones as YAML files: the whole of what an operator decides about a zone, written and read, and the plan between two.

A file says everything: what it leaves out has its default. `zone show` writes such a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import yaml

from namestead import money
from namestead.errors import Refusal
from namestead.objects.names import IdnTable, LabelPolicy, Name
from namestead.objects.spans import format_instant, format_span, parse_instant, parse_span
from namestead.objects.zone import Apply, Backend, ContactModel, HostModel, Lengths, Policy, Price, Zone
from namestead.rules import names


class BadFile(Exception):
    """A file is no zone file; `faults` are all of its faults, each with its place."""

    def __init__(self, path: Path, faults: list[str]) -> None:
        super().__init__(f"{path} is not a zone file:\n  " + "\n  ".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a file asks for."""

    name: Name
    test: bool = False
    house_registrar: str | None = None
    policy: Policy = field(default_factory=Policy)


def read(path: Path) -> Wanted:
    """The zone a file asks for. `BadFile` with every fault; `OSError` where it cannot be opened."""
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        raise BadFile(path, [str(problem)]) from None
    if not isinstance(given, dict):
        raise BadFile(path, ["it holds no mapping of settings; see 'namestead zone show' for how one looks."])
    reader = _Reader()
    wanted = reader.zone(given)
    if reader.faults:
        raise BadFile(path, reader.faults)
    assert wanted is not None
    return wanted


def write(zone: Zone, house_registrar: str | None) -> str:
    """The file that would make this zone."""
    document: dict[str, Any] = {"zone": zone.name, "test": zone.test}
    if house_registrar is not None:
        document["house_registrar"] = house_registrar
    document["policy"] = plain(zone.policy)
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
    return text


def plain(policy: Policy) -> dict[str, Any]:
    """A policy as a file shows it."""
    label = policy.label
    tables: list[Any] = []
    for table in label.idn_tables:
        if names.IDN_TABLES.get(table.name) == table:
            tables.append(table.name)
        else:
            tables.append({"name": table.name, "letters": "".join(sorted(table.letters)), "source": table.source})
    return {
        "open": policy.open,
        "min_years": policy.min_years,
        "max_years": policy.max_years,
        "contacts": str(policy.contacts),
        "hosts": str(policy.hosts),
        "label": {
            "min_length": label.min_length,
            "max_length": label.max_length,
            "allow_idn": label.allow_idn,
            "idn_tables": tables,
            "allow_digits_only": label.allow_digits_only,
            "allow_consecutive_hyphens": label.allow_consecutive_hyphens,
            "forbidden": list(label.forbidden),
        },
        "lengths": {name: format_span(getattr(policy.lengths, name)) for name in _fields(Lengths)},
        "prices": [_plain_price(price) for price in policy.prices],
        "premium": dict(policy.premium),
        "backend": {
            "adapter": policy.backend.adapter,
            "reference": policy.backend.reference,
            "apply": str(policy.backend.apply),
            "records": policy.backend.records,
        },
    }


def _plain_price(price: Price) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "command": price.command,
        "amount": money.Money(price.amount, price.currency).decimal(),
        "currency": price.currency,
    }
    if price.tier:
        shown["tier"] = price.tier
    if price.years is not None:
        shown["years"] = price.years
    if price.starts is not None:
        shown["starts"] = format_instant(price.starts)
    if price.ends is not None:
        shown["ends"] = format_instant(price.ends)
    return shown


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a plan: what a setting is and what it would be. None where it is not there."""

    what: str
    before: str | None
    after: str | None


def plan(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[Step]:
    """What would change, setting by setting; prices are told by what they are for, not by their place in a list."""
    old, new = dict(_flat("", before or {})), dict(_flat("", after))
    return [
        Step(what, old.get(what), new.get(what))
        for what in [*old, *(w for w in new if w not in old)]
        if old.get(what) != new.get(what)
    ]


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for name, part in value.items():
            yield from _flat(f"{prefix}.{name}" if prefix else name, part)
    elif isinstance(value, list) and value and all(isinstance(v, Mapping) and "command" in v for v in value):
        for price in value:
            told = [f"{k} {price[k]}" for k in ("tier", "years", "starts", "ends") if k in price]
            what = " ".join([price["command"], price["currency"], *told])
            yield f"{prefix}[{what}]", f"{price['amount']} {price['currency']}"
    elif isinstance(value, list):
        yield prefix, ", ".join(str(v["name"]) if isinstance(v, Mapping) else str(v) for v in value) or "none"
    elif not isinstance(value, Mapping):
        yield prefix, str(value).lower() if isinstance(value, bool) else str(value)


def _fields(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    return kind.__struct_fields__


_LABEL_FIELDS = tuple(field.name for field in fields(LabelPolicy))


class _Reader:
    """Reads what YAML gave, and notes every fault with its place."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def zone(self, given: dict[str, Any]) -> Wanted | None:
        self._only(given, "", ("zone", "test", "house_registrar", "policy"))
        name = None
        try:
            name = names.parse(str(given["zone"]), field="zone")
        except KeyError:
            self.faults.append("zone: the name of the zone is missing.")
        except Refusal as refusal:
            self.faults.append(refusal.message)
        test = self._value(given, "", "test", bool, default=False)
        house = self._value(given, "", "house_registrar", str, None)
        policy = self._policy(self._value(given, "", "policy", dict, {}))
        return Wanted(name, test, house, policy) if name is not None else None

    def _policy(self, given: dict[str, Any]) -> Policy:
        at, default = "policy.", Policy()
        self._only(given, at, _fields(Policy))
        return Policy(
            open=self._value(given, at, "open", bool, default.open),
            label=self._label(self._value(given, at, "label", dict, {})),
            min_years=self._value(given, at, "min_years", int, default.min_years),
            max_years=self._value(given, at, "max_years", int, default.max_years),
            lengths=self._lengths(self._value(given, at, "lengths", dict, {})),
            prices=tuple(
                price
                for n, one in enumerate(self._value(given, at, "prices", list, []))
                if (price := self._price(f"policy.prices[{n}]", one)) is not None
            ),
            premium={str(k): str(v) for k, v in self._value(given, at, "premium", dict, {}).items()},
            contacts=self._choice(given, at, "contacts", ContactModel, default.contacts),
            hosts=self._choice(given, at, "hosts", HostModel, default.hosts),
            backend=self._backend(self._value(given, at, "backend", dict, {})),
        )

    def _label(self, given: dict[str, Any]) -> LabelPolicy:
        at, default = "policy.label.", LabelPolicy()
        self._only(given, at, _LABEL_FIELDS)
        return LabelPolicy(
            min_length=self._value(given, at, "min_length", int, default.min_length),
            max_length=self._value(given, at, "max_length", int, default.max_length),
            allow_idn=self._value(given, at, "allow_idn", bool, default.allow_idn),
            idn_tables=tuple(
                table
                for n, one in enumerate(self._value(given, at, "idn_tables", list, []))
                if (table := self._table(f"{at}idn_tables[{n}]", one)) is not None
            ),
            allow_digits_only=self._value(given, at, "allow_digits_only", bool, default.allow_digits_only),
            allow_consecutive_hyphens=self._value(
                given, at, "allow_consecutive_hyphens", bool, default.allow_consecutive_hyphens
            ),
            forbidden=tuple(str(pattern) for pattern in self._value(given, at, "forbidden", list, [])),
        )

    def _table(self, at: str, given: Any) -> IdnTable | None:
        if isinstance(given, str):
            if given in names.IDN_TABLES:
                return names.IDN_TABLES[given]
            self.faults.append(f"{at}: there is no table '{given}'; there are {', '.join(names.IDN_TABLES)}.")
            return None
        if not isinstance(given, dict) or not given.keys() >= {"name", "letters", "source"}:
            self.faults.append(f"{at}: a table is the name of one of ours, or has name, letters and source.")
            return None
        return IdnTable(str(given["name"]), frozenset(str(given["letters"])), str(given["source"]))

    def _lengths(self, given: dict[str, Any]) -> Lengths:
        self._only(given, "policy.lengths.", _fields(Lengths))
        read: dict[str, timedelta] = {}
        for name in _fields(Lengths):
            if name in given:
                try:
                    read[name] = parse_span(str(given[name]))
                except ValueError as problem:
                    self.faults.append(f"policy.lengths.{name}: {problem}, not '{given[name]}'.")
        return Lengths(**read)

    def _price(self, at: str, given: Any) -> Price | None:
        if not isinstance(given, dict):
            self.faults.append(f"{at}: a price has command, amount and currency.")
            return None
        self._only(given, at + ".", _fields(Price))
        missing = [name for name in ("command", "amount", "currency") if name not in given]
        if missing:
            self.faults.append(f"{at}: {' and '.join(missing)} is missing.")
            return None
        if isinstance(given["amount"], float):
            self.faults.append(
                f'{at}.amount: put the amount in quotes, like "10.00": a float loses what it stands for.'
            )
            return None
        try:
            amount = money.parse(str(given["amount"]), str(given["currency"])).amount
            starts, ends = self._instant(given.get("starts")), self._instant(given.get("ends"))
        except ValueError as problem:
            self.faults.append(f"{at}: {problem}.")
            return None
        years = self._value(given, at + ".", "years", int, None)
        return Price(
            str(given["command"]), amount, str(given["currency"]), str(given.get("tier", "")), years, starts, ends
        )

    def _instant(self, given: Any) -> Any:
        if given is None:
            return None
        text = given.isoformat() if hasattr(given, "isoformat") else str(given)
        text = text.replace(" ", "T").replace("+00:00", "Z")
        return parse_instant(text if "T" in text else f"{text}T00:00:00Z")

    def _backend(self, given: dict[str, Any]) -> Backend:
        at, default = "policy.backend.", Backend()
        self._only(given, at, _fields(Backend))
        return Backend(
            adapter=self._value(given, at, "adapter", str, default.adapter),
            reference=self._value(given, at, "reference", str, default.reference),
            apply=self._choice(given, at, "apply", Apply, default.apply),
            records=self._value(given, at, "records", bool, default.records),
        )

    def _value(self, given: dict[str, Any], at: str, name: str, kind: type, default: Any) -> Any:
        value = given.get(name)
        if value is None:
            return default
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            word = {bool: "true or false", int: "a whole number", str: "a text", dict: "a mapping", list: "a list"}[
                kind
            ]
            self.faults.append(f"{at}{name}: takes {word}, not '{value}'.")
            return default
        return value

    def _choice(self, given: dict[str, Any], at: str, name: str, kind: Any, default: Any) -> Any:
        value = given.get(name)
        if value is None:
            return default
        try:
            return kind(value)
        except ValueError:
            self.faults.append(f"{at}{name}: takes {', '.join(kind)}, not '{value}'.")
            return default

    def _only(self, given: dict[str, Any], at: str, known: tuple[str, ...]) -> None:
        self.faults.extend(
            f"{at}{name}: there is no such setting; there are {', '.join(known)}."
            for name in given
            if name not in known
        )
