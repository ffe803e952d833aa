"""The load on EPP: raw frames over TLS, framed by hand, in a process of its own.

Reads a job as JSON from stdin and writes a `Sample` to stdout. Every answer's result code is looked at, by a search for
octets: an answer is not parsed, so that the load costs little of the machine it shares with the server.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import random
import resource
import ssl
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import cast

import msgspec
import uvloop

from bench.figures import Sample, percentile
from bench.machine import PROC, between, cpu_of_tree
from bench.register import EPP_PASSWORD, FIRST_EPP, ZONE, hosts_of, random_name, slug_of
from namestead.epp import messages as epp
from namestead.epp import namespaces
from namestead.epp.framing import frame
from namestead.epp.write import write

CODE = b'<result code="'
AT_ONCE = 64
"""Idle sessions that are begun at once: a storm of logins is another measurement."""

PER_SOURCE = 1000
"""Idle sessions from one loopback address: 127.0.0.2, .3 and so on, well below what one has ports for."""


class Job(msgspec.Struct):
    """`depth` frames of each connection are under way at once; connection n belongs to registrar n % `registrars`.

    `most` ends the measurement after so many answers (0: after `seconds`). `idle` sessions are begun beside. Without
    `logs_in` an echo is asked.
    """

    kind: str
    host: str
    port: int
    server: int
    postmaster: int
    ca: str
    connections: int
    depth: int
    registrars: int
    warm: float
    seconds: float
    logs_in: bool = True
    most: int = 0
    idle: int = 0


# ------------------------------------------------------------------------------------------------------------- frames


def _around(body: epp.CommandBody, name: str, mark: str) -> tuple[bytes, bytes, bytes]:
    """The frame of a command cut where its name and its clTRID stand: all names have one length, so all frames do."""
    before, _, rest = frame(write(epp.Command(body, mark))).partition(name.encode())
    middle, _, after = rest.partition(mark.encode())
    return before, middle, after


SAMPLE = f"n0123456789abcde.{ZONE}"
MARK = "k-" + "0" * len(SAMPLE)


def _create(registrar: int) -> epp.DomainCreate:
    return epp.DomainCreate(SAMPLE, epp.AuthInfo(""), epp.Period(1), hosts_of(registrar))


def _filled(parts: tuple[bytes, bytes, bytes], name: bytes, mark: bytes) -> bytes:
    before, middle, after = parts
    return b"".join((before, name, middle, mark, after))


def checks(_: int) -> Iterator[bytes]:
    """A check of one random name, which is free."""
    parts = _around(epp.DomainCheck((SAMPLE,)), SAMPLE, MARK)
    while True:
        name = random_name().encode()
        yield _filled(parts, name, b"k-" + name)


def creates(registrar: int) -> Iterator[bytes]:
    """A create of a random name to two hosts that exist; its clTRID is its idempotency key."""
    parts = _around(_create(registrar), SAMPLE, MARK)
    while True:
        name = random_name().encode()
        yield _filled(parts, name, b"k-" + name)


def pairs(registrar: int) -> Iterator[bytes]:
    """A create, and an info of the same name right behind it."""
    create = _around(_create(registrar), SAMPLE, MARK)
    info = _around(epp.DomainInfo(SAMPLE), SAMPLE, MARK)
    while True:
        name = random_name().encode()
        yield _filled(create, name, b"k-" + name)
        yield _filled(info, name, b"i-" + name)


HOT = f"nfedcba987654321.{ZONE}"


def hot(registrar: int) -> Iterator[bytes]:
    """A create of the one name that everybody wants, every one with a clTRID of its own."""
    parts = _around(_create(registrar), SAMPLE, MARK)
    for number in itertools.count(random.randrange(10**12)):  # no key of an earlier run, which would be answered again
        yield _filled(parts, HOT.encode(), b"h-%0*d" % (len(SAMPLE), number))


FRAMES: dict[str, Callable[[int], Iterator[bytes]]] = {
    "check": checks,
    "create": creates,
    "pairs": pairs,
    "hot": hot,
}


def login(registrar: int) -> bytes:
    body = epp.Login(slug_of(registrar), EPP_PASSWORD, namespaces.OBJECTS)
    return frame(write(epp.Command(body, "login")))


# -------------------------------------------------------------------------------------------------------- connections


class Load:
    """What the connections share: how much may still be asked, and what was seen. `expected` is the code of success;
    none is looked for in an echo."""

    def __init__(self, job: Job) -> None:
        self.depth = job.depth
        self.logs_in = job.logs_in
        self.kind = job.kind
        self.left = job.most or 1 << 62
        self.ending = False
        self.measuring = False
        self.done = 0
        self.times: list[float] = []
        self.codes: dict[bytes, int] = {}
        self.errors: dict[str, int] = {}

    def failed(self, what: str) -> None:
        self.errors[what] = self.errors.get(what, 0) + 1

    def take(self) -> bool:
        """Whether one more may be asked."""
        if self.ending or self.left <= 0:
            return False
        self.left -= 1
        return True

    def saw(self, code: bytes, answer: bytes) -> None:
        self.done += 1
        self.codes[code] = self.codes.get(code, 0) + 1
        if self.logs_in and code != b"1000" and self.kind != "hot":
            self.failed(f"EPP {code.decode()}: {answer[:300].decode(errors='replace')}")


class Connection(asyncio.Protocol):
    """Greeting and login, and then `depth` frames under way until the end. An idle one stays logged in and silent."""

    def __init__(self, load: Load, registrar: int) -> None:
        loop = asyncio.get_running_loop()
        self._load = load
        self._registrar = registrar
        self._frames = FRAMES[load.kind](registrar)
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._sent: deque[float] = deque()
        self._greeted = not load.logs_in
        self.ready: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one without saying so
        if not self._load.logs_in:
            self.ready.set_result(None)

    def begin(self) -> None:
        self._send(self._load.depth)

    def _send(self, count: int) -> None:
        assert self._transport is not None
        frames = [next(self._frames) for _ in range(count) if self._load.take()]
        if frames:
            self._sent.extend([time.perf_counter()] * len(frames))
            self._transport.write(b"".join(frames))
        elif not self._sent:
            self._transport.close()

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        at, answered = 0, 0
        while len(buffer) - at >= 4:
            end = at + int.from_bytes(buffer[at : at + 4], "big")
            if end > len(buffer) or end <= at:
                break
            found = buffer.find(CODE, at, end)
            code = buffer[found + len(CODE) : found + len(CODE) + 4] if found >= 0 else b""
            answered += self._take(code, buffer, at, end)
            at = end
        self._buffer = buffer[at:]
        if answered:
            self._send(answered)

    def _take(self, code: bytes, buffer: bytes, at: int, end: int) -> int:
        """One answer; 1 if it was one to what is measured."""
        if self.ready.done():
            load = self._load
            began = self._sent.popleft()
            if load.measuring:
                load.times.append(time.perf_counter() - began)
            load.saw(code, buffer[at + 4 : end] if code != b"1000" else b"")
            return 1
        if not self._greeted:
            self._greeted = True
            assert self._transport is not None
            self._transport.write(login(self._registrar))
        elif code == b"1000":
            self.ready.set_result(None)
        else:
            self.ready.set_exception(RuntimeError(f"login: {buffer[at + 4 : end][:400].decode(errors='replace')}"))
        return 0

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None or not (self._load.ending or self._load.left <= 0):
            self._load.failed(f"connection lost: {exc}")
        if not self.ready.done():
            self.ready.set_exception(RuntimeError(f"connection lost before its login was answered: {exc}"))
        if not self.ended.done():
            self.ended.set_result(None)


async def _connect(job: Job, load: Load, tls: ssl.SSLContext, number: int, *, source: str | None = None) -> Connection:
    _, made = await asyncio.get_running_loop().create_connection(
        lambda: Connection(load, FIRST_EPP + number % job.registrars),
        job.host,
        job.port,
        ssl=tls,
        local_addr=None if source is None else (source, 0),
    )
    await asyncio.wait_for(made.ready, 60)
    return made


async def _sit_idle(job: Job, load: Load, tls: ssl.SSLContext) -> list[Connection]:
    made: list[Connection] = []
    for first in range(0, job.idle, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, job.idle))
        made += await asyncio.gather(
            *(_connect(job, load, tls, n, source=f"127.0.0.{2 + n // PER_SOURCE}") for n in numbers)
        )
    return made


def resident(pid: int) -> float | None:
    """Octets of memory a process has in use; None where /proc is not Linux's."""
    try:
        lines = (PROC / str(pid) / "status").read_text().splitlines()
    except OSError:
        return None
    return next((float(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS")), None)


async def run(job: Job) -> Sample:
    """Log in, warm up, measure, and answer what was seen. `program` time is the server's; the load's own stands in
    `detail`."""
    if job.idle:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, job.idle + 1000)), hard))
    load, tls = Load(job), ssl.create_default_context(cafile=job.ca)
    made = [await _connect(job, load, tls, n) for n in range(job.connections)]
    memory = resident(job.server)
    idle = await _sit_idle(job, load, tls)
    grown = between(memory, resident(job.server))
    counted = bool(job.most)
    if not counted:
        for connection in made:
            connection.begin()
        await asyncio.sleep(job.warm)
    gc.collect()
    server, postgres = cpu_of_tree(job.server), cpu_of_tree(job.postmaster)
    load.measuring = True
    before, cpu, began = load.done, time.process_time(), time.perf_counter()
    if counted:
        for connection in made:
            connection.begin()
        await asyncio.wait_for(asyncio.gather(*(c.ended for c in made)), 600)
    else:
        await asyncio.sleep(job.seconds)
    load.measuring = False
    elapsed, cpu, done = time.perf_counter() - began, time.process_time() - cpu, load.done - before
    server, postgres = between(server, cpu_of_tree(job.server)), between(postgres, cpu_of_tree(job.postmaster))
    load.ending = True
    for connection in idle:
        connection.close()
    await asyncio.wait_for(asyncio.gather(*(c.ended for c in (*made, *idle))), 60)
    if job.kind == "hot":
        won, lost = load.codes.pop(b"1000", 0), load.codes.pop(b"2302", 0)
        if won != 1 or load.codes or won + lost != job.most:
            load.failed(f"one hot name: {won} times 1000, {lost} times 2302 of {job.most}, and {load.codes}")
    times = sorted(load.times)
    each = 1e6 / max(1, done)
    middle, late = percentile(times, 0.5), percentile(times, 0.99)
    detail = {"load us": cpu * each}
    if job.idle and grown is not None:
        detail["KB a session"] = grown / 1024 / job.idle
    return Sample(
        rate=done / elapsed,
        commands=load.done,
        p50=middle * 1000 if middle is not None else None,
        p99=late * 1000 if late is not None else None,
        client_cpu=server * each if server is not None else None,
        server_cpu=postgres * each if postgres is not None else None,
        errors=dict(itertools.islice(load.errors.items(), 5)),
        detail=detail,
    )


if __name__ == "__main__":
    answer = uvloop.run(run(msgspec.json.decode(sys.stdin.buffer.read(), type=Job)))
    sys.stdout.buffer.write(msgspec.json.encode(answer))
