"""`covered.md` tells the truth: every test it names is there, and every paragraph of the contract has its rows."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent.parent
COVERED = (TESTS / "epp" / "covered.md").read_text()
PARAGRAPHS = {
    *("Extensions", "Commands", "Framing", "Ids", "Every answer", "Every frame", "XML", "Check", "Domain", "Transfer"),
    *("AuthInfo", "Host", "Contact", "RGP", "secDNS", "Fee", "Poll", "Sessions at scale", "Client"),
}


def rows() -> list[list[str]]:
    lines = [line for line in COVERED.splitlines() if line.startswith("| ")][1:]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]


def test_every_test_that_is_named_is_there() -> None:
    named = set(re.findall(r"\btest_\w+\b(?!\.py)", COVERED))
    there = {
        name
        for folder in ("epp", "epp/wire", "stories")
        for file in (TESTS / folder).glob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", file.read_text(), re.MULTILINE)
    }
    assert set() == named - there


def test_every_paragraph_has_its_rows_and_every_row_a_test() -> None:
    assert PARAGRAPHS == {row[0] for row in rows()}
    assert [] == [row for row in rows() if len(row) != 3 or not re.search(r"test_\w+|every test", row[2])]


def test_every_test_over_the_wire_holds_a_sentence() -> None:
    """A test nobody can say the reason of is one nobody dares to change."""
    there = {
        name
        for file in (TESTS / "epp" / "wire").glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)
    }
    assert set() == there - set(re.findall(r"\btest_\w+\b", COVERED))
