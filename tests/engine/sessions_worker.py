"""A process that claims sessions, says so, and waits to be killed: `python sessions_worker.py URL REGISTRAR CAP CLAIMS`."""

from __future__ import annotations

import asyncio
import sys

from namestead.engine.engine import Engine


async def main(url: str, registrar_id: int, cap: int, claims: int) -> None:
    engine = Engine(url)
    await engine.start()
    granted = [await engine.sessions.claim(registrar_id, cap) for _ in range(claims)]
    sys.stdout.write(f"{sum(slot is not None for slot in granted)}\n")
    sys.stdout.flush()
    await asyncio.sleep(60)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], *map(int, sys.argv[2:])))
