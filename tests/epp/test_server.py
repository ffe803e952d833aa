"""The server on a real register, octet by octet: framing, order, what is held back, and how connections end."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
import structlog

from namestead.engine.engine import Engine
from namestead.epp import messages as epp
from namestead.epp.framing import LIMIT, frame
from namestead.epp.server import PIPELINE, EppConnection
from tests.engine.conftest import built_register, register
from tests.engine.proxy import proxy_to
from tests.engine.register import R0, fetch, problems, run
from tests.epp.door import Wire, check, create, door_on, info, login, payload_of

__all__ = ["built_register", "register"]  # fixtures

BROKEN = b'<epp xmlns="urn:ietf:params:xml:ns:epp-1.0"><command>'


def marked(body: epp.CommandBody, mark: object) -> epp.Command:
    return epp.Command(body, f"mark-{mark}")


def hold(engine: Engine, monkeypatch: pytest.MonkeyPatch, way: str = "submit") -> tuple[asyncio.Event, asyncio.Event]:
    """Commands wait in front of the engine: the first event says that one came, setting the second lets them on."""
    came, go = asyncio.Event(), asyncio.Event()
    real = getattr(engine, way)

    async def held(*arguments: Any, **more: Any) -> Any:
        came.set()
        await go.wait()
        return await real(*arguments, **more)

    monkeypatch.setattr(engine, way, held)
    return came, go


# ------------------------------------------------------------------------------------------------------------- framing


def test_a_session_sent_one_octet_at_a_time(register: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with door_on(register, tmp_path) as door:
            wire = await door.dial()
            for octet in b"".join(frame(payload_of(m)) for m in (epp.Hello(), login(), create("a"), epp.Logout())):
                wire.octets(bytes((octet,)))
                await wire.writer.drain()
            assert isinstance(await wire.answer(), epp.Greeting)
            assert [1000, 1000, 1500] == await wire.codes(3)
            assert await wire.closed()

    run(main())


def test_a_whole_session_in_one_write(register: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with door_on(register, tmp_path) as door:
            wire = await door.dial()
            wire.send(check(), login(), create("a"), info("a"), epp.Logout(), check())
            assert [2002, 1000, 1000, 1000, 1500] == await wire.codes(5)
            assert await wire.closed(), "what follows a logout has no answer"

    run(main())


@pytest.mark.parametrize(
    "octets",
    [
        *(length.to_bytes(4, "big") for length in (0, 1, 2, 3, 4, LIMIT + 1, 2**31, 2**32 - 1)),
        b"GET / HTTP/1.1\r\n\r\n",
        b"<epp/>",
    ],
    ids=lambda octets: octets[:4].hex(),
)
def test_a_length_that_cannot_be_ends_the_connection(register: str, tmp_path: Path, octets: bytes) -> None:
    """At once, without its payload; the frames before it are answered, and another connection hears nothing of it."""

    async def main() -> None:
        async with door_on(register, tmp_path) as door:
            other, wire = await door.session("beta"), await door.session()
            wire.octets(frame(payload_of(check())) + octets)
            assert [1000] == await wire.codes(1)
            assert await wire.closed(5)
            assert 1000 == (await other(check())).code

    run(main())


def test_the_longest_frame_is_read(register: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with door_on(register, tmp_path) as door:
            wire = await door.session()
            payload = payload_of(check())
            longest = payload + b" " * (LIMIT - 4 - len(payload))
            wire.octets(frame(longest) * 3)
            assert [1000] * 3 == await wire.codes(3)
            wire.octets(frame(longest + b" "))
            assert await wire.closed(5)

    run(main())


def test_half_a_frame_is_nothing(register: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with door_on(register, tmp_path) as door:
            wire = await door.session()
            wire.octets(frame(payload_of(create("half")))[:-1])
            await asyncio.sleep(0.1)
            wire.cut()
            await door.until(lambda: not door.server.connections)
            assert 2303 == (await (await door.session())(info("half"))).code

    run(main())


# --------------------------------------------------------------------------------------------------------------- order


def test_answers_come_in_the_order_of_the_frames(register: str, tmp_path: Path) -> None:
    """Frames that nobody can read lie among good ones, and each has its own answer."""

    async def main() -> None:
        async with door_on(register, tmp_path) as door:
            wire = await door.session()
            wire.send(
                marked(create("a"), 0),
                BROKEN,
                marked(info("a"), 1),
                marked(create("a"), 2),
                b"\0\1\2",
                marked(info("nobodys"), 3),
                marked(create("b"), 4),
                epp.Hello(),
                marked(info("b"), 5),
            )
            found = [await wire.answer() for _ in range(9)]
            assert [1000, 2001, 1000, 2302, 2001, 2303, 1000, "greeting", 1000] == [
                answer.code if isinstance(answer, epp.Response) else "greeting" for answer in found
            ]
            marks = [answer.cl_trid for answer in found if isinstance(answer, epp.Response)]
            assert ["mark-0", None, "mark-1", "mark-2", None, "mark-3", "mark-4", "mark-5"] == marks

    run(main())


def test_a_look_up_sees_the_transforms_before_it(register: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with door_on(register, tmp_path) as door:
            wire = await door.session()
            wire.send(*(m for n in range(16) for m in (create(f"n{n}"), info(f"n{n}"))))
            assert [1000] * 32 == await wire.codes(32)

    run(main())


def test_a_look_up_sees_the_transforms_that_were_begun_before_it_came(
    register: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only those of the same write: one that came while a transform was under way waits for it too."""

    async def main() -> None:
        async with door_on(register, tmp_path) as door:
            wire = await door.session()
            came, go = hold(door.engine, monkeypatch)
            wire.send(create("a"))
            await came.wait()
            wire.send(info("a"))
            await asyncio.sleep(0.2)
            go.set()
            assert [1000, 1000] == await wire.codes(2)

    run(main())


def test_a_transform_does_not_overtake_a_look_up(
    register: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with door_on(register, tmp_path) as door:
            wire = await door.session()
            came, go = hold(door.engine, monkeypatch, "ask")
            wire.send(info("a"))
            await came.wait()
            wire.send(create("a"))
            await asyncio.sleep(0.2)
            go.set()
            assert [2303, 1000] == await wire.codes(2)

    run(main())


def test_the_transforms_of_one_connection_go_into_batches(register: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with door_on(register, tmp_path) as door:
            wire = await door.session()
            before = _batches(door.engine)
            wire.send(*(create(f"n{n}") for n in range(48)))
            assert [1000] * 48 == await wire.codes(48)
            assert _batches(door.engine) - before <= 8, "one by one they would be 48"
        assert {} == await problems(register)

    run(main())


def _batches(engine: Engine) -> float:
    found = engine.metrics.registry.get_sample_value("namestead_batch_size_count", {"lane": "batches"})
    assert found is not None
    return found


@pytest.mark.parametrize("count", [PIPELINE - 1, PIPELINE, PIPELINE + 1, 5 * PIPELINE + 3])
@pytest.mark.parametrize("message", [check(), epp.Hello(), BROKEN], ids=["check", "hello", "broken"])
def test_as_many_frames_as_a_client_likes(
    register: str, tmp_path: Path, count: int, message: epp.DomainCheck | epp.Hello | bytes
) -> None:
    """In one write: beyond `PIPELINE` they wait to be read, and each is answered."""

    async def main() -> None:
        async with door_on(register, tmp_path) as door:
            wire = await door.session()
            wire.send(*[message] * count)
            for _ in range(count):
                assert await wire.answer(10) is not None
            assert 1000 == (await wire(check())).code

    run(main())


def test_no_more_is_read_than_may_wait(register: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the engine is busy, what a client sends beyond its share stays in the network."""

    async def main() -> None:
        async with door_on(register, tmp_path) as door:
            wire = await door.session()
            [connection] = door.server.connections
            _, go = hold(door.engine, monkeypatch, "ask")
            payload = payload_of(check())
            long = payload + b" " * (20_000 - len(payload))
            wire.send(*[long] * 400)
            await asyncio.sleep(0.5)
            assert PIPELINE == len(connection._unanswered)
            assert len(connection._frames) < 1_000_000, "of 8 million octets that were sent"
            go.set()
            assert [1000] * 400 == await wire.codes(400)

    run(main())


# ----------------------------------------------------------------------------------------------------- a slow reader


def test_who_never_reads_is_ended_and_slows_nobody(register: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with door_on(register, tmp_path, idle_timeout=2.0) as door:
            slow, other = await door.session(), await door.session("beta")
            connection = door.connection_of("alpha")
            slow.stop_reading()
            hello = frame(payload_of(epp.Hello()))
            for _ in range(400):
                slow.octets(hello * 100)  # 40,000 greetings are 80 MB
            most = 0
            for _ in range(20):
                assert 1000 == (await other(check())).code
                most = max(most, _kept(connection))
                await asyncio.sleep(0.05)
            assert 0 < most < 1_500_000
            async with asyncio.timeout(20):
                while connection in door.server.connections:
                    assert 1000 == (await other(check())).code
                    await asyncio.sleep(0.2)
            assert 0 == door.engine.sessions.count(R0.registrar_id)

    run(main())


def _kept(connection: EppConnection) -> int:
    """Octets of a connection in our memory, of what came and of what is to go."""
    assert connection._transport is not None
    return len(connection._frames) + connection._transport.get_write_buffer_size()


def test_who_reads_late_gets_everything(register: str, tmp_path: Path) -> None:
    """What came while nothing could be written is answered once it can, though the client sends nothing more."""

    async def main() -> None:
        async with door_on(register, tmp_path) as door:
            wire = await door.session()
            [connection] = door.server.connections
            wire.stop_reading()
            wire.send(*[epp.Hello()] * 6000)
            await door.until(lambda: not connection._writable.is_set())
            await asyncio.sleep(0.3)
            wire.read_again()
            for _ in range(6000):
                assert isinstance(await wire.answer(10), epp.Greeting)

    run(main())


# ---------------------------------------------------------------------------------------------------------- the end


@pytest.mark.parametrize(
    "settings, logs_in, why",
    [
        ({"login_timeout": 0.5}, False, "no login in time"),
        ({"idle_timeout": 0.5}, True, "idle for too long"),
        ({"absolute_timeout": 1.0}, True, "as old as a session may become"),
    ],
)
def test_time_ends_a_connection(
    register: str, tmp_path: Path, settings: dict[str, Any], logs_in: bool, why: str
) -> None:
    async def main() -> None:
        async with door_on(register, tmp_path, **settings) as door:
            with structlog.testing.capture_logs() as lines:
                wire = await (door.session() if logs_in else door.dial())
                assert await wire.closed(10)
                await door.until(lambda: not door.server.connections)
            assert why in [line.get("reason") for line in lines]
            assert 0 == door.engine.sessions.count(R0.registrar_id)

    run(main())


def test_who_is_busy_is_not_idle(register: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with door_on(register, tmp_path, idle_timeout=1.0, login_timeout=0.5) as door:
            wire = await door.session()
            for _ in range(8):
                await asyncio.sleep(0.25)
                assert 1000 == (await wire(check())).code
            assert await wire.closed(10)

    run(main())


def test_idleness_counts_from_the_answer(register: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that waits for a slow answer is not idle, and is so again afterwards, without any other limit."""

    async def main() -> None:
        async with door_on(register, tmp_path, idle_timeout=0.6, absolute_timeout=None) as door:
            wire = await door.session()
            _, go = hold(door.engine, monkeypatch, "ask")
            wire.send(check())
            await asyncio.sleep(1.5)
            assert 1 == len(door.server.connections)
            go.set()
            assert [1000] == await wire.codes(1)
            assert await wire.closed(10)

    run(main())


def test_a_cap_is_free_again_when_the_socket_dies(register: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with door_on(register, tmp_path, session_cap=2) as door:
            first, _ = await door.session(), await door.session()
            late = await door.dial()
            assert 2502 == (await late(login())).code
            assert await late.closed()
            first.cut()
            await door.until(lambda: door.engine.sessions.count(R0.registrar_id) == 1)
            assert 1000 == (await (await door.dial())(login())).code
            assert 1000 == (await (await door.session("beta"))(check())).code, "another's places are its own"

    run(main())


def test_a_stop_answers_what_was_accepted(register: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with door_on(register, tmp_path) as door:
            wire = await door.session()
            port = door.server.port
            came, go = hold(door.engine, monkeypatch)
            wire.send(create("a"), info("a"), create("b"))
            await came.wait()
            stopping = asyncio.create_task(door.server.stop())
            await asyncio.sleep(0.1)
            wire.send(create("late"))
            go.set()
            assert [1000, 1000, 1000] == await wire.codes(3)
            assert await wire.closed()
            wire.cut()
            await stopping
            with pytest.raises(ConnectionRefusedError):
                await Wire.open(port, door.world.client())
            assert [] == await fetch(register, "SELECT 1 FROM domain WHERE name = 'late.example'")

    run(main())


def test_a_command_is_done_though_its_client_is_gone(
    register: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with door_on(register, tmp_path) as door:
            wire = await door.session()
            came, go = hold(door.engine, monkeypatch)
            wire.send(create("a"))
            await came.wait()
            wire.cut()
            await door.until(lambda: not door.server.connections)
            assert 0 == door.engine.sessions.count(R0.registrar_id)
            go.set()
            assert 1000 == (await (await door.session())(info("a"))).code
        assert {} == await problems(register)

    run(main())


def test_connections_cut_at_any_moment_leave_nothing_behind(register: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with door_on(register, tmp_path, session_cap=1000, connections_per_address=1000) as door:

            async def once(n: int) -> None:
                wire = await door.dial()
                wire.send(login(), create(f"n{n}"), info(f"n{n}"))
                await asyncio.sleep(n % 20 * 0.01)
                wire.cut()

            for round_ in range(3):
                await asyncio.gather(*(once(round_ * 20 + n) for n in range(20)))
            await door.until(lambda: not door.server.connections)
            assert 0 == door.engine.sessions.count(R0.registrar_id)
        assert {} == await problems(register)
        assert [] == await fetch(register, "SELECT * FROM epp_session WHERE sessions > 0")

    run(main())


# -------------------------------------------------------------------------------------------- limits and the register


def test_the_rate_limit_is_exact_over_two_servers(register: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with (
            door_on(register, tmp_path, rate_limit=10) as one,
            door_on(register, tmp_path, rate_limit=10, prepared=True) as two,
        ):
            wires = [await door.session() for door in (one, two) for _ in range(2)]
            await early_in_a_minute()
            for wire in wires:
                wire.send(*[check()] * 8)
            answers = [answer for wire in wires for answer in await wire.responses(8)]
            assert 10 == sum(answer.code == 1000 for answer in answers)
            refused = [answer for answer in answers if answer.code != 1000]
            assert {2400} == {answer.code for answer in refused}
            reason = refused[0].results[0].ext_values[0].reason
            assert reason.startswith("registrar_rate_limit_exceeded: ")
            assert "Wait " in reason
            assert 2303 == (await wires[0](info("a"))).code, "each command has a count of its own"

    run(main())


async def early_in_a_minute() -> None:
    """Limits go by calendar minutes; what follows is over within ten seconds."""
    while time.time() % 60 > 45:  # noqa: ASYNC110 - of the clock
        await asyncio.sleep(0.5)


def test_every_answer_tells_what_waits(register: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with door_on(register, tmp_path) as door:
            alpha, beta = await door.session(), await door.session("beta")
            auth = "Dj3-vR7_kQ2.mX9+wZ5a"
            made = epp.DomainCreate("moves.example", epp.AuthInfo(auth), epp.Period(1))
            assert 1000 == (await alpha(made)).code
            assert None is (await alpha(check())).queue
            transfer = epp.DomainTransfer("request", "moves.example", auth_info=epp.AuthInfo(auth))
            assert 1001 == (await beta(transfer)).code
            for message, code in ((check(), 1000), (info("nobodys"), 2303), (BROKEN, 2001), (login(), 2002)):
                answer = await alpha(message)
                assert code == answer.code
                assert answer.queue is not None and answer.queue.count == 1, code

    run(main())


def test_the_database_goes_away_and_comes_back(register: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with proxy_to(register) as proxy, door_on(proxy.url, tmp_path) as door:
            wire = await door.session()
            assert 1000 == (await wire(create("before"))).code
            proxy.sever()
            wire.send(create("a"), info("before"), check())
            assert [2400] * 3 == await wire.codes(3)
            new = await door.dial("beta")
            assert 2400 == (await new(login("beta"))).code
            proxy.open = True
            async with asyncio.timeout(30):
                while (await wire(create("after"))).code == 2400:  # noqa: ASYNC110 - of the register
                    await asyncio.sleep(0.2)
            assert [1000, 1000] == [(await wire(info(n))).code for n in ("before", "after")]
            async with asyncio.timeout(30):
                while (code := (await (await door.dial("beta"))(login("beta"))).code) == 2400:  # noqa: ASYNC110 - of the register
                    await asyncio.sleep(0.2)
            assert 1000 == code
        assert {} == await problems(register)

    run(main())
