"""The demo's authority: what it issues is accepted by a strict verifier, and renewed before it ends."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.verification import PolicyBuilder, Store

from namestead.epp.certificates import (
    LIFE,
    RENEWED_BEFORE,
    CertificateProblem,
    Issued,
    is_good,
    issue_client,
    issue_server,
    make_authority,
    read,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
NAMES = ("epp.registry.example", "localhost", "127.0.0.1", "::1")
AUTHORITY = make_authority("demo authority", NOW)
SERVER = issue_server(AUTHORITY, NAMES, NOW)
CLIENT = issue_client(AUTHORITY, "alpha", NOW)


def builder(at: datetime = NOW, authority: Issued = AUTHORITY) -> PolicyBuilder:
    return PolicyBuilder().store(Store([x509.load_pem_x509_certificate(authority.certificate)])).time(at)


@pytest.mark.parametrize("name", NAMES)
def test_a_strict_verifier_accepts_the_server_under_each_name(name: str) -> None:
    from ipaddress import ip_address

    subject = x509.DNSName(name) if name[-1].isalpha() else x509.IPAddress(ip_address(name))
    chain = builder().build_server_verifier(subject).verify(x509.load_pem_x509_certificate(SERVER.certificate), [])
    assert 2 == len(chain)


def test_each_is_good_for_its_purpose_alone() -> None:
    client = x509.load_pem_x509_certificate(CLIENT.certificate)
    usage = client.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH] == list(usage)
    with pytest.raises(x509.verification.VerificationError):
        builder().build_client_verifier().verify(x509.load_pem_x509_certificate(SERVER.certificate), [])
    with pytest.raises(x509.verification.VerificationError):
        builder().build_server_verifier(x509.DNSName("alpha")).verify(client, [])


def test_what_is_read_of_one() -> None:
    facts = read(SERVER.certificate)
    der = x509.load_pem_x509_certificate(SERVER.certificate).public_bytes(Encoding.DER)
    assert hashlib.sha256(der).digest() == facts.fingerprint
    assert set(NAMES) == set(facts.names)
    assert NOW - timedelta(hours=1) == facts.not_before
    assert NOW + LIFE == facts.not_after
    assert "CN=epp.registry.example" in facts.subject
    assert () == read(CLIENT.certificate).names


@pytest.mark.parametrize("text", [b"", b"x", CLIENT.key, CLIENT.certificate[:-60], b"-----BEGIN CERTIFICATE-----\n"])
def test_what_is_none_is_told(text: bytes) -> None:
    with pytest.raises(CertificateProblem, match="no certificate in it"):
        read(text)


def test_what_may_be_kept_in_use() -> None:
    assert is_good(SERVER, AUTHORITY, NOW, names=NAMES)
    assert is_good(SERVER, AUTHORITY, NOW, names=NAMES[:2])
    assert is_good(CLIENT, AUTHORITY, NOW)
    assert not is_good(SERVER, AUTHORITY, NOW, names=(*NAMES, "another.example")), "a name it does not have"
    assert not is_good(CLIENT, AUTHORITY, NOW + LIFE - RENEWED_BEFORE), "about to end"
    assert is_good(CLIENT, AUTHORITY, NOW + LIFE - RENEWED_BEFORE - timedelta(seconds=1))
    assert not is_good(CLIENT, AUTHORITY, NOW - timedelta(days=1)), "not begun"
    assert not is_good(CLIENT, make_authority("demo authority", NOW), NOW), "another authority of the same name"
    assert not is_good(Issued(CLIENT.certificate, SERVER.key), AUTHORITY, NOW), "another's key"
    assert not is_good(Issued(b"", b""), AUTHORITY, NOW)


def test_nothing_outlives_its_authority() -> None:
    late = NOW + timedelta(days=3640)
    assert NOW + timedelta(days=3650) == read(issue_client(AUTHORITY, "late", late).certificate).not_after


def test_no_key_is_shown() -> None:
    assert "PRIVATE" not in repr(CLIENT)
