"""EPP access through the engine: kept, read anew, verified in bounded work, and guessed at in bounded numbers."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from namestead.commands.operator.bind_certificate import BindCertificate
from namestead.commands.operator.set_epp_access import SetEppAccess
from namestead.commands.operator.set_epp_password import SetEppPassword
from namestead.commands.operator.unbind_certificate import UnbindCertificate
from namestead.commands.registrar.change_epp_password import ChangeEppPassword
from namestead.engine import access as access_module
from namestead.engine import limits as limits_module
from namestead.engine.access import (
    GUESSES_OF_AN_ADDRESS,
    GUESSES_OF_KNOWN,
    GUESSES_OF_STRANGERS,
    HASHER,
    NOBODYS,
    Authenticator,
    principal_of,
)
from namestead.engine.engine import Engine
from namestead.engine.submission import Envelope
from namestead.errors import Refusal
from namestead.objects.epp_access import EppStanding
from namestead.objects.log import Surface
from tests.engine.register import OPERATOR, R0, R1, code, connected, engine_on, execute, fetch, problems, run, value

AT = datetime(2026, 11, 24, 9, tzinfo=UTC)
LATER = AT + timedelta(days=365)
RIGHT, WRONG = "right-Horse-7", "wrong-Horse-7"
PRINT = b"f" * 32
HERE = "192.0.2.1"


@pytest.fixture
def epp_register(register: str) -> str:
    """A register whose first two registrars have names that fit EPP."""
    run(
        execute(
            register,
            f"UPDATE registrar SET slug = 'alpha' WHERE id = {R0.registrar_id}",
            f"UPDATE registrar SET slug = 'beta' WHERE id = {R1.registrar_id}",
        )
    )
    return register


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Real time as the counter sees it: it stands still, so that no minute ends in the middle of a test."""
    stopped = SimpleNamespace(now=60_000_020.0)
    stopped.time = lambda: stopped.now
    monkeypatch.setattr(limits_module, "time", stopped)
    return stopped


@pytest.fixture
def hashing(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hashes that argon2id was run against, in order."""
    compared: list[str] = []
    matches = access_module._matches

    def noted(stored: str, password: str) -> bool:
        compared.append(stored)
        return matches(stored, password)

    monkeypatch.setattr(access_module, "_matches", noted)
    return compared


async def with_password(engine: Engine, password: str = RIGHT, registrar: str = "alpha") -> None:
    await engine.submit(SetEppPassword(registrar, await engine.authenticator.hash(password), AT), OPERATOR)


async def standing(engine: Engine, client_id: str = "alpha", fingerprint: bytes | None = None) -> EppStanding:
    found = await engine.epp_access(client_id, fingerprint)
    assert found is not None
    return found


async def login(
    engine: Engine, password: str = RIGHT, address: str = HERE, client_id: str = "alpha", *, known: bool = False
) -> bool | str:
    """Whether the password was right, or the code of the refusal."""
    async with asyncio.timeout(30):
        try:
            found = await engine.epp_access(client_id)
            return await engine.authenticator.verify(found, password, address, known=known)
        except Refusal as refusal:
            return refusal.kind.code


# -------------------------------------------------------------------------------------------------------- the register


def test_access_is_kept_and_read_as_it_was_set(epp_register: str) -> None:
    async def main() -> None:
        async with engine_on(epp_register) as engine:
            assert None is await engine.epp_access("nobody")
            fresh = await standing(engine)
            assert (None, (), None, 0, False) == (
                fresh.access,
                fresh.certificates,
                fresh.bound_to,
                fresh.failures,
                fresh.suspended,
            )
            await with_password(engine)
            change = SetEppAccess("alpha", networks=("10.0.0.0/8", "2001:db8::/32"), session_cap=3, cltrid_as_key=True)
            await engine.submit(change, OPERATOR)
            await engine.submit(BindCertificate("alpha", PRINT, "CN=alpha", LATER, AT), OPERATOR)
            found = await standing(engine, fingerprint=PRINT)
            assert found.access is not None
            assert (AT, ("10.0.0.0/8", "2001:db8::/32"), 3, True, True) == (
                found.access.password_changed_at,
                found.access.networks,
                found.access.session_cap,
                found.access.cltrid_as_key,
                found.access.enabled,
            )
            assert [(PRINT, "CN=alpha", LATER)] == [(c.fingerprint, c.subject, c.not_after) for c in found.certificates]
            assert R0.registrar_id == found.bound_to
            assert R0.registrar_id == (await standing(engine, "beta", PRINT)).bound_to
            assert None is (await standing(engine, "beta", b"x" * 32)).bound_to
            assert timedelta(minutes=1) > abs(datetime.now(UTC) - found.read_at)

            await engine.submit(UnbindCertificate("alpha", PRINT, AT), OPERATOR)
            gone = await standing(engine, fingerprint=PRINT)
            assert ((), None) == (gone.certificates, gone.bound_to)
            await engine.submit(BindCertificate("beta", PRINT, "CN=beta", LATER, AT), OPERATOR)
            assert R1.registrar_id == (await standing(engine, fingerprint=PRINT)).bound_to
        assert {} == await problems(epp_register)

    run(main())


def test_a_certificate_is_bound_once_however_many_try(epp_register: str) -> None:
    async def main() -> None:
        async with engine_on(epp_register) as a, engine_on(epp_register) as b:
            tries = [
                engine.submit(BindCertificate(slug, PRINT, "CN=x", LATER, AT), OPERATOR)
                for engine in (a, b)
                for slug in ("alpha", "beta", "alpha")
            ]
            outcomes = await asyncio.gather(*tries, return_exceptions=True)
            assert ["object_exists"] * 5 + ["ok"] == sorted(map(code, outcomes))
            assert 1 == await value(epp_register, "SELECT count(*) FROM epp_certificate WHERE removed_at IS NULL")

    run(main())


def test_a_bind_and_an_unbind_in_one_batch(epp_register: str) -> None:
    async def main() -> None:
        async with engine_on(epp_register) as engine:
            await asyncio.gather(
                engine.submit(BindCertificate("alpha", PRINT, "CN=a", LATER, AT), OPERATOR),
                engine.submit(UnbindCertificate("alpha", PRINT, AT), OPERATOR),
                engine.submit(BindCertificate("alpha", PRINT, "CN=b", LATER, AT), OPERATOR),
            )
        rows = await fetch(epp_register, "SELECT subject, removed_at IS NULL AS bound FROM epp_certificate ORDER BY id")
        assert [("CN=a", False), ("CN=b", True)] == [(r["subject"], r["bound"]) for r in rows]

    run(main())


def test_no_password_and_no_hash_is_in_the_log(epp_register: str) -> None:
    async def main() -> None:
        async with engine_on(epp_register) as engine:
            await with_password(engine)
            found = await standing(engine)
            assert found.access is not None and found.access.password_hash is not None
            change = ChangeEppPassword(await engine.authenticator.hash("other-Horse-8"), found.access.password_hash, AT)
            await engine.submit(change, Envelope(principal_of(found), Surface.EPP))
        log = await fetch(epp_register, "SELECT * FROM command_log WHERE command LIKE '%password%' ORDER BY id")
        assert ["set_epp_password", "change_epp_password"] == [row["command"] for row in log]
        assert ("epp", "epp:alpha", R0.registrar_id) == (log[1]["surface"], log[1]["actor"], log[1]["registrar_id"])
        whole = repr(log) + repr(await fetch(epp_register, "SELECT * FROM version"))
        for secret in (RIGHT, "other-Horse-8", "argon2"):
            assert secret not in whole

    run(main())


def test_of_two_logins_that_change_the_password_one_wins(epp_register: str) -> None:
    async def main() -> None:
        async with engine_on(epp_register) as engine:
            await with_password(engine)
            found = await standing(engine)
            assert found.access is not None and found.access.password_hash is not None
            by = Envelope(principal_of(found), Surface.EPP)
            hashes = [await engine.authenticator.hash(f"other-Horse-{n}") for n in range(2)]
            tries = [engine.submit(ChangeEppPassword(h, found.access.password_hash, AT), by) for h in hashes]
            outcomes = await asyncio.gather(*tries, return_exceptions=True)
            assert ["epp_authentication_failed", "ok"] == sorted(map(code, outcomes))
            kept = (await standing(engine)).access
            assert kept is not None and kept.password_hash == hashes[[code(o) for o in outcomes].index("ok")]

    run(main())


def test_a_suspension_is_seen_by_the_next_login(epp_register: str) -> None:
    async def main() -> None:
        async with engine_on(epp_register) as engine:
            assert not (await standing(engine)).suspended
            await execute(epp_register, f"UPDATE account SET suspended_at = now() WHERE id = {R0.account_id}")
            assert (await standing(engine)).suspended

    run(main())


# -------------------------------------------------------------------------------------------------------- verification


def test_right_and_wrong(epp_register: str) -> None:
    async def main() -> None:
        async with engine_on(epp_register) as engine:
            await with_password(engine)
            assert [True, False, False, False] == [
                await login(engine),
                await login(engine, WRONG),
                await login(engine, RIGHT, client_id="beta"),
                await login(engine, RIGHT, client_id="nobody"),
            ]
            assert not await login(engine, ""), "an empty password is only a wrong one"

    run(main())


def test_an_unknown_id_costs_the_work_of_a_known_one(epp_register: str, hashing: list[str]) -> None:
    async def main() -> None:
        async with engine_on(epp_register) as engine:
            await with_password(engine)
            for client_id in ("nobody", "beta", "alpha"):
                assert not await login(engine, WRONG, client_id=client_id)
            found = await standing(engine)
            assert found.access is not None
            assert [NOBODYS, NOBODYS, found.access.password_hash] == hashing
        figures = NOBODYS.rsplit("$", 2)[0]
        assert HASHER.hash("x").startswith(figures), "the same figures, so the same work"

    run(main())


def test_a_storm_of_one_registrar_is_verified_once(epp_register: str, hashing: list[str]) -> None:
    async def main() -> None:
        async with engine_on(epp_register) as engine:
            await with_password(engine)
            assert [True] * 300 == await asyncio.gather(*(login(engine) for _ in range(300)))
            assert 1 == len(hashing)
            assert [False] * 20 == await asyncio.gather(*(login(engine, WRONG) for _ in range(20)))
            assert 2 == len(hashing), "the same wrong password at once is one guess"

    run(main())


def test_a_verified_login_is_forgotten_after_a_while(
    epp_register: str, hashing: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_module, "REMEMBERED", 0.05)

    async def main() -> None:
        async with engine_on(epp_register) as engine:
            await with_password(engine)
            assert await login(engine)
            await asyncio.sleep(0.06)
            assert await login(engine)
            assert 2 == len(hashing)

    run(main())


def test_a_password_changed_elsewhere_ends_the_old_one_at_once(epp_register: str) -> None:
    async def main() -> None:
        async with engine_on(epp_register) as here, engine_on(epp_register) as there:
            await with_password(here)
            assert await login(here) and await login(there)
            await with_password(there, "other-Horse-8")
            assert not await login(here), "though it was remembered here"
            assert not await login(there)
            assert await login(here, "other-Horse-8")

    run(main())


def test_the_queue_for_the_threads_is_bounded(epp_register: str, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()
    monkeypatch.setattr(access_module, "_matches", lambda _stored, _password: gate.wait(20))
    monkeypatch.setattr(access_module, "GUESSES_OF_AN_ADDRESS", 100)

    async def main() -> None:
        async with engine_on(epp_register) as engine:
            few = Authenticator(engine.read, engine.count, threads=1, most_waiting=3)
            tries = [asyncio.ensure_future(few.verify(None, f"p{n}", HERE, known=False)) for n in range(3)]
            async with asyncio.timeout(10):
                while few._waiting < 3:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            begun = time.monotonic()
            with pytest.raises(Refusal) as caught:
                await few.verify(None, "one too many", HERE, known=False)
            assert ("epp_login_busy", 2400) == (caught.value.kind.code, caught.value.kind.epp_result_code)
            assert time.monotonic() - begun < 1
            with pytest.raises(Refusal):
                await few.hash("one too many")
            gate.set()
            assert [False] * 3 == await asyncio.gather(*tries)
            assert 0 == few._waiting
            few.close()

    run(main())


def test_a_caller_that_goes_away_leaves_the_others_their_answer(epp_register: str) -> None:
    async def main() -> None:
        async with engine_on(epp_register) as engine:
            await with_password(engine)
            first, second = (asyncio.ensure_future(login(engine)) for _ in range(2))
            await asyncio.sleep(0.005)
            first.cancel()
            assert await second
            assert {} == engine.authenticator._running

    run(main())


def test_a_stored_hash_that_is_none_opens_nothing(epp_register: str) -> None:
    async def main() -> None:
        async with engine_on(epp_register) as engine:
            await engine.submit(SetEppPassword("alpha", "$argon2id$rubbish", AT), OPERATOR)
            assert not await login(engine)
            assert not await login(engine, "$argon2id$rubbish")

    run(main())


# -------------------------------------------------------------------------------------------------------------- guesses


async def guesses(engine: Engine, times: int, *, start: int = 0, **more: Any) -> list[bool | str]:
    return [await login(engine, f"guess-{n}", **more) for n in range(start, start + times)]


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Comparing costs nothing: these tests count."""
    monkeypatch.setattr(access_module, "_matches", lambda _stored, password: password == RIGHT)


REFUSED = "epp_too_many_guesses"


@pytest.mark.usefixtures("cheap")
def test_an_address_has_so_many_guesses_a_minute_over_all_processes(epp_register: str, clock: SimpleNamespace) -> None:
    async def main() -> None:
        async with engine_on(epp_register) as a, engine_on(epp_register) as b:
            await with_password(a)
            half = GUESSES_OF_AN_ADDRESS // 2
            assert [False] * half == await guesses(a, half, client_id="nobody")
            assert [False] * half == await guesses(b, half, start=half)
            assert [REFUSED] * 2 == await guesses(a, 1, start=99) + await guesses(b, 1, start=99)
            assert REFUSED == await login(a), "also with the right password, which was not looked at"
            assert await login(a, address="192.0.2.2")
            assert await login(a), "but who was verified a moment ago guesses nothing"
            clock.now += 60
            assert [False] == await guesses(b, 1, start=100)

    run(main())


@pytest.mark.usefixtures("cheap")
def test_guesses_at_once_are_counted_one_by_one(epp_register: str) -> None:
    async def main() -> None:
        async with engine_on(epp_register) as engine:
            found = await asyncio.gather(*(login(engine, f"g{n}", client_id="nobody") for n in range(100)))
            assert GUESSES_OF_AN_ADDRESS == found.count(False)
            assert 100 - GUESSES_OF_AN_ADDRESS == found.count(REFUSED)

    run(main())


@pytest.mark.usefixtures("cheap")
def test_strangers_cannot_lock_a_registrar_out_from_where_it_is_known(epp_register: str) -> None:
    async def main() -> None:
        async with engine_on(epp_register) as engine:
            await with_password(engine)
            for n in range(GUESSES_OF_STRANGERS):
                assert False is await login(engine, f"guess-{n}", address=f"198.51.100.{n}")
            assert REFUSED == await login(engine, "guess", address="203.0.113.1")
            assert REFUSED == await login(engine, RIGHT, address="203.0.113.2")
            assert True is await login(engine, RIGHT, address="203.0.113.3", known=True)
            assert False is await login(engine, WRONG, client_id="beta", address="203.0.113.4"), "nor anybody else"

    run(main())


@pytest.mark.usefixtures("cheap")
def test_known_peers_have_an_allowance_too(epp_register: str) -> None:
    async def main() -> None:
        async with engine_on(epp_register) as engine:
            await with_password(engine)
            for n in range(GUESSES_OF_KNOWN):
                assert False is await login(engine, f"guess-{n}", address=f"198.51.100.{n}", known=True)
            assert REFUSED == await login(engine, "guess", address="203.0.113.1", known=True)

    run(main())


@pytest.mark.usefixtures("cheap")
def test_one_network_of_one_customer_is_one_caller(epp_register: str) -> None:
    async def main() -> None:
        async with engine_on(epp_register) as engine:
            for n in range(GUESSES_OF_AN_ADDRESS):
                assert False is await login(engine, f"g{n}", client_id="nobody", address=f"2001:db8::{n:x}")
            assert REFUSED == await login(engine, "g", client_id="nobody", address="2001:db8::ffff")
            assert False is await login(engine, "g", client_id="nobody", address="2001:db8:0:1::1")

    run(main())


@pytest.mark.usefixtures("cheap")
def test_wrong_passwords_are_counted_for_the_registrar_to_be_told(epp_register: str) -> None:
    async def main() -> None:
        async with engine_on(epp_register) as engine:
            await with_password(engine)
            await guesses(engine, 3)
            await guesses(engine, 2, client_id="nobody")
            assert 3 == (await standing(engine)).failures
            assert 0 == (await standing(engine, "beta")).failures
            async with connected(epp_register) as c:
                await c.execute("UPDATE epp_failed_login SET hour = hour - interval '3 days'")
            assert 0 == (await standing(engine)).failures
            await guesses(engine, 1, start=9)
            assert 1 == await value(epp_register, "SELECT count(*) FROM epp_failed_login"), "old hours are forgotten"

    run(main())
