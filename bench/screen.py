"""The table on the screen and the file beside it. No measuring, no judging: `figures.Bar` does that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from bench.figures import Bar, Line, Spread

RESULTS = Path(__file__).parent / "results"


def show(
    console: Console, title: str, lines: Sequence[Line], bars: Sequence[Bar], facts: Mapping[str, Mapping[str, str]]
) -> bool:
    """Print everything; true if all bars were met and nothing went wrong."""
    for name, values in facts.items():
        console.print(f"[bold]{name}[/]  " + "  ".join(f"{k} [cyan]{v}[/]" for k, v in values.items()), soft_wrap=True)
    console.print(_figures(title, lines))
    if bars:
        console.print(_bars(bars))
    wrong = {line.name: line.errors for line in lines if line.errors}
    for name, errors in wrong.items():
        for what, n in errors.items():
            console.print(f"[bold red]error[/] {name}: {what} ({n} times)", soft_wrap=True, highlight=False)
    if not wrong:
        console.print("[green]0 errors[/]")
    return not wrong and all(bar.met for bar in bars)


def _figures(title: str, lines: Sequence[Line]) -> Table:
    table = Table(title=title, caption="median, with the least and greatest of the repeats; CPU and WAL a command")
    table.add_column("", overflow="fold", min_width=30)
    for column in ("a second", "p50 ms", "p99 ms", "program us", "PostgreSQL us", "WAL B", "batch"):
        table.add_column(column, justify="right", no_wrap=True)
    for line in lines:
        table.add_row(
            f"[red]{line.name}[/]" if line.errors else line.name,
            _text(line.spread(lambda s: s.rate), "{:,.0f}", spread=True),
            _text(line.spread(lambda s: s.p50), "{:.2f}"),
            _text(line.spread(lambda s: s.p99), "{:.2f}"),
            _text(line.spread(lambda s: s.client_cpu), "{:.0f}"),
            _text(line.spread(lambda s: s.server_cpu), "{:.0f}"),
            _text(line.spread(lambda s: s.wal), "{:,.0f}"),
            _text(line.spread(lambda s: s.detail.get("batch")), "{:.0f}"),
        )
    return table


def _text(value: Spread | None, form: str, *, spread: bool = False) -> str:
    if value is None:
        return "-"
    middle = form.format(value.median)
    if not spread or value.least == value.greatest:
        return middle
    return f"{middle} [dim]({form.format(value.least)}-{form.format(value.greatest)})[/]"


def _bars(bars: Sequence[Bar]) -> Table:
    table = Table(title="bars")
    table.add_column("ratio", overflow="fold")
    table.add_column("has to be", justify="right", no_wrap=True)
    table.add_column("is", justify="right", no_wrap=True)
    for bar in bars:
        colour = "green" if bar.met else "red"
        sign = ">=" if bar.at_least else "<"
        table.add_row(bar.text, f"{sign} {bar.bound:g}", f"[{colour}]{_text(bar.spread, '{:.2f}', spread=True)}[/]")
    return table


def save(kind: str, lines: Sequence[Line], bars: Sequence[Bar], facts: Mapping[str, Mapping[str, str]]) -> Path:
    """Write the run to `bench/results/`, every sample of it."""
    now = datetime.now(UTC)
    found: dict[str, Any] = {
        "kind": kind,
        "at": now,
        "facts": facts,
        "bars": [
            {"text": b.text, "bound": b.bound, "at_least": b.at_least, "values": b.values, "met": b.met} for b in bars
        ],
        "lines": {line.name: line.samples for line in lines},
    }
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{now:%Y-%m-%dT%H%M%SZ}-{kind}.json"
    file.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1))
    return file
