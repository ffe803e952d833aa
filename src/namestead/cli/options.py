"""Options that every command has, written once."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from namestead import money
from namestead.money import Money
from namestead.objects.spans import parse_instant

Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="Data directory of a registry with an embedded database [default: ./data, or NAMESTEAD_DATA].",
        show_default=False,
    ),
]
Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help="postgresql:// URL of a database of your own. A password in it is visible to others on this machine while "
        "the command runs: leave it to NAMESTEAD_DATABASE, PGPASSWORD or ~/.pgpass.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]


def instant(text: str | None, option: str) -> datetime | None:
    """An instant (`2026-11-24T03:43:00Z`) or a day (`2026-11-24`, its first moment in UTC) from the command line."""
    if text is None:
        return None
    try:
        return parse_instant(text if "T" in text else f"{text}T00:00:00Z")
    except ValueError as problem:
        raise typer.BadParameter(f"{problem}", param_hint=option) from None


def amount(text: str, currency: str, option: str, *, signed: bool = False) -> Money:
    try:
        return money.parse(text, currency, signed=signed)
    except ValueError as problem:
        raise typer.BadParameter(f"'{text}': {problem}", param_hint=option) from None
