"""Ids: taken from the database's sequences a thousand at a time, so that no command waits for one."""

from __future__ import annotations

from namestead.store.load import Connection

BLOCK = 1000
"""`INCREMENT BY` of the sequences in schema.sql: a value stands for itself and the 999 after it."""


class OutOfIds(Exception):
    """The ids in stock are used up: fetch more and begin again."""


class IdBlocks:
    """Ids of one sequence. `refill` fetches ahead; `take` never waits, and raises `OutOfIds` where that was too few."""

    __slots__ = ("_blocks", "_left", "_next", "_sequence")

    def __init__(self, sequence: str) -> None:
        self._sequence = sequence
        self._blocks: list[int] = []
        self._next = 0
        self._left = 0

    @property
    def left(self) -> int:
        return self._left + BLOCK * len(self._blocks)

    async def refill(self, connection: Connection, at_least: int) -> None:
        missing = at_least - self.left
        if missing > 0:
            count = -(-missing // BLOCK)
            query = f"SELECT nextval('{self._sequence}') AS first FROM generate_series(1, $1)"  # noqa: S608 (our own name)
            self._blocks.extend(r["first"] for r in await connection.fetch(query, count))

    def take(self) -> int:
        if self._left == 0:
            if not self._blocks:
                raise OutOfIds(self._sequence)
            self._next = self._blocks.pop(0)
            self._left = BLOCK
        self._left -= 1
        self._next += 1
        return self._next - 1
