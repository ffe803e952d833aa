"""The HTTP application: from a request to a command and from an answer to a response, routed by the command table.

Plain ASGI. The gates run before a body is read, in the contract's order, which no framework's routing allows; every
path, method, scope and status comes from `commands/table.py` (docs/decisions/0001).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec
import structlog
from prometheus_client import generate_latest

from namestead import errors
from namestead.api import queries, status
from namestead.api.endpoints import ENDPOINTS, Endpoint
from namestead.api.errors import reply_to
from namestead.api.frame import Gone, Receive, Reply, Request, Scope, Send, send_reply
from namestead.api.gates import Caller, Gates
from namestead.api.openapi import document
from namestead.api.peers import Peers
from namestead.api.schemas import Body, Mutation, faults_of
from namestead.api.settings import HttpSettings
from namestead.commands.message.ack import LONGEST_ID
from namestead.commands.table import TABLE, Kind, Row
from namestead.engine import listings
from namestead.engine.engine import Engine
from namestead.engine.submission import Envelope
from namestead.errors import Fault, Refusal
from namestead.objects.log import Surface
from namestead.objects.names import Name
from namestead.rules import contacts, names

log = structlog.get_logger("namestead.api")

ROOT = b"/api/v1/registrar/v1"
OPENAPI = b"/api/v1/registrar/openapi.json"

_encode = msgspec.json.Encoder().encode
_visible = frozenset(range(0x21, 0x7F))

Asgi = Callable[[Scope, Receive, Send], Any]


class Route:
    """One command's way in: its row of the table, its half of the endpoints, and a decoder made once. `read` reads what
    stands in its path."""

    __slots__ = ("decode", "endpoint", "read", "row")

    def __init__(self, row: Row, endpoint: Endpoint, read: Callable[[bytes], Any] | None = None) -> None:
        self.row = row
        self.endpoint = endpoint
        self.read = read
        self.decode: Callable[[bytes], Any] = msgspec.json.Decoder(endpoint.body or Body).decode


class Ways:
    """The methods of one path."""

    __slots__ = ("allow", "by_method")

    def __init__(self) -> None:
        self.by_method: dict[str, Route] = {}
        self.allow = ""

    def add(self, route: Route) -> None:
        assert route.row.method is not None
        self.by_method[route.row.method] = route
        methods = {*self.by_method, "OPTIONS"} | ({"HEAD"} if "GET" in self.by_method else set())
        self.allow = ", ".join(sorted(methods))


OfObjects = dict[tuple[bytes, bytes], Ways]
"""What may follow an object's path: by collection (`/domains/`) and by what stands behind the object's name."""


def _routes() -> tuple[dict[bytes, Ways], OfObjects]:
    """Whole paths, and those that name an object, from the table."""
    whole: dict[bytes, Ways] = {}
    of_objects: OfObjects = {}
    for row in TABLE:
        if row.path is None:
            continue
        named = _PARAMETER.search(row.path)
        if named is None:
            whole.setdefault(row.path.encode(), Ways()).add(Route(row, ENDPOINTS[row.name]))
        else:
            place = (row.path[: named.start()].encode(), row.path[named.end() :].encode())
            of_objects.setdefault(place, Ways()).add(Route(row, ENDPOINTS[row.name], IN_PATH[named[1]]))
    return whole, of_objects


_PARAMETER = re.compile(r"\{(\w+)\}")


class App:
    """An ASGI application. `others` are applications of other doors, by the start of their paths."""

    def __init__(self, engine: Engine, settings: HttpSettings, others: Mapping[str, Asgi] | None = None) -> None:
        self._engine = engine
        self._settings = settings
        self._gates = Gates(engine, settings.rate_limit)
        self._peers = Peers(settings)
        whole, self._of_objects = _routes()
        self._whole = {ROOT + path: ways for path, ways in whole.items()}
        self._others = tuple((prefix, app) for prefix, app in (others or {}).items())
        self._openapi = document()
        self._own: dict[bytes, Callable[[Request], Any]] = {
            OPENAPI: self._show_openapi,
            b"/healthz": self._healthz,
            b"/readyz": self._readyz,
            b"/metrics": self._metrics,
        }
        self._turned_away = {kind.code: engine.metrics.turned_away.labels(kind.code) for kind in errors.CATALOGUE}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        try:
            route, segment = self._find(request)
            if route is not None:
                reply = await self._answer(request, route, segment)
            else:
                other = await self._elsewhere(request, send)
                if other is None:
                    return
                reply = other
        except Refusal as refusal:
            self._turned_away[refusal.kind.code].inc()
            reply = reply_to(refusal, request)
        except Allowed as allowed:
            reply = Reply(204, b"", ((b"allow", allowed.methods.encode()),))
        except Gone:
            return
        except Exception:
            log.exception("a request failed in an unforeseen way", request_id=request.request_id, path=_shown(request))
            reply = reply_to(Refusal(errors.INTERNAL_ERROR), request)
        await send_reply(reply, request, send)

    # ------------------------------------------------------------------------------------------------------- routing

    def _find(self, request: Request) -> tuple[Route | None, bytes | None]:
        """The route a request takes and the name in its path; no route when the path is none of the registrar API's."""
        path = request.path
        method = request.method
        segment: bytes | None = None
        ways = self._whole.get(path)
        if ways is None or method not in ways.by_method:
            # An object may be called like a path of ours: `check` can be a contact's id.
            named, segment = self._of_object(path)
            if named is not None and (ways is None or method in named.by_method):
                ways = named
            elif ways is not None:
                segment = None
            else:
                if path.startswith(ROOT):
                    raise _no_such_path(path)
                return None, None
        route = ways.by_method.get(method)
        if route is None:
            if method == "HEAD" and "GET" in ways.by_method:
                return ways.by_method["GET"], segment
            if method == "OPTIONS":
                raise Allowed(ways.allow)
            raise _no_such_method(method, ways.allow)
        return route, segment

    def _of_object(self, path: bytes) -> tuple[Ways | None, bytes | None]:
        """What a path that names an object takes, and how the object is written there."""
        if not path.startswith(ROOT):
            return None, None
        collection, slash, rest = path[len(ROOT) + 1 :].partition(b"/")
        segment, behind, after = rest.partition(b"/")
        if not segment:
            return None, None
        return self._of_objects.get((b"/" + collection + slash, behind + after)), segment

    # ------------------------------------------------------------------------------------------------------ commands

    async def _answer(self, request: Request, route: Route, segment: bytes | None) -> Reply:
        row, endpoint = route.row, route.endpoint
        self._peers.require_privacy(request)
        caller = await self._gates.admit(request, row, channel=not endpoint.without_channel)
        if row.kind is Kind.LISTING:
            return await self._list(request, route, caller)
        name: Any = None
        body: Body | None = None
        data = b""
        try:
            data = await self._body(request, endpoint)
            if segment is not None:
                assert route.read is not None
                name = route.read(segment)
            if endpoint.body is not None:
                body = route.decode(data)
                command = body.command(name)
            else:
                assert endpoint.asks is not None and name is not None
                command = endpoint.asks(name)
            key = self._key(request, body)
            sandbox = self._sandbox(request, body)
        except (Refusal, ValueError, RecursionError) as problem:
            refusal = self._refusal(problem, request, route, segment, body, data)
            await self._gates.note(refusal, request, row, caller, _subject(name))
            raise refusal from None
        envelope = Envelope(caller.principal, Surface.HTTP, sandbox, key, request.request_id)
        if row.kind is Kind.TRANSFORM:
            answer = await self._engine.submit(command, envelope)
            code = 202 if answer.sandbox or answer.status == "pending" else row.status
            headers = _REPLAYED if answer.idempotent else ()
        else:
            answer = await self._engine.ask(command, envelope)
            code, headers = row.status, ()
        render = endpoint.render_also if body is not None and body.many else endpoint.render
        assert render is not None
        return Reply(code, _encode(render(row.name, request.request_id, answer)), headers)

    async def _list(self, request: Request, route: Route, caller: Caller) -> Reply:
        endpoint = route.endpoint
        assert endpoint.lists is not None
        try:
            command = queries.read(endpoint.lists, request.query)
        except Refusal as refusal:
            await self._gates.note(refusal, request, route.row, caller)
            raise
        if endpoint.page is None:
            return Reply(200, _encode(await self._status(request, caller)))
        page = await self._engine.read(lambda c: listings.run(c, command, caller.principal, self._gates.reference))
        return Reply(200, _encode(endpoint.page(request.request_id, page)))

    async def _status(self, request: Request, caller: Caller) -> status.Status:
        standing = await self._engine.read(lambda c: listings.standing(c, caller.principal))
        assert request.counted is not None
        return status.of(request.request_id, caller.key, standing, request.counted, self._settings)

    # ---------------------------------------------------------------------------------------------- what a body says

    async def _body(self, request: Request, endpoint: Endpoint) -> bytes:
        if endpoint.body is None:
            return b""
        settings = self._settings
        data = await request.body(settings.largest_body)
        if not data and endpoint.body_optional:
            return b"{}"
        kind = request.headers.get(b"content-type")
        if kind != b"application/json" and not _is_json(kind):
            raise Refusal(
                errors.UNSUPPORTED_MEDIA_TYPE,
                message="The body must be JSON, sent with 'Content-Type: application/json'.",
            )
        return data

    def _key(self, request: Request, body: Body | None) -> str | None:
        """The idempotency key, from the header or the body; both may be there if they agree."""
        sent = request.once(b"idempotency-key")
        in_body = body.idempotency_key if body is not None else None
        if sent is None:
            return in_body
        if not 1 <= len(sent) <= 255 or not _visible.issuperset(sent):
            raise _fault(
                "Idempotency-Key", "invalid_value", "must be 1 to 255 visible ASCII characters, without blanks."
            )
        key = sent.decode()
        if in_body is not None and in_body != key:
            raise _fault(
                "idempotency_key", "conflict", "is not the same as the header Idempotency-Key. Send one of them."
            )
        return key

    def _sandbox(self, request: Request, body: Body | None) -> bool:
        if not isinstance(body, Mutation):
            return False
        sent = request.once(b"x-registrar-sandbox")
        if sent is None:
            return body.sandbox
        if sent not in _YES_OR_NO:
            raise _fault("X-Registrar-Sandbox", "invalid_value", "must be 1, or 0 as if it were not there.")
        return body.sandbox or _YES_OR_NO[sent]

    def _refusal(
        self, problem: Exception, request: Request, route: Route, segment: bytes | None, body: Body | None, data: bytes
    ) -> Refusal:
        """What a request that could not be read is answered: every fault of path, headers and body at once."""
        if isinstance(problem, Refusal) and problem.kind is not errors.INVALID_REQUEST:
            return problem
        kind = route.endpoint.body
        found: list[Fault] = []
        read = route.read
        if segment is not None and read is not None:
            found.extend(_faults(lambda: read(segment)))
        if kind is not None:
            try:
                found.extend(faults_of(kind, data))
            except RecursionError:
                return Refusal(errors.INVALID_JSON, message="The body is nested too deeply.")
            except (msgspec.DecodeError, UnicodeDecodeError) as bad:
                return Refusal(
                    errors.INVALID_JSON,
                    message="The body is empty; a JSON object is needed."
                    if not data
                    else f"The body is not JSON in UTF-8: {bad}.",
                )
        found.extend(_faults(lambda: self._key(request, body)))
        if kind is not None and issubclass(kind, Mutation):
            found.extend(_faults(lambda: self._sandbox(request, body or Mutation())))
        return queries.refusal_of(found)

    # -------------------------------------------------------------------------------------------- what is no command

    async def _elsewhere(self, request: Request, send: Send) -> Reply | None:
        """Paths that are no command's. None: another application has answered."""
        own = self._own.get(request.path)
        if own is not None:
            if request.method == "OPTIONS":
                raise Allowed(_ALLOW_READING)
            if request.method not in ("GET", "HEAD"):
                raise _no_such_method(request.method, _ALLOW_READING)
            reply: Reply = await own(request)
            return reply
        path = request.scope["path"]
        for prefix, app in self._others:
            if path.startswith(prefix):
                await app(request.scope, request.receive, send)
                return None
        raise _no_such_path(request.path)

    async def _show_openapi(self, request: Request) -> Reply:
        return Reply(200, self._openapi, ((b"access-control-allow-origin", b"*"),))

    async def _healthz(self, request: Request) -> Reply:
        """The process answers."""
        return Reply(200, b'{"status":"ok"}')

    async def _readyz(self, request: Request) -> Reply:
        """The process can serve: the register answers, too. 503 `backend_unavailable` otherwise."""
        await self._engine.read(listings.alive)
        return Reply(200, b'{"status":"ready"}')

    async def _metrics(self, request: Request) -> Reply:
        if not self._peers.may_read_metrics(request):
            raise _no_such_path(request.path)
        text = generate_latest(self._engine.metrics.registry)
        return Reply(200, text, media=b"text/plain; version=0.0.4; charset=utf-8")


_REPLAYED = ((b"idempotent-replayed", b"true"),)
_YES_OR_NO = {b"1": True, b"true": True, b"0": False, b"false": False}


def _is_json(kind: bytes | None) -> bool:
    if kind is None:
        return False
    media, _, parameters = kind.partition(b";")
    if media.strip().lower() != b"application/json":
        return False
    charset = parameters.strip().lower().replace(b'"', b"")
    return charset in (b"", b"charset=utf-8", b"charset=utf8")


def _text_in_path(segment: bytes, field: str) -> str:
    """A path segment as it was meant: percent-encoded UTF-8."""
    if b"%" in segment:
        segment = unquote_to_bytes(segment)
    try:
        return segment.decode()
    except UnicodeDecodeError:
        raise _fault(field, "invalid_name", "in the path is not UTF-8.") from None


def _domain_in_path(segment: bytes) -> Name:
    """The name a path segment stands for: A-label or U-label."""
    return names.parse(_text_in_path(segment, "domain"))


def _host_in_path(segment: bytes) -> Name:
    return names.parse(_text_in_path(segment, "host"), field="host")


def _contact_in_path(segment: bytes) -> str:
    handle = _text_in_path(segment, "contact")
    if complaint := contacts.handle_complaint(handle):
        raise _fault("contact", "invalid_value", f"in the path {complaint}.")
    return handle


def _message_in_path(segment: bytes) -> int:
    """A message's id as it was answered."""
    if not segment.isdigit() or len(segment) > LONGEST_ID:
        raise _fault("id", "invalid_value", "in the path is no message's id: take it from GET /messages.")
    return int(segment)


IN_PATH: dict[str, Callable[[bytes], Any]] = {
    "domain": _domain_in_path,
    "host": _host_in_path,
    "contact": _contact_in_path,
    "id": _message_in_path,
}
"""How what a path names is read, by its parameter in the command table."""


def _subject(name: Any) -> str | None:
    """What a log row of a request that could not be read stands under: a name, and nothing else."""
    return name if isinstance(name, str) and "." in name else None


def _fault(field: str, code: str, why: str) -> Refusal:
    message = f"{field} {why}"
    return Refusal(errors.INVALID_REQUEST, field, message=message, details=(Fault(field, code, message),))


def _faults(read: Callable[[], Any]) -> tuple[Fault, ...]:
    try:
        read()
    except Refusal as refusal:
        return refusal.details
    return ()


class Allowed(Exception):
    """OPTIONS was asked: the methods of the path."""

    def __init__(self, methods: str) -> None:
        self.methods = methods


_ALLOW_READING = "GET, HEAD, OPTIONS"


def _no_such_method(method: str, allow: str) -> Refusal:
    return Refusal(
        errors.METHOD_NOT_ALLOWED,
        message=f"This path does not take {method[:32]}. It takes {allow}.",
        extra={"allow": allow},
    )


def _no_such_path(path: bytes) -> Refusal:
    hint = " Paths end without a slash." if path.endswith(b"/") else ""
    return Refusal(
        errors.NOT_FOUND,
        message=f"There is no such path.{hint} The OpenAPI document lists them all: {OPENAPI.decode()}",
    )


def _shown(request: Request) -> str:
    return request.path[:200].decode("ascii", "replace")


def build(engine: Engine, settings: HttpSettings, others: Mapping[str, Asgi] | None = None) -> App:
    """The application over an engine that was started."""
    return App(engine, settings, others)
