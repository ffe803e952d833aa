"""A registry for each story, with a clock that the story moves."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from namestead.api.server import HttpSettings
from namestead.commands.operator.set_epp_access import SetEppAccess
from namestead.commands.operator.set_epp_password import SetEppPassword
from namestead.epp.server import EppServer
from namestead.epp.settings import EppSettings
from tests.api.conftest import seeded
from tests.api.registry import NO_LIMIT, Registry
from tests.conftest import create_database, drop_database
from tests.epp import tls_world
from tests.epp.wire.line import Line, said
from tests.stories.door import Door, Epp, Http

__all__ = ["seeded"]

PASSWORD = "a-story-of-alpha"
PARTIES = ("alpha", "beta")


class Story:
    """The dated steps of a life. `alpha` and `beta` are registrars at their doors."""

    def __init__(self, registry: Registry, alpha: Door, beta: Door) -> None:
        self.registry = registry
        self.alpha = alpha
        self.beta = beta

    @property
    def now(self) -> datetime:
        found: datetime = self.registry.sql("SELECT now() + clock_offset AS now FROM registry")[0]["now"]
        return found.astimezone(UTC)

    def at(self, instant: datetime, *, days: float = 0) -> None:
        """Registry time becomes this instant, some days after or before; all that falls due on the way is written down."""
        span = instant + timedelta(days=days) - self.now
        assert span > timedelta(0), "a story goes forward"
        self.registry.advance(span.total_seconds() / 86400)

    def at_without_jobs(self, instant: datetime, *, days: float = 0) -> None:
        """The same, with the jobs dead: nobody writes anything down."""
        self.registry.sql("UPDATE registry SET clock_offset = $1 - now()", instant + timedelta(days=days))


@contextmanager
def epp_served(registry: Registry, directory: Path) -> Iterator[Callable[[str], Line]]:
    """The registry with its EPP door open too; gives what logs a party in."""
    settings = EppSettings(*tls_world.write(directory, "server", tls_world.SERVER), certificates_required=False, port=0)
    server = EppServer(registry.engine, settings, rate_limit=NO_LIMIT)

    async def hashed() -> str:
        return await registry.engine.authenticator.hash(PASSWORD)

    password = registry.run(hashed())
    for slug in PARTIES:
        registry.do(SetEppPassword(slug, password, datetime.now(UTC)))
        registry.do(SetEppAccess(slug, enabled=True))
    tls = ssl.create_default_context(cadata=tls_world.AUTHORITY.certificate.decode())
    with ExitStack() as lines:

        def log_in(slug: str) -> Line:
            line = lines.enter_context(Line.open(registry.run, server.port, tls))
            answer = line.login(slug, PASSWORD)
            assert 1000 == answer.code, said(answer)
            return line

        registry.run(server.start())
        lines.callback(lambda: registry.run(server.stop()))
        yield log_in


@pytest.fixture
def own(postgres_url: str, seeded: str) -> Iterator[Registry]:
    """A registry for one story."""
    url = create_database(postgres_url, template=seeded)
    with Registry(url, HttpSettings(port=0, rate_limit=NO_LIMIT)) as registry:
        yield registry
    drop_database(postgres_url, url)


@pytest.fixture
def story(own: Registry) -> Story:
    """A story over HTTP."""
    return Story(own, Http(own, "alpha"), Http(own, "beta"))


@pytest.fixture(params=["http", "epp"])
def either(request: pytest.FixtureRequest, own: Registry, tmp_path: Path) -> Iterator[Story]:
    """The same story over HTTP, and over EPP."""
    alpha, beta = Http(own, "alpha"), Http(own, "beta")
    if request.param == "http":
        yield Story(own, alpha, beta)
        return
    with epp_served(own, tmp_path) as log_in:
        yield Story(own, Epp(log_in("alpha"), alpha), Epp(log_in("beta"), beta))
