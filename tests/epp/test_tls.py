"""The server's context: what it insists on, and files that do not make one."""

from __future__ import annotations

import ssl
from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from namestead.epp.tls import Contexts, TlsFiles, TlsProblem, server_context
from tests.epp.tls_world import ALPHA, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_what_a_context_insists_on(world: World) -> None:
    context = server_context(world.files())
    assert (ssl.TLSVersion.TLSv1_2, 0, ssl.CERT_REQUIRED) == (
        context.minimum_version,
        context.num_tickets,
        context.verify_mode,
    )
    for option in (ssl.OP_NO_TICKET, ssl.OP_NO_COMPRESSION, ssl.OP_NO_RENEGOTIATION):
        assert context.options & option
    names = {str(cipher["name"]) for cipher in context.get_ciphers()}
    assert all(name.startswith(("TLS_", "ECDHE-")) and ("GCM" in name or "CHACHA20" in name) for name in names)
    assert ssl.CERT_OPTIONAL == server_context(world.files(required=False)).verify_mode
    assert ssl.CERT_NONE == server_context(replace(world.files(required=False), client_ca=None)).verify_mode


def _no_ca(files: TlsFiles, world: World) -> TlsFiles:
    return replace(files, client_ca=None)


def _missing(files: TlsFiles, world: World) -> TlsFiles:
    return replace(files, private_key=world.directory / "nowhere.key")


def _another_key(files: TlsFiles, world: World) -> TlsFiles:
    files.private_key.write_bytes(ALPHA.key)
    return files


def _no_certificate(files: TlsFiles, world: World) -> TlsFiles:
    files.certificate.write_text("nothing")
    return files


def _no_authority(files: TlsFiles, world: World) -> TlsFiles:
    assert files.client_ca is not None
    files.client_ca.write_text("nothing")
    return files


@pytest.mark.parametrize(
    "spoil, says",
    [
        (_no_ca, "no file of authorities"),
        (_missing, "nowhere.key cannot be read: No such file"),
        (_another_key, "no certificate with its key: KEY_VALUES_MISMATCH"),
        (_no_certificate, "server.pem and .*server.key are no certificate"),
        (_no_authority, "ca.pem has no certificates"),
    ],
)
def test_files_that_make_no_server_are_named(world: World, spoil: object, says: str) -> None:
    assert callable(spoil)
    with pytest.raises(TlsProblem, match=says):
        server_context(spoil(world.files(), world))


def test_files_that_vanish_leave_the_old_context_in_force_and_are_looked_at_again(world: World) -> None:
    contexts = Contexts(world.files())
    before = contexts.current
    (world.directory / "server.key").unlink()
    with structlog.testing.capture_logs() as lines:
        assert not contexts.reload() and not contexts.reload()
        assert before is contexts.current
        world.files()
        assert contexts.reload()
    assert before is not contexts.current
    assert ["warning", "warning", "info"] == [line["log_level"] for line in lines]
