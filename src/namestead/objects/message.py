"""A poll message: what the registry has to tell a registrar, and keeps until it is acknowledged (RFC 5730, 2.9.2.3).

A message is written in the transaction of what it tells. What stands in its data is the commands' to say; here it is a
value to be carried.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

MOST_COUNTED: Final = 10_000
"""Waiting messages that are counted; a longer queue is told as one more, so that an answer never costs its length."""


class MessageKind(StrEnum):
    """What a message is about. The first is the word of a transfer's every step, the others are events of their own."""

    TRANSFER = "transfer"
    AUTO_RENEWED = "auto_renewed"
    EXPIRED = "expired"
    REDEMPTION = "redemption"
    RESTORE_ENDED = "restore_ended"
    PENDING_DELETE = "pending_delete"
    RELEASED = "released"
    CHANGED = "changed"
    LOW_BALANCE = "low_balance"


class Message(Struct, frozen=True, gc=False):
    """A message to be written: to whom, about which object (a domain's name, a contact's id), in which words, and with
    which data (a struct of `commands/messages.py`, without personal data)."""

    registrar_id: int
    kind: MessageKind
    object: str | None
    text: str
    data: Struct


class PollMessage(Struct, frozen=True, gc=False):
    """A message as it waits: `log_id` is the row of the log that tells the same to an auditor."""

    id: int
    registrar_id: int
    log_id: int
    acked_at: datetime | None = None
