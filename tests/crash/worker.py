"""An engine in a process of its own, driven line by line: `NAMESTEAD_DATABASE=URL python worker.py`.

It says `ready`, then takes one order a line on its standard input, all at once as they come, and says on its standard
output how each ended, the moment its caller is told. At the end of its input it answers what is left and stops.

    {"n": 1, "do": "create", "by": 0, "name": "a.example", "key": "k1"}
    {"n": 1, "outcome": "ok", "log_id": 1000001, "idempotent": false, "id": "D1000001-NST"}
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

import msgspec
import structlog
import uvloop

from namestead.commands.domain.create import CreateDomain
from namestead.commands.domain.delete import DeleteDomain
from namestead.commands.domain.nameservers import UpdateNameservers
from namestead.commands.domain.renew import RenewDomain
from namestead.commands.domain.transfer import TransferDomain
from namestead.commands.protocol import AnyCommand, Principal
from namestead.engine.database import LOST
from namestead.engine.engine import Engine
from namestead.engine.submission import Envelope
from namestead.errors import Refusal
from namestead.objects.log import Surface
from namestead.objects.names import Name
from namestead.rules.delegation import NameserverSpec
from namestead.rules.transfers import Operation


class Order(msgspec.Struct):
    """`do` is create, renew, delete, nameservers, count, or an operation of a transfer."""

    n: int
    do: str
    by: int
    name: str
    key: str | None = None
    auth_info: str | None = None
    nameservers: list[str] = []
    limit: int = 0


def command_of(order: Order) -> AnyCommand:
    name = Name(order.name)
    hosts = tuple(NameserverSpec(Name(n)) for n in order.nameservers)
    match order.do:
        case "create":
            return CreateDomain(name, nameservers=hosts, auth_info=order.auth_info)
        case "renew":
            return RenewDomain(name)
        case "delete":
            return DeleteDomain(name)
        case "nameservers":
            return UpdateNameservers(name, hosts)
        case operation:
            return TransferDomain(name, Operation(operation), order.auth_info)


async def carry_out(engine: Engine, order: Order) -> None:
    said: dict[str, Any] = {"n": order.n}
    try:
        if order.do == "count":
            counted = await engine.count(order.name, order.limit)
            said |= {"outcome": "admitted" if counted.admitted else "turned away", "reset_at": counted.reset_at}
        else:
            principal = Principal(f"key:{order.by}", 100 + order.by, 500 + order.by)  # tests/engine/register.Channel
            answer = await engine.submit(
                command_of(order), Envelope(principal, Surface.HTTP, idempotency_key=order.key)
            )
            said |= {"outcome": "ok", "log_id": answer.audit_id, "idempotent": answer.idempotent}
            said["id"] = getattr(answer.result, "roid", None)
    except Refusal as refusal:
        said["outcome"] = refusal.kind.code
    except Exception as problem:  # noqa: BLE001 - the driver counts anything else as a defect
        said["outcome"] = f"raised {type(problem).__name__}: {problem}"
    say(said)


def say(what: dict[str, Any]) -> None:
    sys.stdout.write(msgspec.json.encode(what).decode() + "\n")
    sys.stdout.flush()


async def started(url: str) -> Engine:
    """An engine, as soon as there is a database: one may just be coming back."""
    for _ in range(100):
        engine = Engine(url)
        try:
            await engine.start()
        except LOST:
            await asyncio.sleep(0.1)
        else:
            return engine
    raise SystemExit("there is no database")


async def main(url: str) -> None:
    engine = await started(url)
    reader = asyncio.StreamReader(limit=1 << 24)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    say({"ready": True})
    orders: set[asyncio.Task[None]] = set()
    while line := await reader.readline():
        order = msgspec.json.decode(line, type=Order)
        task = asyncio.create_task(carry_out(engine, order))
        orders.add(task)
        task.add_done_callback(orders.discard)
    if orders:
        await asyncio.wait(orders)
    await engine.stop()


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    uvloop.run(main(os.environ["NAMESTEAD_DATABASE"]))
