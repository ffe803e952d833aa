"""Frames on a stream (RFC 5734, 4): four octets of length, which count themselves, and then an XML instance.

Knows no socket and no XML: octets come in as they arrive, split anywhere or many frames at once, and payloads go out.
"""

from __future__ import annotations

from typing import Final

from namestead.epp.faults import FrameFault

HEADER: Final = 4
"""Octets of the length."""

LIMIT: Final = 65_536
"""The longest frame that is taken, header included: a hundred names in a check are under 10,000 octets."""

_LONGEST: Final = 2**32 - 1


def frame(payload: bytes) -> bytes:
    """The payload with its header, ready to be sent. `ValueError` if four octets cannot say how long it is."""
    length = len(payload) + HEADER
    if length > _LONGEST:
        raise ValueError(f"a payload of {len(payload)} octets does not fit into a frame")
    return length.to_bytes(HEADER, "big") + payload


class Frames:
    """What has arrived and was not taken yet.

    `feed` takes octets, `next` gives one payload at a time; frames before a faulty one are still given. After a
    `FrameFault` every further `next` raises it again: the connection is to be closed.
    """

    __slots__ = ("_buffer", "_fault", "_limit")

    def __init__(self, limit: int = LIMIT) -> None:
        self._buffer = bytearray()
        self._limit = limit
        self._fault: FrameFault | None = None

    def __len__(self) -> int:
        """Octets that wait, whole frames and the beginning of one. What to bound, before more is read."""
        return len(self._buffer)

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Octets as they came. They are copied once, however they are split."""
        if self._fault is None:
            self._buffer += data

    def next(self) -> bytes | None:
        """The payload of the next frame, or None while it is not whole. `FrameFault` as soon as its length is known to
        be wrong, without waiting for its payload."""
        if self._fault is not None:
            raise self._fault
        buffer = self._buffer
        if len(buffer) < HEADER:
            return None
        length = int.from_bytes(buffer[:HEADER], "big")
        if not HEADER < length <= self._limit:
            self._fault = FrameFault(self._why(length))
            raise self._fault
        if len(buffer) < length:
            return None
        payload = bytes(memoryview(buffer)[HEADER:length])
        del buffer[:length]  # moves where the buffer begins, not what is in it
        return payload

    def end(self) -> None:
        """The stream has ended. `FrameFault` if it did so within a frame."""
        if self._fault is not None:
            raise self._fault
        if self._buffer:
            self._fault = FrameFault(f"the connection ended within a frame, {len(self._buffer)} octets of it sent")
            raise self._fault

    def _why(self, length: int) -> str:
        if length <= HEADER:
            return f"a frame of {length} octets has no content; its length counts its own four octets (RFC 5734, 4)"
        return f"a frame of {length} octets is longer than the {self._limit} that are taken"
