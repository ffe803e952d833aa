"""An EPP session as a test holds it that is not asynchronous: one call a command, one answer a call.

Every answer comes through `epp.client`, which reads nothing that does not fit the RFCs' schemas.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

import uvloop

from namestead.epp import messages as epp
from namestead.epp.client import Client, tls_context
from namestead.epp.messages import NO_EXTENSIONS, Command, CommandBody, CommandExtensions, Greeting, Response
from tests.serving import Served

T = TypeVar("T")


class Runs(Protocol):
    """What a coroutine is run on, from a thread that is not its loop's."""

    def __call__(self, work: Coroutine[Any, Any, T], /) -> T: ...


class Loop:
    """A loop in a thread of its own."""

    def __enter__(self) -> Self:
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="EPP clients", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)


class Line:
    """One session. A call gives the whole answer, whatever its code; `did` insists on a code."""

    def __init__(self, runs: Runs, client: Client) -> None:
        self._run = runs
        self.client = client

    @classmethod
    def open(cls, runs: Runs, port: int, tls: ssl.SSLContext) -> Self:
        """A connection that is greeted and not logged in."""
        return cls(runs, runs(Client.connect("127.0.0.1", port, tls=tls, server_name="localhost")))

    @property
    def greeting(self) -> Greeting:
        return self.client.greeting

    def login(self, cl_id: str, pw: str, **more: Any) -> Response:
        return self._run(self.client.login(cl_id, pw, **more))

    def __call__(self, command: Command | CommandBody, extensions: CommandExtensions = NO_EXTENSIONS) -> Response:
        return self._run(self.client.send(command, extensions))

    def did(
        self, command: Command | CommandBody, extensions: CommandExtensions = NO_EXTENSIONS, *, code: int = 1000
    ) -> Any:
        """The data of an answer that has this code; the answer itself where there are none."""
        answer = self(command, extensions)
        assert code == answer.code, said(answer)
        return answer if answer.data is None else answer.data

    def all(self, *commands: Command) -> list[Response]:
        """Commands sent without waiting for any answer."""
        return self._run(self.client.send_all(list(commands)))

    def raw(self, payload: bytes) -> Greeting | Response:
        """A frame with this payload, whatever it is."""
        return self._run(self.client.send_raw(payload))

    def hello(self) -> Greeting:
        return self._run(self.client.hello())

    def logout(self) -> Response:
        return self._run(self.client.logout())

    def messages(self) -> list[Response]:
        """Read the queue to its end, acknowledging each message: the polls that brought one, oldest first."""
        found: list[Response] = []
        while (answer := self(epp.PollRequest())).code != 1300:
            assert 1301 == answer.code, said(answer)
            assert answer.queue is not None
            found.append(answer)
            left = self(epp.PollAck(answer.queue.id))
            assert 1000 == left.code, said(left)
        return found

    def close(self) -> None:
        self._run(self.client.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def dial(runs: Runs, served: Served, registrar: str = "alpha") -> Line:
    """A connection to a demo, with a registrar's certificate."""
    facts, known = served.facts["epp"], served.facts["registrars"][registrar]
    tls = tls_context(Path(facts["ca_file"]), Path(known["cert_file"]), Path(known["key_file"]))
    return Line.open(runs, facts["port"], tls)


def logged_in(runs: Runs, served: Served, registrar: str = "alpha", **more: Any) -> Line:
    """A session of a registrar of a demo."""
    line = dial(runs, served, registrar)
    answer = line.login(registrar, served.facts["registrars"][registrar]["epp_password"], **more)
    assert 1000 == answer.code, said(answer)
    return line


def said(answer: Response) -> str:
    """An answer in a line, for a person who reads why a test failed."""
    [first, *_] = answer.results
    why = "; ".join(f"{e.value.element} {e.value.text!r}: {e.reason}" for e in first.ext_values)
    return f"{first.code} {first.message} ({why})"


def fault(answer: Response) -> tuple[int, str]:
    """The code of a refusal and the element it names."""
    [result] = answer.results
    assert not result.success, said(answer)
    assert result.ext_values, "a refusal names the element, and says why"
    first = result.ext_values[0]
    assert first.reason
    return result.code, first.value.element


def error(answer: Response) -> tuple[int, str]:
    """The code of a refusal and our own word for it, under which docs/errors.md has it."""
    [result] = answer.results
    assert not result.success, said(answer)
    return result.code, result.ext_values[0].reason.partition(":")[0]
