"""Secrets and names nobody can guess, made here because commands are pure and get them as arguments."""

from __future__ import annotations

import hashlib
import secrets
import string
from contextlib import suppress

from namestead.errors import Refusal
from namestead.rules import epp_access

TOKEN_PREFIX = "nst_"  # noqa: S105 - what every key's text begins with, so that leak scanners can find one
_LETTERS_AND_DIGITS = string.ascii_letters + string.digits
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


def key_token() -> str:
    """The text of an API key: 256 bits."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def key_id() -> str:
    return "key_" + _word(12)


def channel_id() -> str:
    return "ch_" + _word(24)


def allocation_token() -> str:
    """RFC 8495 leaves the form to the registry: 160 bits that can be read out over a telephone."""
    return "-".join(_word(8) for _ in range(4))


def password() -> str:
    return "-".join(_word(5) for _ in range(4))


def epp_password(client_id: str) -> str:
    """A password that fits RFC 5730's 16 characters and the registry's rules: 95 bits."""
    while True:
        found = "".join(secrets.choice(_LETTERS_AND_DIGITS) for _ in range(epp_access.LONGEST))
        with suppress(Refusal):
            epp_access.require_password(found, client_id)
            return found


def digest(token: str) -> bytes:
    """What is stored of a token: SHA-256, since it is random and long (DESIGN, invariant 8)."""
    return hashlib.sha256(token.encode()).digest()


def _word(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
