"""A repeated key gives the stored answer again, with the same status, and does nothing twice (contract, "Idempotency")."""

from __future__ import annotations

import concurrent.futures
from typing import Any

import httpx
import pytest

from namestead.commands.operator.deposit import Deposit
from namestead.money import Money
from tests.api.registry import AUTH, Registry, fresh

Answer = httpx.Response


def without_ids(answer: Answer) -> dict[str, Any]:
    """An answer without what belongs to this request alone."""
    body: dict[str, Any] = answer.json()
    return {k: v for k, v in body.items() if k not in ("request_id", "idempotent")}


def _create(registry: Registry, key: str) -> tuple[str, str, dict[str, Any]]:
    return "POST", "/domains", {"domain": fresh()}


def _renew(registry: Registry, key: str) -> tuple[str, str, dict[str, Any]]:
    return "POST", f"/domains/{_made(registry)}/renew", {"years": 1}


def _update(registry: Registry, key: str) -> tuple[str, str, dict[str, Any]]:
    return "PATCH", f"/domains/{_made(registry)}", {"auto_renew": False}


def _nameservers(registry: Registry, key: str) -> tuple[str, str, dict[str, Any]]:
    hosts = [{"host": "ns1.example.net"}, {"host": "ns2.example.net"}]
    return "PUT", f"/domains/{_made(registry)}/nameservers", {"nameservers": hosts}


def _records(registry: Registry, key: str) -> tuple[str, str, dict[str, Any]]:
    records = [{"name": "@", "type": "A", "ttl": 60, "values": ["192.0.2.1"]}]
    return "PUT", f"/domains/{_made(registry)}/records", {"records": records}


def _transfer(registry: Registry, key: str) -> tuple[str, str, dict[str, Any]]:
    return "POST", f"/domains/{_made(registry)}/transfer", {"gaining_registrar": {"slug": "beta"}}


def _delete(registry: Registry, key: str) -> tuple[str, str, dict[str, Any]]:
    return "DELETE", f"/domains/{_made(registry)}", {}


def _made(registry: Registry) -> str:
    name = fresh()
    assert 201 == registry.client().post("/domains", json={"domain": name, "auth_info": AUTH}).status_code
    return name


COMMANDS = {f.__name__[1:]: f for f in (_create, _renew, _update, _nameservers, _records, _transfer, _delete)}


@pytest.mark.parametrize("prepare", COMMANDS.values(), ids=COMMANDS.keys())
@pytest.mark.parametrize("sandbox", [False, True])
@pytest.mark.parametrize("place", ["header", "body"])
def test_the_stored_answer_is_given_again(registry: Registry, prepare: Any, sandbox: bool, place: str) -> None:
    key = fresh("k")
    method, path, body = prepare(registry, key)
    headers = {"Idempotency-Key": key} if place == "header" else {}
    body = {**body, **({"idempotency_key": key} if place == "body" else {}), **({"sandbox": True} if sandbox else {})}
    first = registry.client().request(method, path, json=body, headers=headers)
    assert first.status_code < 300, first.text
    assert (sandbox, sandbox) == (
        first.status_code == 202 and first.json()["sandbox"],
        first.json()["status"] == "sandbox",
    )
    count = registry.sql("SELECT count(*) FROM command_log WHERE status <> 'replayed'")
    again = registry.client().request(method, path, json=body, headers=headers)
    assert first.status_code == again.status_code
    assert without_ids(first) == without_ids(again)
    assert (False, True) == (first.json()["idempotent"], again.json()["idempotent"])
    assert "Idempotent-Replayed" not in first.headers and "true" == again.headers["Idempotent-Replayed"]
    assert first.json()["request_id"] != again.json()["request_id"]
    assert count == registry.sql("SELECT count(*) FROM command_log WHERE status <> 'replayed'")


CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("the name", {"domain": "another.example"}),
    ("a value", {"years": 2}),
    ("the sandbox flag", {"sandbox": True}),
    ("a further field", {"auto_renew": False}),
]


@pytest.mark.parametrize("change", [c for _, c in CHANGES], ids=[n for n, _ in CHANGES])
def test_the_same_key_with_anything_different_is_a_conflict(registry: Registry, change: dict[str, Any]) -> None:
    key = fresh("k")
    body = {"domain": fresh(), "years": 1, "idempotency_key": key}
    assert 201 == registry.client().post("/domains", json=body).status_code
    answer = registry.client().post("/domains", json={**body, **change})
    assert (409, "duplicate_idempotency_key_conflict", 2306) == (
        answer.status_code,
        answer.json()["error"],
        answer.json()["epp_result_code"],
    )


def test_the_same_key_with_another_command_is_a_conflict(registry: Registry) -> None:
    name = fresh()
    headers = {"Idempotency-Key": f"k-{name}"}
    assert 201 == registry.client().post("/domains", json={"domain": name}, headers=headers).status_code
    answer = registry.client().delete(f"/domains/{name}", headers=headers)
    assert "duplicate_idempotency_key_conflict" == answer.json()["error"]


def test_a_key_is_its_channels_own(registry: Registry) -> None:
    headers = {"Idempotency-Key": fresh("k")}
    for key in ("alpha", "beta"):
        assert 201 == registry.client(key).post("/domains", json={"domain": fresh()}, headers=headers).status_code


def test_the_same_request_is_the_same_however_it_is_spelt(registry: Registry) -> None:
    name = fresh()
    key = f"k-{name}"
    first = registry.client().post("/domains", json={"domain": name, "idempotency_key": key})
    label, tld = name.upper().split(".")
    again = registry.client().post(
        "/domains", json={"tld": tld, "label": label, "years": 1}, headers={"Idempotency-Key": key}
    )
    assert (201, True, first.json()["audit_id"]) == (
        again.status_code,
        again.json()["idempotent"],
        again.json()["audit_id"],
    )


def test_only_a_success_holds_a_key(registry: Registry) -> None:
    name = fresh()
    body = {"domain": name, "idempotency_key": f"k-{name}"}
    refused = registry.client("poor").post("/domains", json=body)
    assert (402, "insufficient_balance") == (refused.status_code, refused.json()["error"])
    registry.do(Deposit("poor", Money(1000, "EUR"), "topped up"))
    assert 201 == registry.client("poor").post("/domains", json=body).status_code
    assert registry.client("poor").post("/domains", json=body).json()["idempotent"]


def test_fifty_identical_requests_at_once_make_one_registration_and_fifty_equal_answers(registry: Registry) -> None:
    name = fresh()
    body = {"domain": name, "idempotency_key": f"k-{name}"}
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: registry.client().post("/domains", json=body), range(50)))
    assert {201} == {a.status_code for a in answers}
    assert 1 == len({str(without_ids(a)) for a in answers})
    assert 1 == sum(not a.json()["idempotent"] for a in answers)
    assert [{"count": 1}] == registry.sql("SELECT count(*) FROM domain WHERE name = $1", name)
    assert [{"count": 1}] == registry.sql("SELECT count(*) FROM posting WHERE subject = $1", name)


def test_a_query_with_a_key_is_logged_and_never_replayed(registry: Registry) -> None:
    name = fresh()
    headers = {"Idempotency-Key": f"k-{name}"}
    first = registry.client().post("/domains/check", json={"domain": name}, headers=headers)
    assert first.json()["available"]
    registry.client().post("/domains", json={"domain": name})
    second = registry.client().post("/domains/check", json={"domain": name}, headers=headers)
    assert not second.json()["available"]
    assert "Idempotent-Replayed" not in second.headers
    rows = registry.sql("SELECT command, status FROM command_log WHERE idempotency_key = $1", f"k-{name}")
    assert [("check_domain", "success")] * 2 == [(r["command"], r["status"]) for r in rows]
