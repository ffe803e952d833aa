"""HTTP/1.1 on a connection: uvicorn's protocol, with limits of ours and with answers in our own form.

What is added: a limit on the head of a request (431) and on the time it takes (408), our error body for bytes that are
no HTTP (400), one write an answer, and a connection that is given up when the rest of an
answered request does not come.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from namestead import errors
from namestead.api.errors import reply_to
from namestead.api.frame import CLOSE, Request, head_of
from namestead.api.settings import HttpSettings
from namestead.errors import Kind, Refusal

LINGER = 5.0
"""Seconds the rest of a request may still take after it was answered."""


class Cycle(RequestResponseCycle):
    """One request and its answer. An answer of ours, whose size is known, is one write."""

    _body_until: float | None = None
    body_timeout: float

    async def receive(self) -> Any:
        """The next part of the body; `TimeoutError` where the whole does not arrive in time."""
        if not self.more_body or self.disconnected or self.response_complete:
            return await super().receive()
        if self._body_until is None:
            self._body_until = asyncio.get_running_loop().time() + self.body_timeout
        async with asyncio.timeout_at(self._body_until):
            return await super().receive()

    async def answer_at_once(self, status: int, head: bytes, body: bytes) -> bool:
        """A whole answer in one write. `head` are its header fields, each on its line, none of them about the
        connection. False, and nothing sent, while the caller does not read: then it has to go the usual way."""
        if self.flow.write_paused or self.response_started:
            return False
        if self.disconnected:
            return True
        if status in CLOSE:
            self.keep_alive = False
        content = [STATUS_LINE[status], head]
        for name, value in self.default_headers:
            content.append(b"%b: %b\r\n" % (name, value))
        content.append(b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n")
        if self.scope["method"] != "HEAD":
            content.append(body)
        self.waiting_for_100_continue = False
        self.expected_content_length = 0
        self.response_started = self.response_complete = True
        self.transport.write(b"".join(content))
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
        return True


_ASGI: Any = {"version": "3.0", "spec_version": "2.3"}


class HeadTooLarge(Exception):
    """The request's head is larger than the limit."""


def protocol_for(settings: HttpSettings) -> type[asyncio.Protocol]:
    """The protocol with these limits, as uvicorn wants it: a class."""

    class Limited(Protocol):
        limits = settings

    return Limited


class Protocol(HttpToolsProtocol):
    """One connection."""

    limits: HttpSettings

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head = True
        self._begun = False
        self._head_arrived = 0
        self._head_read = 0
        self._whole = True
        self._timer: asyncio.TimerHandle | None = None
        self._refusing = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._timer = self.loop.call_later(self.limits.head_timeout, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._drop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refusing:
            return
        self._unset_keepalive_if_required()
        if self._in_head:
            self._head_arrived += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # Nothing is upgraded to: the request is answered as it is, and whatever follows it is not HTTP of ours.
            self.cycle.keep_alive = False
        except httptools.HttpParserError:
            too_large = self._head_read > self.limits.largest_head
            self._refuse(errors.HEADERS_TOO_LARGE if too_large else errors.MALFORMED_REQUEST)
            return
        if self._in_head and self._begun:
            if self._head_arrived > self.limits.largest_head:
                self._refuse(errors.HEADERS_TOO_LARGE)
            elif self._timer is None:
                self._timer = self.loop.call_later(self.limits.head_timeout, self._head_is_late)

    def on_message_begin(self) -> None:
        self._in_head = self._begun = True
        self._head_read = 0
        self.url = b""
        self.expect_100_continue = False
        self.headers = []
        self.scope = {  # type: ignore[typeddict-item]  # the rest is known when the head is whole
            "type": "http",
            "asgi": _ASGI,
            "http_version": "1.1",
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme or "http",
            "root_path": "",
            "headers": self.headers,
            "state": {},
        }

    def on_url(self, url: bytes) -> None:
        self.url += url
        self._head_read += len(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))
        self._head_read += len(name) + len(value) + 4
        if self._head_read > self.limits.largest_head:
            raise HeadTooLarge

    def on_headers_complete(self) -> None:
        self._in_head = self._begun = self._whole = False
        self._head_arrived = 0
        if self._timer is not None:
            self._drop_timer()
        parser, scope = self.parser, self.scope
        target = httptools.parse_url(self.url)
        raw_path = target.path or b"/"
        scope["method"] = parser.get_method().decode("ascii")
        path = raw_path.decode("ascii")
        scope["path"] = unquote(path) if "%" in path else path
        scope["raw_path"] = raw_path
        scope["query_string"] = target.query or b""
        version = parser.get_http_version()
        if version != "1.1":
            scope["http_version"] = version
        before = self.cycle
        self.cycle = cycle = Cycle(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=version != "1.0" and parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        cycle.body_timeout = self.limits.body_timeout
        if before is None or before.response_complete:  # type: ignore[redundant-expr]  # None before the first
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def on_body(self, body: bytes) -> None:
        cycle = self.cycle
        if cycle.response_complete:
            return
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        self._whole = True
        cycle = self.cycle
        if cycle.response_complete:
            self._drop_timer()
            return
        cycle.more_body = False
        cycle.message_event.set()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._whole and not self.transport.is_closing():
            self._timer = self.loop.call_later(LINGER, self.transport.close)

    def shutdown(self) -> None:
        """The server stops: a connection that waits is closed, one with a request answers it first."""
        if self.pipeline:
            self.pipeline[0][0].keep_alive = False
        super().shutdown()

    def _head_is_late(self) -> None:
        self._timer = None
        if self._begun and not self.transport.is_closing():
            self._refuse(errors.REQUEST_TIMEOUT)
        else:
            self.transport.close()

    def _drop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, kind: Kind) -> None:
        """Answer what never became a request, and give the connection up. An answer that is still owed goes first."""
        self._drop_timer()
        self._refusing = True
        if self.cycle is not None and not self.cycle.response_complete:  # type: ignore[redundant-expr]  # the same
            self.cycle.keep_alive = False
            return
        refusal = Refusal(kind)
        scope = {"method": "GET", "raw_path": b"", "query_string": b"", "headers": ()}
        request = Request(scope, cast(Any, None))
        reply = reply_to(refusal, request)
        head = head_of(reply, request) + b"connection: close\r\n\r\n"
        self.transport.write(b"".join((STATUS_LINE[reply.status], head, reply.body)))
        self.transport.close()
