"""`docs/epp.md` tells the truth: its tables hold everything there is, and its frames do what it says of them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from namestead import errors
from namestead.cli.epp_document import CODES, EXTENSIONS, LIFE, MESSAGES, RESTORE
from namestead.epp import messages as epp
from namestead.epp import namespaces
from namestead.epp.read import read_command
from namestead.objects.message import MessageKind
from tests.epp.wire.conftest import shown
from tests.epp.wire.line import Line, Runs, dial, said
from tests.serving import Served

ROOT = Path(__file__).parents[3]


def codes_in(path: Path) -> set[int]:
    """The result codes a file of the server gives: numbers from 1000 to 2999 that are one."""
    numbers = {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
    return {n for n in numbers if type(n) is int and 1000 <= n < 3000 and n not in NO_CODES}


NO_CODES = {1024}


def test_every_code_is_explained() -> None:
    doors = {"answers", "admission", "faults", "login", "read", "refusals", "requests", "server", "session", "xml"}
    given = {code for name in doors for code in codes_in(ROOT / "src/namestead/epp" / f"{name}.py")}
    assert {2001, 2002, 2101, 1301, 1500, 2501} <= given, "the search finds what is there"
    assert set() == (given | {k.epp_result_code for k in errors.CATALOGUE}) - CODES.keys()
    assert {code: errors.epp_text(code) for code in CODES}


def test_every_message_and_extension_is_explained() -> None:
    assert set(MessageKind) == set(MESSAGES)
    assert set(namespaces.EXTENSIONS) == set(EXTENSIONS)


def test_the_document_is_found() -> None:
    for page in ("README.md", "docs/start.md"):
        assert re.search(r"\]\((docs/)?epp\.md\)", (ROOT / page).read_text()), page


def test_a_life_in_frames(run: Runs, served: Served) -> None:
    """The document's frames, one after the other as they stand there; the transfer is asked for by another registrar."""
    with dial(run, served, "alpha") as alpha, dial(run, served, "beta") as beta:
        beta.login("beta", served.facts["registrars"]["beta"]["epp_password"])
        alpha.login("alpha", served.facts["registrars"]["alpha"]["epp_password"])
        alpha.messages()
        alpha.logout()
    with dial(run, served, "alpha") as alpha, dial(run, served, "beta") as beta:
        beta.login("beta", served.facts["registrars"]["beta"]["epp_password"])
        played = [(what, code, *_play(alpha, beta, frame, served)) for what, code, frame in LIFE]
        for what, code, sent, answer in played:
            assert code == answer.code, f"{what}: {said(answer)}"
            assert sent.cl_trid == answer.cl_trid
        beta.messages()
    [check] = [a for _, _, sent, a in played if isinstance(sent.body, epp.DomainCheck)]
    [create] = [sent for _, _, sent, _ in played if isinstance(sent.body, epp.DomainCreate)]
    assert isinstance(check.extensions.fee, epp.FeeCheckData)
    assert isinstance(create.extensions.fee, epp.FeeTerms)
    assert [f.amount for f in create.extensions.fee.fees] == [
        f.amount for f in check.extensions.fee.objects[0].quotes[0].fees
    ]


def _play(alpha: Line, beta: Line, frame: str, served: Served) -> tuple[epp.Command, epp.Response]:
    sent = read_command(frame.encode())
    assert isinstance(sent, epp.Command)
    line = alpha
    if isinstance(sent.body, epp.Login):
        frame = frame.replace("PASSWORD", served.facts["registrars"]["alpha"]["epp_password"])
    elif isinstance(sent.body, epp.DomainRenew):
        expires = shown(alpha, sent.body.name).ex_date
        assert expires is not None
        frame = frame.replace(sent.body.current_expiry.isoformat(), expires.date().isoformat())
    elif isinstance(sent.body, epp.DomainTransfer) and sent.body.op == "request":
        line = beta
    answer = line.raw(frame.encode())
    assert isinstance(answer, epp.Response)
    return sent, answer


@pytest.mark.parametrize("frame", [RESTORE])
def test_the_other_frame_is_one(frame: str) -> None:
    sent = read_command(frame.encode())
    assert isinstance(sent, epp.Command)
    assert epp.RestoreRequest() == sent.extensions.rgp
