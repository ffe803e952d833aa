"""Delete a contact that no name refers to (RFC 5733, 3.2.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from namestead.commands.messages import ContactState, contact_state
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.objects.facts import Facts, Reference
from namestead.rules import contacts, statuses


@dataclass(frozen=True, slots=True)
class DeleteContact:
    """Its id is free again at once; what it was remains in its versions, until the operator has it erased."""

    handle: str

    @property
    def subject(self) -> None:
        return None

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(contacts=(self.handle,), linked_contacts=(self.handle,))

    def decide(self, facts: Facts, by: Context) -> Outcome[ContactState]:
        contact = contacts.require_own(facts, self.handle, by.channel)
        statuses.require_none_of(
            contacts.DELETE_PROHIBITED, contact.statuses, "contact", self.handle, "deleted", lifting=frozenset()
        )
        contacts.require_unused(facts, contact)
        gone = replace(contact, deleted_at=facts.now, updated_at=facts.now)
        return Outcome(contact_state(facts, gone, linked=False), changes=(gone,))

    def summary(self) -> dict[str, Any]:
        return {"contact": self.handle}
