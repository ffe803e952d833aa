"""From a login command to a session: the pure decisions of `login.py`, and between them what only the engine knows.

The order matters: a place among the registrar's sessions is claimed after the password is known to be right, so that
nobody can use up another's places; the password is changed last, so that a login that fails changes nothing
(RFC 5730, 2.9.1.1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from namestead import errors
from namestead.commands.protocol import Principal
from namestead.commands.registrar.change_epp_password import ChangeEppPassword
from namestead.engine.access import principal_of
from namestead.engine.engine import Engine
from namestead.engine.sessions import Slot
from namestead.engine.submission import Envelope
from namestead.epp import login as decisions
from namestead.epp.login import Accepted, Login, Peer, Policy, Refused, SecurityEvent, Served
from namestead.epp.tls import TlsPeer
from namestead.errors import Refusal
from namestead.objects.epp_access import EppStanding
from namestead.objects.log import Surface
from namestead.rules import epp_access

log = structlog.get_logger("namestead.epp")


@dataclass(frozen=True, slots=True)
class Admitted:
    """A session may begin. `slot` is to be given back (`Engine.sessions.release`) when it ends, however it ends."""

    standing: EppStanding
    principal: Principal
    slot: Slot
    events: tuple[SecurityEvent, ...]
    password_changed: bool = False

    @property
    def cltrid_as_key(self) -> bool:
        """Whether each clTRID of this session is the idempotency key of its command."""
        return self.standing.access is not None and self.standing.access.cltrid_as_key


def peer_at(address: str, tls: TlsPeer) -> Peer:
    """The other end of a connection, from its address and its finished handshake."""
    return Peer(address, tls.protocol, tls.cipher, tls.fingerprint, tls.certificate_ends)


async def admit(
    engine: Engine,
    login: Login,
    peer: Peer,
    served: Served,
    policy: Policy,
    *,
    session_cap: int,
    lost: Callable[[], None] | None = None,
    request_id: str | None = None,
    client_transaction_id: str | None = None,
) -> Admitted | Refused:
    """Decide a login and take its place, and say so in the log. `session_cap` holds for registrars without one of their own; `lost` is called
    if the place has to be given up later (`Slot`). The ids stand in the log where the password is changed.

    Never raises a `Refusal`: every one becomes a `Refused`, whose EPP code says whether the connection is to be closed
    (2500 and above).
    """
    ids = request_id, client_transaction_id
    found = await _decided(engine, login, peer, served, policy, session_cap, lost, ids)
    about = {"client_id": login.client_id[:64], "address": peer.address}
    if isinstance(found, Refused):
        kind = found.refusal.kind
        engine.metrics.turned_away.labels(kind.code).inc()
        log.warning("login refused", **about, error=kind.code, epp=kind.epp_result_code, reason=found.refusal.message)
    else:
        log.info("session begun", **about, password_changed=found.password_changed)
    return found


async def _decided(
    engine: Engine,
    login: Login,
    peer: Peer,
    served: Served,
    policy: Policy,
    session_cap: int,
    lost: Callable[[], None] | None,
    ids: tuple[str | None, str | None],
) -> Admitted | Refused:
    try:
        decisions.require_served(login, served)
        meant = decisions.passwords(login)
        standing = await _standing(engine, login.client_id, peer.fingerprint)
        decisions.require_way_in(peer, standing, policy)
        right = await engine.authenticator.verify(
            standing, meant.current, peer.address, known=_is_known(peer, standing)
        )
        outcome = decisions.decide(login, meant, peer, standing, policy, right=right)
        if isinstance(outcome, Refused):
            return outcome
        slot = await _place(engine, outcome.standing, session_cap, lost)
    except Refusal as refusal:
        return Refused(refusal)
    principal = principal_of(outcome.standing)
    try:
        await _change_password(engine, outcome, principal, *ids)
    except Refusal as refusal:
        engine.sessions.release(slot)
        return Refused(refusal)
    except BaseException:
        engine.sessions.release(slot)
        raise
    return Admitted(outcome.standing, principal, slot, outcome.events, outcome.new_password is not None)


async def _standing(engine: Engine, client_id: str, fingerprint: bytes | None) -> EppStanding | None:
    """None for an id that nobody can have as well: the register is not asked for whatever a client makes up."""
    if not epp_access.CLIENT_ID.fullmatch(client_id):
        return None
    return await engine.epp_access(client_id, fingerprint)


def _is_known(peer: Peer, standing: EppStanding | None) -> bool:
    if standing is None:
        return False
    networks = standing.access.networks if standing.access is not None else ()
    return epp_access.is_known(peer.address, networks, standing.registrar.id, standing.bound_to)


async def _place(engine: Engine, standing: EppStanding, session_cap: int, lost: Callable[[], None] | None) -> Slot:
    own = standing.access.session_cap if standing.access is not None else None
    cap = own if own is not None else session_cap
    slot = await engine.sessions.claim(standing.registrar.id, cap, lost)
    if slot is None:
        raise Refusal(
            errors.EPP_SESSION_LIMIT_EXCEEDED,
            message=f"The registrar has {cap} sessions already, as many as it may have. End one of them.",
        )
    return slot


async def _change_password(
    engine: Engine,
    accepted: Accepted,
    principal: Principal,
    request_id: str | None,
    client_transaction_id: str | None,
) -> None:
    if accepted.new_password is None:
        return
    access = accepted.standing.access
    assert access is not None
    assert access.password_hash is not None  # it was compared with
    command = ChangeEppPassword(
        await engine.authenticator.hash(accepted.new_password), access.password_hash, accepted.standing.read_at
    )
    envelope = Envelope(principal, Surface.EPP, request_id=request_id, client_transaction_id=client_transaction_id)
    await engine.submit(command, envelope)
