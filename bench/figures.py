"""Figures: what one measurement yields, medians over repeats, and the bars of the issue. No measuring here."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec


class Sample(msgspec.Struct, omit_defaults=True):
    """One measurement. Latencies in milliseconds, processor times in microseconds a command, WAL in bytes a command.

    `errors` counts what went wrong by its name: a sample with any makes the whole run red.
    """

    rate: float = 0.0
    commands: int = 0
    p50: float | None = None
    p99: float | None = None
    client_cpu: float | None = None
    server_cpu: float | None = None
    wal: float | None = None
    errors: dict[str, int] = {}
    rows: dict[str, float] = {}
    """Rows inserted a command, by table."""
    detail: dict[str, float] = {}


def percentile(sorted_values: Sequence[float], share: float) -> float | None:
    """The value that `share` of the values do not exceed (nearest rank)."""
    if not sorted_values:
        return None
    return sorted_values[min(len(sorted_values) - 1, int(share * len(sorted_values)))]


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, least and greatest of the repeats."""

    median: float
    least: float
    greatest: float

    @staticmethod
    def of(values: Sequence[float | None]) -> Spread | None:
        known = [v for v in values if v is not None]
        return Spread(statistics.median(known), min(known), max(known)) if known else None


@dataclass(slots=True)
class Line:
    """One line of the table: its samples, one a repeat."""

    name: str
    samples: list[Sample] = field(default_factory=list)

    def spread(self, of: Callable[[Sample], float | None]) -> Spread | None:
        return Spread.of([of(s) for s in self.samples])

    @property
    def rate(self) -> float:
        return statistics.median(s.rate for s in self.samples) if self.samples else 0.0

    @property
    def errors(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for s in self.samples:
            for name, n in s.errors.items():
                found[name] = found.get(name, 0) + n
        return found


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of the issue: `values`, one a repeat, whose median has to be at least (or under) `bound`."""

    text: str
    values: tuple[float, ...]
    bound: float
    at_least: bool = True

    @property
    def spread(self) -> Spread | None:
        return Spread.of(self.values)

    @property
    def met(self) -> bool:
        spread = self.spread
        if spread is None:
            return False
        return spread.median >= self.bound if self.at_least else spread.median < self.bound


def ratio(
    upper: Line | None,
    lower: Line | None,
    of: Callable[[Sample], float | None] = lambda s: s.rate,
    under: Callable[[Sample], float | None] | None = None,
) -> tuple[float, ...]:
    """The ratios repeat by repeat: both sides were measured within seconds of each other."""
    if upper is None or lower is None:
        return ()
    pairs = [(of(u), (under or of)(v)) for u, v in zip(upper.samples, lower.samples, strict=False)]
    return tuple(u / v for u, v in pairs if u is not None and v)
