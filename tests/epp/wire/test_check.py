"""Check: each object has an answer of its own, with a reason a person can use (contracts/epp.md, "Check")."""

from __future__ import annotations

import pytest

from namestead.epp import messages as epp
from tests.cli.conftest import CommandLine
from tests.epp.wire.conftest import fresh, registered
from tests.epp.wire.line import Line, fault


def rows(
    line: Line, *names: str, extensions: epp.CommandExtensions = epp.NO_EXTENSIONS
) -> list[tuple[bool, str | None]]:
    data = line.did(epp.DomainCheck(names), extensions)
    assert list(names) == [r.name for r in data.results]
    return [(r.available, r.reason) for r in data.results]


def test_one_bad_name_fails_no_other(alpha: Line) -> None:
    names = (
        fresh(),
        "under_score.example",
        "-a.example",
        "ab--cd.example",
        "example",
        "a.b.example",
        "a.nowhere",
        fresh(),
    )
    bad, closed = (False, "Not a name that can be had"), (False, "No zone that is open to you")
    free = (True, None)
    assert [free, bad, bad, bad, closed, bad, closed, free] == rows(alpha, *names)


@pytest.mark.parametrize("kind, reason", [("reserved", "Reserved"), ("blocked", "Blocked"), ("disputed", "Disputed")])
def test_the_reason_says_why(alpha: Line, operator: CommandLine, kind: str, reason: str) -> None:
    name = fresh()
    operator.json("retained", "add", name, "--kind", kind)
    assert [(False, reason)] == rows(alpha, name)


def test_what_is_registered_is_in_use(alpha: Line, beta: Line) -> None:
    name = registered(alpha)
    assert [(False, "In use")] == rows(beta, name)


def test_the_answer_is_for_the_bearer_of_a_token(alpha: Line, operator: CommandLine) -> None:
    name, other = fresh(), fresh()
    token = operator.json("retained", "add", name, "--kind", "reserved", "--generate-token")["allocation_token"]
    operator.json("retained", "add", other, "--kind", "reserved")
    bearing = epp.CommandExtensions(allocation_token=token)
    assert [(False, "Reserved")] == rows(alpha, name)
    assert [(True, None), (False, "Reserved")] == rows(alpha, name, other, extensions=bearing)
    answer = alpha(epp.DomainCreate(name, epp.AuthInfo("")))
    assert (2306, "domain:name") == fault(answer)
    answer = alpha(epp.DomainCreate(name, epp.AuthInfo("")), epp.CommandExtensions(allocation_token=f"{token}x"))
    assert (2201, "allocationToken:allocationToken") == fault(answer)
    alpha.did(epp.DomainCreate(name, epp.AuthInfo("")), bearing)


def test_a_hundred_names_at_once_and_no_more(alpha: Line) -> None:
    names = tuple(fresh() for _ in range(100))
    assert [(True, None)] * 100 == rows(alpha, *names)
    for body, element in (
        (epp.DomainCheck((*names, fresh())), "domain:name"),
        (epp.HostCheck((*names, fresh())), "host:name"),
        (epp.ContactCheck(tuple(f"c-{n}" for n in range(101))), "contact:id"),
    ):
        assert (2306, element) == fault(alpha(body))


def test_a_name_is_told_as_it_was_written_or_folded(alpha: Line) -> None:
    name = fresh()
    data = alpha.did(epp.DomainCheck((name.upper(),)))
    assert [(name, True)] == [(r.name, r.available) for r in data.results]


def test_hosts_and_contacts(alpha: Line, beta: Line) -> None:
    name = registered(alpha)
    alpha.did(epp.HostCreate(f"ns1.{name}", (epp.Address("9.9.9.9"),)))
    asked = (f"ns1.{name}", f"ns2.{name}", f"ns1.{fresh()}", f"ns1.{fresh()}.net", "-.example")
    data = alpha.did(epp.HostCheck(asked))
    assert [(False, "In use"), (True, None), (False, "Its domain is not registered"), (True, None)] == [
        (r.available, r.reason) for r in data.results[:4]
    ]
    assert (False, "Not a name that can be had") == (data.results[4].available, data.results[4].reason)
    data = beta.did(epp.HostCheck((f"ns2.{name}",)))
    assert [(False, "Its domain is not yours")] == [(r.available, r.reason) for r in data.results]
    data = alpha.did(epp.ContactCheck(("free-1", "C1-NST")))
    assert [True, False] == [r.available for r in data.results]
