"""Log lines: one form for everything, no secret, no local variable."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from namestead.cli.logs import without_secrets
from tests.serving import namestead

PROGRAM = """
import logging, structlog
from namestead.cli import logs
logs.configure({form!r}, "info")
log = structlog.get_logger("namestead.test")
structlog.contextvars.bind_contextvars(request_id="req_1")
log.info("hello", log_id=7, password="hunter2", url="postgresql://u:hunter2@h/d")
log.debug("not shown")
logging.getLogger("other").warning("from %s with %s", "afar", "nst_" + "hunter2" * 4)
def fails(secret_local="hunter2-local"):
    raise ValueError("at postgresql://u:hunter2@h/d")
try:
    fails()
except ValueError:
    log.exception("failed")
"""


def said(form: str) -> str:
    _, environment = namestead()
    program = [sys.executable, "-c", PROGRAM.format(form=form)]
    done = subprocess.run(program, env=environment, capture_output=True, text=True, check=True)
    assert "" == done.stdout, "log lines go to the standard error"
    return done.stderr


@pytest.mark.parametrize("form", ["console", "json"])
def test_no_secret_and_no_local(form: str) -> None:
    text = said(form)
    assert "hello" in text and "from afar" in text and "ValueError" in text
    assert "hunter2" not in text
    assert "not shown" not in text


def test_json_lines_carry_ids() -> None:
    first, *_ = [json.loads(line) for line in said("json").splitlines()]
    assert ("hello", "req_1", 7, "info", "namestead.test") == tuple(
        first[k] for k in ("event", "request_id", "log_id", "level", "logger")
    )


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://me:hunter2@host/db",
        "Authorization: Bearer hunter2",
        "the key nst_hunter2hunter2",
        "host=x password=hunter2 port=1",
    ],
)
def test_what_looks_like_a_secret_is_blanked(text: str) -> None:
    assert "hunter2" not in without_secrets(text)


def test_what_does_not_stays() -> None:
    text = "http://127.0.0.1:8080/api key_ab12 log_5 at 12:30:00@noon"
    assert text == without_secrets(text)
