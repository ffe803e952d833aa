"""A PostgreSQL of the crash tests' own, to be killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from namestead.store.embedded import EmbeddedPostgres


@pytest.fixture
def own_server(data_root: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(data_root / "crash", settings={"shared_buffers": "32MB"})
    server.start()
    yield server
    server.stop(immediate=True)
