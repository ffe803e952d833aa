"""`namestead registrar epp`: how a registrar may come in through EPP. A password is shown once and never again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from namestead import errors
from namestead.cli import show, tokens
from namestead.cli.options import Data, Database, Json
from namestead.cli.session import Problem, Register, told, with_register
from namestead.commands.operator.answers import CertificateState, EppAccessState
from namestead.commands.operator.bind_certificate import BindCertificate
from namestead.commands.operator.set_epp_access import SetEppAccess
from namestead.commands.operator.set_epp_password import SetEppPassword
from namestead.commands.operator.unbind_certificate import UnbindCertificate
from namestead.commands.protocol import AnyCommand
from namestead.epp.certificates import CertificateProblem, read
from namestead.errors import Refusal
from namestead.objects.epp_access import EppAccess, EppStanding
from namestead.rules import epp_access as rules

app = typer.Typer(no_args_is_help=True, help="Access through EPP: password, networks, sessions, certificates.")
certificate = typer.Typer(no_args_is_help=True, help="Client certificates a registrar shows when it connects.")
app.add_typer(certificate, name="certificate")

Slug = Annotated[str, typer.Argument(metavar="REGISTRAR", help="The registrar's short name: its EPP client id.")]


@app.command("show")
def show_access(slug: Slug, data: Data = None, database: Database = None, as_json: Json = False) -> None:
    """Show how a registrar may come in. Its password is nowhere to be shown."""

    async def work(register: Register) -> None:
        standing = await _standing(register, slug)
        access = standing.access or EppAccess(standing.registrar.id, standing.read_at, enabled=False)
        state = EppAccessState.of(access, standing.registrar).summary()
        bound = _certificates(standing)
        told_of = {**state, "failed_logins_of_a_day": standing.failures}
        if as_json:
            show.as_document({**told_of, "certificates": bound})
            return
        show.lines(
            {
                "client id": slug,
                "enabled": access.enabled,
                "password set": access.password_changed_at or "no",
                "networks": access.networks or "any",
                "sessions": access.session_cap or "the registry's default",
                "clTRID is a key": access.cltrid_as_key,
                "wrong passwords": f"{standing.failures} in 24 hours",
                "certificates": [c.fingerprint for c in bound] or "none",
            }
        )

    with_register(work, data, database, as_json=as_json)


@app.command()
def password(
    slug: Slug,
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Take the password from a line of the standard input, not a made-up one.")
    ] = False,
    data: Data = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Set a new password, and show it once if it was made up here. The old one is dead at once, in every process.

    Passwords of more than 16 characters need a client with the login security extension (RFC 8807).
    """

    async def work(register: Register) -> None:
        standing = await _standing(register, slug)
        rules.require_client_id(slug)
        text = tokens.epp_password(slug) if given is None else given
        if given is not None:
            rules.require_password(text, slug, field="password", longest=rules.LONGEST_WITH_LOGIN_SECURITY)
        hashed = await register.engine.authenticator.hash(text)
        answer = await register.submit(SetEppPassword(slug, hashed, standing.read_at))
        document: dict[str, Any] = {**answer.result.summary(), "audit_id": f"log_{answer.audit_id}"}
        if given is None:
            document["password"] = text
        if as_json:
            show.as_document(document)
            return
        show.lines({"client id": slug, "password": document.get("password"), "log": document["audit_id"]})
        if given is None:
            show.note("\nThe password is shown this once: keep it where secrets are kept.")

    given = None
    if stdin:
        given = sys.stdin.readline().rstrip("\r\n")
    with_register(work, data, database, as_json=as_json)


@app.command()
def networks(
    slug: Slug,
    allowed: Annotated[
        list[str] | None, typer.Argument(metavar="CIDR...", help="The networks, in place of those before.")
    ] = None,
    every: Annotated[bool, typer.Option("--any", help="Take any address.")] = False,
    data: Data = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Say from which networks a registrar may connect. Guesses from elsewhere can then never lock it out."""
    with told(as_json=as_json):
        if bool(allowed) == every:
            raise Problem("Say which networks: 192.0.2.0/24 2001:db8::/32 ..., or --any.")
    _change(SetEppAccess(slug, networks=tuple(allowed or ())), data, database, as_json=as_json)


@app.command()
def sessions(
    slug: Slug,
    cap: Annotated[int, typer.Option(min=0, help="How many at once; 0 for the registry's default.")],
    data: Data = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Say how many sessions a registrar may have at once, over all processes."""
    _change(SetEppAccess(slug, session_cap=cap), data, database, as_json=as_json)


@app.command()
def access(
    slug: Slug,
    enabled: Annotated[
        bool | None, typer.Option("--on/--off", help="Whether it may log in at all. Sessions that stand go on.")
    ] = None,
    cltrid_as_key: Annotated[
        bool | None,
        typer.Option(
            "--cltrid-as-key/--no-cltrid-as-key",
            help="Whether each clTRID is its command's idempotency key: only for clients that never repeat one.",
        ),
    ] = None,
    data: Data = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Switch access on or off, and say what a clTRID means."""
    with told(as_json=as_json):
        if enabled is None and cltrid_as_key is None:
            raise Problem("Say what to change: --on, --off, --cltrid-as-key or --no-cltrid-as-key.")
    _change(SetEppAccess(slug, enabled=enabled, cltrid_as_key=cltrid_as_key), data, database, as_json=as_json)


@certificate.command()
def add(
    slug: Slug,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The certificate, PEM. Its key stays with its owner.")],
    data: Data = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Bind a client certificate to a registrar. Several may be bound, so that one can follow another."""

    async def work(register: Register) -> None:
        standing = await _standing(register, slug)
        command = BindCertificate(slug, facts.fingerprint, facts.subject, facts.not_after, standing.read_at)
        await _certificate_changed(register, command, as_json=as_json)

    with told(as_json=as_json):
        try:
            facts = read(file.read_bytes())
        except OSError as problem:
            raise Problem(f"{file} cannot be read: {problem.strerror}.") from None
        except CertificateProblem as problem:
            raise Problem(f"{file}: {problem}") from None
    with_register(work, data, database, as_json=as_json)


@certificate.command()
def remove(
    slug: Slug,
    fingerprint: Annotated[
        str, typer.Argument(metavar="FINGERPRINT", help="SHA-256 of the certificate, hexadecimal, as the list has it.")
    ],
    data: Data = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Take a client certificate from a registrar: it opens no session from now on."""

    async def work(register: Register) -> None:
        standing = await _standing(register, slug)
        await _certificate_changed(register, UnbindCertificate(slug, octets, standing.read_at), as_json=as_json)

    with told(as_json=as_json):
        try:
            octets = bytes.fromhex(fingerprint.replace(":", ""))
        except ValueError:
            raise Problem(
                f"'{fingerprint}' is no fingerprint: 64 hexadecimal digits, with or without colons."
            ) from None
    with_register(work, data, database, as_json=as_json)


@certificate.command("list")
def list_certificates(slug: Slug, data: Data = None, database: Database = None, as_json: Json = False) -> None:
    """List the client certificates bound to a registrar."""

    async def work(register: Register) -> None:
        bound = _certificates(await _standing(register, slug))
        if as_json:
            show.as_document({"certificates": bound})
            return
        show.table(
            ("fingerprint (SHA-256)", "subject", "ends", "bound"),
            ((c.fingerprint, c.certificate_subject, c.not_after, c.added_at) for c in bound),
            f"No certificate is bound to {slug}. Bind one: namestead registrar epp certificate add {slug} FILE",
        )

    with_register(work, data, database, as_json=as_json)


async def _standing(register: Register, slug: str) -> EppStanding:
    standing = await register.engine.epp_access(slug)
    if standing is None:
        raise Refusal(errors.REGISTRAR_NOT_FOUND, "registrar", slug)
    return standing


def _certificates(standing: EppStanding) -> list[CertificateState]:
    return [CertificateState.of(c, standing.registrar) for c in standing.certificates]


def _change(command: SetEppAccess, data: Path | None, database: str | None, *, as_json: bool) -> None:
    async def work(register: Register) -> None:
        answer = await register.submit(command)
        shown = answer.result.summary()
        if as_json:
            show.as_document({**shown, "audit_id": f"log_{answer.audit_id}"})
            return
        show.lines({**shown, "networks": shown["networks"] or "any", "log": f"log_{answer.audit_id}"})

    with_register(work, data, database, as_json=as_json)


async def _certificate_changed(register: Register, command: AnyCommand, *, as_json: bool) -> None:
    answer = await register.submit(command)
    document = {**answer.result.summary(), "audit_id": f"log_{answer.audit_id}"}
    if as_json:
        show.as_document(document)
    else:
        show.lines(document)
