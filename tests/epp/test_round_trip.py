"""What is written is read as it was, for every message, in both directions; and all of it is EPP.

Held by the schemas of the RFCs, which are no work of ours: a writer and a reader that agree could both be wrong.
"""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from namestead.epp import messages as m
from namestead.epp.read import read, read_answer, read_command
from namestead.epp.schema import schema
from namestead.epp.unhandled import handled
from namestead.epp.write import write, write_command, write_greeting, write_response
from namestead.epp.xml import parse_only
from tests.epp import strategies as s


def valid(payload: bytes) -> None:
    checks = schema()
    assert checks.validate(parse_only(payload)), f"{checks.error_log}\n{payload.decode()}"


@pytest.mark.parametrize("of", s.BODIES, ids=lambda of: of.__name__)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_command_is_read_as_it_was_written(of: Any, data: st.DataObject) -> None:
    command = data.draw(s.commands(of))
    payload = write_command(command)
    valid(payload)
    assert command == read_command(payload) == read(payload)


@pytest.mark.parametrize("of", s.DATA, ids=lambda of: of.__name__)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_an_answer_is_read_as_it_was_written(of: Any, data: st.DataObject) -> None:
    response = data.draw(s.responses(s.DATA[of]))
    payload = write_response(response)
    valid(payload)
    assert response == read_answer(payload) == read(payload)


@pytest.mark.parametrize("part", s.PARTS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_an_answers_extension_is_read_as_it_was_written(part: str, data: st.DataObject) -> None:
    response = data.draw(s.responses(**{part: s.PARTS[part]}))
    payload = write_response(response)
    valid(payload)
    assert response == read_answer(payload)


@settings(max_examples=30, deadline=None)
@given(s.greetings)
def test_a_greeting_is_read_as_it_was_written(greeting: m.Greeting) -> None:
    payload = write_greeting(greeting)
    valid(payload)
    assert greeting == read_answer(payload)


def test_hello_is_read_as_it_was_written() -> None:
    payload = write(m.Hello())
    valid(payload)
    assert m.Hello() == read_command(payload)


def test_no_message_is_left_out() -> None:
    """The tables of this file's strategies against the unions themselves."""
    assert set(get_args(m.CommandBody)) == set(s.BODIES)
    assert set(get_args(m.ResponseData)) == set(s.DATA)
    assert set(m.ResponseExtensions.__struct_fields__) == set(s.PARTS)
    beside = {field for fields in s._EXTENSIONS.values() for field in fields}
    assert set(m.CommandExtensions.__struct_fields__) == beside


@settings(max_examples=30, deadline=None)
@given(s.responses(s.DATA[m.DomainInfoData], rgp=s.PARTS["rgp"], sec_dns=s.PARTS["sec_dns"]), st.data())
def test_nothing_is_said_in_a_namespace_that_was_not_announced(response: m.Response, data: st.DataObject) -> None:
    """RFC 9038: it is moved, not lost."""
    from namestead.epp.namespaces import DOMAIN, RGP, SEC_DNS

    announced = data.draw(st.sets(st.sampled_from([DOMAIN, RGP, SEC_DNS])))
    told = handled(response, announced)
    payload = write_response(told)
    valid(payload)
    back = read_answer(payload)
    assert told == back
    assert isinstance(back, m.Response)
    assert (back.data is not None) == (DOMAIN in announced)
    assert (back.extensions.rgp is not None) == (RGP in announced)
    assert (back.extensions.sec_dns is not None) == (SEC_DNS in announced)
    moved = back.results[0].unhandled[len(response.results[0].unhandled) :]
    assert 3 - len(announced) == len(moved)
    if DOMAIN not in announced:
        assert response.data == moved[0].data
    if announced == {DOMAIN, RGP, SEC_DNS}:
        assert told is response


def test_a_reason_is_cut_to_what_the_schema_takes() -> None:
    """Else an answer with a long one would be none at all."""
    result = m.CheckResult("a.example", available=False, reason="Pending release, until 2026-12-01T00:00:00Z")
    payload = write_response(m.Response((m.Result(1000),), "SRV-1", data=m.DomainCheckData((result,))))
    valid(payload)
    assert b"<domain:reason>Pending release, until 2026-12-" in payload


def test_what_xml_has_no_place_for_is_replaced() -> None:
    payload = write_response(m.Response((m.Result(2400, "a\x00b\x1b\ud800\uffff"),), "SRV-1"))
    valid(payload)
    back = read_answer(payload)
    assert isinstance(back, m.Response)
    assert "a�b���" == back.results[0].message
