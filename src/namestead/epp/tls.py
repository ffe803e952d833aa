"""TLS for EPP (RFC 5734, 9): the server's context, what it knows of a peer, and taking up new files while serving.

TLS 1.2 and 1.3 alone, with the ciphers of RFC 9325, 4.2. No tickets: a session would go on under a certificate that was
unbound meanwhile. TLS 1.2 may still resume by session id, which OpenSSL offers no switch for here; that is why a login is
held against the certificate of its own connection, never against one remembered.
"""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from cryptography import x509

log = structlog.get_logger("namestead.epp")

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""TLS 1.2: ephemeral ECDH with authenticated encryption (RFC 9325, 4.2). Those of TLS 1.3 are all of that kind."""


class TlsProblem(Exception):
    """The files do not make a server; the message names the file and says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files: the server's chain and key; the authorities client certificates are checked against, if any are asked
    for. With `required`, a connection without a certificate ends in the handshake."""

    certificate: Path
    private_key: Path
    client_ca: Path | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class TlsPeer:
    """What a finished handshake says of the other end; `fingerprint` is the SHA-256 of its certificate's DER. Protocol
    and cipher are as OpenSSL names them."""

    protocol: str
    cipher: str
    fingerprint: bytes | None
    subject: str | None
    certificate_ends: datetime | None


def server_context(files: TlsFiles) -> ssl.SSLContext:
    """A context for the server's side. `TlsProblem` where the files do not make one."""
    if files.required and files.client_ca is None:
        raise TlsProblem("Client certificates are required, and no file of authorities to check them against is given.")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= (
        ssl.OP_NO_TICKET | ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    )
    context.num_tickets = 0
    for path in (files.certificate, files.private_key, files.client_ca):
        if path is not None:
            _require_readable(path)
    try:
        context.load_cert_chain(files.certificate, files.private_key)
    except (ssl.SSLError, OSError) as problem:
        raise TlsProblem(
            f"{files.certificate} and {files.private_key} are no certificate with its key: {_reason(problem)}."
        ) from problem
    if files.client_ca is not None:
        try:
            context.load_verify_locations(files.client_ca)
        except (ssl.SSLError, OSError) as problem:
            raise TlsProblem(f"{files.client_ca} has no certificates of authorities: {_reason(problem)}.") from problem
        context.verify_mode = ssl.CERT_REQUIRED if files.required else ssl.CERT_OPTIONAL
    return context


def _require_readable(path: Path) -> None:
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as problem:
        raise TlsProblem(f"{path} cannot be read: {problem.strerror}.") from problem


def _reason(problem: Exception) -> str:
    return getattr(problem, "reason", None) or getattr(problem, "strerror", None) or type(problem).__name__


class Contexts:
    """The context new connections get. `reload` makes a new one where a file was changed, and swaps it whole:
    connections that stand keep theirs. Files that do not make a server leave the old one in force."""

    def __init__(self, files: TlsFiles) -> None:
        self._files = files
        self._seen = self._signature()
        self.current = server_context(files)

    def reload(self) -> bool:
        """Whether a new context is in force. Never raises: a half-written file is told, and looked at again."""
        signature = self._signature()
        if signature == self._seen:
            return False
        try:
            self.current = server_context(self._files)
        except TlsProblem as problem:
            log.warning("new TLS files are not taken up; the old ones stay in force", problem=str(problem))
            return False
        self._seen = signature
        log.info("new TLS files are in force", certificate=str(self._files.certificate))
        return True

    def _signature(self) -> tuple[Any, ...]:
        """What tells a changed file: its inode, size and time. A file that is not there is told apart as well."""
        seen: list[Any] = []
        for path in (self._files.certificate, self._files.private_key, self._files.client_ca):
            try:
                state = path.stat() if path is not None else None
            except OSError:
                seen.append("missing")
            else:
                seen.append(state and (state.st_ino, state.st_size, state.st_mtime_ns))
        return tuple(seen)


def peer_of(tls: ssl.SSLObject) -> TlsPeer:
    """What is known of the other end; `tls` is the transport's `ssl_object` (`get_extra_info`) after the handshake."""
    cipher = tls.cipher()
    der = tls.getpeercert(binary_form=True)
    fingerprint = subject = ends = None
    if der:
        certificate = x509.load_der_x509_certificate(der)
        fingerprint = hashlib.sha256(der).digest()
        subject, ends = certificate.subject.rfc4514_string(), certificate.not_valid_after_utc
    return TlsPeer(tls.version() or "", cipher[0] if cipher is not None else "", fingerprint, subject, ends)
