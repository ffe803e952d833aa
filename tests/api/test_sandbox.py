"""A rehearsal is decided by the same rules and changes nothing but the log (contract, "Sandbox")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.registry import Registry, fresh

TABLES = ("domain", "host", "contact", "retained", "delegation", "posting", "version", "outbox", "account")
Make = Callable[..., Registry]


def everything(registry: Registry) -> dict[str, Any]:
    """All that a rehearsal must not change."""
    return {
        t: registry.sql(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {t} t")[0]["md5"] for t in TABLES
    }


@pytest.fixture(scope="module")
def name(registry: Registry) -> str:
    made = fresh()
    registry.client().post("/domains", json={"domain": made, "auto_renew": True})
    return made


EXTERNAL = [{"host": "ns1.rehearsed.net"}, {"host": "ns2.rehearsed.net"}]
# fmt: off
MUTATIONS: list[tuple[str, str, dict[str, Any]]] = [
    ("POST",   "/domains",                     {"label": "rehearsed", "tld": "example", "nameservers": EXTERNAL, "registrant": {"name": "A"}}),
    ("POST",   "/domains/{name}/renew",        {"years": 1}),
    ("PATCH",  "/domains/{name}",              {"status": ["clientHold"], "auto_renew": False}),
    ("POST",   "/domains/{name}/transfer",     {"gaining_registrar": {"slug": "beta"}}),
    ("PUT",    "/domains/{name}/nameservers",  {"nameservers": EXTERNAL}),
    ("PUT",    "/domains/{name}/records",      {"records": [{"name": "@", "type": "A", "ttl": 60, "values": ["192.0.2.1"]}]}),
    ("DELETE", "/domains/{name}",              {}),
]
# fmt: on


@pytest.mark.parametrize("method,path,body", MUTATIONS, ids=[f"{m} {p}" for m, p, _ in MUTATIONS])
@pytest.mark.parametrize("place", ["header", "body"])
def test_a_rehearsal_is_answered_202_and_changes_nothing(
    registry: Registry, name: str, method: str, path: str, body: dict[str, Any], place: str
) -> None:
    before = everything(registry)
    headers = {"X-Registrar-Sandbox": "1"} if place == "header" else {}
    sent = body if place == "header" else {**body, "sandbox": True}
    answer = registry.client().request(method, path.format(name=name), json=sent, headers=headers)
    assert (202, "sandbox", True) == (answer.status_code, answer.json()["status"], answer.json()["sandbox"]), (
        answer.text
    )
    assert before == everything(registry)
    [row] = registry.sql(
        "SELECT status, apply, command FROM command_log WHERE id = $1", int(answer.json()["audit_id"][4:])
    )
    assert ("sandbox", "none", answer.json()["command"]) == (row["status"], row["apply"], row["command"])


def test_a_rehearsal_shows_what_would_have_happened(registry: Registry, name: str) -> None:
    balance = registry.client().get("/balance").json()["balance"]["amount"]
    answer = registry.client().post("/domains", json={"domain": fresh(), "years": 2, "sandbox": True}).json()
    assert ("active", ["addPeriod"]) == (
        answer["registration"]["lifecycle_state"],
        answer["registration"]["rgp_status"],
    )
    held = registry.client().patch(f"/domains/{name}", json={"status": ["clientHold"], "sandbox": True}).json()
    assert ["clientHold", "inactive"] == held["registration"]["status"]
    assert balance == registry.client().get("/balance").json()["balance"]["amount"]


def test_what_would_be_refused_is_refused_with_the_same_error(registry: Registry, name: str) -> None:
    for method, path, body in (
        ("POST", "/domains", {"domain": name}),
        ("POST", f"/domains/{name}/renew", {"years": 10}),
        ("POST", f"/domains/{name}/restore", {}),
        ("DELETE", "/domains/nobody.example", {}),
    ):
        real = registry.client().request(method, path, json=body)
        rehearsed = registry.client().request(method, path, json={**body, "sandbox": True})
        assert (real.status_code, real.json()["error"]) == (rehearsed.status_code, rehearsed.json()["error"])


@pytest.mark.parametrize("value,rehearsed", [("1", True), ("true", True), ("0", False), ("false", False)])
def test_the_header_may_say_no(registry: Registry, value: str, rehearsed: bool) -> None:
    answer = registry.client().post("/domains", json={"domain": fresh()}, headers={"X-Registrar-Sandbox": value})
    assert rehearsed is answer.json()["sandbox"]


# ----------------------------------------------------------------------------------------------------------------- reset

FIXTURES = ["ote-renew", "ote-update", "ote-transfer", "ote-ns", "ote-delete", "ote-claim"]


def test_a_reset_makes_the_fixtures(own_registry: Make) -> None:
    registry = own_registry()
    client = registry.client("gamma")
    answer = client.post("/sandbox/reset", json={"tld": "ote"})
    assert (202, "reset_sandbox", "ote") == (answer.status_code, answer.json()["command"], answer.json()["tld"])
    fixtures = {f["domain"]: f for f in answer.json()["fixtures"]}
    assert {f"{label}.ote" for label in FIXTURES} <= fixtures.keys()
    assert all(f["purpose"] for f in fixtures.values())
    for label in FIXTURES[:-1]:
        shown = client.get(f"/domains/{label}.ote").json()["registration"]
        assert (True, "active", "gamma") == (
            shown["sandbox_fixture"],
            shown["lifecycle_state"],
            shown["registrar"]["slug"],
        )
    claim = client.post("/domains/check", json={"domain": "ote-claim.ote"}).json()
    assert (False, True) == (claim["available"], claim["claim_required"])
    refused = client.post("/domains", json={"domain": "ote-claim.ote"})
    assert (409, "claim_required") == (refused.status_code, refused.json()["error"])
    token = fixtures["ote-claim.ote"]["allocation_token"]
    assert 201 == client.post("/domains", json={"domain": "ote-claim.ote", "allocation_token": token}).status_code
    assert client.post("/domains/check", json={"domain": "ote-available.ote"}).json()["available"]
    assert client.get("/status").json()["sandbox"]["fixtures_ready"]


def test_a_reset_always_runs_and_makes_keys_fresh(own_registry: Make) -> None:
    registry = own_registry()
    client = registry.client("alpha")
    reset = {"tld": "ote", "idempotency_key": "reset-1", "sandbox": True}
    first = client.post("/sandbox/reset", json=reset)
    assert (202, False) == (first.status_code, first.json()["idempotent"])
    body = {"years": 1, "idempotency_key": "renew-1"}
    renewed = client.post("/domains/ote-renew.ote/renew", json=body)
    assert client.post("/domains/ote-renew.ote/renew", json=body).json()["idempotent"]
    rehearsed = {"domain": "rehearsed.example", "idempotency_key": "sandbox-1", "sandbox": True}
    client.post("/domains", json=rehearsed)
    live = {"domain": "live.example", "idempotency_key": "live-1"}
    client.post("/domains", json=live)
    second = client.post("/sandbox/reset", json=reset)
    assert (202, False) == (second.status_code, second.json()["idempotent"])
    assert 1 == second.json()["key_epoch"] - first.json()["key_epoch"]
    again = client.post("/domains/ote-renew.ote/renew", json=body)
    assert (200, False) == (again.status_code, again.json()["idempotent"])
    assert renewed.json()["audit_id"] != again.json()["audit_id"]
    assert not client.post("/domains", json=rehearsed).json()["idempotent"]
    assert client.post("/domains", json=live).json()["idempotent"]  # production keys last


def test_a_reset_never_overwrites_a_real_name(own_registry: Make) -> None:
    registry = own_registry()
    assert 201 == registry.client("alpha").post("/domains", json={"domain": "ote-ns.example"}).status_code
    before = everything(registry)
    answer = registry.client("alpha").post("/sandbox/reset", json={"tld": "example"})
    assert (409, "sandbox_fixture_is_real_name") == (answer.status_code, answer.json()["error"])
    assert before == everything(registry)


def test_a_reset_of_a_zone_that_is_not_ours(registry: Registry) -> None:
    for tld in ("nowhere", "distant"):
        answer = registry.client().post("/sandbox/reset", json={"tld": tld})
        assert (403, "registrar_namespace_not_approved") == (answer.status_code, answer.json()["error"]), answer.text
