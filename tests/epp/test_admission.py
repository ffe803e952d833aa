"""Admission on a real register: what a login takes and changes, and what one that fails leaves alone."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog

from namestead.commands.operator.bind_certificate import BindCertificate
from namestead.commands.operator.set_epp_access import SetEppAccess
from namestead.commands.operator.set_epp_password import SetEppPassword
from namestead.engine import access as access_module
from namestead.engine.engine import Engine
from namestead.epp.admission import Admitted, admit
from namestead.epp.login import LOGIN_SECURITY_URI, Login, LoginSecurity, Peer, Policy, Served
from tests.engine.conftest import built_register, register
from tests.engine.register import OPERATOR, R0, R1, engine_on, execute, fetch, run

__all__ = ["built_register", "register"]  # fixtures

NOW = datetime.now(UTC)
YEAR = timedelta(days=365)
DOMAIN = "urn:ietf:params:xml:ns:domain-1.0"
SERVED = Served((DOMAIN,), (LOGIN_SECURITY_URI,))
POLICY = Policy(certificates_required=True, password_life=YEAR, warning=YEAR / 12)
OURS, THEIRS = b"o" * 32, b"t" * 32
PEER = Peer("192.0.2.9", "TLSv1.3", "TLS_AES_256_GCM_SHA384", OURS, NOW + YEAR)
RIGHT = "right-Horse-7"
CAP = 3
"""The registry's default."""


async def furnish(register_url: str, engine: Engine) -> None:
    await execute(
        register_url,
        f"UPDATE registrar SET slug = 'alpha' WHERE id = {R0.registrar_id}",
        f"UPDATE registrar SET slug = 'beta' WHERE id = {R1.registrar_id}",
        "UPDATE registry SET reference = reference + 1",
    )
    for slug, fingerprint in (("alpha", OURS), ("beta", THEIRS)):
        await engine.submit(SetEppPassword(slug, await engine.authenticator.hash(RIGHT), NOW), OPERATOR)
        await engine.submit(BindCertificate(slug, fingerprint, f"CN={slug}", NOW + YEAR, NOW), OPERATOR)


async def login(
    engine: Engine, password: str = RIGHT, *, of: Peer = PEER, lost: Any = None, **more: Any
) -> Admitted | int:
    """A session, or the EPP code of the refusal."""
    asked = Login(more.pop("client_id", "alpha"), password, "1.0", "en", (DOMAIN,), (LOGIN_SECURITY_URI,), **more)
    async with asyncio.timeout(30):
        found = await admit(engine, asked, of, SERVED, POLICY, session_cap=CAP, lost=lost, client_transaction_id="C-1")
    return found if isinstance(found, Admitted) else found.refusal.kind.epp_result_code


def test_a_session_has_its_principal_and_its_place(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            await furnish(register, engine)
            session = await login(engine)
            assert isinstance(session, Admitted)
            by = session.principal
            assert ("epp:alpha", R0.account_id, R0.registrar_id, False) == (
                by.actor,
                by.account_id,
                by.registrar_id,
                by.operator,
            )
            assert (1, False, ()) == (engine.sessions.count(R0.registrar_id), session.cltrid_as_key, session.events)
            await engine.submit(SetEppAccess("alpha", cltrid_as_key=True), OPERATOR)
            again = await login(engine)
            assert isinstance(again, Admitted) and again.cltrid_as_key

    run(main())


@pytest.mark.parametrize(
    "more, epp",
    [
        ({"password": "wrong-Horse-7"}, 2200),
        ({"client_id": "nobody"}, 2200),
        ({"client_id": "beta"}, 2200),
        ({"client_id": "ALPHA"}, 2200),
        ({"client_id": "alpha\0"}, 2200),
        ({"client_id": "' OR 1 = 1"}, 2200),
        ({"of": Peer("192.0.2.9", "TLSv1.3", "TLS_AES_256_GCM_SHA384")}, 2200),
        ({"of": Peer("192.0.2.9", "TLSv1.3", "TLS_AES_256_GCM_SHA384", b"n" * 32, NOW + YEAR)}, 2200),
        ({"new_password": "weak"}, 2005),
        ({"new_password": RIGHT}, 2306),
        ({"password": "[LOGIN-SECURITY]"}, 2003),
    ],
)
def test_a_login_that_fails_takes_no_place_and_changes_nothing(register: str, more: dict[str, Any], epp: int) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            await furnish(register, engine)
            before = await fetch(register, "SELECT * FROM epp_access ORDER BY registrar_id")
            assert epp == await login(engine, **more)
            assert 0 == engine.sessions.count(R0.registrar_id) + engine.sessions.count(R1.registrar_id)
            assert before == await fetch(register, "SELECT * FROM epp_access ORDER BY registrar_id")

    run(main())


def test_who_may_not_come_this_way_has_no_password_compared(register: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []

    def noted(_stored: str, password: str) -> bool:
        compared.append(password)
        return False

    monkeypatch.setattr(access_module, "_matches", noted)

    async def main() -> None:
        async with engine_on(register) as engine:
            await furnish(register, engine)
            await engine.submit(SetEppAccess("alpha", networks=("198.51.100.0/24",)), OPERATOR)
            assert 2201 == await login(engine)
            assert 2200 == await login(engine, client_id="beta")
            assert [] == compared

    run(main())


def test_the_cap_and_what_becomes_free(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as a, engine_on(register) as b:
            await furnish(register, a)
            found = [await login(engine) for engine in (a, b, a)]
            assert all(isinstance(session, Admitted) for session in found)
            assert 2502 == await login(b)
            assert 2200 == await login(b, "wrong-Horse-7"), "who does not know the password is told nothing of places"
            assert isinstance(found[0], Admitted)
            a.sessions.release(found[0].slot)
            async with asyncio.timeout(5):
                while await login(b) == 2502:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            await a.submit(SetEppAccess("alpha", session_cap=4), OPERATOR)
            assert isinstance(await login(a), Admitted), "a cap of its own"
            assert 2502 == await login(a)

    run(main())


def test_a_new_password_holds_from_then_on(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as a, engine_on(register) as b:
            await furnish(register, a)
            assert isinstance(await login(b), Admitted)
            assert isinstance(await login(a, new_password="other-Horse-8"), Admitted)
            assert 2200 == await login(b)
            long = LoginSecurity("other-Horse-8", "correct horse battery staple")
            changed = await login(b, "[LOGIN-SECURITY]", new_password="[LOGIN-SECURITY]", security=long)
            assert isinstance(changed, Admitted)
            b.sessions.release(changed.slot)
            security = LoginSecurity("correct horse battery staple")
            async with asyncio.timeout(5):
                while (last := await login(a, "[LOGIN-SECURITY]", security=security)) == 2502:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            assert isinstance(last, Admitted)
        log = await fetch(register, "SELECT * FROM command_log WHERE command = 'change_epp_password' ORDER BY id")
        assert [("epp", "epp:alpha", "C-1", "success")] * 2 == [
            (row["surface"], row["actor"], row["client_transaction_id"], row["status"]) for row in log
        ]

    run(main())


def test_two_changes_at_once_and_the_one_that_loses_keeps_no_place(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            await furnish(register, engine)
            found = await asyncio.gather(*(login(engine, new_password=f"other-Horse-{n}") for n in range(2)))
            assert [2200] == [code for code in found if not isinstance(code, Admitted)]
            assert 1 == engine.sessions.count(R0.registrar_id)

    run(main())


def test_a_suspended_account(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            await furnish(register, engine)
            await execute(register, f"UPDATE account SET suspended_at = now() WHERE id = {R0.account_id}")
            assert 2201 == await login(engine)

    run(main())


def test_the_log_says_who_and_why_and_no_password(register: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            await furnish(register, engine)
            with structlog.testing.capture_logs() as lines:
                await login(engine, "wrong-Horse-7", new_password="other-Horse-8")
                await login(engine, new_password="other-Horse-8")
            refused, begun = [line for line in lines if line["event"] in ("login refused", "session begun")]
            assert ("alpha", "192.0.2.9", "epp_authentication_failed", 2200) == (
                refused["client_id"],
                refused["address"],
                refused["error"],
                refused["epp"],
            )
            assert "is wrong" in refused["reason"]
            assert (True, "alpha") == (begun["password_changed"], begun["client_id"])
            assert "Horse" not in repr(lines)
            counted = engine.metrics.registry.get_sample_value(
                "namestead_turned_away_total", {"code": "epp_authentication_failed"}
            )
            assert 1 == counted

    run(main())
