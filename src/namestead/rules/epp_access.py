"""What the registry believes of EPP access: who can have a client id, what a password must be, which network is meant.

Policy values have their source beside them. Nothing here hashes or compares a password with a stored one: that is work
for `engine/access.py`, which asks these rules first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from namestead import errors
from namestead.errors import Refusal

CLIENT_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,14}[a-z0-9])", re.ASCII)
"""`eppcom:clIDType`: 3 to 16 characters (RFC 5730, 4.2). It stands in every answer, as clID, crID, upID, reID, acID."""

SHORTEST, LONGEST = 6, 16
"""Characters of `epp:pwType` (RFC 5730, 4.1). Longer ones travel by the login security extension (RFC 8807)."""

LONGEST_WITH_LOGIN_SECURITY = 128
"""RFC 8807, 3.1 leaves the upper end to the server; 128 holds every passphrase and bounds the work of hashing."""

LEAST = 8
"""NIST SP 800-63B, 5.1.1.2: a secret chosen by its holder has at least 8 characters."""

CLASSES = 3
"""Of lower case, upper case, digits and others, as for authInfo (`rules/auth_info.py`): 16 characters leave no room
for passphrases, so that variety has to stand in for length. `LONG_ENOUGH` characters need none."""

LONG_ENOUGH = 20

LOGIN_SECURITY = "[LOGIN-SECURITY]"
"""What stands in `pw` or `newPW` when the password is in the extension (RFC 8807, 3.1). It is nobody's password."""

_PRINTABLE = re.compile(r"[\x21-\x7e]+(?: [\x21-\x7e]+)*", re.ASCII)
"""Visible ASCII, and single spaces inside: what `xs:token` leaves as it is, so that all clients send the same octets."""

Network = IPv4Network | IPv6Network


def require_client_id(slug: str) -> None:
    """A registrar's short name is its EPP client id: it must fit the protocol. `policy_violation` if it does not."""
    if not CLIENT_ID.fullmatch(slug):
        raise Refusal(
            errors.POLICY_VIOLATION,
            "registrar",
            slug,
            message=f"'{slug}' cannot be an EPP client id, which has 3 to 16 characters (RFC 5730, clIDType).",
        )


def require_password(password: str, client_id: str, *, field: str = "newPW", longest: int = LONGEST) -> None:
    """A new password must be well formed (`invalid_request`, EPP 2005) and good enough (`policy_violation`, 2306).

    That it is not the old one is for whoever holds both. The password itself is in no message.
    """
    if not _PRINTABLE.fullmatch(password):
        raise Refusal(
            errors.INVALID_REQUEST,
            field,
            message=f"{field}: a password has visible ASCII characters, and single spaces only between them.",
        )
    if not SHORTEST <= len(password) <= longest:
        longer = "" if longest > LONGEST else " Longer ones need the login security extension (RFC 8807)."
        raise Refusal(
            errors.INVALID_REQUEST,
            field,
            message=f"{field}: a password has {SHORTEST} to {longest} characters, not {len(password)}.{longer}",
        )
    if why := _weakness(password, client_id):
        raise Refusal(errors.POLICY_VIOLATION, field, message=f"{field}: the new password {why}.")


def _weakness(password: str, client_id: str) -> str | None:
    if password == LOGIN_SECURITY:
        return "is a reserved word, which only says that the password is in the extension"
    if len(password) < LEAST:
        return f"needs {LEAST} or more characters"
    if client_id.lower() in password.lower():
        return "holds the client id"
    if len(set(password)) < LEAST // 2:
        return "repeats a few characters"
    classes = (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())
    if len(password) < LONG_ENOUGH and sum(any(map(of, password)) for of in classes) < CLASSES:
        return f"needs {CLASSES} of lower case, upper case, digits and others, or {LONG_ENOUGH} characters"
    return None


def parse_networks(texts: Sequence[str]) -> tuple[str, ...]:
    """Networks in CIDR notation, each once and in order; an address is a network of one. `invalid_request` names the
    text that is none, or that has bits set beyond its prefix."""
    found: dict[str, None] = {}
    for text in texts:
        try:
            found[str(ip_network(text.strip()))] = None
        except ValueError as problem:
            raise Refusal(
                errors.INVALID_REQUEST,
                "networks",
                text,
                message=f"'{text}' is no network like 192.0.2.0/24 or 2001:db8::/32: {problem}.",
            ) from None
    return tuple(found)


def is_within(address: str, networks: Sequence[str]) -> bool:
    """Whether an address lies in one of the networks. An IPv4 address mapped into IPv6 counts as what it stands for
    (RFC 4291, 2.5.5.2): a socket that listens on both families shows IPv4 peers so."""
    peer = ip_address(address.partition("%")[0])
    if isinstance(peer, IPv6Address) and peer.ipv4_mapped is not None:
        peer = peer.ipv4_mapped
    return any(peer in ip_network(n) for n in networks)


def neighbourhood(address: str) -> str:
    """What counts as one caller: an IPv4 address, or the /64 one customer has in IPv6 (RFC 6177, 2)."""
    peer = ip_address(address.partition("%")[0])
    if isinstance(peer, IPv6Address):
        if peer.ipv4_mapped is not None:
            return str(peer.ipv4_mapped)
        return str(ip_network((int(peer) >> 64 << 64, 64)))
    return str(peer)


def is_known(address: str, networks: Sequence[str], registrar_id: int, bound_to: int | None) -> bool:
    """Whether a peer is known to be the registrar's before any password: by the certificate it shows, or because it
    comes from a network the registrar listed. Its guesses are then counted apart from everybody else's."""
    return bound_to == registrar_id or (bool(networks) and is_within(address, networks))
