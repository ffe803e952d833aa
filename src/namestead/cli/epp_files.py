"""The demo's certificates on disk: made once, kept with mode 0600, made anew before they end.

DATA/epp/ca.pem, ca.key             the authority; ca.pem is what clients trust, and what they are checked against
DATA/epp/server.pem, server.key     the server's
DATA/epp/alpha.pem, alpha.key ...   one client's each
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from namestead.cli import files
from namestead.epp.certificates import Issued, is_good, issue_client, issue_server, make_authority

FOLDER = "epp"

HOST_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9-]+(?:\.[a-z0-9-]+)*", re.ASCII)
"""What a certificate can hold (RFC 1123, 2.1). Machines are called other things too."""


@dataclass(frozen=True, slots=True)
class EppFiles:
    """PEM files: a certificate, and the private key beside it."""

    authority: Path
    certificate: Path
    key: Path
    clients: dict[str, tuple[Path, Path]]


def server_names() -> tuple[str, ...]:
    """What a client on this machine, or beside it, may call the server."""
    own = socket.gethostname().lower()
    known = ("localhost", "127.0.0.1", "::1")
    return (*known, own) if own not in known and HOST_NAME.fullmatch(own) else known


def keep(data: Path, server: Sequence[str], clients: Sequence[str], now: datetime) -> EppFiles:
    """The files, each made where it is missing, does not fit the authority, or is about to end. `now` is real time."""
    folder = data / FOLDER
    authority = _kept(
        folder, "ca", lambda known: is_good(known, known, now), lambda: make_authority("Namestead demo authority", now)
    )
    _kept(
        folder,
        "server",
        lambda known: is_good(known, authority, now, names=server),
        lambda: issue_server(authority, server, now),
    )
    for client in clients:
        _kept(
            folder,
            client,
            lambda known: is_good(known, authority, now),
            lambda client=client: issue_client(authority, client, now),  # type: ignore[misc]
        )
    return places(data, clients)


def places(data: Path, clients: Sequence[str] = ()) -> EppFiles:
    """Where the files are, or would be."""
    folder = data / FOLDER
    return EppFiles(
        folder / "ca.pem",
        folder / "server.pem",
        folder / "server.key",
        {client: (folder / f"{client}.pem", folder / f"{client}.key") for client in clients},
    )


def _kept(folder: Path, name: str, good: Callable[[Issued], bool], make: Callable[[], Issued]) -> Issued:
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    if certificate.exists() and key.exists():
        known = Issued(certificate.read_bytes(), key.read_bytes())
        if good(known):
            return known
    made = make()
    files.write_private(key, made.key.decode())
    files.write_private(certificate, made.certificate.decode())
    return made
