"""Frames, however the octets of the stream arrive (RFC 5734, 4)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from namestead.epp.faults import FrameFault
from namestead.epp.framing import LIMIT, Frames, frame

PAYLOADS = [b"<epp/>", b"x", b"y" * 5000, b"\x00\x00\x00\x05z"]


def taken(frames: Frames) -> list[bytes]:
    found = []
    while (payload := frames.next()) is not None:
        found.append(payload)
    return found


def test_the_length_counts_itself() -> None:
    assert b"\x00\x00\x00\x0a<epp/>" == frame(b"<epp/>")


def test_one_octet_at_a_time() -> None:
    frames, found = Frames(), []
    for octet in b"".join(map(frame, PAYLOADS)):
        frames.feed(bytes([octet]))
        found += taken(frames)
    assert PAYLOADS == found
    frames.end()


def test_many_at_once() -> None:
    frames = Frames()
    frames.feed(b"".join(map(frame, PAYLOADS)))
    assert PAYLOADS == taken(frames)
    assert 0 == len(frames)


def test_a_frame_is_given_with_its_last_octet_and_not_before() -> None:
    frames, octets = Frames(), frame(b"<epp/>")
    frames.feed(octets[:-1])
    assert frames.next() is None
    assert 9 == len(frames)
    frames.feed(octets[-1:])
    assert b"<epp/>" == frames.next()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=300), max_size=8), st.data())
def test_any_frames_split_anywhere(payloads: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(map(frame, payloads))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=10)))
    frames, found = Frames(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        frames.feed(stream[start:end])
        if data.draw(st.booleans()):
            found += taken(frames)
    assert payloads == found + taken(frames)
    frames.end()


@pytest.mark.parametrize("length", [0, 1, 4, LIMIT + 1, 2**31, 2**32 - 1])
def test_a_length_that_cannot_be_closes(length: int) -> None:
    """As soon as it is known: nobody waits for, or holds, four gigabytes."""
    frames = Frames()
    frames.feed(frame(b"first") + length.to_bytes(4, "big"))
    assert b"first" == frames.next()  # what came before it is answered
    with pytest.raises(FrameFault, match=f"a frame of {length} octets"):
        frames.next()
    frames.feed(frame(b"later"))
    assert len(frames) < 10  # nothing more is kept
    with pytest.raises(FrameFault):
        frames.next()
    with pytest.raises(FrameFault):
        frames.end()


@pytest.mark.parametrize(("limit", "size"), [(LIMIT, LIMIT), (5, 5), (100, 100)])
def test_the_limit_itself_is_within(limit: int, size: int) -> None:
    frames = Frames(limit)
    frames.feed(frame(b"x" * (size - 4)))
    payload = frames.next()
    assert payload is not None
    assert size - 4 == len(payload)
    frames.feed(frame(b"x" * (size - 3)))
    with pytest.raises(FrameFault, match=f"longer than the {limit} that are taken"):
        frames.next()


@pytest.mark.parametrize("rest", [b"\x00", b"\x00\x00\x00\x0a", frame(b"<epp/>")[:-1]])
def test_the_stream_must_not_end_within_a_frame(rest: bytes) -> None:
    frames = Frames()
    frames.feed(frame(b"whole") + rest)
    assert [b"whole"] == taken(frames)
    with pytest.raises(FrameFault, match=f"ended within a frame, {len(rest)} octets"):
        frames.end()


def test_a_payload_no_length_can_tell_is_refused() -> None:
    class Endless(bytes):
        def __len__(self) -> int:
            return 2**32 - 4

    with pytest.raises(ValueError, match="does not fit"):
        frame(Endless())


def test_octets_are_not_copied_again_for_every_piece() -> None:
    """Sixteen megabytes of small frames in small pieces: with a copy of the rest for each it would be terabytes."""
    frames, found = Frames(), 0
    octets = frame(b"x" * 60) * 256
    for _ in range(1024):
        frames.feed(octets)
    while frames.next() is not None:
        found += 1
    assert 256 * 1024 == found
