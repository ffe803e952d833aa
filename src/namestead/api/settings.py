"""What can be set about the HTTP door. Values only; where they come from is `namestead.settings`'s business."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

Network = IPv4Network | IPv6Network

LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


def networks(*texts: str) -> tuple[Network, ...]:
    """Networks in CIDR notation; a single address is a network of one. `ValueError` names what is none."""
    return tuple(ip_network(text) for text in texts)


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """Where and how the HTTP door listens.

    `trusted_proxies` are believed about `X-Forwarded-For` and `X-Forwarded-Proto`, and may speak plain HTTP to us.
    `plain_http_on_any_address` lets keys travel in the clear from anybody: never in production. `metrics_from` are the
    networks that may read `/metrics`; for all others it does not exist. Times are seconds, sizes octets.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    certificate: Path | None = None
    private_key: Path | None = None
    trusted_proxies: tuple[Network, ...] = ()
    plain_http_on_any_address: bool = False
    metrics_from: tuple[Network, ...] = LOOPBACK
    rate_limit: int = 120
    largest_body: int = 1024 * 1024
    largest_head: int = 32 * 1024
    head_timeout: float = 10.0
    body_timeout: float = 20.0
    keep_alive: float = 75.0
    shutdown_timeout: float = 30.0
    share_port: bool = False
    epp_host: str | None = None
    epp_port: int = 700
    epp_live: bool = False
    epp_extensions: tuple[str, ...] = ()
