"""A registrar's OT&E run: the sequence that `GET /status` gives, step by step, and the evidence it leaves."""

from __future__ import annotations

from typing import Any

from tests.api.contract import Checked
from tests.stories.conftest import Story

HOSTS = [{"host": "ns1.example.net"}, {"host": "ns2.example.net"}]


def step(client: Checked, method: str, path: str, key: str, **body: object) -> tuple[int, bool]:
    answer = client.request(method, path, json=body, headers={"Idempotency-Key": key})
    return answer.status_code, answer.json().get("idempotent", False)


def test_a_run_in_the_sandbox(story: Story) -> None:
    client = story.registry.client("gamma")  # approved, and not for production
    status = client.get("/status").json()
    assert (True, False) == (status["registrar"]["approved"], status["registrar"]["production_approved"])
    sequence = [(s["method"], s["path"], s["expected_status"]) for s in status["ote_test_sequence"]]
    channel = status["audit_provenance"]["registrar_channel_id"]

    reset = client.post("/sandbox/reset", json={"tld": "example"}, headers={"X-Registrar-Sandbox": "1"})
    assert 202 == reset.status_code
    assert client.get("/status").json()["sandbox"]["fixtures_ready"]

    asked = ["ote-available.example", "ote-renew.example", "ote-claim.example"]
    results = client.post("/domains/check", json={"domains": asked}).json()["results"]
    assert [(True, False), (False, False), (False, True)] == [(r["available"], r["claim_required"]) for r in results]

    played: list[tuple[str, str, str, dict[str, Any]]] = [
        ("POST", "/domains", "ote-create-001", {"domain": "ote-available.example"}),
        ("POST", "/domains/ote-renew.example/renew", "ote-renew-001", {"years": 1}),
        ("PATCH", "/domains/ote-update.example", "ote-update-001", {"status": ["clientHold"]}),
        ("POST", "/domains/ote-transfer.example/transfer", "ote-transfer-001", {"gaining_registrar": {"slug": "beta"}}),
        ("PUT", "/domains/ote-ns.example/nameservers", "ote-ns-001", {"nameservers": HOSTS}),
        ("DELETE", "/domains/ote-delete.example", "ote-delete-001", {}),
    ]
    for method, path, key, body in played:
        assert (403, False) == step(client, method, path, key, **body), path  # for real it may not
        assert (202, False) == step(client, method, path, key, **body, sandbox=True), path
        assert (202, True) == step(client, method, path, key, **body, sandbox=True), path
    assert (409, False) == step(client, "DELETE", "/domains/ote-ns.example", "ote-ns-001", sandbox=True)
    assert {(m, p) for m, p, e in sequence if e == 202} <= {
        (m, p.replace(p.split("/")[2], "{domain}") if p.count("/") > 1 else p) for m, p, _, _ in played
    } | {("POST", "/sandbox/reset")}

    for _, path, key, _ in played:
        [event] = client.get("/poll", params={"idempotency_key": key, "status": "sandbox"}).json()["events"]
        assert (channel, "sandbox", "none", key) == (
            event["registrar"]["channel_id"],
            event["status"],
            event["apply"],
            event["idempotency_key"],
        ), path
    assert [] == client.get("/backend/pending").json()["pending"]


def test_the_same_run_in_a_test_zone_is_for_real(story: Story) -> None:
    client = story.registry.client("gamma")
    assert 202 == client.post("/sandbox/reset", json={"tld": "ote"}).status_code
    assert (201, False) == step(client, "POST", "/domains", "create-001", domain="ote-available.ote")
    assert (200, False) == step(client, "POST", "/domains/ote-renew.ote/renew", "renew-001", years=1)
    assert (202, False) == step(client, "PUT", "/domains/ote-ns.ote/nameservers", "ns-001", nameservers=HOSTS)
    assert (200, False) == step(client, "DELETE", "/domains/ote-delete.ote", "delete-001")
    assert "redemption" == client.get("/domains/ote-delete.ote").json()["registration"]["lifecycle_state"]
    pending = client.get("/backend/pending").json()["pending"]
    assert ["ote-ns.ote"] == [p["domain"] for p in pending if p["command"] == "update_nameservers"]
    assert 202 == client.post("/sandbox/reset", json={"tld": "ote"}).status_code
    assert (200, False) == step(client, "DELETE", "/domains/ote-delete.ote", "delete-001")  # the key is fresh again
