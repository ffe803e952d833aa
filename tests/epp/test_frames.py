"""The golden frames: written octet by octet as they stand, and read into the message they are."""

from __future__ import annotations

from typing import get_args

import pytest

from namestead.epp import messages as m
from namestead.epp.read import read, read_answer, read_command
from namestead.epp.write import write
from namestead.epp.xml import parse
from tests.epp.golden import FRAMES, GOLDEN, frame_of, path_of


@pytest.mark.parametrize("name", GOLDEN)
def test_a_message_is_written_as_its_frame(name: str) -> None:
    assert frame_of(name) == write(GOLDEN[name])


@pytest.mark.parametrize("name", GOLDEN)
def test_a_frame_is_read_as_its_message(name: str) -> None:
    expected = GOLDEN[name]
    assert expected == read(frame_of(name))
    assert expected == read(path_of(name).read_bytes())  # white space between elements says nothing
    reader = read_command if isinstance(expected, m.Command | m.Hello) else read_answer
    assert expected == reader(frame_of(name))


@pytest.mark.parametrize("name", GOLDEN)
def test_a_frame_is_valid(name: str) -> None:
    parse(path_of(name).read_bytes())


def test_every_frame_is_in_the_table() -> None:
    assert set(GOLDEN) == {path.stem for path in FRAMES.iterdir()}


def test_every_message_has_a_frame() -> None:
    commands = [message for message in GOLDEN.values() if isinstance(message, m.Command)]
    responses = [message for message in GOLDEN.values() if isinstance(message, m.Response)]
    assert set(get_args(m.CommandBody)) == {type(command.body) for command in commands}
    assert set(get_args(m.ResponseData)) == {type(response.data) for response in responses} - {type(None)}
    transfers = {command.body.op for command in commands if isinstance(command.body, m.DomainTransfer)}
    assert set(get_args(m.TransferOp)) == transfers
    for part in m.CommandExtensions.__struct_fields__:
        assert any(getattr(command.extensions, part) for command in commands), part
    for part in m.ResponseExtensions.__struct_fields__:
        assert any(getattr(response.extensions, part) for response in responses), part


def test_no_answer_holds_an_auth_info() -> None:
    """Commands do; no answer has a place for one (RFC 9154)."""
    answers = [name for name, message in GOLDEN.items() if isinstance(message, m.Response)]
    assert [] == [name for name in answers if b"authInfo" in frame_of(name)]
    assert b"authInfo" in frame_of("domain_create")
