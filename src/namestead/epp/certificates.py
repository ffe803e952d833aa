"""Certificates: a small authority for demos and tests, and reading those of others.

Nothing here touches a file or a clock. Production brings its own server certificate; the authority here lets a registry
be tried, and its registrars be given client certificates, without any. ECDSA P-256 throughout: a handshake costs a
fraction of one with RSA. Extensions are those a strict verifier asks for (RFC 5280, 4.2.1): key identifiers on both
sides, critical basic constraints and key usage.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFE_OF_AUTHORITY: Final = timedelta(days=3650)
LIFE: Final = timedelta(days=397)
"""The longest a public authority would have given (CA/Browser Forum Baseline Requirements, 6.3.2, until 2026)."""

BACKDATED: Final = timedelta(hours=1)
"""Clocks of peers are late."""

RENEWED_BEFORE: Final = timedelta(days=60)


class CertificateProblem(Exception):
    """A text is no certificate, or a key does not belong to it; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and its key, PEM. The key is unencrypted: keep it where secrets are kept."""

    certificate: bytes
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What is asked of a certificate. `fingerprint` is the SHA-256 of its DER; `names` are the DNS names and addresses
    it stands for."""

    fingerprint: bytes
    subject: str
    not_before: datetime
    not_after: datetime
    names: tuple[str, ...]


def read(pem: bytes) -> CertificateFacts:
    """The first certificate of a PEM text. `CertificateProblem` where there is none."""
    try:
        certificate = x509.load_pem_x509_certificate(pem)
    except ValueError as problem:
        raise CertificateProblem(
            "There is no certificate in it: a PEM file begins with -----BEGIN CERTIFICATE-----."
        ) from problem
    der = certificate.public_bytes(Encoding.DER)
    return CertificateFacts(
        fingerprint=hashlib.sha256(der).digest(),
        subject=certificate.subject.rfc4514_string(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        names=_names_of(certificate),
    )


def _names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = (str(address) for address in names.get_values_for_type(x509.IPAddress))
    return (*names.get_values_for_type(x509.DNSName), *addresses)


def is_good(issued: Issued, authority: Issued, now: datetime, *, names: Sequence[str] = ()) -> bool:
    """Whether a certificate may be kept in use: of this authority, with its key, for these names, and not about to end."""
    try:
        certificate = x509.load_pem_x509_certificate(issued.certificate)
        key = load_pem_private_key(issued.key, None)
        certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.certificate))
    except Exception:  # noqa: BLE001 - whatever is wrong with it, another one is made
        return False
    belongs = key.public_key() == certificate.public_key()
    lasts = certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - RENEWED_BEFORE
    return belongs and lasts and set(names) <= set(_names_of(certificate))


def make_authority(common_name: str, now: datetime) -> Issued:
    """An authority of its own: a root that signs and is signed by nobody else."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(common_name)
    builder = (
        _begun(name, name, key.public_key(), now, LIFE_OF_AUTHORITY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
    )
    return _signed(builder, key, key)


def issue_server(authority: Issued, names: Sequence[str], now: datetime) -> Issued:
    """A certificate for a server under these DNS names and addresses; the first also names its subject."""
    found = [x509.DNSName(name) if not _is_address(name) else x509.IPAddress(ip_address(name)) for name in names]
    return _issue(authority, names[0], now, ExtendedKeyUsageOID.SERVER_AUTH, x509.SubjectAlternativeName(found))


def issue_client(authority: Issued, common_name: str, now: datetime) -> Issued:
    """A certificate for a registrar's client. What it opens is said by whom it is bound to, not by its name."""
    return _issue(authority, common_name, now, ExtendedKeyUsageOID.CLIENT_AUTH, None)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _issue(
    authority: Issued,
    common_name: str,
    now: datetime,
    purpose: x509.ObjectIdentifier,
    names: x509.SubjectAlternativeName | None,
) -> Issued:
    issuer = x509.load_pem_x509_certificate(authority.certificate)
    signer = load_pem_private_key(authority.key, None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise CertificateProblem("The authority's key is no ECDSA key, as those made here are.")
    key = ec.generate_private_key(ec.SECP256R1())
    # Nobody believes a certificate longer than its authority.
    life = min(LIFE, issuer.not_valid_after_utc - now)
    builder = (
        _begun(_name(common_name), issuer.subject, key.public_key(), now, life)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if names is not None:
        builder = builder.add_extension(names, critical=False)
    return _signed(builder, key, signer)


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Namestead demo"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64]),  # ub-common-name (RFC 5280, A.1)
        ]
    )


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _signed(
    builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey
) -> Issued:
    certificate = builder.sign(signer, hashes.SHA256())
    return Issued(
        certificate.public_bytes(Encoding.PEM),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )
