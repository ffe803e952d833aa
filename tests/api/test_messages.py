"""The message queue over HTTP: oldest first, counted, and there until it is acknowledged."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from namestead.commands.operator.protect_domain import ProtectDomain
from namestead.objects.names import Name
from tests.api.registry import AUTH, Registry, fresh


def about(registry: Registry, key: str, name: str) -> list[dict[str, Any]]:
    """The messages about a name, oldest first."""
    answer = registry.client(key).get("/messages", params={"limit": 500}).json()
    return [m for m in answer["messages"] if m["object"] == name]


def ack(registry: Registry, key: str, message: str) -> httpx.Response:
    return registry.client(key).post(f"/messages/{message}/ack")


def test_a_transfer_is_told_at_each_step_to_both(registry: Registry) -> None:
    alpha, beta, name = registry.client(), registry.client("beta"), fresh()
    alpha.post("/domains", json={"domain": name, "auth_info": AUTH})
    beta.post(f"/domains/{name}/transfer", json={"auth_info": AUTH})
    alpha.post(f"/domains/{name}/transfer", json={"operation": "reject"})
    beta.post(f"/domains/{name}/transfer", json={"auth_info": AUTH})
    approved = alpha.post(f"/domains/{name}/transfer", json={"operation": "approve"}).json()
    expected = ["pending", "clientRejected", "pending", "clientApproved"]
    for key in ("alpha", "beta"):
        messages = about(registry, key, name)
        assert expected == [m["data"]["transfer"]["status"] for m in messages]
        assert ["transfer"] * 4 == [m["kind"] for m in messages]
        assert approved["audit_id"] == messages[-1]["audit_id"]
        last = messages[-1]["data"]["transfer"]
        assert ("beta", "alpha") == (last["gaining"], last["losing"])
        assert approved["registration"]["expires_at"] == last["expires_at"]


def test_an_acknowledged_message_is_gone(registry: Registry) -> None:
    name = fresh()
    registry.client().post("/domains", json={"domain": name})
    registry.do(ProtectDomain(Name(name), "since 1995"))
    before = registry.client().get("/messages").json()["count"]
    [message] = about(registry, "alpha", name)
    assert ("changed", "operator", "since 1995") == (message["kind"], message["data"]["who"], message["data"]["reason"])
    answer = ack(registry, "alpha", message["id"])
    assert (200, "ack_message", message["id"], before - 1) == (
        answer.status_code,
        answer.json()["command"],
        answer.json()["id"],
        answer.json()["count"],
    )
    assert [] == about(registry, "alpha", name)
    again = ack(registry, "alpha", message["id"])
    assert (404, "message_not_found", 2303) == (
        again.status_code,
        again.json()["error"],
        again.json()["epp_result_code"],
    )


def test_nobody_acknowledges_for_another(registry: Registry) -> None:
    name = fresh()
    registry.client().post("/domains", json={"domain": name})
    registry.do(ProtectDomain(Name(name)))
    [message] = about(registry, "alpha", name)
    assert (404, "message_not_found") == (
        (answer := ack(registry, "beta", message["id"])).status_code,
        answer.json()["error"],
    )
    assert [message] == about(registry, "alpha", name)


def test_a_rehearsal_acknowledges_nothing(registry: Registry) -> None:
    name = fresh()
    registry.client().post("/domains", json={"domain": name})
    registry.do(ProtectDomain(Name(name)))
    [message] = about(registry, "alpha", name)
    answer = registry.client().post(f"/messages/{message['id']}/ack", json={"sandbox": True})
    assert (202, "sandbox") == (answer.status_code, answer.json()["status"])
    assert [message] == about(registry, "alpha", name)


@pytest.mark.parametrize("limit", [1, 2])
def test_a_page_begins_with_the_oldest_and_counts_them_all(registry: Registry, limit: int) -> None:
    name = fresh()
    alpha = registry.client()
    alpha.post("/domains", json={"domain": name})
    for operation in ("push", "cancel", "push"):
        body = {"operation": "cancel"} if operation == "cancel" else {"gaining_registrar": {"slug": "beta"}}
        alpha.post(f"/domains/{name}/transfer", json=body)
    whole = alpha.get("/messages", params={"limit": 500}).json()
    page = alpha.get("/messages", params={"limit": limit}).json()
    assert (whole["count"], whole["messages"][:limit]) == (page["count"], page["messages"])


@pytest.mark.parametrize("wrong", ["x", "1x", "-1", "1" * 19, "%31%30"])
def test_an_id_that_is_none(registry: Registry, wrong: str) -> None:
    assert (422, "invalid_request") == (
        (answer := ack(registry, "alpha", wrong)).status_code,
        answer.json()["error"],
    )
