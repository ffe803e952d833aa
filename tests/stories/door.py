"""A door as a story sees it: what registrars do, and what they get to see, in words that EPP and HTTP have in common.

A story is played through whatever implements `Door`. Refusals are known by their EPP result code, which every door has.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol, cast

import httpx

from namestead.epp import messages as epp
from namestead.epp.answers import REASONS
from tests.api.registry import Registry
from tests.epp.wire.line import Line, error


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


class Epp:
    """EPP, spoken by one registrar in one session.

    What EPP has no words for goes over HTTP: whether a name renews itself, a transfer that the sponsor begins, the
    account and the log, and of a registration the instants of its fall and whether it has merely expired. All else is
    said and seen in EPP, and what is seen there has to be what HTTP shows.
    """

    def __init__(self, line: Line, http: Http) -> None:
        self._line = line
        self._http = http

    def _ask(self, body: epp.CommandBody, extensions: epp.CommandExtensions = epp.NO_EXTENSIONS) -> epp.Response:
        answer = self._line(body, extensions)
        if answer.code >= 2000:
            code, word = error(answer)
            raise Refused(code, word)
        return answer

    def _data(self, body: epp.CommandBody) -> Any:
        return self._ask(body).data

    def create(self, name: str, *, years: int = 1, auto_renew: bool = True, auth_info: str | None = None) -> Seen:
        if not auto_renew:
            return self._http.create(name, years=years, auto_renew=False, auth_info=auth_info)
        made = self._data(epp.DomainCreate(name, epp.AuthInfo(auth_info or ""), epp.Period(years)))
        seen = self.info(name)
        assert (seen.created_at, seen.expires_at) == (
            _whole(made.cr_date, seen.created_at),
            _whole(made.ex_date, seen.expires_at),
        )
        return seen

    def info(self, name: str) -> Seen:
        answer = self._ask(epp.DomainInfo(name))
        shown = answer.data
        assert isinstance(shown, epp.DomainInfoData)
        assert shown.cr_date is not None
        assert shown.ex_date is not None
        rgp = answer.extensions.rgp
        assert rgp is None or isinstance(rgp, epp.RgpInfoData)
        statuses = frozenset(s.value for s in shown.statuses)
        graces = frozenset(s.value for s in rgp.statuses) if rgp is not None else frozenset()
        other = self._http.info(name)
        state = _falling(statuses, graces)
        assert state == (None if other.state in STANDING else other.state)
        seen = replace(
            other,
            sponsor=shown.cl_id,
            statuses=statuses,
            graces=graces,
            created_at=_whole(shown.cr_date, other.created_at),
            expires_at=_whole(shown.ex_date, other.expires_at),
        )
        assert other == seen, "both doors show the same"
        return seen

    def why_not(self, name: str) -> str | None:
        [row] = self._data(epp.DomainCheck((name,))).results
        assert row.available == (row.reason is None)
        if row.reason is None:
            return None
        return "pending_release" if row.reason.startswith("Release ") else WORDS[row.reason]

    def renew(self, name: str, years: int = 1) -> Seen:
        before = self._data(epp.DomainInfo(name)).ex_date
        renewed = self._data(epp.DomainRenew(name, before.date(), epp.Period(years)))
        seen = self.info(name)
        assert seen.expires_at == _whole(renewed.ex_date, seen.expires_at)
        return seen

    def auto_renew(self, name: str, wanted: bool) -> Seen:
        return self._http.auto_renew(name, wanted)

    def delete(self, name: str) -> Seen:
        before = self.info(name)
        code = self._ask(epp.DomainDelete(name)).code
        if code == 1000:  # gone at once, so there is nothing left to be seen
            return replace(before, state="cancelled")
        assert 1001 == code
        return self.info(name)

    def restore(self, name: str) -> Seen:
        """Asked for and reported on (RFC 3915, 4.2.5), which HTTP does in one."""
        before = self.info(name)
        asked = self._ask(epp.DomainUpdate(name), epp.CommandExtensions(rgp=epp.RestoreRequest()))
        assert epp.RgpUpdateData((epp.RgpStatus("pendingRestore"),)) == asked.extensions.rgp
        report = epp.RestoreReport(
            "as it was",
            "as it is",
            before.created_at,
            before.expires_at,
            "Deleted by mistake.",
            ("It is so.", "And so."),
        )
        self._ask(epp.DomainUpdate(name), epp.CommandExtensions(rgp=report))
        return self.info(name)

    def pull(self, name: str, auth_info: str) -> None:
        answer = self._ask(epp.DomainTransfer("request", name, auth_info=epp.AuthInfo(auth_info)))
        assert isinstance(answer.data, epp.DomainTransferData)
        assert (1001, "pending") == (answer.code, answer.data.status)

    def push(self, name: str, to: str) -> None:
        self._http.push(name, to)

    def answer_transfer(self, name: str, operation: str) -> Seen:
        self._ask(epp.DomainTransfer(cast(epp.TransferOp, operation), name))
        return self.info(name)

    def balance(self) -> Decimal:
        return self._http.balance()

    def held(self) -> Decimal:
        return self._http.held()

    def log(self, name: str) -> list[str]:
        return self._http.log(name)


STANDING = ("active", "expired")
"""States in which a name has not begun to fall. EPP has one look for both."""

WORDS = {text: word for word, text in reversed(list(REASONS.items()))}
"""The reasons of EPP's checks, as HTTP has them."""


def _falling(statuses: Set[str], graces: Set[str]) -> str | None:
    """Where a name is on its way out, by RFC 3915, 3.1; None if it is not."""
    if "pendingDelete" not in statuses:
        return None
    for status, state in (
        ("pendingRestore", "pending_restore"),
        ("redemptionPeriod", "redemption"),
        ("pendingDelete", "pending_delete"),
    ):
        if status in graces:
            return state
    raise AssertionError(f"pendingDelete, and why is not said: {graces}")


def _whole(told: datetime, exact: datetime) -> datetime:
    """An instant EPP tells to the millisecond: the exact one, if it is that."""
    return exact if abs(exact - told) < timedelta(milliseconds=1) else told
