"""Registrars, listings and keys: who may come in, and who no longer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from namestead.commands.operator.approve_registrar import ApproveRegistrar
from namestead.commands.operator.create_key import CreateKey
from namestead.commands.operator.create_registrar import CreateRegistrar
from namestead.commands.operator.list_registrar import ListRegistrar
from namestead.commands.operator.revoke_key import RevokeKey
from namestead.commands.operator.rotate_key import RotateKey
from namestead.commands.protocol import AnyCommand
from namestead.commands.table import TABLE, Party
from namestead.objects.names import Name
from namestead.objects.registrar import ApiKey, ListingStatus, Registrar
from namestead.rules.permissions import REGISTRAR_SCOPES
from tests.commands.operator.deciding import KEY, NOW, decide, facts, refused

H = b"x" * 32


def test_a_new_registrar_may_do_nothing_and_has_an_account() -> None:
    account, registrar = decide(CreateRegistrar("beta", "Beta", "ch_b")).changes
    assert isinstance(registrar, Registrar)
    assert (False, False, False) == (registrar.approved, registrar.production_approved, registrar.dns_module)
    assert registrar.account_id == account.id  # type: ignore[union-attr]


def test_what_is_not_spoken_of_stays() -> None:
    [after] = decide(ApproveRegistrar("alpha", production=True, rate_limit=5)).changes
    assert isinstance(after, Registrar)
    assert (True, True, False, 5) == (after.approved, after.production_approved, after.dns_module, after.rate_limit)
    assert () == decide(ApproveRegistrar("alpha", approved=True)).changes, "nothing changed, nothing written"


def test_listings() -> None:
    assert () == decide(ListRegistrar("alpha", Name("example"))).changes
    [listing] = decide(ListRegistrar("alpha", Name("example"), ListingStatus.SUSPENDED)).changes
    assert "suspended" == listing.status  # type: ignore[union-attr]


def test_the_profile_has_all_scopes_of_the_registrars_commands() -> None:
    assert {row.scope for row in TABLE if row.party is Party.REGISTRAR and row.scope} <= set(REGISTRAR_SCOPES)
    [key] = decide(CreateKey("key_b", H, registrar="alpha")).changes
    assert isinstance(key, ApiKey)
    assert (REGISTRAR_SCOPES, 1, 2) == (key.scopes, key.account_id, key.registrar_id)


def test_a_rotated_key_lives_no_longer_than_the_old_one() -> None:
    known = facts()
    soon, later = NOW + timedelta(hours=1), NOW + timedelta(days=1)
    known.keys["key_a"] = replace(KEY, expires_at=soon)
    old, new = decide(RotateKey("key_a", "key_b", H, later), known).changes
    assert isinstance(old, ApiKey) and isinstance(new, ApiKey)
    assert (soon, soon, H, KEY.scopes) == (old.expires_at, new.expires_at, new.hash, new.scopes)


def test_a_revoked_key() -> None:
    known = facts()
    [dead] = decide(RevokeKey("key_a"), known).changes
    assert isinstance(dead, ApiKey)
    assert NOW == dead.revoked_at
    known.put(dead)
    assert "status_prohibits" == refused(RevokeKey("key_a"), known)
    assert "status_prohibits" == refused(RotateKey("key_a", "key_b", H, NOW), known)


@pytest.mark.parametrize(
    "command, code",
    [
        (CreateRegistrar("alpha", "", "ch"), "object_exists"),
        (CreateRegistrar("b c", "", "ch"), "invalid_request"),
        (CreateRegistrar("beta", "", "ch", currency="XXX"), "value_out_of_range"),
        (CreateRegistrar("beta", "", "ch", account="nobody"), "account_not_found"),
        (ApproveRegistrar("nobody"), "registrar_not_found"),
        (ApproveRegistrar("alpha", rate_limit=-1), "value_out_of_range"),
        (ListRegistrar("nobody", Name("example")), "registrar_not_found"),
        (ListRegistrar("alpha", Name("nowhere")), "zone_not_found"),
        (CreateKey("key_b", H), "missing_field"),
        (CreateKey("key_a", H, registrar="alpha"), "object_exists"),
        (CreateKey("key_b", H, registrar="nobody"), "registrar_not_found"),
        (CreateKey("key_b", H, account="nobody"), "account_not_found"),
        (CreateKey("key_b", H, account="alpha", profile="everything"), "value_out_of_range"),
        (CreateKey("key_b", H, account="alpha", scopes=("domains:check",)), "invalid_request"),
        (CreateKey("key_b", H, account="alpha", profile="single_scopes"), "value_out_of_range"),
        (CreateKey("key_b", H, account="alpha", profile="single_scopes", scopes=("x",)), "value_out_of_range"),
        (CreateKey("key_b", H, account="alpha", rate_limit=0), "value_out_of_range"),
        (RevokeKey("key_b"), "object_not_found"),
        (RotateKey("key_b", "key_a", H, NOW), "object_not_found"),
    ],
)
def test_what_is_refused(command: AnyCommand, code: str) -> None:
    assert code == refused(command)


def test_no_summary_holds_a_secret() -> None:
    for command in (CreateKey("key_b", H, registrar="alpha"), RotateKey("key_a", "key_b", H, NOW)):
        assert H not in command.summary().values()
