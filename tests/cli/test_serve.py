"""`namestead serve` as its user meets it: what it prints is true, what it answered stays, it stops when told to."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import httpx
import pytest

from namestead.store import embedded
from tests import serving
from tests.serving import API, Served, namestead


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False).stdout


def register(client: httpx.Client, name: str, key: str | None = None) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key is not None else {}
    return client.post("/domains", json={"domain": name}, headers=headers)


@pytest.fixture(scope="module")
def lived(places: Callable[[], Path]) -> Served:
    """A demo that was started, used as it says, and stopped."""
    served = serving.demo(places())
    with served:
        [curl] = re.findall(r"^  (curl .*?\}')$", served.said, re.MULTILINE | re.DOTALL)
        served.facts["curl"] = subprocess.run(
            ["sh", "-c", curl], capture_output=True, text=True, timeout=20, check=False
        ).stdout
        served.facts["modes"] = {
            "ready": mode(served.ready),
            "demo": mode(served.directory / "data" / "demo.json"),
            "password": mode(served.directory / "data" / "postgres.password"),
        }
        served.facts["listing"] = said("ps", "axww", "-o", "args")
    served.facts["status"] = served.wait()
    return served


def test_the_printed_curl_registers_a_name(lived: Served) -> None:
    assert '"status":"success"' in lived.facts["curl"]
    assert '"domain":"alice.example"' in lived.facts["curl"]


def test_files_with_secrets_are_their_owners_alone(lived: Served) -> None:
    assert {"ready": 0o600, "demo": 0o600, "password": 0o600} == lived.facts["modes"]


def test_no_secret_is_in_the_process_list(lived: Served) -> None:
    password = (lived.directory / "data" / "postgres.password").read_text().strip()
    listing = lived.facts["listing"]
    assert "namestead.cli serve" in listing
    known = [r for r in lived.facts["registrars"].values() if "api_key" in r]
    for secret in (password, *(r[what] for r in known for what in ("api_key", "epp_password"))):
        assert secret not in listing


def test_it_ends_well_and_takes_the_ready_file_along(lived: Served) -> None:
    assert 0 == lived.facts["status"]
    assert not lived.ready.exists()
    assert embedded.running(lived.directory / "data") is None


def test_the_ready_file_says_what_the_demo_has(demo: Served) -> None:
    assert ["example", "ote"] == demo.facts["zones"]
    assert {"alpha", "beta", "gamma", "house"} == demo.facts["registrars"].keys()
    assert all("channel_id" in known for known in demo.facts["registrars"].values())
    assert {"http", "epp", "database", "zones", "registrars"} == demo.facts.keys(), (
        "parts that do not exist yet are absent"
    )


def test_gamma_is_not_approved_for_production(demo: Served) -> None:
    with demo.client("gamma") as gamma:
        assert "registrar_channel_not_production_approved" == register(gamma, "gamma1.example").json()["error"]
        assert 201 == register(gamma, "gamma1.ote").status_code


def test_a_restart_keeps_names_and_secrets(lived: Served) -> None:
    before = lived.key()
    with serving.demo(lived.directory) as again:
        assert before == again.key()
        with again.client() as alpha:
            assert 200 == alpha.get("/domains/alice.example").status_code
            assert "99990.00" == alpha.get("/balance").json()["balance"]["amount"], "money is paid in once"


def test_sigterm_under_load_answers_what_was_accepted(places: Callable[[], Path]) -> None:
    served = serving.demo(places()).start()
    answered: list[str] = []
    cut_off: list[str] = []
    broken: list[str] = []

    def load(worker: int) -> None:
        with served.client() as client:
            for n in range(10_000):
                name = f"load-{worker}-{n}.example"
                try:
                    response = register(client, name)
                except httpx.ConnectError:
                    return
                except httpx.HTTPError:
                    cut_off.append(name)  # a kept connection may be closed while it is idle
                    return
                if response.status_code == 201:
                    answered.append(name)
                elif response.status_code not in (429, 503):
                    broken.append(response.text)

    threads = [threading.Thread(target=load, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    until = time.monotonic() + 30
    while len(answered) <= 20 and time.monotonic() < until:  # in full swing, however slow the machine is
        time.sleep(0.02)
    served.signal(signal.SIGTERM)
    for thread in threads:
        thread.join(30)
    assert 0 == served.wait()
    assert [] == broken
    assert len(answered) > 20
    with serving.demo(served.directory) as again:
        stored = asyncio.run(_names(again.facts["database"], "load-%"))
    assert set(answered) <= stored, "what was answered is there"
    assert not stored & set(cut_off), "what was accepted was answered"


async def _names(url: str, pattern: str) -> set[str]:
    connection = await asyncpg.connect(url)
    try:
        return {row["name"] for row in await connection.fetch("SELECT name FROM domain WHERE name LIKE $1", pattern)}
    finally:
        await connection.close()


def test_workers_share_a_port_and_a_dead_one_is_replaced(places: Callable[[], Path]) -> None:
    with serving.demo(places(), "--workers", "2") as served:
        assert served.process is not None
        workers = _children(served.process.pid, "namestead.cli.worker")
        assert 2 == len(workers)
        with served.client() as alpha:
            assert 201 == register(alpha, "shared.example").status_code
        os.kill(workers[0], signal.SIGKILL)
        until = time.monotonic() + 20
        while len(now := set(_children(served.process.pid, "namestead.cli.worker")) - {workers[0]}) < 2:
            assert time.monotonic() < until, f"no new worker: {served.said}"
            time.sleep(0.05)
        assert workers[1] in now
        with served.client() as alpha:
            assert 200 == alpha.get("/domains/shared.example").status_code
        password = (served.directory / "data" / "postgres.password").read_text().strip()
        for worker in now:
            whole = Path(f"/proc/{worker}/environ").read_bytes() + Path(f"/proc/{worker}/cmdline").read_bytes()
            assert password.encode() not in whole
    assert 0 == served.wait()


def _children(parent: int, what: str) -> list[int]:
    listing = said("ps", "axww", "-o", "pid=,ppid=,args=")
    rows = (line.split(None, 2) for line in listing.splitlines())
    return [int(row[0]) for row in rows if int(row[1]) == parent and what in row[2]]


def test_a_database_that_dies_comes_back(places: Callable[[], Path]) -> None:
    with serving.demo(places()) as served:
        pidfile = served.directory / "data" / "postgres" / "postmaster.pid"
        before = int(pidfile.read_text().split("\n", 1)[0])
        os.kill(before, signal.SIGKILL)
        with served.client() as alpha:
            until = time.monotonic() + 30
            while (answer := register(alpha, "revived.example", "revived")).status_code != 201:
                assert answer.status_code in (409, 503), answer.text
                assert time.monotonic() < until, served.said
                time.sleep(0.1)
    assert 0 == served.wait()


def test_secrets_never_get_into_the_log(demo: Served) -> None:
    with demo.client() as alpha:
        register(alpha, "quiet.example")
    httpx.get(demo.http + API + "/status", headers={"Authorization": "Bearer nst_" + "x" * 40})
    password = (demo.directory / "data" / "postgres.password").read_text().strip()
    for secret in (password, demo.key(), "nst_"):
        assert secret not in demo.said


@pytest.mark.parametrize(
    "arguments, says",
    [
        (("--http-host", "192.0.2.1"), "--plain-http-on-any-address"),
        (("--only", "whois"), "does not serve whois yet"),
        (("--only", "epp"), "set epp_cert and epp_key"),
        (("--http-cert", "nowhere.pem"), "belong together"),
        (("--http-cert", "nowhere.pem", "--http-key", "nowhere.key"), "cannot be used"),
    ],
)
def test_what_could_not_work_is_refused_at_once(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    command, environment = namestead("serve", "--data", str(tmp_path / "data"), *arguments)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert 1 == done.returncode
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data").exists()


def test_a_port_in_use_is_told(demo: Served, places: Callable[[], Path]) -> None:
    port = demo.http.rpartition(":")[2]
    command, environment = namestead("serve", "--data", str(places() / "data"), "--http-port", port)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert 1 == done.returncode
    assert f"port {port}" in done.stderr and "--http-port" in done.stderr


def test_a_register_that_is_no_demo_is_not_filled(demo: Served, places: Callable[[], Path]) -> None:
    command, environment = namestead(
        *("serve", "--demo", "--data", str(places()), "--http-port", "0"),
        environment={"NAMESTEAD_DATABASE": demo.facts["database"]},
    )
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert 1 == done.returncode
    assert "not a demo" in done.stderr
