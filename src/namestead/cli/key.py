"""`namestead key`: the keys that open the interfaces. A key's text is shown once and never again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from namestead.cli import options, show, tokens
from namestead.cli.options import Data, Database, Json
from namestead.cli.session import Problem, Register, told, with_register
from namestead.commands.operator.answers import KeyState
from namestead.commands.operator.create_key import REGISTRAR_API, SINGLE, CreateKey
from namestead.commands.operator.revoke_key import RevokeKey
from namestead.commands.operator.rotate_key import RotateKey
from namestead.objects.spans import parse_span
from namestead.store import operator as listings

app = typer.Typer(no_args_is_help=True, help="API keys: made, replaced, revoked.")

KeyId = Annotated[str, typer.Argument(metavar="KEY_ID", help="The key's public id, like key_ab12cd34ef56.")]


@app.command()
def create(
    registrar: Annotated[str | None, typer.Option(help="For this registrar's channel.")] = None,
    account: Annotated[str | None, typer.Option(help="For this account, without a channel.")] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(metavar="SCOPE", help="Single scopes, like domains:check, instead of all. May be repeated."),
    ] = None,
    label: Annotated[str, typer.Option(help="What it is for, to tell it from others.")] = "",
    expires: Annotated[
        str | None, typer.Option(metavar="DATE|SPAN", help="When it stops working: 2027-01-31, or 90d from now.")
    ] = None,
    rate_limit: Annotated[int | None, typer.Option(min=1, help="Requests a minute for each command.")] = None,
    data: Data = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Make an API key and show its text, once."""

    async def work(register: Register) -> None:
        token = tokens.key_token()
        profile = SINGLE if scope else REGISTRAR_API
        command = CreateKey(
            tokens.key_id(),
            tokens.digest(token),
            registrar,
            account,
            profile,
            tuple(scope or ()),
            label,
            expires_at,
            rate_limit,
        )
        answer = await register.submit(command)
        _show_once(answer.result, token, answer.audit_id, as_json=as_json)

    with told(as_json=as_json):
        if registrar is None and account is None:
            raise Problem("Say whom the key is for: --registrar SLUG or --account SLUG.")
        expires_at = _later(expires, "--expires")
    with_register(work, data, database, as_json=as_json)


@app.command()
def rotate(
    key_id: KeyId,
    overlap: Annotated[str, typer.Option(metavar="SPAN", help="How long the old key works on: 12h, 7d, 0s.")] = "1d",
    data: Data = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Replace a key by a new one with the same rights; the old one works on for an overlap."""

    async def work(register: Register) -> None:
        token = tokens.key_token()
        command = RotateKey(key_id, tokens.key_id(), tokens.digest(token), until)
        answer = await register.submit(command)
        _show_once(answer.result.new, token, answer.audit_id, as_json=as_json, old=answer.result.old)

    until = datetime.now(UTC) + _span(overlap, "--overlap")
    with_register(work, data, database, as_json=as_json)


@app.command()
def revoke(key_id: KeyId, data: Data = None, database: Database = None, as_json: Json = False) -> None:
    """Revoke a key: it opens nothing from now on."""

    async def work(register: Register) -> None:
        answer = await register.submit(RevokeKey(key_id))
        if as_json:
            show.as_document({**answer.result.summary(), "audit_id": f"log_{answer.audit_id}"})
        else:
            show.say(f"{key_id} is revoked (log_{answer.audit_id}).")

    with_register(work, data, database, as_json=as_json)


@app.command("list")
def list_keys(
    registrar: Annotated[str | None, typer.Option(help="Only keys of this registrar.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Revoked and expired ones too.")] = False,
    data: Data = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """List keys by their public ids. Their texts are nowhere."""

    async def work(register: Register) -> None:
        now = datetime.now(UTC)
        found = []
        for key in await register.read(listings.keys):
            state = KeyState.of(key, register.engine.reference)
            dead = key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now)
            if (every or not dead) and registrar in (None, state.registrar):
                found.append(state)
        if as_json:
            show.as_document({"keys": found})
            return
        show.table(
            ("key", "registrar", "profile", "label", "made", "expires", "revoked"),
            ((k.key_id, k.registrar, k.profile, k.label, k.created_at, k.expires_at, k.revoked_at) for k in found),
            "There is no such key.",
        )

    with_register(work, data, database, as_json=as_json)


def _show_once(state: KeyState, token: str, log_id: int | None, *, as_json: bool, old: KeyState | None = None) -> None:
    if as_json:
        document: dict[str, Any] = {**state.summary(), "api_key": token, "audit_id": f"log_{log_id}"}
        if old is not None:
            document["old"] = old
        show.as_document(document)
        return
    shown = {"key": state.key_id, "registrar": state.registrar, "profile": state.profile, "expires": state.expires_at}
    show.lines({**shown, "log": f"log_{log_id}", "text": token})
    if old is not None:
        show.say(f"\n{old.key_id} works until {show.text(old.expires_at)}.")
    show.note("\nThe text is shown this once: keep it where secrets are kept.")


def _later(text: str | None, option: str) -> datetime | None:
    if text is None:
        return None
    at = options.instant(text, option) if "-" in text else datetime.now(UTC) + _span(text, option)
    if at is not None and at <= datetime.now(UTC):
        raise typer.BadParameter(f"{text} has passed", param_hint=option)
    return at


def _span(text: str, option: str) -> timedelta:
    try:
        return parse_span(text)
    except ValueError as problem:
        raise typer.BadParameter(f"{problem}, not '{text}'", param_hint=option) from None
