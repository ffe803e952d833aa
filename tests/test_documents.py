"""The generated documents in `docs/` are what the code would write now."""

from pathlib import Path

import pytest

from namestead.cli.documents import DOCUMENTS, PHASES
from namestead.objects.domain import Phase

DOCS = Path(__file__).parent.parent / "docs"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_committed_document_is_current(name: str) -> None:
    assert DOCUMENTS[name]() == (DOCS / name).read_text(), "run: make docs"


def test_every_phase_is_explained() -> None:
    assert {p.value for p in Phase} == set(PHASES)
