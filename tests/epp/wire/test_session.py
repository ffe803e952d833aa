"""The session over the wire (contracts/epp.md, "Framing and session"): what may come when, and who may come in."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from namestead.epp import messages as epp
from namestead.epp import namespaces
from namestead.epp.client import Disconnected, tls_context
from tests.cli.conftest import CommandLine
from tests.epp.wire.conftest import create, fresh
from tests.epp.wire.line import Line, Runs, dial, error, fault, logged_in, said
from tests.serving import Served


def password(served: Served, registrar: str = "alpha") -> str:
    given: str = served.facts["registrars"][registrar]["epp_password"]
    return given


def test_the_greeting_comes_unprompted_and_to_every_hello(run: Runs, served: Served) -> None:
    with dial(run, served) as line:
        first = line.greeting
        assert (namespaces.OBJECTS, namespaces.EXTENSIONS) == (first.obj_uris, first.ext_uris)
        assert (("1.0",), ("en",)) == (first.versions, first.langs)
        assert UTC == first.sv_date.tzinfo
        assert abs(datetime.now(UTC) - first.sv_date) < timedelta(minutes=1)
        assert first.sv_id == line.hello().sv_id
        line.login("alpha", password(served))
        assert first.ext_uris == line.hello().ext_uris
        line.did(epp.DomainCheck((fresh(),)))


def test_before_login_only_hello_and_login(run: Runs, served: Served) -> None:
    with dial(run, served) as line:
        for body in (epp.DomainCheck(("a.example",)), epp.PollRequest(), create(fresh()), epp.Logout()):
            assert 2002 == line(body).code
        assert 1000 == line.login("alpha", password(served)).code


def test_a_second_login_is_2002(sessions: Callable[..., Line], served: Served) -> None:
    line = sessions()
    assert 2002 == line.login("alpha", password(served)).code
    line.did(epp.DomainCheck((fresh(),)))


def test_three_failed_logins_end_the_connection(run: Runs, served: Served) -> None:
    with dial(run, served) as line:
        assert [2200, 2200, 2501] == [line.login("alpha", "wrong-password").code for _ in range(3)]
        with pytest.raises(Disconnected):
            line.login("alpha", password(served))


@pytest.mark.parametrize(
    "changes, code, element",
    [
        ({"version": "2.0"}, 2001, "epp:version"),
        ({"lang": "tlh"}, 2102, "epp:lang"),
        ({"obj_uris": (namespaces.DOMAIN, "urn:example:object")}, 2307, "epp:objURI"),
        ({"ext_uris": ("urn:example:extension",)}, 2103, "epp:extURI"),
    ],
)
def test_a_login_for_what_is_not_served(
    run: Runs, served: Served, changes: dict[str, object], code: int, element: str
) -> None:
    whole = {"obj_uris": namespaces.OBJECTS, "ext_uris": namespaces.EXTENSIONS, **changes}
    with dial(run, served) as line:
        answer = line(epp.Login("alpha", password(served), **whole))  # type: ignore[arg-type]
        assert (code, element) == fault(answer), said(answer)
        assert 1000 == line.login("alpha", password(served)).code


def test_another_registrars_certificate_is_refused(run: Runs, served: Served) -> None:
    with dial(run, served, "beta") as line:
        answer = line.login("alpha", password(served))
        assert (2200, "epp_authentication_failed") == error(answer)
        assert "certificate" in said(answer)
        assert 1000 == line.login("beta", password(served, "beta")).code
    facts = served.facts["epp"]
    with Line.open(run, facts["port"], tls_context(Path(facts["ca_file"]))) as line:
        answer = line.login("alpha", password(served))
        assert (2200, "epp_authentication_failed") == error(answer)
        assert "certificate" in said(answer)


def test_who_does_not_trust_the_server_has_no_connection(run: Runs, served: Served) -> None:
    with pytest.raises(ssl.SSLError):
        Line.open(run, served.facts["epp"]["port"], tls_context())


def test_the_session_cap_is_freed_when_a_connection_ends(
    run: Runs, served: Served, operator: CommandLine, sessions: Callable[..., Line]
) -> None:
    operator.json("registrar", "epp", "sessions", "gamma", "--cap", "2")
    try:
        first, _ = sessions("gamma"), sessions("gamma")
        with dial(run, served, "gamma") as line:
            answer = line.login("gamma", password(served, "gamma"))
            assert (2502, "epp_session_limit_exceeded") == error(answer)
            with pytest.raises(Disconnected):
                line(epp.PollRequest())
        first.close()
        with logged_in(run, served, "gamma") as line:
            line.did(epp.DomainCheck((fresh(),)))
    finally:
        operator.json("registrar", "epp", "sessions", "gamma", "--cap", "0")
