"""The client against a tiny server: TLS, the greeting, login, commands one by one and many at once, and every way a
connection ends."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import pytest

from namestead.epp import messages as m
from namestead.epp.client import Client, Disconnected, tls_context
from namestead.epp.framing import Frames, frame
from namestead.epp.namespaces import DOMAIN
from namestead.epp.read import read_command
from namestead.epp.write import write
from tests.epp.golden import GOLDEN
from tests.epp.tls import Authority

GREETING = cast(m.Greeting, GOLDEN["greeting"])

Answer = Callable[[m.Command | m.Hello, "Server"], list[bytes]]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.create(tmp_path_factory.mktemp("certificates"))


def answer(command: m.Command | m.Hello, server: Server) -> list[bytes]:
    """1000 with the command's clTRID; the greeting to a hello; 1500 and the end to a logout."""
    if isinstance(command, m.Hello):
        return [write(GREETING)]
    data: m.ResponseData | None = None
    code = 1000
    match command.body:
        case m.DomainCheck(names):
            data = m.DomainCheckData(tuple(m.CheckResult(name, available=True) for name in names))
        case m.Logout():
            code = 1500
            server.ending = True
        case m.PollRequest():
            code = 1300
    server.number += 1
    return [write(m.Response((m.Result(code),), f"SRV-{server.number}", command.cl_trid, data=data))]


class Server:
    """Greets, reads commands, answers them in order. What it was sent is kept."""

    def __init__(self, answers: Answer = answer, greeting: bytes | None = None) -> None:
        self.answers = answers
        self.greeting = write(GREETING) if greeting is None else greeting
        self.received: list[m.Command | m.Hello] = []
        self.certificates: list[object] = []
        self.number = 0
        self.ending = False

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.certificates.append(writer.get_extra_info("peercert"))
        writer.write(frame(self.greeting) if self.greeting else b"")
        frames = Frames()
        while not self.ending and (data := await reader.read(65_536)):
            frames.feed(data)
            while (payload := frames.next()) is not None:
                command = read_command(payload)
                self.received.append(command)
                for reply in self.answers(command, self):
                    writer.write(frame(reply))
        writer.close()


def played(
    authority: Authority,
    server: Server,
    script: Callable[[int], Awaitable[None]],
    *,
    ask_for_certificate: bool = False,
) -> None:
    """The server is there for as long as the script runs."""

    async def play() -> None:
        context = authority.server_context(ask_for_certificate=ask_for_certificate)
        async with await asyncio.start_server(server, "127.0.0.1", 0, ssl=context) as listening:
            async with asyncio.timeout(20):
                await script(listening.sockets[0].getsockname()[1])

    asyncio.run(play())


def check_of(*names: str, cl_trid: str | None = None) -> m.Command:
    return m.Command(m.DomainCheck(names), cl_trid)


def test_a_session(authority: Authority) -> None:
    server = Server()

    async def script(port: int) -> None:
        client = await Client.connect("127.0.0.1", port, tls=tls_context(authority.ca))
        assert GREETING == client.greeting
        assert 1000 == (await client.login("registrar-a", "foo-BAR2")).code
        reply = await client.send(m.DomainCheck(("a.test", "b.test")))
        assert "NST-CLIENT-000002" == reply.cl_trid
        assert (
            m.DomainCheckData((m.CheckResult("a.test", available=True), m.CheckResult("b.test", available=True)))
            == reply.data
        )
        assert GREETING == await client.hello()
        assert 1300 == (await client.poll()).code
        assert 1000 == (await client.acknowledge("12345")).code
        assert 1500 == (await client.logout()).code
        with pytest.raises(Disconnected):
            await client.poll()

    played(authority, server, script)
    login = server.received[0]
    assert isinstance(login, m.Command)
    assert m.Login("registrar-a", "foo-BAR2", GREETING.obj_uris, GREETING.ext_uris) == login.body
    assert m.Command(m.PollAck("12345"), "NST-CLIENT-000004") == server.received[4]


def test_a_login_that_asks_for_less_and_says_more(authority: Authority) -> None:
    server = Server()
    security = m.CommandExtensions(login_security=m.LoginSecurity(pw="a password of some length"))

    async def script(port: int) -> None:
        async with await Client.connect("127.0.0.1", port, tls=tls_context(authority.ca)) as client:
            await client.login(
                "registrar-a",
                m.USE_LOGIN_SECURITY,
                new_pw="bar-FOO2",
                obj_uris=(DOMAIN,),
                ext_uris=(),
                extensions=security,
            )

    played(authority, server, script)
    login = m.Login("registrar-a", m.USE_LOGIN_SECURITY, (DOMAIN,), (), "bar-FOO2")
    assert [m.Command(login, "NST-CLIENT-000001", security)] == server.received


def test_pipelined_answers_come_in_order(authority: Authority) -> None:
    """The clTRID is the same for all: only the order tells them apart."""

    async def script(port: int) -> None:
        async with await Client.connect("127.0.0.1", port, tls=tls_context(authority.ca)) as client:
            commands = [check_of(f"name-{i}.test", cl_trid="SAME") for i in range(200)]
            at_once = await client.send_all(commands)
            one_by_one = await asyncio.gather(*(client.send(command) for command in commands))
            for answers in (at_once, one_by_one):
                names = [reply.data.results[0].name for reply in answers if isinstance(reply.data, m.DomainCheckData)]
                assert [f"name-{i}.test" for i in range(200)] == names

    played(authority, Server(), script)


def test_whoever_stops_waiting_keeps_the_place(authority: Authority) -> None:
    """Else every later answer would be taken for another's."""

    async def script(port: int) -> None:
        async with await Client.connect("127.0.0.1", port, tls=tls_context(authority.ca)) as client:
            first = asyncio.create_task(client.send(check_of("first.test")))
            await asyncio.sleep(0)
            first.cancel()
            second = await client.send(check_of("second.test"))
            assert isinstance(second.data, m.DomainCheckData)
            assert "second.test" == second.data.results[0].name

    played(authority, Server(), script)


def test_raw_frames_and_octets(authority: Authority) -> None:
    async def script(port: int) -> None:
        async with await Client.connect("127.0.0.1", port, tls=tls_context(authority.ca)) as client:
            reply = await client.send_raw(write(check_of("a.test", cl_trid="RAW-1")))
            assert isinstance(reply, m.Response)
            assert "RAW-1" == reply.cl_trid
            reply = await client.send_octets(frame(write(check_of("a.test", cl_trid="RAW-2"))))
            assert isinstance(reply, m.Response)
            assert "RAW-2" == reply.cl_trid

    played(authority, Server(), script)


def test_a_client_certificate(authority: Authority) -> None:
    server = Server()
    mine = authority.issue("registrar-a")

    async def script(port: int) -> None:
        tls = tls_context(authority.ca, mine)
        async with await Client.connect("127.0.0.1", port, tls=tls) as client:
            assert 1300 == (await client.poll()).code
        with pytest.raises((ssl.SSLError, Disconnected, ConnectionError)):
            await Client.connect("127.0.0.1", port, tls=tls_context(authority.ca))

    played(authority, server, script, ask_for_certificate=True)
    (certificate,) = server.certificates
    assert isinstance(certificate, dict)
    assert ((("commonName", "registrar-a"),),) == certificate["subject"]


def test_a_server_of_another_authority_or_name_is_not_trusted(authority: Authority, tmp_path: Path) -> None:
    other = Authority.create(tmp_path)

    async def script(port: int) -> None:
        with pytest.raises(ssl.SSLCertVerificationError):
            await Client.connect("127.0.0.1", port, tls=tls_context(other.ca))
        with pytest.raises(ssl.SSLCertVerificationError):
            await Client.connect("127.0.0.1", port, tls=tls_context(authority.ca), server_name="epp.example")
        async with await Client.connect(
            "127.0.0.1", port, tls=tls_context(authority.ca), server_name="localhost"
        ) as client:
            assert GREETING == client.greeting

    played(authority, Server(), script)


def test_nobody_listens(authority: Authority) -> None:
    async def script(port: int) -> None:
        with pytest.raises(OSError, match=r"."):
            await Client.connect("127.0.0.1", 1, tls=tls_context(authority.ca))

    played(authority, Server(), script)


@pytest.mark.parametrize(
    ("greeting", "why"),
    [
        (write(m.Response((m.Result(2502),), "SRV-1")), "did not begin with a greeting"),
        (b"<html/>", "what is no answer"),
        (b"hello", "what is no answer"),
    ],
)
def test_what_greets_is_no_epp_server(authority: Authority, greeting: bytes, why: str) -> None:
    async def script(port: int) -> None:
        with pytest.raises(Disconnected, match=why):
            await Client.connect("127.0.0.1", port, tls=tls_context(authority.ca))

    played(authority, Server(greeting=greeting), script)


def test_a_server_that_does_not_greet(authority: Authority) -> None:
    async def script(port: int) -> None:
        with pytest.raises(TimeoutError):
            await Client.connect("127.0.0.1", port, tls=tls_context(authority.ca), patience=0.3)

    played(authority, Server(greeting=b""), script)


def test_a_server_that_does_not_answer(authority: Authority) -> None:
    """The connection is given up: a late answer would be taken for the next command's."""

    async def script(port: int) -> None:
        async with await Client.connect("127.0.0.1", port, tls=tls_context(authority.ca), patience=0.3) as client:
            with pytest.raises(TimeoutError):
                await client.poll()
            with pytest.raises(Disconnected, match="no answer in time"):
                await client.poll()

    played(authority, Server(lambda *_: []), script)


def test_a_server_that_closes_leaves_nobody_waiting(authority: Authority) -> None:
    def closing(command: m.Command | m.Hello, server: Server) -> list[bytes]:
        server.ending = True
        return answer(command, server) if server.number == 0 else []

    async def script(port: int) -> None:
        async with await Client.connect("127.0.0.1", port, tls=tls_context(authority.ca)) as client:
            waiting = [client.send(check_of(f"n{i}.test")) for i in range(5)]
            replies = await asyncio.gather(*waiting, return_exceptions=True)
            assert isinstance(replies[0], m.Response)
            assert isinstance(replies[-1], Disconnected)

    played(authority, Server(closing), script)


@pytest.mark.parametrize("reply", [b"no XML", write(m.Hello()), b"x" * 2000])
def test_an_answer_that_is_none(authority: Authority, reply: bytes) -> None:
    async def script(port: int) -> None:
        async with await Client.connect("127.0.0.1", port, tls=tls_context(authority.ca), limit=4096) as client:
            with pytest.raises(Disconnected, match="what is no answer"):
                await client.poll()

    played(authority, Server(lambda *_: [reply]), script)


def test_an_answer_that_is_too_long(authority: Authority) -> None:
    async def script(port: int) -> None:
        async with await Client.connect("127.0.0.1", port, tls=tls_context(authority.ca), limit=3000) as client:
            with pytest.raises(Disconnected, match="longer than the 3000"):
                await client.poll()

    played(authority, Server(lambda *_: [b"x" * 5000]), script)


def test_a_greeting_in_the_wrong_place(authority: Authority) -> None:
    async def script(port: int) -> None:
        async with await Client.connect("127.0.0.1", port, tls=tls_context(authority.ca)) as client:
            with pytest.raises(Disconnected, match="with a greeting"):
                await client.poll()

    played(authority, Server(lambda *_: [write(GREETING)]), script)


def test_a_response_to_hello(authority: Authority) -> None:
    async def script(port: int) -> None:
        async with await Client.connect("127.0.0.1", port, tls=tls_context(authority.ca)) as client:
            with pytest.raises(Disconnected, match="did not answer <hello>"):
                await client.hello()

    played(authority, Server(lambda *_: [write(m.Response((m.Result(2002),), "SRV-1"))]), script)


def test_files_that_cannot_be_read(authority: Authority, tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"."):
        tls_context(tmp_path / "none.pem")
    with pytest.raises(ssl.SSLError):
        tls_context(authority.ca, authority.ca)  # a certificate without its key
