"""Any octets are either a message or a typed fault: never another exception, never over 250 ms, never over 64 MB.

And whatever comes of them can be said again: a fault as an answer, a message as a frame, both valid by the schemas.

    python -m tests.epp.fuzz_decoder [--seed N] [--seconds 600] [--rounds N]

Golden frames are mutated with a seeded random, so that a finding is found again by its seed and round. A finding is
printed with its octets and ends the run with status 1.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import sys
import time
from contextlib import suppress

from namestead.epp.faults import Fault, FrameFault
from namestead.epp.framing import Frames, frame
from namestead.epp.messages import Message, Response
from namestead.epp.read import read, read_answer, read_command
from namestead.epp.write import write, write_response
from tests.epp.golden import GOLDEN, frame_of

MILLISECONDS = 250
"""Of processor time for one frame of at most 64 KiB; the usual ones take well under one."""

MEGABYTES = 64
"""By which the process may grow over a whole run."""

TOKENS = (
    *(b"<", b">", b"/>", b"</", b"&", b"&amp;", b"&#0;", b"&#x10FFFF;", b"&x;", b"<![CDATA[", b"]]>", b"<!--", b"-->"),
    *(b"<!DOCTYPE epp>", b'<!DOCTYPE e [<!ENTITY x "y">]>', b"<?xml?>", b"<?pi?>", b"\xef\xbb\xbf", b"\xff\xfe", b"\0"),
    *(b'xmlns=""', b' xmlns="urn:x"', b"xmlns:domain='urn:ietf:params:xml:ns:host-1.0'", b' xsi:nil="true"'),
    *(b"-1", b"0", b"65536", b"9" * 5000, b"0" * 5000 + b"1", b"1e9", b"NaN", b"INF", b"1.", b"+.5", b"-0", b"  2  "),
    *(b"2026-02-30T00:00:00Z", b"2026-11-24T24:00:00Z", b"2026-11-24T10:00:00", b"-0001-01-01T00:00:00Z"),
    *(b"99999-12-31T00:00:00+14:00", b"0001-01-01T00:00:00+14:00", b"2026-11-24Z", b"12026-11-24", b"P1Y", b"P"),
    *("ß名𝔸".encode(), b"\xed\xa0\x80", b"\xc0\x80", b"\t", b"\r\n", b" " * 2000, b"a" * 70_000, b"true", b"ok"),
)


def mutated(rng: random.Random, frames: list[bytes]) -> bytes:
    octets = bytearray(rng.choice(frames))
    for _ in range(rng.choice((1, 1, 1, 1, 2, 8))):
        octets = _mutation(rng, octets, frames)
    if rng.random() < 0.03:
        with suppress(UnicodeDecodeError):
            octets = bytearray(octets.decode().encode(rng.choice(("utf-16", "utf-16-le", "utf-16-be"))))
    return bytes(octets[: 65_536 - 4])


def _span(rng: random.Random, octets: bytes | bytearray) -> tuple[int, int]:
    """Somewhere; often from mark to mark, so that whole elements are moved about."""
    if rng.random() < 0.6:
        marks = [i for i, octet in enumerate(octets) if octet == 0x3C]
        if len(marks) > 1:
            start, end = sorted(rng.sample(marks, 2))
            return start, min(end, start + 4000)
    start = rng.randrange(len(octets) + 1)
    return start, min(len(octets), start + rng.choice((0, 1, 2, 5, 20, 200)))


def _mutation(rng: random.Random, octets: bytearray, frames: list[bytes]) -> bytearray:
    start, end = _span(rng, octets)
    match rng.randrange(12):
        case 0:
            return octets[:start] + octets[end:]
        case 1:
            return octets[:end] + octets[start:end] * rng.choice((1, 1, 2, 50)) + octets[end:]
        case 2:
            other = rng.choice(frames)
            from_, to = _span(rng, other)
            return octets[:start] + other[from_:to] + octets[end:]
        case 3:
            return octets[:start] + rng.choice(TOKENS) + octets[start:]
        case 4:
            return bytearray(re.sub(rb">\s*<", rng.choice((b">\n  <", b"> <!-- <x> --><", b">\t<?pi?><")), octets))
        case 5:
            if octets:
                octets[rng.randrange(len(octets))] ^= 1 << rng.randrange(8)
            return octets
        case 6:
            return octets[:start] + rng.randbytes(rng.randrange(8)) + octets[end:]
        case _:
            return _other_text(rng, octets, frames)


_TEXT = re.compile(rb">([^<>]+)<|\"([^<>\"]*)\"")


def _other_text(rng: random.Random, octets: bytearray, frames: list[bytes]) -> bytearray:
    """Another value in an element or an attribute: one from elsewhere, or an odd one. The frame often stays valid, and
    reaches the readers behind the schemas."""
    places = list(_TEXT.finditer(octets))
    if not places:
        return octets
    place = rng.choice(places)
    start, end = place.span(1) if place[1] is not None else place.span(2)
    others = list(_TEXT.finditer(rng.choice(frames)))
    other = rng.choice(others)
    value = (other[1] or other[2] or b"") if rng.random() < 0.5 else rng.choice(TOKENS)
    return octets[:start] + value + octets[end:]


def decode(payload: bytes) -> Message | Fault:
    """What every reader makes of it; an exception of another kind is the caller's to see."""
    found: Message | Fault
    try:
        found = read(payload)
    except Fault as fault:
        found = fault
    for reader in (read_command, read_answer):
        try:
            assert found == reader(payload)
        except Fault as fault:
            assert isinstance(found, Fault) or fault.code == 2001  # it was the other side's
    return found


def check(payload: bytes) -> Message | Fault:
    found = decode(payload)
    if isinstance(found, Fault):
        answer = Response((found.result(),), "SRV-1", found.cl_trid)
        assert answer == read_answer(write_response(answer))
        return found
    again = read(write(found))
    assert type(found) is type(again)
    return found


def cut(rng: random.Random, payload: bytes) -> None:
    """The same octets on a stream, with a broken length now and then."""
    stream = bytearray(frame(payload) * 2)
    if rng.random() < 0.5:
        stream[rng.randrange(4)] ^= 1 << rng.randrange(8)
    frames = Frames()
    at = 0
    try:
        while at < len(stream):
            step = rng.choice((1, 3, 100, 70_000))
            frames.feed(stream[at : at + step])
            at += step
            while (taken := frames.next()) is not None:
                assert 0 < len(taken) <= 65_532
        frames.end()
    except FrameFault:
        pass


def memory() -> float:
    """The most this process has held so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def fuzz(seed: int, *, rounds: int | None = None, seconds: float | None = None) -> dict[str, int]:
    """How many frames became what. `AssertionError` or whatever else was raised, with a note of the round."""
    rng = random.Random(seed)
    frames = [frame_of(name) for name in GOLDEN]
    for payload in frames:
        check(payload)  # what is held once, and for all, is held now
    held = memory()
    outcomes = {"message": 0, "fault": 0}
    began = time.monotonic()
    number = 0
    while (rounds is None or number < rounds) and (seconds is None or time.monotonic() - began < seconds):
        payload = mutated(rng, frames)
        started = time.process_time()
        try:
            found = check(payload)
            took = (time.process_time() - started) * 1000
            assert took < MILLISECONDS, f"{took:.0f} ms"
            if number % 16 == 0:
                cut(rng, payload)
                assert memory() - held < MEGABYTES, f"{memory() - held:.0f} MB"
        except Exception as error:
            error.add_note(f"seed {seed}, round {number}: {payload[:2000]!r}")
            raise
        outcomes["fault" if isinstance(found, Fault) else "message"] += 1
        number += 1
    return outcomes


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--rounds", type=int)
    given = parser.parse_args()
    sys.stdout.write(f"seed {given.seed}\n")
    outcomes = fuzz(given.seed, rounds=given.rounds, seconds=given.seconds)
    sys.stdout.write(f"{outcomes['message']} messages, {outcomes['fault']} faults, nothing else\n")


if __name__ == "__main__":
    main()
