"""Take a client certificate from a registrar: it opens no session from now on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from namestead import errors
from namestead.commands.operator.answers import CertificateState
from namestead.commands.operator.approve_registrar import require_registrar
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.objects.facts import Facts, Reference


@dataclass(frozen=True, slots=True)
class UnbindCertificate:
    """`at` is real time. A certificate that was unbound can be bound again, to any registrar."""

    registrar: str
    fingerprint: bytes
    at: datetime

    @property
    def subject(self) -> None:
        return None

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(certificates=(self.fingerprint,))

    def decide(self, facts: Facts, by: Context) -> Outcome[CertificateState]:
        registrar = require_registrar(facts, self.registrar)
        known = facts.certificate(self.fingerprint)
        if known is None or known.registrar_id != registrar.id:
            raise Refusal(
                errors.OBJECT_NOT_FOUND,
                "fingerprint",
                self.fingerprint.hex(),
                message=f"No such certificate is bound to {registrar.slug}. Its list shows those that are.",
            )
        gone = replace(known, removed_at=self.at)
        return Outcome(CertificateState.of(gone, registrar), changes=(gone,))

    def summary(self) -> dict[str, Any]:
        return {"registrar": self.registrar, "fingerprint": self.fingerprint.hex()}
