"""The listener with real sockets: who is turned away and why, that limits hold, and that everything is given back."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
import structlog

from namestead.epp import listener as listener_module
from namestead.epp.listener import LINES_A_MINUTE, Connection, Listener
from namestead.epp.tls import Contexts, peer_of, server_context
from tests.engine.register import run
from tests.epp.tls_world import ALPHA, BETA, STRANGER, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


class Greeting(Connection):
    """Says who it sees, then gives back what it gets, until it hears `bye`."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by its type
        peer = peer_of(transport.get_extra_info("ssl_object"))
        self.transport.write(f"{peer.protocol} {peer.subject}\n".encode())

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)
        if data.startswith(b"bye"):
            self.transport.close()


class Served:
    """A listener, what it counted and what it logged."""

    def __init__(self, listener: Listener, counted: Counter[str], lines: list[Any]) -> None:
        self.listener = listener
        self.counted = counted
        self.lines = lines

    @property
    def reasons(self) -> list[str]:
        return [line["reason"] for line in self.lines if line["event"] == "connection refused"]

    async def until(self, done: Any) -> None:
        async with asyncio.timeout(10):
            while not done():  # noqa: ASYNC110 - of sockets, not of a task
                await asyncio.sleep(0.01)


@asynccontextmanager
async def serving(context: Any, host: str = "127.0.0.1", port: int = 0, **limits: Any) -> AsyncIterator[Served]:
    counted: Counter[str] = Counter()
    listener = Listener(host, port, context, Greeting, count=lambda word: counted.update([word]), **limits)
    with structlog.testing.capture_logs() as lines:
        await listener.start()
        try:
            yield Served(listener, counted, lines)
        finally:
            await listener.stop()


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connect(served: Served, context: ssl.SSLContext, host: str = "127.0.0.1") -> Streams:
    return await asyncio.open_connection(host, served.listener.port, ssl=context, server_hostname=host)


async def greeted(served: Served, context: ssl.SSLContext, host: str = "127.0.0.1") -> tuple[str, Streams]:
    """What the server says first; `AssertionError` with what came instead."""
    async with asyncio.timeout(10):
        reader, writer = await connect(served, context, host)
        line = await reader.readline()
        assert line, "closed without a word"
        return line.decode().strip(), (reader, writer)


async def refused(served: Served, context: ssl.SSLContext) -> None:
    """The connection is ended by the server, in the handshake or right after (in TLS 1.3 a client has finished before
    its certificate is looked at)."""
    with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
        await greeted(served, context)


async def bye(*streams: Streams) -> None:
    for reader, writer in streams:
        writer.write(b"bye")
        async with asyncio.timeout(10):
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await reader.read()
        writer.close()


# ------------------------------------------------------------------------------------------------------------ who comes in


def test_a_client_with_its_certificate(world: World) -> None:
    context = server_context(world.files())

    async def main() -> None:
        async with serving(lambda: context) as served:
            said, streams = await greeted(served, world.client())
            assert "TLSv1.3 CN=alpha,O=Namestead demo" == said
            assert 1 == served.listener.connections
            await bye(streams)
            await served.until(lambda: served.listener.connections == 0)
            assert [] == served.lines

    run(main())


def test_tls_1_2_with_a_modern_cipher_and_nothing_older(world: World) -> None:
    context = server_context(world.files())

    def client(version: ssl.TLSVersion, ciphers: str | None = None) -> ssl.SSLContext:
        made = world.client()
        made.minimum_version, made.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, version
        if ciphers is not None:
            made.set_ciphers(ciphers)
        return made

    async def main() -> None:
        async with serving(lambda: context) as served:
            said, streams = await greeted(served, client(ssl.TLSVersion.TLSv1_2))
            assert said.startswith("TLSv1.2 CN=alpha")
            await bye(streams)
            await refused(served, client(ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES256-SHA:AES256-SHA"))
            await served.until(lambda: len(served.reasons) == 1)
            assert ["the client offers no cipher that is taken here"] == served.reasons
            old = client(ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0")
            await refused(served, old)
            await served.until(lambda: len(served.reasons) == 2)
            assert "the client speaks no version of TLS from 1.2 on" == served.reasons[1]

    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        run(main())


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_without_a_certificate_or_with_one_of_an_unknown_authority(world: World, version: ssl.TLSVersion) -> None:
    context = server_context(world.files())

    async def main() -> None:
        async with serving(lambda: context) as served:
            for issued in (None, STRANGER):
                client = world.client(issued)
                client.maximum_version = version
                await refused(served, client)
            await served.until(lambda: len(served.reasons) == 2)
            none, unknown = served.reasons
            assert "no client certificate was shown, and one is required" == none
            assert "the client certificate is not accepted: unable to get local issuer certificate" in unknown
            assert {"127.0.0.1"} == {line["address"] for line in served.lines}
            assert Counter(handshake=2) == served.counted
            await served.until(lambda: served.listener.connections == 0)

    run(main())


def test_where_certificates_are_optional_an_unknown_authority_is_still_refused(world: World) -> None:
    context = server_context(world.files(required=False))

    async def main() -> None:
        async with serving(lambda: context) as served:
            said, streams = await greeted(served, world.client(None))
            assert "TLSv1.3 None" == said
            await bye(streams)
            await refused(served, world.client(STRANGER))
            await served.until(lambda: len(served.reasons) == 1)

    run(main())


def test_a_client_that_does_not_trust_us_is_told_apart(world: World) -> None:
    context = server_context(world.files())

    def shakes_hands(port: int) -> None:
        """With OpenSSL alone: uvloop's own client goes away without the alert that says why."""
        with socket.create_connection(("127.0.0.1", port)) as plain, pytest.raises(ssl.SSLCertVerificationError):
            ssl.create_default_context().wrap_socket(plain, server_hostname="127.0.0.1")

    async def main() -> None:
        async with serving(lambda: context) as served:
            await asyncio.to_thread(shakes_hands, served.listener.port)
            await served.until(lambda: len(served.reasons) == 1)
            assert ["the client does not trust our certificate's authority"] == served.reasons

    run(main())


@pytest.mark.parametrize(
    "sent, reason",
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "plain HTTP on a port that speaks TLS"),
        (b"\x00\x00\x00\x50<?xml version='1.0'?><epp><hello/></epp>", "what was sent is no TLS"),
        (b"\xff" * 64, "what was sent is no TLS"),
        (b"", "the client went away during the handshake"),
        (b"\x16\x03\x01", "the client went away during the handshake"),
    ],
)
def test_what_is_no_tls(world: World, sent: bytes, reason: str) -> None:
    context = server_context(world.files())

    async def main() -> None:
        async with serving(lambda: context) as served:
            reader, writer = await asyncio.open_connection("127.0.0.1", served.listener.port)
            writer.write(sent)
            if writer.can_write_eof():
                writer.write_eof()
            async with asyncio.timeout(10):
                with contextlib.suppress(ConnectionError):
                    await reader.read()
            writer.close()
            await served.until(lambda: served.reasons)
            assert [reason] == served.reasons
            await served.until(lambda: served.listener.connections == 0)

    run(main())


# -------------------------------------------------------------------------------------------------------------- limits


def test_a_slow_handshake_is_ended_and_holds_up_nobody(world: World) -> None:
    context = server_context(world.files())

    async def main() -> None:
        async with serving(lambda: context, handshake_timeout=0.3) as served:
            slow = [await asyncio.open_connection("127.0.0.1", served.listener.port) for _ in range(5)]
            _, streams = await greeted(served, world.client())
            await bye(streams)
            await served.until(lambda: len(served.reasons) == 5)
            assert {"no handshake within 0.3 s"} == set(served.reasons)
            assert Counter(timeout=5) == served.counted
            await served.until(lambda: served.listener.connections == 0)
            for _, writer in slow:
                writer.close()

    run(main())


def test_an_address_has_so_many_connections_and_gets_them_back(world: World) -> None:
    context = server_context(world.files())

    async def main() -> None:
        async with serving(lambda: context, per_address=3) as served:
            held = [(await greeted(served, world.client()))[1] for _ in range(3)]
            await refused(served, world.client())
            await served.until(lambda: served.reasons)
            assert ["the address has 3 connections already"] == served.reasons
            assert Counter(address=1) == served.counted
            await bye(held.pop())
            await served.until(lambda: served.listener.connections == 2)
            _, streams = await greeted(served, world.client())
            await bye(streams, *held)

    run(main())


def test_handshakes_in_flight_are_bounded(world: World) -> None:
    context = server_context(world.files())

    async def main() -> None:
        async with serving(lambda: context, in_flight=2, handshake_timeout=0.4) as served:
            slow = [await asyncio.open_connection("127.0.0.1", served.listener.port) for _ in range(4)]
            await served.until(lambda: served.listener.connections == 2)
            await asyncio.sleep(0.1)
            assert 2 == served.listener.connections, "the others wait without a handshake"
            _, streams = await greeted(served, world.client())
            await bye(streams)
            for _, writer in slow:
                writer.close()

    run(main())


def test_many_at_once(world: World) -> None:
    context = server_context(world.files())

    async def main() -> None:
        async with serving(lambda: context, per_address=1000) as served:
            client = world.client()
            bad = world.client(STRANGER)
            good = asyncio.gather(*(greeted(served, client) for _ in range(60)))
            await asyncio.gather(*(refused(served, bad) for _ in range(30)))
            found = await good
            assert {"TLSv1.3 CN=alpha,O=Namestead demo"} == {said for said, _ in found}
            await bye(*(streams for _, streams in found))
            await served.until(lambda: served.listener.connections == 0)
            assert Counter(handshake=30) == served.counted
            assert LINES_A_MINUTE == len(served.reasons), "noise does not fill the disk"
            assert "more of the same" in served.lines[-1]["and"]

    run(main())


# --------------------------------------------------------------------------------------------------- files and processes


def test_new_files_are_taken_up_while_serving(world: World) -> None:
    contexts = Contexts(world.files())
    with structlog.testing.capture_logs():
        assert not contexts.reload(), "nothing has changed"

    async def main() -> None:
        async with serving(lambda: contexts.current) as served:
            _, before = await greeted(served, world.client())
            (world.directory / "server.pem").write_text("half of")
            assert not contexts.reload(), "a half-written file is not taken up"
            _, meanwhile = await greeted(served, world.client())
            world.files(server=BETA)  # another certificate, without the server's names
            assert contexts.reload()
            await refused(served, world.client())
            world.files()
            assert contexts.reload() and not contexts.reload()
            _, after = await greeted(served, world.client())
            await bye(before, meanwhile, after)

    run(main())


def test_an_authority_that_was_taken_away_counts_from_the_next_connection(world: World) -> None:
    contexts = Contexts(world.files())

    async def main() -> None:
        async with serving(lambda: contexts.current) as served:
            client = world.client(BETA)
            _, streams = await greeted(served, client)
            (world.directory / "ca.pem").write_bytes(STRANGER.certificate)
            assert contexts.reload()
            await refused(served, client)
            await bye(streams)

    run(main())


def test_several_listeners_share_a_port(world: World) -> None:
    context = server_context(world.files())

    async def main() -> None:
        async with serving(lambda: context, share_port=True) as first:
            port = first.listener.port
            async with serving(lambda: context, port=port, share_port=True) as second:
                client = world.client()
                found = [await greeted(first, client) for _ in range(40)]
                assert 40 == first.listener.connections + second.listener.connections
                assert min(first.listener.connections, second.listener.connections) > 0
                await bye(*(streams for _, streams in found))
            with pytest.raises(OSError, match="in use"):
                await Listener("127.0.0.1", port, lambda: context, Greeting).start()

    run(main())


def test_both_families(world: World) -> None:
    context = server_context(world.files())

    async def main() -> None:
        async with serving(lambda: context, host="localhost", in_flight=1) as served:
            for host in ("127.0.0.1", "::1") if _has_ipv6() else ("127.0.0.1",):
                _, streams = await greeted(served, world.client(), host)
                await bye(streams)

    run(main())


def _has_ipv6() -> bool:
    """Whether `localhost` has an IPv6 address here."""
    with contextlib.suppress(OSError):
        return any(family == socket.AF_INET6 for family, *_ in socket.getaddrinfo("localhost", 0))
    return False


def test_a_stop_ends_handshakes_and_frees_the_port(world: World) -> None:
    context = server_context(world.files())

    async def main() -> None:
        async with serving(lambda: context) as served:
            port = served.listener.port
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            await served.until(lambda: served.listener.connections == 1)
            async with asyncio.timeout(2):
                await served.listener.stop()
                assert b"" == await reader.read()
            assert 0 == served.listener.connections
            writer.close()
            async with serving(lambda: context, port=port):
                pass

    run(main())


def test_without_file_descriptors_it_waits_for_some(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    context = server_context(world.files())
    monkeypatch.setattr(listener_module, "AFTER_A_FAILURE", 0.01)
    problems = iter([OSError(n, os.strerror(n)) for n in (errno.EMFILE, errno.ECONNABORTED, errno.ENOMEM)])
    following = Listener._next

    async def stumbling(self: Listener, listening: socket.socket) -> Any:
        for problem in problems:
            raise problem
        return await following(self, listening)

    monkeypatch.setattr(Listener, "_next", stumbling)

    async def main() -> None:
        async with serving(lambda: context) as served:
            _, streams = await greeted(served, world.client())
            await bye(streams)
            said = [(line["event"], line["problem"]) for line in served.lines]
            assert [("no connection could be accepted", os.strerror(n)) for n in (errno.EMFILE, errno.ENOMEM)] == said

    run(main())


def test_a_factory_that_fails_leaves_nothing_behind(world: World) -> None:
    context = server_context(world.files())

    def fails() -> Connection:
        raise RuntimeError("of the factory")

    async def main() -> None:
        listener = Listener("127.0.0.1", 0, lambda: context, fails, in_flight=1)
        with structlog.testing.capture_logs() as lines:
            await listener.start()
            for _ in range(3):
                reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
                async with asyncio.timeout(5):
                    assert b"" == await reader.read()
                writer.close()
            await listener.stop()
        assert ["a connection failed in an unforeseen way"] * 3 == [line["event"] for line in lines]
        assert 0 == listener.connections

    run(main())


def test_the_client_that_is_seen_is_the_one_of_this_connection(world: World) -> None:
    """Also where a client tries to go on with the TLS session of another one."""
    context = server_context(world.files())

    async def main() -> None:
        async with serving(lambda: context) as served:
            for issued, name in ((ALPHA, "alpha"), (BETA, "beta"), (ALPHA, "alpha")):
                said, streams = await greeted(served, world.client(issued))
                assert f"CN={name}" in said
                await bye(streams)

    run(main())


def test_a_protocol_that_breaks_off_at_its_beginning_holds_nothing(world: World) -> None:
    context = server_context(world.files())

    class Broken(Connection):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            raise RuntimeError("of the protocol")

    async def main() -> None:
        listener = Listener("127.0.0.1", 0, lambda: context, Broken, in_flight=1, handshake_timeout=0.2)
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
        await listener.start()
        client = world.client()
        for _ in range(2):
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                reader, writer = await asyncio.open_connection("127.0.0.1", listener.port, ssl=client)
                async with asyncio.timeout(5):
                    await reader.read()
                writer.close()
        async with asyncio.timeout(5):
            while listener.connections:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await listener.stop()

    with structlog.testing.capture_logs():
        run(main())


def test_tls_1_3_sessions_are_never_gone_on_with(world: World) -> None:
    """No tickets are given, so that a certificate is looked at for each connection."""
    context = server_context(world.files())
    client = world.client()

    def visit(port: int, session: ssl.SSLSession | None) -> tuple[ssl.SSLSession | None, bool | None]:
        with (
            socket.create_connection(("127.0.0.1", port)) as plain,
            client.wrap_socket(plain, server_hostname="127.0.0.1", session=session) as tls,
        ):
            assert tls.recv(100).startswith(b"TLSv1.3 CN=alpha")
            return tls.session, tls.session_reused

    async def main() -> None:
        async with serving(lambda: context) as served:
            session, reused = await asyncio.to_thread(visit, served.listener.port, None)
            assert not reused and (session is None or not session.has_ticket)
            _, reused = await asyncio.to_thread(visit, served.listener.port, session)
            assert not reused

    run(main())
