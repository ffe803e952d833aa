"""What only we care about, and no tool checks for us. Each rule says why; each exception has its reason beside it."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from namestead import errors
from namestead.commands.table import TABLE, Row

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src").rglob("*.py"))
ALL_PYTHON = sorted([*SOURCES, *(p for d in ("tests", "bench", "tools") for p in (ROOT / d).rglob("*.py"))])

REAL_CLOCKS = {
    # Real time rules limits, sessions, certificates, second factors and beacons; registry time comes from the database
    # (DESIGN, Time). Nothing else reads a clock.
    "src/namestead/engine/limits.py": "rate limits count by the calendar minute of real time",
    "src/namestead/api/gates.py": "rate limits and the expiry of keys",
    "src/namestead/cli/key.py": "the expiry of keys",
    "src/namestead/cli/demo.py": "certificates are made and renewed by real time",
    "src/namestead/epp/server.py": "the greeting",
    "src/namestead/store/checks.py": "doctor compares the clocks of two machines",
}
CLOCKS = {
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "time": {"time", "time_ns", "localtime", "gmtime", "ctime"},
}

MAY_PRINT = "src/namestead/cli/"
"""The command line talks to the person at the terminal."""


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def clocks_read(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=owner) | ast.Attribute(attr=owner), attr=method):
                if method in CLOCKS.get(owner, ()):
                    yield f"{owner}.{method}"
            case ast.ImportFrom(module="time", names=names):
                yield from (f"time.{n.name}" for n in names if n.name in CLOCKS["time"])


def test_nothing_reads_a_clock_but_what_real_time_rules() -> None:
    found = {name_of(path): set(clocks_read(tree_of(path))) for path in SOURCES}
    read = {name for name, clocks in found.items() if clocks}
    assert set() == read - REAL_CLOCKS.keys()
    assert set() == REAL_CLOCKS.keys() - read  # an exception that nobody needs any more


@pytest.mark.parametrize(
    "line",
    [
        "datetime.now(UTC)",
        "datetime.datetime.utcnow()",
        "dt.datetime.now()",
        "date.today()",
        "time.time()",
        "from time import time",
        "f(key=time.time)",
    ],
)
def test_a_clock_is_seen(line: str) -> None:
    assert list(clocks_read(ast.parse(line)))


def test_only_the_command_line_prints() -> None:
    def prints(path: Path) -> bool:
        return any(
            isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("print", "breakpoint")
            for node in ast.walk(tree_of(path))
        )

    assert [] == [name_of(p) for p in SOURCES if not name_of(p).startswith(MAY_PRINT) and prints(p)]


def test_every_module_says_what_it_is() -> None:
    assert [] == [name_of(p) for p in ALL_PYTHON if p.read_text().strip() and not ast.get_docstring(tree_of(p))]


def test_imports_are_absolute() -> None:
    def relative(path: Path) -> bool:
        return any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(tree_of(path)))

    assert [] == [name_of(p) for p in ALL_PYTHON if relative(p)]


def test_nothing_is_called_utils() -> None:
    """A shared decision is a rule with a noun for a name (STYLE)."""
    vague = {"utils", "util", "helpers", "helper", "misc", "common"}
    assert [] == [name_of(p) for p in ALL_PYTHON if p.stem in vague or p.parent.name in vague]


def test_no_command_waits_to_be_written() -> None:
    def unfinished(path: Path) -> bool:
        return any(
            isinstance(node, ast.Raise) and node.exc is not None and "NotImplementedError" in ast.dump(node.exc)
            for node in ast.walk(tree_of(path))
        )

    assert [] == [name_of(p) for p in SOURCES if "commands" in p.parts and unfinished(p)]


# ---------------------------------------------------------------------------------------------------------- documented


@pytest.mark.parametrize("kind", errors.CATALOGUE, ids=lambda k: k.code)
def test_every_error_is_documented(kind: errors.Kind) -> None:
    rows = [line for line in (ROOT / "docs" / "errors.md").read_text().splitlines() if f"`{kind.code}`" in line]
    assert rows
    assert any(str(kind.http_status) in row and str(kind.epp_result_code) in row for row in rows)


COMMANDS = [row for row in TABLE if row.command.__module__ != "namestead.commands.listings"]
"""Listings are the store's, and tested through the doors that show them."""


@pytest.mark.parametrize("row", COMMANDS, ids=lambda r: r.name)
def test_every_command_has_a_test(row: Row) -> None:
    """`commands/domain/create.py` is tested in `tests/commands/domain/test_create.py`; small ones may share a file, and
    the engine's own is tested with the engine."""
    *folder, file = row.command.__module__.removeprefix("namestead.").split(".")
    tests = ROOT.joinpath("tests", *folder)
    if (tests / f"test_{file}.py").is_file():
        return
    using = re.compile(rf"\b{row.command.__name__}\(")
    where = [
        *tests.glob("test_*.py"),
        *((ROOT / "tests" / "engine").glob("test_*.py") if folder == ["commands"] else ()),
    ]
    assert [p.name for p in sorted(where) if using.search(p.read_text())]


@pytest.mark.parametrize("row", TABLE, ids=lambda r: r.name)
def test_a_command_is_called_one_name_all_the_way(row: Row) -> None:
    """`create_domain` is `CreateDomain`."""
    assert "".join(part.capitalize() for part in row.name.split("_")) == row.command.__name__


# ------------------------------------------------------------------------------------------------- nothing of our own

TRACES = {
    # What a tracked file would have of the machine it was written on.
    "a working directory": r"/(work|builds?|workspace)/\w+/",
    "a home": r"/(home|Users)/\w+/|/root/\.\w+|~/\.cache",
    "a scratch directory": r"/tmp/(?!pytest)\w+venv|/tmp/smoke",
    "an index of packages": r"--(extra-)?index-url|--find-links|--trusted-host|UV_INDEX|PIP_INDEX",
    "a token": r"\b(gh[pousr]_\w{20,}|AKIA[0-9A-Z]{16}|glpat-\w{10,})\b|-----BEGIN [A-Z ]*PRIVATE KEY-----\n\w{20}",
}
SAYS_WHAT_TO_LOOK_FOR = "tests/test_tidy.py"


def tracked() -> list[Path]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("trace", TRACES)
def test_no_file_tells_of_the_machine_it_was_written_on(trace: str) -> None:
    pattern = re.compile(TRACES[trace])
    found = {}
    for path in tracked():
        match = pattern.search(path.read_bytes().decode(errors="replace"))
        if match and name_of(path) != SAYS_WHAT_TO_LOOK_FOR:
            found[name_of(path)] = match.group()
    assert {} == found
