"""`namestead epp shell` on a served demo: what it prints, how it ends, and what it leaves on disk."""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import stat
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from namestead.cli import epp_shell
from tests.cli.conftest import CommandLine, Done
from tests.serving import Served


def a_name() -> str:
    return f"s{secrets.token_hex(5)}.example"


class EppShell:
    """`namestead epp shell` with a demo's ready file."""

    def __init__(self, served: Served) -> None:
        self._run = CommandLine()
        self._ready = str(served.ready)

    def __call__(self, *lines: str, options: tuple[str, ...] = (), stdin: str | None = None) -> Done:
        given = [part for line in lines for part in ("-c", line)]
        return self._run("epp", "shell", "--ready", self._ready, *options, *given, stdin=stdin)

    def json(self, *lines: str, options: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        done = self(*lines, options=("--json", *options))
        return [json.loads(line) for line in done.out.splitlines()]


@pytest.fixture(scope="module")
def shell(demo: Served) -> EppShell:
    return EppShell(demo)


def test_a_life_in_plain_words(shell: EppShell) -> None:
    name = a_name()
    answers = shell.json(
        f"check {name}",
        f"create {name} --years 2 --auth-info",
        f"check {name}",
        f"host create ns1.{name} --ip 9.9.9.9",
        f"host create ns2.{name} --ip 2620:fe::fe",
        f"update {name} --add-ns ns1.{name} --add-ns ns2.{name} --add-status clientTransferProhibited",
        f"renew {name} --years 1",
        f"info {name}",
        f"update {name} --rem-ns ns1.{name} --rem-ns ns2.{name} --rem-status clientTransferProhibited",
        f"host delete ns1.{name}",
        f"host delete ns2.{name}",
        f"delete {name}",
    )
    assert 12 == len(answers), answers
    assert {True} == {a["success"] for a in answers}, answers
    checked, created, again, *_ = answers
    assert (True, False) == (checked["data"]["results"][0]["available"], again["data"]["results"][0]["available"])
    assert 24 == len(created["auth_info"])
    assert created["auth_info"] not in created["command"]
    info = answers[7]["data"]
    assert [f"ns1.{name}", f"ns2.{name}"] == info["hosts"]
    assert int(created["data"]["ex_date"][:4]) + 1 == int(info["ex_date"][:4])


def test_a_transfer_between_two(shell: EppShell) -> None:
    name = a_name()
    [created] = shell.json(f"create {name} --auth-info")
    beta = ("--registrar", "beta")
    [refused] = shell.json(f"transfer request {name} --auth-info wrong-Password-0123456789", options=beta)
    assert 2202 == refused["code"]
    [asked] = shell.json(f"transfer request {name} --auth-info {created['auth_info']}", options=beta)
    assert ("pending", "beta") == (asked["data"]["status"], asked["data"]["re_id"])
    assert created["auth_info"] not in json.dumps(asked)
    shown, approved = shell.json(f"transfer query {name}", f"transfer approve {name}")
    assert ("pending", "clientApproved") == (shown["data"]["status"], approved["data"]["status"])
    told = shell.json("poll", "ack", options=beta)
    assert [1301, 1000] == [a["code"] for a in told]


def test_a_failed_answer_ends_a_script_with_status_1(shell: EppShell) -> None:
    name = a_name()
    done = shell(f"info {name}", f"create {name}")
    assert 1 == done.status
    assert "2303" in done.out
    assert "'check' says whether the name can be had" in done.out
    assert True is shell.json(f"check {name}")[0]["data"]["results"][0]["available"], "what followed was not run"
    done = shell(f"info {name}", f"create {name}", options=("--keep-going",))
    assert 1 == done.status
    assert "1000" in done.out


def test_lines_on_the_standard_input(shell: EppShell) -> None:
    name = a_name()
    done = shell(stdin=f"# two lines\n\ncheck {name}\nhello\nquit\ninfo {name}\n")
    assert 0 == done.status, done
    assert f"{name}  free" in done.out
    assert "rgp-1.0" in done.out
    assert "2303" not in done.out, "nothing is run after quit"


def test_words_that_mean_nothing(shell: EppShell) -> None:
    done = shell("chek a.example")
    assert 1 == done.status
    assert "'help' lists the commands" in done.err
    [said] = shell.json("chek a.example")
    assert "misspoken" == said["error"]


def test_xml_is_what_went_over_the_wire(shell: EppShell) -> None:
    name = a_name()
    done = shell(f"check {name}", options=("--xml",))
    assert 0 == done.status
    request, answer = done.out.split("<!-- answer -->")
    asked, told = (etree.fromstring(part.split("-->")[-1].strip().encode()) for part in (request, answer))
    there = {"e": "urn:ietf:params:xml:ns:epp-1.0", "d": "urn:ietf:params:xml:ns:domain-1.0"}
    assert name == asked.findtext(".//d:name", namespaces=there)
    assert name == told.findtext(".//d:name", namespaces=there)
    assert asked.findtext(".//e:clTRID", namespaces=there) == told.findtext(".//e:clTRID", namespaces=there)
    assert "\n  <command>" in request


def test_a_frame_from_a_file(shell: EppShell, tmp_path: Path) -> None:
    file = tmp_path / "frame.xml"
    file.write_text('<epp xmlns="urn:ietf:params:xml:ns:epp-1.0"><command><poll op="rek"/></command></epp>')
    done = shell(f"raw {file}")
    assert 1 == done.status
    assert "2001" in done.out
    assert "cannot be read" in shell(f"raw {tmp_path / 'none.xml'}").err


def test_any_server_with_the_password_in_a_file_or_the_environment(
    demo: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door, alpha = demo.facts["epp"], demo.facts["registrars"]["alpha"]
    where = ("--host", door["host"], "--port", str(door["port"]), "--ca", door["ca_file"])
    who = ("--cert", alpha["cert_file"], "--key", alpha["key_file"], "--client-id", "alpha")
    run = CommandLine()
    kept = tmp_path / "password"
    kept.write_text(alpha["epp_password"] + "\n")
    check = ("-c", "check a.example")
    assert 0 == run("epp", "shell", *where, *who, "--password-file", str(kept), *check).status
    monkeypatch.setenv(epp_shell.PASSWORD, alpha["epp_password"])
    assert 0 == run("epp", "shell", *where, *who, *check).status

    monkeypatch.setenv(epp_shell.PASSWORD, "wrong-Password-1")
    done = run("epp", "shell", *where, *who, *check)
    assert 1 == done.status
    assert "2200" in done.out
    monkeypatch.delenv(epp_shell.PASSWORD)
    done = run("epp", "shell", *where, *who, *check)
    assert 1 == done.status
    assert "--password-file" in done.err


def test_what_is_wrong_with_the_way_says_what_to_do(
    demo: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(epp_shell.PASSWORD, "any")
    run, door = CommandLine(), demo.facts["epp"]
    here = ("--host", door["host"], "--client-id", "alpha", "-c", "hello")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = run("epp", "shell", *here, "--port", str(taken.getsockname()[1]))
    assert 1 == nobody.status
    assert "Is it running?" in nobody.err
    assert "with --ca" in run("epp", "shell", *here, "--port", str(door["port"])).err
    missing = run("epp", "shell", *here, "--port", str(door["port"]), "--cert", str(tmp_path / "none.pem"))
    assert "missing" in missing.err
    assert 2 == run("epp", "shell", "-c", "hello").status
    assert "It is there while" in run("epp", "shell", "--ready", str(tmp_path / "none.json"), "-c", "hello").err
    assert (
        "It has those of alpha"
        in run(*("epp", "shell", "--ready", str(demo.ready), "--registrar", "nobody", "-c", "hello")).err
    )


def test_the_history_is_its_users_alone_and_holds_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    file = epp_shell.history_file()
    assert tmp_path / "namestead" / "epp_history" == file
    history = epp_shell.History(file)
    history.append_string("info a.example --auth-info S3cret-Of-Alice")
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert "S3cret" not in file.read_text()
    assert ["info a.example --auth-info"] == history.get_strings()

    async def again() -> list[str]:
        return [line async for line in epp_shell.History(file).load()]

    assert ["info a.example --auth-info"] == asyncio.run(again())


@pytest.mark.parametrize(
    ("before", "offered"),
    [
        ("che", {"check"}),
        ("host cr", {"create"}),
        ("info a.ex", {"a.example"}),
        ("create b.example --ye", {"--years"}),
        ("info 'a", set()),
    ],
)
def test_completion_of_words_and_of_names_seen(before: str, offered: set[str]) -> None:
    words = epp_shell.Words(lambda: {"a.example", "b.example"})
    found = words.get_completions(Document(before), CompleteEvent())
    assert offered == {completion.text for completion in found}
