"""`namestead registrar epp`: how a registrar may come in, and a password that is shown once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import argon2
import asyncpg
import pytest

from namestead.epp.certificates import issue_client, make_authority, read
from tests.cli.conftest import CommandLine
from tests.serving import Served

NOW = datetime.now(UTC)
AUTHORITY = make_authority("test", NOW)


@pytest.fixture(scope="module", autouse=True)
def registrars(cli: CommandLine) -> None:
    """Registrars of this file's own: the demo's others belong to everybody."""
    for slug in ("epp-one", "epp-two"):
        cli.json("registrar", "create", slug)


async def _hash(url: str, slug: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        found: str = await connection.fetchval(
            "SELECT password_hash FROM epp_access a JOIN registrar r ON r.id = a.registrar_id WHERE slug = $1", slug
        )
        return found
    finally:
        await connection.close()


def verifies(served: Served, slug: str, password: str) -> bool:
    try:
        return argon2.PasswordHasher().verify(asyncio.run(_hash(served.facts["database"], slug)), password)
    except argon2.exceptions.VerifyMismatchError:
        return False


def test_a_password_is_made_up_shown_once_and_kept_as_a_hash(cli: CommandLine, demo: Served) -> None:
    assert not cli.json("registrar", "epp", "show", "epp-one")["password_set"]
    made = cli.json("registrar", "epp", "password", "epp-one")
    assert 16 == len(made["password"])
    assert verifies(demo, "epp-one", made["password"])
    again = cli.json("registrar", "epp", "password", "epp-one")
    assert not verifies(demo, "epp-one", made["password"]) and verifies(demo, "epp-one", again["password"])
    shown = cli.json("registrar", "epp", "show", "epp-one")
    assert (True, again["password_changed_at"]) == (shown["password_set"], shown["password_changed_at"])
    log = cli("log", "tail", "-n", "50", "--json").out
    for secret in (made["password"], again["password"], "argon2"):
        assert secret not in log
    assert "shown this once" in cli("registrar", "epp", "password", "epp-one").err


def test_a_password_of_ones_own_comes_by_the_standard_input(cli: CommandLine, demo: Served) -> None:
    def given(text: str) -> tuple[int, str]:
        done = cli("registrar", "epp", "password", "epp-two", "--stdin", "--json", stdin=text + "\n")
        assert text not in done.out + done.err
        return done.status, done.document.get("error", "")

    assert (0, "") == given("own-Horse-7")
    assert verifies(demo, "epp-two", "own-Horse-7")
    assert (0, "") == given("correct horse battery staple")
    assert (1, "invalid_request") == given("sh0rT")
    assert (1, "policy_violation") == given("onlysmallones")
    assert verifies(demo, "epp-two", "correct horse battery staple"), "what was refused changed nothing"


def test_networks_sessions_and_switches(cli: CommandLine) -> None:
    shown = cli.json("registrar", "epp", "networks", "epp-one", "192.0.2.0/24", "2001:db8::/32")
    assert ["192.0.2.0/24", "2001:db8::/32"] == shown["networks"]
    assert 7 == cli.json("registrar", "epp", "sessions", "epp-one", "--cap", "7")["session_cap"]
    shown = cli.json("registrar", "epp", "access", "epp-one", "--off", "--cltrid-as-key")
    assert (False, True, 7) == (shown["enabled"], shown["cltrid_as_key"], shown["session_cap"])
    assert ["192.0.2.0/24", "2001:db8::/32"] == cli.json("registrar", "epp", "show", "epp-one")["networks"]
    assert [] == cli.json("registrar", "epp", "networks", "epp-one", "--any")["networks"]
    assert None is cli.json("registrar", "epp", "sessions", "epp-one", "--cap", "0")["session_cap"]
    assert cli.json("registrar", "epp", "access", "epp-one", "--on")["enabled"]
    assert "any" in cli("registrar", "epp", "show", "epp-one").out


def test_certificates_are_bound_listed_and_taken_away(cli: CommandLine, tmp_path: Path) -> None:
    issued = issue_client(AUTHORITY, "epp-one", NOW)
    file = tmp_path / "client.pem"
    file.write_bytes(issued.certificate)
    facts = read(issued.certificate)
    bound = cli.json("registrar", "epp", "certificate", "add", "epp-one", str(file))
    assert (facts.fingerprint.hex(), facts.subject) == (bound["fingerprint"], bound["certificate_subject"])
    assert "object_exists" == cli.refused("registrar", "epp", "certificate", "add", "epp-two", str(file))["error"]
    listed = cli.json("registrar", "epp", "certificate", "list", "epp-one")["certificates"]
    assert [bound["fingerprint"]] == [c["fingerprint"] for c in listed]
    assert bound["fingerprint"] in cli("registrar", "epp", "certificate", "list", "epp-one").out
    wrong = cli.refused("registrar", "epp", "certificate", "remove", "epp-two", bound["fingerprint"])
    assert "object_not_found" == wrong["error"]
    with_colons = facts.fingerprint.hex(":").upper()
    assert None is not cli.json("registrar", "epp", "certificate", "remove", "epp-one", with_colons)["removed_at"]
    assert [] == cli.json("registrar", "epp", "certificate", "list", "epp-one")["certificates"]


@pytest.mark.parametrize(
    "arguments, code",
    [
        (("show", "nobody"), "registrar_not_found"),
        (("password", "nobody"), "registrar_not_found"),
        (("networks", "nobody", "--any"), "registrar_not_found"),
        (("networks", "epp-one"), "failed"),
        (("networks", "epp-one", "10.0.0.0/8", "--any"), "failed"),
        (("networks", "epp-one", "10.0.0.1/8"), "invalid_request"),
        (("sessions", "epp-one", "--cap", "10001"), "value_out_of_range"),
        (("access", "epp-one"), "failed"),
        (("certificate", "list", "nobody"), "registrar_not_found"),
        (("certificate", "add", "epp-one", "/nowhere.pem"), "failed"),
        (("certificate", "add", "epp-one", __file__), "failed"),
        (("certificate", "remove", "epp-one", "xyz"), "failed"),
        (("certificate", "remove", "epp-one", "ab" * 32), "object_not_found"),
    ],
)
def test_what_is_refused(cli: CommandLine, arguments: tuple[str, ...], code: str) -> None:
    assert code == cli.refused("registrar", "epp", *arguments)["error"]


def test_a_registrar_whose_name_does_not_fit_epp(cli: CommandLine) -> None:
    long = "a-name-of-some-length"
    cli.json("registrar", "create", long)
    assert "policy_violation" == cli.refused("registrar", "epp", "password", long)["error"]
    assert "policy_violation" == cli.refused("registrar", "epp", "access", long, "--on")["error"]
