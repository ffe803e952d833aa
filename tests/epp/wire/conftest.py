"""Two demos that are served for the whole run, one of them with a clock that can be moved, and sessions with them."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from namestead.epp import messages as epp
from tests import serving
from tests.cli.conftest import CommandLine
from tests.epp.wire.line import Line, Loop, Runs, logged_in
from tests.serving import Served

AUTH = "Dj3-vR7_kQ2.mX9+wZ5a"
"""An authInfo that is strong enough."""

ZONES = {
    # Contacts are required; refused; and kept as host attributes instead of objects. `gold` has a premium name.
    "people": "contacts: required",
    "bare": "contacts: none",
    "attributes": "hosts: attributes",
    "gold": "premium: {gold: gold, golden: gold}",
}
NO_LIMIT = {"NAMESTEAD_RATE_LIMIT": "1000000"}
PRICES = """
  - {command: create, amount: '10.00', currency: EUR}
  - {command: renew, amount: '10.00', currency: EUR}
  - {command: transfer, amount: '10.00', currency: EUR}
  - {command: restore, amount: '40.00', currency: EUR}
  - {command: create, amount: '999.00', currency: EUR, tier: gold}
"""


@pytest.fixture(scope="session")
def place(data_root: Path) -> Callable[[], Path]:
    """Directories that the database's user may enter, also where the tests run as root."""

    def make() -> Path:
        directory = Path(tempfile.mkdtemp(prefix="epp-", dir=data_root))
        directory.chmod(0o711)
        return directory

    return make


@pytest.fixture(scope="session")
def run() -> Iterator[Runs]:
    with Loop() as loop:
        yield loop.run


@pytest.fixture(scope="session")
def served(place: Callable[[], Path]) -> Iterator[Served]:
    """`namestead serve --demo`, with zones of every kind. Tests choose names of their own, and never stop it."""
    with serving.demo(place(), "--log-format", "json", environment=NO_LIMIT) as demo:
        operator = CommandLine("--data", str(demo.directory / "data"))
        for zone, policy in ZONES.items():
            file = demo.directory / f"{zone}.yaml"
            file.write_text(f"zone: {zone}\npolicy:\n  {policy}\n  prices:{PRICES}")
            operator.json("zone", "apply", str(file), "--yes")
        for registrar in ("alpha", "beta"):
            operator.json("registrar", "approve", registrar, *(f"--zone={zone}" for zone in ZONES))
        operator.json("registrar", "approve", "gamma", "--production")
        yield demo


@pytest.fixture(scope="session")
def operator(served: Served) -> CommandLine:
    """The operator of `served`."""
    return CommandLine("--data", str(served.directory / "data"))


@pytest.fixture(scope="session")
def ote(place: Callable[[], Path]) -> Iterator[Served]:
    """`namestead serve --demo --ote`: its clock goes forward, so what a test left there has grown old for the next."""
    with serving.demo(place(), "--ote", "--log-format", "json", environment=NO_LIMIT) as demo:
        yield demo


@pytest.fixture(scope="session")
def ote_operator(ote: Served) -> CommandLine:
    return CommandLine("--data", str(ote.directory / "data"))


@pytest.fixture(scope="module")
def alpha(served: Served, run: Runs) -> Iterator[Line]:
    with logged_in(run, served, "alpha") as line:
        yield line


@pytest.fixture(scope="module")
def beta(served: Served, run: Runs) -> Iterator[Line]:
    with logged_in(run, served, "beta") as line:
        yield line


@pytest.fixture
def sessions(served: Served, run: Runs) -> Iterator[Callable[..., Line]]:
    """Opens sessions of a test's own: a registrar, and what it announces at login."""
    with ExitStack() as open_ones:

        def open_one(registrar: str = "alpha", **login: object) -> Line:
            return open_ones.enter_context(logged_in(run, served, registrar, **login))

        yield open_one


_numbers = itertools.count(1)


def fresh(zone: str = "example", label: str = "name") -> str:
    """A name no other test uses."""
    return f"{label}-{next(_numbers)}.{zone}"


def handle() -> str:
    """A contact's id no other test uses."""
    return f"c-{next(_numbers)}"


def create(name: str, *, years: int = 1, auth_info: str = "", **more: object) -> epp.DomainCreate:
    """A create of a name, with what a test adds."""
    return epp.DomainCreate(name, epp.AuthInfo(auth_info), epp.Period(years), **more)  # type: ignore[arg-type]


def registered(line: Line, zone: str = "example", **more: object) -> str:
    """A name of the session's registrar, just made."""
    name = fresh(zone)
    line.did(create(name, **more))  # type: ignore[arg-type]
    return name


def shown(line: Line, name: str, **more: object) -> epp.DomainInfoData:
    """A domain as the session's registrar sees it."""
    data = line.did(epp.DomainInfo(name, **more))  # type: ignore[arg-type]
    assert isinstance(data, epp.DomainInfoData)
    return data


def statuses(seen: epp.DomainInfoData | epp.HostInfoData | epp.ContactInfoData) -> list[str]:
    return sorted(s.value for s in seen.statuses)
