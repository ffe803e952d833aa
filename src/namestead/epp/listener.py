"""The listener: TCP connections in, TLS connections out. It knows no EPP.

An accept loop of its own, because a server made by the event loop hides handshakes that failed: here each has a log line
with its reason and address, and a bound before anything is computed for it: connections per address, and handshakes at
once. When as many handshakes run as may, nothing more is begun until one ends; what waits meanwhile waits in the
kernel's queue, and a handshake that is slow on purpose ends by its time limit.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import structlog

from namestead.rules.epp_access import neighbourhood

log = structlog.get_logger("namestead.epp")

BACKLOG = 1024
"""Connections the kernel holds until they are accepted; a storm of clients that come back all at once fits."""

AFTER_A_FAILURE = 0.2
"""Seconds until the next try where the process has no file descriptors or memory left for another connection."""

LINES_A_MINUTE = 20
"""Log lines a minute for one address that is turned away. What goes on beyond them is only counted: noise must not
fill the disk (DESIGN, "What must always hold", 2)."""

# Dead peers: a connection that is silent for a minute is asked three times, 15 seconds apart, and then over. A session
# whose client vanished without a word is so found out long before its idle timeout, and its place is free.
KEEP_ALIVE: Final = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 3}

GONE = frozenset({errno.ECONNABORTED, errno.ECONNRESET, errno.EPROTO, errno.EPERM})
"""What `accept` says of a client that was gone, or was blocked, before it was accepted (accept(2))."""

# OpenSSL's reasons, in words a person can use. Others are shown as OpenSSL has them.
REASONS: Final[Mapping[str, str]] = {
    "HTTP_REQUEST": "plain HTTP on a port that speaks TLS",
    "WRONG_VERSION_NUMBER": "what was sent is no TLS",
    "PACKET_LENGTH_TOO_LONG": "what was sent is no TLS",
    "RECORD_LAYER_FAILURE": "what was sent is no TLS",
    "BAD_RECORD_TYPE": "what was sent is no TLS",
    "UNEXPECTED_MESSAGE": "what was sent is no TLS handshake",
    "UNSUPPORTED_PROTOCOL": "the client speaks no version of TLS from 1.2 on",
    "VERSION_TOO_LOW": "the client speaks no version of TLS from 1.2 on",
    "NO_SHARED_CIPHER": "the client offers no cipher that is taken here",
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "no client certificate was shown, and one is required",
    "TLSV1_ALERT_UNKNOWN_CA": "the client does not trust our certificate's authority",
    "SSLV3_ALERT_BAD_CERTIFICATE": "the client does not accept our certificate",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "the client does not accept our certificate",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "the client finds our certificate expired",
    "TLSV1_ALERT_PROTOCOL_VERSION": "the client does not accept our version of TLS",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "the client ended the handshake",
}


class Connection(asyncio.Protocol):
    """What a listener's factory makes: a protocol that says when its connection has ended. A subclass that has a
    `connection_lost` of its own calls this one too."""

    ended: Callable[[], None] | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self.ended is not None:
            self.ended()


class Listener:
    """`factory` makes a protocol for each connection; its `connection_made` comes when TLS stands. `context` is asked
    for each connection anew, so that a swapped one counts from the next. `count` hears a word for each that was turned
    away: `address`, `handshake` or `timeout`.

    Limits: `per_address` connections of one IPv4 address or IPv6 /64, `in_flight` handshakes, `handshake_timeout`
    seconds.
    """

    def __init__(
        self,
        host: str,
        port: int,
        context: Callable[[], ssl.SSLContext],
        factory: Callable[[], Connection],
        *,
        per_address: int = 64,
        in_flight: int = 256,
        handshake_timeout: float = 5.0,
        share_port: bool = False,
        count: Callable[[str], None] | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._context = context
        self._factory = factory
        self._per_address = per_address
        self._room = asyncio.Semaphore(in_flight)
        self._handshake_timeout = handshake_timeout
        self._share_port = share_port
        self._count = count or (lambda _reason: None)
        self._sockets: list[socket.socket] = []
        self._loops: list[asyncio.Task[None]] = []
        self._handshakes: set[asyncio.Task[None]] = set()
        self._open: Counter[str] = Counter()
        self._lines: Counter[str] = Counter()
        self._lines_since = 0.0

    async def start(self) -> None:
        """Listen. `OSError` where the address or port cannot be had."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(self._host or None, self._port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        try:
            for family, kind, protocol, _, address in dict.fromkeys(found):
                self._listen(family, kind, protocol, address)
        except BaseException:
            self._close()
            raise
        for listening in self._sockets:
            self._loops.append(loop.create_task(self._accept(listening), name="EPP accepts"))

    @property
    def port(self) -> int:
        """The port, once started: the one found where 0 was asked for."""
        port: int = self._sockets[0].getsockname()[1]
        return port

    @property
    def connections(self) -> int:
        """Connections that are open or becoming so."""
        return self._open.total()

    async def stop(self) -> None:
        """Accept nothing more and end the handshakes that run. Connections that stand are their protocols' to end."""
        tasks = [*self._loops, *self._handshakes]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._loops.clear()
        self._close()

    def _listen(self, family: int, kind: int, protocol: int, address: tuple[object, ...]) -> None:
        port = self.port if self._sockets and self._port == 0 else self._port  # one free port for all addresses
        listening = socket.socket(family, kind, protocol)
        self._sockets.append(listening)
        listening.settimeout(0)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self._share_port:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind((address[0], port, *address[2:]))
        listening.listen(BACKLOG)

    def _close(self) -> None:
        for listening in self._sockets:
            listening.close()

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await self._next(listening)
            except OSError as problem:
                if problem.errno not in GONE:
                    log.error("no connection could be accepted", problem=problem.strerror)  # noqa: TRY400
                    await asyncio.sleep(AFTER_A_FAILURE)
                continue
            try:
                await self._room.acquire()
            except asyncio.CancelledError:
                connection.close()
                raise
            task = loop.create_task(self._begin(connection, str(address[0])), name="EPP handshake")
            self._handshakes.add(task)
            task.add_done_callback(self._done)

    async def _next(self, listening: socket.socket) -> tuple[socket.socket, tuple[object, ...]]:
        return await asyncio.get_running_loop().sock_accept(listening)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._handshakes.discard(task)
        self._room.release()
        if not task.cancelled() and (problem := task.exception()) is not None:
            log.error("a connection failed in an unforeseen way", exc_info=problem)

    async def _begin(self, connection: socket.socket, address: str) -> None:
        """One connection: the limit of its address, the handshake, and then its protocol's life."""
        caller = neighbourhood(address)
        if self._open[caller] >= self._per_address:
            connection.close()
            self._turned_away("address", address, f"the address has {self._per_address} connections already")
            return
        self._open[caller] += 1
        ended = _once(lambda: self._ended(caller))
        try:
            protocol = self._factory()
            protocol.ended = ended
            _keep_alive(connection)
            # The loop's own limit ends a slow handshake; ours also one that a protocol's `connection_made` broke off.
            async with asyncio.timeout(self._handshake_timeout + 1):
                await asyncio.get_running_loop().connect_accepted_socket(
                    lambda: protocol,
                    connection,
                    ssl=self._context(),
                    ssl_handshake_timeout=self._handshake_timeout,
                )
        except BaseException as problem:
            ended()
            connection.close()
            if isinstance(problem, ssl.SSLError):
                self._turned_away("handshake", address, reason_of(problem))
            elif isinstance(problem, TimeoutError | ConnectionAbortedError):
                self._turned_away("timeout", address, f"no handshake within {self._handshake_timeout:g} s")
            elif isinstance(problem, OSError | EOFError):
                self._turned_away("handshake", address, "the client went away during the handshake")
            else:
                raise

    def _ended(self, caller: str) -> None:
        self._open[caller] -= 1
        if self._open[caller] <= 0:
            del self._open[caller]

    def _turned_away(self, word: str, address: str, reason: str) -> None:
        self._count(word)
        now = time.monotonic()
        if now - self._lines_since >= 60:
            self._lines.clear()
            self._lines_since = now
        caller = neighbourhood(address)
        self._lines[caller] += 1
        if self._lines[caller] <= LINES_A_MINUTE:
            more = {"and": "more of the same are only counted"} if self._lines[caller] == LINES_A_MINUTE else {}
            log.warning("connection refused", address=address, reason=reason, **more)


def reason_of(problem: ssl.SSLError) -> str:
    """Why a handshake failed, in words."""
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"the client certificate is not accepted: {problem.verify_message}"
    if isinstance(problem, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return "the client went away during the handshake"
    return REASONS.get(problem.reason or "", problem.reason or str(problem))


def _once(act: Callable[[], None]) -> Callable[[], None]:
    """The act, whose second time and all later ones do nothing."""
    left = [act]

    def first() -> None:
        if left:
            left.pop()()

    return first


def _keep_alive(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the client is gone already; the handshake will say so
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _known_here(KEEP_ALIVE.items()):
            connection.setsockopt(socket.IPPROTO_TCP, name, value)


def _known_here(options: Iterable[tuple[str, int]]) -> list[tuple[int, int]]:
    """The options this system has: macOS calls the first TCP_KEEPALIVE."""
    return [(number, value) for name, value in options if (number := getattr(socket, name, None)) is not None]
