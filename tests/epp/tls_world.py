"""Certificates and contexts for tests of TLS: an authority, a server, two clients of it and one of another."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from namestead.epp.certificates import Issued, issue_client, issue_server, make_authority
from namestead.epp.tls import TlsFiles

NOW = datetime.now(UTC)
AUTHORITY = make_authority("test authority", NOW)
OTHER_AUTHORITY = make_authority("another authority", NOW)
SERVER = issue_server(AUTHORITY, ("localhost", "127.0.0.1", "::1"), NOW)
ALPHA = issue_client(AUTHORITY, "alpha", NOW)
BETA = issue_client(AUTHORITY, "beta", NOW)
STRANGER = issue_client(OTHER_AUTHORITY, "alpha", NOW)


def write(directory: Path, name: str, issued: Issued) -> tuple[Path, Path]:
    certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
    certificate.write_bytes(issued.certificate)
    key.write_bytes(issued.key)
    return certificate, key


@dataclass(frozen=True)
class World:
    """The files in a directory."""

    directory: Path

    def files(self, *, required: bool = True, server: Issued = SERVER) -> TlsFiles:
        certificate, key = write(self.directory, "server", server)
        authority, _ = write(self.directory, "ca", AUTHORITY)
        return TlsFiles(certificate, key, authority, required)

    def client(self, issued: Issued | None = ALPHA, *, strict: bool = True) -> ssl.SSLContext:
        """A client's context: it trusts the authority alone, and asks for all that a strict verifier does."""
        context = ssl.create_default_context(cadata=AUTHORITY.certificate.decode())
        if strict:
            context.verify_flags |= ssl.VERIFY_X509_STRICT
        if issued is not None:
            context.load_cert_chain(*write(self.directory, f"client-{id(issued)}", issued))
        return context
