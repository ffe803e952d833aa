"""`namestead log`: everything that was done, and nothing secret."""

from __future__ import annotations

import json
import subprocess
import threading

from tests.cli.conftest import CommandLine
from tests.serving import Served, namestead


def test_the_tail_and_one_row(cli: CommandLine, demo: Served) -> None:
    with demo.client() as alpha:
        answer = alpha.post("/domains", json={"domain": "logged.example"}, headers={"Idempotency-Key": "log-1"}).json()
    lines = cli("log", "tail", "--domain", "logged.example", "--json").out.splitlines()
    [row] = [json.loads(line) for line in lines]
    assert (answer["audit_id"], "create_domain", "alpha", "http", "log-1") == tuple(
        row[k] for k in ("audit_id", "command", "registrar", "surface", "idempotency_key")
    )
    shown = cli.json("log", "show", answer["audit_id"])
    assert [("10.00", "create")] == [(p["amount"], p["reason"]) for p in shown["postings"]]
    assert ["domain"] == [v["object"].split()[0] for v in shown["versions"]]
    assert "logged.example" in cli("log", "show", answer["audit_id"].removeprefix("log_")).out


def test_filters(cli: CommandLine, demo: Served) -> None:
    with demo.client("beta") as beta:
        beta.post("/domains", json={"domain": "filtered.example"})
        beta.post("/domains", json={"domain": "filtered.example"})
    failed = cli("log", "tail", "--registrar", "beta", "--status", "failed", "--command", "create_domain", "--json").out
    assert ["filtered.example"] == [json.loads(line)["domain"] for line in failed.splitlines()]
    assert "" == cli("log", "tail", "--domain", "nothing.example", "--json").out
    assert "registrar_not_found" == cli.refused("log", "tail", "--registrar", "nobody")["error"]


def test_a_row_that_is_not_there(cli: CommandLine) -> None:
    assert "object_not_found" == cli.refused("log", "show", "log_999999999")["error"]
    assert 2 == cli("log", "show", "yesterday").status


def test_following(demo: Served) -> None:
    command, environment = namestead(
        *("log", "tail", "-n", "0", "--follow", "--json", "--domain", "followed.example"),
        *("--data", str(demo.directory / "data")),
    )
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines: list[str] = []
        reader = threading.Thread(target=lambda out: lines.append(out.readline()), args=(process.stdout,))
        reader.start()
        try:
            with demo.client() as alpha:
                for _ in range(60):  # rows from before it began to follow are not shown
                    alpha.post("/domains", json={"domain": "followed.example"})
                    reader.join(0.5)
                    if lines:
                        break
        finally:
            process.terminate()
            reader.join()
    assert "create_domain" == json.loads(lines[0])["command"]
