"""A login is decided once and a session may last a day: who may not come in any more does not stay either."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from namestead.epp.server import shut_out
from namestead.objects.epp_access import ClientCertificate, EppAccess, EppStanding
from namestead.objects.registrar import Registrar

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINE, OTHER = b"m" * 32, b"o" * 32
ALPHA = Registrar(
    1, 1, "ch_alpha", "alpha", "Alpha", approved=True, production_approved=True, dns_module=False, created_at=NOW
)
BOUND = ClientCertificate(9, 1, MINE, "CN=alpha", NOW, NOW)
STANDING = EppStanding(
    ALPHA,
    currency="EUR",
    suspended=False,
    access=EppAccess(1, NOW),
    certificates=(BOUND,),
    bound_to=None,
    failures=0,
    read_at=NOW,
)


@pytest.mark.parametrize(
    "standing, fingerprint, reason",
    [
        (STANDING, MINE, None),
        (STANDING, None, None),
        (replace(STANDING, access=EppAccess(1, NOW, password_hash="$argon2id$another")), MINE, None),
        (None, MINE, "access through EPP was switched off"),
        (replace(STANDING, access=None), MINE, "access through EPP was switched off"),
        (replace(STANDING, access=EppAccess(1, NOW, enabled=False)), MINE, "access through EPP was switched off"),
        (replace(STANDING, suspended=True), MINE, "the account was suspended"),
        (replace(STANDING, registrar=replace(ALPHA, approved=False)), MINE, "the channel's approval was taken back"),
        (STANDING, OTHER, "the client certificate was unbound"),
        (replace(STANDING, certificates=()), MINE, "the client certificate was unbound"),
    ],
)  # fmt: skip
def test_who_may_not_come_in_does_not_stay(
    standing: EppStanding | None, fingerprint: bytes | None, reason: str
) -> None:
    assert reason == shut_out(standing, fingerprint)
