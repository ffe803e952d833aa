"""Frames as they really come: in pieces, many at once, broken, and from clients that read slowly or not at all
(RFC 5734, 3 and 4; contracts/epp.md, "Framing and session")."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from namestead.epp import messages as epp
from namestead.epp.client import tls_context
from namestead.epp.framing import LIMIT, frame
from namestead.epp.server import PIPELINE
from namestead.epp.write import write
from tests.epp.wire.conftest import create, fresh
from tests.epp.wire.line import Line
from tests.serving import Served

WAIT = 30.0


class Wire:
    """A session whose octets a test sends and reads itself."""

    def __init__(self, served: Served, registrar: str) -> None:
        facts, known = served.facts["epp"], served.facts["registrars"][registrar]
        context = tls_context(Path(facts["ca_file"]), Path(known["cert_file"]), Path(known["key_file"]))
        plain = socket.create_connection(("127.0.0.1", facts["port"]), timeout=WAIT)
        self.socket = context.wrap_socket(plain, server_hostname="localhost")
        self._got = b""
        assert b"<greeting>" in self.read()
        login = epp.Login(registrar, known["epp_password"], ("urn:ietf:params:xml:ns:domain-1.0",))
        self.send(frame(write(epp.Command(login, "login"))))
        assert 1000 == code(self.read())

    def send(self, octets: bytes) -> None:
        self.socket.sendall(octets)

    def read(self) -> bytes:
        """One frame; none if the server has closed."""
        while len(self._got) < 4 or len(self._got) < int.from_bytes(self._got[:4], "big"):
            try:
                more = self.socket.recv(65536)
            except (ssl.SSLError, ConnectionError):
                more = b""
            if not more:
                return b""
            self._got += more
        length = int.from_bytes(self._got[:4], "big")
        found, self._got = self._got[4:length], self._got[length:]
        return found


@contextmanager
def wire(served: Served, registrar: str = "alpha") -> Iterator[Wire]:
    one = Wire(served, registrar)
    try:
        yield one
    finally:
        one.socket.close()


def code(answer: bytes) -> int:
    found = re.search(rb'<result code="(\d{4})"', answer)
    assert found is not None, answer
    return int(found[1])


def mark(answer: bytes) -> str:
    found = re.search(rb"<clTRID>([^<]*)</clTRID>", answer)
    return found[1].decode() if found else ""


def framed(*bodies: epp.CommandBody) -> list[bytes]:
    return [frame(write(epp.Command(body, f"mark-{n:04}"))) for n, body in enumerate(bodies)]


def marks(many: int) -> list[str]:
    return [f"mark-{n:04}" for n in range(many)]


def answers(line: Wire, many: int) -> list[tuple[str, int]]:
    return [(mark(answer), code(answer)) for answer in (line.read() for _ in range(many))]


def check() -> epp.DomainCheck:
    return epp.DomainCheck((fresh(),))


def test_a_frame_may_come_octet_by_octet(served: Served) -> None:
    with wire(served) as line:
        [one] = framed(check())
        for octet in one:
            line.send(bytes([octet]))
        assert [("mark-0000", 1000)] == answers(line, 1)


@pytest.mark.parametrize("sizes", [(1, 3, 7), (1000,), (4,), (65536,)], ids=str)
def test_many_frames_may_come_split_anywhere(served: Served, sizes: Sequence[int]) -> None:
    with wire(served) as line:
        stream = b"".join(framed(*(check() for _ in range(20))))
        turn = 0
        while stream:
            size = sizes[turn % len(sizes)]
            line.send(stream[:size])
            stream, turn = stream[size:], turn + 1
        assert [(m, 1000) for m in marks(20)] == answers(line, 20)


def test_answers_come_in_order_and_a_failing_one_disturbs_no_other(served: Served) -> None:
    """Slow and quick commands, refused ones, and frames that are no commands at all."""
    taken = fresh()
    bodies: list[epp.CommandBody] = [create(taken), check(), create(taken), epp.DomainInfo(taken), check()]
    bodies += [epp.DomainInfo(fresh()), epp.DomainDelete(taken), create(fresh())]
    frames = framed(*bodies)
    broken = frame(b"<epp")
    with wire(served) as line:
        line.send(b"".join((broken, *frames[:4], broken, *frames[4:], broken)))
        expected = [("", 2001)]
        expected += list(zip(marks(4), [1000, 1000, 2302, 1000], strict=True))
        expected += [("", 2001)]
        expected += list(zip(marks(8)[4:], [1000, 2303, 1000, 1000], strict=True))
        assert [*expected, ("", 2001)] == answers(line, 11)


def test_pairs_of_create_and_info_sixteen_deep(served: Served) -> None:
    """A look-up sees the transforms before it."""
    names = [fresh() for _ in range(16)]
    bodies = [body for name in names for body in (create(name), epp.DomainInfo(name))]
    with wire(served) as line:
        line.send(b"".join(framed(*bodies)))
        assert [(m, 1000) for m in marks(32)] == answers(line, 32)


def test_more_frames_than_may_wait_are_all_answered(served: Served) -> None:
    many = 4 * PIPELINE
    with wire(served) as line:
        line.send(b"".join(framed(*(check() for _ in range(many)))))
        assert [(m, 1000) for m in marks(many)] == answers(line, many)


def test_of_creates_of_one_name_sent_at_once_one_has_it(served: Served) -> None:
    name = fresh()
    with wire(served) as line:
        line.send(b"".join(framed(*(create(name) for _ in range(32)))))
        assert [1000] + [2302] * 31 == [result for _, result in answers(line, 32)]


@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, LIMIT + 1, 2**32 - 1])
def test_where_no_frame_begins_the_connection_ends(served: Served, length: int) -> None:
    """What came before is answered."""
    with wire(served) as line:
        line.send(framed(check())[0] + length.to_bytes(4, "big") + b"x" * 10)
        assert [("mark-0000", 1000)] == answers(line, 1)
        assert b"" == line.read()


def test_the_longest_frame_is_taken(served: Served) -> None:
    with wire(served) as line:
        payload = write(epp.Command(check(), "mark-0000"))
        line.send(frame(payload + b" " * (LIMIT - 4 - len(payload))))
        assert [("mark-0000", 1000)] == answers(line, 1)


def test_half_a_frame_is_waited_for_and_holds_up_nobody(served: Served, alpha: Line) -> None:
    with wire(served) as line:
        [one] = framed(check())
        line.send(one[: len(one) // 2])
        alpha.did(check())
        line.send(one[len(one) // 2 :])
        assert [("mark-0000", 1000)] == answers(line, 1)


def test_who_reads_nothing_slows_nobody(served: Served, alpha: Line) -> None:
    """Its answers are kept up to a bound, then nothing more is read from it; when it reads, it has them all, in order."""
    name = fresh()
    alpha.did(create(name))
    many = 3000
    with wire(served, "beta") as line:
        frames = framed(*(epp.DomainInfo(name) for _ in range(many)))
        stream = b"".join(frames)
        line.socket.settimeout(0)
        sent, until = 0, time.monotonic() + 3
        while sent < len(stream) and time.monotonic() < until:
            try:
                sent += line.socket.send(stream[sent : sent + 16384])
            except (ssl.SSLWantWriteError, ssl.SSLWantReadError, BlockingIOError):
                time.sleep(0.01)
        took = []
        for _ in range(20):
            began = time.monotonic()
            alpha.did(check())
            took.append(time.monotonic() - began)
        assert sorted(took)[10] < 1.0
        line.socket.settimeout(WAIT)
        complete = sent // len(frames[0])
        assert complete > PIPELINE
        assert [(m, 1000) for m in marks(complete)] == answers(line, complete)


def test_what_was_sent_is_done_though_nobody_waits_for_the_answer(served: Served, alpha: Line) -> None:
    name = fresh()
    with wire(served) as line:
        line.send(framed(create(name))[0])
        time.sleep(0.05)  # it has arrived; whether it is decided is open
    until = time.monotonic() + WAIT
    while 2303 == alpha(epp.DomainInfo(name)).code and time.monotonic() < until:
        time.sleep(0.02)
    assert 1000 == alpha(epp.DomainInfo(name)).code


def test_a_connection_that_breaks_frees_its_place_at_once(served: Served) -> None:
    """More sessions one after another than a registrar may have at once."""
    for _ in range(30):
        with wire(served, "gamma") as line:
            line.socket.shutdown(socket.SHUT_RDWR)
