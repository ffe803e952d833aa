"""The floor: uvicorn with httptools and a constant JSON answer. What HTTP costs here before anything is done.

A process of its own: `python -m bench.floor` prints its port and serves until it is told to stop.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import uvicorn
import uvloop

BODY = (
    b'{"request_id":"req_0123456789abcdef","domain":"n0123456789abcde.example","unicode_name":"n0123456789abcde.example",'
    b'"available":true,"reason":null,"claim_required":false,"premium":false,"price":{"create":{"amount":"10.00",'
    b'"currency":"EUR","years":1}},"lifecycle_state":null,"release_at":null}'
)
START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())],
}
END = {"type": "http.response.body", "body": BODY}


async def app(_scope: Any, _receive: Any, send: Any) -> None:
    await send(START)
    await send(END)


async def main() -> None:
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        loop="none",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    sys.stdout.write(f"{server.servers[0].sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await serving


if __name__ == "__main__":
    uvloop.run(main())
