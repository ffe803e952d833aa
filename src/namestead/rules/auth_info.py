"""Authorisation information (RFC 9154): strong when set, kept only as a hash, short-lived, never given to anybody."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from namestead import errors
from namestead.errors import Refusal
from namestead.objects.contact import Contact
from namestead.objects.domain import Domain
from namestead.objects.names import Name

SHORTEST = 20
"""RFC 9154, 4.1: 128 bits of entropy need 20 characters of printable ASCII."""

CLASSES = 3
"""Of lower, upper, digit and other: what keeps a repeated letter from being taken for a secret."""

GUESSES = 10
"""Wrong values for one name within `WINDOW` after which it cannot be transferred until the window has passed."""

WINDOW = timedelta(hours=1)


def require_strong(auth_info: str) -> None:
    """Refuse a weak value: `auth_info_too_weak`."""
    kinds = {_kind(c) for c in auth_info}
    if len(auth_info) < SHORTEST or len(kinds) < CLASSES or not all(" " <= c <= "~" for c in auth_info):
        raise Refusal(
            errors.AUTH_INFO_TOO_WEAK,
            "auth_info",
            message=f"auth_info needs at least {SHORTEST} printable ASCII characters of at least {CLASSES} kinds: "
            "lower case, upper case, digits, others.",
        )


def hashed(name: Name, auth_info: str | None, now: datetime, valid: timedelta) -> tuple[bytes | None, datetime | None]:
    """What is stored for a new value, and until when it is valid; nothing for None. Refuses a weak value."""
    if auth_info is None:
        return None, None
    require_strong(auth_info)
    return digest(name, auth_info), now + valid


def digest(name: Name, auth_info: str) -> bytes:
    """What is stored: SHA-256, bound to the name so that equal values of two names do not look equal."""
    return hashlib.sha256(f"{name}\0{auth_info}".encode()).digest()


def require(domain: Domain, auth_info: str | None, failures: int, now: datetime) -> None:
    """Refuse a missing value (`missing_field`, which is no guess), a wrong or expired one, and any value once too many
    were wrong."""
    if failures >= GUESSES:
        raise Refusal(errors.AUTH_INFO_LOCKED, "domain", domain.name)
    if auth_info is None:
        raise Refusal(errors.MISSING_FIELD, "auth_info", message="auth_info is needed. Get it from the holder.")
    known = domain.auth_hash
    expired = domain.auth_expires_at is not None and domain.auth_expires_at <= now
    if known is None or expired or not hmac.compare_digest(known, digest(domain.name, auth_info)):
        raise Refusal(
            errors.AUTH_INFO_INVALID,
            "auth_info",
            message="auth_info is not the one set for this name, or it has expired. Ask the holder to have the "
            "sponsoring registrar set a new one.",
        )


def contact_digest(handle: str, auth_info: str) -> bytes:
    """What is stored of a contact's value: bound to its id, in a space no name's digest lies in."""
    return hashlib.sha256(f"contact\0{handle}\0{auth_info}".encode()).digest()


def require_for_contact(contact: Contact, auth_info: str) -> None:
    """`auth_info_invalid` for a value that is not the one set for a contact (RFC 5733, 3.1.2)."""
    known = contact.auth_hash
    if known is None or not hmac.compare_digest(known, contact_digest(contact.handle, auth_info)):
        message = "auth_info is not the one set for this contact. Ask its registrar for it."
        raise Refusal(errors.AUTH_INFO_INVALID, "auth_info", message=message)


def _kind(character: str) -> str:
    if character.islower():
        return "lower"
    if character.isupper():
        return "upper"
    return "digit" if character.isdigit() else "other"
