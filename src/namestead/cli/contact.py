"""`namestead contact`: personal data, and its erasure."""

from __future__ import annotations

from typing import Annotated

import typer

from namestead import errors
from namestead.cli import show
from namestead.cli.options import Data, Database, Json, Yes
from namestead.cli.session import Problem, Register, with_register
from namestead.commands.operator.erase_contact import EraseContact
from namestead.engine.database import Database as Connector
from namestead.errors import Refusal
from namestead.store import operator as listings

app = typer.Typer(no_args_is_help=True, help="Contacts: erasure of personal data.")


@app.command()
def erase(
    handle: Annotated[str, typer.Argument(metavar="CONTACT", help="The contact's id, like C1042-NST.")],
    yes: Yes = False,
    data: Data = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Erase a contact's personal data: from the contact, from all its versions, and from the log.

    The contact keeps its id and its links, so that the history of a name can still be told. What is erased cannot be
    brought back, except from backups, where it stays until they expire.
    """

    async def work(register: Register) -> None:
        if not as_json:
            show.note("Looking for every place its data was written to ...")
        found = await _traces(register, handle)
        if not found.known:
            raise Refusal(errors.CONTACT_NOT_FOUND, "contact", handle)
        if not yes:
            if as_json:
                raise Problem("With --json nothing is asked: say --yes to erase.")
            show.say(f"{handle} is shown in the log of: {', '.join(found.domains) or 'no name'}.")
            if not typer.confirm("Erase its personal data for good?"):
                raise Problem("Nothing was erased.")
        answer = await register.submit(EraseContact(handle, found.ended, found.domains))
        if as_json:
            show.as_document({**answer.result.summary(), "audit_id": f"log_{answer.audit_id}"})
        else:
            show.say(f"The personal data of {handle} is erased (log_{answer.audit_id}).")

    with_register(work, data, database, as_json=as_json)


async def _traces(register: Register, handle: str) -> listings.Traces:
    connection = await Connector(register.url, register.engine.metrics).connect("erasure", statement_timeout="0")
    try:
        return await listings.traces(connection, handle)
    finally:
        await connection.close(timeout=5)
