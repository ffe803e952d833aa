"""Say how a registrar may come in through EPP: from which networks, in how many sessions, and whether at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from namestead import errors
from namestead.commands.operator.answers import EppAccessState
from namestead.commands.operator.approve_registrar import require_registrar
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.objects.epp_access import EppAccess
from namestead.objects.facts import Facts, Reference
from namestead.objects.registrar import Registrar
from namestead.rules import epp_access

NO_CAP_OF_ITS_OWN = 0
MOST_SESSIONS = 10_000


@dataclass(frozen=True, slots=True)
class SetEppAccess:
    """None leaves a thing as it is. `networks` replace those there were, none allowing any address; a `session_cap` of
    0 goes back to the registry's default; `cltrid_as_key` makes each clTRID its command's idempotency key."""

    registrar: str
    enabled: bool | None = None
    networks: tuple[str, ...] | None = None
    session_cap: int | None = None
    cltrid_as_key: bool | None = None

    @property
    def subject(self) -> None:
        return None

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(epp_access=ids_of(reference, self.registrar))

    def decide(self, facts: Facts, by: Context) -> Outcome[EppAccessState]:
        registrar, before = access_of(facts, self.registrar)
        if self.session_cap is not None and not 0 <= self.session_cap <= MOST_SESSIONS:
            raise Refusal(
                errors.VALUE_OUT_OF_RANGE,
                "session_cap",
                str(self.session_cap),
                message=f"A session cap is a number from 1 to {MOST_SESSIONS}, or 0 for the registry's default.",
            )
        cap = before.session_cap
        if self.session_cap is not None:
            cap = None if self.session_cap == NO_CAP_OF_ITS_OWN else self.session_cap
        after = replace(
            before,
            enabled=before.enabled if self.enabled is None else self.enabled,
            networks=before.networks if self.networks is None else epp_access.parse_networks(self.networks),
            session_cap=cap,
            cltrid_as_key=before.cltrid_as_key if self.cltrid_as_key is None else self.cltrid_as_key,
        )
        if after == before and facts.epp_access_of(registrar.id) is not None:
            return Outcome(EppAccessState.of(before, registrar))
        after = replace(after, updated_at=facts.now)
        return Outcome(EppAccessState.of(after, registrar), changes=(after,))

    def summary(self) -> dict[str, Any]:
        asked = {
            "enabled": self.enabled,
            "networks": self.networks,
            "session_cap": self.session_cap,
            "cltrid_as_key": self.cltrid_as_key,
        }
        return {"registrar": self.registrar, **{k: v for k, v in asked.items() if v is not None}}


def ids_of(reference: Reference, slug: str) -> tuple[int, ...]:
    """The registrar whose EPP access is meant, if there is one."""
    registrar = reference.by_slug.get(slug)
    return (registrar.id,) if registrar is not None else ()


def access_of(facts: Facts, slug: str) -> tuple[Registrar, EppAccess]:
    """A registrar and its EPP access, which begins here if it has none yet."""
    registrar = require_registrar(facts, slug)
    epp_access.require_client_id(registrar.slug)
    known = facts.epp_access_of(registrar.id)
    return registrar, known or EppAccess(registrar_id=registrar.id, created_at=facts.now)
