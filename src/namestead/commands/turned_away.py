"""A request that a door turned away, written down as evidence while a channel's OT&E run is open.

Everywhere else such a request only counts in the metrics (DESIGN, invariant 2). The engine logs refused queries of a
channel whose evidence is gathered, so this is a query that is always refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

from namestead.commands.protocol import Context, Needs, Principal
from namestead.errors import Refusal
from namestead.objects.facts import Facts, Reference


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """`logged_as` is the command that was asked for, `refusal` what it was answered with."""

    logged_as: str
    refusal: Refusal
    subject: str | None = None

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs()

    def decide(self, facts: Facts, by: Context) -> NoReturn:
        raise self.refusal

    def summary(self) -> dict[str, Any]:
        return {"turned_away": True}
