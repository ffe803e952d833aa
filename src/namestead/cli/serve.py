"""`namestead serve`: the registry, started and stopped as one.

This process owns the database (where it is the embedded one), the workers, and the signals. With one worker, the usual
case, it serves as well.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shlex
import shutil
import signal
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
import uvloop
from rich.text import Text

from namestead.api.server import InsecureListener, require_privacy
from namestead.cli import demo, epp, files, http, logs, show
from namestead.cli.options import Data, Database
from namestead.cli.parts import Parts, Ports
from namestead.cli.session import Problem, told
from namestead.cli.worker import READY, Task, encode
from namestead.engine.database import LOST
from namestead.engine.database import Database as Connector
from namestead.engine.engine import Engine
from namestead.engine.metrics import Metrics
from namestead.settings import Settings, load
from namestead.store import migrate, operator
from namestead.store.embedded import EmbeddedError, EmbeddedPostgres
from namestead.store.load import Connection

log = structlog.get_logger("namestead")

DATABASE_COMES_WITHIN = 30.0
"""Seconds a start waits for a database of somebody else's: it may be starting too."""

WORKER_COMES_WITHIN = 60.0
LOOK_AFTER_DATABASE = 0.2
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
NOT_YET = ("whois",)


def serve(
    data: Data = None,
    database: Database = None,
    with_demo: Annotated[
        bool,
        typer.Option(
            "--demo",
            help="Fill an empty registry with two zones, registrars and some money, and print how to use them.",
        ),
    ] = False,
    ready: Annotated[
        Path | None,
        typer.Option(
            "--ready",
            metavar="FILE",
            help="Write where everything is to FILE, with the demo's secrets and mode 0600, when all is up. "
            "It is removed at the end.",
        ),
    ] = None,
    http_host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Address of HTTP [default: 127.0.0.1].")
    ] = None,
    http_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port of HTTP, 0 for a free one [default: 8080].")
    ] = None,
    http_cert: Annotated[Path | None, typer.Option(metavar="FILE", help="Certificate chain for HTTPS (PEM).")] = None,
    http_key: Annotated[Path | None, typer.Option(metavar="FILE", help="Private key for HTTPS (PEM).")] = None,
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option(metavar="CIDR", help="Network of a proxy that ends TLS and whose X-Forwarded-For is believed."),
    ] = None,
    plain_http_on_any_address: Annotated[
        bool | None,
        typer.Option(
            "--plain-http-on-any-address",
            help="Serve HTTP without TLS beyond loopback: keys then travel unprotected.",
        ),
    ] = None,
    epp_port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port of EPP, 0 for a free one [default: 700; 7000 with --demo]."),
    ] = None,
    whois_port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port of WHOIS. Not served yet.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=256, help="Processes that serve [default: 1].")] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="PART", help="Serve this part alone: http, epp or jobs. May be repeated."),
    ] = None,
    log_format: Annotated[str | None, typer.Option(metavar="console|json", help="How log lines are written.")] = None,
    access_log: Annotated[bool | None, typer.Option("--access-log", help="A log line for every request.")] = None,
    ote: Annotated[
        bool | None, typer.Option("--ote", help="Make a new registry one for OT&E: its clock can be moved.")
    ] = None,
) -> None:
    """Run the registry: the database, EPP, the HTTP interfaces, and what falls due.

    Ctrl-C or SIGTERM stops it when everything accepted is answered; a second Ctrl-C does not wait. Every option is a
    setting too: NAMESTEAD_HTTP_PORT=8080 in the environment, or http_port = 8080 in DATA/namestead.toml.
    """
    given: dict[str, Any] = {
        "data": data,
        "database": database,
        "http_host": http_host,
        "http_port": http_port,
        "http_cert": http_cert,
        "http_key": http_key,
        "trusted_proxies": ",".join(trusted_proxy) if trusted_proxy else None,
        "plain_http_on_any_address": plain_http_on_any_address,
        "epp_port": epp_port,
        "whois_port": whois_port,
        "workers": workers,
        "only": ",".join(only) if only else None,
        "log_format": log_format,
        "access_log": access_log,
        "ote": ote or with_demo or None,
    }
    with told(as_json=False):
        settings = load(os.environ, given)
        if with_demo:
            settings = epp.for_demo(settings)
        logs.configure(settings.log_format, settings.log_level)
        _require_possible(settings)
        if not with_demo:  # whose certificates are made when there is a place for them
            epp.require_possible(settings)
        if ready is not None:
            ready.unlink(missing_ok=True)
        for number in STOPPING:
            signal.signal(number, _interrupt)  # also while the database is being made
        with _database(settings) as place:
            try:
                uvloop.run(Registry(settings, place, with_demo=with_demo, ready=ready).run())
            finally:
                if ready is not None:
                    ready.unlink(missing_ok=True)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _require_possible(settings: Settings) -> None:
    """Refuse what could not work, or would be unsafe, before anything is started."""
    for part in settings.only:
        if part in NOT_YET:
            raise Problem(f"--only {part}: this version does not serve {part} yet. It serves http, epp and jobs.")
    if (settings.http_cert is None) != (settings.http_key is None):
        raise Problem("--http-cert and --http-key belong together: one of them is missing.")
    if why := http.unusable_certificate(settings):
        raise Problem(f"{settings.http_cert} and {settings.http_key} cannot be used for HTTPS: {why}.")
    if settings.serves("http"):
        try:
            require_privacy(http.settings_of(settings, settings.http_port, shared=False))
        except InsecureListener as problem:
            raise Problem(str(problem)) from None


@dataclass(slots=True)
class Place:
    """Where the register lies: a URL, and the server if it is ours."""

    url: str
    server: EmbeddedPostgres | None
    hurry: bool = False


@contextlib.contextmanager
def _database(settings: Settings) -> Any:
    if settings.database is not None:
        yield Place(settings.database, None)
        return
    server = EmbeddedPostgres(settings.data)
    place = Place(server.start(), server)
    try:
        yield place
    finally:
        server.stop(immediate=place.hurry)


class Registry:
    """One run of the registry, from the migrations to the last answer."""

    def __init__(self, settings: Settings, place: Place, *, with_demo: bool, ready: Path | None) -> None:
        self._settings = settings
        self._place = place
        self._with_demo = with_demo
        self._ready = ready
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._workers: list[asyncio.Task[None]] = []
        self._parts: Parts | None = None
        self._reserved: list[socket.socket] = []

    async def run(self) -> None:
        began = time.monotonic()
        loop = asyncio.get_running_loop()
        for number in STOPPING:
            loop.add_signal_handler(number, self._signalled)
        ports = self._take_ports()
        if self._with_demo:
            demo.epp_certificates(self._settings.data)
            epp.require_possible(self._settings)
        await self._prepare()
        if self._settings.workers == 1:
            self._parts = Parts(self._settings, self._place.url, ports, jobs=self._settings.serves("jobs"))
            await self._parts.start()
            engine, ports = self._parts.engine, self._parts.ports
        else:
            await self._start_workers(ports)
            engine = Engine(self._place.url)
            await engine.start()
        tasks = [loop.create_task(self._look_after_database(), name="database")] if self._place.server else []
        try:
            shown = await demo.seed(engine, self._settings.data) if self._with_demo else None
            facts = self._facts(ports, shown, engine)
            first = await demo.free_name(engine) if shown is not None else None
            self._greet(facts, first, time.monotonic() - began)
            if self._ready is not None:
                files.write_private(self._ready, json.dumps(facts, indent=2) + "\n")
            if self._parts is None:
                await engine.stop()
            await self._stop.wait()
        finally:
            for task in tasks:
                task.cancel()
            await self._end()

    def _signalled(self) -> None:
        if self._stop.is_set():
            self._hurry.set()
            self._place.hurry = True
            if self._parts is not None:
                self._parts.hurry()
        else:
            show.note("Stopping. What was accepted is answered first; Ctrl-C again does not wait.")
        self._stop.set()

    def _take_ports(self) -> Ports:
        """The doors' ports; found out early whether they can be had, and kept for the workers to share."""
        s = self._settings
        return Ports(
            self._take_port("HTTP", s.http_host, s.http_port) if s.serves("http") else None,
            self._take_port("EPP", s.epp_host, s.epp_port) if epp.is_possible(s) else None,
        )

    def _take_port(self, door: str, host: str, port: int) -> int:
        try:
            if self._settings.workers == 1:
                http.require_free(host, port)
                return port
            kept = http.reserve(host, port)
        except OSError as problem:
            raise Problem(
                f"{door} cannot be served on {host} port {port}: {problem.strerror or problem}. Is another "
                f"registry running? Choose another port with --{door.lower()}-port, 0 for a free one."
            ) from None
        self._reserved.append(kept)
        number: int = kept.getsockname()[1]
        return number

    async def _prepare(self) -> None:
        """Wait for the database, bring it to this version, and make the partitions of the coming months."""
        connection = await self._reach_database()
        try:
            for done in await migrate.migrate(connection):
                log.info("migrated", number=done.number, name=done.name)
            await migrate.ensure_partitions(connection)
            ote = not self._settings.ote or await operator.mark_ote(connection)
            if not ote and not self._with_demo:
                raise Problem(
                    "This registry was made for production, so its clock stays the real one: --ote is for new ones."
                )
        finally:
            await connection.close(timeout=5)

    async def _reach_database(self) -> Connection:
        """A connection without a time limit; one that somebody else's server is slow to give is waited for."""
        until = time.monotonic() + DATABASE_COMES_WITHIN
        told_so = False
        while True:
            try:
                return await Connector(self._place.url, Metrics()).connect("migrate", statement_timeout="0")
            except LOST as problem:
                if time.monotonic() > until or self._stop.is_set():
                    raise
                if not told_so:
                    log.warning("waiting for the database", problem=logs.without_secrets(str(problem)))
                    told_so = True
                await asyncio.sleep(0.5)

    async def _start_workers(self, ports: Ports) -> None:
        loop = asyncio.get_running_loop()
        ready: list[asyncio.Future[None]] = [loop.create_future() for _ in range(self._settings.workers)]
        for number, came in enumerate(ready):
            jobs = number == 0 and self._settings.serves("jobs")
            task = Task(self._settings, self._place.url, ports, jobs)
            self._workers.append(loop.create_task(self._keep_worker(task, number, came), name=f"worker {number}"))
        all_of_them = asyncio.gather(*ready)
        stopping = asyncio.ensure_future(self._stop.wait())
        watched: list[asyncio.Future[Any]] = [all_of_them, stopping, *self._workers]
        await asyncio.wait(watched, timeout=WORKER_COMES_WITHIN, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not all_of_them.done() and not self._stop.is_set():
            all_of_them.cancel()
            await self._end()
            raise Problem("The workers did not start; see the log above.")

    async def _keep_worker(self, task: Task, number: int, came: asyncio.Future[None]) -> None:
        """Run a worker, and another one when it dies, until the registry stops."""
        pause = FIRST_PAUSE
        stopping = asyncio.ensure_future(self._stop.wait())
        while not self._stop.is_set():
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "namestead.cli.worker",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                start_new_session=True,  # the terminal's Ctrl-C is for us, who pass it on in order
            )
            assert process.stdin is not None
            assert process.stdout is not None
            started = time.monotonic()
            with contextlib.suppress(ConnectionError):
                process.stdin.write(encode(task))
                await process.stdin.drain()
            if await process.stdout.readline() == READY:
                if not came.done():
                    came.set_result(None)
                else:
                    log.info("a worker was replaced", worker=number, pid=process.pid)
            ended = asyncio.ensure_future(process.wait())
            await asyncio.wait((ended, stopping), return_when=asyncio.FIRST_COMPLETED)
            if self._stop.is_set():
                await self._end_worker(process, ended)
                return
            log.error("a worker ended", worker=number, status=process.returncode, pid=process.pid)
            pause = FIRST_PAUSE if time.monotonic() - started > LONGEST_PAUSE else min(pause * 2, LONGEST_PAUSE)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(stopping), pause)

    async def _end_worker(self, process: asyncio.subprocess.Process, ended: asyncio.Future[int]) -> None:
        assert process.stdin is not None
        process.stdin.close()
        hurry = asyncio.ensure_future(self._hurry.wait())
        patience = self._settings.stop_within + 30
        await asyncio.wait((ended, hurry), timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        if not ended.done():
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await ended

    async def _look_after_database(self) -> None:
        """Start the embedded database again if it died: what was answered is in it, and callers only wait."""
        server = self._place.server
        assert server is not None
        while True:
            await asyncio.sleep(LOOK_AFTER_DATABASE)
            if server.pid is None:
                log.error("the embedded database ended; starting it again")
                try:
                    await asyncio.to_thread(server.start)
                except EmbeddedError as problem:
                    log.warning("the embedded database does not start; trying again", problem=str(problem))
                    await asyncio.sleep(LONGEST_PAUSE)
                else:
                    log.info("the embedded database is back")

    async def _end(self) -> None:
        """Stop everything, in order. A second signal cuts the waiting short."""
        self._stop.set()
        stopping = [*self._workers]
        if self._parts is not None:
            stopping.append(asyncio.ensure_future(self._parts.stop()))
        if not stopping:
            return
        hurry = asyncio.ensure_future(self._hurry.wait())
        all_of_it = asyncio.gather(*stopping, return_exceptions=True)
        await asyncio.wait((all_of_it, hurry), return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        if self._hurry.is_set():
            for task in stopping:
                if task not in self._workers:
                    task.cancel()
        for outcome in await all_of_it:
            if isinstance(outcome, Exception):
                log.error("a part did not stop well", problem=f"{type(outcome).__name__}: {outcome}")

    def _facts(self, ports: Ports, shown: demo.Demo | None, engine: Engine) -> dict[str, Any]:
        """What the ready file says. Parts that are not served are absent."""
        facts: dict[str, Any] = {}
        if ports.http is not None:
            scheme = "https" if self._settings.http_cert is not None else "http"
            facts["http"] = f"{scheme}://{_reachable(self._settings.http_host)}:{ports.http}"
        if ports.epp is not None:
            facts["epp"] = {"host": _reachable(self._settings.epp_host).strip("[]"), "port": ports.epp}
            if self._with_demo and self._settings.epp_client_ca is not None:
                facts["epp"]["ca_file"] = str(self._settings.epp_client_ca.resolve())
        facts["database"] = self._place.url
        facts["zones"] = sorted(engine.reference.zones)
        if shown is not None:
            facts["registrars"] = shown.registrars
        return facts

    def _greet(self, facts: dict[str, Any], first: str | None, took: float) -> None:
        """Where everything is, for a person at a terminal; one log line for everybody else."""
        log.info(
            "ready", seconds=round(took, 2), http=facts.get("http"), workers=self._settings.workers, pid=os.getpid()
        )
        if self._settings.log_format == "json":
            return
        out = show.out
        where = self._settings.data.resolve() if self._place.server is not None else "the database given"
        out.print()
        out.print(Text.assemble(("Namestead is running", "bold"), f" (after {took:.1f} s). Ctrl-C ends it.\n"))
        if "http" in facts:
            base = facts["http"]
            out.print(f"  registrar API   {base}/api/v1/registrar/v1")
            out.print(f"  OpenAPI         {base}/api/v1/registrar/openapi.json")
            out.print(f"  health          {base}/healthz, {base}/readyz, {base}/metrics")
        out.print(f"  the register    {where}")
        if self._place.server is not None and self._place.server.user:
            out.print(f"                  PostgreSQL runs as the user {self._place.server.user}, because this is root")
        if "epp" in facts:
            out.print(f"  EPP             {facts['epp']['host']} port {facts['epp']['port']}, over TLS")
        elif self._settings.serves("epp"):
            out.print("  EPP             not served: it needs a certificate (settings epp_cert and epp_key)")
        out.print("  not yet         WHOIS is accepted as an option, and not served by this version")
        if "zones" in facts:
            zones = ", ".join("." + zone for zone in facts["zones"])
            out.print(f"  zones           {zones or 'none yet: namestead zone apply'}")
        if first is not None:
            self._greet_demo(facts, first)
        out.print()
        out.file.flush()

    def _greet_demo(self, facts: dict[str, Any], first: str) -> None:
        out = show.out
        for slug, known in facts["registrars"].items():
            if "api_key" in known:
                out.print(f"  {slug:<15} {known['api_key']}")
        out.print(f"                  (kept in {(self._settings.data / demo.FILE).resolve()})")
        if "epp" in facts:
            self._greet_epp(facts)
        if "http" not in facts:
            return
        out.print("\nRegister a first name:\n")
        insecure = " --insecure" if facts["http"].startswith("https") else ""
        out.print(
            f"  curl -sS{insecure} {facts['http']}/api/v1/registrar/v1/domains \\\n"
            f"    -H 'Authorization: Bearer {facts['registrars']['alpha']['api_key']}' \\\n"
            f"    -H 'Content-Type: application/json' \\\n"
            f'    -d \'{{"domain": "{first}", "years": 1}}\''
        )

    def _greet_epp(self, facts: dict[str, Any]) -> None:
        door, alpha = facts["epp"], facts["registrars"]["alpha"]
        show.out.print("\nLog in with any EPP client:\n")
        show.out.print(
            f"  server          {door['host']} port {door['port']}\n"
            f"  authority       {door.get('ca_file', 'the one that signed epp_cert')}\n"
            f"  certificate     {alpha['cert_file']}\n"
            f"  its key         {alpha['key_file']}\n"
            f"  client id       alpha\n"
            f"  password        {alpha['epp_password']}",
            soft_wrap=True,
        )
        if self._ready is not None:
            way = f"{_program()} epp shell --ready {shlex.quote(str(self._ready.resolve()))}"
        else:
            given = {"ca": door.get("ca_file"), "cert": alpha["cert_file"], "key": alpha["key_file"]}
            options = " ".join(f"--{name} {shlex.quote(file)}" for name, file in given.items() if file)
            way = (
                f"EPP_PASSWORD={alpha['epp_password']} {_program()} epp shell --client-id alpha --host {door['host']} "
                f"--port {door['port']} {options}"
            )
        show.out.print(f"\nor, from a second terminal, with the client that comes along:\n\n  {way}", soft_wrap=True)


def _program() -> str:
    """How this program is called in another terminal of the same directory: after `make run` it is on nobody's PATH."""
    return "namestead" if shutil.which("namestead") else shlex.quote(sys.argv[0])


def _reachable(host: str) -> str:
    """An address a client on this machine can use for what listens on `host`."""
    if host in ("0.0.0.0", ""):  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host else host
