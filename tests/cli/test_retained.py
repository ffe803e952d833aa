"""`namestead retained`: lists go in whole or not at all, tokens are hashes, dates mean what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import CommandLine
from tests.serving import Served


def written(directory: Path, text: str) -> str:
    file = directory / "list.csv"
    file.write_text(text, encoding="utf-8")
    return str(file)


def create(demo: Served, name: str, token: str | None = None) -> str:
    """`ok`, or why the name cannot be had."""
    body = {"domain": name, **({"allocation_token": token} if token else {})}
    with demo.client() as alpha:
        answer = alpha.post("/domains", json=body)
    return "ok" if answer.status_code == 201 else str(answer.json()["error"])


def test_a_reserved_name_opens_once_with_its_token(cli: CommandLine, demo: Served) -> None:
    made = cli.json(
        "retained", "add", "bank.example", "--kind", "reserved", "--reason", "regulated", "--generate-token"
    )
    assert "name_reserved" == create(demo, "bank.example")
    assert "allocation_token_invalid" == create(demo, "bank.example", "wrong" * 5)
    assert made["allocation_token"] not in cli("log", "show", made["audit_id"], "--json").out
    assert "ok" == create(demo, "bank.example", made["allocation_token"])
    assert "bank.example" not in {e["name"] for e in cli.json("retained", "list")["retained"]}, "used up"


def test_a_token_of_ones_own_comes_from_a_file(cli: CommandLine, demo: Served, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("a-token-of-my-own\n")
    cli.json("retained", "add", "own.example", "--kind", "claim", "--token", str(tmp_path / "token"))
    assert "claim_required" == create(demo, "own.example")
    assert "ok" == create(demo, "own.example", "a-token-of-my-own")
    done = cli("retained", "add", "own2.example", "--kind", "claim", "--token", "as-an-argument")
    assert (1, True) == (done.status, "others could read" in done.err)
    assert 1 == cli("retained", "add", "own2.example", "--kind", "claim", "--token", "-", stdin="short\n").status
    assert (
        0
        == cli("retained", "add", "own2.example", "--kind", "claim", "--token", "-", stdin="long-enough-token\n").status
    )


def test_dates(cli: CommandLine, demo: Served) -> None:
    cli.json("retained", "add", "later.example", "--kind", "disputed", "--from", "2099-01-01", "--until", "2099-02-01")
    assert "ok" == create(demo, "later.example"), "not in force yet"
    shown = {e["name"]: e["starts_at"] for e in cli.json("retained", "list", "--kind", "disputed")["retained"]}
    assert "2099-01-01T00:00:00Z" == shown["later.example"]
    assert (
        "value_out_of_range"
        == cli.refused("retained", "add", "past.example", "--kind", "blocked", "--until", "2001-01-01")["error"]
    )
    assert 2 == cli("retained", "add", "past.example", "--kind", "blocked", "--until", "tomorrow").status


def test_kinds_stand_side_by_side_and_are_removed_one_by_one(cli: CommandLine, demo: Served) -> None:
    for kind in ("reserved", "disputed"):
        cli.json("retained", "add", "both.example", "--kind", kind)
    assert "object_exists" == cli.refused("retained", "add", "both.example", "--kind", "reserved")["error"]
    assert "name_disputed" == create(demo, "both.example")
    assert "invalid_request" == cli.refused("retained", "remove", "both.example")["error"]
    cli.json("retained", "remove", "both.example", "--kind", "disputed")
    assert "name_reserved" == create(demo, "both.example")
    cli.json("retained", "remove", "both.example", "--reason", "settled")
    assert "object_not_found" == cli.refused("retained", "remove", "both.example")["error"]
    assert "ok" == create(demo, "both.example")


@pytest.mark.parametrize(
    "arguments, code",
    [
        (("a.elsewhere", "--kind", "reserved"), "zone_not_found"),
        (("a.b.example", "--kind", "reserved"), "invalid_request"),
        (("a b.example", "--kind", "reserved"), "invalid_request"),
        (("tok.example", "--kind", "blocked", "--generate-token"), "invalid_request"),
    ],
)
def test_what_is_refused(cli: CommandLine, arguments: tuple[str, ...], code: str) -> None:
    assert code == cli.refused("retained", "add", *arguments)["error"]


def test_a_kind_that_is_none_is_a_misuse(cli: CommandLine) -> None:
    assert 2 == cli("retained", "add", "a.example", "--kind", "forbidden").status


def test_a_whole_file(cli: CommandLine, demo: Served, tmp_path: Path) -> None:
    file = written(
        tmp_path,
        "name,kind,from,until,reason,token\n"
        "list1.example,reserved,,,municipality,token-of-sixteen\n"
        "münchen.example,blocked,,,,\n"
        "list3.example,disputed,2026-01-01,2099-01-01T12:00:00Z,,\n",
    )
    assert (3, False) == tuple(cli.json("retained", "import", file, "--check")[k] for k in ("count", "stored"))
    assert "ok" == create(demo, "list-free.example")
    done = cli.json("retained", "import", file)
    assert (3, {"reserved": 1, "blocked": 1, "disputed": 1}) == (done["count"], done["kinds"])
    assert "name_blocked" == create(demo, "münchen.example")
    assert "ok" == create(demo, "list1.example", "token-of-sixteen")
    assert "token-of-sixteen" not in cli("log", "show", done["audit_id"], "--json").out


def test_one_bad_line_and_nothing_is_stored_but_every_reason_told(cli: CommandLine, tmp_path: Path) -> None:
    cli.json("retained", "add", "there.example", "--kind", "blocked")
    file = written(
        tmp_path,
        "name,kind,until\n"
        "fine.example,blocked,\n"
        "no name.example,blocked,\n"
        "x.example,forbidden,\n"
        "y.example,blocked,soon\n"
        "z.elsewhere,blocked,\n"
        "there.example,blocked,\n"
        "fine.example,blocked,\n"
        "q.example,blocked\n",
    )
    refused = cli.refused("retained", "import", file)
    assert "batch_rejected" == refused["error"]
    assert [f"line {n}" for n in (3, 4, 5, 6, 7, 8, 9)] == [f["field"] for f in refused["details"]]
    assert "fine.example" not in {e["name"] for e in cli.json("retained", "list")["retained"]}
    told = cli("retained", "import", file).err
    assert "line 7: there.example is blocked already" in told


@pytest.mark.parametrize("text", ["", "name\nx.example\n", "name,kind,colour\nx.example,blocked,red\n", "name,kind\n"])
def test_a_file_that_is_no_list(cli: CommandLine, tmp_path: Path, text: str) -> None:
    done = cli("retained", "import", written(tmp_path, text))
    assert (1, False) == (done.status, "Traceback" in done.err)


def test_a_long_list(cli: CommandLine, tmp_path: Path) -> None:
    names = "".join(f"bulk-{n}.ote,reserved\n" for n in range(5000))
    assert 5000 == cli.json("retained", "import", written(tmp_path, "name,kind\n" + names))["count"]
    assert 5000 == len(cli.json("retained", "list", "--zone", "ote", "--limit", "6000")["retained"])
