"""`namestead clock`: what time it is in the registry, and, in OT&E, later."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from namestead.cli import show
from namestead.cli.options import Data, Database, Json
from namestead.cli.session import Register, with_register
from namestead.engine import clock
from namestead.objects.spans import format_span, parse_span
from namestead.store import operator as listings

app = typer.Typer(no_args_is_help=True, help="The registry's clock.")


@app.command("show")
def show_clock(data: Data = None, database: Database = None, as_json: Json = False) -> None:
    """Show registry time, real time, and whether the clock can be moved."""

    async def work(register: Register) -> None:
        now = await register.read(listings.clock)
        shown = {"registry_time": now.registry, "real_time": now.real, "ahead": now.ahead, "ote": now.ote}
        if as_json:
            show.as_document({**shown, "ahead": now.ahead.total_seconds()})
        else:
            show.lines({**shown, "ahead": format_span(now.ahead - (now.ahead % second))})

    second = datetime.resolution * 1_000_000
    with_register(work, data, database, as_json=as_json)


@app.command()
def advance(
    span: Annotated[str, typer.Argument(metavar="SPAN", help="How far: 45d, 12h, 1d2h3m4s.")],
    data: Data = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Move registry time forward, in OT&E only.

    The clock stops at every instant on the way at which something falls due, in order: names expire, are renewed and
    charged, and are released as they would have been. It never goes back.
    """

    async def work(register: Register) -> None:
        done = await clock.advance(register.engine, by, register.envelope)
        if as_json:
            show.as_document(
                {
                    "before": done.before,
                    "registry_time": done.now,
                    "stops": done.stops,
                    "settled": done.settled,
                    "failed": done.failed,
                }
            )
        else:
            show.say(
                f"It is {show.text(done.now)} in the registry. On the way the clock stopped {done.stops} times, and "
                f"{done.settled} names were settled."
            )
        if done.failed:
            show.note(f"These could not be settled; the log says why: {', '.join(done.failed)}")
            raise typer.Exit(1)

    try:
        by = parse_span(span)
    except ValueError as problem:
        raise typer.BadParameter(str(problem), param_hint="SPAN") from None
    with_register(work, data, database, as_json=as_json)
