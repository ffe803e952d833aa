"""Show a contact (RFC 5733, 3.1.2): to its sponsor, and to who has its authorisation information."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from namestead import errors
from namestead.commands.contact.answers import ContactShown, contact_shown
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.objects.facts import Facts, Reference
from namestead.rules import auth_info


@dataclass(frozen=True, slots=True)
class InfoContact:
    """There is no public part: without the right `auth_info` another registrar is refused, and sees no personal data."""

    handle: str
    auth_info: str | None = None

    @property
    def subject(self) -> None:
        return None

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(contacts=(self.handle,), linked_contacts=(self.handle,))

    def decide(self, facts: Facts, by: Context) -> Outcome[ContactShown]:
        contact = facts.contact(self.handle)
        if contact is None:
            raise Refusal(errors.CONTACT_NOT_FOUND, "contact", self.handle)
        if contact.registrar_id != by.channel.id:
            if self.auth_info is None:
                raise Refusal(errors.NOT_SPONSOR, "contact", self.handle)
            auth_info.require_for_contact(contact, self.auth_info)
        return Outcome(contact_shown(facts, contact, linked=bool(facts.links_to_contact(contact.id))))

    def summary(self) -> dict[str, Any]:
        return {"contact": self.handle, "with_auth_info": self.auth_info is not None}
