"""Which delegation signer records a name may have (RFC 4034, 5; RFC 5910). DS data only; keys are not taken."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from msgspec.structs import replace

from namestead import errors
from namestead.errors import Refusal
from namestead.objects.domain import Ds
from namestead.rules.deltas import Delta, applied

ALGORITHMS: Final = {
    8: "RSASHA256",
    10: "RSASHA512",
    13: "ECDSAP256SHA256",
    14: "ECDSAP384SHA384",
    15: "ED25519",
    16: "ED448",
}
"""RFC 8624, 3.1 (with RFC 9905): those a zone may still be signed with. Its signing column must change first."""

RETIRED: Final = frozenset({1, 3, 5, 6, 7, 12})
"""The same table: MUST NOT or NOT RECOMMENDED for signing."""

DIGEST_OCTETS: Final = {2: 32, 4: 48}
"""RFC 8624, 3.3: SHA-256 (RFC 4509, 2.1) and SHA-384 (RFC 6605, 2); SHA-1 and GOST MUST NOT be used for delegation."""

MOST: Final = 10
"""More than any roll-over needs, and few enough for one answer over UDP (RFC 6891, 6.2.5)."""

LONGEST_LIFE: Final = 2**31 - 1
"""RFC 5910, `maxSigLifeType`: an int from 1."""

_HEX: Final = re.compile(r"[0-9A-F]*", re.ASCII)

Wanted: TypeAlias = tuple[Ds, ...] | Delta[Ds]


def wanted(current: tuple[Ds, ...], given: Wanted) -> tuple[Ds, ...]:
    """The whole set a name is to have, checked and in canonical form."""
    if isinstance(given, Delta):
        removed = tuple(replace(d, digest=d.digest.upper()) for d in given.remove)
        given = Delta(tuple(_checked(d, f"ds[{n}]") for n, d in enumerate(given.add)), removed)
    else:
        given = tuple(_checked(d, f"ds[{n}]") for n, d in enumerate(given))
    after = applied(current, given, "ds", lambda d: f"{d.key_tag} {d.algorithm} {d.digest_type}")
    if len(after) > MOST:
        message = f"ds takes at most {MOST} records; there would be {len(after)}."
        raise Refusal(errors.VALUE_OUT_OF_RANGE, "ds", str(len(after)), message=message)
    return after


def signature_life(seconds: int | None) -> int | None:
    """The child's preference for the lifetime of its parent's signatures (RFC 5910, 3.3): kept and shown, at least a
    second; what the zone's signer makes of it is its own."""
    if seconds is not None and not 1 <= seconds <= LONGEST_LIFE:
        message = f"max_signature_life is {seconds} seconds; it is 1 to {LONGEST_LIFE}."
        raise Refusal(errors.VALUE_OUT_OF_RANGE, "max_signature_life", str(seconds), message=message)
    return seconds


def _checked(ds: Ds, field: str) -> Ds:
    if not 0 <= ds.key_tag <= 65535:
        raise _out_of_range(f"{field}.key_tag", ds.key_tag, "is not between 0 and 65535")
    if ds.algorithm in RETIRED:
        raise _retired(f"{field}.algorithm", ds.algorithm)
    if ds.algorithm not in ALGORITHMS:
        known = ", ".join(f"{number} {name}" for number, name in ALGORITHMS.items())
        raise _out_of_range(f"{field}.algorithm", ds.algorithm, f"is none of {known}")
    if ds.digest_type in (1, 3):
        raise _retired(f"{field}.digest_type", ds.digest_type)
    octets = DIGEST_OCTETS.get(ds.digest_type)
    if octets is None:
        raise _out_of_range(f"{field}.digest_type", ds.digest_type, "is neither 2 (SHA-256) nor 4 (SHA-384)")
    digest = ds.digest.upper()
    if not _HEX.fullmatch(digest) or len(digest) != 2 * octets:
        field = f"{field}.digest"
        message = f"{field} of type {ds.digest_type} is written in {2 * octets} hexadecimal digits."
        raise Refusal(errors.INVALID_REQUEST, field, ds.digest, message=message)
    return replace(ds, digest=digest)


def _out_of_range(field: str, value: int, why: str) -> Refusal:
    return Refusal(errors.VALUE_OUT_OF_RANGE, field, str(value), message=f"{field} {value} {why}.")


def _retired(field: str, value: int) -> Refusal:
    message = f"{field} {value} is retired (RFC 8624): a zone must not be delegated with it any more."
    return Refusal(errors.POLICY_VIOLATION, field, str(value), message=message)
