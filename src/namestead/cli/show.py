"""What commands print: a table or a few lines for people, one JSON document for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from namestead.errors import Refusal
from namestead.objects.spans import format_instant

WIDE = 400
"""Columns where there is no terminal: a program or a file reads whole lines."""

out = Console(width=None if sys.stdout.isatty() else WIDE, highlight=False, markup=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def as_document(value: Any) -> None:
    """One JSON document on the standard output."""
    text = msgspec.json.format(msgspec.json.encode(value, enc_hook=_encode), indent=2).decode()
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def as_line(value: Any) -> None:
    """One JSON document on one line: for what goes on and on."""
    sys.stdout.write(msgspec.json.encode(value, enc_hook=_encode).decode() + "\n")
    sys.stdout.flush()


def _encode(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value.total_seconds()
    return str(value)


def lines(pairs: Mapping[str, Any]) -> None:
    """A thing and what is known of it, one line each; what is empty is left out."""
    shown = {name: text(value) for name, value in pairs.items()}
    width = max((len(name) for name, value in shown.items() if value), default=0)
    for name, value in shown.items():
        if value:
            out.print(Text.assemble((name.ljust(width), "dim"), "  ", value))


def table(columns: Sequence[str], found: Iterable[Sequence[Any]], nothing: str, *, heading: bool = True) -> None:
    """Rows under headings, or a sentence where there is none."""
    grid = Table(box=None, pad_edge=False, header_style="dim", show_header=heading)
    for column in columns:
        grid.add_column(column, overflow="fold")
    for row in found:
        grid.add_row(*(Text(text(value)) for value in row))
    if grid.row_count:
        out.print(grid)
    elif nothing:
        out.print(nothing)


def text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return format_instant(value.replace(microsecond=0))
        case str():
            return value
        case tuple() | list() | frozenset():
            return ", ".join(text(part) for part in value)
        case Mapping():
            return ", ".join(f"{k} {text(v)}" for k, v in value.items())
    amount, currency = getattr(value, "amount", None), getattr(value, "currency", None)
    return f"{amount} {currency}" if isinstance(amount, str) and currency else str(value)


def say(words: str) -> None:
    """A sentence for the person; programs that read `--json` do not get it."""
    out.print(Text(words))


def note(words: str) -> None:
    """A sentence beside the answer, on the standard error."""
    err.print(Text(words))


def refusal(refused: Refusal, *, as_json: bool) -> None:
    if as_json:
        details = [{"field": f.field, "code": f.code, "message": f.message, "value": f.value} for f in refused.details]
        as_document(
            {"error": refused.kind.code, "message": refused.message, "field": refused.field, "details": details}
        )
        return
    err.print(Text.assemble(("refused: ", "bold red"), refused.message, (f"  ({refused.kind.code})", "dim")))
    for fault in refused.details:
        err.print(Text(f"  {fault.field}: {fault.message}"))


def failure(code: str, message: str, *, as_json: bool) -> None:
    if as_json:
        as_document({"error": code, "message": message})
    else:
        err.print(Text.assemble(("failed: ", "bold red"), message))
