"""Create a contact (RFC 5733, 3.2.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from namestead import errors
from namestead.commands.messages import ContactState, contact_state
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.objects.contact import Contact, Postal
from namestead.objects.facts import Facts, Reference
from namestead.rules import auth_info, contacts
from namestead.rules.contacts import Details


@dataclass(frozen=True, slots=True)
class CreateContact:
    """`handle` is the id its registrar chose. The answer repeats none of the details: it is kept for replays."""

    handle: str
    details: Details
    auth_info: str | None = None

    @property
    def subject(self) -> None:
        return None

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(contacts=(self.handle,))

    def decide(self, facts: Facts, by: Context) -> Outcome[ContactState]:
        registrar = by.channel
        contacts.require_handle(self.handle)
        if facts.contact(self.handle) is not None:
            raise Refusal(errors.CONTACT_EXISTS, "id", self.handle)
        contacts.require_somewhere(facts, registrar)
        given = contacts.checked(self.details)
        if self.auth_info is not None:
            auth_info.require_strong(self.auth_info)
        contact = Contact(
            id=by.ids.take(),
            handle=self.handle,
            registrar_id=registrar.id,
            created_by=registrar.id,
            created_at=facts.now,
            postal=given.postal or Postal(),
            ascii=given.ascii,
            email=given.email,
            phone=given.phone,
            phone_ext=given.phone_ext,
            fax=given.fax,
            fax_ext=given.fax_ext,
            disclose=given.disclose,
            withhold=given.withhold,
            auth_hash=auth_info.contact_digest(self.handle, self.auth_info) if self.auth_info is not None else None,
        )
        return Outcome(contact_state(facts, contact, linked=False), changes=(contact,))

    def summary(self) -> dict[str, Any]:
        return {"contact": self.handle}
