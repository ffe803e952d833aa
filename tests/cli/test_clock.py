"""`namestead clock`: in OT&E a whole life passes in a minute, in order, with its money."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import serving
from tests.cli.conftest import CommandLine
from tests.serving import Served


@pytest.fixture(scope="module")
def rehearsal(places: Callable[[], Path]) -> Iterator[Served]:
    """A demo of this file's own: its clock moves. Its jobs are slow, so that only the clock settles."""
    with serving.demo(places(), environment={"NAMESTEAD_JOBS_PAUSE": "3600"}) as served:
        yield served


def test_a_life_in_a_minute(rehearsal: Served) -> None:
    cli = CommandLine("--data", str(rehearsal.directory / "data"))
    with rehearsal.client() as alpha:
        for name, auto_renew in (("kept.example", True), ("left.example", False)):
            assert 201 == alpha.post("/domains", json={"domain": name, "auto_renew": auto_renew}).status_code
        done = cli.json("clock", "advance", "366d")
        assert (2, []) == (done["settled"], done["failed"])
        assert "expired" == alpha.get("/domains/left.example").json()["registration"]["lifecycle_state"]
        assert "99970.00" == alpha.get("/balance").json()["balance"]["amount"], "one was renewed and charged"

        cli.json("clock", "advance", "80d")
        commands = [r["command"] for r in cli.json("domain", "show", "left.example")["log"]]
        assert [
            "create_domain",
            "expire_domain",
            "lapse_domain",
            "end_redemption",
            "release_domain",
        ] == commands
        assert cli.json("domain", "show", "left.example")["available"]
    shown = cli.json("clock", "show")
    assert shown["ote"]
    assert 445.9 < shown["ahead"] / 86400 <= 446
    checks = {c["check"]: c["level"] for c in cli.json("doctor")["checks"]}
    assert "fail" not in checks.values()
    assert ("ok", "ok") == (checks["balances"], checks["due events"])


def test_a_span_that_is_none(cli: CommandLine) -> None:
    assert 2 == cli("clock", "advance", "a year").status


def test_production_time_does_not_move(places: Callable[[], Path]) -> None:
    directory = places()
    with serving.Served(directory, "--data", str(directory / "data")):
        cli = CommandLine("--data", str(directory / "data"))
        refused = cli.refused("clock", "advance", "1d")
        assert ("policy_violation", True) == (refused["error"], "OT&E" in refused["message"])
        assert not cli.json("clock", "show")["ote"]
