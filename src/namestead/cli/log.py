"""`namestead log`: the command log, which is the audit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
import typer

from namestead import errors
from namestead.cli import options, show
from namestead.cli.options import Data, Database, Json
from namestead.cli.session import Register, with_register
from namestead.errors import Refusal
from namestead.money import Money
from namestead.objects.facts import Reference
from namestead.objects.spans import parse_span
from namestead.rules import names
from namestead.store import operator as listings
from namestead.store.load import Connection
from namestead.store.operator import LogFilter

app = typer.Typer(
    no_args_is_help=True, help="The command log: who did what, when, through which door, with what result."
)

PAUSE = 0.5
PAGE = 1000


@app.command()
def tail(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new rows as they come.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, max=100_000, help="How many of the last rows.")] = 20,
    domain: Annotated[str | None, typer.Option(metavar="NAME", help="Only rows about this name.")] = None,
    registrar: Annotated[str | None, typer.Option(metavar="SLUG", help="Only rows of this registrar.")] = None,
    command: Annotated[str | None, typer.Option(help="Only this command, like create_domain.")] = None,
    status: Annotated[str | None, typer.Option(help="Only success, failed, sandbox or replayed.")] = None,
    since: Annotated[
        str, typer.Option(metavar="DATE|SPAN", help="How far back to look: 90d, 12h, 2026-11-24.")
    ] = "90d",
    data: Data = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Show the last rows of the log, oldest first. With --json each row is a line of its own."""

    async def work(register: Register) -> None:
        reference = register.engine.reference
        wanted = LogFilter(
            names.parse(domain) if domain is not None else None, _registrar_id(reference, registrar), command, status
        )
        clock = await register.read(listings.clock)
        begin = clock.registry - back if back is not None else at or clock.registry
        found = await register.read(lambda c: listings.log_last(c, wanted, limit, begin))
        _print(found, reference, as_json=as_json)
        if not follow:
            return
        cursor = await register.read(lambda c: _newest(c, found))
        while True:
            await asyncio.sleep(PAUSE)
            found = await _after(register, wanted, cursor)
            if found:
                _print(found, reference, as_json=as_json, heading=False)
                cursor = _position(found[-1])

    back = at = None
    if "-" in since:
        at = options.instant(since, "--since")
    else:
        try:
            back = parse_span(since)
        except ValueError as problem:
            raise typer.BadParameter(str(problem), param_hint="--since") from None
    with_register(work, data, database, as_json=as_json)


@app.command("show")
def show_entry(
    log_id: Annotated[str, typer.Argument(metavar="ID", help="The row's id, like log_1042 or 1042.")],
    data: Data = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Show one row of the log: the request, the answer, the money it moved, the versions it made."""

    async def work(register: Register) -> None:
        row = await register.read(lambda c: listings.log_entry(c, number))
        if row is None:
            raise Refusal(errors.OBJECT_NOT_FOUND, "id", log_id)
        shown = _whole(row, register.engine.reference)
        if as_json:
            show.as_document(shown)
            return
        show.lines({k: v for k, v in shown.items() if k not in ("request", "result", "postings", "versions")})
        for part in ("request", "result"):
            if shown[part] is not None:
                text = msgspec.json.format(msgspec.json.encode(shown[part]), indent=2).decode()
                show.say(f"\n{part}\n{text}")
        for part in ("postings", "versions"):
            if shown[part]:
                show.say(f"\n{part}")
                show.table(tuple(shown[part][0]), (tuple(p.values()) for p in shown[part]), "")

    try:
        number = int(log_id.removeprefix("log_"))
    except ValueError:
        raise typer.BadParameter(f"'{log_id}' is no id; one looks like log_1042", param_hint="ID") from None
    with_register(work, data, database, as_json=as_json)


def _registrar_id(reference: Reference, slug: str | None) -> int | None:
    if slug is None:
        return None
    if slug not in reference.by_slug:
        raise Refusal(errors.REGISTRAR_NOT_FOUND, "registrar", slug)
    return reference.by_slug[slug].id


def _position(row: Any) -> tuple[int, int]:
    return row["xact"], row["id"]


async def _after(register: Register, wanted: LogFilter, cursor: tuple[int, int]) -> Sequence[Any]:
    return await register.read(lambda c: listings.log_after(c, wanted, PAGE, cursor))


async def _newest(connection: Connection, found: Sequence[Any]) -> tuple[int, int]:
    if found:
        return _position(found[-1])
    return await listings.end_of_log(connection)


def _slug(reference: Reference, registrar_id: int | None) -> str | None:
    registrar = reference.registrars.get(registrar_id or 0)
    return registrar.slug if registrar is not None else None


def _print(found: Sequence[Any], reference: Reference, *, as_json: bool, heading: bool = True) -> None:
    if as_json:
        for row in found:
            shown = _row(row, reference)
            show.as_line(shown)
        return
    lines = (
        (
            row["occurred_at"],
            f"log_{row['id']}",
            _slug(reference, row["registrar_id"]) or row["actor"],
            row["surface"],
            row["command"],
            row["domain"],
            f"{row['status']} ({row['error']})" if row["error"] else row["status"],
        )
        for row in found
    )
    show.table(
        ("when", "log", "who", "door", "command", "name", "status") if heading else ("",) * 7,
        lines,
        "There is no such row in the log." if heading else "",
        heading=heading,
    )


def _row(row: Any, reference: Reference) -> dict[str, Any]:
    return {
        "audit_id": f"log_{row['id']}",
        "occurred_at": row["occurred_at"],
        "surface": row["surface"],
        "command": row["command"],
        "registrar": _slug(reference, row["registrar_id"]),
        "counterpart": _slug(reference, row["counterpart_id"]),
        "actor": row["actor"],
        "domain": row["domain"],
        "status": row["status"],
        "apply": row["apply"],
        "error": row["error"],
        "idempotency_key": row["idempotency_key"],
        "client_transaction_id": row["client_transaction_id"],
        "request_id": row["request_id"],
        "request": msgspec.json.decode(row["request"]),
    }


def _whole(row: dict[str, Any], reference: Reference) -> dict[str, Any]:
    return {
        **_row(row, reference),
        "result": msgspec.json.decode(row["result"]) if row["result"] else None,
        "postings": [
            {
                "from": f"{p['debit']} {p['debit_book']}",
                "to": f"{p['credit']} {p['credit_book']}",
                "amount": Money(p["amount"], p["currency"]).decimal(),
                "currency": p["currency"],
                "reason": p["reason"],
                "subject": p["subject"],
            }
            for p in row["postings"]
        ],
        "versions": [{"object": f"{v['kind']} {v['object_id']}", "version": v["version"]} for v in row["versions"]],
    }
