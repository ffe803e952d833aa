"""A registry for each story, with a clock that the story moves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from namestead.api.server import HttpSettings
from tests.api.conftest import seeded
from tests.api.registry import NO_LIMIT, Registry
from tests.conftest import create_database, drop_database
from tests.stories.door import Door, Http

__all__ = ["seeded"]


class Story:
    """The dated steps of a life. `alpha` and `beta` are registrars at their doors."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.alpha: Door = Http(registry, "alpha")
        self.beta: Door = Http(registry, "beta")

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


@pytest.fixture
def story(postgres_url: str, seeded: str) -> Iterator[Story]:
    url = create_database(postgres_url, template=seeded)
    with Registry(url, HttpSettings(port=0, rate_limit=NO_LIMIT)) as registry:
        yield Story(registry)
    drop_database(postgres_url, url)
