"""Erase a contact's personal data, wherever the register has written it down (GDPR, article 17).

The contact itself stays, with its id and its links, so that what was done with it can still be told; its name, address,
numbers and e-mail go, from the row, from all its versions, and from the answers kept in the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from namestead import errors
from namestead.commands import messages
from namestead.commands.operator.answers import Erased
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.objects.contact import Erasure, Postal
from namestead.objects.facts import Changed, Facts, Reference
from namestead.objects.message import Message
from namestead.objects.names import Name


@dataclass(frozen=True, slots=True)
class EraseContact:
    """`ended` are the object ids of earlier contacts with the same handle, `domains` the names in whose log any of them
    is shown: both found beforehand, since finding them takes longer than a transaction may. What is logged in between
    is about names the contact is linked to, and those are looked at in the transaction itself."""

    handle: str
    ended: tuple[int, ...] = ()
    domains: tuple[Name, ...] = ()

    @property
    def subject(self) -> None:
        return None

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(contacts=(self.handle,), linked_contacts=(self.handle,))

    def decide(self, facts: Facts, by: Context) -> Outcome[Erased]:
        contact = facts.contact(self.handle)
        if contact is None and not self.ended and not self.domains:
            raise Refusal(errors.CONTACT_NOT_FOUND, "contact", self.handle)
        ids = self.ended if contact is None else (*self.ended, contact.id)
        changes: tuple[Changed, ...] = ()
        told: tuple[Message, ...] = ()
        if contact is not None:
            blank = replace(
                contact,
                postal=Postal(),
                ascii=None,
                email="",
                phone="",
                fax="",
                disclose=(),
                withhold=(),
                phone_ext="",
                fax_ext="",
                auth_hash=None,
                erased_at=facts.now,
                updated_at=facts.now,
            )
            changes = (blank,)
            told = messages.changed_contact(facts, blank, "Personal data erased.")
        return Outcome(
            Erased(self.handle, len(ids), self.domains),
            changes=changes,
            messages=told,
            erasures=(Erasure(self.handle, ids, self.domains),),
        )

    def summary(self) -> dict[str, Any]:
        return {"contact": self.handle, "domains": self.domains}
