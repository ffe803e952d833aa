"""`covered.md` tells the truth: every test it names is there."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent.parent


def test_every_test_that_is_named_is_there() -> None:
    text = (TESTS / "commands" / "covered.md").read_text()
    named = set(re.findall(r"([\w/]+/test_\w+\.py)::(test_\w+)", text))
    files = {file for file, _ in named}
    there = {
        (file, name)
        for file in files
        if (TESTS / file).is_file()
        for name in re.findall(r"^(?:async )?def (test_\w+)", (TESTS / file).read_text(), re.MULTILINE)
    }
    assert named
    assert set() == named - there
