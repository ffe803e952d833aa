"""`newPW` at login: the password that was checked is the one that is replaced, or nothing happens."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from msgspec.structs import replace

from namestead.commands.protocol import Context, Ids, Outcome, Principal
from namestead.commands.registrar.change_epp_password import ChangeEppPassword
from namestead.errors import Refusal
from namestead.objects.epp_access import EppAccess
from namestead.objects.log import Surface
from tests.commands.operator.deciding import NOW, REGISTRAR, facts
from tests.commands.operator.test_epp_access import ACCESS, AT, HASH

ALPHA = Principal("epp:alpha", 1, 2)
NEW = HASH + "new"
COMMAND = ChangeEppPassword(NEW, HASH, AT)


def decide(before: EppAccess | None) -> Outcome[Any]:
    found = facts()
    [registrar_id] = COMMAND.needs(found.reference, ALPHA).epp_access
    found.epp_access[registrar_id] = before
    return COMMAND.decide(found, Context(ALPHA, REGISTRAR, Surface.EPP, sandbox=False, ids=Ids(count(100).__next__)))


def test_the_password_is_replaced_and_nothing_else() -> None:
    [after] = decide(ACCESS).changes
    assert replace(ACCESS, password_hash=NEW, password_changed_at=AT, updated_at=NOW) == after


@pytest.mark.parametrize(
    "before", [None, replace(ACCESS, password_hash=HASH + "other"), replace(ACCESS, enabled=False)]
)
def test_a_login_that_is_no_longer_good_changes_nothing(before: EppAccess | None) -> None:
    with pytest.raises(Refusal) as caught:
        decide(before)
    assert "epp_authentication_failed" == caught.value.kind.code


def test_the_log_is_told_nothing() -> None:
    assert {} == COMMAND.summary()
    assert "argon2" not in repr(decide(ACCESS).result)
