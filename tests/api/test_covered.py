"""`covered.md` tells the truth: every test it names is there."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent.parent


def test_every_test_that_is_named_is_there() -> None:
    named = set(re.findall(r"\btest_\w+\b(?!\.py)", (TESTS / "api" / "covered.md").read_text()))
    there = {
        name
        for folder in ("api", "stories")
        for file in (TESTS / folder).glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)
    }
    assert set() == named - there
