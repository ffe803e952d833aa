"""Bind a client certificate to a registrar: who shows it, and knows the password, is that registrar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from namestead import errors
from namestead.commands.operator.answers import CertificateState
from namestead.commands.operator.approve_registrar import require_registrar
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.objects.epp_access import ClientCertificate
from namestead.objects.facts import Facts, Reference
from namestead.objects.spans import format_instant
from namestead.rules import epp_access

SHA256_OCTETS = 32


@dataclass(frozen=True, slots=True)
class BindCertificate:
    """`fingerprint` is the SHA-256 of the certificate's DER, `subject` and `not_after` are read from it by the caller;
    `at` is real time, which certificates go by."""

    registrar: str
    fingerprint: bytes
    certificate_subject: str
    not_after: datetime
    at: datetime

    @property
    def subject(self) -> None:
        return None

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(certificates=(self.fingerprint,))

    def decide(self, facts: Facts, by: Context) -> Outcome[CertificateState]:
        registrar = require_registrar(facts, self.registrar)
        epp_access.require_client_id(registrar.slug)
        if len(self.fingerprint) != SHA256_OCTETS:
            raise Refusal(
                errors.INVALID_REQUEST,
                "fingerprint",
                self.fingerprint.hex(),
                message=f"A fingerprint is a SHA-256 of {SHA256_OCTETS} octets, not of {len(self.fingerprint)}.",
            )
        if self.not_after <= self.at:
            raise Refusal(
                errors.VALUE_OUT_OF_RANGE,
                "not_after",
                format_instant(self.not_after),
                message=f"The certificate ended at {format_instant(self.not_after)}. Bind one that is valid.",
            )
        known = facts.certificate(self.fingerprint)
        if known is not None:
            whose = "this" if known.registrar_id == registrar.id else "another"
            raise Refusal(
                errors.OBJECT_EXISTS,
                "fingerprint",
                self.fingerprint.hex(),
                message=f"The certificate is bound to {whose} registrar already; it can be bound once.",
            )
        bound = ClientCertificate(
            id=by.ids.take(),
            registrar_id=registrar.id,
            fingerprint=self.fingerprint,
            subject=self.certificate_subject,
            not_after=self.not_after,
            added_at=self.at,
        )
        return Outcome(CertificateState.of(bound, registrar), changes=(bound,))

    def summary(self) -> dict[str, Any]:
        return {
            "registrar": self.registrar,
            "fingerprint": self.fingerprint.hex(),
            "certificate_subject": self.certificate_subject,
            "not_after": self.not_after,
        }
