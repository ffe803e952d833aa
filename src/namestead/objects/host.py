"""A host: a name server's name (RFC 5732), with addresses when it lies under a zone of ours."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from namestead.objects.names import Name


class Host(Struct, frozen=True, gc=False):
    """`parent_id` is the domain an internal host is subordinate to; external hosts have neither parent nor address.

    `addresses` are canonical texts, IPv4 before IPv6, each sorted.
    """

    id: int
    name: Name
    registrar_id: int
    created_by: int
    created_at: datetime
    parent_id: int | None = None
    addresses: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    updated_at: datetime | None = None
    deleted_at: datetime | None = None
    version: int = 1

    @property
    def roid(self) -> str:
        """Repository object id (RFC 5730, 2.8)."""
        return f"H{self.id}-NST"
