"""Refusals as HTTP answers: the one place where an error of ours becomes a status, headers and a body."""

from __future__ import annotations

from typing import Any

import msgspec

from namestead import errors
from namestead.api.frame import Reply, Request
from namestead.errors import Fault, Refusal


class Detail(msgspec.Struct, frozen=True, gc=False):
    """One fault of a request: where it is, what kind it is, and what to do about it."""

    field: str
    code: str
    message: str


class ErrorBody(msgspec.Struct, frozen=True, gc=False):
    """Every error of this API. `error` is a code of the catalogue; `details` names every fault of a request."""

    error: str
    message: str
    retryable: bool
    epp_result_code: int
    epp_result: str
    request_id: str
    details: tuple[Detail, ...] = ()


_encode = msgspec.json.Encoder().encode
_STATUS_OF_A_BAD_REQUEST = 422
_HEADERS_ONLY = frozenset({"retry_after", "allow"})


def reply_to(refusal: Refusal, request: Request) -> Reply:
    """The answer a refusal gets. What a kind says beside its message (`missing_scopes`) stands next to it."""
    kind = refusal.kind
    body: Any = ErrorBody(
        kind.code,
        refusal.message,
        kind.retryable,
        kind.epp_result_code,
        kind.epp_result,
        request.request_id,
        _details(refusal),
    )
    extra = {k: v for k, v in refusal.extra.items() if k not in _HEADERS_ONLY}
    if extra:
        body = {**extra, **msgspec.structs.asdict(body)}
    headers: list[tuple[bytes, bytes]] = []
    if kind is errors.UNAUTHORIZED:
        headers.append((b"www-authenticate", b'Bearer realm="namestead"'))
    if kind is errors.METHOD_NOT_ALLOWED:
        headers.append((b"allow", str(refusal.extra["allow"]).encode()))
    if "retry_after" in refusal.extra:
        headers.append((b"retry-after", str(refusal.extra["retry_after"]).encode()))
    elif kind is errors.BACKEND_UNAVAILABLE:
        headers.append((b"retry-after", b"5"))
    return Reply(kind.http_status, _encode(body), headers)


def _details(refusal: Refusal) -> tuple[Detail, ...]:
    faults = refusal.details
    if not faults and refusal.field is not None and refusal.kind.http_status == _STATUS_OF_A_BAD_REQUEST:
        faults = (Fault(refusal.field, refusal.kind.code, refusal.message),)
    return tuple(Detail(f.field, f.code, f.message) for f in faults)
