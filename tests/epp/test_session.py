"""The session without socket, clock or engine: what may come when, and what each frame is answered."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from namestead import errors
from namestead.commands.contact.check import CheckContact
from namestead.commands.domain.check import CheckDomain
from namestead.commands.domain.create import CreateDomain
from namestead.commands.domain.renew import RenewDomain
from namestead.commands.listings import ReadMessage
from namestead.commands.message.ack import AckMessage
from namestead.commands.protocol import Principal
from namestead.engine.sessions import Slot
from namestead.engine.waiting import Queue
from namestead.epp import messages as epp
from namestead.epp import namespaces
from namestead.epp.admission import Admitted
from namestead.epp.framing import Frames
from namestead.epp.login import EventType, Level, LoginSecurity, Refused, SecurityEvent
from namestead.epp.read import read_answer
from namestead.epp.session import Exchange, LogIn, Order, Perform, Session
from namestead.epp.write import write
from namestead.errors import Refusal
from namestead.objects.epp_access import EppAccess, EppStanding
from namestead.objects.facts import Reference
from namestead.objects.log import Surface
from namestead.objects.registrar import Registrar
from tests.epp.door import RIGHT, check, create, login

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
BY = Principal("epp:alpha", account_id=1, registrar_id=2)
REGISTRAR = Registrar(
    2, 1, "ch_alpha", "alpha", "Alpha", approved=True, production_approved=True, dns_module=False, created_at=NOW
)
STANDING = EppStanding(
    REGISTRAR,
    currency="EUR",
    suspended=False,
    access=EppAccess(2, NOW),
    certificates=(),
    bound_to=None,
    failures=0,
    read_at=NOW,
)
ADMITTED = Admitted(STANDING, BY, Slot(2, 20, None), ())
WRONG = Refused(Refusal(errors.EPP_AUTHENTICATION_FAILED))
FULL = Refused(Refusal(errors.EPP_SESSION_LIMIT_EXCEEDED))
AWAY = Refused(Refusal(errors.BACKEND_UNAVAILABLE))
OLD = SecurityEvent(EventType.PASSWORD, Level.WARNING, "grows old", expires=NOW)


def session() -> Session:
    return Session("Namestead", Reference, lambda: NOW)


def read(of: Session, message: epp.CommandBody | epp.Command | epp.Hello | bytes) -> Exchange:
    """The frame of a message, come to the session. A body goes as a command with a mark."""
    if isinstance(message, bytes):
        return of.read(message)
    if not isinstance(message, epp.Command | epp.Hello):
        message = epp.Command(message, "mark-1")
    return of.read(write(message))


def begun(outcome: Admitted = ADMITTED, asked: epp.Login | None = None) -> Session:
    """A session that is logged in."""
    of = session()
    exchange = read(of, asked or login())
    assert isinstance(of.turn(exchange), LogIn)
    of.logged_in(exchange, outcome)
    assert 1000 == said(of, exchange).code
    return of


def said(of: Session, exchange: Exchange, waiting: Queue | None = None) -> epp.Response:
    """The answer as a client reads it, held against the schemas."""
    frames = Frames()
    frames.feed(of.octets(exchange, waiting))
    payload = frames.next()
    assert payload is not None
    frames.end()
    answer = read_answer(payload)
    assert isinstance(answer, epp.Response)
    return answer


def answered(of: Session, message: epp.CommandBody | epp.Command | bytes) -> epp.Response:
    """The answer to what the session decides alone."""
    exchange = read(of, message)
    if exchange.command is not None:
        assert None is of.turn(exchange)
    return said(of, exchange)


def reason(answer: epp.Response) -> str:
    return answer.results[0].ext_values[0].reason


# ---------------------------------------------------------------------------------------------------- what may come when

CHECKS: list[epp.CommandBody] = [
    check(),
    epp.HostCheck(("ns1.example",)),
    epp.ContactCheck(("c-1",)),
    epp.PollRequest(),
    epp.MaintenanceInfo(),
]
TRANSFORMS: list[epp.CommandBody] = [
    create("a"),
    epp.DomainDelete("a.example"),
    epp.HostDelete("ns1.a.example"),
    epp.ContactDelete("c-1"),
    epp.PollAck("17"),
]


@pytest.mark.parametrize("body", [*CHECKS, *TRANSFORMS, epp.Logout()], ids=lambda body: type(body).__name__)
def test_before_login_there_is_only_hello_and_login(body: epp.CommandBody) -> None:
    of = session()
    answer = answered(of, body)
    assert (2002, "mark-1") == (answer.code, answer.cl_trid)
    assert reason(answer).startswith("log in first")
    assert isinstance(of.turn(read(of, login())), LogIn), "and nothing is lost by it"


def test_a_second_login_is_2002_and_changes_nothing() -> None:
    of = begun()
    answer = answered(of, login("beta", "other-Horse-8"))
    assert 2002 == answer.code
    assert ADMITTED is of.admitted
    assert isinstance(of.turn(read(of, check())), Perform)


@pytest.mark.parametrize("of", [session(), begun()], ids=["before login", "after login"])
def test_a_hello_is_greeted_whenever_it_comes(of: Session) -> None:
    exchange = read(of, epp.Hello())
    assert (Order.AT_ONCE, True, True) == (exchange.order, exchange.greets, exchange.answered)
    assert of.greeting() == of.octets(exchange, Queue(3, 17))
    greeting = read_answer(of.greeting()[4:])
    assert isinstance(greeting, epp.Greeting)
    assert ("Namestead", NOW) == (greeting.sv_id, greeting.sv_date)
    assert (namespaces.OBJECTS, namespaces.EXTENSIONS) == (greeting.obj_uris, greeting.ext_uris)


def test_logout_is_1500_and_the_end() -> None:
    of = begun()
    exchange = read(of, epp.Logout())
    assert (Order.ALONE, None) == (exchange.order, of.turn(exchange))
    assert (1500, True) == (said(of, exchange).code, exchange.closes)


@pytest.mark.parametrize(
    "body, order",
    [
        *((body, Order.QUERY) for body in CHECKS),
        *((body, Order.TRANSFORM) for body in TRANSFORMS),
        (epp.DomainTransfer("query", "a.example"), Order.TRANSFORM),
        (login(), Order.ALONE),
        (epp.Logout(), Order.ALONE),
    ],
    ids=lambda v: type(v).__name__ if not isinstance(v, Order) else v.name,
)
def test_what_a_command_waits_for(body: epp.CommandBody, order: Order) -> None:
    exchange = read(session(), body)
    assert (order, False) == (exchange.order, exchange.answered)


# ------------------------------------------------------------------------------------------------------------- logging in


def test_a_login_says_what_was_announced() -> None:
    of = session()
    asked = login("alpha", new_pw="other-Horse-8")
    turn = of.turn(read(of, asked))
    assert isinstance(turn, LogIn)
    assert ("alpha", RIGHT, "other-Horse-8", "1.0", "en") == (
        turn.login.client_id,
        turn.login.password,
        turn.login.new_password,
        turn.login.version,
        turn.login.language,
    )
    assert (namespaces.OBJECTS, namespaces.EXTENSIONS) == (turn.login.objects, turn.login.extensions)


def test_the_passwords_of_the_login_security_extension() -> None:
    of = session()
    extensions = epp.CommandExtensions(login_security=epp.LoginSecurity(None, "a passphrase", "another one"))
    asked = login("alpha", epp.USE_LOGIN_SECURITY, new_pw=epp.USE_LOGIN_SECURITY)
    turn = of.turn(read(of, epp.Command(asked, None, extensions)))
    assert isinstance(turn, LogIn)
    assert LoginSecurity("a passphrase", "another one") == turn.login.security


@pytest.mark.parametrize(
    "outcomes, codes",
    [
        ((WRONG, WRONG, WRONG), [2200, 2200, 2501]),
        ((WRONG, WRONG, ADMITTED), [2200, 2200, 1000]),
        ((FULL,), [2502]),
        ((WRONG, WRONG, FULL), [2200, 2200, 2502]),
        ((AWAY, AWAY, AWAY, WRONG, WRONG, AWAY), [2400, 2400, 2400, 2200, 2200, 2400]),
        ((AWAY, AWAY, AWAY, ADMITTED), [2400, 2400, 2400, 1000]),
    ],
    ids=["three", "the third is right", "full", "full at last", "nobody could decide", "the register is back"],
)
def test_failed_logins(outcomes: Iterable[Admitted | Refused], codes: list[int]) -> None:
    """The third one ends the connection, and one for which there is no place does at once. What nobody could decide is
    no failure of the client's."""
    of, found, ended = session(), [], []
    for outcome in outcomes:
        exchange = read(of, login())
        of.turn(exchange)
        of.logged_in(exchange, outcome)
        found.append(said(of, exchange).code)
        ended.append(exchange.closes)
    assert codes == found
    assert [code >= 2500 for code in codes] == ended


def test_what_a_login_is_told_of_its_security() -> None:
    asked = login()
    for outcome in (replace_events(ADMITTED), Refused(WRONG.refusal, (OLD,))):
        of = session()
        exchange = read(of, asked)
        of.turn(exchange)
        of.logged_in(exchange, outcome)
        [event] = said(of, exchange).extensions.login_security
        assert ("password", "warning", "grows old", NOW) == (event.type, event.level, event.text, event.ex_date)


def replace_events(of: Admitted) -> Admitted:
    return Admitted(of.standing, of.principal, of.slot, (OLD,))


# --------------------------------------------------------------------------------------------------------- what is announced

FEE_CHECK = epp.CommandExtensions(fee=epp.FeeCheck((epp.FeeCommand("create"),)))


@pytest.mark.parametrize(
    "obj_uris, ext_uris, command, code, says",
    [
        ((namespaces.HOST,), (), epp.Command(check()), 2307, namespaces.DOMAIN),
        ((namespaces.HOST,), (), epp.Command(create("a")), 2307, namespaces.DOMAIN),
        ((namespaces.DOMAIN,), (), epp.Command(epp.HostCheck(("ns1.example",))), 2307, namespaces.HOST),
        ((namespaces.DOMAIN,), (), epp.Command(epp.ContactCheck(("c-1",))), 2307, namespaces.CONTACT),
        ((namespaces.DOMAIN,), (), epp.Command(epp.MaintenanceInfo()), 2103, namespaces.MAINTENANCE),
        ((namespaces.DOMAIN,), (namespaces.RGP,), epp.Command(check(), None, FEE_CHECK), 2103, namespaces.FEE),
        ((namespaces.DOMAIN,), (namespaces.FEE,), epp.Command(check(), None, FEE_CHECK), 0, ""),
        ((namespaces.DOMAIN,), (), epp.Command(check()), 0, ""),
        ((namespaces.HOST,), (), epp.Command(epp.PollRequest()), 0, ""),
        ((namespaces.HOST, namespaces.MAINTENANCE), (), epp.Command(epp.MaintenanceInfo()), 1000, ""),
        ((namespaces.HOST,), (namespaces.MAINTENANCE,), epp.Command(epp.MaintenanceInfo()), 1000, ""),
    ],
)
def test_what_a_client_uses_it_has_announced(
    obj_uris: tuple[str, ...], ext_uris: tuple[str, ...], command: epp.Command, code: int, says: str
) -> None:
    """`code` 0: the command goes on to the registry."""
    of = begun(asked=epp.Login("alpha", RIGHT, obj_uris, ext_uris))
    exchange = read(of, command)
    turn = of.turn(exchange)
    assert (code == 0) == isinstance(turn, Perform)
    if code:
        answer = said(of, exchange)
        assert code == answer.code
        assert not says or says in reason(answer)


def test_what_was_not_announced_is_told_by_rfc_9038() -> None:
    """The events of a login are moved into its result where the extension was not announced, and stand at their place
    where it was."""
    asked = epp.Login("alpha", RIGHT, namespaces.OBJECTS, ())
    for outcome in (replace_events(ADMITTED), Refused(WRONG.refusal, (OLD,))):
        of = session()
        exchange = read(of, asked)
        of.turn(exchange)
        of.logged_in(exchange, outcome)
        answer = said(of, exchange)
        assert () == answer.extensions.login_security
        [moved] = answer.results[0].unhandled
        assert moved.extension is not None
        assert ["grows old"] == [event.text for event in moved.extension.login_security]


# -------------------------------------------------------------------------------------------------------- commands go on


@pytest.mark.parametrize(
    "body, command",
    [
        (check(), CheckDomain),
        (epp.ContactCheck(("c-1",)), CheckContact),
        (create("a"), CreateDomain),
        (epp.DomainRenew("a.example", NOW.date(), epp.Period(1)), RenewDomain),
        (epp.PollRequest(), ReadMessage),
        (epp.PollAck("17"), AckMessage),
    ],
    ids=lambda v: v.__name__ if isinstance(v, type) else "",
)
def test_a_command_goes_to_the_registry_in_the_registrars_name(body: epp.CommandBody, command: type[Any]) -> None:
    of = begun()
    exchange = read(of, body)
    turn = of.turn(exchange)
    assert isinstance(turn, Perform)
    assert command is type(turn.command) is turn.row.command
    envelope = turn.envelope
    assert (BY, Surface.EPP, None) == (envelope.principal, envelope.surface, envelope.idempotency_key)
    assert (exchange.sv_trid, "mark-1") == (envelope.request_id, envelope.client_transaction_id)
    assert not exchange.answered


@pytest.mark.parametrize("body, key", [(create("a"), "mark-1"), (check(), None), (epp.PollAck("17"), "mark-1")])
def test_a_mark_is_a_transforms_key_where_the_registrar_wants_it(body: epp.CommandBody, key: str | None) -> None:
    standing = replace(STANDING, access=EppAccess(2, NOW, cltrid_as_key=True))
    turn = (of := begun(Admitted(standing, BY, ADMITTED.slot, ()))).turn(read(of, body))
    assert isinstance(turn, Perform)
    assert key == turn.envelope.idempotency_key


@pytest.mark.parametrize(
    "refusal, code",
    [
        (Refusal(errors.BACKEND_UNAVAILABLE), 2400),
        (Refusal(errors.INTERNAL_ERROR), 2400),
        (Refusal(errors.REGISTRAR_RATE_LIMIT_EXCEEDED), 2400),
    ],
)
def test_a_refusal_is_answered(refusal: Refusal, code: int) -> None:
    of = begun()
    exchange = read(of, create("a"))
    assert isinstance(of.turn(exchange), Perform)
    of.refused(exchange, refusal)
    answer = said(of, exchange)
    assert (code, "mark-1") == (answer.code, answer.cl_trid)
    assert reason(answer).startswith(refusal.kind.code)
    assert not exchange.closes


def test_what_nobody_foresaw_is_told_as_that() -> None:
    of = begun()
    exchange = read(of, create("a"))
    of.turn(exchange)
    of.failed(exchange)
    assert reason(said(of, exchange)).startswith("internal_error")


# ------------------------------------------------------------------------------------------------------------------- ids


@pytest.mark.parametrize("mark", ["abc", "ABC-12345", "<&>'\" x", "ä名𝔸", "x" * 64, None])
def test_a_mark_is_echoed_as_it_came(mark: str | None) -> None:
    for of, bodies in ((session(), (check(), create("a"), epp.Logout())), (begun(), (login(), epp.Logout()))):
        for body in bodies:
            assert mark == answered(of, epp.Command(body, mark)).cl_trid


@pytest.mark.parametrize(
    "payload, mark",
    [
        (b"", None),
        (b"\0", None),
        (write(epp.Command(check(), "mark-9")).replace(b"domain:check", b"domain:chock"), "mark-9"),
        (write(epp.Command(check(), None)).replace(b"domain:check", b"domain:chock"), None),
        (write(epp.Command(check(), "mark-9"))[:-5], "mark-9"),
    ],
    ids=["empty", "no text", "no such element", "without a mark", "cut off"],
)
def test_what_cannot_be_read_is_2001_at_once(payload: bytes, mark: str | None) -> None:
    for of in (session(), begun()):
        exchange = of.read(payload)
        assert (Order.AT_ONCE, True, False) == (exchange.order, exchange.answered, exchange.closes)
        answer = said(of, exchange)
        assert (2001, mark) == (answer.code, answer.cl_trid)


def test_a_server_id_comes_once() -> None:
    several = [session() for _ in range(3)]
    ids = [read(of, message).sv_trid for _ in range(200) for of in several for message in (check(), b"", epp.Hello())]
    assert 1800 == len(set(ids))
    assert all(re.fullmatch(r"[A-Za-z0-9-]{3,64}", id_) for id_ in ids)
    of = begun()
    exchange = read(of, epp.Logout())
    of.turn(exchange)
    assert exchange.sv_trid == said(of, exchange).sv_trid


# ----------------------------------------------------------------------------------------------------------- what waits


@pytest.mark.parametrize(
    "waiting, told",
    [(None, None), (Queue(0, None), None), (Queue(3, 17), (3, "17"))],
    ids=["not known", "nothing", "three"],
)
def test_an_answer_tells_how_many_messages_wait(waiting: Queue | None, told: tuple[int, str] | None) -> None:
    of = begun()
    for message in (b"", login(), epp.Logout()):
        exchange = read(of, message)
        if exchange.command is not None:
            of.turn(exchange)
        assert exchange.with_queue
        queue = said(of, exchange, waiting).queue
        assert told == (None if queue is None else (queue.count, queue.id))


def test_nobody_is_told_of_messages_before_login() -> None:
    of = session()
    exchange = read(of, check())
    of.turn(exchange)
    assert not exchange.with_queue
