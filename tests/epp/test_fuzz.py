"""A short run of the fuzz target, the same one every time; the long one is `python -m tests.epp.fuzz_decoder`."""

from __future__ import annotations

import pytest

from tests.epp import fuzz_decoder


@pytest.mark.parametrize("seed", [1, 2])
def test_any_octets_are_a_message_or_a_fault(seed: int) -> None:
    outcomes = fuzz_decoder.fuzz(seed, rounds=1500)
    # Most mutations break the frame; enough leave it whole for the readers behind the schemas to be met as well.
    assert outcomes["message"] > 100
    assert outcomes["fault"] > 500


def test_the_target_sees_what_it_looks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that fails otherwise ends the run, with what it was given."""

    def broken(payload: bytes) -> None:
        raise KeyError("domain:name")

    monkeypatch.setattr(fuzz_decoder, "read_command", broken)
    with pytest.raises(KeyError):
        fuzz_decoder.fuzz(1, rounds=1)
    monkeypatch.undo()
    monkeypatch.setattr(fuzz_decoder, "MILLISECONDS", 0)
    with pytest.raises(AssertionError, match=" ms") as caught:
        fuzz_decoder.fuzz(1, rounds=1)
    assert "seed 1, round 0" in caught.value.__notes__[0]
