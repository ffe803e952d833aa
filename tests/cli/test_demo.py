"""What the demo has for EPP: it opens the door, is the same at the next start, and mends itself."""

from __future__ import annotations

import asyncio
import json
import shutil
import ssl
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from namestead.cli import demo as seeding
from namestead.cli.epp import for_demo, settings_of
from namestead.cli.session import operator
from namestead.commands.operator.set_epp_password import SetEppPassword
from namestead.engine.engine import Engine
from namestead.epp.admission import Admitted, admit, peer_at
from namestead.epp.certificates import CertificateFacts, read
from namestead.epp.listener import Connection, Listener
from namestead.epp.login import Login, Peer, Policy, Served
from namestead.epp.tls import Contexts, peer_of
from namestead.settings import Settings
from namestead.store.migrate import ensure_partitions, migrate
from tests import serving
from tests.engine.register import connected, engine_on, run

DOMAIN = "urn:ietf:params:xml:ns:domain-1.0"
POLICY = Policy(certificates_required=True, password_life=timedelta(days=365), warning=timedelta(days=30))
Known = dict[str, dict[str, str]]


def certificate_of(known: Known, slug: str) -> CertificateFacts:
    return read(Path(known[slug]["cert_file"]).read_bytes())


async def login(engine: Engine, known: Known, slug: str, *, showing: str | None = None) -> int:
    """The EPP code a login of a registrar of the demo ends with."""
    facts = certificate_of(known, showing or slug)
    peer = Peer("127.0.0.1", "TLSv1.3", "TLS_AES_256_GCM_SHA384", facts.fingerprint, facts.not_after)
    asked = Login(slug, known[slug]["epp_password"], "1.0", "en", (DOMAIN,))
    found = await admit(engine, asked, peer, Served((DOMAIN,), ()), POLICY, session_cap=5)
    if isinstance(found, Admitted):
        engine.sessions.release(found.slot)
        return 1000
    return found.refusal.kind.epp_result_code


@pytest.fixture
def empty_register(fresh_database: str) -> str:
    async def make() -> None:
        async with connected(fresh_database) as c:
            await migrate(c)
            await ensure_partitions(c)

    run(make())
    return fresh_database


def test_what_the_ready_file_has_opens_the_door(demo: serving.Served) -> None:
    known: Any = demo.facts["registrars"]
    for slug in ("alpha", "beta", "gamma"):
        assert 8 <= len(known[slug]["epp_password"]) <= 16
        for file in (known[slug]["cert_file"], known[slug]["key_file"]):
            assert 0o600 == stat.S_IMODE(Path(file).stat().st_mode)
    assert "epp_password" not in known["house"]

    async def main() -> None:
        async with engine_on(demo.facts["database"]) as engine:
            assert [1000] * 3 == [await login(engine, known, slug) for slug in ("alpha", "beta", "gamma")]
            assert 2200 == await login(engine, known, "alpha", showing="beta")

    run(main())


def test_the_files_make_connections(demo: serving.Served) -> None:
    """With the registrars' own certificates, through TLS, to a login."""
    known: Any = demo.facts["registrars"]
    door = settings_of(for_demo(Settings(data=demo.directory / "data")), 0, shared=False)
    contexts = Contexts(door.tls)
    peers: asyncio.Queue[Peer] = asyncio.Queue()

    class Noting(Connection):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            tls = transport.get_extra_info("ssl_object")
            peers.put_nowait(peer_at(transport.get_extra_info("peername")[0], peer_of(tls)))

    async def main() -> None:
        listener = Listener(door.host, 0, lambda: contexts.current, Noting)
        await listener.start()
        async with engine_on(demo.facts["database"]) as engine:
            for slug in ("alpha", "beta"):
                client = ssl.create_default_context(cafile=str(door.client_ca))
                client.verify_flags |= ssl.VERIFY_X509_STRICT
                client.load_cert_chain(known[slug]["cert_file"], known[slug]["key_file"])
                async with asyncio.timeout(10):
                    _, writer = await asyncio.open_connection(
                        "127.0.0.1", listener.port, ssl=client, server_hostname="localhost"
                    )
                    peer = await peers.get()
                asked = Login("alpha", known["alpha"]["epp_password"], "1.0", "en", (DOMAIN,))
                found = await admit(engine, asked, peer, Served((DOMAIN,), ()), door.policy, session_cap=5)
                assert (slug == "alpha") == isinstance(found, Admitted), "beta's certificate does not open alpha's door"
                writer.close()
        await listener.stop()

    run(main())


def test_the_next_start_finds_everything_as_it_was(empty_register: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with engine_on(empty_register) as engine:
            first = (await seeding.seed(engine, tmp_path)).registrars
            files = {file: file.read_bytes() for file in (tmp_path / "epp").iterdir()}
            async with connected(empty_register) as c:
                rows = await c.fetchval("SELECT count(*) FROM command_log")
                assert first == (await seeding.seed(engine, tmp_path)).registrars
                assert rows == await c.fetchval("SELECT count(*) FROM command_log"), "nothing was done twice"
            assert files == {file: file.read_bytes() for file in (tmp_path / "epp").iterdir()}

    run(main())


def test_certificates_that_were_lost_are_made_and_bound_anew(empty_register: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with engine_on(empty_register) as engine:
            known = (await seeding.seed(engine, tmp_path)).registrars
            shutil.rmtree(tmp_path / "epp")
            assert known == (await seeding.seed(engine, tmp_path)).registrars, "in the same places"
            assert 1000 == await login(engine, known, "alpha")
            standing = await engine.epp_access("alpha")
            assert standing is not None and 1 == len(standing.certificates)

    run(main())


def test_a_demo_of_before_epp_gets_its_access(empty_register: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with engine_on(empty_register) as engine:
            token = (await seeding.seed(engine, tmp_path)).registrars["alpha"]["api_key"]
            file = tmp_path / seeding.FILE
            kept = json.loads(file.read_text())
            for entry in kept["registrars"].values():
                del entry["epp_password"]
            file.write_text(json.dumps(kept))
            async with connected(empty_register) as c:
                await c.execute("DELETE FROM epp_access; DELETE FROM epp_certificate")
            known = (await seeding.seed(engine, tmp_path)).registrars
            assert token == known["alpha"]["api_key"]
            assert 1000 == await login(engine, known, "alpha")

    run(main())


def test_a_password_that_was_changed_is_left_alone(empty_register: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with engine_on(empty_register) as engine:
            await seeding.seed(engine, tmp_path)
            standing = await engine.epp_access("alpha")
            assert standing is not None
            hashed = await engine.authenticator.hash("other-Horse-8")
            await engine.submit(SetEppPassword("alpha", hashed, standing.read_at), operator())
            await seeding.seed(engine, tmp_path)
            after = await engine.epp_access("alpha")
            assert after is not None and after.access is not None and hashed == after.access.password_hash

    run(main())
