"""`GET /status`: what the key can do, what is missing, and the registry's own contract (contract, "status")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from namestead import errors
from namestead.api.server import HttpSettings
from namestead.commands.table import TABLE
from namestead.objects.domain import Phase
from namestead.rules import lifecycle
from namestead.rules.permissions import REGISTRAR_SCOPES
from tests.api.registry import NO_LIMIT, Registry

Make = Callable[..., Registry]


@pytest.fixture(scope="module")
def status(registry: Registry) -> dict[str, Any]:
    body: dict[str, Any] = registry.client("alpha").get("/status").json()
    return body


def capabilities(registry: Registry, key: str) -> dict[str, dict[str, Any]]:
    return {c["command"]: c for c in registry.client(key).get("/status").json()["commands"]}


def test_the_key_and_its_channel(status: dict[str, Any], registry: Registry) -> None:
    channel = status["registrar"]["channel_id"]
    assert {"channel_id": channel, "slug": "alpha", "approved": True, "production_approved": True} == status[
        "registrar"
    ]
    assert channel.startswith("ch_alpha")
    assert {"registrar_channel_id": channel} == status["audit_provenance"]
    assert {
        "id": "key_alpha",
        "profile": "registrar_api",
        "scopes": list(REGISTRAR_SCOPES),
        "expires_at": None,
    } == status["api_key"]
    assert registry.client().get("/balance").json()["balance"] == registry.client().get("/status").json()["balance"]


def test_the_listings(status: dict[str, Any], registry: Registry) -> None:
    assert [
        ("bare", "approved", False),
        ("example", "approved", False),
        ("ote", "approved", True),
        ("people", "approved", False),
        ("shut", "approved", False),
    ] == [(n["tld"], n["status"], n["test_zone"]) for n in status["namespace_listings"]]
    beta = registry.client("beta").get("/status").json()["namespace_listings"]
    assert {"tld": "bare", "status": "suspended", "test_zone": False} in beta


def test_the_sandbox_and_the_rate(status: dict[str, Any]) -> None:
    sandbox = status["sandbox"]
    assert (True, "X-Registrar-Sandbox", "sandbox") == (sandbox["available"], sandbox["header"], sandbox["body_field"])
    assert isinstance(sandbox["fixtures_ready"], bool)
    rate = status["rate_limit"]
    assert (NO_LIMIT, 60, ["channel", "key", "command"]) == (rate["limit"], rate["window_seconds"], rate["counted_by"])
    assert rate["remaining"] < NO_LIMIT


def test_the_rate_is_that_of_this_very_request(registry: Registry) -> None:
    answer = registry.client().get("/status")
    rate = answer.json()["rate_limit"]
    assert (
        answer.headers["x-ratelimit-limit"],
        answer.headers["x-ratelimit-remaining"],
        answer.headers["x-ratelimit-reset"],
    ) == (
        str(rate["limit"]),
        str(rate["remaining"]),
        str(rate["reset_at"]),
    )


def test_every_command_of_the_table_is_there(status: dict[str, Any]) -> None:
    assert [(r.name, r.method, r.path, [r.scope]) for r in TABLE if r.path] == [
        (c["command"], c["method"], c["path"], c["required_scopes"]) for c in status["commands"]
    ]
    assert {(True, (), True, True, None)} == {
        (
            c["scope_ok"],
            tuple(c["missing_scopes"]),
            c["sandbox_available"],
            c["production_available"],
            c["disabled_reason"],
        )
        for c in status["commands"]
    }


def test_a_channel_in_ote(registry: Registry) -> None:
    found = capabilities(registry, "gamma")
    for command in ("create_domain", "renew_domain", "delete_domain", "update_nameservers"):
        c = found[command]
        assert (True, True, False, "registrar_channel_not_production_approved") == (
            c["scope_ok"],
            c["sandbox_available"],
            c["production_available"],
            c["disabled_reason"],
        )
    for command in ("status", "check_domain", "info_domain", "poll", "reset_sandbox", "list_domains", "balance"):
        assert (True, True, None) == (
            found[command]["sandbox_available"],
            found[command]["production_available"],
            found[command]["disabled_reason"],
        ), command


def test_a_key_that_lacks_scopes(registry: Registry) -> None:
    found = capabilities(registry, "checker")
    assert (False, ["domains:create"], False, False, "missing_scope") == tuple(
        found["create_domain"][k]
        for k in ("scope_ok", "missing_scopes", "sandbox_available", "production_available", "disabled_reason")
    )
    assert found["check_domain"]["production_available"]


def test_a_channel_that_is_not_approved_can_still_ask(registry: Registry) -> None:
    answer = registry.client("delta").get("/status")
    assert (200, False) == (answer.status_code, answer.json()["registrar"]["approved"])
    assert not answer.json()["sandbox"]["available"]
    found = {c["command"]: c["disabled_reason"] for c in answer.json()["commands"]}
    assert None is found.pop("status")
    assert {"registrar_channel_required"} == set(found.values())


def test_a_key_without_a_channel_can_still_ask(registry: Registry) -> None:
    body = registry.client("customer").get("/status").json()
    assert {"channel_id": None, "slug": None, "approved": False, "production_approved": False} == body["registrar"]
    assert ([], {"registrar_channel_id": None}, {"amount": "0.00", "currency": "EUR"}) == (
        body["namespace_listings"],
        body["audit_provenance"],
        body["balance"],
    )


def test_a_channel_without_a_listing_can_still_ask(own_registry: Make) -> None:
    registry = own_registry()
    registry.sql("UPDATE listing SET status = 'requested'")
    registry.sql("UPDATE registry SET reference = reference + 1")
    found = capabilities(registry, "alpha")
    assert "registrar_namespace_not_approved" == found["create_domain"]["disabled_reason"]
    assert (None, None) == (found["status"]["disabled_reason"], found["poll"]["disabled_reason"])


def test_fixtures_are_ready_after_a_reset(own_registry: Make) -> None:
    registry = own_registry()
    assert not registry.client().get("/status").json()["sandbox"]["fixtures_ready"]
    registry.client().post("/sandbox/reset", json={"tld": "ote"})
    sandbox = registry.client().get("/status").json()["sandbox"]
    assert (True, 5) == (sandbox["fixtures_ready"], len(sandbox["fixtures"]["ote"]))
    assert not registry.client("beta").get("/status").json()["sandbox"]["fixtures_ready"]


def test_the_service_contract(status: dict[str, Any]) -> None:
    contract = status["registry_service_contract"]
    assert {
        "version",
        "commands",
        "lifecycle",
        "errors",
        "idempotency",
        "audit",
        "protected_legacy_policy",
        "dns_adapter_capabilities",
    } == contract.keys()
    assert [p.value for p in Phase] == contract["lifecycle"]["states"]
    assert len(lifecycle.TRANSITIONS) == len(contract["lifecycle"]["transitions"])
    assert [k.code for k in errors.CATALOGUE] == [e["code"] for e in contract["errors"]]


def test_the_epp_gateway_is_not_live_until_it_is(status: dict[str, Any]) -> None:
    gateway = status["epp_gateway"]
    assert ("not_live", 700) == (gateway["status"], gateway["port"])
    assert "domain:create" == gateway["command_mapping"]["create_domain"]
    assert {"extensions", "conformance_checklist", "host"} < gateway.keys()
    assert {"planned"} == {item["status"] for item in gateway["conformance_checklist"]}


def test_the_test_sequence_names_commands_of_the_table(status: dict[str, Any]) -> None:
    paths = {(r.name, r.method, r.path) for r in TABLE}
    steps = status["ote_test_sequence"]
    assert list(range(1, len(steps) + 1)) == [s["step"] for s in steps]
    assert all((s["command"], s["method"], s["path"]) in paths for s in steps)
    assert ("status", "reset_sandbox") == (steps[0]["command"], steps[1]["command"])


def test_the_docs_that_are_named_are_there(status: dict[str, Any], registry: Registry) -> None:
    for path in status["docs"].values():
        assert 200 == registry.bare().get(path).status_code


def test_a_gateway_that_is_live_says_so(own_registry: Make) -> None:
    registry = own_registry(epp_live=True, epp_host="epp.registry.example", epp_port=7000)
    gateway = registry.client().get("/status").json()["epp_gateway"]
    assert ("live", "epp.registry.example", 7000) == (gateway["status"], gateway["host"], gateway["port"])
    assert HttpSettings().epp_live is False
