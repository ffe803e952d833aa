"""A register for every test: a copy of one that was built once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import structlog

from tests.conftest import create_database, drop_database
from tests.engine.register import build


@pytest.fixture(scope="session")
def built_register(postgres_url: str) -> str:
    """The name of a database with a register in it, for copies. Nobody stays connected to it."""
    url = create_database(postgres_url)
    asyncio.run(build(url))
    return urlsplit(url).path[1:]


@pytest.fixture
def register(postgres_url: str, built_register: str) -> Iterator[str]:
    """The URL of a register for one test alone (`tests/engine/register.py`)."""
    url = create_database(postgres_url, template=built_register)
    yield url
    drop_database(postgres_url, url)


@pytest.fixture(autouse=True)
def plain_logs() -> Iterator[None]:
    """What the engine says, shown with a failed test; tracebacks without values, which take a second each."""
    structlog.configure(
        processors=[structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
    )
    yield
    structlog.reset_defaults()
