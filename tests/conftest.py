"""What every test may use: a PostgreSQL of the test run's own, and the account of what was not played.

Each xdist worker has a server of its own, so tests never meet those of another worker.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from namestead.store.embedded import EmbeddedPostgres

PEERS = Path(__file__).parent.parent / "tools" / "peers.txt"

_number = count(1)


# ------------------------------------------------------------------------------------------------------- PostgreSQL


@pytest.fixture(scope="session")
def data_root() -> Iterator[Path]:
    """A directory for data directories: in memory where there is room, since nothing in it has to outlive the machine.

    Not one of pytest's own: run as root, PostgreSQL runs as nobody, who may not enter those.
    """
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2 * 1024**3
    parent = memory if roomy else Path(tempfile.gettempdir())
    for left in parent.glob("namestead-tests-*"):
        # Of a run that was killed. A server still running in it ends by itself when its directory is gone.
        if left.stat().st_uid == os.geteuid() and not _alive(int(left.name.split("-")[2])):
            shutil.rmtree(left, ignore_errors=True)
    directory = Path(tempfile.mkdtemp(prefix=f"namestead-tests-{os.getpid()}-", dir=parent))
    if os.geteuid() == 0:
        directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


@pytest.fixture(scope="session")
def postgres(data_root: Path) -> Iterator[EmbeddedPostgres]:
    """A server for the whole run: nothing in it is kept, everything else is as in production."""
    server = EmbeddedPostgres(data_root / "postgres", settings={"shared_buffers": "64MB"})
    server.start()
    yield server
    server.stop(immediate=True)


@pytest.fixture(scope="session")
def postgres_url(postgres: EmbeddedPostgres) -> str:
    """The server's own database. Tests do not write here: see `database` and `fresh_database`."""
    return postgres.url


@pytest.fixture(scope="session")
def database(postgres_url: str) -> str:
    """A database shared by the tests of this worker, empty at first. Tests that use it choose names of their own."""
    return create_database(postgres_url)


@pytest.fixture
def fresh_database(postgres_url: str) -> Iterator[str]:
    """An empty database for one test alone."""
    url = create_database(postgres_url)
    yield url
    drop_database(postgres_url, url)


def create_database(server_url: str, *, template: str = "template0") -> str:
    """A new database, a copy of the template, which nobody may be connected to; its URL. About 20 ms."""
    name = f"test_{os.getpid()}_{next(_number)}"
    _execute(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return urlsplit(server_url)._replace(path=f"/{name}").geturl()


def drop_database(server_url: str, url: str) -> None:
    """Also with connections left open."""
    _execute(server_url, f'DROP DATABASE "{urlsplit(url).path[1:]}" WITH (FORCE)')


def _execute(url: str, sql: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    asyncio.run(run())


# -------------------------------------------------------------------------------------------------------- the peers


def known_peers() -> dict[str, tuple[str, str]]:
    """Program -> (Debian package, Homebrew formula), from the list that `make peers` installs."""
    rows = (line.split(None, 3) for line in PEERS.read_text().splitlines() if line and not line.startswith("#"))
    return {program: (debian, homebrew) for program, debian, homebrew, *_ in rows}


def _missing(item: pytest.Item) -> list[str]:
    programs = [program for mark in item.iter_markers("peers") for program in mark.args]
    unlisted = [program for program in programs if program not in known_peers()]
    if unlisted:
        raise pytest.UsageError(f"{item.nodeid}: {', '.join(unlisted)} is not in tools/peers.txt")
    return [program for program in programs if shutil.which(program) is None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("peers") and (missing := _missing(item)):
            item.add_marker(pytest.mark.skip(reason=f"needs {', '.join(missing)}"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell last, and plainly, what was not played: a green run without the peers is not the whole run."""
    reports = [r for rs in terminalreporter.stats.values() for r in rs if isinstance(r, pytest.TestReport)]
    skipped = [r for r in reports if r.skipped and "peers" in r.keywords]
    played = {r.nodeid for r in reports if r.when == "call" and "peers" in r.keywords}
    terminalreporter.section("foreign programs (peers)")
    missing: set[str] = set()
    for report in skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        terminalreporter.write_line(f"not run: {report.nodeid}  {reason.removeprefix('Skipped: ')}")
        missing |= {p for p in known_peers() if p in reason.partition("needs ")[2].split(", ")}
    if missing:
        debian, homebrew = (sorted({known_peers()[p][i] for p in missing}) for i in (0, 1))
        terminalreporter.write_line(
            f"{len(skipped)} of {len(skipped) + len(played)} peer tests did not run. To play them: make peers, "
            f"which is: apt-get install {' '.join(debian)}   (macOS: brew install {' '.join(homebrew)})"
        )
    elif played:
        terminalreporter.write_line(f"{len(played)} peer tests ran, none was left out")
    elif not skipped:
        terminalreporter.write_line("none of these tests needs one, so none was left out")
