"""A small EPP client over TLS (RFC 5734): the codec and the framing turned round.

Used by the tests, by `namestead epp shell` and by the benchmark. Answers come in the order of the commands (RFC 5734, 3),
so many may be under way at once; nothing is matched by clTRID.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar, cast

from namestead.epp.faults import Fault, FrameFault
from namestead.epp.framing import Frames, frame
from namestead.epp.messages import (
    NO_EXTENSIONS,
    Command,
    CommandBody,
    CommandExtensions,
    Greeting,
    Hello,
    Login,
    Logout,
    PollAck,
    PollRequest,
    Response,
)
from namestead.epp.read import read_answer
from namestead.epp.write import write

PORT: Final = 700
"""RFC 5734, 7."""

ANSWER_LIMIT: Final = 1_048_576
"""The longest frame taken from a server. Answers are longer than commands, and the server was chosen."""

PATIENCE: Final = 30.0
"""Seconds to wait for a connection, and for each answer."""


T = TypeVar("T")


class Disconnected(Exception):
    """The server has closed the connection, or sent what is no answer. What was under way has no answer: whether it was
    done is not known."""


def tls_context(ca: Path | None = None, certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    """TLS 1.2 or 1.3, with the server's certificate and name verified against `ca` (a PEM file; else the system's).

    `certificate` and `key` are the client's own, PEM files; the key may be in the certificate's file. `OSError` or
    `ssl.SSLError` if a file cannot be read.
    """
    context = ssl.create_default_context(cafile=None if ca is None else str(ca))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate is not None:
        context.load_cert_chain(str(certificate), None if key is None else str(key))
    return context


class Client:
    """One connection. `greeting` is the server's first, `cl_trid` numbers the commands that bring none of their own.

        async with await Client.connect("epp.example", tls=tls_context(ca)) as client:
            await client.login("registrar-a", "secret")
            answer = await client.send(DomainCheck(("example.test",)))

    An answer of failure is an answer, not an exception. After `Disconnected` the connection is of no more use.
    """

    def __init__(self, protocol: _Protocol, greeting: Greeting) -> None:
        self.greeting = greeting
        self._protocol = protocol
        self._sent = 0

    @classmethod
    async def connect(
        cls,
        host: str,
        port: int = PORT,
        *,
        tls: ssl.SSLContext,
        server_name: str | None = None,
        patience: float = PATIENCE,
        limit: int = ANSWER_LIMIT,
        heard: Callable[[bytes], None] | None = None,
    ) -> Self:
        """A connection that has been greeted.

        `server_name` is the name in the server's certificate where it is not `host`; `patience` is the seconds each
        answer is waited for; `heard` is shown every frame as it came, before anything is made of it. `OSError`
        (`ssl.SSLError` among them) if there is no connection, `Disconnected` if what greets is no EPP server,
        `TimeoutError` if nothing greets.
        """
        async with asyncio.timeout(patience):
            loop = asyncio.get_running_loop()
            _, protocol = await loop.create_connection(
                lambda: _Protocol(limit, patience, heard), host, port, ssl=tls, server_hostname=server_name or host
            )
            try:
                greeting = await protocol.expect()
            except BaseException:
                protocol.close()
                raise
        if not isinstance(greeting, Greeting):
            protocol.close()
            raise Disconnected("the server did not begin with a greeting")
        return cls(protocol, greeting)

    async def hello(self) -> Greeting:
        """A new greeting (RFC 5730, 2.3)."""
        answer = await self._protocol.send(write(Hello()))
        if not isinstance(answer, Greeting):
            raise Disconnected("the server did not answer <hello> with a greeting")
        self.greeting = greeting = answer
        return greeting

    async def login(
        self,
        cl_id: str,
        pw: str,
        *,
        new_pw: str | None = None,
        obj_uris: tuple[str, ...] | None = None,
        ext_uris: tuple[str, ...] | None = None,
        extensions: CommandExtensions = NO_EXTENSIONS,
    ) -> Response:
        """Log in, with every object and extension the server announced unless others are given."""
        menu = self.greeting
        login = Login(
            cl_id,
            pw,
            menu.obj_uris if obj_uris is None else obj_uris,
            menu.ext_uris if ext_uris is None else ext_uris,
            new_pw,
        )
        return await self.send(login, extensions)

    async def logout(self) -> Response:
        """The answer, usually 1500; the server then closes the connection, and so does this side."""
        answer = await self.send(Logout())
        await self.close()
        return answer

    async def poll(self) -> Response:
        """The first message that waits: 1301 with it, or 1300."""
        return await self.send(PollRequest())

    async def acknowledge(self, message_id: str) -> Response:
        return await self.send(PollAck(message_id))

    async def send(self, command: Command | CommandBody, extensions: CommandExtensions = NO_EXTENSIONS) -> Response:
        """Send a command and wait for its answer. Called again before that, the commands are pipelined, and take effect
        in the order of the calls."""
        if not isinstance(command, Command):
            command = Command(command, self._next_cl_trid(), extensions)
        return self._response(await self._protocol.send(write(command)))

    async def send_all(self, commands: list[Command]) -> list[Response]:
        """Send them all in one write, and give the answers in the same order."""
        answers = await self._protocol.send_many([write(command) for command in commands])
        return [self._response(answer) for answer in answers]

    async def send_raw(self, payload: bytes) -> Greeting | Response:
        """Send a frame with this payload, whatever it is. What the answer is depends on it."""
        return await self._protocol.send(payload)

    async def send_octets(self, octets: bytes) -> Greeting | Response:
        """Send octets as they are, with no header of a frame: for tests of what a server makes of them."""
        return await self._protocol.send_octets(octets)

    async def close(self) -> None:
        """Close the connection, if the server has not."""
        self._protocol.close()
        await self._protocol.closed

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _next_cl_trid(self) -> str:
        self._sent += 1
        return f"NST-CLIENT-{self._sent:06d}"

    @staticmethod
    def _response(answer: Greeting | Response) -> Response:
        if isinstance(answer, Greeting):
            raise Disconnected("the server answered a command with a greeting")
        return answer


class _Protocol(asyncio.Protocol):
    """The connection: a queue of answers awaited, in the order of what was sent."""

    def __init__(self, limit: int, patience: float, heard: Callable[[bytes], None] | None = None) -> None:
        self._frames = Frames(limit)
        self._patience = patience
        self._heard = heard
        self._waiting: deque[asyncio.Future[Greeting | Response]] = deque()
        self._early: deque[Greeting | Response] = deque()
        self._transport: asyncio.Transport | None = None
        self._lost: str | None = None
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    # ------------------------------------------------------------------------------------------------ what is sent

    async def send(self, payload: bytes) -> Greeting | Response:
        return await self.send_octets(frame(payload))

    async def send_octets(self, octets: bytes) -> Greeting | Response:
        self._write(octets)
        return await self.expect()

    async def send_many(self, payloads: list[bytes]) -> list[Greeting | Response]:
        self._write(b"".join(map(frame, payloads)))
        waiting = asyncio.gather(*[self._await_one() for _ in payloads])
        return await self._answered(waiting)

    def _write(self, octets: bytes) -> None:
        if self._lost is not None or self._transport is None:
            raise Disconnected(self._lost or "not connected")
        self._transport.write(octets)

    async def expect(self) -> Greeting | Response:
        """The next answer."""
        return await self._answered(self._await_one())

    async def _answered(self, waiting: asyncio.Future[T]) -> T:
        """`TimeoutError` closes the connection, since it could no longer be told whose the next answer is."""
        try:
            return await asyncio.wait_for(waiting, self._patience)
        except TimeoutError:
            self._fail("no answer in time")
            raise

    def _await_one(self) -> asyncio.Future[Greeting | Response]:
        waiter: asyncio.Future[Greeting | Response] = asyncio.get_running_loop().create_future()
        if self._early:
            waiter.set_result(self._early.popleft())
        elif self._lost is not None:
            waiter.set_exception(Disconnected(self._lost))
        else:
            self._waiting.append(waiter)
        return waiter

    # ------------------------------------------------------------------------------------------------ what arrives

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are not its children

    def data_received(self, data: bytes) -> None:
        self._frames.feed(data)
        try:
            while (payload := self._frames.next()) is not None:
                if self._heard is not None:
                    self._heard(payload)
                self._take(read_answer(payload))
        except (Fault, FrameFault) as error:
            self._fail(f"the server sent what is no answer: {error}")

    def _take(self, answer: Greeting | Response) -> None:
        if self._waiting:
            waiter = self._waiting.popleft()
            # Somebody who no longer waits still had this place in the queue.
            if not waiter.done():
                waiter.set_result(answer)
        else:
            self._early.append(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail("the server closed the connection" if exc is None else f"the connection was lost: {exc}")
        if not self.closed.done():
            self.closed.set_result(None)

    def _fail(self, why: str) -> None:
        if self._lost is None:
            self._lost = why
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_exception(Disconnected(self._lost))
        self.close()

    def close(self) -> None:
        if self._transport is None:
            if not self.closed.done():
                self.closed.set_result(None)
        elif not self._transport.is_closing():
            self._transport.close()
