"""Whatever octets come, in whatever pieces: every frame has its own answer, in order, and a connection ends only for cause.

Each answer is valid by the schemas, carries the frame's clTRID and a svTRID of its own, and never says `internal_error`.
Before login everything but hello and login is 2002; afterwards only a login is. What ended leaves no session behind, and
the register is sound. Connections are cut, stopped and made to wait at any moment meanwhile.

    python -m tests.epp.fuzz_session [--seed N] [--seconds 600] [--rounds N]

Golden frames, mutated with a seeded random, go through a connection of the real server, in front of a real engine and
register; only the transport is made up. A finding is printed with its seed, its connection and the frame.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, cast

import structlog
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from namestead.epp import messages as epp
from namestead.epp.faults import Fault
from namestead.epp.framing import HEADER, LIMIT, Frames, frame
from namestead.epp.read import read_answer, read_command
from namestead.epp.server import EppConnection, EppServer
from namestead.epp.settings import EppSettings
from namestead.store.embedded import EmbeddedPostgres
from tests.conftest import create_database
from tests.engine.register import R0, R1, build, engine_on, problems
from tests.epp.door import let_in, login, named, payload_of
from tests.epp.fuzz_decoder import mutated
from tests.epp.golden import GOLDEN, frame_of
from tests.epp.tls_world import ALPHA, BETA, World

AT_ONCE = 4
"""Connections that run together, and meet in the same batches."""

PATIENCE = 30.0
"""Seconds after which an answer that has not come is none."""

NAMES = (b"a.example", b"b.example", b"ns1.a.example", b"nobodys.example", b"a.ote", b"example.test")
"""What golden frames are about, instead of the names in them: few, so that commands meet."""

REGISTRARS = {
    "alpha": x509.load_pem_x509_certificate(ALPHA.certificate).public_bytes(Encoding.DER),
    "beta": x509.load_pem_x509_certificate(BETA.certificate).public_bytes(Encoding.DER),
}
COMMANDS = [frame_of(name) for name, message in GOLDEN.items() if isinstance(message, epp.Command | epp.Hello)]
BAD_LENGTHS = (0, 1, 4, LIMIT + 1, 2**31, 2**32 - 1)


class Tls:
    """What a server sees of a client's TLS."""

    def __init__(self, certificate: bytes) -> None:
        self._certificate = certificate

    def version(self) -> str:
        return "TLSv1.3"

    def cipher(self) -> tuple[str, str, int]:
        return "TLS_AES_256_GCM_SHA384", "TLSv1.3", 256

    def getpeercert(self, *, binary_form: bool) -> bytes:
        assert binary_form
        return self._certificate


class Transport:
    """A transport whose other end is the fuzzer: what is written is kept, and room for it comes and goes."""

    def __init__(self, connection: EppConnection, tls: Tls, address: str, rng: random.Random) -> None:
        self.written = bytearray()
        self.ended = False
        self.reading = asyncio.Event()
        self.reading.set()
        self._closing = False
        self._connection = connection
        self._about = {"ssl_object": tls, "peername": (address, 4711)}
        self._rng = rng
        self._full = False

    def get_extra_info(self, name: str) -> Any:
        return self._about[name]

    def set_write_buffer_limits(self, high: int) -> None:
        assert high > 0

    def write(self, octets: bytes) -> None:
        assert not self._closing, "written to what is closed"
        self.written += octets
        if not self._full and self._rng.random() < 0.1:
            self._full = True
            self._connection.pause_writing()
            asyncio.get_running_loop().call_later(self._rng.random() / 100, self._room)

    def _room(self) -> None:
        self._full = False
        if not self.ended:
            self._connection.resume_writing()

    def pause_reading(self) -> None:
        self.reading.clear()

    def resume_reading(self) -> None:
        self.reading.set()

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self.abort()

    def abort(self) -> None:
        if not self._closing:
            self._closing = True
            asyncio.get_running_loop().call_soon(self._lost)

    def _lost(self) -> None:
        self.ended = True
        self.reading.set()
        self._connection.connection_lost(None)


def made_up(rng: random.Random, registrar: str) -> list[bytes]:
    """The frames of one connection."""
    right = payload_of(login(registrar))
    payloads = [right] if rng.random() < 0.9 else []
    for _ in range(rng.choice((1, 5, 20, 20, 100))):
        kind = rng.random()
        if kind < 0.02:
            payloads.append(right)
        elif kind < 0.025:
            payloads.append(payload_of(epp.Logout()))
        elif kind < 0.6:
            payloads.append(about(rng, rng.choice(COMMANDS)))
        else:
            payloads.append(mutated(rng, [about(rng, rng.choice(COMMANDS))]))
    return [payload for payload in payloads if payload]  # an empty one cannot be framed: its length is 4


def about(rng: random.Random, payload: bytes) -> bytes:
    return payload.replace(b"example.test", rng.choice(NAMES))


class Play:
    """One connection, from its greeting to its end."""

    def __init__(self, server: EppServer, seed: str) -> None:
        self.rng = random.Random(seed)
        self.registrar = self.rng.choice(tuple(REGISTRARS))
        self.payloads = made_up(self.rng, self.registrar)
        self.connection = EppConnection(server)
        address = f"192.0.{self.rng.randrange(256)}.{self.rng.randrange(256)}"
        self.transport = Transport(self.connection, Tls(REGISTRARS[self.registrar]), address, self.rng)
        self.fate = self.rng.choice(("stays", "stays", "stays", "stays", "is cut", "is stopped", "sends no frame"))
        self.codes: Counter[int] = Counter()
        self.at = b""

    async def run(self) -> Counter[int]:
        self.connection.connection_made(cast(asyncio.Transport, self.transport))
        stream = b"".join(map(frame, self.payloads))
        if self.fate == "sends no frame":
            stream += self.rng.choice(BAD_LENGTHS).to_bytes(HEADER, "big") + self.rng.randbytes(100)
        until = self.rng.randrange(len(stream) + 1) if self.fate in ("is cut", "is stopped") else len(stream)
        at = 0
        async with asyncio.timeout(PATIENCE):
            while at < until and not self.transport.ended:
                step = min(until - at, self.rng.choice((1, 3, 100, 1000, 16_384, 100_000)))
                self.connection.data_received(stream[at : at + step])
                at += step
                if self.rng.random() < 0.5:
                    await asyncio.sleep(self.rng.random() / 200)
                await self.transport.reading.wait()
        if self.fate == "is cut":
            self.transport.abort()
        elif self.fate == "is stopped":
            self.connection.finish()
        await self._settle()
        self._judge()
        self.transport.abort()
        while not self.transport.ended:  # noqa: ASYNC110 - in the next turn of the loop
            await asyncio.sleep(0)
        return self.codes

    async def _settle(self) -> None:
        """Everything that is to be answered is, and what is to end has."""
        until = time.monotonic() + PATIENCE
        while not self.transport.ended and (
            len(self._answers()) <= len(self.payloads) or self.fate == "sends no frame"
        ):
            if time.monotonic() > until:
                self.at = b"".join(self.payloads[len(self._answers()) - 1 :])
                raise AssertionError("no answer, or no end")
            await asyncio.sleep(0.002)

    def _answers(self) -> list[bytes]:
        frames, found = Frames(1_048_576), []
        frames.feed(self.transport.written)
        while (payload := frames.next()) is not None:
            found.append(payload)
        assert 0 == len(frames), "half an answer"
        return found

    def _judge(self) -> None:
        greeting, *answers = [read_answer(payload) for payload in self._answers()]
        assert isinstance(greeting, epp.Greeting)
        assert len(answers) <= len(self.payloads)
        admitted, ids = False, set[str]()
        for number, (payload, answer) in enumerate(zip(self.payloads, answers, strict=False)):
            self.at = payload
            admitted = self._one(payload, answer, admitted=admitted)
            if isinstance(answer, epp.Response):
                assert answer.sv_trid not in ids
                ids.add(answer.sv_trid)
                self.codes[answer.code] += 1
                if answer.code in (1500, 2500, 2501, 2502):
                    assert len(answers) == number + 1, "answered after the end"
                    assert self.transport.is_closing()
                    return
        if self.fate in ("stays", "sends no frame"):
            assert len(self.payloads) == len(answers)
            assert (self.fate == "sends no frame") == self.transport.is_closing()

    def _one(self, payload: bytes, answer: epp.Greeting | epp.Response, *, admitted: bool) -> bool:
        """Hold an answer against its frame; whether the session is logged in after it."""
        try:
            asked = read_command(payload)
        except Fault as fault:
            assert isinstance(answer, epp.Response)
            assert (fault.code, fault.cl_trid) == (answer.code, answer.cl_trid)
            return admitted
        if isinstance(asked, epp.Hello):
            assert isinstance(answer, epp.Greeting)
            return admitted
        assert isinstance(answer, epp.Response)
        assert asked.cl_trid == answer.cl_trid
        said = [value.reason for result in answer.results for value in result.ext_values]
        assert not any("internal_error" in reason for reason in said), said
        logs_in = isinstance(asked.body, epp.Login)
        assert (logs_in == admitted) == (answer.code == 2002)
        return admitted or (logs_in and answer.code == 1000)


async def fuzz(
    url: str, directory: Path, seed: int, *, rounds: int | None = None, seconds: float | None = None
) -> Counter[int]:
    """How many answers had which code. `url` is a register's (`tests/engine/register.py`) that may be used up."""
    codes: Counter[int] = Counter()
    began = time.monotonic()
    files = World(directory).files()
    settings = EppSettings(files.certificate, files.private_key, files.client_ca, session_cap=100)
    await named(url)
    async with engine_on(url) as engine:
        await let_in(engine)
        server = EppServer(engine, settings, rate_limit=10**9)
        number = 0
        while (rounds is None or number < rounds) and (seconds is None or time.monotonic() - began < seconds):
            plays = [Play(server, f"{seed}/{number + n}") for n in range(AT_ONCE)]
            found = await asyncio.gather(*(play.run() for play in plays), return_exceptions=True)
            for n, (play, outcome) in enumerate(zip(plays, found, strict=True)):
                if isinstance(outcome, BaseException):
                    outcome.add_note(f"seed {seed}, connection {number + n}, which {play.fate}: {play.at[:2000]!r}")
                    raise outcome
                codes += outcome
            number += AT_ONCE
            assert not server.connections
            async with asyncio.timeout(PATIENCE):  # a login that was under way hears of its end in a moment
                while any(engine.sessions.count(channel.registrar_id) for channel in (R0, R1)):  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
    found_wrong = await problems(url)
    assert {} == found_wrong
    return codes


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--rounds", type=int)
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    sys.stdout.write(f"seed {given.seed}\n")
    sys.stdout.flush()
    with tempfile.TemporaryDirectory(prefix="namestead-fuzz-") as place:
        directory = Path(place)
        directory.chmod(0o711)  # the database's user may have to enter it
        postgres = EmbeddedPostgres(directory / "postgres")
        postgres.start()
        try:
            url = create_database(postgres.url)
            asyncio.run(build(url))
            codes = uvloop.run(fuzz(url, directory, given.seed, rounds=given.rounds, seconds=given.seconds))
        finally:
            postgres.stop(immediate=True)
    sys.stdout.write(", ".join(f"{code}: {count}" for code, count in sorted(codes.items())) + "\n")


if __name__ == "__main__":
    main()
