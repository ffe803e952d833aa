"""Whoever means harm, at the server as it is: what they send is refused, costs little, and disturbs nobody else."""

from __future__ import annotations

import asyncio
import resource
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog

from namestead.commands.operator.set_epp_access import SetEppAccess
from namestead.engine.access import GUESSES_OF_AN_ADDRESS
from namestead.epp import messages as epp
from namestead.epp.framing import LIMIT, frame
from tests.engine.conftest import built_register, register
from tests.engine.register import OPERATOR, R0, run
from tests.epp.door import Door, Wire, check, create, door_on, info, login, payload_of
from tests.epp.test_server import early_in_a_minute
from tests.epp.test_xml import HOSTILE
from tests.epp.tls_world import BETA, STRANGER

__all__ = ["built_register", "register"]  # fixtures

LURES = {
    "a schema": b'<epp xmlns="urn:ietf:params:xml:ns:epp-1.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    b'xsi:schemaLocation="urn:ietf:params:xml:ns:epp-1.0 http://127.0.0.1:{port}/epp.xsd">',
    "a schema of no namespace": b'<epp xmlns="urn:ietf:params:xml:ns:epp-1.0" '
    b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    b'xsi:noNamespaceSchemaLocation="http://127.0.0.1:{port}/epp.xsd">',
}


@pytest.fixture
def lure() -> Iterator[socket.socket]:
    """Somebody on this machine who hopes to be called."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def called(server: socket.socket) -> bool:
    try:
        server.accept()
    except BlockingIOError:
        return False
    return True


# ------------------------------------------------------------------------------------------------------ what is sent


def test_hostile_frames_are_2001_and_nobody_is_called(register: str, tmp_path: Path, lure: socket.socket) -> None:
    """All of them on one connection, among good frames, before login and after; another client waits for none."""
    port = str(lure.getsockname()[1])
    payloads = {what: text.replace("{port}", port).encode() for what, text in HOSTILE.items()}
    fitting = {what: payload for what, payload in payloads.items() if 0 < len(payload) <= LIMIT - 4}
    assert len(fitting) > 10

    async def main() -> None:
        async with door_on(register, tmp_path) as door:
            other, before, after = await door.session("beta"), await door.dial(), await door.session()
            for what, payload in fitting.items():
                for wire in (before, after):
                    answer = await wire(payload)
                    assert 2001 == answer.code, what
                    assert "root:" not in repr(answer), what
                began = time.monotonic()
                assert 1000 == (await other(check())).code
                assert time.monotonic() - began < 2, what
            assert [1000, 1000] == [
                (await wire(login() if wire is before else check())).code for wire in (before, after)
            ]
        assert not called(lure)

    run(main())


def test_frames_too_long_end_their_connection_alone(register: str, tmp_path: Path) -> None:
    payloads = [text.encode() for text in HOSTILE.values() if len(text) > LIMIT - 4]
    assert payloads

    async def main() -> None:
        async with door_on(register, tmp_path) as door:
            other = await door.session("beta")
            for payload in payloads:
                wire = await door.session()
                wire.octets(frame(payload))
                assert await wire.closed(10)
            assert 1000 == (await other(check())).code

    run(main())


@pytest.mark.parametrize("what", LURES)
def test_a_schema_location_is_accepted_and_never_followed(
    register: str, tmp_path: Path, lure: socket.socket, what: str
) -> None:
    root = LURES[what].replace(b"{port}", str(lure.getsockname()[1]).encode())

    async def main() -> None:
        async with door_on(register, tmp_path) as door:
            wire = await door.session()
            plain = payload_of(epp.Command(check(), "mark-1"))
            start = plain.index(b"<epp")
            answer = await wire(plain[:start] + root + plain[plain.index(b">", start) + 1 :])
            assert (1000, "mark-1") == (answer.code, answer.cl_trid)
        assert not called(lure)

    run(main())


# ---------------------------------------------------------------------------------------------------- who comes, and how


@asynccontextmanager
async def told(door: Door) -> AsyncIterator[list[str]]:
    """Why connections were refused meanwhile, as the log has it."""
    reasons: list[str] = []
    with structlog.testing.capture_logs() as lines:
        yield reasons
        await door.until(lambda: any(line["event"] == "connection refused" for line in lines))
    reasons += [line["reason"] for line in lines if line["event"] == "connection refused"]


@pytest.mark.parametrize(
    "octets, reason",
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "plain HTTP on a port that speaks TLS"),
        (frame(payload_of(epp.Hello())), "what was sent is no TLS"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "what was sent is no TLS"),
        (b"\x16\x03\x01", "no handshake within 1 s"),
        (b"", "no handshake within 1 s"),
    ],
    ids=["HTTP", "EPP", "SSH", "half a handshake", "nothing"],
)
def test_what_is_no_tls(register: str, tmp_path: Path, octets: bytes, reason: str) -> None:
    async def main() -> None:
        async with door_on(register, tmp_path, handshake_timeout=1.0) as door:
            other = await door.session("beta")
            async with told(door) as reasons:
                reader, writer = await asyncio.open_connection("127.0.0.1", door.server.port)
                writer.write(octets)
                async with asyncio.timeout(10):
                    said = await reader.read()
                writer.close()
            assert [reason] == reasons
            assert b"epp" not in said, "nobody is greeted without TLS"
            assert 1000 == (await other(check())).code
            assert 1 == len(door.server.connections)

    run(main())


def test_whose_certificate_is_whose(register: str, tmp_path: Path) -> None:
    """None, and another registrar's: each is told why once TLS stands. One of an unknown authority does not come so far."""

    async def main() -> None:
        async with door_on(register, tmp_path) as door:
            for wire in (await door.dial(None), await door.dial(issued=BETA)):
                answer = await wire(login())
                assert 2200 == answer.code
                assert "certificate" in answer.results[0].ext_values[0].reason
                assert 2002 == (await wire(check())).code
            async with told(door) as reasons:
                with pytest.raises((ConnectionError, AssertionError, OSError)):
                    await door.dial(issued=STRANGER)
            [reason] = reasons
            assert reason.startswith("the client certificate is not accepted")
            assert 0 == door.engine.sessions.count(R0.registrar_id)

    run(main())


def test_without_a_certificate_there_is_no_handshake_where_one_is_asked_for(register: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with door_on(register, tmp_path, certificates_in_handshake=True) as door:
            async with told(door) as reasons:
                with pytest.raises((ConnectionError, AssertionError, OSError)):
                    await door.dial(None)
            assert ["no client certificate was shown, and one is required"] == reasons
            assert 1000 == (await (await door.session())(check())).code

    run(main())


def test_a_network_that_is_not_on_the_list(register: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with door_on(register, tmp_path) as door:
            stays = await door.session()
            await door.engine.submit(SetEppAccess("alpha", networks=("198.51.100.0/24", "2001:db8::/32")), OPERATOR)
            wire = await door.dial()
            answer = await wire(login())
            assert 2201 == answer.code
            assert "127.0.0.1" in answer.results[0].ext_values[0].reason
            assert 1000 == (await (await door.session("beta"))(check())).code, "the list is alpha's own"
            assert 1000 == (await stays(check())).code
            await door.engine.submit(SetEppAccess("alpha", networks=("127.0.0.0/8",)), OPERATOR)
            assert 1000 == (await wire(login())).code

    run(main())


def test_guessing_gets_nowhere_and_locks_nobody_out(register: str, tmp_path: Path) -> None:
    """An address has so many guesses a minute over all its connections; beyond them no password is looked at. Sessions
    that stand go on, and a registrar whose login was verified lately comes in all the same."""

    async def main() -> None:
        async with door_on(register, tmp_path) as door:
            await early_in_a_minute()
            stays = await door.session()
            reasons: Counter[str] = Counter()
            for n in range(15):
                wire = await door.dial("beta")
                for guess in range(3):
                    wire.send(login("beta", f"wrong-Horse-{n}{guess}"))
                    answer = await wire.answer()
                    if answer is None:
                        break
                    assert isinstance(answer, epp.Response)
                    reasons[answer.results[0].ext_values[0].reason.partition(":")[0]] += 1
                assert await wire.closed(10)
            # One guess was the right login that came first.
            assert GUESSES_OF_AN_ADDRESS - 1 == reasons["epp_authentication_failed"]
            assert {"epp_authentication_failed", "epp_too_many_guesses"} == set(reasons)
            right = await (await door.dial("beta"))(login("beta"))
            assert 2501 == right.code, "nobody learns that the password is right, once the guesses are used up"
            assert 1000 == (await stays(check())).code
            assert 1000 == (await (await door.dial())(login())).code

    run(main())


# --------------------------------------------------------------------------------------------------------- many of them


def resident() -> float:
    """MB this process holds now; the most it ever held where the system does not tell."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def test_a_thousand_connections_that_never_log_in(register: str, tmp_path: Path) -> None:
    """They cost little, another client is answered meanwhile, and every one of them ends."""
    many = 1000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4096)), hard))

    async def main() -> None:
        async with door_on(register, tmp_path, connections_per_address=2 * many, login_timeout=45.0) as door:
            other = await door.session("beta")
            tls = door.world.client()
            held, slowest = resident(), 0.0
            for _ in range(many // 50):
                door.wires += await asyncio.gather(*(Wire.open(door.server.port, tls) for _ in range(50)))
                began = time.monotonic()
                assert 1000 == (await other(check())).code
                slowest = max(slowest, time.monotonic() - began)
            await door.until(lambda: len(door.server.connections) == many + 1)
            # Both ends of each are in this process; a server's own share is about half of it.
            assert resident() - held < many * 0.25, "MB, a quarter for each"
            assert slowest < 2
            assert 1000 == (await other(create("a"))).code
            assert 1000 == (await other(info("a"))).code
            began = time.monotonic()
            for connection in tuple(door.server.connections):
                if connection.session.admitted is None:
                    connection._opened -= 45.0  # as if the time were over that they have
                    connection._watch()
            await door.until(lambda: len(door.server.connections) == 1)
            assert 1000 == (await other(check())).code

    run(main())


def test_an_address_has_so_many_connections_and_no_more(register: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with door_on(register, tmp_path, connections_per_address=5) as door:
            wires = [await door.dial() for _ in range(5)]
            async with told(door) as reasons:
                with pytest.raises((ConnectionError, OSError, AssertionError)):
                    await door.dial()
            assert ["the address has 5 connections already"] == reasons
            wires[0].cut()
            await door.until(lambda: len(door.server.connections) == 4)
            assert 1000 == (await (await door.session())(check())).code

    run(main())
