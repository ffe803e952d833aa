"""The EPP door on a register of a test's own, in the test's process: the server as it is, its clients octet by octet.

The first registrars of `tests/engine/register.py` may come in, as `alpha`, `beta` and `gamma`, which are long enough
for EPP: each with its password and a certificate of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from namestead.commands.operator.bind_certificate import BindCertificate
from namestead.commands.operator.set_epp_password import SetEppPassword
from namestead.engine.access import HASHER
from namestead.engine.engine import Engine
from namestead.epp import messages as epp
from namestead.epp import namespaces
from namestead.epp.certificates import Issued, issue_client
from namestead.epp.framing import Frames, frame
from namestead.epp.read import read_answer
from namestead.epp.server import EppConnection, EppServer
from namestead.epp.settings import EppSettings
from namestead.epp.write import write
from tests.engine.register import OPERATOR, Channel, engine_on, execute
from tests.epp.tls_world import ALPHA, AUTHORITY, BETA, World

RIGHT = "right-Horse-7"
HASH = HASHER.hash(RIGHT)
GAMMA = issue_client(AUTHORITY, "gamma", datetime.now(UTC))
CERTIFICATES = {"alpha": ALPHA, "beta": BETA, "gamma": GAMMA}
PATIENCE = 30.0


def fingerprint(issued: Issued) -> bytes:
    certificate = x509.load_pem_x509_certificate(issued.certificate)
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()


async def named(register: str) -> None:
    """Give the registrars names that EPP takes, before an engine has read them."""
    for n, slug in enumerate(CERTIFICATES):
        await execute(register, f"UPDATE registrar SET slug = '{slug}' WHERE id = {Channel(n).registrar_id}")


async def let_in(engine: Engine) -> None:
    """A password and a certificate for each registrar that may come in."""
    now = datetime.now(UTC)
    for slug, issued in CERTIFICATES.items():
        await engine.submit(SetEppPassword(slug, HASH, now), OPERATOR)
        bound = BindCertificate(slug, fingerprint(issued), f"CN={slug}", now + timedelta(days=365), now)
        await engine.submit(bound, OPERATOR)


@dataclass
class Door:
    """A server, the engine behind it and the certificates before it."""

    server: EppServer
    engine: Engine
    world: World
    wires: list[Wire] = field(default_factory=list)

    async def dial(self, registrar: str | None = "alpha", *, issued: Issued | None = None) -> Wire:
        """A connection that has been greeted and is not logged in; with no certificate for None."""
        shown = issued if issued is not None or registrar is None else CERTIFICATES[registrar]
        wire = await Wire.open(self.server.port, self.world.client(shown))
        self.wires.append(wire)
        assert isinstance(await wire.answer(), epp.Greeting)
        return wire

    async def session(self, registrar: str = "alpha") -> Wire:
        wire = await self.dial(registrar)
        answer = await wire(login(registrar))
        assert answer.code == 1000, answer
        return wire

    def connection_of(self, registrar: str) -> EppConnection:
        """The server's side of a registrar's only session."""
        [connection] = [
            c
            for c in self.server.connections
            if c.session.admitted is not None and c.session.admitted.standing.registrar.slug == registrar
        ]
        return connection

    async def until(self, done: Callable[[], bool], seconds: float = 20) -> None:
        async with asyncio.timeout(seconds):
            while not done():  # noqa: ASYNC110 - of sockets, not of a task
                await asyncio.sleep(0.01)


class Wire:
    """A client that sends octets as a test wants them. Answers are read, and held against the schemas."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._frames = Frames(1_048_576)

    @classmethod
    async def open(cls, port: int, tls: ssl.SSLContext) -> Wire:
        async with asyncio.timeout(PATIENCE):
            return cls(*await asyncio.open_connection("127.0.0.1", port, ssl=tls, server_hostname="localhost"))

    def send(self, *payloads: bytes | epp.CommandBody | epp.Command | epp.Hello) -> None:
        """Frames, all in one write."""
        self.octets(b"".join(frame(payload_of(payload)) for payload in payloads))

    def octets(self, octets: bytes) -> None:
        self.writer.write(octets)

    async def answer(self, seconds: float = PATIENCE) -> epp.Greeting | epp.Response | None:
        """The next answer; None where the server has closed instead."""
        async with asyncio.timeout(seconds):
            while (payload := self._frames.next()) is None:
                with contextlib.suppress(ConnectionError, ssl.SSLError):
                    octets = await self.reader.read(65_536)
                    if octets:
                        self._frames.feed(octets)
                        continue
                return None
        return read_answer(payload)

    async def response(self, seconds: float = PATIENCE) -> epp.Response:
        answer = await self.answer(seconds)
        assert isinstance(answer, epp.Response), answer
        return answer

    async def responses(self, count: int) -> list[epp.Response]:
        return [await self.response() for _ in range(count)]

    async def codes(self, count: int) -> list[int]:
        return [answer.code for answer in await self.responses(count)]

    async def __call__(self, payload: bytes | epp.CommandBody | epp.Command) -> epp.Response:
        self.send(payload)
        return await self.response()

    async def closed(self, seconds: float = PATIENCE) -> bool:
        """Whether the server closes without another word."""
        return await self.answer(seconds) is None

    def stop_reading(self) -> None:
        """What comes stays in the network, where there is room for little."""
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        self._transport.pause_reading()

    def read_again(self) -> None:
        self._transport.resume_reading()

    @property
    def _transport(self) -> asyncio.Transport:
        return cast(asyncio.Transport, self.writer.transport)  # uvloop's are not its children

    def cut(self) -> None:
        """As a machine that loses its power: without a word of TLS."""
        self._transport.abort()


def payload_of(message: bytes | epp.CommandBody | epp.Command | epp.Hello) -> bytes:
    if isinstance(message, bytes):
        return message
    if isinstance(message, epp.Command | epp.Hello):
        return write(message)
    return write(epp.Command(message, None))


def login(registrar: str = "alpha", password: str = RIGHT, **more: Any) -> epp.Login:
    return epp.Login(registrar, password, namespaces.OBJECTS, namespaces.EXTENSIONS, **more)


def create(name: str) -> epp.DomainCreate:
    return epp.DomainCreate(f"{name}.example", epp.AuthInfo(""), epp.Period(1))


def info(name: str) -> epp.DomainInfo:
    return epp.DomainInfo(f"{name}.example")


def check(name: str = "free") -> epp.DomainCheck:
    return epp.DomainCheck((f"{name}.example",))


@asynccontextmanager
async def door_on(
    register: str, directory: Path, *, rate_limit: int = 1_000_000, prepared: bool = False, **settings: Any
) -> AsyncIterator[Door]:
    """A server on an engine of its own; `prepared` where another let the registrars in already."""
    world = World(directory)
    files = world.files()
    own = EppSettings(files.certificate, files.private_key, files.client_ca, port=0, **settings)
    if not prepared:
        await named(register)
    async with engine_on(register) as engine:
        if not prepared:
            await let_in(engine)
        server = EppServer(engine, own, rate_limit=rate_limit)
        await server.start()
        door = Door(server, engine, world)
        try:
            yield door
        finally:
            for wire in door.wires:
                wire.cut()
            await server.stop()
