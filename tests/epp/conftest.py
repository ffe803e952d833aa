"""What every test of the EPP door may rely on."""

from __future__ import annotations

import pytest
import structlog

from namestead.epp import admission, listener, tls


@pytest.fixture(autouse=True)
def fresh_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loggers that no earlier test has used: one that was, under the command line's configuration, keeps it."""
    structlog.reset_defaults()
    for module in (admission, listener, tls):
        monkeypatch.setattr(module, "log", structlog.get_logger("namestead.epp"))
