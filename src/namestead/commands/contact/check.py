"""Ask whether contact ids are free (RFC 5733, 3.1.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.objects.facts import Facts, Reference
from namestead.rules import contacts


class ContactChecked(msgspec.Struct, frozen=True, gc=False):
    """`reason` is null when the id can be taken; else `detail` says it in a sentence."""

    id: str
    available: bool
    reason: str | None
    detail: str | None


class ContactsChecked(msgspec.Struct, frozen=True, gc=False):
    """In the order asked."""

    results: tuple[ContactChecked, ...]

    def summary(self) -> dict[str, Any]:
        return {"asked": len(self.results), "available": sum(r.available for r in self.results)}


@dataclass(frozen=True, slots=True)
class CheckContact:
    """Up to 100 ids. One that cannot be an id never fails the others."""

    ids: tuple[str, ...]

    @property
    def subject(self) -> None:
        return None

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(contacts=tuple(handle for handle in self.ids if contacts.handle_complaint(handle) is None))

    def decide(self, facts: Facts, by: Context) -> Outcome[ContactsChecked]:
        return Outcome(ContactsChecked(tuple(_result(facts, by, handle) for handle in self.ids)))

    def summary(self) -> dict[str, Any]:
        return {"contacts": [handle[:16] for handle in self.ids]}


def _result(facts: Facts, by: Context, handle: str) -> ContactChecked:
    try:
        contacts.require_handle(handle)
    except Refusal as refusal:
        return ContactChecked(handle, available=False, reason="invalid_id", detail=refusal.message)
    if facts.contact(handle) is not None:
        return ContactChecked(
            handle, available=False, reason="in_use", detail=f"{handle} is taken. Choose another one."
        )
    try:
        contacts.require_somewhere(facts, by.channel)
    except Refusal as refusal:
        return ContactChecked(handle, available=False, reason="no_contacts", detail=refusal.message)
    return ContactChecked(handle, available=True, reason=None, detail=None)
