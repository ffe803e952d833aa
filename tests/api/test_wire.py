"""The connection itself: bytes that are no HTTP, limits on size and time, keep-alive, TLS, proxies, and a stop that
answers what was accepted."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from namestead.api.server import HttpSettings, InsecureListener, Server, build
from namestead.api.settings import networks
from tests.api.registry import BASE, Registry, token

Make = Callable[..., Registry]
HOST = b"Host: registry.example\r\n"
KEY = f"Authorization: Bearer {token('alpha')}\r\n".encode()
CHECK = b'{"domain":"alice.example"}'


def post(body: bytes, *headers: bytes, path: str = "/domains/check") -> bytes:
    head = f"POST {BASE}{path} HTTP/1.1\r\n".encode() + HOST + KEY + b"Content-Type: application/json\r\n"
    return head + b"Content-Length: %d\r\n" % len(body) + b"".join(headers) + b"\r\n" + body


class Wire:
    """One connection, byte by byte."""

    def __init__(self, registry: Registry) -> None:
        self.socket = socket.create_connection(("127.0.0.1", registry.port), timeout=10)

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self) -> tuple[int, dict[str, str], dict[str, Any]]:
        """The next answer: status, headers, body."""
        file = self.socket.makefile("rb")
        status = int(file.readline().split()[1])
        headers = {}
        while line := file.readline().strip():
            name, _, value = line.decode().partition(": ")
            headers[name.lower()] = value
        body = file.read(int(headers["content-length"]))
        return status, headers, json.loads(body)

    def ended(self) -> bool:
        """Whether the server has closed the connection, without another byte."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True


def error(answer: tuple[int, dict[str, str], dict[str, Any]]) -> tuple[int, str]:
    status, headers, body = answer
    assert "application/json" == headers["content-type"]
    assert {"error", "message", "retryable", "epp_result_code", "epp_result", "request_id", "details"} <= body.keys()
    assert headers["x-request-id"] == body["request_id"]
    return status, body["error"]


# ------------------------------------------------------------------------------------------------------- what is no HTTP

NO_HTTP = {
    "words": b"hello there\r\n\r\n",
    "TLS": bytes.fromhex("160301020001000001fc0303"),
    "no version": b"GET /\r\n\r\n",
    "a header without a colon": b"GET / HTTP/1.1\r\nHost\r\n\r\n",
    "a length that is none": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ten\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "length and chunks": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a chunk size that is none": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "an unknown method": b"JUMP / HTTP/1.1\r\nHost: x\r\n\r\n",
    "NUL in a header": b"GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n",
}


@pytest.mark.parametrize("data", NO_HTTP.values(), ids=NO_HTTP.keys())
def test_bytes_that_are_no_http_get_our_error_and_an_end(registry: Registry, data: bytes) -> None:
    with Wire(registry) as wire:
        wire.send(data)
        assert error(wire.answer())[0] in (400, 401, 404)
        if data != NO_HTTP["a chunk size that is none"]:
            assert wire.ended()


def test_words_are_a_malformed_request(registry: Registry) -> None:
    with Wire(registry) as wire:
        wire.send(NO_HTTP["words"])
        assert (400, "malformed_request") == error(wire.answer())


def test_a_target_beyond_ascii_has_to_be_percent_encoded(registry: Registry) -> None:
    with Wire(registry) as wire:
        wire.send(f"GET {BASE}/domains/bücher.nowhere HTTP/1.1\r\n".encode() + HOST + KEY + b"\r\n")
        assert (400, "malformed_request") == error(wire.answer())


def test_an_upgrade_is_not_taken_up_and_the_request_answered(registry: Registry) -> None:
    with Wire(registry) as wire:
        wire.send(
            f"GET {BASE}/domains/nobody.example HTTP/1.1\r\n".encode()
            + HOST
            + KEY
            + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
        )
        assert (404, "domain_not_found") == error(wire.answer())


def test_a_bad_request_behind_a_good_one_leaves_the_good_one_its_answer(registry: Registry) -> None:
    with Wire(registry) as wire:
        wire.send(post(CHECK) + b"nonsense\r\n\r\n")
        assert 200 == wire.answer()[0]
        assert wire.ended()


# ----------------------------------------------------------------------------------------------------------------- sizes


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "in pieces"])
@pytest.mark.parametrize("what", ["one header", "many headers", "the path"])
def test_a_head_larger_than_the_limit_is_431(registry: Registry, at_once: bool, what: str) -> None:
    size = registry.settings.largest_head + 5000
    path = "/" + "a" * size if what == "the path" else "/healthz"
    head = f"GET {path} HTTP/1.1\r\n".encode() + HOST
    if what == "one header":
        head += b"X-Large: " + b"x" * size + b"\r\n"
    elif what == "many headers":
        head += b"".join(b"X-%d: %s\r\n" % (n, b"x" * 90) for n in range(size // 100 + 10))
    head += b"\r\n"
    with Wire(registry) as wire:
        if at_once:
            wire.send(head)
        else:
            for begin in range(0, len(head), 7000):
                try:
                    wire.send(head[begin : begin + 7000])
                except OSError:
                    break
                time.sleep(0.005)
        assert (431, "headers_too_large") == error(wire.answer())
        assert wire.ended()


def test_a_head_within_the_limit_is_read_in_however_many_pieces(registry: Registry) -> None:
    with Wire(registry) as wire:
        data = (
            b"GET /healthz HTTP/1.1\r\n"
            + HOST
            + b"X-Large: "
            + b"x" * (registry.settings.largest_head - 2000)
            + b"\r\n\r\n"
        )
        for begin in range(0, len(data), 5000):
            wire.send(data[begin : begin + 5000])
            time.sleep(0.002)
        assert 200 == wire.answer()[0]
        wire.send(b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n")
        assert 200 == wire.answer()[0]


def endless(wire: Wire, piece: bytes, most: int) -> None:
    """Send for ever, until the server has had enough; `most` octets are more than it may take."""
    sent = 0
    wire.socket.settimeout(0.5)
    try:
        while sent < most:
            sent += wire.socket.send(piece)
    except OSError:
        pass
    wire.socket.settimeout(10)
    assert sent < most, "the server takes whatever comes"


def test_a_header_without_an_end_is_not_kept_in_memory(registry: Registry) -> None:
    with Wire(registry) as wire:
        wire.send(b"GET /healthz HTTP/1.1\r\n" + HOST + b"X-Endless: ")
        wire.send(b"x" * registry.settings.largest_head)
        time.sleep(0.1)
        wire.send(b"x" * 5000)
        assert (431, "headers_too_large") == error(wire.answer())


def test_a_body_without_an_end_is_not_kept_in_memory(registry: Registry) -> None:
    largest = registry.settings.largest_body
    with Wire(registry) as wire:
        wire.send(post(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked"))
        endless(wire, b"10000\r\n" + b" " * 0x10000 + b"\r\n", 40 * largest)


def test_a_body_announced_too_large_is_refused_before_it_comes(registry: Registry) -> None:
    with Wire(registry) as wire:
        head = post(b"").replace(b"Content-Length: 0", b"Content-Length: 99999999")
        wire.send(head)
        status, headers, body = wire.answer()
        assert (413, "body_too_large", "close") == (status, body["error"], headers["connection"])
        assert wire.ended()


# ----------------------------------------------------------------------------------------------------------------- times


@pytest.fixture
def impatient(own_registry: Make) -> Registry:
    return own_registry(head_timeout=0.3, body_timeout=0.3, keep_alive=1)


@pytest.mark.parametrize("sent", [b"GET /hea", b"GET /healthz HTTP/1.1\r\n", b"GET /healthz HTTP/1.1\r\nHost: x"])
def test_a_head_that_does_not_come_is_408(impatient: Registry, sent: bytes) -> None:
    with Wire(impatient) as wire:
        wire.send(sent)
        assert (408, "request_timeout") == error(wire.answer())
        assert wire.ended()


def test_a_head_that_trickles_is_408_as_well(impatient: Registry) -> None:
    with Wire(impatient) as wire:
        begun = time.monotonic()
        for byte in b"GET /healthz HTTP/1.1\r\nHost: registry":
            try:
                wire.send(bytes([byte]))
            except OSError:
                break
            time.sleep(0.05)
        assert time.monotonic() - begun < 5
        assert (408, "request_timeout") == error(wire.answer())


def test_the_second_head_on_a_connection_may_not_trickle_either(impatient: Registry) -> None:
    with Wire(impatient) as wire:
        wire.send(b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n")
        assert 200 == wire.answer()[0]
        wire.send(b"GET /heal")
        assert (408, "request_timeout") == error(wire.answer())


def test_a_connection_that_says_nothing_is_closed(impatient: Registry) -> None:
    with Wire(impatient) as wire:
        assert wire.ended()


def test_a_body_that_does_not_come_is_408(impatient: Registry) -> None:
    with Wire(impatient) as wire:
        wire.send(post(CHECK)[:-5])
        assert (408, "request_timeout") == error(wire.answer())
        assert wire.ended()


def test_a_body_that_trickles_is_408_as_well(impatient: Registry) -> None:
    with Wire(impatient) as wire:
        data = post(CHECK)
        wire.send(data[: -len(CHECK)])
        for byte in CHECK:
            try:
                wire.send(bytes([byte]))
            except OSError:
                break
            time.sleep(0.05)
        assert (408, "request_timeout") == error(wire.answer())


def test_a_waiting_connection_is_closed_after_its_time(impatient: Registry) -> None:
    with Wire(impatient) as wire:
        wire.send(b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n")
        assert 200 == wire.answer()[0]
        begun = time.monotonic()
        assert wire.ended()
        assert 0.5 < time.monotonic() - begun < 5


# ----------------------------------------------------------------------------------------------------------- connections


def test_requests_sent_ahead_are_answered_in_order(registry: Registry) -> None:
    with Wire(registry) as wire:
        ids = [f"id-{n}" for n in range(20)]
        wire.send(b"".join(post(CHECK, b"X-Request-Id: %s\r\n" % i.encode()) for i in ids))
        file = wire.socket.makefile("rb")
        seen = []
        for _ in ids:
            assert file.readline().startswith(b"HTTP/1.1 200")
            headers = {}
            while line := file.readline().strip():
                name, _, value = line.decode().partition(": ")
                headers[name] = value
            seen.append(json.loads(file.read(int(headers["content-length"])))["request_id"])
        assert ids == seen


def test_http_1_0_and_connection_close_end_the_connection(registry: Registry) -> None:
    for request in (
        b"GET /healthz HTTP/1.0\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ):
        with Wire(registry) as wire:
            wire.send(request)
            status, headers, _ = wire.answer()
            assert (200, "close") == (status, headers["connection"])
            assert wire.ended()


def test_a_client_that_asks_first_is_told_to_continue(registry: Registry) -> None:
    with Wire(registry) as wire:
        data = post(CHECK, b"Expect: 100-continue\r\n")
        wire.send(data[: -len(CHECK)])
        assert b"HTTP/1.1 100 Continue\r\n\r\n" == wire.socket.recv(100)
        wire.send(CHECK)
        assert 200 == wire.answer()[0]


def test_a_client_that_went_away_takes_nothing_back(own_registry: Make) -> None:
    registry = own_registry()
    held = registry.run(_lock(registry))
    with Wire(registry) as wire:
        wire.send(post(b'{"domain":"alice.example"}', path="/domains"))
        time.sleep(0.3)
    registry.run(_unlock(held))
    deadline = time.monotonic() + 5
    while not registry.sql("SELECT 1 FROM domain WHERE name = 'alice.example'") and time.monotonic() < deadline:
        time.sleep(0.02)
    assert 200 == registry.client().get("/domains/alice.example").status_code


def test_a_stop_answers_what_was_accepted(own_registry: Make) -> None:
    registry = own_registry()
    held = registry.run(_lock(registry))
    answers: list[httpx.Response] = []

    def ask() -> None:
        answers.append(registry.client().post("/domains", json={"domain": "alice.example"}))

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.3)
    idle = Wire(registry)
    stopping = asyncio.run_coroutine_threadsafe(registry.server.stop(), registry._loop)
    assert idle.ended()
    idle.socket.close()
    time.sleep(0.3)
    assert not stopping.done() and not answers
    with pytest.raises(ConnectionRefusedError):
        Wire(registry)
    registry.run(_unlock(held))
    asking.join(10)
    stopping.result(10)
    assert 201 == answers[0].status_code
    assert "close" == answers[0].headers["connection"]


async def _lock(registry: Registry) -> Any:
    connection = await asyncpg.connect(registry.url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("SELECT * FROM account FOR UPDATE")
    return connection, transaction


async def _unlock(held: Any) -> None:
    connection, transaction = held
    await transaction.rollback()
    await connection.close()


# --------------------------------------------------------------------------------------------------------------- privacy


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    directory = tmp_path_factory.mktemp("tls")
    key, certificate = directory / "key.pem", directory / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        + ["-keyout", key, "-out", certificate, "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True,
        capture_output=True,
    )
    return certificate, key


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1")
def test_keys_travel_over_tls(own_registry: Make, certificate: tuple[Path, Path]) -> None:
    registry = own_registry(host="127.0.0.1", certificate=certificate[0], private_key=certificate[1])
    with httpx.Client(verify=ssl.create_default_context(cafile=certificate[0])) as client:
        answer = client.get(f"{registry.base}{BASE}/status", headers={"authorization": f"Bearer {token('alpha')}"})
    assert 200 == answer.status_code
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    with Wire(registry) as wire, pytest.raises((ssl.SSLError, OSError)):
        old.wrap_socket(wire.socket)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "registry.example", ""])
def test_plain_http_beyond_this_machine_has_to_be_asked_for(registry: Registry, host: str) -> None:
    app = build(registry.engine, registry.settings)
    with pytest.raises(InsecureListener, match="--http-cert"):
        Server(app, HttpSettings(host=host))
    Server(app, HttpSettings(host=host, plain_http_on_any_address=True))
    Server(app, HttpSettings(host=host, trusted_proxies=networks("10.0.0.0/8")))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_plain_http_on_this_machine_is_taken(registry: Registry, host: str) -> None:
    Server(build(registry.engine, registry.settings), HttpSettings(host=host))


class Peer:
    """An application asked in place of a connection, from an address of choice."""

    def __init__(self, registry: Registry, **settings: Any) -> None:
        self._registry = registry
        self._app = build(registry.engine, HttpSettings(rate_limit=1000, **settings))

    def get(self, path: str, peer: str, scheme: str = "http", **headers: str) -> int:
        sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(b"authorization", f"Bearer {token('alpha')}".encode()), *sent],
            "client": (peer, 1234),
            "scheme": scheme,
        }
        seen: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            seen.append(message)

        self._registry.run(self._app(scope, receive, send))
        status: int = seen[0]["status"]
        return status


STATUS = BASE + "/status"
# fmt: off
PLAIN: list[tuple[str, str, dict[str, str], int]] = [
    # from             over     with                                  answered
    ("127.0.0.1",      "http",  {},                                   200),
    ("::1",            "http",  {},                                   200),
    ("::ffff:127.0.0.1", "http", {},                                  200),
    ("10.1.2.3",       "http",  {},                                   200),
    ("10.1.2.3",       "http",  {"x_forwarded_proto": "https"},       200),
    ("10.1.2.3",       "http",  {"x_forwarded_proto": "http"},        401),
    ("192.0.2.9",      "http",  {},                                   401),
    ("192.0.2.9",      "http",  {"x_forwarded_proto": "https"},       401),
    ("192.0.2.9",      "http",  {"x_forwarded_for": "127.0.0.1"},     401),
    ("192.0.2.9",      "https", {},                                   200),
]
# fmt: on


@pytest.mark.parametrize("peer,scheme,headers,expected", PLAIN)
def test_a_key_in_the_clear_is_refused_but_from_this_machine_and_named_proxies(
    registry: Registry, peer: str, scheme: str, headers: dict[str, str], expected: int
) -> None:
    app = Peer(registry, trusted_proxies=networks("10.0.0.0/8"))
    assert expected == app.get(STATUS, peer, scheme, **headers)
    assert 200 == Peer(registry, plain_http_on_any_address=True).get(STATUS, peer, scheme, **headers)


# fmt: off
METRICS: list[tuple[str, dict[str, str], int]] = [
    ("127.0.0.1", {},                                                200),
    ("192.0.2.9", {},                                                404),
    ("192.0.2.9", {"x_forwarded_for": "127.0.0.1"},                  404),
    ("10.1.2.3",  {},                                                404),
    ("10.1.2.3",  {"x_forwarded_for": "192.0.2.9"},                  404),
    ("10.1.2.3",  {"x_forwarded_for": "127.0.0.1, 192.0.2.9"},       404),
    ("10.1.2.3",  {"x_forwarded_for": "192.0.2.9, 10.9.9.9"},        404),
    ("10.1.2.3",  {"x_forwarded_for": "192.0.2.9, 172.16.0.1, 10.9.9.9"}, 200),
    ("10.1.2.3",  {"x_forwarded_for": "nonsense"},                   404),
    ("172.16.0.1", {},                                               200),
]
# fmt: on


@pytest.mark.parametrize("peer,headers,expected", METRICS)
def test_metrics_are_for_named_networks_and_forwarded_addresses_are_believed_from_named_proxies_alone(
    registry: Registry, peer: str, headers: dict[str, str], expected: int
) -> None:
    proxies, readers = networks("10.0.0.0/8"), networks("127.0.0.0/8", "172.16.0.0/12")
    app = Peer(registry, trusted_proxies=proxies, metrics_from=readers)
    assert expected == app.get("/metrics", peer, **headers)


# ------------------------------------------------------------------------------------------------ without the register


def test_without_a_register_nothing_is_let_through(own_registry: Make) -> None:
    """The rate cannot be counted, so nobody passes; and readiness says so."""
    registry = own_registry()
    assert 200 == registry.client().get("/status").status_code
    registry.run(registry.engine.stop())
    assert 503 == registry.bare().get("/readyz").status_code
    answer = registry.client().post("/domains/check", json={"domain": "a.example"})
    assert (503, "backend_unavailable", True) == (
        answer.status_code,
        answer.json()["error"],
        answer.json()["retryable"],
    )
    assert answer.headers["retry-after"].isdecimal()
    assert 200 == registry.bare().get("/healthz").status_code
