"""Who is at the other end: whether keys may travel this way, and who may read what is not for everybody.

`X-Forwarded-*` is believed from the proxies the operator named and from nobody else.
"""

from __future__ import annotations

from ipaddress import ip_address

from namestead import errors
from namestead.api.frame import Request
from namestead.api.settings import LOOPBACK, HttpSettings, Network
from namestead.errors import Refusal

_MOST_REMEMBERED = 10_000


class Peers:
    def __init__(self, settings: HttpSettings) -> None:
        self._proxies = settings.trusted_proxies
        self._anywhere = settings.plain_http_on_any_address
        self._metrics_from = settings.metrics_from
        self._plain: dict[str, tuple[bool, bool]] = {}

    def require_privacy(self, request: Request) -> None:
        """Refuse a key that travelled in the clear. TLS, this machine, or a proxy of ours that had it by TLS."""
        if request.scope["scheme"] == "https" or self._anywhere:
            return
        proxy, local = self._kind(request)
        if proxy:
            proto = request.headers.get(b"x-forwarded-proto")
            if proto is None or proto.lower() == b"https":
                return
        elif local:
            return
        raise Refusal(
            errors.UNAUTHORIZED,
            message="This request came over plain HTTP, and keys travel over TLS only. Treat the key as known to others.",
        )

    def address(self, request: Request) -> str:
        """The caller's own address: the last one that no proxy of ours has added."""
        address = _peer(request)
        forwarded = request.headers.get(b"x-forwarded-for")
        if forwarded is None or not self._kind(request)[0]:
            return address
        for hop in reversed(forwarded.decode("latin-1").split(",")):
            address = hop.strip()
            if not _within(address, self._proxies):
                break
        return address

    def may_read_metrics(self, request: Request) -> bool:
        return _within(self.address(request), self._metrics_from)

    def _kind(self, request: Request) -> tuple[bool, bool]:
        """Whether the peer is a proxy of ours, and whether it is on this machine."""
        peer = _peer(request)
        known = self._plain.get(peer)
        if known is None:
            if len(self._plain) > _MOST_REMEMBERED:
                self._plain.clear()
            known = self._plain[peer] = _within(peer, self._proxies), _within(peer, LOOPBACK)
        return known


def _peer(request: Request) -> str:
    client = request.scope["client"]
    return client[0] if client else "127.0.0.1"  # no address: a Unix socket, which is this machine


def _within(text: str, networks: tuple[Network, ...]) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        address = mapped
    return any(address.version == n.version and address in n for n in networks)
