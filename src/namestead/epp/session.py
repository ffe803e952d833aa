"""One EPP session: what may come when, and what each frame is answered. No socket, no clock and no task in here.

A frame becomes an `Exchange` when it is read, and takes its turn later: what a command may do depends on how the login
before it ended, and commands may be sent one after another without waiting (RFC 5734, 3). The server asks `turn` when
it is an exchange's turn, does what that says, and hands the outcome back; `octets` is what goes to the client.

    before login    hello, login                        else 2002
    after login     everything but a second login       which is 2002
    ended           nothing: the last answer said 1500, 2500, 2501 or 2502
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final

from msgspec.structs import replace

from namestead import errors
from namestead.commands.protocol import Answer
from namestead.commands.table import BY_TYPE, Row
from namestead.engine.submission import Envelope
from namestead.engine.waiting import Queue
from namestead.epp import answers, namespaces, refusals, requests, unhandled
from namestead.epp import login as logins
from namestead.epp import messages as epp
from namestead.epp.admission import Admitted
from namestead.epp.faults import Fault
from namestead.epp.framing import frame
from namestead.epp.login import Login, LoginSecurity, Refused, SecurityEvent, Served
from namestead.epp.read import read_command
from namestead.epp.write import VERBS, write
from namestead.errors import Refusal
from namestead.objects.facts import Reference
from namestead.objects.log import Surface

SERVED: Final = Served((*namespaces.OBJECTS, namespaces.MAINTENANCE), namespaces.EXTENSIONS)
"""Maintenance (RFC 9167) is an extension with an object's command: clients announce it as one or as the other."""

FAILED_LOGINS: Final = 3
"""Failed logins after which the connection ends (contracts/epp.md)."""

POLICY: Final = epp.Dcp(
    "all",
    (epp.DcpStatement(("admin", "prov"), ("public",), "stated", (epp.DcpOurs(),)),),
)
"""What is done with personal data (RFC 5730, 2.4): it is kept for administering and providing names, and published as
far as each contact allows."""


class Order(Enum):
    """What an exchange has to wait for. Exchanges of one kind run together."""

    AT_ONCE = "at once"
    ALONE = "alone"
    TRANSFORM = "transform"
    QUERY = "query"


@dataclass(slots=True)
class Exchange:
    """A frame that came, and its answer once there is one. `greets` marks a hello; `closes` that the connection ends
    when this is answered."""

    sv_trid: str
    order: Order
    command: epp.Command | None = None
    response: epp.Response | None = None
    greets: bool = False
    closes: bool = False
    with_queue: bool = False
    """Whether its answer tells how many messages wait."""

    @property
    def answered(self) -> bool:
        return self.response is not None or self.greets

    @property
    def cl_trid(self) -> str | None:
        return self.command.cl_trid if self.command is not None else None


@dataclass(frozen=True, slots=True)
class Perform:
    """Run this command of the registry and hand its answer to `done`, or its refusal to `refused`."""

    row: Row
    command: Any
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class LogIn:
    """Decide this login (`admission.admit`) and hand the outcome to `logged_in`."""

    login: Login


class Session:
    """The state of one connection. `reference` gives zones and registrars as last read, `now` the time."""

    __slots__ = ("_failed", "_now", "_reference", "_server", "admitted", "announced", "currency")

    def __init__(self, server: str, reference: Callable[[], Reference], now: Callable[[], datetime]) -> None:
        self._server = server
        self._reference = reference
        self._now = now
        self._failed = 0
        self.admitted: Admitted | None = None
        self.announced: frozenset[str] = frozenset()
        self.currency = ""

    def greeting(self) -> bytes:
        """The frame a connection begins with, and every hello is answered by (RFC 5730, 2.4)."""
        return frame(write(epp.Greeting(self._server, self._now(), namespaces.OBJECTS, namespaces.EXTENSIONS, POLICY)))

    def read(self, payload: bytes) -> Exchange:
        """A frame that came. One that cannot be read is answered already; its neighbours are not disturbed."""
        sv_trid = _next_id()
        try:
            message = read_command(payload)
        except Fault as fault:
            response = epp.Response((fault.result(),), sv_trid, fault.cl_trid)
            return Exchange(sv_trid, Order.AT_ONCE, response=response, with_queue=True)
        if isinstance(message, epp.Hello):
            return Exchange(sv_trid, Order.AT_ONCE, greets=True)
        return Exchange(sv_trid, _order(message.body), message)

    def turn(self, exchange: Exchange) -> Perform | LogIn | None:
        """What is to be done for an exchange; nothing if it is answered by that already."""
        command = exchange.command
        assert command is not None
        exchange.with_queue = self.admitted is not None
        try:
            return self._turn(exchange, command)
        except Fault as fault:
            self._answer(exchange, fault.result())
        except Refusal as refusal:
            self.refused(exchange, refusal)
        return None

    def _turn(self, exchange: Exchange, command: epp.Command) -> Perform | LogIn | None:
        body = command.body
        if isinstance(body, epp.Login):
            if self.admitted is not None:
                raise Fault(2002, "this session is logged in already; log out first, or open another connection")
            return LogIn(_login(body, command.extensions))
        admitted = self.admitted
        if admitted is None:
            raise Fault(2002, "log in first (RFC 5730, 2.9.1.1)")
        if isinstance(body, epp.Logout):
            self._answer(exchange, epp.Result(1500), closes=True)
            return None
        self._require_announced(command)
        if isinstance(body, epp.MaintenanceInfo):
            if body.id is not None:
                raise Fault(2303, "no maintenance has this id", element="maint:id", value=body.id)
            self._answer(exchange, epp.Result(1000), data=epp.MaintenanceList())
            return None
        asked = requests.command_of(command, self.currency)
        row = BY_TYPE[type(asked)]
        key = command.cl_trid if admitted.cltrid_as_key and row.transform else None
        envelope = Envelope(
            admitted.principal,
            Surface.EPP,
            idempotency_key=key,
            request_id=exchange.sv_trid,
            client_transaction_id=command.cl_trid,
        )
        return Perform(row, asked, envelope)

    def _require_announced(self, command: epp.Command) -> None:
        """What a client uses it has announced at login: 2307 for an object, 2103 for an extension."""
        uri = command.object_uri
        if uri is not None and uri not in self.announced:
            code = 2103 if uri == namespaces.MAINTENANCE else 2307
            raise Fault(code, f"{uri} was not announced at login; log in with it", element="epp:login")
        if command.extensions is epp.NO_EXTENSIONS:
            return
        for uri in command.extensions.uris:
            if uri not in self.announced:
                reason = f"{uri} was not announced at login; log in with it"
                raise Fault(2103, reason, element="epp:extension", value=uri)

    def logged_in(self, exchange: Exchange, outcome: Admitted | Refused) -> None:
        """The outcome of a login."""
        assert exchange.command is not None
        body = exchange.command.body
        assert isinstance(body, epp.Login)
        events = epp.ResponseExtensions(login_security=tuple(map(_event, outcome.events)))
        if isinstance(outcome, Admitted):
            self.admitted = outcome
            self.announced = frozenset((*body.obj_uris, *body.ext_uris))
            self.currency = outcome.standing.currency
            exchange.with_queue = True
            self._answer(exchange, epp.Result(1000), extensions=events)
            return
        result = refusals.result_of(outcome.refusal, body)
        if result.code != 2400:  # which nobody could decide; the client may well have been right
            self._failed += 1
        if self._failed >= FAILED_LOGINS and result.code < 2500:
            result = epp.Result(2501, ext_values=result.ext_values)
        announced = frozenset(body.ext_uris)
        self._answer(exchange, result, extensions=events, closes=result.code >= 2500, announced=announced)

    def done(self, exchange: Exchange, answer: Answer[Any]) -> None:
        """A command went well."""
        assert exchange.command is not None
        said = answers.said(answer, answers.Told(exchange.command, self._reference().zones, self.currency))
        self._answer(exchange, epp.Result(said.code), data=said.data, extensions=said.extensions, queue=said.queue)

    def refused(self, exchange: Exchange, refusal: Refusal) -> None:
        """A command was refused."""
        assert exchange.command is not None
        self._answer(exchange, refusals.result_of(refusal, exchange.command.body))

    def failed(self, exchange: Exchange) -> None:
        """What nobody foresaw."""
        self.refused(exchange, Refusal(errors.INTERNAL_ERROR))

    def _answer(
        self,
        exchange: Exchange,
        result: epp.Result,
        *,
        data: Any = None,
        extensions: epp.ResponseExtensions = epp.NO_RESPONSE_EXTENSIONS,
        queue: epp.MessageQueue | None = None,
        closes: bool = False,
        announced: frozenset[str] | None = None,
    ) -> None:
        response = epp.Response((result,), exchange.sv_trid, exchange.cl_trid, queue, data, extensions)
        if data is not None or extensions is not epp.NO_RESPONSE_EXTENSIONS:
            response = unhandled.handled(response, self.announced if announced is None else announced)
        exchange.response = response
        exchange.closes = closes

    def octets(self, exchange: Exchange, waiting: Queue | None) -> bytes:
        """The frame that answers an exchange; `waiting` is the registrar's message queue, where it is known."""
        if exchange.greets:
            return self.greeting()
        response = exchange.response
        assert response is not None
        if response.queue is None and waiting is not None and waiting.head is not None and waiting.count:
            queue = epp.MessageQueue(waiting.count, str(waiting.head))
            response = replace(response, queue=queue)
        return frame(write(response))


def _order(body: epp.CommandBody) -> Order:
    if isinstance(body, epp.Login | epp.Logout):
        return Order.ALONE
    return Order.TRANSFORM if type(body) in _TRANSFORMS else Order.QUERY


_TRANSFORMS: Final = frozenset(
    {body for body, verb in VERBS.items() if verb in ("create", "delete", "renew", "transfer", "update")}
    | {epp.PollAck}
)
"""RFC 5730, 2.9.3; and an acknowledgement, which changes the queue."""


def _login(body: epp.Login, extensions: epp.CommandExtensions) -> Login:
    security = extensions.login_security
    return Login(
        client_id=body.cl_id,
        password=body.pw,
        version=body.version,
        language=body.lang,
        objects=body.obj_uris,
        extensions=body.ext_uris,
        new_password=body.new_pw,
        security=None if security is None else LoginSecurity(security.pw, security.new_pw),
    )


def _event(event: SecurityEvent) -> epp.SecurityEvent:
    return epp.SecurityEvent(
        type=event.type.value,
        level="error" if event.level is logins.Level.ERROR else "warning",
        text=event.text,
        name=event.name,
        ex_date=event.expires,
        value=event.value,
        duration=event.duration,
    )


_prefix: Final = secrets.token_hex(6)
_numbers = itertools.count(1)


def _next_id() -> str:
    """A server transaction id: unique for ever, by a random part for each process and a number (RFC 5730, 2.6)."""
    return f"NST-{_prefix}-{next(_numbers)}"
