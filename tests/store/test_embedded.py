"""The embedded PostgreSQL: who may come in, what survives, and what stands in its way at a start."""

import asyncio
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
import pytest

from namestead.store import embedded
from namestead.store.embedded import EmbeddedError, EmbeddedInUse, EmbeddedPostgres, EmbeddedUnavailable, running

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
SMALL = {"shared_buffers": "16MB"}
STRANGER = 54321
"""A user number that is neither ours, nor nobody's, nor anybody's we know."""


def ask(url: str, sql: str, **options: Any) -> Any:
    async def run() -> Any:
        connection = await asyncpg.connect(url, timeout=10, **options)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(run())


def alive(pid: int) -> bool:
    """Not gone, and not a zombie nobody has waited for."""
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout.strip()[:1] not in {"", "Z"}


def until(condition: Any) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def in_its_own_process(data: Path, then: str) -> subprocess.Popen[str]:
    """Start a server from another Python, which does something then."""
    code = f"""
        import os, sys, time
        from pathlib import Path
        from namestead.store.embedded import EmbeddedPostgres
        server = EmbeddedPostgres(Path({str(data)!r}), settings={SMALL!r})
        server.start()
        print(server.pid, flush=True)
        {then}
    """
    return subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True)


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.fixture(scope="module")
def made(data_root: Path) -> Path:
    """A data directory that has been started and stopped once; tests copy it rather than make their own."""
    server = EmbeddedPostgres(data_root / "made", settings=SMALL)
    server.start()
    server.stop()
    return server.data


@pytest.fixture(scope="module")
def steady(data_root: Path) -> Iterator[EmbeddedPostgres]:
    """A server for the tests that only look."""
    server = EmbeddedPostgres(data_root / "steady", settings=SMALL)
    server.start()
    yield server
    server.stop(immediate=True)


@pytest.fixture
def data(data_root: Path, made: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A data directory of the test's own, with an empty cluster in it."""
    copy = data_root / re.sub(r"\W", "-", request.node.name)
    subprocess.run(["cp", "-Rp", made, copy], check=True)
    yield copy
    shutil.rmtree(copy, ignore_errors=True)


@pytest.fixture
def server(data: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(data, settings=SMALL)
    yield server
    server.stop(immediate=True)


# ----------------------------------------------------------------------------------------------------- an ordinary life


def test_data_outlive_a_stop_and_a_start(server: EmbeddedPostgres) -> None:
    url = server.start()
    ask(url, "CREATE TABLE kept AS SELECT 42 AS answer")
    server.stop()
    assert server.pid is None
    assert server.start() == url
    assert ask(url, "SELECT answer FROM kept") == 42


def test_starting_twice_is_starting_once(steady: EmbeddedPostgres) -> None:
    url = steady.start()
    pid = steady.pid
    assert (steady.start(), steady.pid) == (url, pid)


def test_a_url_says_where_and_who(steady: EmbeddedPostgres) -> None:
    url = urlsplit(steady.start())
    assert (url.scheme, url.username, url.path) == ("postgresql", "namestead", "/namestead")
    assert parse_qs(url.query) == {"host": [str(steady.socket_dir)], "port": ["5432"]}
    assert unquote(url.password or "") == steady.password
    assert steady.url == url.geturl()


def test_commands_beside_the_server_find_it(server: EmbeddedPostgres) -> None:
    assert running(server.data) is None
    url = server.start()
    assert running(server.data) == url
    server.stop()
    assert running(server.data) is None


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("server_encoding", "UTF8"),
        ("data_checksums", "on"),
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("listen_addresses", ""),
        ("shared_buffers", "64MB"),  # the test run's own
        ("max_connections", "200"),
        ("max_locks_per_transaction", "256"),
        ("TimeZone", "UTC"),
        ("jit", "off"),
    ],
)
def test_settings(postgres_url: str, setting: str, value: str) -> None:
    assert ask(postgres_url, f"SHOW {setting}") == value


def test_names_sort_alike_on_every_machine(postgres_url: str) -> None:
    locale = ask(postgres_url, "SELECT (datlocprovider::text, datlocale) FROM pg_database WHERE datname = 'namestead'")
    assert locale == ("b", "C.UTF-8")
    assert ask(postgres_url, "SELECT array_agg(n ORDER BY n) FROM unnest('{ä,a,Z,-}'::text[]) AS n") == list("-Zaä")


@pytest.mark.parametrize("setting", ["fsync", "synchronous_commit", "full_page_writes", "listen_addresses", "port"])
def test_what_cannot_be_set(data_root: Path, setting: str) -> None:
    with pytest.raises(ValueError, match=setting):
        EmbeddedPostgres(data_root / "unused", settings={setting: "off"})


@pytest.mark.parametrize("port", ["", "0", "65536", "-1", "pg", "٥٤"])
def test_not_a_port(data_root: Path, port: str) -> None:
    with pytest.raises(ValueError, match="listen_port"):
        EmbeddedPostgres(data_root / "unused", settings={"listen_port": port})


def test_two_servers_at_once(steady: EmbeddedPostgres, postgres_url: str) -> None:
    url = steady.url
    sql = "SELECT setting FROM pg_settings WHERE name = 'data_directory'"
    assert ask(url, sql) != ask(postgres_url, sql)


def test_it_ends_when_its_process_ends(data: Path) -> None:
    with in_its_own_process(data, then="sys.exit(3)") as process:
        pid = int(first_line(process))
        assert process.wait(10) == 3
    assert not alive(pid)


def test_a_fork_does_not_end_it(data: Path) -> None:
    process = in_its_own_process(data, then="os.fork() or sys.exit(); os.wait(); print(server.pid); sys.stdout.flush()")
    out, _ = process.communicate(timeout=10)
    first, second = out.split()
    assert first == second


def test_the_terminals_interrupt_does_not_reach_it(steady: EmbeddedPostgres) -> None:
    steady.start()
    assert steady.pid is not None
    assert os.getsid(steady.pid) == steady.pid != os.getsid(0)


# ------------------------------------------------------------------------------------------------------ who may come in


def test_nobody_comes_in_without_the_password(steady: EmbeddedPostgres) -> None:
    url = steady.start()
    with pytest.raises(asyncpg.InvalidPasswordError):
        ask(url, "SELECT 1", password="guessed")
    assert ask(url, "SELECT rolpassword FROM pg_authid WHERE rolname = 'namestead'").startswith("SCRAM-SHA-256$")
    command: list[str | Path] = [
        steady.bin_dir / "psql",
        "--no-password",
        "-h",
        steady.socket_dir,
        "-U",
        "namestead",
        "-c",
        "SELECT 1",
    ]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "no password supplied" in refused.stderr


def test_the_same_password_over_tcp(data: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = EmbeddedPostgres(data, settings=SMALL | {"listen_port": str(port)})
    try:
        assert ask(server.start(), "SHOW listen_addresses") == "127.0.0.1"
        there = f"postgresql://namestead@127.0.0.1:{port}/namestead"
        assert ask(there, "SELECT host(inet_server_addr())", password=server.password) == "127.0.0.1"
        with pytest.raises(asyncpg.InvalidPasswordError):
            ask(there, "SELECT 1", password="guessed")
    finally:
        server.stop()


def test_modes(steady: EmbeddedPostgres) -> None:
    steady.start()
    modes = {p.name: p.stat().st_mode & 0o777 for p in (*steady.data.iterdir(), steady.socket_dir)}
    assert {k: modes[k] for k in ("postgres", "postgres.log", "postgres.password", "socket", "lock")} == {
        "postgres": 0o700,
        "postgres.log": 0o600,
        "postgres.password": 0o600,
        "socket": 0o700,
        "lock": 0o600,
    }


@as_root
def test_another_user_of_the_machine_is_kept_out(steady: EmbeddedPostgres) -> None:
    steady.start()
    code = f"import socket; socket.socket(socket.AF_UNIX).connect({str(steady.socket_dir / '.s.PGSQL.5432')!r})"
    tried = subprocess.run(
        ["/usr/bin/env", "python3", "-S", "-c", code],
        user=STRANGER,
        group=STRANGER,
        extra_groups=[],
        env={"PATH": "/usr/bin:/bin"},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert "PermissionError: [Errno 13] Permission denied" in tried.stderr


@as_root
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_root_runs_it_as_nobody(steady: EmbeddedPostgres) -> None:
    steady.start()
    assert steady.user == "nobody"
    status = Path(f"/proc/{steady.pid}/status").read_text()
    nobody = str(pwd.getpwnam("nobody").pw_uid)
    assert re.search(r"^Uid:\s+(.*)$", status, re.MULTILINE)[1].split() == [nobody] * 4  # type: ignore[index]
    assert re.search(r"^Groups:(.*)$", status, re.MULTILINE)[1].split() == []  # type: ignore[index]


def test_the_password_is_in_no_log_and_on_no_command_line(steady: EmbeddedPostgres) -> None:
    ask(steady.url, "SELECT 1")
    line = subprocess.run(["ps", "-o", "args=", "-p", str(steady.pid)], capture_output=True, text=True, check=True)
    assert steady.password not in line.stdout
    files = [p for p in steady.data.rglob("*") if p.is_file()]
    assert ["postgres.password"] == [p.name for p in files if steady.password.encode() in p.read_bytes()]


def test_the_log_holds_neither_statements_nor_values(server: EmbeddedPostgres) -> None:
    url = server.start()
    with pytest.raises(asyncpg.InvalidTextRepresentationError):
        ask(url, "SELECT 'holder@secret.example'::int")
    server.stop()
    said = server.log_file.read_text()
    assert "ready to accept connections" in said
    assert "secret" not in said


# ----------------------------------------------------------------------------------------------- what stands in the way


def test_nothing_is_lost_when_postgres_is_killed(server: EmbeddedPostgres) -> None:
    url = server.start()
    ask(url, "CREATE TABLE kept AS SELECT 42 AS answer")
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    until(lambda: server.pid is None)
    assert server.start() == url
    assert ask(url, "SELECT answer FROM kept") == 42


def test_a_server_whose_process_was_killed_is_ended_and_started_anew(data: Path) -> None:
    with in_its_own_process(data, then="time.sleep(60)") as first:
        left = int(first_line(first))
        first.kill()
    assert alive(left)
    server = EmbeddedPostgres(data, settings=SMALL)
    try:
        assert ask(server.start(), "SELECT 1") == 1
        assert server.pid != left
        assert not alive(left)
    finally:
        server.stop()


def test_a_pid_file_that_means_somebody_else_now(server: EmbeddedPostgres) -> None:
    server.start()
    pidfile = server.data / "postgres" / "postmaster.pid"
    content = pidfile.read_text().split("\n", 1)[1]
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    until(lambda: server.pid is None)
    bystander = embedded._spawn(["sleep", "60"], server._user, output=subprocess.DEVNULL)
    try:
        pidfile.write_text(f"{bystander.pid}\n{content}")
        assert ask(server.start(), "SELECT 1") == 1
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


@pytest.mark.parametrize("content", ["", "rubbish\n", "-7\n"])
def test_a_damaged_pid_file(server: EmbeddedPostgres, content: str) -> None:
    (server.data / "postgres" / "postmaster.pid").write_text(content)
    assert ask(server.start(), "SELECT 1") == 1


def test_a_second_one_on_the_same_directory_is_refused(server: EmbeddedPostgres) -> None:
    url = server.start()
    with pytest.raises(EmbeddedInUse, match=rf"in use by another process \({os.getpid()}\)"):
        EmbeddedPostgres(server.data, settings=SMALL).start()
    assert ask(url, "SELECT 1") == 1


def test_an_initdb_that_was_cut_short_is_begun_again(data_root: Path) -> None:
    data = data_root / "cut"
    (data / "postgres.incomplete" / "base").mkdir(parents=True)
    (data / "postgres.incomplete" / "PG_VERSION").write_text("18\n")
    server = EmbeddedPostgres(data, settings=SMALL)
    try:
        assert ask(server.start(), "SELECT current_database()") == "namestead"
        assert not (data / "postgres.incomplete").exists()
    finally:
        server.stop(immediate=True)


def test_a_setting_postgres_refuses_is_shown_in_its_words(data: Path) -> None:
    server = EmbeddedPostgres(data, settings={"shared_buffers": "many"})
    with pytest.raises(EmbeddedError, match='invalid value for parameter "shared_buffers": "many"'):
        server.start()
    again = EmbeddedPostgres(data, settings=SMALL)
    assert ask(again.start(), "SELECT 1") == 1
    again.stop()


def test_a_lost_password_is_said(server: EmbeddedPostgres) -> None:
    (server.data / "postgres.password").unlink()
    with pytest.raises(EmbeddedError, match=r"postgres\.password is missing"):
        server.start()


def test_another_release_of_postgres_is_said(server: EmbeddedPostgres) -> None:
    (server.data / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedError, match=r"made by PostgreSQL 17, .* brings 18\. Dump it"):
        server.start()


@as_root
def test_another_users_cluster_is_said(server: EmbeddedPostgres) -> None:
    os.chown(server.data / "postgres", STRANGER, STRANGER)
    with pytest.raises(EmbeddedError, match=f"belongs to the user number {STRANGER}"):
        server.start()


def test_a_platform_without_the_wheel(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "WHEEL", "no-such-wheel")
    embedded._wheel_binaries.cache_clear()
    embedded._usable_binaries.cache_clear()
    try:
        with pytest.raises(EmbeddedUnavailable, match="--database URL"):
            EmbeddedPostgres(data).start()
    finally:
        embedded._wheel_binaries.cache_clear()


# ------------------------------------------------------------------------------------------------------- awkward places


def test_a_user_without_a_name_is_said(data_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Container platforms like to run images under a number nobody has heard of."""
    monkeypatch.setattr(os, "geteuid", lambda: STRANGER)
    embedded._runs_as.cache_clear()
    try:
        with pytest.raises(EmbeddedUnavailable, match=rf"user number {STRANGER}.* --database URL"):
            EmbeddedPostgres(data_root / "unused")
    finally:
        embedded._runs_as.cache_clear()


def test_a_path_too_long_for_a_socket(data: Path, data_root: Path) -> None:
    deep = data_root / ("d" * 60) / ("e" * 60) / 'data, with a comma\'s "quotes"'
    deep.parent.mkdir(parents=True)
    data.rename(deep)
    server = EmbeddedPostgres(deep, settings=SMALL)
    try:
        url = server.start()
        assert not server.socket_dir.is_relative_to(deep)
        assert server.socket_dir.stat().st_mode & 0o777 == 0o700
        assert ask(url, "SELECT 1") == 1
        assert running(deep) == url
    finally:
        server.stop()
    assert not server.socket_dir.exists()


def test_awkward_characters_in_a_path(data: Path) -> None:
    awkward = data.with_name('a b\'s "ü" 100%')
    data.rename(awkward)
    server = EmbeddedPostgres(awkward, settings=SMALL)
    try:
        assert ask(server.start(), "SELECT 1") == 1
        assert server.socket_dir == awkward / "socket"
    finally:
        server.stop()
        shutil.rmtree(awkward)


def test_somebody_elses_directory_is_not_taken_for_the_socket(server: EmbeddedPostgres) -> None:
    shutil.rmtree(server.data / "socket")
    (server.data / "socket").mkdir(mode=0o777)
    (server.data / "socket").chmod(0o777)
    server.start()
    assert server.socket_dir != server.data / "socket"


@as_root
def test_where_nobody_can_go_the_cluster_and_the_binaries_move(
    tmp_path: Path, data_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clone under /root: neither the virtual environment nor ./data can be entered by the unprivileged user."""
    state = data_root / "state"
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    wheel = embedded._wheel_binaries().parent.parent
    packages = closed / "site-packages"
    shutil.copytree(wheel, packages / wheel.name, symlinks=True, ignore=shutil.ignore_patterns("pginstall", "*.a"))
    for libraries in wheel.parent.glob(f"{wheel.name}.libs"):
        shutil.copytree(libraries, packages / libraries.name, symlinks=True)
    monkeypatch.setattr(embedded, "_wheel_binaries", lambda: packages / wheel.name / embedded.INSTALLED_AS / "bin")

    server = EmbeddedPostgres(closed / "data", settings=SMALL, root_state=state)
    try:
        url = server.start()
        assert server.bin_dir.is_relative_to(state / f"pgsql-{server.version}-{version(embedded.WHEEL)}")
        home = Path((server.data / "postgres.location").read_text().strip())
        assert home.parent == state
        ask(url, "CREATE TABLE kept AS SELECT 42 AS answer")
        assert running(server.data) == url
        server.stop()
        assert server.start() == url
        assert ask(url, "SELECT answer FROM kept") == 42
        server.stop()

        # A data directory that was removed and made again starts empty, and leaves the old cluster where it is.
        shutil.rmtree(server.data)
        with pytest.raises(asyncpg.UndefinedTableError):
            ask(server.start(), "SELECT answer FROM kept")
        assert Path((server.data / "postgres.location").read_text().strip()) == home.with_name(f"{home.name}-2")
        assert (home / "postgres" / "PG_VERSION").exists()
    finally:
        server.stop(immediate=True)


def test_the_fixtures_of_the_test_run(fresh_database: str, database: str) -> None:
    assert fresh_database != database
    assert ask(fresh_database, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == 0
