"""Secrets and names nobody can guess, made here because commands are pure and get them as arguments."""

from __future__ import annotations

import hashlib
import secrets

TOKEN_PREFIX = "nst_"  # noqa: S105 - what every key's text begins with, so that leak scanners can find one
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


def digest(token: str) -> bytes:
    """What is stored of a token: SHA-256, since it is random and long (DESIGN, invariant 8)."""
    return hashlib.sha256(token.encode()).digest()


def _word(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
