"""The HTTP door, opened for one engine: its sockets, its server, its end.

Sockets are made here, so that a port in use is told before anything else is started, and so that several processes can
share one.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
from typing import Any

import uvicorn

from namestead.engine.engine import Engine
from namestead.settings import Settings

BACKLOG = 2048


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listen(host: str, port: int, *, shared: bool) -> socket.socket:
    """A bound socket, not listening yet. `shared` lets other processes of ours bind the same port."""
    [family, kind, proto, _, address] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    bound = socket.socket(family, kind, proto)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    bound.setblocking(False)
    return bound


class Http:
    """One HTTP server in this process."""

    def __init__(self, engine: Engine, settings: Settings, bound: socket.socket) -> None:
        self._bound = bound
        self._settings = settings
        config = uvicorn.Config(
            _app(engine),
            loop="none",
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=settings.access_log,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_graceful_shutdown=settings.stop_within,
            ssl_certfile=settings.http_cert,
            ssl_keyfile=settings.http_key,
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._server.serve(sockets=[self._bound]), name="http")
        while not self._server.started:
            if self._task.done():
                self._task.result()
                raise RuntimeError("the HTTP server ended before it had started")
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Take no new connections, answer what is in flight, close."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task

    def hurry(self) -> None:
        self._server.force_exit = True


class _Server(uvicorn.Server):
    """Signals are the process's to handle, not one part's."""

    def capture_signals(self) -> Any:
        import contextlib

        return contextlib.nullcontext()


def _app(engine: Engine) -> Any:
    async def health(scope: Any, receive: Any, send: Any) -> None:
        body = b'{"status": "ok"}'
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": body})

    logging.getLogger("namestead.cli").warning("the HTTP door is not there yet; only /healthz is served")
    return health
