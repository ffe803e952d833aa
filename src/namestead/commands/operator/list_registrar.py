"""List a registrar for a zone, or suspend its listing: whether it may register there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from namestead import errors
from namestead.commands.operator.answers import ListingState
from namestead.commands.operator.approve_registrar import require_registrar
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.objects.facts import Facts, Reference
from namestead.objects.names import Name
from namestead.objects.registrar import Listing, ListingStatus


@dataclass(frozen=True, slots=True)
class ListRegistrar:
    """Names a registrar already has under a zone stay its own when its listing is suspended; it can do nothing to them
    until the listing is approved again."""

    registrar: str
    zone: Name
    status: ListingStatus = ListingStatus.APPROVED

    @property
    def subject(self) -> None:
        return None

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(reference=True)

    def decide(self, facts: Facts, by: Context) -> Outcome[ListingState]:
        registrar = require_registrar(facts, self.registrar)
        zone = facts.reference.zones.get(self.zone)
        if zone is None:
            raise Refusal(errors.ZONE_NOT_FOUND, "zone", self.zone)
        listing = Listing(registrar.id, zone.id, self.status)
        same = facts.reference.listings.get((registrar.id, zone.id)) == listing
        return Outcome(ListingState.of(listing, registrar, zone), changes=() if same else (listing,))

    def summary(self) -> dict[str, Any]:
        return {"registrar": self.registrar, "zone": self.zone, "status": self.status.value}
