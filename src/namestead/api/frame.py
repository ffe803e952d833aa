"""What every request and every answer has, whatever it is about: ids, headers, a body within its limits.

Knows ASGI and nothing of domains.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from os import urandom
from typing import Any

from namestead import errors
from namestead.engine.limits import Counted
from namestead.errors import Refusal

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]

READ = frozenset(
    {
        b"authorization",
        b"content-length",
        b"content-type",
        b"idempotency-key",
        b"transfer-encoding",
        b"x-forwarded-for",
        b"x-forwarded-proto",
        b"x-registrar-sandbox",
        b"x-request-id",
    }
)
"""The header fields anything here looks at."""

_SANE_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:/+=@~-]{0,127}")
"""A request id a caller may choose: one word that is safe in a log line, a header and a URL."""


class Request:
    """One request. `counted` is where it stands in its rate limit, once that is known."""

    __slots__ = (
        "command",
        "counted",
        "headers",
        "method",
        "path",
        "query",
        "receive",
        "repeated",
        "request_id",
        "scope",
    )

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.receive = receive
        self.method: str = scope["method"]
        self.path: bytes = scope["raw_path"]
        self.query: bytes = scope["query_string"]
        self.counted: Counted | None = None
        self.command: str | None = None
        self.repeated: set[bytes] | None = None
        self.headers: dict[bytes, bytes] = {}
        headers = self.headers
        for name, value in scope["headers"]:
            if name in READ:
                if name in headers:
                    self._repeat(name, value)
                else:
                    headers[name] = value
        given = headers.get(b"x-request-id")
        if given is not None and _SANE_ID.fullmatch(given):
            self.request_id = given.decode()
        else:
            self.request_id = "req_" + urandom(16).hex()

    def _repeat(self, name: bytes, value: bytes) -> None:
        if name == b"x-forwarded-for":
            self.headers[name] += b"," + value
            return
        if self.repeated is None:
            self.repeated = set()
        self.repeated.add(name)

    def once(self, name: bytes) -> bytes | None:
        """A header field's value; None if it is absent. One sent twice is a fault of the request."""
        if self.repeated is not None and name in self.repeated:
            field = name.decode().title()
            message = f"{field} is sent more than once. Send it once."
            raise Refusal(
                errors.INVALID_REQUEST, field, message=message, details=(errors.Fault(field, "repeated", message),)
            )
        return self.headers.get(name)

    async def body(self, largest: int) -> bytes:
        """The whole body. 413 when it is larger than allowed, announced or not; 408 when it does not arrive in time,
        which the connection watches (`protocol.py`)."""
        declared = self.headers.get(b"content-length")
        if declared is None:
            if b"transfer-encoding" not in self.headers:
                return b""
        elif int(declared) > largest:
            raise _too_large(largest)
        try:
            message = await self.receive()
            body: bytes = message.get("body", b"")
            if message.get("more_body", False):
                body = await self._rest(body, largest)
        except TimeoutError:
            raise Refusal(errors.REQUEST_TIMEOUT) from None
        if message["type"] == "http.disconnect":
            raise Gone
        if len(body) > largest:
            raise _too_large(largest)
        return body

    async def _rest(self, first: bytes, largest: int) -> bytes:
        parts, size, more = [first], len(first), True
        while more:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise Gone
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > largest:
                raise _too_large(largest)
            more = message.get("more_body", False)
        return b"".join(parts)


class Gone(Exception):
    """The caller went away before the request was whole: there is nobody to answer, and nothing was done."""


def _too_large(largest: int) -> Refusal:
    return Refusal(errors.BODY_TOO_LARGE, message=f"The body is larger than {largest} octets. Split the request.")


class Reply:
    """An answer: a status, a JSON body and the header fields that are its own."""

    __slots__ = ("body", "headers", "media", "status")

    def __init__(self, status: int, body: bytes, headers: Headers = (), media: bytes = b"application/json") -> None:
        self.status = status
        self.body = body
        self.headers = headers
        self.media = media


CLOSE = frozenset({408, 413, 431})
"""Answers after which the rest of the request may still be on its way: the connection is given up."""

NO_CONTENT = 204


async def send_reply(reply: Reply, request: Request, send: Send) -> None:
    """Send an answer with the header fields every answer has: in one write where the connection is one of ours
    (`protocol.py`), else by ASGI's messages."""
    answer_at_once = getattr(getattr(send, "__self__", None), "answer_at_once", None)
    if answer_at_once is not None and await answer_at_once(reply.status, head_of(reply, request), reply.body):
        return
    lines = head_of(reply, request).split(b"\r\n")[:-1]
    fields = [(name, value) for name, _, value in (line.partition(b": ") for line in lines)]
    if reply.status in CLOSE:
        fields.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": reply.status, "headers": fields})
    await send({"type": "http.response.body", "body": reply.body})


def head_of(reply: Reply, request: Request) -> bytes:
    """The header fields of an answer, each on its line."""
    head = b"x-request-id: %b\r\ncache-control: no-store\r\n" % request.request_id.encode()
    if reply.status != NO_CONTENT:
        head += b"content-type: %b\r\ncontent-length: %d\r\n" % (reply.media, len(reply.body))
    counted = request.counted
    if counted is not None:
        head += b"x-ratelimit-limit: %d\r\nx-ratelimit-remaining: %d\r\nx-ratelimit-reset: %d\r\n" % (
            counted.limit,
            counted.remaining,
            counted.reset_at,
        )
    for field in reply.headers:
        head += b"%b: %b\r\n" % field
    return head
