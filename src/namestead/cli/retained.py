"""`namestead retained`: names that are reserved, claimed, blocked or disputed."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from namestead import errors
from namestead.cli import options, show, tokens
from namestead.cli.options import Data, Database, Json
from namestead.cli.session import Problem, Register, told, with_register
from namestead.commands.operator.add_retained import AddRetained
from namestead.commands.operator.answers import RetainedState
from namestead.commands.operator.import_retained import MOST_ENTRIES, ImportRetained
from namestead.commands.operator.remove_retained import RemoveRetained
from namestead.errors import Fault, Refusal
from namestead.objects.retained import RetainedKind
from namestead.rules import names
from namestead.store import operator as listings

app = typer.Typer(no_args_is_help=True, help="Names that cannot be had, or not by everybody.")

RetainedName = Annotated[str, typer.Argument(metavar="NAME", help="A whole domain name, like bank.example.")]
COLUMNS = ("name", "kind", "from", "until", "reason", "token")
"""Of an import file; `name` and `kind` are needed, the others may be absent or empty."""

SHORTEST_TOKEN = 16


@app.command()
def add(
    name: RetainedName,
    kind: Annotated[RetainedKind, typer.Option(help="What it is to be.")],
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="DATE", help="When it begins: 2027-01-31, or with a time [default: now]."),
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="DATE", help="When it ends [default: never].")] = None,
    reason: Annotated[str, typer.Option(help="Why; only operators see it.")] = "",
    token: Annotated[
        str | None,
        typer.Option(
            "--token",
            metavar="FILE",
            help="A file with the allocation token that opens the name once; - reads it from the standard input.",
        ),
    ] = None,
    generate_token: Annotated[bool, typer.Option("--generate-token", help="Make a token, and show it once.")] = False,
    data: Data = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Reserve, claim, block or dispute a name.

    reserved: registered only with its token. claim: likewise, for the holder of a prior claim. blocked: never.
    disputed: not registered while in force, and locked if it is registered already.
    """

    async def work(register: Register) -> None:
        starts, ends = options.instant(start, "--from"), options.instant(until, "--until")
        digest = tokens.digest(secret) if secret is not None else None
        command = AddRetained(names.parse(name, field="name"), kind, starts, ends, reason, digest)
        answer = await register.submit(command)
        document: dict[str, Any] = {**answer.result.summary(), "audit_id": f"log_{answer.audit_id}"}
        if generate_token:
            document["allocation_token"] = secret
        if as_json:
            show.as_document(document)
            return
        show.lines({k: v for k, v in document.items() if k != "allocation_token"})
        if generate_token:
            show.say(f"token      {secret}")
            show.note("\nThe token is shown this once: it is kept as a hash.")

    with told(as_json=as_json):
        if generate_token and token is not None:
            raise Problem("Give a token of your own with --token, or have one made with --generate-token, not both.")
        secret = tokens.allocation_token() if generate_token else _token_from(token)
    with_register(work, data, database, as_json=as_json)


@app.command()
def remove(
    name: RetainedName,
    kind: Annotated[RetainedKind | None, typer.Option(help="Which entry, where the name has several.")] = None,
    reason: Annotated[str, typer.Option(help="Why; stays in the log.")] = "",
    data: Data = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Take a name off the lists."""

    async def work(register: Register) -> None:
        answer = await register.submit(RemoveRetained(names.parse(name, field="name"), kind, reason))
        if as_json:
            show.as_document({**answer.result.summary(), "audit_id": f"log_{answer.audit_id}"})
        else:
            show.say(f"{answer.result.name} is not {answer.result.kind} any more (log_{answer.audit_id}).")

    with_register(work, data, database, as_json=as_json)


@app.command("list")
def list_retained(
    kind: Annotated[RetainedKind | None, typer.Option(help="Only this kind.")] = None,
    zone: Annotated[str | None, typer.Option(help="Only names of this zone.")] = None,
    ended: Annotated[bool, typer.Option("--ended", help="Entries that have ended by their date, too.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many at most.")] = 1000,
    data: Data = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """List the retained names, those that begin later among them."""

    async def work(register: Register) -> None:
        under = names.parse(zone, field="zone") if zone is not None else None
        found = await register.read(
            lambda c: listings.retained(c, kind.value if kind else None, under, ended=ended, limit=limit)
        )
        states = [RetainedState.of(entry) for entry in found]
        if as_json:
            show.as_document({"retained": states})
            return
        show.table(
            ("name", "kind", "from", "until", "token", "reason"),
            (
                (names.to_unicode(e.name), e.kind, e.starts_at, e.ends_at, e.token_hash is not None, e.reason)
                for e in found
            ),
            "There is no such name on the lists.",
        )
        if len(found) == limit:
            show.note(f"Only the first {limit} are shown; --limit shows more.")

    with_register(work, data, database, as_json=as_json)


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help=f"CSV with a heading: {', '.join(COLUMNS)}.")],
    check: Annotated[bool, typer.Option("--check", help="Say what would be refused, and store nothing.")] = False,
    data: Data = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Take in a whole list: all of it in one transaction, or, if any line is refused, nothing and every reason.

    The first line names the columns; name and kind are needed. Tokens are kept as hashes.
    """

    async def work(register: Register) -> None:
        command = ImportRetained(file.name, tuple(entries))
        if faults or check:
            refused: Refusal | None = None
            if entries:
                try:
                    await register.submit(command, rehearse=True)
                except Refusal as refusal:
                    refused = refusal
            if refused is not None and refused.kind is not errors.BATCH_REJECTED:
                raise refused
            everything = sorted([*faults, *(refused.details if refused is not None else ())], key=_line_of)
            if everything:
                raise Refusal(
                    errors.BATCH_REJECTED,
                    "file",
                    file.name,
                    message=f"{len(everything)} of {len(entries) + len(faults)} lines were refused: none is stored.",
                    details=everything,
                )
            if as_json:
                show.as_document({"file": file.name, "count": len(entries), "stored": False})
            else:
                show.say(f"All {len(entries)} lines of {file} could be stored.")
            return
        answer = await register.submit(command)
        if as_json:
            stored = {"file": file.name, "stored": True, "audit_id": f"log_{answer.audit_id}"}
            show.as_document({**stored, **answer.result.summary()})
        else:
            kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(answer.result.kinds.items()))
            show.say(f"{answer.result.count} names of {file} are stored: {kinds} (log_{answer.audit_id}).")

    with told(as_json=as_json):
        entries, faults = _read(file)
        if not entries and not faults:
            raise Problem(f"{file} has no lines below its heading.")
    with_register(work, data, database, as_json=as_json)


def _read(file: Path) -> tuple[list[tuple[int, AddRetained]], list[Fault]]:
    """The entries of a file by line, and the faults of those lines that say nothing that could be one."""
    entries: list[tuple[int, AddRetained]] = []
    faults: list[Fault] = []
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines, strict=True)
            heading = tuple(reader.fieldnames or ())
            unknown = [name for name in heading if name not in COLUMNS]
            if unknown or not {"name", "kind"} <= set(heading):
                raise Problem(
                    f"{file}: its first line must name columns of {', '.join(COLUMNS)}, name and kind at least."
                )
            for row in reader:
                line = reader.line_num
                try:
                    entries.append((line, _entry(row)))
                except (Refusal, ValueError) as problem:
                    message = problem.message if isinstance(problem, Refusal) else str(problem)
                    code = problem.kind.code if isinstance(problem, Refusal) else errors.INVALID_REQUEST.code
                    faults.append(Fault(f"line {line}", code, message))
                if len(entries) > MOST_ENTRIES:
                    raise Problem(f"{file} has more than {MOST_ENTRIES} entries. Split it.")
    except OSError as problem:
        raise Problem(f"{file} cannot be read: {problem.strerror}.") from None
    except (UnicodeDecodeError, csv.Error) as problem:
        raise Problem(f"{file} is no CSV file in UTF-8: {problem}.") from None
    return entries, faults


def _entry(row: dict[str, Any]) -> AddRetained:
    if None in row or any(value is None for value in row.values()):
        raise ValueError("has more or fewer fields than the heading.")
    given = {name: value.strip() for name, value in row.items()}
    kind = given["kind"].lower()
    if kind not in list(RetainedKind):
        raise ValueError(f"kind takes {', '.join(RetainedKind)}, not '{given['kind']}'.")
    token = given.get("token") or None
    return AddRetained(
        names.parse(given["name"], field="name"),
        RetainedKind(kind),
        _instant(given.get("from"), "from"),
        _instant(given.get("until"), "until"),
        given.get("reason", ""),
        tokens.digest(_long_enough(token)) if token is not None else None,
    )


def _instant(text: str | None, column: str) -> datetime | None:
    try:
        return options.instant(text or None, column)
    except typer.BadParameter:
        raise ValueError(f"{column} takes a day or an instant, like 2027-01-31 or 2027-01-31T12:00:00Z.") from None


def _token_from(place: str | None) -> str | None:
    """A token is never an argument: others could read it."""
    if place is None:
        return None
    try:
        text = typer.get_text_stream("stdin").readline() if place == "-" else Path(place).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise Problem(
            "--token takes a file with the token in it, or - for the standard input: others could read an argument."
        ) from None
    try:
        return _long_enough(text.strip())
    except ValueError as problem:
        raise Problem(str(problem)) from None


def _long_enough(token: str) -> str:
    if len(token) < SHORTEST_TOKEN:
        raise ValueError(f"a token needs {SHORTEST_TOKEN} characters or more, so that it cannot be guessed.")
    return token


def _line_of(fault: Fault) -> int:
    return int(fault.field.removeprefix("line "))
