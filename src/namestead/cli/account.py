"""`namestead account`: accounts and their money."""

from __future__ import annotations

from typing import Annotated

import typer

from namestead import errors
from namestead.cli import options, show
from namestead.cli.options import Data, Database, Json
from namestead.cli.session import Register, with_register
from namestead.commands.operator.answers import AccountState
from namestead.commands.operator.create_account import CreateAccount
from namestead.commands.operator.deposit import Deposit
from namestead.commands.operator.set_credit import SetCredit
from namestead.commands.operator.set_low_balance import SetLowBalance
from namestead.engine.submission import Envelope
from namestead.errors import Refusal
from namestead.objects.account import Account
from namestead.store import operator as listings

app = typer.Typer(no_args_is_help=True, help="Accounts and their money.")

Slug = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's short name; a registrar's is its own.")]


@app.command()
def create(
    slug: Slug,
    name: Annotated[str, typer.Option(help="The organisation's full name.")] = "",
    currency: Annotated[str, typer.Option(help="Its currency for good (ISO 4217).")] = "EUR",
    credit: Annotated[str, typer.Option(metavar="AMOUNT", help="How far below zero it may go, like 500.00.")] = "0",
    data: Data = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Open an account without a registrar. 'registrar create' opens one of its own."""

    async def work(register: Register) -> None:
        answer = await register.submit(CreateAccount(slug, name or slug, currency, limit.amount))
        _show(answer.result, answer.audit_id, as_json=as_json)

    limit = options.amount(credit, currency, "--credit")
    with_register(work, data, database, as_json=as_json)


@app.command()
def deposit(
    slug: Slug,
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="Like 1000.00; a minus takes money out: -- -50.00.")],
    currency: Annotated[str | None, typer.Option(help="Must be the account's [default: the account's].")] = None,
    reference: Annotated[str, typer.Option(help="Your own note: an invoice, a bank transfer.")] = "",
    once: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="A key of your choice: the same deposit with the same key is booked once."),
    ] = None,
    data: Data = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Book money that came in, or went out."""

    async def work(register: Register) -> None:
        account = await _account(register, slug)
        command = Deposit(slug, options.amount(amount, currency or account.currency, "AMOUNT", signed=True), reference)
        by = register.envelope
        envelope = Envelope(by.principal, by.surface, idempotency_key=once, request_id=by.request_id)
        answer = await register.engine.submit(command, envelope)
        if answer.idempotent and not as_json:
            show.note("This was booked before under the same key; nothing was booked now.")
        _show(answer.result, answer.audit_id, as_json=as_json)

    with_register(work, data, database, as_json=as_json)


@app.command()
def credit(
    slug: Slug,
    amount: Annotated[
        str, typer.Argument(metavar="AMOUNT", help="How far below zero it may go, like 500.00; 0 for none.")
    ],
    data: Data = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Say how far below zero an account may go."""

    async def work(register: Register) -> None:
        account = await _account(register, slug)
        answer = await register.submit(SetCredit(slug, options.amount(amount, account.currency, "AMOUNT")))
        _show(answer.result, answer.audit_id, as_json=as_json)

    with_register(work, data, database, as_json=as_json)


@app.command("low-balance")
def low_balance(
    slug: Slug,
    amount: Annotated[
        str, typer.Argument(metavar="AMOUNT", help="Below this its registrars are told, like 100.00: -- -50.00.")
    ],
    data: Data = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Say below which balance an account's registrars are told that it is low."""

    async def work(register: Register) -> None:
        account = await _account(register, slug)
        low = options.amount(amount, account.currency, "AMOUNT", signed=True)
        answer = await register.submit(SetLowBalance(slug, low))
        _show(answer.result, answer.audit_id, as_json=as_json)

    with_register(work, data, database, as_json=as_json)


@app.command()
def balance(
    slug: Annotated[str | None, typer.Argument(metavar="[ACCOUNT]", help="One account [default: all].")] = None,
    data: Data = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Show what accounts have, what is set aside, and how far below zero they may go."""

    async def work(register: Register) -> None:
        if slug is not None:
            states = [AccountState.of(await _account(register, slug))]
        else:
            states = [AccountState.of(account) for account in await register.read(listings.accounts)]
        if as_json:
            show.as_document(states[0] if slug is not None else {"accounts": states})
            return
        show.table(
            ("account", "name", "balance", "held", "credit"),
            ((s.account, s.name, s.balance, s.held, s.credit) for s in states),
            "There is no account yet.",
        )

    with_register(work, data, database, as_json=as_json)


async def _account(register: Register, slug: str) -> Account:
    found = await register.read(lambda c: listings.accounts(c, slug))
    if not found:
        raise Refusal(errors.ACCOUNT_NOT_FOUND, "account", slug)
    return found[0]


def _show(state: AccountState, log_id: int | None, *, as_json: bool) -> None:
    if as_json:
        show.as_document({**state.summary(), "audit_id": f"log_{log_id}"})
    else:
        show.lines({**state.summary(), "log": f"log_{log_id}"})
