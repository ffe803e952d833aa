"""Acknowledge a message: it leaves the queue (RFC 5730, 2.9.2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from namestead import errors
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.objects.facts import Facts, Reference

LONGEST_ID: Final = 18
"""Digits of the largest id that is safely a bigint."""


class Acknowledged(msgspec.Struct, frozen=True, gc=False):
    """`count` is how many messages still wait."""

    id: str
    count: int

    def summary(self) -> dict[str, Any]:
        return {"id": self.id, "count": self.count}


def message_id(text: str) -> int:
    """The id a message was shown by. What was never shown as one is no message that waits: `message_not_found`."""
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_ID):
        raise Refusal(errors.MESSAGE_NOT_FOUND, "id", text)
    return int(text)


@dataclass(frozen=True, slots=True)
class AckMessage:
    """Any message of one's own that waits, once. One that is not there, was acknowledged already, or waits for somebody
    else is not found."""

    id: int

    @property
    def subject(self) -> None:
        return None

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(messages=(self.id,))

    def decide(self, facts: Facts, by: Context) -> Outcome[Acknowledged]:
        message = facts.messages[self.id]
        if message is None or message.registrar_id != by.channel.id or message.acked_at is not None:
            raise Refusal(errors.MESSAGE_NOT_FOUND, "id", str(self.id))
        left = facts.waiting[by.channel.id] - 1
        return Outcome(Acknowledged(str(self.id), left), changes=(replace(message, acked_at=facts.now),))

    def summary(self) -> dict[str, Any]:
        return {"id": str(self.id)}
