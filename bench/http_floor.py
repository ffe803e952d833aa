"""What the HTTP door costs by itself: CPU of a server process for each request, without a register behind it.

    python -m bench.http_floor                    # needs litestar beside the development requirements, else leaves it out

Three servers answer the same create over the same wire: a bare ASGI application on uvicorn as it comes, the registrar
API with an engine that answers at once, and a Litestar route with the same body, the same key and the same answer.
docs/decisions/0001 has the figures.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import multiprocessing
import resource
import sys
import time
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import uvicorn
import uvloop

CONNECTIONS = 8
WARM, MEASURED = 4_000, 24_000
PATH = "/api/v1/registrar/v1/domains"
TOKEN = "nst_bench-0123456789abcdefghijklmnopqrstuvwxyzABC"
BODY = json.dumps({"domain": "alice.example", "years": 1, "idempotency_key": "create-0000000000000001"}).encode()


def registration() -> Any:
    from namestead.commands import answers

    now = datetime(2026, 11, 24, 3, 43, 0, 123456, tzinfo=UTC)
    return answers.Registration(
        domain="alice.example",
        unicode_name="alice.example",
        tld="example",
        roid="D100001-NST",
        registrar=answers.Sponsor("ch_abcdefghijklmnop", "alpha"),
        lifecycle_state="active",
        status=("inactive",),
        rgp_status=("addPeriod",),
        created_at=now,
        updated_at=None,
        transferred_at=None,
        expires_at=now + timedelta(days=365),
        redemption_until=None,
        release_at=None,
        auto_renew=True,
        registrant=answers.Registrant(),
        contacts=(),
        nameservers=(),
        nameserver_apply=answers.NameserverApply("none", None, None),
        ds=(),
        backend=answers.BackendState("none", "example", "ready"),
        protected_legacy=False,
        sandbox_fixture=False,
    )


class Answering:
    """An engine that knows one key and answers everything at once."""

    def __init__(self) -> None:
        from namestead.commands.protocol import Answer
        from namestead.engine.limits import Counted
        from namestead.engine.metrics import Metrics
        from namestead.objects.facts import Reference
        from namestead.objects.registrar import ApiKey, Registrar
        from namestead.rules.permissions import REGISTRAR_SCOPES

        now = datetime.now(UTC)
        self.metrics = Metrics()
        self.reference = Reference(1)
        self.reference.put_registrar(Registrar(5, 4, "ch_abcdefghijklmnop", "alpha", "Alpha", True, True, True, now))
        digest = sha256(TOKEN.encode()).digest()
        self._key = ApiKey("key_bench", 4, 5, digest, "registrar_api", REGISTRAR_SCOPES, now)
        self._answer = Answer(registration(), 4711, "success", sandbox=False, balance=(9_999_000, "EUR"))
        self._counted = Counted(120, 1, 1_800_000_000, 1)

    async def key(self, token: str) -> Any:
        digest = sha256(token.encode()).digest()
        return self._key if digest == self._key.hash else None

    async def count(self, bucket: str, limit: int) -> Any:
        return self._counted

    def is_current(self, key: Any) -> bool:
        return True

    async def submit(self, command: Any, envelope: Any) -> Any:
        return self._answer


def floor() -> Any:
    import msgspec

    answer = msgspec.json.encode({"registration": registration(), "request_id": "req_Zk3xT0qPpV2m1cJ8bYw5Lg"})

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    return app


def litestar() -> Any:
    from litestar import Litestar, Request, Response, post
    from litestar.exceptions import NotAuthorizedException

    from namestead.api.answers import Changed, changed
    from namestead.api.schemas import CreateBody

    engine = Answering()

    def guard(connection: Any, _: Any) -> None:
        if connection.headers.get("authorization") != f"Bearer {TOKEN}":
            raise NotAuthorizedException

    async def create(data: Any, request: Any) -> Any:
        answer = await engine.submit(data.command(None), None)
        request_id = request.headers.get("x-request-id") or "req_Zk3xT0qPpV2m1cJ8bYw5Lg"
        headers = {"x-request-id": request_id, "x-ratelimit-limit": "120", "x-ratelimit-remaining": "119"}
        return Response(changed("create_domain", request_id, answer), status_code=201, headers=headers)

    # Litestar reads annotations when a route is made; names imported in here are no longer to be found by their texts.
    create.__annotations__ = {"data": CreateBody, "request": Request[Any, Any, Any], "return": Response[Changed]}
    return Litestar([post(PATH, guards=[guard])(create)], openapi_config=None, logging_config=None)


async def _serve(kind: str, ready: Any, done: Any) -> None:
    if kind == "ours":
        from namestead.api.server import HttpSettings, Server, build

        settings = HttpSettings(port=0)
        server: Any = Server(build(Answering(), settings), settings)  # type: ignore[arg-type]
        await server.start()
    else:
        app = floor() if kind == "floor" else litestar()
        config = uvicorn.Config(
            app, port=0, loop="none", http="httptools", ws="none", lifespan="off", log_config=None, access_log=False
        )
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None
        config.load()
        server.lifespan = config.lifespan_class(config)
        await server.startup()
    ready.send(server.servers[0].sockets[0].getsockname()[1])
    loop = asyncio.get_running_loop()
    used = 0.0
    while (asked := await loop.run_in_executor(None, done.recv)) != "stop":
        own = resource.getrusage(resource.RUSAGE_SELF)
        total = own.ru_utime + own.ru_stime
        ready.send(total - used)
        used = total
        del asked


def serve(kind: str, ready: Any, done: Any) -> None:
    uvloop.run(_serve(kind, ready, done))


async def _ask(port: int, many: int) -> None:
    async def one(count: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n"
        request = (head + f"Content-Length: {len(BODY)}\r\n\r\n").encode() + BODY
        for _ in range(count):
            writer.write(request)
            answer = await reader.readuntil(b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 201"), answer
            length = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
        writer.close()

    await asyncio.gather(*(one(many // CONNECTIONS) for _ in range(CONNECTIONS)))


def measure(kind: str) -> tuple[float, float]:
    """CPU of the server in microseconds a request, and requests a second."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    here2, there2 = context.Pipe()
    process = context.Process(target=serve, args=(kind, there, there2), daemon=True)
    process.start()
    port = here.recv()
    uvloop.run(_ask(port, WARM))
    here2.send("cpu")
    here.recv()
    begun = time.perf_counter()
    uvloop.run(_ask(port, MEASURED))
    took = time.perf_counter() - begun
    here2.send("cpu")
    used: float = here.recv()
    here2.send("stop")
    process.join(5)
    return used / MEASURED * 1e6, MEASURED / took


def main() -> None:
    kinds = ["floor", "ours"] + (["litestar"] if importlib.util.find_spec("litestar") else [])
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    found: dict[str, list[tuple[float, float]]] = {kind: [] for kind in kinds}
    for _ in range(rounds):
        for kind in kinds:
            found[kind].append(measure(kind))
    for kind, results in found.items():
        cpu = sorted(c for c, _ in results)
        rate = sorted(r for _, r in results)
        print(f"{kind:9} {cpu[len(cpu) // 2]:6.1f} us CPU a request   {rate[len(rate) // 2]:7.0f} requests/s")


if __name__ == "__main__":
    main()
