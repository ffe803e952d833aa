"""Connections: the load on HTTP. Raw sockets with requests made beforehand, in a process of its own.

Reads a job as JSON from stdin and writes a `Sample` to stdout. Each connection has one request in flight at a time, and
takes nothing for granted: every answer's status is looked at.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import random
import sys
import time
from collections.abc import Callable, Iterator
from typing import cast

import msgspec
import uvloop

from bench.figures import Sample, percentile
from bench.machine import between, cpu_of_tree
from bench.register import hosts_of, random_name, token_of

ROOT = "/api/v1/registrar/v1"
END = b"\r\n\r\n"
LENGTH = b"content-length: "


class Job(msgspec.Struct):
    """`server` and `postmaster` are processes whose time is counted; `names` are registered to registrar 0."""

    kind: str
    host: str
    port: int
    server: int
    postmaster: int
    connections: int
    warm: float
    seconds: float
    names: list[str] = []


# ---------------------------------------------------------------------------------------------------------- requests


def _head(method: str, path: str) -> str:
    return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token_of(0)}\r\n"


def _with_body(head: bytes, body: bytes) -> bytes:
    return b"%sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (head, len(body), body)


def creates(_: Job) -> Iterator[bytes]:
    """A create of a random name with an idempotency key, to two hosts that exist."""
    head = _head("POST", f"{ROOT}/domains").encode()
    servers = ",".join(f'{{"host":"{h}"}}' for h in hosts_of(0))
    after = f'","years":1,"nameservers":[{servers}]}}'.encode()
    while True:
        name = random_name().encode()
        yield _with_body(head, b'{"idempotency_key":"k-%s","domain":"%s%s' % (name, name, after))


def checks(_: Job) -> Iterator[bytes]:
    """A check of one random name, which is free."""
    head = _head("POST", f"{ROOT}/domains/check").encode()
    while True:
        yield _with_body(head, b'{"domain":"%s"}' % random_name().encode())


def infos(job: Job) -> Iterator[bytes]:
    """An info of a name of the caller's own, so that all of it is shown."""
    requests = [f"{_head('GET', f'{ROOT}/domains/{name}')}\r\n".encode() for name in job.names]
    while True:
        yield random.choice(requests)


REQUESTS: dict[str, tuple[Callable[[Job], Iterator[bytes]], bytes]] = {
    "create": (creates, b"201"),
    "check": (checks, b"200"),
    "info": (infos, b"200"),
}


# ------------------------------------------------------------------------------------------------------- connections


class Load:
    """What the connections share: where requests come from and what was seen."""

    def __init__(self, requests: Iterator[bytes], expected: bytes) -> None:
        self.next_request = requests.__next__
        self.expected = expected
        self.ending = False
        self.measuring = False
        self.done = 0
        self.times: list[float] = []
        self.errors: dict[str, int] = {}

    def failed(self, what: str) -> None:
        self.errors[what] = self.errors.get(what, 0) + 1


class Connection(asyncio.Protocol):
    """Keep-alive: a request, its answer, the next request."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._began = 0.0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one without saying so
        self._send()

    def _send(self) -> None:
        assert self._transport is not None
        if self._load.ending:
            self._transport.close()
            return
        self._began = time.perf_counter()
        self._transport.write(self._load.next_request())

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer = self._buffer + data if self._buffer else data
        end = buffer.find(END)
        if end < 0:
            return
        at = buffer.find(LENGTH, 0, end)
        length = int(buffer[at + len(LENGTH) : buffer.index(b"\r", at)]) if at >= 0 else 0
        if len(buffer) < end + 4 + length:
            return
        load, self._buffer = self._load, b""
        load.done += 1
        if load.measuring:
            load.times.append(time.perf_counter() - self._began)
        if buffer[9:12] != load.expected:
            load.failed(f"HTTP {buffer[9:12].decode()}: {buffer[end + 4 : end + 164].decode(errors='replace')}")
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._load.ending or exc is not None:
            self._load.failed(f"connection lost: {exc}")
        if not self.ended.done():
            self.ended.set_result(None)


async def run(job: Job) -> Sample:
    """Warm up, measure, and answer what was seen. `program` time is the server's; the load's own stands in `detail`."""
    make, expected = REQUESTS[job.kind]
    load = Load(make(job), expected)
    loop = asyncio.get_running_loop()
    made = [
        (await loop.create_connection(lambda: Connection(load), job.host, job.port))[1] for _ in range(job.connections)
    ]
    await asyncio.sleep(job.warm)
    gc.collect()
    server, postgres = cpu_of_tree(job.server), cpu_of_tree(job.postmaster)
    load.measuring = True
    before, cpu, began = load.done, time.process_time(), time.perf_counter()
    await asyncio.sleep(job.seconds)
    load.measuring = False
    elapsed, cpu, done = time.perf_counter() - began, time.process_time() - cpu, load.done - before
    server, postgres = between(server, cpu_of_tree(job.server)), between(postgres, cpu_of_tree(job.postmaster))
    load.ending = True
    await asyncio.wait_for(asyncio.gather(*(c.ended for c in made)), 30)
    times = sorted(load.times)
    each = 1e6 / max(1, done)
    middle, late = percentile(times, 0.5), percentile(times, 0.99)
    return Sample(
        rate=done / elapsed,
        commands=load.done,
        p50=middle * 1000 if middle is not None else None,
        p99=late * 1000 if late is not None else None,
        client_cpu=server * each if server is not None else None,
        server_cpu=postgres * each if postgres is not None else None,
        errors=dict(itertools.islice(load.errors.items(), 5)),
        detail={"load us": cpu * each},
    )


if __name__ == "__main__":
    answer = uvloop.run(run(msgspec.json.decode(sys.stdin.buffer.read(), type=Job)))
    sys.stdout.buffer.write(msgspec.json.encode(answer))
