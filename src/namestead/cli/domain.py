"""`namestead domain`: one name, with its history, and what an operator may do to it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import typer

from namestead.cli import show
from namestead.cli.options import Data, Database, Json
from namestead.cli.session import Register, with_register
from namestead.commands.answers import registration
from namestead.commands.operator.protect_domain import ProtectDomain
from namestead.commands.operator.review_domain import ReviewDomain
from namestead.commands.operator.set_statuses import SetStatuses
from namestead.objects.names import Name
from namestead.rules import availability, names, permissions
from namestead.store import load
from namestead.store import operator as listings
from namestead.store.load import Connection, Wanted

app = typer.Typer(no_args_is_help=True, help="One name: what is known of it, and its protection.")

DomainName = Annotated[str, typer.Argument(metavar="NAME", help="A domain name, as U-label or A-label.")]
HISTORY = 20


@app.command("show")
def show_domain(
    name: DomainName,
    history: Annotated[int, typer.Option(min=0, max=1000, help="How many of its last log rows to show.")] = HISTORY,
    data: Data = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Show a name: its registration, or whether it could be had, and what was done to it."""

    async def work(register: Register) -> None:
        domain = names.parse(name)
        shown = await register.read(lambda c: _known(c, domain))
        rows = await register.read(
            lambda c: listings.log_last(c, listings.LogFilter(domain=domain), history, datetime(1970, 1, 1, tzinfo=UTC))
        )
        log = [
            {
                "audit_id": f"log_{row['id']}",
                "occurred_at": row["occurred_at"],
                "command": row["command"],
                "status": row["status"],
                "error": row["error"],
                "actor": row["actor"],
            }
            for row in rows
        ]
        if as_json:
            show.as_document({**shown, "log": log})
            return
        show.lines({k: v for k, v in shown.items() if k not in ("nameserver_apply", "backend", "registrant")})
        if log:
            show.say("")
            show.table(("when", "command", "status", "by", "log"), (_line(row) for row in log), "")

    with_register(work, data, database, as_json=as_json)


@app.command()
def protect(
    name: DomainName,
    reason: Annotated[str, typer.Option(help="Why; its registrar is told, and it stays in the log.")] = "",
    data: Data = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Mark a registration as a protected legacy name: it cannot be deleted until a review is recorded."""

    async def work(register: Register) -> None:
        answer = await register.submit(ProtectDomain(names.parse(name), reason))
        if as_json:
            show.as_document({**answer.result.summary(), "audit_id": f"log_{answer.audit_id}"})
        else:
            show.say(f"{answer.result.domain} is protected until 'domain review' (log_{answer.audit_id}).")

    with_register(work, data, database, as_json=as_json)


@app.command()
def review(
    name: DomainName,
    note: Annotated[str, typer.Option(help="What the review found and who decided; stays in the log.")],
    data: Data = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Record the policy review of a protected legacy name: its registrar may delete it from then on."""

    async def work(register: Register) -> None:
        answer = await register.submit(ReviewDomain(names.parse(name), note))
        if as_json:
            show.as_document({**answer.result.summary(), "audit_id": f"log_{answer.audit_id}"})
        else:
            show.say(f"The review of {answer.result.domain} is recorded (log_{answer.audit_id}).")

    with_register(work, data, database, as_json=as_json)


@app.command()
def status(
    name: DomainName,
    add: Annotated[list[str] | None, typer.Option(help="A server status to set, like serverHold.")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="A server status to lift.")] = None,
    reason: Annotated[str, typer.Option(help="Why; its registrar is told, and it stays in the log.")] = "",
    data: Data = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Set or lift the registry's own statuses of a name; its registrar is told."""

    async def work(register: Register) -> None:
        command = SetStatuses(names.parse(name), tuple(add or ()), tuple(remove or ()), reason)
        answer = await register.submit(command)
        if as_json:
            show.as_document({**answer.result.summary(), "audit_id": f"log_{answer.audit_id}"})
        else:
            shown = ", ".join(answer.result.status) or "no status"
            show.say(f"{answer.result.domain} has {shown} (log_{answer.audit_id}).")

    with_register(work, data, database, as_json=as_json)


async def _known(connection: Connection, name: Name) -> dict[str, Any]:
    """The registration, or the oracle's verdict on a name that has none; with the entries of the retained lists."""
    known = await load.reference(connection)
    zone = permissions.require_zone(known, name)
    facts = (await load.load(connection, Wanted(domains={name}, retained={name}), known, lock=False)).facts
    entries = [
        f"{e.kind} {'' if e.in_force(facts.now) else '(not in force)'}".strip() for e in facts.retained_for(name)
    ]
    domain = facts.domain(name)
    if domain is not None:
        shown: dict[str, Any] = msgspec.to_builtins(registration(facts, domain, zone), builtin_types=(datetime,))
        return {**shown, "retained": entries}
    verdict = availability.judge(facts, name, zone, facts.now)
    return {
        "domain": name,
        "unicode_name": names.to_unicode(name),
        "tld": zone.name,
        "lifecycle_state": None,
        "available": verdict.available,
        "reason": verdict.reason,
        "retained": entries,
    }


def _line(row: dict[str, Any]) -> tuple[Any, ...]:
    status = f"{row['status']} ({row['error']})" if row["error"] else row["status"]
    return row["occurred_at"], row["command"], status, row["actor"], row["audit_id"]
