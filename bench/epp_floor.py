"""The floors of EPP: a TLS server that sends every frame back, bare or after parsing and validating it as ours does.

A process of its own: `python -m bench.epp_floor CERTIFICATE KEY [validates]` prints its port and serves until it is told
to stop. The same loop, TLS settings and framing as ours.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import cast

import uvloop

from namestead.epp.framing import Frames, frame
from namestead.epp.read import read_command
from namestead.epp.tls import TlsFiles, server_context


class Echo(asyncio.Protocol):
    """What came goes back, as many frames in one write as came in one read."""

    def __init__(self, *, validates: bool) -> None:
        self._frames = Frames()
        self._validates = validates
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one without saying so

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._frames.feed(data)
        answers: list[bytes] = []
        while (payload := self._frames.next()) is not None:
            if self._validates:
                read_command(payload)
            answers.append(frame(payload))
        self._transport.write(b"".join(answers))


async def main(certificate: Path, key: Path, *, validates: bool) -> None:
    server = await asyncio.get_running_loop().create_server(
        lambda: Echo(validates=validates), "127.0.0.1", 0, ssl=server_context(TlsFiles(certificate, key))
    )
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]), Path(sys.argv[2]), validates="validates" in sys.argv[3:]))
