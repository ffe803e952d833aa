"""What has fallen due: renewals, expiries, ends of redemption, releases and transfers, written down for names nobody
asks about.

Any number of processes may run this at once: whoever comes second finds nothing left to do.
"""

from __future__ import annotations

import asyncio

import structlog

from namestead.engine import clock
from namestead.engine.engine import Engine
from namestead.errors import Refusal
from namestead.objects.names import Name

log = structlog.get_logger("namestead.jobs")

ROUNDS_SET_ASIDE = 60
"""How many rounds a name that could not be settled is left alone, so that it does not hold up the others."""


class DueEvents:
    """`run` until cancelled. A name that fails is told about in the log and tried again later."""

    def __init__(self, engine: Engine, pause: float) -> None:
        self._engine = engine
        self._pause = pause
        self._aside: dict[Name, int] = {}

    async def run(self) -> None:
        while True:
            try:
                settled = await self.round()
                if settled:
                    log.info("settled what was due", names=settled)
            except Refusal as refusal:
                log.warning("what is due could not be settled now", problem=refusal.kind.code)
            except Exception:
                log.exception("what is due could not be settled, for a reason nobody foresaw")
            await asyncio.sleep(self._pause)

    async def round(self) -> int:
        """Settle all that is due now; how many names that was."""
        self._aside = {name: left - 1 for name, left in self._aside.items() if left > 1}
        settled, failed = await clock.settle(self._engine, tuple(self._aside))
        self._aside.update(dict.fromkeys(failed, ROUNDS_SET_ASIDE))
        return settled
