"""A wire between the engine and PostgreSQL that breaks at a chosen moment of a commit."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

COMMIT = b"COMMIT\0"
CHUNK = 1 << 16
LATE = 0.5
"""Seconds by which a late message is late."""

HOWS = {
    # how the wire breaks: what the server makes of the commit
    "before the server hears of it": False,
    "before the server answers": True,
    "before the answer arrives": True,
    "and the server hears of it late": True,
    "and the server notices late": False,
}


class Proxy:
    """Passes everything on until `cut` says how the next commit ends. `open` false: nobody gets through any more."""

    def __init__(self, url: str, directory: Path) -> None:
        parts = urlsplit(url)
        query = {k: v[0] for k, v in parse_qs(parts.query).items()}
        name = f".s.PGSQL.{query['port']}"
        self._server_path = Path(query["host"]) / name
        self._path = directory / name
        self.url = parts._replace(query=urlencode({**query, "host": str(directory)}, safe="/")).geturl()
        self.cut: str | None = None
        self.cuts = 0
        self.open = True
        self._server: asyncio.Server | None = None
        self._wires: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._accept, self._path)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for wire in self._wires:
            wire.cancel()
        await asyncio.gather(*self._wires, return_exceptions=True)

    def sever(self) -> None:
        """Cut every wire there is, and let nobody through until `open` is true again."""
        self.open = False
        for wire in self._wires:
            wire.cancel()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.open:
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._wires.add(task)
        with suppress(OSError, asyncio.CancelledError):
            server_reader, server_writer = await asyncio.open_unix_connection(self._server_path)
            await _Wire(self, reader, writer, server_reader, server_writer).run()
        self._wires.discard(task)


class _Wire:
    def __init__(
        self,
        proxy: Proxy,
        client_in: asyncio.StreamReader,
        client_out: asyncio.StreamWriter,
        server_in: asyncio.StreamReader,
        server_out: asyncio.StreamWriter,
    ) -> None:
        self._proxy = proxy
        self._client_in, self._client_out = client_in, client_out
        self._server_in, self._server_out = server_in, server_out
        self._mute = False
        self._slow = 0.0
        self._answered = asyncio.Event()

    async def run(self) -> None:
        back = asyncio.create_task(self._from_server())
        try:
            await self._from_client()
        finally:
            back.cancel()
            self._break()

    def _break(self) -> None:
        self._client_out.transport.abort()
        self._server_out.transport.abort()

    async def _from_server(self) -> None:
        with suppress(OSError):
            while chunk := await self._server_in.read(CHUNK):
                self._answered.set()
                if self._slow:
                    await asyncio.sleep(self._slow)
                if not self._mute:
                    self._client_out.write(chunk)
        if not self._mute:
            self._client_out.transport.abort()

    async def _from_client(self) -> None:
        last = False
        while chunk := await self._client_in.read(CHUNK):
            if last:
                return
            if COMMIT in chunk and self._proxy.cut is not None:
                how, self._proxy.cut = self._proxy.cut, None
                self._proxy.cuts += 1
                if not await self._commit(how, chunk):
                    return
                last = how == "after the answer"
                continue
            self._server_out.write(chunk)

    async def _commit(self, how: str, chunk: bytes) -> bool:
        """What becomes of a commit; whether the wire holds."""
        match how:
            case "before the server hears of it":
                return False
            case "before the server answers":
                self._mute = True
                self._client_out.transport.abort()
                self._server_out.write(chunk)
                self._server_out.write_eof()
            case "before the answer arrives":
                self._mute = True
                self._answered.clear()
                self._server_out.write(chunk)
                await self._answered.wait()
                return False
            case "and the server hears of it late" | "and the server notices late":
                self._mute = True
                self._client_out.transport.abort()
                await asyncio.sleep(LATE)
                if how == "and the server notices late":
                    return False
                self._answered.clear()
                self._server_out.write(chunk)
            case "and nobody gets through any more":
                self._mute, self._proxy.open = True, False
                self._server_out.write(chunk)
            case "slowly":
                self._slow = LATE * 3
                self._server_out.write(chunk)
                return True
            case "after the answer":
                self._server_out.write(chunk)
                return True
        await self._answered.wait()
        await asyncio.sleep(0.02)
        return False


@asynccontextmanager
async def proxy_to(url: str) -> AsyncIterator[Proxy]:
    directory = Path(tempfile.mkdtemp(prefix="nst-"))
    proxy = Proxy(url, directory)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()
        shutil.rmtree(directory, ignore_errors=True)
