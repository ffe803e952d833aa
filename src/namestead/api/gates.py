"""The gates a request passes before anybody reads what it says, in the contract's order: key, scope, channel, rate.

A gate that would refuse looks again with fresh data first, because keys and registrars are cached: a scope that was
just added or a channel that was just approved works at once, and a key that was just revoked ends at once.
"""

from __future__ import annotations

import re
import time

from namestead import errors
from namestead.api.frame import Request
from namestead.commands.protocol import Principal
from namestead.commands.table import Row
from namestead.commands.turned_away import TurnedAway
from namestead.engine import listings
from namestead.engine.engine import Engine, principal_of
from namestead.engine.submission import Envelope
from namestead.errors import Refusal
from namestead.objects.facts import Reference
from namestead.objects.log import Surface
from namestead.objects.registrar import ApiKey, Registrar

_TOKEN = re.compile(rb"(?i:bearer) +([A-Za-z0-9._~+/-]{1,500}=*)")
"""RFC 6750, 2.1."""

_NO_LIMIT = 2**31 - 1


class Caller:
    """A key that was let in, with what every request of it needs again."""

    __slots__ = ("_buckets", "key", "limit", "principal", "reference", "registrar", "scopes")

    def __init__(self, key: ApiKey, reference: Reference, usual_limit: int) -> None:
        self.key = key
        self.reference = reference
        self.principal: Principal = principal_of(key)
        self.scopes = self.principal.scopes
        self.registrar: Registrar | None = reference.registrars.get(key.registrar_id or 0)
        of_channel = self.registrar.rate_limit if self.registrar is not None else None
        self.limit = key.rate_limit or of_channel or usual_limit
        self._buckets: dict[str, str] = {}

    def bucket(self, command: str) -> str:
        """What the limit counts by: channel (or account, for a key without one), key and command."""
        bucket = self._buckets.get(command)
        if bucket is None:
            key = self.key
            channel = f"r{key.registrar_id}" if key.registrar_id else f"a{key.account_id}"
            bucket = self._buckets[command] = f"{channel}:{key.id}:{command}"
        return bucket

    def lacks(self, row: Row, *, channel: bool) -> Refusal | None:
        """The first of the gates 2 and 3 that this caller does not pass."""
        if row.scope is not None and row.scope not in self.scopes:
            return Refusal(
                errors.MISSING_SCOPE,
                message=f"The key lacks the scope {row.scope}. Use a key that has it, or have it added in the console.",
                extra={"missing_scopes": [row.scope]},
            )
        if channel and (self.registrar is None or not self.registrar.approved):
            return Refusal(errors.REGISTRAR_CHANNEL_REQUIRED)
        return None


class Gates:
    """The door's own gates. One object a process; it holds caches and no decisions."""

    def __init__(self, engine: Engine, usual_limit: int) -> None:
        self._engine = engine
        self._usual_limit = usual_limit
        self._callers: dict[bytes, Caller] = {}
        self._known = engine.reference

    @property
    def reference(self) -> Reference:
        """The newest reference data this process has seen."""
        newest = self._engine.reference
        return newest if newest.version >= self._known.version else self._known

    async def admit(self, request: Request, row: Row, *, channel: bool = True) -> Caller:
        """Let a request through the gates 1 to 4, and count it; raises the `Refusal` of the first that does not open.

        `channel` is false for what answers without a channel, too.
        """
        engine = self._engine
        token = bearer(request)
        caller = await self._caller(token)
        refusal = caller.lacks(row, channel=channel)
        if refusal is not None:
            caller = await self._fresh(token, caller)
            refusal = caller.lacks(row, channel=channel)
            if refusal is not None:
                await self.note(refusal, request, row, caller)
                raise refusal
        counted = await engine.count(caller.bucket(row.name), caller.limit)
        if counted.reference > self.reference.version:
            await self._read_reference()
        if not engine.is_current(caller.key):
            caller = await self._caller(token)
            refusal = caller.lacks(row, channel=channel)
            if refusal is not None:
                raise refusal
        request.counted = counted
        if not counted.admitted:
            refusal = counted.refusal(row.name)
            await self.note(refusal, request, row, caller)
            raise refusal
        return caller

    async def note(
        self, refusal: Refusal, request: Request, row: Row, caller: Caller, subject: str | None = None
    ) -> None:
        """Log what was turned away, while the channel's evidence is gathered. The refusal is the answer either way."""
        if caller.registrar is None or not caller.registrar.evidence:
            return
        envelope = Envelope(caller.principal, Surface.HTTP, request_id=request.request_id)
        try:
            await self._engine.ask(TurnedAway(row.name, refusal, subject), envelope)
        except Refusal as again:
            if again is not refusal and again.kind is not refusal.kind:
                raise

    async def _caller(self, token: str) -> Caller:
        key = await self._engine.key(token)
        if key is None:
            raise _unauthorized("The key is not known.")
        if key.revoked_at is not None:
            raise _unauthorized("The key has been revoked.")
        if key.expires_at is not None and key.expires_at.timestamp() <= time.time():
            raise _unauthorized("The key has expired.")
        caller = self._callers.get(key.hash)
        reference = self.reference
        if caller is None or caller.key is not key or caller.reference is not reference:
            if len(self._callers) > _MOST_CALLERS:
                self._callers.clear()
            caller = self._callers[key.hash] = Caller(key, reference, self._usual_limit)
        return caller

    async def _fresh(self, token: str, caller: Caller) -> Caller:
        """The caller again, by what the register says now. Counting shows whether anything has changed."""
        counted = await self._engine.count(caller.bucket("turned away"), _NO_LIMIT)
        if counted.reference > self.reference.version:
            await self._read_reference()
        return await self._caller(token)

    async def _read_reference(self) -> None:
        self._known = await self._engine.read(listings.reference)


_MOST_CALLERS = 10_000


def bearer(request: Request) -> str:
    """The token of `Authorization: Bearer`. No other scheme, no cookie, no query parameter is looked at."""
    header = request.headers.get(b"authorization")
    if header is None:
        raise _unauthorized("There is no Authorization header.")
    match = _TOKEN.fullmatch(header)
    if match is None or (request.repeated is not None and b"authorization" in request.repeated):
        raise _unauthorized("The Authorization header is not 'Bearer' and one key.")
    return match[1].decode()


def _unauthorized(why: str) -> Refusal:
    return Refusal(errors.UNAUTHORIZED, message=f"{why} Send a valid key as 'Authorization: Bearer KEY'.")
