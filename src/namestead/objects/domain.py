"""A domain: one registration of one name, from the day it was made to the day it ended.

Every instant that a rule will later compare with the clock is stored here when the event that fixes it happens. What
state the name is in at some instant is `rules.lifecycle`'s to say; nothing here knows the time.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from namestead.objects.names import Name


class Ds(Struct, frozen=True, gc=False):
    """A delegation signer record (RFC 4034, 5; RFC 5910). `digest` is upper-case hexadecimal."""

    key_tag: int
    algorithm: int
    digest_type: int
    digest: str


class Phase(StrEnum):
    """Where a registration stands in its life; `rules.lifecycle` has the table."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REDEMPTION = "redemption"
    PENDING_RESTORE = "pending_restore"
    PENDING_DELETE = "pending_delete"
    RELEASED = "released"
    CANCELLED = "cancelled"


class GraceKind(StrEnum):
    """RFC 3915, 3.1: the grace periods in which a delete gives money back."""

    ADD = "addPeriod"
    RENEW = "renewPeriod"
    AUTO_RENEW = "autoRenewPeriod"
    TRANSFER = "transferPeriod"


class Grace(Struct, frozen=True, gc=False):
    """A running grace period and what deleting inside it refunds, in minor units, to the account that paid."""

    kind: GraceKind
    until: datetime
    amount: int
    currency: str
    account_id: int
    years: int


class TransferStatus(StrEnum):
    """RFC 5730, 2.9.3.4 trStatus."""

    PENDING = "pending"
    CLIENT_APPROVED = "clientApproved"
    CLIENT_REJECTED = "clientRejected"
    CLIENT_CANCELLED = "clientCancelled"
    SERVER_APPROVED = "serverApproved"
    SERVER_CANCELLED = "serverCancelled"


class Transfer(Struct, frozen=True, gc=False):
    """The last transfer asked for. A pull is asked by the gainer and answered by the sponsor; a push the other way.

    `amount` is held on the gainer's account while a pull is pending; `expires_at` is the expiry it brought, once approved.
    """

    status: TransferStatus
    push: bool
    gaining_id: int
    losing_id: int
    requested_at: datetime
    act_at: datetime
    amount: int = 0
    currency: str = ""
    hold_account_id: int | None = None
    expires_at: datetime | None = None

    @property
    def pending(self) -> bool:
        return self.status is TransferStatus.PENDING

    @property
    def requested_by(self) -> int:
        return self.losing_id if self.push else self.gaining_id

    @property
    def act_by(self) -> int:
        return self.gaining_id if self.push else self.losing_id


class EndReason(StrEnum):
    """How a registration ended: released by time, or cancelled inside its add grace."""

    RELEASED = "released"
    CANCELLED = "cancelled"


class ApplyState(StrEnum):
    """What the zone's name server has been seen to answer for the last change."""

    NONE = "none"
    PENDING = "pending"
    APPLIED = "applied"
    FAILED = "failed"


class Records(Struct, frozen=True, gc=False):
    """One hosted resource-record set: `name` relative to the domain (`@` for itself), `values` in presentation form."""

    name: str
    type: str
    ttl: int
    values: tuple[str, ...]


class Domain(Struct, frozen=True, gc=False):
    """`hosts` are host ids in the order given; `contacts` pairs of (type, contact id).

    The fall of a name, `lapses_at` to `release_at`, is stored in advance when it is known: at creation, renewal or
    transfer for a name without `auto_renew`, at deletion for any. `noted` is the last phase that was written down;
    time may have moved the name on since. `max_signature_life` is the child's preference in seconds (RFC 5910, 3.3).
    """

    id: int
    name: Name
    zone_id: int
    registrar_id: int
    created_by: int
    created_at: datetime
    expires_at: datetime
    auto_renew: bool
    noted: Phase = Phase.ACTIVE
    lapses_at: datetime | None = None
    redemption_until: datetime | None = None
    release_at: datetime | None = None
    deleted_at: datetime | None = None
    ended_at: datetime | None = None
    end_reason: EndReason | None = None
    restore_until: datetime | None = None
    statuses: tuple[str, ...] = ()
    registrant_id: int | None = None
    contacts: tuple[tuple[str, int], ...] = ()
    hosts: tuple[int, ...] = ()
    ds: tuple[Ds, ...] = ()
    max_signature_life: int | None = None
    records: tuple[Records, ...] = ()
    graces: tuple[Grace, ...] = ()
    transfer: Transfer | None = None
    auth_hash: bytes | None = None
    auth_expires_at: datetime | None = None
    apply_state: ApplyState = ApplyState.NONE
    queued_at: datetime | None = None
    applied_at: datetime | None = None
    tier: str = ""
    protected_legacy: bool = False
    reviewed_at: datetime | None = None
    fixture: bool = False
    updated_at: datetime | None = None
    transferred_at: datetime | None = None
    version: int = 1

    @property
    def roid(self) -> str:
        """Repository object id (RFC 5730, 2.8)."""
        return f"D{self.id}-NST"
