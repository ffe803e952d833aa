"""Move the registry's clock forward: in OT&E, where registrars rehearse, and never where they trade.

The register itself refuses it elsewhere (schema.sql, `registry_clock_only_in_ote`). What falls due on the way is the
caller's to settle, stop by stop (`engine/clock.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from namestead import errors
from namestead.commands.operator.answers import ClockState
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.objects.facts import Facts, Reference


@dataclass(frozen=True, slots=True)
class AdvanceClock:
    """`to` is an instant of registry time. One that has passed moves nothing: the clock never goes back."""

    to: datetime

    @property
    def subject(self) -> None:
        return None

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(reference=True)

    def decide(self, facts: Facts, by: Context) -> Outcome[ClockState]:
        forward = max(self.to - facts.now, timedelta(0))
        if facts.now.year + forward.days // 365 >= 9000:
            raise Refusal(errors.VALUE_OUT_OF_RANGE, "to", self.to.isoformat(), message="That is too far ahead.")
        return Outcome(ClockState(facts.now, facts.now + forward), clock=forward)

    def summary(self) -> dict[str, Any]:
        return {"to": self.to}
