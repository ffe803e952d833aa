"""The HTTP server: uvicorn, told what to do by its caller and by no signal.

server = Server(build(engine, settings), settings)     # or with a socket that was bound before
await server.start()
...
await server.stop()                                    # answers what was accepted
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from ipaddress import ip_address
from typing import Any

import structlog
import uvicorn

from namestead.api.app import App, build
from namestead.api.protocol import protocol_for
from namestead.api.settings import LOOPBACK, HttpSettings

log = structlog.get_logger("namestead.api")

HANDSHAKE_TIMEOUT = 10.0
BACKLOG = 2048

__all__ = ["HttpSettings", "InsecureListener", "Server", "build"]


class InsecureListener(ValueError):
    """The server would take keys in the clear from anywhere; the message says what to set."""


def require_privacy(settings: HttpSettings) -> None:
    """Refuse to listen where keys would travel in the clear, unless the settings say so in so many words."""
    if settings.certificate is not None or settings.trusted_proxies or settings.plain_http_on_any_address:
        return
    if settings.host == "localhost":
        return
    try:
        address = ip_address(settings.host)
    except ValueError:
        address = None
    if address is None or not any(address.version == n.version and address in n for n in LOOPBACK):
        raise InsecureListener(
            f"Plain HTTP on {settings.host or 'every address'} would send keys in the clear. Give --http-cert and "
            "--http-key, or name the proxy that has TLS with --trusted-proxy, or say --plain-http-on-any-address."
        )


def tls_context(settings: HttpSettings) -> ssl.SSLContext | None:
    """TLS 1.2 and later with the settings' certificate; None for plain HTTP. `OSError` or `ssl.SSLError` if unusable."""
    if settings.certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings.certificate, settings.private_key)
    context.set_alpn_protocols(["http/1.1"])
    return context


class Server(uvicorn.Server):
    """One listener, on the settings' address or on a socket that was bound already. It stops when it is told to;
    signals are the process's business."""

    def __init__(self, app: App, settings: HttpSettings, bound: socket.socket | None = None) -> None:
        require_privacy(settings)
        self._settings = settings
        self._bound = bound
        self._context = tls_context(settings)
        self._running: asyncio.Task[None] | None = None
        super().__init__(
            uvicorn.Config(
                app,
                loop="none",
                http=protocol_for(settings),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=int(settings.keep_alive),
                timeout_graceful_shutdown=int(settings.shutdown_timeout),
            )
        )

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens; the port that was found where the settings have 0."""
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        return host, port

    async def startup(self, sockets: Any = None) -> None:
        settings = self._settings
        loop = asyncio.get_running_loop()
        config, state = self.config, self.server_state

        def protocol() -> asyncio.Protocol:
            made: asyncio.Protocol = config.http_protocol_class(  # type: ignore[call-arg]
                config=config, server_state=state, app_state={}, _loop=loop
            )
            return made

        self.lifespan = config.lifespan_class(config)
        state.default_headers = [(b"date", formatdate(usegmt=True).encode())]
        how: dict[str, Any] = {"ssl": self._context, "backlog": BACKLOG, "sock": self._bound}
        if self._context is not None:
            how["ssl_handshake_timeout"] = HANDSHAKE_TIMEOUT
        if self._bound is None:
            how |= {"host": settings.host or None, "port": settings.port, "reuse_port": settings.share_port or None}
        server = await loop.create_server(protocol, **how)
        self.servers = [server]
        self.started = True

    async def start(self) -> None:
        """Listen. Raises `OSError` where the address cannot be had."""
        if not self.config.loaded:
            self.config.load()
        await self.startup()
        self._running = asyncio.get_running_loop().create_task(self._until_told(), name="http")
        host, port = self.address
        log.info("listening", door="http", host=host, port=port, tls=self._context is not None)

    async def _until_told(self) -> None:
        await self.main_loop()
        await self.shutdown()

    async def stop(self) -> None:
        """Take no new connection, answer what was accepted, close."""
        self.should_exit = True
        if self._running is not None:
            await self._running

    def hurry(self) -> None:
        """Stop without waiting any longer for what is still in flight."""
        self.force_exit = True
