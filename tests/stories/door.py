"""A door as a story sees it: what registrars do, and what they get to see, in words that EPP and HTTP have in common.

A story is played through whatever implements `Door`. Refusals are known by their EPP result code, which every door has.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

import httpx

from tests.api.registry import Registry


class Refused(Exception):
    """The door refused. `result` is the EPP result code (RFC 5730, 3), `code` our own where the door tells it."""

    def __init__(self, result: int, code: str) -> None:
        super().__init__(f"{result} {code}")
        self.result = result
        self.code = code


@dataclass(frozen=True, slots=True)
class Seen:
    """A registration as its sponsor sees it."""

    sponsor: str
    state: str
    statuses: Set[str]
    graces: Set[str]
    created_at: datetime
    expires_at: datetime
    redemption_until: datetime | None
    release_at: datetime | None


class Door(Protocol):
    def create(self, name: str, *, years: int = 1, auto_renew: bool = True, auth_info: str | None = None) -> Seen: ...
    def info(self, name: str) -> Seen: ...
    def why_not(self, name: str) -> str | None:
        """Why a name cannot be had; None if it can."""

    def renew(self, name: str, years: int = 1) -> Seen: ...
    def auto_renew(self, name: str, wanted: bool) -> Seen: ...
    def delete(self, name: str) -> Seen: ...
    def restore(self, name: str) -> Seen: ...
    def pull(self, name: str, auth_info: str) -> None: ...
    def push(self, name: str, to: str) -> None: ...
    def answer_transfer(self, name: str, operation: str) -> Seen: ...
    def balance(self) -> Decimal: ...
    def held(self) -> Decimal: ...
    def log(self, name: str) -> list[str]:
        """The commands and events of a name in this registrar's log that succeeded, oldest first."""


class Http:
    """The registrar API, spoken by one registrar."""

    def __init__(self, registry: Registry, key: str) -> None:
        self._client = registry.client(key)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: httpx.Response = self._client.request(method, path, json=body)
        found: dict[str, Any] = answer.json()
        if answer.status_code >= 400:
            raise Refused(found["epp_result_code"], found["error"])
        return found

    def _seen(self, body: dict[str, Any]) -> Seen:
        r = body["registration"]

        def instant(field: str) -> datetime | None:
            return datetime.fromisoformat(r[field]) if r[field] is not None else None

        created, expires = instant("created_at"), instant("expires_at")
        assert created is not None
        assert expires is not None
        return Seen(
            r["registrar"]["slug"],
            r["lifecycle_state"],
            frozenset(r["status"]),
            frozenset(r["rgp_status"]),
            created,
            expires,
            instant("redemption_until"),
            instant("release_at"),
        )

    def create(self, name: str, *, years: int = 1, auto_renew: bool = True, auth_info: str | None = None) -> Seen:
        body = {"domain": name, "years": years, "auto_renew": auto_renew}
        return self._seen(self._ask("POST", "/domains", {**body, **({"auth_info": auth_info} if auth_info else {})}))

    def info(self, name: str) -> Seen:
        return self._seen(self._ask("GET", f"/domains/{name}"))

    def why_not(self, name: str) -> str | None:
        reason: str | None = self._ask("POST", "/domains/check", {"domain": name})["reason"]
        return reason

    def renew(self, name: str, years: int = 1) -> Seen:
        return self._seen(self._ask("POST", f"/domains/{name}/renew", {"years": years}))

    def auto_renew(self, name: str, wanted: bool) -> Seen:
        return self._seen(self._ask("PATCH", f"/domains/{name}", {"auto_renew": wanted}))

    def delete(self, name: str) -> Seen:
        return self._seen(self._ask("DELETE", f"/domains/{name}"))

    def restore(self, name: str) -> Seen:
        return self._seen(self._ask("POST", f"/domains/{name}/restore"))

    def pull(self, name: str, auth_info: str) -> None:
        self._ask("POST", f"/domains/{name}/transfer", {"auth_info": auth_info})

    def push(self, name: str, to: str) -> None:
        self._ask("POST", f"/domains/{name}/transfer", {"gaining_registrar": {"slug": to}})

    def answer_transfer(self, name: str, operation: str) -> Seen:
        return self._seen(self._ask("POST", f"/domains/{name}/transfer", {"operation": operation}))

    def balance(self) -> Decimal:
        return Decimal(self._ask("GET", "/balance")["balance"]["amount"])

    def held(self) -> Decimal:
        return Decimal(self._ask("GET", "/balance")["holds"]["amount"])

    def log(self, name: str) -> list[str]:
        events = self._client.get("/poll", params={"domain": name, "status": "success", "limit": 500}).json()["events"]
        return [e["command"] for e in events]
