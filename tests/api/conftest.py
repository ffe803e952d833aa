"""A registry for the HTTP tests: one that all share, and fresh ones for tests that move time or settings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from namestead.api.server import HttpSettings
from tests.api.registry import NO_LIMIT, Registry, seed
from tests.conftest import create_database, drop_database


@pytest.fixture(scope="session")
def seeded(postgres_url: str) -> str:
    """The name of a database with the test registry in it, for copies."""
    url = create_database(postgres_url)
    asyncio.run(seed(url, ote=True))
    return urlsplit(url).path[1:]


@pytest.fixture(scope="session")
def registry(postgres_url: str, seeded: str) -> Iterator[Registry]:
    """The registry all tests share; they choose names of their own and never move its clock."""
    with Registry(create_database(postgres_url, template=seeded)) as running:
        yield running


@pytest.fixture
def own_registry(postgres_url: str, seeded: str) -> Iterator[Callable[..., Registry]]:
    """Makes registries for one test alone; keyword arguments are settings."""
    with ExitStack() as stack:

        def make(**settings: object) -> Registry:
            url = create_database(postgres_url, template=seeded)
            stack.callback(drop_database, postgres_url, url)
            chosen = {"port": 0, "rate_limit": NO_LIMIT, **settings}
            return stack.enter_context(Registry(url, HttpSettings(**chosen)))  # type: ignore[arg-type]

        yield make
