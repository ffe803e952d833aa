"""The HTTP door, opened for one engine: what of the settings it is told, and which port it gets."""

from __future__ import annotations

import socket
import ssl
import time
from typing import Any

import structlog

from namestead.api.server import Server, build
from namestead.api.settings import HttpSettings, networks
from namestead.engine.engine import Engine
from namestead.epp import namespaces
from namestead.settings import Settings

log = structlog.get_logger("namestead.access")


def settings_of(settings: Settings, port: int, *, epp_port: int | None = None, shared: bool) -> HttpSettings:
    """The door's own settings. `epp_port` is where EPP is served, if it is; `shared`: other processes of ours listen on the
    same port."""
    return HttpSettings(
        host=settings.http_host,
        port=port,
        certificate=settings.http_cert,
        private_key=settings.http_key,
        trusted_proxies=networks(*settings.trusted_proxies),
        plain_http_on_any_address=settings.plain_http_on_any_address,
        metrics_from=networks(*settings.metrics_from),
        rate_limit=settings.rate_limit,
        shutdown_timeout=settings.stop_within,
        share_port=shared,
        epp_host=settings.epp_host,
        epp_port=settings.epp_port if epp_port is None else epp_port,
        epp_live=epp_port is not None,
        epp_extensions=namespaces.EXTENSIONS,
    )


def reserve(host: str, port: int) -> socket.socket:
    """Take a port that several processes will share, and keep others from it. Raises `OSError` where it is in use.

    A bound socket that never listens gets no connections; it only keeps the number ours. The first one, without
    SO_REUSEPORT, finds out whether somebody else's process shares it already.
    """
    with _bound(host, port, shared=False) as alone:
        port = alone.getsockname()[1]
    return _bound(host, port, shared=True)


def require_free(host: str, port: int) -> None:
    """Find out early, before anything is started, whether a port can be had. `OSError` if not."""
    _bound(host, port, shared=False).close()


def _bound(host: str, port: int, *, shared: bool) -> socket.socket:
    [family, kind, proto, _, address] = socket.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.socket(family, kind, proto)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound


class Http:
    """One HTTP server in this process."""

    def __init__(self, engine: Engine, settings: Settings, port: int, *, epp_port: int | None, shared: bool) -> None:
        own = settings_of(settings, port, epp_port=epp_port, shared=shared)
        app: Any = build(engine, own)
        if settings.access_log:
            app = AccessLog(app)
        self._server = Server(app, own)

    @property
    def port(self) -> int:
        return self._server.address[1]

    async def start(self) -> None:
        await self._server.start()

    async def stop(self) -> None:
        """Take no new connections, answer what was accepted, close."""
        if self._server.started:
            await self._server.stop()

    def hurry(self) -> None:
        self._server.force_exit = True


class AccessLog:
    """A log line for each request: what was asked, answered, and how long it took. No query, no header, no body."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        began = time.perf_counter()
        seen: dict[str, Any] = {}

        async def noting(message: Any) -> None:
            if message["type"] == "http.response.start":
                seen["status"] = message["status"]
                headers = dict(message.get("headers", ()))
                seen["request_id"] = headers.get(b"x-request-id", b"").decode()
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            client = scope.get("client")
            log.info(
                "request",
                method=scope.get("method"),
                path=scope.get("path"),
                client=client[0] if client else None,
                milliseconds=round((time.perf_counter() - began) * 1000, 1),
                **seen,
            )


def unusable_certificate(settings: Settings) -> str | None:
    """Why the certificate and key cannot be used; None if they can, or there are none."""
    if settings.http_cert is None:
        return None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.http_cert, settings.http_key)
    except (OSError, ssl.SSLError) as problem:
        return str(problem)
    return None
