"""Login decisions: a line a case, no socket, no database, no clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from namestead.epp.login import (
    FAILURES_WORTH_TELLING,
    LOGIN_SECURITY_URI,
    Accepted,
    Login,
    LoginSecurity,
    Passwords,
    Peer,
    Policy,
    Refused,
    Served,
    decide,
    passwords,
    require_served,
    require_way_in,
)
from namestead.errors import Refusal
from namestead.objects.epp_access import ClientCertificate, EppAccess, EppStanding
from namestead.objects.registrar import Registrar

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)
DOMAIN, HOST = "urn:ietf:params:xml:ns:domain-1.0", "urn:ietf:params:xml:ns:host-1.0"
RGP = "urn:ietf:params:xml:ns:rgp-1.0"
SERVED = Served(objects=(DOMAIN, HOST), extensions=(RGP, LOGIN_SECURITY_URI))
POLICY = Policy(certificates_required=True, password_life=365 * DAY, warning=30 * DAY)
OPTIONAL = Policy(certificates_required=False, password_life=None, warning=30 * DAY)
OURS, THEIRS, NOBODYS = b"o" * 32, b"t" * 32, b"n" * 32
PEER = Peer("192.0.2.9", "TLSv1.3", "TLS_AES_256_GCM_SHA384", OURS, NOW + 300 * DAY)
LOGIN = Login("alpha", "right-Horse-7", "1.0", "en", (DOMAIN, HOST), (RGP, LOGIN_SECURITY_URI))

ALPHA = Registrar(
    id=2,
    account_id=1,
    channel_id="ch_alpha",
    slug="alpha",
    name="Alpha",
    approved=True,
    production_approved=False,
    dns_module=False,
    created_at=NOW - 900 * DAY,
)
ACCESS = EppAccess(
    registrar_id=2,
    created_at=NOW - 900 * DAY,
    password_hash="$argon2id$invented",
    password_changed_at=NOW - 100 * DAY,
    networks=("192.0.2.0/24",),
)
BOUND = ClientCertificate(5, 2, OURS, "CN=alpha", NOW + 300 * DAY, NOW - DAY)
STANDING = EppStanding(
    registrar=ALPHA,
    currency="EUR",
    suspended=False,
    access=ACCESS,
    certificates=(BOUND,),
    bound_to=2,
    failures=0,
    read_at=NOW,
)


def login(**more: Any) -> Login:
    known = {name: getattr(LOGIN, name) for name in Login.__dataclass_fields__}
    return Login(**{**known, **more})


def peer(**more: Any) -> Peer:
    known = {name: getattr(PEER, name) for name in Peer.__dataclass_fields__}
    return Peer(**{**known, **more})


def standing(*, access: dict[str, Any] | None = None, **more: Any) -> EppStanding:
    return replace(STANDING, access=replace(ACCESS, **(access or {})), **more)


def refusal(call: Any, *arguments: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        call(*arguments)
    return caught.value


# ---------------------------------------------------------------------------------------------------------- what is served


@pytest.mark.parametrize(
    "asked, epp, value",
    [
        ({"version": "2.0"}, 2100, "2.0"),
        ({"language": "de"}, 2102, "de"),
        ({"objects": (DOMAIN, "urn:ietf:params:xml:ns:obj1-1.0")}, 2307, "urn:ietf:params:xml:ns:obj1-1.0"),
        ({"objects": (DOMAIN.upper(),)}, 2307, DOMAIN.upper()),
        ({"extensions": (RGP, "http://vendor.example/own-1.0")}, 2103, "http://vendor.example/own-1.0"),
        ({"extensions": (DOMAIN,)}, 2103, DOMAIN),
        ({"extensions": (RGP,), "security": LoginSecurity("x" * 20)}, 2103, LOGIN_SECURITY_URI),
        ({"version": "2.0", "language": "de", "objects": ("x",)}, 2100, "2.0"),
    ],
)
def test_what_is_not_served_is_named(asked: dict[str, Any], epp: int, value: str) -> None:
    found = refusal(require_served, login(**asked), SERVED)
    assert (epp, value) == (found.kind.epp_result_code, found.value)
    assert value in found.message


@pytest.mark.parametrize("asked", [{}, {"objects": (HOST,), "extensions": ()}, {"objects": ()}])
def test_what_is_served(asked: dict[str, Any]) -> None:
    require_served(login(**asked), SERVED)


# ---------------------------------------------------------------------------------------------------- which password

MARK = "[LOGIN-SECURITY]"


@pytest.mark.parametrize(
    "pw, new, security, meant",
    [
        ("a", None, None, Passwords("a", None, extended=False)),
        ("a", "b", None, Passwords("a", "b", extended=False)),
        ("a", "b", LoginSecurity(), Passwords("a", "b", extended=False)),
        (MARK, None, LoginSecurity("long"), Passwords("long", None, extended=False)),
        (MARK, "b", LoginSecurity("long"), Passwords("long", "b", extended=False)),
        ("a", MARK, LoginSecurity(None, "longer"), Passwords("a", "longer", extended=True)),
        (MARK, MARK, LoginSecurity("long", "longer"), Passwords("long", "longer", extended=True)),
    ],
)
def test_the_password_that_is_meant(pw: str, new: str | None, security: LoginSecurity | None, meant: Passwords) -> None:
    assert meant == passwords(login(password=pw, new_password=new, security=security))


@pytest.mark.parametrize(
    "pw, new, security, epp, field",
    [
        (MARK, None, None, 2003, "loginSec:pw"),
        (MARK, None, LoginSecurity(None, "longer"), 2003, "loginSec:pw"),
        ("a", MARK, None, 2003, "loginSec:newPW"),
        ("a", None, LoginSecurity("long"), 2306, "loginSec:pw"),
        ("a", "b", LoginSecurity(None, "longer"), 2306, "loginSec:newPW"),
        ("a", None, LoginSecurity(None, "longer"), 2306, "loginSec:newPW"),
    ],
)
def test_passwords_in_the_wrong_place(
    pw: str, new: str | None, security: LoginSecurity | None, epp: int, field: str
) -> None:
    found = refusal(passwords, login(password=pw, new_password=new, security=security))
    assert (epp, field) == (found.kind.epp_result_code, found.field)
    assert "long" not in found.message


def test_no_password_is_shown() -> None:
    whole = repr(login(new_password="new-Horse-8", security=LoginSecurity("long-one", "longer-one")))
    whole += repr(Passwords("right-Horse-7", "new-Horse-8", extended=False))
    whole += repr(Accepted(STANDING, "new-Horse-8", ()))
    for secret in ("right-Horse-7", "new-Horse-8", "long-one", "longer-one"):
        assert secret not in whole


# --------------------------------------------------------------------------------------------------------- the way in

WAYS_IN: list[tuple[str, Peer, EppStanding | None, Policy]] = [
    ("network and certificate", PEER, STANDING, POLICY),
    ("any network where none is listed", peer(address="203.0.113.1"), standing(access={"networks": ()}), POLICY),
    ("IPv4 inside IPv6", peer(address="::ffff:192.0.2.9"), STANDING, POLICY),
    ("no certificate where none is required", peer(fingerprint=None), standing(certificates=()), OPTIONAL),
    ("an unknown id", PEER, None, POLICY),
    ("an unknown id without a certificate, where none is required", peer(fingerprint=None), None, OPTIONAL),
    ("a registrar that has no access", PEER, replace(STANDING, access=None), POLICY),
]


@pytest.mark.parametrize("case, of, known, policy", WAYS_IN, ids=lambda v: v if isinstance(v, str) else "")
def test_ways_in(case: str, of: Peer, known: EppStanding | None, policy: Policy) -> None:
    require_way_in(of, known, policy)


NO_WAY: list[tuple[str, Peer, EppStanding | None, Policy, int, str]] = [
    ("another network", peer(address="192.0.3.1"), STANDING, POLICY, 2201, "192.0.3.1 is in none of the networks"),
    ("IPv6 where only IPv4 is listed", peer(address="2001:db8::1"), STANDING, POLICY, 2201, "2001:db8::1 is in none"),
    ("the network before the certificate", peer(address="192.0.3.1", fingerprint=None), STANDING, POLICY, 2201, "192.0.3.1"),
    ("no certificate", peer(fingerprint=None), standing(certificates=()), POLICY, 2200, "No client certificate"),
    ("no certificate where one is bound", peer(fingerprint=None), STANDING, OPTIONAL, 2200, "No client certificate"),
    ("no certificate, unknown id", peer(fingerprint=None), None, POLICY, 2200, "No client certificate"),
    ("an unknown one", peer(fingerprint=NOBODYS), replace(STANDING, bound_to=None), POLICY, 2200, "bound to no registrar"),
    ("another's", peer(fingerprint=THEIRS), replace(STANDING, bound_to=9), POLICY, 2200, "bound to another registrar"),
    ("an unknown one where none is required", PEER, standing(certificates=(), bound_to=None), OPTIONAL, 2200, "no registrar"),
]  # fmt: skip


@pytest.mark.parametrize("case, of, known, policy, epp, says", NO_WAY, ids=lambda v: v if isinstance(v, str) else "")
def test_no_way_in(case: str, of: Peer, known: EppStanding | None, policy: Policy, epp: int, says: str) -> None:
    found = refusal(require_way_in, of, known, policy)
    assert epp == found.kind.epp_result_code
    assert says in found.message


# -------------------------------------------------------------------------------------------------- after the password


def outcome(
    known: EppStanding | None = STANDING,
    *,
    right: bool = True,
    of: Peer = PEER,
    policy: Policy = POLICY,
    meant: Passwords | None = None,
    asked: Login = LOGIN,
) -> Accepted | Refused:
    return decide(asked, meant or passwords(asked), of, known, policy, right=right)


def refused(*arguments: Any, **more: Any) -> Refused:
    found = outcome(*arguments, **more)
    assert isinstance(found, Refused)
    return found


def accepted(*arguments: Any, **more: Any) -> Accepted:
    found = outcome(*arguments, **more)
    assert isinstance(found, Accepted)
    return found


def test_a_good_login_has_nothing_to_be_told() -> None:
    assert Accepted(STANDING, None, ()) == outcome()


@pytest.mark.parametrize(
    "known, right, epp, says",
    [
        (STANDING, False, 2200, "client id or the password is wrong"),
        (None, False, 2200, "client id or the password is wrong"),
        (None, True, 2200, "client id or the password is wrong"),
        (standing(suspended=True), True, 2201, "suspended"),
        (standing(suspended=True), False, 2200, "wrong"),
        (standing(access={"enabled": False}), True, 2201, "switched off"),
        (standing(access={"enabled": False}), False, 2200, "wrong"),
        (replace(STANDING, registrar=replace(ALPHA, approved=False)), True, 2201, "not approved"),
        (replace(STANDING, registrar=replace(ALPHA, approved=False)), False, 2200, "wrong"),
    ],
)
def test_who_is_refused(known: EppStanding | None, right: bool, epp: int, says: str) -> None:
    found = refused(known, right=right).refusal
    assert epp == found.kind.epp_result_code
    assert says in found.message


def test_unknown_id_and_wrong_password_are_told_apart_by_nothing() -> None:
    unknown, wrong = refused(None, right=False), refused(STANDING, right=False)
    assert (unknown.refusal.kind, unknown.refusal.message, unknown.events) == (
        wrong.refusal.kind,
        wrong.refusal.message,
        wrong.events,
    )


OLD = standing(access={"password_changed_at": NOW - 365 * DAY})
AGEING = standing(access={"password_changed_at": NOW - 350 * DAY})
NEW = login(new_password="other-Horse-8")


def test_an_old_password_must_be_changed() -> None:
    found = refused(OLD)
    assert 2200 == found.refusal.kind.epp_result_code
    [event] = found.events
    assert ("password", "error", NOW) == (event.type, event.level, event.expires)
    assert "other-Horse-8" == accepted(OLD, asked=NEW).new_password
    assert () == accepted(OLD, asked=NEW).events
    assert () == accepted(OLD, policy=OPTIONAL).events, "where passwords do not grow old"


@pytest.mark.parametrize(
    "new, security, epp",
    [
        ("short-1", None, 2306),
        ("right-Horse-7", None, 2306),
        ("alpha-Horse-7", None, 2306),
        ("onlysmallones", None, 2306),
        ("other  Horse8", None, 2005),
        ("other-Horse-8-too-long", None, 2005),
        (MARK, LoginSecurity(None, "right-Horse-7"), 2306),
        (MARK, LoginSecurity(None, "aB3-" + "x1" * 63), 2005),
    ],
)
def test_new_passwords_that_are_refused(new: str, security: LoginSecurity | None, epp: int) -> None:
    found = refused(asked=login(new_password=new, security=security))
    assert epp == found.refusal.kind.epp_result_code
    [event] = found.events
    assert ("newPW", "error") == (event.type, event.level)
    assert () == refused(asked=login(new_password=new, extensions=())).events if security is None else True
    assert None is found.refusal.value


def test_a_long_new_password_by_the_extension() -> None:
    asked = login(new_password=MARK, security=LoginSecurity(None, "correct horse battery staple"))
    assert "correct horse battery staple" == accepted(asked=asked).new_password


def test_a_new_password_is_not_looked_at_where_the_old_one_is_wrong() -> None:
    assert 2200 == refused(right=False, asked=login(new_password="x")).refusal.kind.epp_result_code


# --------------------------------------------------------------------------------------------------------------- events


@pytest.mark.parametrize(
    "known, of, told",
    [
        (AGEING, PEER, ("password", None, NOW + 15 * DAY)),
        (STANDING, peer(certificate_ends=NOW + 30 * DAY), ("certificate", None, NOW + 30 * DAY)),
        (STANDING, peer(cipher="AES256-SHA", protocol="TLSv1.2"), ("cipher", "AES256-SHA", None)),
        (STANDING, peer(cipher="ECDHE-RSA-AES256-SHA384", protocol="TLSv1.2"), ("cipher", "ECDHE-RSA-AES256-SHA384", None)),
        (STANDING, peer(cipher="AES256-GCM-SHA384", protocol="TLSv1.2"), ("cipher", "AES256-GCM-SHA384", None)),
        (STANDING, peer(protocol="TLSv1.1"), ("tlsProtocol", "TLSv1.1", None)),
        (standing(failures=FAILURES_WORTH_TELLING), PEER, ("stat", "10", None)),
    ],
)  # fmt: skip
def test_what_a_registrar_is_told(known: EppStanding, of: Peer, told: tuple[str, str | None, datetime | None]) -> None:
    [event] = accepted(known, of=of).events
    assert told == (event.type.value, event.value, event.expires)
    assert "warning" == event.level
    assert () == accepted(known, of=of, asked=login(extensions=(RGP,))).events, "only who asked for the extension"


def test_statistics_have_a_name_and_a_span() -> None:
    [event] = accepted(standing(failures=12)).events
    assert ("failedLogins", "12", "P1D") == (event.name, event.value, event.duration)


@pytest.mark.parametrize(
    "known, of",
    [
        (standing(access={"password_changed_at": NOW - 334 * DAY}), PEER),
        (STANDING, peer(certificate_ends=NOW + 31 * DAY)),
        (STANDING, peer(cipher="ECDHE-ECDSA-AES128-GCM-SHA256", protocol="TLSv1.2")),
        (STANDING, peer(cipher="ECDHE-RSA-CHACHA20-POLY1305", protocol="TLSv1.2")),
        (standing(failures=FAILURES_WORTH_TELLING - 1), PEER),
    ],
)
def test_what_is_not_worth_telling(known: EppStanding, of: Peer) -> None:
    assert () == accepted(known, of=of).events


def test_several_things_at_once() -> None:
    found = accepted(
        standing(access={"password_changed_at": NOW - 350 * DAY}, failures=99), of=peer(certificate_ends=NOW + DAY)
    )
    assert ["password", "certificate", "stat"] == [event.type for event in found.events]
