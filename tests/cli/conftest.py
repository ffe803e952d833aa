"""A demo that is served for the whole run, and the command line on it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from namestead.cli.app import app
from tests import serving
from tests.serving import Served


@pytest.fixture(scope="session")
def places(data_root: Path) -> Callable[[], Path]:
    """Directories that the database's user may enter, also where the tests run as root."""

    def make() -> Path:
        directory = Path(tempfile.mkdtemp(prefix="served-", dir=data_root))
        directory.chmod(0o711)
        return directory

    return make


@pytest.fixture(scope="session")
def demo(places: Callable[[], Path]) -> Iterator[Served]:
    """`namestead serve --demo`, running. Tests choose names of their own and never stop it."""
    with serving.demo(places(), "--log-format", "json") as served:
        yield served


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


class CommandLine:
    """`namestead ...` on one registry, in this process."""

    def __init__(self, *where: str) -> None:
        self._where = where

    def __call__(self, *arguments: str, stdin: str | None = None) -> Done:
        options, separator, rest = _split(arguments)
        everything = [*options, *self._where, *separator, *rest]
        result = CliRunner().invoke(app, everything, input=stdin, prog_name="namestead")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.exit_code, result.stdout, result.stderr)

    def json(self, *arguments: str) -> Any:
        """What a command that goes well prints with `--json`."""
        done = self(*_with_json(arguments))
        assert 0 == done.status, done
        return done.document

    def refused(self, *arguments: str) -> Any:
        """What a command that is refused prints with `--json`."""
        done = self(*_with_json(arguments))
        assert 1 == done.status, done
        return done.document


def _split(arguments: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """What stands before `--`, it, and what follows: nothing after it is an option."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:at], arguments[at : at + 1], arguments[at + 1 :]


def _with_json(arguments: tuple[str, ...]) -> tuple[str, ...]:
    options, separator, rest = _split(arguments)
    return (*options, "--json", *separator, *rest)


@pytest.fixture(scope="session")
def cli(demo: Served) -> CommandLine:
    return CommandLine("--data", str(demo.directory / "data"))
