"""Who may come in through EPP: passwords compared by argon2id in a few threads, and guesses bounded over all processes.

A login is checked in this order, the cheap before the dear: the cache of the verified login; the length of the queue
for the threads; the count of guesses; argon2id. Only what reaches the last is a guess: a registrar that logs in forty
times with its right password is verified once and guesses once.

What is counted against whom is such that nobody can lock out a registrar that said where it comes from. A *known* peer
(`rules.epp_access`: it shows a certificate bound to the registrar, or comes from a network it listed) has an allowance
of its own, which strangers cannot use up; where a registrar has networks listed, strangers never get as far as here.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import argon2
import structlog
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from namestead import errors
from namestead.commands.protocol import Principal
from namestead.engine.limits import Counted
from namestead.errors import Refusal
from namestead.objects.epp_access import EppStanding
from namestead.rules.epp_access import neighbourhood
from namestead.store import access as store
from namestead.store.load import Connection

log = structlog.get_logger("namestead.engine")

T = TypeVar("T")

HASHER: Final = argon2.PasswordHasher(
    time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16, type=argon2.Type.ID
)
"""argon2id with 19 MiB, two passes, one lane: the OWASP Password Storage Cheat Sheet's first choice, about 20 ms of one
core. The low-memory figures of RFC 9106 (4) cost eight times as much, and with that a login storm minutes. Stronger
figures may be put here at any time: a stored hash names its own."""

NOBODYS: Final = "$argon2id$v=19$m=19456,t=2,p=1$" + "A" * 22 + "$" + "A" * 43
"""The hash of no password, with the same figures: an id that does not exist costs as much as one that does."""

THREADS = 2
MOST_WAITING = 256
"""Logins of one process that may wait for a thread: 3 to 5 seconds' work. Beyond it the answer is 2400 at once."""

REMEMBERED = 60.0
"""Seconds a verified login is remembered, so that a storm of one registrar's sessions costs one verification."""

# Guesses a minute. NIST SP 800-63B, 5.2.2 allows 100 in all before an account is locked; nobody is locked here, because
# that would hand the lock to attackers, and a minute's allowance against 8 characters of three kinds gets nowhere.
GUESSES_OF_AN_ADDRESS = 30
GUESSES_OF_STRANGERS = 60
GUESSES_OF_KNOWN = 60

RETRY_AFTER_BUSY = 5


@dataclass(frozen=True, slots=True)
class _Verified:
    """A login known to be right: the hash it was verified against, a keyed digest of the password, and until when
    (monotonic seconds). Another stored hash, by whichever process, makes it worthless."""

    password_hash: str
    digest: bytes
    until: float


def principal_of(standing: EppStanding) -> Principal:
    """Whom a session's commands are submitted by."""
    registrar = standing.registrar
    return Principal(actor=f"epp:{registrar.slug}", account_id=registrar.account_id, registrar_id=registrar.id)


class Authenticator:
    """Verifies and makes password hashes. `read` runs a query through the pool, `count` counts against a limit exactly
    over all processes (`Engine.read`, `Engine.count`)."""

    def __init__(
        self,
        read: Callable[[Callable[[Connection], Awaitable[Any]]], Awaitable[Any]],
        count: Callable[[str, int], Awaitable[Counted]],
        *,
        threads: int = THREADS,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._read = read
        self._count = count
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._most_waiting = most_waiting
        self._waiting = 0
        self._key = secrets.token_bytes(32)
        self._verified: dict[int, _Verified] = {}
        self._running: dict[tuple[str, bytes], asyncio.Task[bool]] = {}

    async def verify(self, standing: EppStanding | None, password: str, address: str, *, known: bool) -> bool:
        """Whether the password is the registrar's. `standing` is None for an id that does not exist, which costs the
        same work. `known` as above.

        Raises `epp_login_busy` where too many wait, `epp_too_many_guesses` where an allowance is used up (then the
        password was not looked at), and `backend_unavailable` where nobody can count.
        """
        stored = standing.access.password_hash if standing is not None and standing.access is not None else None
        if standing is None or stored is None:
            await self._check(standing, NOBODYS, password, address, known)
            return False
        digest = hmac.digest(self._key, password.encode(), "sha256")
        if self._is_remembered(standing.registrar.id, stored, digest):
            return True
        # Logins with the same password at once are one guess, and one verification.
        running = self._running.get((stored, digest))
        if running is None:
            check = self._check(standing, stored, password, address, known)
            running = self._running[stored, digest] = asyncio.get_running_loop().create_task(check, name="login")
            registrar_id = standing.registrar.id
            running.add_done_callback(lambda done: self._ended(registrar_id, (stored, digest), done))
        return await asyncio.shield(running)

    async def hash(self, password: str) -> str:
        """The argon2id hash of a new password, which `rules.epp_access.require_password` has been asked about.
        `epp_login_busy` where too many wait."""
        return await self._in_thread(lambda: HASHER.hash(password))

    def close(self) -> None:
        """Take nothing more. What a thread is at ends by itself, within milliseconds."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _is_remembered(self, registrar_id: int, stored: str, digest: bytes) -> bool:
        verified = self._verified.get(registrar_id)
        if verified is None:
            return False
        if verified.password_hash != stored or verified.until < time.monotonic():
            del self._verified[registrar_id]
            return False
        return hmac.compare_digest(verified.digest, digest)

    def _ended(self, registrar_id: int, key: tuple[str, bytes], done: asyncio.Task[bool]) -> None:
        """A verification is over: what it found is remembered in the same moment, so that nobody begins another."""
        self._running.pop(key, None)
        if done.cancelled() or done.exception() is not None:
            return  # whoever still waits gets it; one that nobody waits for is no news
        if done.result():
            stored, digest = key
            self._verified[registrar_id] = _Verified(stored, digest, time.monotonic() + REMEMBERED)

    async def _check(self, standing: EppStanding | None, stored: str, password: str, address: str, known: bool) -> bool:
        self._require_room()
        await self._admit(standing, address, known)
        right = await self._in_thread(lambda: _matches(stored, password))
        if not right and standing is not None:
            registrar_id = standing.registrar.id
            with suppress(Refusal):  # the statistics of a wrong password are not worth another answer
                await self._read(lambda c: store.count_failure(c, registrar_id))
        return right

    async def _admit(self, standing: EppStanding | None, address: str, known: bool) -> None:
        """Count a guess against its address, and against the registrar it is about."""
        buckets = [(f"epp guesses from {neighbourhood(address)}", GUESSES_OF_AN_ADDRESS)]
        if standing is not None:
            of, limit = ("known peers", GUESSES_OF_KNOWN) if known else ("strangers", GUESSES_OF_STRANGERS)
            buckets.append((f"epp guesses of {of} at {standing.registrar.id}", limit))
        for bucket, limit in buckets:
            counted = await self._count(bucket, limit)
            if not counted.admitted:
                raise Refusal(errors.EPP_TOO_MANY_GUESSES)

    def _require_room(self) -> None:
        if self._waiting >= self._most_waiting:
            raise Refusal(errors.EPP_LOGIN_BUSY, extra={"retry_after": RETRY_AFTER_BUSY})

    async def _in_thread(self, work: Callable[[], T]) -> T:
        self._require_room()
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def _matches(stored: str, password: str) -> bool:
    """Compare in constant time, as argon2 does. A stored hash that is none opens nothing."""
    try:
        return HASHER.verify(stored, password)
    except VerifyMismatchError:
        return False
    except (InvalidHashError, VerificationError) as problem:
        log.warning("a stored password hash cannot be compared", problem=type(problem).__name__)
        return False
