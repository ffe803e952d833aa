"""`namestead epp shell`: EPP spoken by hand or from a script, with any server.

At a terminal it reads lines, completes them and keeps a history without secrets; given `-c`, or lines on the standard
input, it runs them in order and ends at the first that fails, unless told to keep going.
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from getpass import getpass
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory

from namestead.cli import epp_shown, epp_words, show
from namestead.cli.epp_words import Aside, Misspoken, Renewal, Spoken
from namestead.cli.options import Json
from namestead.cli.session import FAILED, MISUSED, Problem, told
from namestead.epp import messages as epp
from namestead.epp import namespaces
from namestead.epp.client import PORT, Client, Disconnected, tls_context
from namestead.epp.write import write

app = typer.Typer(no_args_is_help=True, help="Speak EPP as a registrar.")

PASSWORD: Final = "EPP_PASSWORD"  # noqa: S105 - the name of a variable
"""Where a password may lie: on the command line it could be seen by everybody on the machine."""

LONGEST_PASSWORD: Final = 16
"""RFC 5730, 4.2, pwType. Longer ones go in the extension of RFC 8807."""


@app.callback()
def root() -> None:
    """Speak EPP as a registrar."""


@dataclass(frozen=True, slots=True)
class Way:
    """The way to a server, and who goes it."""

    host: str
    port: int
    ca: Path | None
    certificate: Path | None
    key: Path | None
    client_id: str
    password: str


@app.command()
def shell(
    ready: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A demo's ready file (serve --ready FILE): it has all that is needed."),
    ] = None,
    registrar: Annotated[str, typer.Option(metavar="SLUG", help="With --ready: as whom.")] = "alpha",
    host: Annotated[str | None, typer.Option(metavar="HOST", help="The server.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Its port.")] = PORT,
    ca: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Authorities its certificate is checked against (PEM) [default: the system's]."
        ),
    ] = None,
    cert: Annotated[Path | None, typer.Option(metavar="FILE", help="Your client certificate (PEM).")] = None,
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its private key (PEM), if it is not in there.")
    ] = None,
    client_id: Annotated[str | None, typer.Option(metavar="ID", help="Your client id.")] = None,
    password_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help=f"The password is its first line [default: {PASSWORD}, else it is asked for]."
        ),
    ] = None,
    command: Annotated[
        list[str] | None,
        typer.Option("--command", "-c", metavar="TEXT", help="Run this and end. May be repeated: one session for all."),
    ] = None,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Run what follows a failure too. The exit status still tells of it.")
    ] = False,
    as_json: Json = False,
    as_xml: Annotated[bool, typer.Option("--xml", help="Show request and answer as they go over the wire.")] = False,
) -> None:
    """Speak EPP with a server: by hand, or from a script with -c or lines on the standard input.

    Exit status 0: every answer was a success; 1: one was not, or there is no connection; 2: asked for in a way that
    cannot be.

        namestead epp shell --ready ready.json
        namestead epp shell --ready ready.json -c "check a.example b.example"
        namestead epp shell --host epp.example --client-id me --cert me.pem --key me.key
    """
    with told(as_json=as_json):
        if as_json and as_xml:
            show.failure("misused", "--json and --xml are two ways to show one answer: choose one.", as_json=as_json)
            raise typer.Exit(MISUSED)
        by_hand = not command and sys.stdin.isatty()
        way = (
            _from_ready(ready, registrar)
            if ready is not None
            else _from_options(host, port, ca, cert, key, client_id, password_file)
        )
        style = "json" if as_json else "xml" if as_xml else "text"
        speaking = Shell(way, style, by_hand=by_hand, keep_going=keep_going)
        status = asyncio.run(speaking.run(command))
    if status:
        raise typer.Exit(status)


# ----------------------------------------------------------------------------------------------------- the way to a server


def _from_ready(file: Path, registrar: str) -> Way:
    try:
        facts: dict[str, Any] = json.loads(file.read_text())
    except OSError as problem:
        raise Problem(
            f"{file} cannot be read: {problem.strerror}. It is there while 'namestead serve --demo --ready {file}' runs."
        ) from None
    except ValueError:
        raise Problem(f"{file} is no ready file: it is not JSON.") from None
    if "epp" not in facts:
        raise Problem(f"What {file} tells of serves no EPP: start it without --only, or with --only epp.")
    known = {slug: about for slug, about in facts.get("registrars", {}).items() if "epp_password" in about}
    if registrar not in known:
        whose = ", ".join(known) or "nobody: start it with --demo"
        raise Problem(f"{file} has no EPP password of '{registrar}'. It has those of {whose}.")
    door, about = facts["epp"], known[registrar]
    return Way(
        door["host"],
        door["port"],
        Path(door["ca_file"]) if "ca_file" in door else None,
        Path(about["cert_file"]),
        Path(about["key_file"]),
        registrar,
        about["epp_password"],
    )


def _from_options(
    host: str | None,
    port: int,
    ca: Path | None,
    cert: Path | None,
    key: Path | None,
    client_id: str | None,
    password_file: Path | None,
) -> Way:
    if host is None or client_id is None:
        show.failure(
            "misused", "Say where to: --ready FILE of a demo, or --host and --client-id of any server.", as_json=False
        )
        raise typer.Exit(MISUSED)
    return Way(host, port, ca, cert, key, client_id, _password(password_file, client_id))


def _password(file: Path | None, client_id: str) -> str:
    if file is not None:
        try:
            found = file.read_text().splitlines()
        except OSError as problem:
            raise Problem(f"{file} cannot be read: {problem.strerror}.") from None
        if not found:
            raise Problem(f"{file} is empty: the password is its first line.")
        return found[0]
    if PASSWORD in os.environ:
        return os.environ[PASSWORD]
    if not sys.stdin.isatty():
        raise Problem(f"There is nobody to ask for the password: give it in {PASSWORD} or with --password-file.")
    return getpass(f"EPP password of {client_id}: ")


# --------------------------------------------------------------------------------------------------------------- the shell


class Shell:
    """One session: lines in, commands out, answers shown. `names` are those seen so far, for completion."""

    def __init__(self, way: Way, style: str, *, by_hand: bool, keep_going: bool) -> None:
        self._way = way
        self._style = style
        self._by_hand = by_hand
        self._keep_going = keep_going
        self._client: Client
        self._heard: list[bytes] = []
        self._polled: str | None = None
        self._failed = False
        self._gone = False
        self._line = ""
        self._sent = 0
        self.names: set[str] = set()

    async def run(self, commands: list[str] | None) -> int:
        """Log in, run everything, log out; the exit status."""
        self._client = await self._connect()
        try:
            async with self._client:
                if not await self._log_in():
                    return FAILED
                lines = self._typed() if self._by_hand else _given(commands)
                async for line in lines:
                    if not await self._one(line):
                        break
                if not self._gone:
                    await self._client.logout()
        except Disconnected as problem:
            raise Problem(
                f"{problem}. Whether the last command was done is not known: ask for it with 'info'."
            ) from None
        except TimeoutError:
            raise Problem(
                "The server did not answer in time. Whether the last command was done is not known."
            ) from None
        return FAILED if self._failed and not self._by_hand else 0

    async def _connect(self) -> Client:
        way = self._way
        try:
            tls = tls_context(way.ca, way.certificate, way.key)
        except FileNotFoundError as problem:
            missing = problem.filename or ", ".join(str(f) for f in (way.ca, way.certificate, way.key) if f)
            raise Problem(f"A file is missing: {missing}.") from None
        except OSError as problem:
            raise Problem(f"The certificates cannot be used: {problem}. They are PEM files.") from None
        try:
            return await Client.connect(way.host, way.port, tls=tls, heard=self._heard.append)
        except ssl.SSLCertVerificationError as problem:
            raise Problem(
                f"The server's certificate is not trusted: {problem.verify_message}. Give the authority that signed it "
                "with --ca, and the host name that is in it with --host."
            ) from None
        except ssl.SSLError as problem:
            raise Problem(f"There is no TLS with {way.host} port {way.port}: {problem.reason or problem}.") from None
        except TimeoutError:
            raise Problem(
                f"{way.host} port {way.port} does not answer: is it an EPP server, and may you reach it?"
            ) from None
        except (OSError, Disconnected) as problem:
            why = getattr(problem, "strerror", None) or problem
            raise Problem(
                f"No EPP server at {way.host} port {way.port}: {why}. Is it running? A client certificate it does not know "
                "ends the connection too."
            ) from None

    async def _log_in(self) -> bool:
        way, extensions, password = self._way, epp.NO_EXTENSIONS, self._way.password
        if len(password) > LONGEST_PASSWORD and namespaces.LOGIN_SECURITY in self._client.greeting.ext_uris:
            extensions = epp.CommandExtensions(login_security=epp.LoginSecurity(pw=password))
            password = epp.USE_LOGIN_SECURITY
        answer = await self._client.login(way.client_id, password, extensions=extensions)
        if answer.code >= 2000:
            self._line = "login"
            self._show(b"", answer)
            return False
        for event in answer.extensions.login_security:
            show.note(f"{event.level}: {event.text or event.type}")
        if self._by_hand:
            server = self._client.greeting.sv_id
            show.say(
                f"{server} at {way.host} port {way.port}, logged in as {way.client_id}. 'help' says what there is."
            )
        return True

    async def _typed(self) -> AsyncIterator[str]:
        session: PromptSession[str] = PromptSession(
            history=History(history_file()), completer=Words(lambda: self.names), complete_while_typing=False
        )
        while True:
            try:
                yield await session.prompt_async(f"{self._way.client_id}> ")
            except KeyboardInterrupt:
                continue
            except EOFError:
                return

    async def _one(self, line: str) -> bool:
        """Do what a line says; whether there is to be another."""
        self._line = line.strip()
        succeeded = False
        try:
            meant = epp_words.meaning(line)
            match meant:
                case None:
                    return True
                case Aside("quit"):
                    return False
                case Aside():
                    succeeded = await self._aside(meant)
                case Renewal():
                    succeeded = await self._renew(meant)
                case Spoken():
                    succeeded = await self._send(meant)
        except Misspoken as problem:
            if self._style == "json":
                asked = epp_words.without_secrets(self._line)
                show.as_line({"command": asked, "error": "misspoken", "message": str(problem)})
            else:
                show.failure("misspoken", str(problem), as_json=False)
        if not succeeded:
            self._failed = True
        return not self._gone and (succeeded or self._by_hand or self._keep_going)

    async def _aside(self, meant: Aside) -> bool:
        match meant.word:
            case "hello":
                return await self._exchange(write(epp.Hello()))
            case "raw":
                return await self._raw(Path(meant.argument or ""))
            case "ack":
                if self._polled is None:
                    raise Misspoken("Nothing was polled yet: 'poll' first, or give the message's id.")
                return await self._send(Spoken(epp.PollAck(self._polled)))
            case "xml":
                self._style = "xml" if meant.argument == "on" else "text"
            case "help":
                show.say(epp_words.usage((meant.argument or "").split()).rstrip())
        return True

    async def _raw(self, file: Path) -> bool:
        try:
            payload = await asyncio.to_thread(file.read_bytes)
        except OSError as problem:
            raise Misspoken(f"{file} cannot be read: {problem.strerror}.") from None
        return await self._exchange(payload)

    async def _renew(self, renewal: Renewal) -> bool:
        found = await self._client.send(epp.DomainInfo(renewal.name, "none"))
        if not isinstance(found.data, epp.DomainInfoData) or found.data.ex_date is None:
            if found.code < 2000:
                raise Misspoken(f"The server does not say when {renewal.name} expires: give the day with --expires.")
            self._show(b"", found)
            return False
        return await self._send(renewal.spoken(found.data.ex_date.date()))

    async def _send(self, spoken: Spoken) -> bool:
        self._sent += 1
        sent = epp.Command(spoken.body, f"NST-SHELL-{self._sent:06d}", spoken.extensions)
        self._remember(spoken.body)
        return await self._exchange(write(sent), made_up=spoken.auth_info)

    async def _exchange(self, payload: bytes, made_up: str | None = None) -> bool:
        answer = await self._client.send_raw(payload)
        if isinstance(answer, epp.Response):
            if answer.queue is not None and isinstance(answer.queue.message, str):
                self._polled = answer.queue.id
            self._gone = answer.code == 1500 or answer.code >= 2500
            self._remember(answer.data)
        made_up = made_up if isinstance(answer, epp.Response) and answer.code < 2000 else None
        self._show(payload, answer, made_up)
        return isinstance(answer, epp.Greeting) or answer.code < 2000

    def _show(self, sent: bytes, answer: epp.Response | epp.Greeting, made_up: str | None = None) -> None:
        match self._style:
            case "json":
                extra = {"auth_info": made_up} if made_up is not None else {}
                asked = epp_words.without_secrets(self._line)
                show.as_line({"command": asked, **epp_shown.document(answer), **extra})
            case "xml":
                if sent:
                    epp_shown.xml(sent, "request")
                epp_shown.xml(self._heard[-1], "answer")
            case _ if isinstance(answer, epp.Greeting):
                epp_shown.greeting(answer)
            case _:
                epp_shown.person(answer)
        self._heard.clear()
        if made_up is not None and self._style != "json":
            show.say(f"     authInfo {made_up} (shown this once; only its hash is kept)")

    def _remember(self, told: object) -> None:
        """Names of objects in a command or an answer, for completion; never an authInfo."""
        for field in ("name", "id", "new_name", "registrant"):
            value = getattr(told, field, None)
            if isinstance(value, str):
                self.names.add(value)
        for field in ("names", "ids", "hosts", "subordinates"):
            value = getattr(told, field, None)
            if isinstance(value, tuple):  # `hosts` of a domain's info is a word
                self.names.update(value)


async def _given(commands: list[str] | None) -> AsyncIterator[str]:
    for command in commands or ():
        yield command
    while not commands and (line := await asyncio.to_thread(sys.stdin.readline)):
        yield line


# ------------------------------------------------------------------------------------------------- history and completion


def history_file() -> Path:
    """In the user's data directory (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_DATA_HOME")
    folder = Path(base) if base and Path(base).is_absolute() else Path.home() / ".local" / "share"
    return folder / "namestead" / "epp_history"


class History(FileHistory):
    """Lines typed before, readable by their user alone and without secrets, on disk and on recall alike."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.touch(mode=0o600)
        file.chmod(0o600)
        super().__init__(str(file))

    def append_string(self, string: str) -> None:
        super().append_string(epp_words.without_secrets(string))


class Words(Completer):
    """Commands, their operations and options, and the names seen in this session."""

    def __init__(self, names: Callable[[], Iterable[str]]) -> None:
        self._names = names

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        before = document.text_before_cursor
        try:
            words = shlex.split(before)
        except ValueError:
            return
        begun = "" if not words or before[-1:].isspace() else words.pop()
        known = list(epp_words.completions(words))
        names = sorted(self._names()) if words else []
        for word in [*known, *names]:
            if word.startswith(begun):
                yield Completion(word, start_position=-len(begun))
