"""Whether a login is accepted: pure decisions, in the order a client can do something about them.

1. `require_served`: the protocol version, the language, the object and extension namespaces (2100, 2102, 2307, 2103).
   They say nothing about anybody, so they come first.
2. `passwords`: which password is meant, the RFC 5730 one or that of the login security extension (RFC 8807).
3. `require_way_in`: the network and the client certificate. Both are cheap to look at, and who fails here has not had a
   password compared. A client id is no secret (it stands in every domain:info), so the reason is told.
4. The password itself is compared elsewhere (`Engine.authenticator`); `decide` gets whether it was right. Only then is
   anything said of the registrar's state: disabled, suspended, not approved, an old password, a bad new one.

Codes where RFC 5730 leaves a choice: a password or certificate that is not accepted is 2200, "the server could not
validate the credentials"; a network that is not allowed is 2201, since an address is no credential and the credentials
may well be right; so are a suspended account and access that is switched off.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from namestead import errors
from namestead.errors import Kind, Refusal
from namestead.objects.epp_access import EppStanding
from namestead.objects.spans import format_instant
from namestead.rules import epp_access
from namestead.rules.epp_access import LOGIN_SECURITY

LOGIN_SECURITY_URI = "urn:ietf:params:xml:ns:epp:loginSec-1.0"

FAILURES_WORTH_TELLING = 10
"""Wrong passwords in 24 hours from which a registrar is told at login: more than a person mistypes."""

INSECURE_TLS = frozenset({"SSLv3", "TLSv1", "TLSv1.1"})
"""RFC 8996 forbids them; the server offers none, and would be told here if something in front of it did."""

FORWARD_SECRET = ("ECDHE-", "DHE-", "TLS_")
AUTHENTICATED = ("GCM", "CHACHA20", "CCM")
"""RFC 9325, 4.2: ephemeral key exchange and authenticated encryption, as OpenSSL names them (`TLS_` is TLS 1.3)."""


class EventType(StrEnum):
    """RFC 8807, 3.1 (`loginSec:typeEnum`)."""

    PASSWORD = "password"  # noqa: S105 - a word of the protocol
    CERTIFICATE = "certificate"
    CIPHER = "cipher"
    TLS_PROTOCOL = "tlsProtocol"
    NEW_PASSWORD = "newPW"  # noqa: S105
    STATISTIC = "stat"


class Level(StrEnum):
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """One `loginSec:event` (RFC 8807, 2.1). `expires` becomes exDate; `duration` is an XML Schema duration."""

    type: EventType
    level: Level
    text: str
    name: str | None = None
    value: str | None = None
    expires: datetime | None = None
    duration: str | None = None


@dataclass(frozen=True, slots=True)
class LoginSecurity:
    """The passwords of the login security extension, where it carries any; its user agent decides nothing."""

    password: str | None = field(default=None, repr=False)
    new_password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Login:
    """A login command (RFC 5730, 2.9.1.1). `objects` and `extensions` are the namespaces it names."""

    client_id: str
    password: str = field(repr=False)
    version: str
    language: str
    objects: tuple[str, ...]
    extensions: tuple[str, ...] = ()
    new_password: str | None = field(default=None, repr=False)
    security: LoginSecurity | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """What the greeting announces."""

    objects: Collection[str]
    extensions: Collection[str]
    versions: Collection[str] = ("1.0",)
    languages: Collection[str] = ("en",)


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of the connection. `fingerprint` is the SHA-256 of its certificate's DER, None if it showed none;
    `protocol` and `cipher` as OpenSSL names them (`TLSv1.3`)."""

    address: str
    protocol: str
    cipher: str
    fingerprint: bytes | None = None
    certificate_ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """The registry's settings about logins. `password_life` is None where passwords do not grow old; `warning` is how
    long before its end a password or certificate is spoken of."""

    certificates_required: bool
    password_life: timedelta | None
    warning: timedelta


@dataclass(frozen=True, slots=True)
class Passwords:
    """The password that counts, and the new one asked for. `extended` says that the new one came by RFC 8807, which
    allows longer ones."""

    current: str = field(repr=False)
    new: str | None = field(repr=False)
    extended: bool


@dataclass(frozen=True, slots=True)
class Accepted:
    """The login is good. `new_password` is to be put in place of the one that was compared before it is answered."""

    standing: EppStanding
    new_password: str | None = field(repr=False)
    events: tuple[SecurityEvent, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """The login is not good. `events` go with the answer where the client asked for the extension (RFC 8807, 4.1)."""

    refusal: Refusal
    events: tuple[SecurityEvent, ...] = ()


def require_served(login: Login, served: Served) -> None:
    """The server must speak what the client asks for. Raises 2100, 2102, 2307 or 2103, naming the first it does not.

    Namespaces are compared octet by octet (Namespaces in XML, 2.3). A client may ask for fewer than there are.
    """
    _require_one(errors.EPP_VERSION_NOT_SUPPORTED, "version", login.version, served.versions)
    _require_one(errors.EPP_LANGUAGE_NOT_SUPPORTED, "lang", login.language, served.languages)
    for uri in login.objects:
        _require_one(errors.EPP_OBJECT_NOT_SERVED, "objURI", uri, served.objects)
    for uri in login.extensions:
        _require_one(errors.EPP_EXTENSION_NOT_SERVED, "extURI", uri, served.extensions)
    if login.security is not None and LOGIN_SECURITY_URI not in login.extensions:
        raise Refusal(
            errors.EPP_EXTENSION_NOT_SERVED,
            "extURI",
            LOGIN_SECURITY_URI,
            message=f"The login carries {LOGIN_SECURITY_URI}, which is not among its extURIs. Name it there.",
        )


def _require_one(kind: Kind, what: str, asked: str, served: Collection[str]) -> None:
    if asked not in served:
        raise Refusal(kind, what, asked, message=f"{what} '{asked}' is not served. Served: {', '.join(served)}.")


def passwords(login: Login) -> Passwords:
    """Which passwords are meant (RFC 8807, 3.1 and 4.1): those of the extension where `[LOGIN-SECURITY]` stands in the
    place of RFC 5730's, and only there. `missing_field` (2003) or `policy_violation` (2306) where the two disagree."""
    security = login.security or LoginSecurity()
    current, _ = _meant("pw", login.password, security.password)
    assert current is not None  # a login has a password
    new, extended = _meant("newPW", login.new_password, security.new_password)
    return Passwords(current, new, extended)


def _meant(element: str, plain: str | None, extended: str | None) -> tuple[str | None, bool]:
    """The password of the two places, and whether it is the extension's."""
    if plain == LOGIN_SECURITY:
        if extended is None:
            raise Refusal(
                errors.MISSING_FIELD,
                f"loginSec:{element}",
                message=f"{element} is '{LOGIN_SECURITY}', so that loginSec:{element} has to hold the password.",
            )
        return extended, True
    if extended is not None:
        raise Refusal(
            errors.POLICY_VIOLATION,
            f"loginSec:{element}",
            message=f"loginSec:{element} counts only where {element} is '{LOGIN_SECURITY}' (RFC 8807).",
        )
    return plain, False


def require_way_in(peer: Peer, standing: EppStanding | None, policy: Policy) -> None:
    """The connection must be one the registrar may come by. Raises 2201 for its network, 2200 for its certificate.

    An unknown client id passes where no certificate is required of anybody: its password will be wrong.
    """
    if standing is not None and standing.access is not None and standing.access.networks:
        networks = standing.access.networks
        if not epp_access.is_within(peer.address, networks):
            raise Refusal(
                errors.EPP_ACCESS_DENIED,
                "address",
                peer.address,
                message=f"The address {peer.address} is in none of the networks this registrar may come from. Connect "
                "from one of them, or ask the operator to add it.",
            )
    if peer.fingerprint is None:
        if policy.certificates_required or (standing is not None and standing.certificates):
            raise _bad_certificate("No client certificate was shown, and one is required. Connect with it.")
        return
    if standing is None or standing.bound_to == standing.registrar.id:
        return
    whose = "is bound to no registrar" if standing.bound_to is None else "is bound to another registrar"
    raise _bad_certificate(
        f"The client certificate with SHA-256 {peer.fingerprint.hex()} {whose}. Connect with one that is bound to "
        "this one, or ask the operator to bind it."
    )


def _bad_certificate(message: str) -> Refusal:
    return Refusal(errors.EPP_AUTHENTICATION_FAILED, "certificate", message=message)


def decide(
    login: Login,
    meant: Passwords,
    peer: Peer,
    standing: EppStanding | None,
    policy: Policy,
    *,
    right: bool,
) -> Accepted | Refused:
    """The end of a login whose password was compared: `right` or not. Time is `standing.read_at`."""
    if standing is None or not right:
        return Refused(
            Refusal(errors.EPP_AUTHENTICATION_FAILED, message="The client id or the password is wrong. Correct it.")
        )
    access = standing.access
    assert access is not None  # there was a hash to compare with
    assert access.password_changed_at is not None
    if not access.enabled:
        return Refused(
            Refusal(
                errors.EPP_ACCESS_DENIED,
                message="Access through EPP is switched off for this registrar. Ask the operator to switch it on.",
            )
        )
    if standing.suspended:
        return Refused(Refusal(errors.ACCOUNT_SUSPENDED))
    if not standing.registrar.approved:
        return Refused(
            Refusal(
                errors.EPP_ACCESS_DENIED,
                message="The registrar's channel is not approved. Ask the operator for the approval.",
            )
        )
    told = LOGIN_SECURITY_URI in login.extensions
    ends = access.password_changed_at + policy.password_life if policy.password_life is not None else None
    if meant.new is None and ends is not None and ends <= standing.read_at:
        text = f"The password ended at {format_instant(ends)}. Log in with a new one in newPW."
        event = SecurityEvent(EventType.PASSWORD, Level.ERROR, text, expires=ends)
        return Refused(Refusal(errors.EPP_AUTHENTICATION_FAILED, "pw", message=text), (event,) if told else ())
    if meant.new is not None:
        try:
            _require_new_password(meant, login.client_id)
        except Refusal as refusal:
            event = SecurityEvent(EventType.NEW_PASSWORD, Level.ERROR, refusal.message)
            return Refused(refusal, (event,) if told else ())
    events = _warnings(peer, standing, policy, ends if meant.new is None else None) if told else ()
    return Accepted(standing, meant.new, events)


def _require_new_password(meant: Passwords, client_id: str) -> None:
    assert meant.new is not None
    longest = epp_access.LONGEST_WITH_LOGIN_SECURITY if meant.extended else epp_access.LONGEST
    epp_access.require_password(meant.new, client_id, longest=longest)
    if meant.new == meant.current:
        raise Refusal(
            errors.POLICY_VIOLATION, "newPW", message="newPW: the new password is the old one. Choose another."
        )


def _warnings(
    peer: Peer, standing: EppStanding, policy: Policy, password_ends: datetime | None
) -> tuple[SecurityEvent, ...]:
    """What a registrar should know about a login that is good all the same."""
    soon = standing.read_at + policy.warning
    events: list[SecurityEvent] = []
    if password_ends is not None and password_ends <= soon:
        text = f"The password ends at {format_instant(password_ends)}. Change it by newPW before that."
        events.append(SecurityEvent(EventType.PASSWORD, Level.WARNING, text, expires=password_ends))
    if peer.certificate_ends is not None and peer.certificate_ends <= soon:
        text = f"The client certificate ends at {format_instant(peer.certificate_ends)}. Have its successor bound."
        events.append(SecurityEvent(EventType.CERTIFICATE, Level.WARNING, text, expires=peer.certificate_ends))
    if not _is_secure(peer.cipher):
        text = "The cipher is not one of RFC 9325, section 4.2. Offer those first."
        events.append(SecurityEvent(EventType.CIPHER, Level.WARNING, text, value=peer.cipher))
    if peer.protocol in INSECURE_TLS:
        text = "The version of TLS must not be used any more (RFC 8996). Use TLS 1.3, or 1.2."
        events.append(SecurityEvent(EventType.TLS_PROTOCOL, Level.WARNING, text, value=peer.protocol))
    if standing.failures >= FAILURES_WORTH_TELLING:
        text = "Wrong passwords were given for this client id within a day. If that was not you, somebody is guessing."
        statistic = SecurityEvent(
            EventType.STATISTIC, Level.WARNING, text, name="failedLogins", value=str(standing.failures), duration="P1D"
        )
        events.append(statistic)
    return tuple(events)


def _is_secure(cipher: str) -> bool:
    return cipher.startswith(FORWARD_SECRET) and _has_one(cipher, AUTHENTICATED)


def _has_one(text: str, parts: Sequence[str]) -> bool:
    return any(part in text for part in parts)
