"""What can be set about the EPP door. Values only; where they come from is `namestead.settings`'s business."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from namestead.epp.login import Policy
from namestead.epp.tls import TlsFiles


@dataclass(frozen=True, slots=True)
class EppSettings:
    """Where and how the EPP door listens, and who is let in. Times are seconds where they are not spans, sizes octets.

    `certificate` and `private_key` are the server's; `client_ca` is what client certificates are checked against, None
    where none is asked for. `certificates_required` holds at login for every registrar; one that has a certificate bound
    must show it in either case. `certificates_in_handshake` ends a connection without one before it can be told why.
    `absolute_timeout` ends a session however busy it is; None lets it live.
    `connections_per_address` counts an IPv6 /64 as one address.
    """

    certificate: Path
    private_key: Path
    client_ca: Path | None = None
    certificates_required: bool = True
    certificates_in_handshake: bool = False
    host: str = "127.0.0.1"
    port: int = 700
    share_port: bool = False
    largest_frame: int = 65_536
    login_timeout: float = 30.0
    idle_timeout: float = 600.0
    absolute_timeout: float | None = 86_400.0
    handshake_timeout: float = 5.0
    handshakes_in_flight: int = 256
    connections_per_address: int = 64
    session_cap: int = 20
    password_life: timedelta | None = timedelta(days=365)
    warning: timedelta = timedelta(days=30)

    @property
    def tls(self) -> TlsFiles:
        """What a context is made of."""
        return TlsFiles(self.certificate, self.private_key, self.client_ca, self.certificates_in_handshake)

    @property
    def policy(self) -> Policy:
        """What logins are held against."""
        return Policy(self.certificates_required, self.password_life, self.warning)
