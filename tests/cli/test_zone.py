"""`namestead zone`: a file is the whole policy, its plan is shown first, and nothing half right is applied."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from namestead.cli import zone_file
from namestead.cli.demo import policy
from namestead.objects.names import IdnTable, LabelPolicy, Name
from namestead.objects.zone import Price, Zone
from tests.cli.conftest import CommandLine


def written(directory: Path, text: str) -> str:
    file = directory / "zone.yaml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_a_zone_is_made_shown_and_changed_by_plan(cli: CommandLine, tmp_path: Path) -> None:
    file = written(tmp_path, "zone: shop\npolicy:\n  prices:\n  - {command: create, amount: '5.00', currency: EUR}\n")
    made = cli.json("zone", "apply", file, "--yes")
    assert (True, True, 1) == (made["applied"], made["created"], made["version"])

    shown = cli("zone", "show", "shop").out
    again = written(tmp_path, shown)
    assert [] == cli.json("zone", "apply", again)["plan"], "what is shown is what would make it"

    changed = written(tmp_path, shown.replace("'5.00'", "'6.50'").replace("add_grace: 5d", "add_grace: 3d"))
    plan = cli("zone", "apply", changed, "--plan").out
    assert "~ policy.lengths.add_grace: 5d -> 3d" in plan
    assert "~ policy.prices[create EUR]: 5.00 EUR -> 6.50 EUR" in plan
    assert "add_grace: 5d" in cli("zone", "show", "shop").out, "a plan changes nothing"

    assert 1 == cli("zone", "apply", changed, stdin="n\n").status
    assert 0 == cli("zone", "apply", changed, stdin="y\n").status
    assert "add_grace: 3d" in cli("zone", "show", "shop").out
    listed = {z["zone"]: z["version"] for z in cli.json("zone", "list")["zones"]}
    assert 2 == listed["shop"]


def test_with_json_nothing_is_asked(cli: CommandLine, tmp_path: Path) -> None:
    file = written(tmp_path, "zone: quiet\n")
    assert "--yes" in cli.refused("zone", "apply", file)["message"]
    assert "quiet" not in {z["zone"] for z in cli.json("zone", "list")["zones"]}


@pytest.mark.parametrize(
    "text, says",
    [
        ("zone: [", "not a zone file"),
        ("- 1", "holds no mapping"),
        ("test: true", "zone: the name of the zone is missing"),
        ("zone: ex ample", "white space"),
        ("zone: a\npolcy: {}", "polcy: there is no such setting"),
        ("zone: a\npolicy: {open: maybe}", "policy.open: takes true or false, not 'maybe'"),
        ("zone: a\npolicy: {contacts: some}", "policy.contacts: takes none, optional, required, not 'some'"),
        ("zone: a\npolicy: {lengths: {add_grace: 5 days}}", "policy.lengths.add_grace"),
        ("zone: a\npolicy: {prices: [{command: create, amount: 10.00, currency: EUR}]}", "put the amount in quotes"),
        ("zone: a\npolicy: {prices: [{command: create}]}", "amount and currency is missing"),
        ("zone: a\npolicy: {label: {idn_tables: [klingon]}}", "there is no table 'klingon'"),
    ],
)
def test_a_bad_file_is_told_with_the_place(cli: CommandLine, tmp_path: Path, text: str, says: str) -> None:
    done = cli("zone", "apply", written(tmp_path, text), "--yes")
    assert 1 == done.status
    assert says in done.err


def test_every_fault_of_a_file_is_told(cli: CommandLine, tmp_path: Path) -> None:
    file = written(tmp_path, "zone: a\ntest: 1\npolicy: {open: 1, min_years: x, hosts: none}\n")
    done = cli("zone", "apply", file, "--yes")
    assert 4 == done.err.count(": takes ")


@pytest.mark.parametrize(
    "text, code",
    [
        ("zone: a\npolicy: {min_years: 0}", "invalid_request"),
        ("zone: a\npolicy: {label: {forbidden: ['(']}}", "invalid_request"),
        ("zone: a\nhouse_registrar: nobody", "registrar_not_found"),
        ("zone: ote\ntest: false", "policy_violation"),
    ],
)
def test_what_the_register_refuses_is_refused_in_the_plan_too(
    cli: CommandLine, tmp_path: Path, text: str, code: str
) -> None:
    for how in ("--plan", "--yes"):
        assert code == cli.refused("zone", "apply", written(tmp_path, text), how)["error"]


def test_a_file_that_is_not_there(cli: CommandLine, tmp_path: Path) -> None:
    assert "cannot be read" in cli("zone", "apply", str(tmp_path / "none.yaml")).err


def test_a_zone_that_is_not_there(cli: CommandLine) -> None:
    assert "zone_not_found" == cli.refused("zone", "show", "nowhere")["error"]


def test_a_policy_reads_back_as_it_was_written(tmp_path: Path) -> None:
    starts, ends = datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 6, 1, 12, 30, tzinfo=UTC)
    own = IdnTable("own", frozenset("äöz"), "mine")
    whole = replace(
        policy(),
        label=LabelPolicy(min_length=3, allow_idn=True, idn_tables=(own,), forbidden=("^xx", "test$")),
        prices=(Price("create", 99900, "EUR", "gold", 2, starts, ends), *policy().prices),
        premium={"gold": "gold", "1": "gold"},
    )
    zone = Zone(1, Name("example"), test=True, house_registrar_id=None, policy=whole, created_at=starts)
    read = zone_file.read(Path(written(tmp_path, zone_file.write(zone, "house"))))
    assert (Name("example"), True, "house", whole) == (read.name, read.test, read.house_registrar, read.policy)
