"""A retained name: reserved, claimed, blocked or disputed. What each kind means is `rules.availability`'s to say."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from namestead.objects.names import Name


class RetainedKind(StrEnum):
    BLOCKED = "blocked"
    DISPUTED = "disputed"
    RESERVED = "reserved"
    CLAIM = "claim"


class Retained(Struct, frozen=True, gc=False):
    """In force from `starts_at` (inclusive) until `ends_at` (exclusive). The allocation token (RFC 8495) is known by
    its SHA-256 alone and opens the name once: `used_at`."""

    id: int
    name: Name
    kind: RetainedKind
    created_at: datetime
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    reason: str = ""
    token_hash: bytes | None = None
    used_at: datetime | None = None
    created_by: str = ""
    removed_at: datetime | None = None
    fixture: bool = False
    updated_at: datetime | None = None
    version: int = 1

    def in_force(self, now: datetime) -> bool:
        return (
            self.removed_at is None
            and self.used_at is None
            and (self.starts_at is None or self.starts_at <= now)
            and (self.ends_at is None or now < self.ends_at)
        )
