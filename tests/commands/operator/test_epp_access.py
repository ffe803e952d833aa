"""A registrar's EPP access as the operator sets it; what is bound to it, and what the log is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from namestead.commands.operator.bind_certificate import BindCertificate
from namestead.commands.operator.set_epp_access import SetEppAccess
from namestead.commands.operator.set_epp_password import SetEppPassword
from namestead.commands.operator.unbind_certificate import UnbindCertificate
from namestead.commands.protocol import AnyCommand
from namestead.objects.epp_access import ClientCertificate, EppAccess
from namestead.objects.facts import Facts, NotLoaded
from tests.commands.operator.deciding import NOW, OPERATOR, REGISTRAR, decide, facts, refused

AT = datetime(2026, 11, 24, 9, tzinfo=UTC)
LATER = AT + timedelta(days=365)
HASH = "$argon2id$v=19$invented"
PRINT, OTHER = b"f" * 32, b"o" * 32
BOUND = ClientCertificate(7, 2, PRINT, "CN=alpha", LATER, AT)
ACCESS = EppAccess(registrar_id=2, created_at=NOW, password_hash=HASH, password_changed_at=AT, networks=("10.0.0.0/8",))


def known(access: EppAccess | None = None, *bound: ClientCertificate) -> Facts:
    found = facts()
    found.reference.put_registrar(replace(REGISTRAR, id=9, slug="b", channel_id="ch_b"))
    found.epp_access.update({2: access, 9: None})
    found.certificates.update({PRINT: None, OTHER: None})
    for certificate in bound:
        found.put(certificate)
    return found


def access_after(command: AnyCommand, before: EppAccess | None = None) -> EppAccess:
    [after] = decide(command, known(before)).changes
    assert isinstance(after, EppAccess)
    return after


def test_a_first_password_opens_access() -> None:
    after = access_after(SetEppPassword("alpha", HASH, AT))
    assert (2, True, HASH, AT, NOW) == (
        after.registrar_id,
        after.enabled,
        after.password_hash,
        after.password_changed_at,
        after.updated_at,
    )


def test_a_new_password_changes_nothing_else() -> None:
    after = access_after(SetEppPassword("alpha", HASH + "2", AT), replace(ACCESS, enabled=False, session_cap=3))
    assert replace(ACCESS, enabled=False, session_cap=3, password_hash=HASH + "2", updated_at=NOW) == after


def test_what_is_not_spoken_of_stays() -> None:
    after = access_after(SetEppAccess("alpha", session_cap=4, cltrid_as_key=True), ACCESS)
    assert replace(ACCESS, session_cap=4, cltrid_as_key=True, updated_at=NOW) == after
    after = access_after(SetEppAccess("alpha", networks=(), session_cap=0), after)
    assert ((), None, True) == (after.networks, after.session_cap, after.cltrid_as_key)
    assert () == decide(SetEppAccess("alpha", enabled=True), known(ACCESS)).changes, "nothing changed, nothing written"
    assert 1 == len(decide(SetEppAccess("alpha"), known()).changes), "but access begins with the first word about it"


def test_a_certificate_is_bound_and_unbound() -> None:
    [bound] = decide(BindCertificate("alpha", PRINT, "CN=alpha", LATER, AT), known()).changes
    assert ClientCertificate(100, 2, PRINT, "CN=alpha", LATER, AT) == bound
    facts_then = known(None, BOUND)
    [gone] = decide(UnbindCertificate("alpha", PRINT, AT), facts_then).changes
    assert replace(BOUND, removed_at=AT) == gone
    facts_then.put(gone)
    assert "object_not_found" == refused(UnbindCertificate("alpha", PRINT, AT), facts_then)
    assert 1 == len(decide(BindCertificate("alpha", PRINT, "CN=alpha", LATER, AT), facts_then).changes)


@pytest.mark.parametrize(
    "command, code",
    [
        (SetEppPassword("nobody", HASH, AT), "registrar_not_found"),
        (SetEppPassword("b", HASH, AT), "policy_violation"),
        (SetEppAccess("nobody"), "registrar_not_found"),
        (SetEppAccess("b"), "policy_violation"),
        (SetEppAccess("alpha", session_cap=-1), "value_out_of_range"),
        (SetEppAccess("alpha", session_cap=10_001), "value_out_of_range"),
        (SetEppAccess("alpha", networks=("10.0.0.1/8",)), "invalid_request"),
        (BindCertificate("nobody", OTHER, "CN=x", LATER, AT), "registrar_not_found"),
        (BindCertificate("b", OTHER, "CN=x", LATER, AT), "policy_violation"),
        (BindCertificate("alpha", b"short", "CN=x", LATER, AT), "invalid_request"),
        (BindCertificate("alpha", OTHER, "CN=x", AT, AT), "value_out_of_range"),
        (BindCertificate("alpha", PRINT, "CN=x", LATER, AT), "object_exists"),
        (UnbindCertificate("nobody", PRINT, AT), "registrar_not_found"),
        (UnbindCertificate("alpha", OTHER, AT), "object_not_found"),
        (UnbindCertificate("b", PRINT, AT), "object_not_found"),
    ],
)
def test_what_is_refused(command: AnyCommand, code: str) -> None:
    found = known(ACCESS, BOUND)
    found.certificates[b"short"] = None
    assert code == refused(command, found)


def test_needs_name_what_decide_asks_for() -> None:
    found = known()
    assert (2,) == SetEppPassword("alpha", HASH, AT).needs(found.reference, OPERATOR).epp_access
    assert () == SetEppAccess("nobody").needs(found.reference, OPERATOR).epp_access
    assert (PRINT,) == UnbindCertificate("alpha", PRINT, AT).needs(found.reference, OPERATOR).certificates
    with pytest.raises(NotLoaded, match="registrar 2"):
        decide(SetEppAccess("alpha"), facts())
    with pytest.raises(NotLoaded, match="certificate 6666"):
        decide(UnbindCertificate("alpha", PRINT, AT), facts())


def test_no_summary_and_no_answer_holds_a_hash() -> None:
    command = SetEppPassword("alpha", HASH, AT)
    answer = decide(command, known(ACCESS))
    assert {"registrar": "alpha"} == command.summary()
    assert "argon2" not in repr(answer.result)
