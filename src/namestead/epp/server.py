"""The EPP server: connections on one side, the engine on the other. Sockets appear here and in `listener.py` alone.

Each connection has one ordered queue. What stands at its head may run together with what follows as long as it is of one
kind: transforms go into the same batch, queries into the same look-up, and a command of the other kind waits until those
before it are over. So commands take effect in the order sent, a look-up sees the transforms before it, and sixteen
frames in flight are as fast as sixteen connections. Answers go out in the order of the frames, as many at once as are
ready.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter, deque
from datetime import UTC, datetime
from typing import Any, Final, cast

import structlog

from namestead.commands.protocol import Answer
from namestead.commands.table import Kind
from namestead.commands.turned_away import TurnedAway
from namestead.engine import listings
from namestead.engine.engine import Engine
from namestead.engine.waiting import Queue
from namestead.epp.admission import Admitted, admit, peer_at
from namestead.epp.faults import FrameFault
from namestead.epp.framing import Frames
from namestead.epp.listener import Connection, Listener
from namestead.epp.session import SERVED, Exchange, LogIn, Order, Perform, Session
from namestead.epp.settings import EppSettings
from namestead.epp.tls import Contexts, TlsPeer, peer_of
from namestead.errors import Refusal
from namestead.objects.epp_access import EppStanding

log = structlog.get_logger("namestead.epp")

PIPELINE: Final = 64
"""Frames of one connection that may wait for their answers. Beyond it nothing more is read until some are given."""

MOST_UNREAD: Final = 65_536
"""Octets of one connection that wait to be taken, beyond one frame that is not whole."""

HIGH_WATER: Final = 262_144
"""Octets of answers a client may leave unread in our buffers. Beyond it nothing more is answered until it reads."""

LINGER: Final = 5.0
"""Seconds a client has to read its last answers and to say that it closes too."""

RELOAD: Final = 10.0
"""Seconds between two looks at the TLS files."""

RECHECK: Final = 15.0
"""Seconds until a registrar that was shut out has no session left."""


class EppServer:
    """Serves EPP on one port. `start` opens, `stop` answers what was accepted and closes."""

    def __init__(self, engine: Engine, settings: EppSettings, *, rate_limit: int, name: str = "Namestead") -> None:
        self.engine = engine
        self.settings = settings
        self.rate_limit = rate_limit
        self.name = name
        self.connections: set[EppConnection] = set()
        self.stopping = False
        self._contexts = Contexts(settings.tls)
        self._listener = Listener(
            settings.host,
            settings.port,
            lambda: self._contexts.current,
            lambda: EppConnection(self),
            per_address=settings.connections_per_address,
            in_flight=settings.handshakes_in_flight,
            handshake_timeout=settings.handshake_timeout,
            share_port=settings.share_port,
            count=lambda word: engine.metrics.turned_away.labels(f"epp_{word}").inc(),
        )
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def port(self) -> int:
        return self._listener.port

    async def start(self) -> None:
        """Everything is open when this returns. Raises `TlsProblem` before, `OSError` here."""
        await self._listener.start()
        self.engine.metrics.epp_connections.set_function(lambda: len(self.connections))
        self.engine.metrics.epp_sessions.set_function(
            lambda: sum(c.session.admitted is not None for c in self.connections)
        )
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(self._reload(), name="EPP reloads TLS"),
            loop.create_task(self._recheck(), name="EPP checks access"),
        ]

    async def stop(self, patience: float = 10.0) -> None:
        """Accept and read nothing more, answer what was read, close. What is not over by then is cut off."""
        self.stopping = True
        for task in self._tasks:
            task.cancel()
        await self._listener.stop()
        for connection in tuple(self.connections):
            connection.finish()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while self.connections:  # noqa: ASYNC110 - each ends by itself, and says so to the set
                    await asyncio.sleep(0.01)
        for connection in tuple(self.connections):
            connection.cut("the server stops")

    async def _reload(self) -> None:
        while True:
            await asyncio.sleep(RELOAD)
            await asyncio.to_thread(self._contexts.reload)

    async def _recheck(self) -> None:
        """End sessions whose registrar may not come in any more: a login is decided once, and may last a day."""
        while True:
            await asyncio.sleep(RECHECK)
            sessions: dict[str, list[EppConnection]] = {}
            for connection in self.connections:
                admitted = connection.session.admitted
                if admitted is not None:
                    sessions.setdefault(admitted.standing.registrar.slug, []).append(connection)
            for slug, connections in sessions.items():
                try:
                    standing = await self.engine.epp_access(slug)
                except Refusal:
                    break  # the register cannot be reached; commands say so themselves
                for connection in connections:
                    reason = shut_out(standing, connection.fingerprint)
                    if reason is not None:
                        log.warning("session ends", registrar=slug, address=connection.address, reason=reason)
                        connection.finish()


def shut_out(standing: EppStanding | None, fingerprint: bytes | None) -> str | None:
    """Why a session may not go on; None if it may. A changed password ends no session."""
    if standing is None or standing.access is None or not standing.access.enabled:
        return "access through EPP was switched off"
    if standing.suspended:
        return "the account was suspended"
    if not standing.registrar.approved:
        return "the channel's approval was taken back"
    if fingerprint is not None and fingerprint not in {c.fingerprint for c in standing.certificates}:
        return "the client certificate was unbound"
    return None


class EppConnection(Connection):
    """One client. Frames come in by `data_received`; one task takes them in turn, another gives the answers."""

    def __init__(self, server: EppServer) -> None:
        self._server = server
        self._engine = server.engine
        self.session = Session(server.name, lambda: server.engine.reference, _now)
        self._frames = Frames(server.settings.largest_frame)
        self._transport: asyncio.Transport | None = None
        self._peer = TlsPeer("", "", None, None, None)
        self.address = ""
        self._untaken: deque[Exchange] = deque()
        self._unanswered: deque[Exchange] = deque()
        self._flying: set[asyncio.Task[None]] = set()
        self._order = Order.ALONE
        """Of what flies; what is of another kind waits until it is over."""
        self._taking: asyncio.Task[None] | None = None
        self._answering: asyncio.Task[None] | None = None
        self._held = False
        self._writable = asyncio.Event()
        self._writable.set()
        self._finishing = False
        self._opened = self._heard = time.monotonic()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def fingerprint(self) -> bytes | None:
        """Of the client's certificate, if it showed one."""
        return self._peer.fingerprint

    # ---------------------------------------------------------------------------------------------------- the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport = cast(asyncio.Transport, transport)  # uvloop's are not its children
        transport.set_write_buffer_limits(high=HIGH_WATER)
        self._peer = peer_of(transport.get_extra_info("ssl_object"))
        self.address = str((transport.get_extra_info("peername") or ("?",))[0])
        self._server.connections.add(self)
        if self._server.stopping:
            self.cut("the server stops")
            return
        transport.write(self.session.greeting())
        self._watch()

    def data_received(self, data: bytes) -> None:
        if self._finishing:
            return  # nobody will read it, so nobody keeps it
        self._heard = time.monotonic()
        self._frames.feed(data)
        self._read()

    def eof_received(self) -> bool:
        """The client sends nothing more; what it sent is answered before the connection ends."""
        self.finish()
        return False

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._heard = time.monotonic()
        self._writable.set()
        self._read()  # what came while nothing could be answered

    def connection_lost(self, exc: Exception | None) -> None:
        """However it ended: its place is free. What was accepted goes on; its answers have nobody to go to."""
        super().connection_lost(exc)
        self._server.connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        for task in (self._taking, self._answering):
            if task is not None:
                task.cancel()
        self._untaken.clear()
        self._unanswered.clear()
        self._writable.set()
        admitted = self.session.admitted
        if admitted is not None:
            self._engine.sessions.release(admitted.slot)
            log.info("session ended", registrar=admitted.standing.registrar.slug, address=self.address)

    # ------------------------------------------------------------------------------------------------------ frames come

    def _read(self) -> None:
        """Take whole frames, as many as may wait; then hold the reading until answers have been given."""
        hold = False
        while not self._finishing:
            if len(self._unanswered) >= PIPELINE or not self._writable.is_set():
                hold = len(self._frames) > MOST_UNREAD
                break
            try:
                payload = self._frames.next()
            except FrameFault as fault:
                log.warning("no frame where one must begin", address=self.address, reason=fault.reason)
                self.finish()
                return
            if payload is None:
                break
            exchange = self.session.read(payload)
            self._unanswered.append(exchange)
            self._untaken.append(exchange)
        self._hold(hold=hold)
        self._advance()

    def _hold(self, *, hold: bool) -> None:
        transport = self._transport
        if hold != self._held and transport is not None and not transport.is_closing():
            self._held = hold
            if hold:
                transport.pause_reading()
            else:
                transport.resume_reading()

    def _advance(self) -> None:
        loop = asyncio.get_running_loop()
        if self._untaken and self._taking is None:
            self._taking = loop.create_task(self._take(), name="EPP takes")
            self._taking.add_done_callback(self._taken)
        if self._unanswered and self._unanswered[0].answered and self._answering is None:
            self._answering = loop.create_task(self._answer(), name="EPP answers")
            self._answering.add_done_callback(self._given)
        if self._finishing and not self._unanswered:
            self._close()

    def _taken(self, task: asyncio.Task[None]) -> None:
        self._taking = None
        self._ended(task)

    def _given(self, task: asyncio.Task[None]) -> None:
        self._answering = None
        self._ended(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        problem = task.exception()
        if problem is not None:
            log.error("a connection failed in an unforeseen way", address=self.address, exc_info=problem)
            self.cut("it failed in an unforeseen way")
            return
        self._advance()

    # -------------------------------------------------------------------------------------------------------- their turn

    async def _take(self) -> None:
        """Let exchanges have their turn, in order."""
        untaken = self._untaken
        while untaken:
            order = untaken[0].order
            run = [untaken.popleft()]
            while untaken and order is not Order.ALONE and untaken[0].order is order:
                run.append(untaken.popleft())
            if order is Order.AT_ONCE:
                continue
            if order is Order.ALONE:
                await self._alone(run[0])
                continue
            if order is not self._order:
                await self._over()
            self._order = order
            await self._together(run)

    async def _alone(self, exchange: Exchange) -> None:
        await self._over()
        turn = self.session.turn(exchange)
        if isinstance(turn, LogIn):
            await self._log_in(exchange, turn)

    async def _over(self) -> None:
        """Everything that was begun is over."""
        if self._flying:
            await asyncio.wait(self._flying)

    async def _together(self, run: list[Exchange]) -> None:
        """Begin exchanges of one kind, all at once, those within the registrar's limits."""
        turns = [(e, turn) for e in run if isinstance(turn := self.session.turn(e), Perform)]
        if not turns:
            self._advance()
            return
        left = Counter(turn.row.name for _, turn in turns)
        counted: dict[str, Any] = {}
        for name, many in left.items():
            try:
                counted[name] = await self._count(name, many)
            except Refusal as refusal:
                counted[name] = refusal
        loop = asyncio.get_running_loop()
        for exchange, turn in turns:
            name = turn.row.name
            left[name] -= 1
            seen = counted[name]
            if isinstance(seen, Refusal):
                self.session.refused(exchange, seen)
            elif not seen.admits(left[name]):
                await self._turn_away(exchange, turn, seen.refusal(name))
            else:
                task = loop.create_task(self._perform(exchange, turn))
                self._flying.add(task)
                task.add_done_callback(self._performed)
        self._advance()

    async def _count(self, name: str, many: int) -> Any:
        """Count requests for one command against the registrar's limit, exactly over all processes and connections."""
        admitted = self.session.admitted
        assert admitted is not None
        registrar = admitted.standing.registrar
        limit = registrar.rate_limit or self._server.rate_limit
        return await self._engine.count(f"r{registrar.id}:epp:{name}", limit, many)

    async def _turn_away(self, exchange: Exchange, turn: Perform, refusal: Refusal) -> None:
        """Refuse at the gate; while the channel's evidence is gathered, that is logged too."""
        self.session.refused(exchange, refusal)
        self._engine.metrics.turned_away.labels(refusal.kind.code).inc()
        if self._engine.reference.gathers_evidence(turn.envelope.principal.registrar_id):
            with contextlib.suppress(Refusal):
                await self._engine.ask(TurnedAway(turn.row.name, refusal, turn.command.subject), turn.envelope)

    def _performed(self, task: asyncio.Task[None]) -> None:
        self._flying.discard(task)
        self._heard = time.monotonic()
        if self._unanswered:
            self._advance()

    async def _perform(self, exchange: Exchange, turn: Perform) -> None:
        try:
            if turn.row.kind is Kind.TRANSFORM:
                answer = await self._engine.submit(turn.command, turn.envelope)
            elif turn.row.kind is Kind.QUERY:
                answer = await self._engine.ask(turn.command, turn.envelope)
            else:
                by, known = turn.envelope.principal, self._engine.reference
                page = await self._engine.read(lambda c: listings.run(c, turn.command, by, known))
                answer = Answer(page, None, "success", sandbox=False)
            self.session.done(exchange, answer)
        except Refusal as refusal:
            self.session.refused(exchange, refusal)
        except Exception:
            log.exception("a command failed in an unforeseen way", command=turn.row.name, request=exchange.sv_trid)
            self.session.failed(exchange)

    async def _log_in(self, exchange: Exchange, turn: LogIn) -> None:
        settings = self._server.settings
        outcome = await admit(
            self._engine,
            turn.login,
            peer_at(self.address, self._peer),
            SERVED,
            settings.policy,
            session_cap=settings.session_cap,
            lost=lambda: self.cut("its place was taken while the database was away"),
            request_id=exchange.sv_trid,
            client_transaction_id=exchange.cl_trid,
        )
        if isinstance(outcome, Admitted) and (self._transport is None or self._transport.is_closing()):
            self._engine.sessions.release(outcome.slot)
            return
        self.session.logged_in(exchange, outcome)

    # ----------------------------------------------------------------------------------------------------- answers go out

    async def _answer(self) -> None:
        """Give the answers that are ready, those at the head first, as many at once as there are."""
        unanswered = self._unanswered
        while unanswered and unanswered[0].answered:
            await self._writable.wait()
            ready: list[Exchange] = []
            for exchange in unanswered:
                if not exchange.answered:
                    break
                ready.append(exchange)
                if exchange.closes:
                    break
            waiting = await self._waiting(ready)
            transport = self._transport
            if transport is None or transport.is_closing():
                return
            transport.write(b"".join(self.session.octets(exchange, waiting) for exchange in ready))
            for _ in ready:
                unanswered.popleft()
            if ready[-1].closes:
                self._forget()
                return
            self._read()

    async def _waiting(self, ready: list[Exchange]) -> Queue | None:
        """The registrar's message queue, if one of these answers is to tell of it."""
        admitted = self.session.admitted
        if admitted is None or not any(e.with_queue for e in ready):
            return None
        try:
            return await self._engine.waiting(admitted.standing.registrar.id)
        except Refusal:
            return None  # the register cannot be reached; the answers can

    # ---------------------------------------------------------------------------------------------------------- the end

    def finish(self) -> None:
        """Read nothing more, answer what was read, close."""
        self._finishing = True
        self._advance()

    def _forget(self) -> None:
        """End without another answer."""
        self._untaken.clear()
        self._unanswered.clear()
        self.finish()

    def _close(self) -> None:
        """Close once everything written has been read; who does not read it in time is cut off."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        transport.close()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(LINGER, transport.abort)

    def cut(self, reason: str) -> None:
        """End now."""
        if self._transport is not None and not self._transport.is_closing():
            log.info("connection cut off", address=self.address, reason=reason)
            self._transport.abort()

    def _watch(self) -> None:
        """End a connection that never logs in, that is silent, or that is as old as one may become."""
        settings, now = self._server.settings, time.monotonic()
        ends: list[tuple[float, str]] = []
        if self.session.admitted is None:
            ends.append((self._opened + settings.login_timeout, "no login in time"))
        heard = now if self._flying else self._heard  # a client that waits for its answer is not idle
        ends.append((heard + settings.idle_timeout, "idle for too long"))
        if settings.absolute_timeout is not None:
            ends.append((self._opened + settings.absolute_timeout, "as old as a session may become"))
        at, why = min(ends)
        if at <= now:
            log.info("connection ended", address=self.address, reason=why)
            self._forget()
            return
        self._timer = asyncio.get_running_loop().call_later(max(0.05, at - now), self._watch)


def _now() -> datetime:
    """Real time, for the greeting."""
    return datetime.fromtimestamp(time.time(), UTC)
