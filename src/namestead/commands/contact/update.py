"""Change a contact (RFC 5733, 3.2.5), all or nothing."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from namestead.commands.messages import ContactState, contact_state
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.objects.contact import Contact, Postal
from namestead.objects.facts import Facts, Reference
from namestead.rules import auth_info, contacts, statuses
from namestead.rules.contacts import Details

Unchanged = msgspec.UnsetType
UNCHANGED: Final = msgspec.UNSET
"""A field that the command leaves as it is. None clears: `postal`, `ascii`, `auth_info`."""


class PostalChange(msgspec.Struct, frozen=True, gc=False):
    """RFC 5733, 3.2.5 `chg`: a name, an organisation, and an address as a whole (of which name and organisation are not
    read). What is unset stays."""

    name: str | Unchanged = UNCHANGED
    organization: str | Unchanged = UNCHANGED
    address: Postal | Unchanged = UNCHANGED

    def applied(self, before: Postal | None) -> Postal:
        postal = before or Postal()
        if self.address is not UNCHANGED:
            postal = replace(self.address, name=postal.name, organization=postal.organization)
        name = postal.name if self.name is UNCHANGED else self.name
        organization = postal.organization if self.organization is UNCHANGED else self.organization
        return replace(postal, name=name, organization=organization)


@dataclass(frozen=True, slots=True)
class UpdateContact:
    """`statuses` is the whole set of client statuses wanted, or a `Delta` as EPP gives it; `disclose` and `withhold`
    are given together or not at all. An update that changes nothing succeeds and leaves the version alone."""

    handle: str
    postal: PostalChange | Unchanged | None = UNCHANGED
    ascii: PostalChange | Unchanged | None = UNCHANGED
    email: str | Unchanged = UNCHANGED
    phone: str | Unchanged = UNCHANGED
    phone_ext: str | Unchanged = UNCHANGED
    fax: str | Unchanged = UNCHANGED
    fax_ext: str | Unchanged = UNCHANGED
    disclose: tuple[str, ...] | Unchanged = UNCHANGED
    withhold: tuple[str, ...] | Unchanged = UNCHANGED
    auth_info: str | Unchanged | None = UNCHANGED
    statuses: statuses.Wanted | Unchanged = UNCHANGED

    @property
    def subject(self) -> None:
        return None

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(contacts=(self.handle,), linked_contacts=(self.handle,))

    def decide(self, facts: Facts, by: Context) -> Outcome[ContactState]:
        before = contacts.require_own(facts, self.handle, by.channel)
        linked = bool(facts.links_to_contact(before.id))
        wanted = before.statuses
        if self.statuses is not UNCHANGED:
            wanted = statuses.wanted(before.statuses, self.statuses, statuses.OF_CONTACTS)
        lifting = frozenset(before.statuses) - frozenset(wanted)
        statuses.require_none_of(
            contacts.UPDATE_PROHIBITED, before.statuses, "contact", self.handle, "changed", lifting
        )
        contact = self._with_details(before if wanted == before.statuses else replace(before, statuses=wanted))
        if self.auth_info is not UNCHANGED:
            contact = replace(contact, auth_hash=self._auth_hash())
        if contact == before:
            return Outcome(contact_state(facts, before, linked=linked))
        contact = replace(contact, updated_at=facts.now)
        return Outcome(contact_state(facts, contact, linked=linked), changes=(contact,))

    def summary(self) -> dict[str, Any]:
        named = [f.name for f in fields(self) if f.name != "handle" and getattr(self, f.name) is not UNCHANGED]
        shown: dict[str, Any] = {"contact": self.handle, "changed": named}
        if self.statuses is not UNCHANGED:
            shown["statuses"] = self.statuses
        return shown

    def _auth_hash(self) -> bytes | None:
        assert not isinstance(self.auth_info, Unchanged)
        if self.auth_info is None:
            return None
        auth_info.require_strong(self.auth_info)
        return auth_info.contact_digest(self.handle, self.auth_info)

    def _with_details(self, contact: Contact) -> Contact:
        """The contact with what is given. Whatever of its details changes, they all have to be right afterwards."""
        before = Details(
            contact.postal if contact.postal != Postal() else None,
            contact.ascii,
            contact.email,
            contact.phone,
            contact.phone_ext,
            contact.fax,
            contact.fax_ext,
            contact.disclose,
            contact.withhold,
        )
        plain = ("email", "phone", "phone_ext", "fax", "fax_ext", "disclose", "withhold")
        given: dict[str, Any] = {f: getattr(self, f) for f in plain if getattr(self, f) is not UNCHANGED}
        for form in ("postal", "ascii"):
            change: PostalChange | Unchanged | None = getattr(self, form)
            if change is not UNCHANGED:
                given[form] = change.applied(getattr(before, form)) if change is not None else None
        if not given:
            return contact
        after = contacts.checked(replace(before, **given))
        changed = replace(contact, **{**msgspec.structs.asdict(after), "postal": after.postal or Postal()})
        return replace(changed, erased_at=None) if changed != contact else contact
