"""The demo's certificates on disk, and the door's settings with them."""

from __future__ import annotations

import socket
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from namestead.cli import epp_files
from namestead.cli.epp import for_demo, require_possible, settings_of
from namestead.cli.session import Problem
from namestead.epp.certificates import LIFE, read
from namestead.settings import Settings

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
NAMES = ("localhost", "127.0.0.1")


def contents(data: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted((data / "epp").iterdir())}


def test_they_are_made_once_and_kept_with_their_owner_alone(tmp_path: Path) -> None:
    made = epp_files.keep(tmp_path, NAMES, ("alpha", "beta"), NOW)
    before = contents(tmp_path)
    assert sorted(f"{n}.{e}" for n in ("alpha", "beta", "ca", "server") for e in ("key", "pem")) == list(before)
    assert {0o600} == {stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "epp").iterdir()}
    assert set(NAMES) == set(read(made.certificate.read_bytes()).names)
    assert made == epp_files.keep(tmp_path, NAMES, ("alpha", "beta"), NOW + timedelta(days=300))
    assert before == contents(tmp_path)


def changed(before: dict[str, bytes], after: dict[str, bytes]) -> set[str]:
    return {name.split(".")[0] for name in after if before.get(name) != after[name]}


def test_what_is_about_to_end_or_does_not_fit_is_made_anew(tmp_path: Path) -> None:
    epp_files.keep(tmp_path, NAMES, ("alpha",), NOW)
    first = contents(tmp_path)
    epp_files.keep(tmp_path, NAMES, ("alpha", "beta"), NOW)
    second = contents(tmp_path)
    assert {"beta"} == changed(first, second)
    epp_files.keep(tmp_path, (*NAMES, "new.example"), ("alpha", "beta"), NOW)
    third = contents(tmp_path)
    assert {"server"} == changed(second, third)
    (tmp_path / "epp" / "alpha.key").unlink()
    epp_files.keep(tmp_path, NAMES, ("alpha", "beta"), NOW)
    fourth = contents(tmp_path)
    assert {"alpha"} == changed(third, fourth)
    epp_files.keep(tmp_path, NAMES, ("alpha", "beta"), NOW + LIFE - timedelta(days=30))
    fifth = contents(tmp_path)
    assert {"alpha", "beta", "server"} == changed(fourth, fifth)
    (tmp_path / "epp" / "ca.pem").write_text("spoilt")
    epp_files.keep(tmp_path, NAMES, ("alpha", "beta"), NOW)
    assert {"alpha", "beta", "ca", "server"} == changed(fifth, contents(tmp_path))


@pytest.mark.parametrize(
    "own, known",
    [
        ("Registry-1.example", ("registry-1.example",)),
        ("localhost", ()),
        ("with_underscore", ()),
        ("", ()),
        ("x" * 254, ()),
    ],
)
def test_the_machines_own_name(own: str, known: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: own)
    assert ("localhost", "127.0.0.1", "::1", *known) == epp_files.server_names()


def test_the_doors_settings_of_a_demo(tmp_path: Path) -> None:
    epp_files.keep(tmp_path, NAMES, (), NOW)
    found = settings_of(for_demo(Settings(data=tmp_path)), 7000, shared=True)
    assert (7000, True, True, tmp_path / "epp" / "ca.pem", tmp_path / "epp" / "server.pem") == (
        found.port,
        found.share_port,
        found.certificates_required,
        found.client_ca,
        found.certificate,
    )
    assert (timedelta(days=365), timedelta(days=30), 86_400) == (
        found.password_life,
        found.warning,
        found.absolute_timeout,
    )
    without_end = Settings(data=tmp_path, epp_absolute_timeout=0, epp_password_days=0, epp_certificates="optional")
    found = settings_of(for_demo(without_end), 7000, shared=False)
    assert (None, None, False) == (found.absolute_timeout, found.password_life, found.certificates_required)


@pytest.mark.parametrize(
    "chosen, at_login, in_handshake", [("optional", False, False), ("required", True, False), ("handshake", True, True)]
)
def test_where_a_certificate_is_asked_for(tmp_path: Path, chosen: str, at_login: bool, in_handshake: bool) -> None:
    epp_files.keep(tmp_path, NAMES, (), NOW)
    found = settings_of(for_demo(Settings(data=tmp_path, epp_certificates=chosen)), 7000, shared=False)
    assert (at_login, in_handshake) == (found.policy.certificates_required, found.tls.required)
    assert found.client_ca == found.tls.client_ca
    assert found.password_life == found.policy.password_life


def test_files_of_ones_own(tmp_path: Path) -> None:
    made = epp_files.keep(tmp_path / "own", NAMES, (), NOW)
    settings = Settings(data=tmp_path, epp_cert=made.certificate, epp_key=made.key, epp_client_ca=made.authority)
    found = settings_of(settings, 700, shared=False)
    assert (made.certificate, made.key, made.authority) == (found.certificate, found.private_key, found.client_ca)


@pytest.mark.parametrize(
    "settings, says",
    [
        ({"only": ("epp",)}, "set epp_cert and epp_key"),
        ({"epp_cert": Path("/x.pem")}, "belong together"),
        ({"epp_cert": Path("/x.pem"), "epp_key": Path("/x.key")}, "are required, and no file of authorities"),
        ({"epp_cert": Path("/x.pem"), "epp_key": Path("/x.key"), "epp_certificates": "optional"}, "/x.pem cannot be read"),
    ],
)  # fmt: skip
def test_what_cannot_be_served_is_told(tmp_path: Path, settings: dict[str, object], says: str) -> None:
    with pytest.raises(Problem, match=says):
        require_possible(Settings(data=tmp_path, **settings))  # type: ignore[arg-type]
