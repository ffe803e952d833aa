"""A short run of the session's fuzz target; the long one is `python -m tests.epp.fuzz_session`."""

from __future__ import annotations

from pathlib import Path

import pytest

from namestead.epp.session import Exchange, Session
from tests.engine.conftest import built_register, register
from tests.engine.register import run
from tests.epp import fuzz_session

__all__ = ["built_register", "register"]  # fixtures


@pytest.mark.parametrize("seed", [1, 2])
def test_every_frame_has_its_answer(register: str, tmp_path: Path, seed: int) -> None:
    codes = run(fuzz_session.fuzz(register, tmp_path, seed, rounds=120))
    # It is met in every way: what succeeds, what is refused by the registry, what nobody can read, what comes too early.
    assert all(codes[code] > 20 for code in (1000, 2303, 2001, 2002)), codes
    assert codes.total() > 1000


def test_the_target_sees_what_it_looks_for(register: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that fails in an unforeseen way ends the run, with the frame."""
    real = Session.turn

    def broken(self: Session, exchange: Exchange) -> object:
        if exchange.command is not None and "Check" in type(exchange.command.body).__name__:
            raise KeyError("domain:name")
        return real(self, exchange)

    monkeypatch.setattr(Session, "turn", broken)
    with pytest.raises(AssertionError) as caught:
        run(fuzz_session.fuzz(register, tmp_path, 1, rounds=40))
    assert "seed 1, connection " in caught.value.__notes__[0]
