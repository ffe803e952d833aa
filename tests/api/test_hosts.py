"""Hosts over HTTP: the commands of RFC 5732, with the refusals a registrar meets."""

from __future__ import annotations

from typing import Any

import pytest

from namestead.commands.operator.set_statuses import SetStatuses
from namestead.objects.names import Name
from tests.api.registry import Registry, codes, fresh

GLUE = ["9.9.9.9", "2620:fe::fe"]


@pytest.fixture
def parent(registry: Registry) -> str:
    """A name of alpha's."""
    name = fresh()
    assert 201 == registry.client().post("/domains", json={"domain": name}).status_code
    return name


def test_a_host_is_created_shown_changed_and_deleted(registry: Registry, parent: str) -> None:
    alpha, host = registry.client(), f"ns1.{parent}"
    made = alpha.post("/hosts", json={"host": host.upper(), "addresses": list(reversed(GLUE))})
    assert 201 == made.status_code, made.text
    body = made.json()
    assert ("create_host", "success", host, GLUE, ["ok"], "alpha") == (
        body["command"],
        body["status"],
        body["host"]["host"],
        body["host"]["addresses"],
        body["host"]["status"],
        body["host"]["created_by"],
    )
    assert body["host"] == alpha.get(f"/hosts/{host}").json()["host"]
    assert body["host"] == registry.client("beta").get(f"/hosts/{host}").json()["host"]
    renamed = alpha.patch(f"/hosts/{host}", json={"name": f"ns2.{parent}", "status": ["clientDeleteProhibited"]})
    assert (200, f"ns2.{parent}", ["clientDeleteProhibited"]) == (
        renamed.status_code,
        renamed.json()["host"]["host"],
        renamed.json()["host"]["status"],
    )
    assert 404 == alpha.get(f"/hosts/{host}").status_code
    assert "status_prohibits" == alpha.delete(f"/hosts/ns2.{parent}").json()["error"]
    alpha.patch(f"/hosts/ns2.{parent}", json={"status": []})
    assert 200 == alpha.delete(f"/hosts/ns2.{parent}").status_code
    assert "host_not_found" == alpha.delete(f"/hosts/ns2.{parent}").json()["error"]


def test_hosts_are_checked_each_for_itself(registry: Registry, parent: str) -> None:
    taken = f"ns1.{parent}"
    registry.client().post("/hosts", json={"host": taken, "addresses": GLUE})
    asked = [taken, f"ns2.{parent}", f"ns1.{fresh()}", "ns1.elsewhere.net", "-bad-.net"]
    for key, reasons in (
        ("alpha", ["in_use", None, "parent_not_found", None, "invalid_name"]),
        ("beta", ["in_use", "parent_of_another", "parent_not_found", None, "invalid_name"]),
    ):
        results = registry.client(key).post("/hosts/check", json={"hosts": asked}).json()["results"]
        assert reasons == [r["reason"] for r in results]
        assert asked == [r["host"] for r in results]


@pytest.mark.parametrize(
    "key, host, addresses, status, error",
    [
        ("alpha", "ns1.{parent}", [], 422, "missing_field"),
        ("beta", "ns1.{parent}", GLUE, 403, "not_sponsor"),
        ("alpha", "ns1.nobody-has-this.example", GLUE, 404, "domain_not_found"),
        ("alpha", "ns1.far-away.net", GLUE, 422, "policy_violation"),
        ("alpha", "ns1.anything.distant", GLUE, 403, "registrar_namespace_not_approved"),
        ("gamma", "ns1.anything.example", GLUE, 403, "registrar_channel_not_production_approved"),
        ("alpha", "ns1.{parent}", ["10.0.0.1"], 422, "invalid_request"),
        ("alpha", "ns1.{parent}", ["ns1"], 422, "invalid_request"),
    ],
)
def test_a_host_that_cannot_be(
    registry: Registry, parent: str, key: str, host: str, addresses: list[str], status: int, error: str
) -> None:
    body = {"host": host.format(parent=parent), "addresses": addresses}
    answer = registry.client(key).post("/hosts", json=body)
    assert (status, error) == (answer.status_code, answer.json()["error"])


def test_a_host_in_use_stays_and_the_safe_way_is_named(registry: Registry, parent: str) -> None:
    alpha, hosts = registry.client(), [f"ns1.{parent}", f"ns2.{parent}"]
    for host in hosts:
        alpha.post("/hosts", json={"host": host, "addresses": GLUE})
    body = {"nameservers": [{"host": host} for host in hosts]}
    assert 202 == alpha.put(f"/domains/{parent}/nameservers", json=body).status_code
    assert ["linked", "ok"] == alpha.get(f"/hosts/{hosts[0]}").json()["host"]["status"]
    refused = alpha.delete(f"/hosts/{hosts[0]}")
    assert (409, "association_prohibits", 2305, [parent]) == (
        refused.status_code,
        refused.json()["error"],
        refused.json()["epp_result_code"],
        refused.json()["domains"],
    )
    assert f"Move {parent} to other name servers first" in refused.json()["message"]


def test_a_renamed_host_is_followed_by_the_names_that_use_it(registry: Registry, parent: str) -> None:
    alpha, beta = registry.client(), registry.client("beta")
    other = fresh()
    alpha.post("/hosts", json={"host": f"ns1.{parent}", "addresses": GLUE})
    alpha.post("/hosts", json={"host": f"ns2.{parent}", "addresses": GLUE})
    beta.post("/domains", json={"domain": other, "nameservers": [{"host": f"ns{n}.{parent}"} for n in (1, 2)]})
    answer = alpha.patch(f"/hosts/ns1.{parent}", json={"name": f"ns9.{parent}"})
    assert "pending" == registry.sql("SELECT apply FROM command_log WHERE id = $1", log_id(answer))[0]["apply"]
    shown = beta.get(f"/domains/{other}").json()["registration"]["nameservers"]
    assert [f"ns9.{parent}", f"ns2.{parent}"] == [n["host"] for n in shown]
    away = alpha.patch(f"/hosts/ns9.{parent}", json={"name": "ns9.elsewhere.net"})
    assert (409, "association_prohibits") == (away.status_code, away.json()["error"])


def log_id(answer: Any) -> int:
    return int(answer.json()["audit_id"].removeprefix("log_"))


def test_hosts_move_with_their_parent(registry: Registry, parent: str) -> None:
    alpha, beta, host = registry.client(), registry.client("beta"), f"ns1.{parent}"
    alpha.post("/hosts", json={"host": host, "addresses": GLUE})
    assert [host] == alpha.get(f"/domains/{parent}").json()["registration"]["subordinate_hosts"]
    alpha.post(f"/domains/{parent}/transfer", json={"gaining_registrar": {"slug": "beta"}})
    beta.post(f"/domains/{parent}/transfer", json={"operation": "approve"})
    shown = beta.get(f"/hosts/{host}").json()["host"]
    assert ("beta", "alpha") == (shown["registrar"]["slug"], shown["created_by"])
    assert beta.get(f"/domains/{parent}").json()["registration"]["transferred_at"] == shown["transferred_at"]
    assert "not_sponsor" == alpha.delete(f"/hosts/{host}").json()["error"]
    assert 200 == beta.delete(f"/hosts/{host}").status_code


def test_a_rehearsal_makes_no_host(registry: Registry, parent: str) -> None:
    body = {"host": f"ns1.{parent}", "addresses": GLUE, "sandbox": True}
    answer = registry.client().post("/hosts", json=body)
    assert (202, "sandbox") == (answer.status_code, answer.json()["status"])
    assert 404 == registry.client().get(f"/hosts/ns1.{parent}").status_code


def test_the_same_key_makes_one_host(registry: Registry, parent: str) -> None:
    body = {"host": f"ns1.{parent}", "addresses": GLUE, "idempotency_key": f"host-{parent}"}
    first, again = (registry.client().post("/hosts", json=body) for _ in range(2))
    assert (201, "true") == (again.status_code, again.headers["idempotent-replayed"])
    assert first.json()["host"] == again.json()["host"]


def test_every_fault_is_named(registry: Registry) -> None:
    answer = registry.client().post("/hosts", json={"host": "a b", "addresses": ["x"], "ip": 1})
    assert {"host", "addresses[0]", "ip"} == {field for field, _ in codes(answer)}
    path = registry.client().patch("/hosts/a%20b", json={"status": ["ok"]})
    assert (422, {"host", "status[0]"}) == (path.status_code, {field for field, _ in codes(path)})


def test_a_hold_of_the_registrys_cannot_be_lifted(registry: Registry, parent: str) -> None:
    registry.do(SetStatuses(Name(parent), ("serverUpdateProhibited",), reason="court order"))
    answer = registry.client().patch(f"/domains/{parent}", json={"auto_renew": False})
    assert (409, "status_prohibits") == (answer.status_code, answer.json()["error"])
