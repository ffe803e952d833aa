"""The lives of a host and a contact, and what a registrar is told of its names meanwhile: dated steps over HTTP."""

from __future__ import annotations

from typing import Any

from tests.api.registry import AUTH
from tests.stories.conftest import Story

ALICE, BOB = "alice.example", "bob.example"
NS1, NS2 = "ns1.alice.example", "ns2.alice.example"
PERSON = {
    "id": "alice-1",
    "postal": {"name": "Alice", "city": "Köln", "country": "DE"},
    "email": "alice@example.net",
    "auth_info": AUTH,
}


def told(story: Story, key: str) -> list[tuple[str, str]]:
    """Read the queue to its end, one message at a time: kind and object, or a transfer's status."""
    client = story.registry.client(key)
    found: list[tuple[str, str]] = []
    while True:
        page = client.get("/messages", params={"limit": 1}).json()
        if not page["messages"]:
            assert 0 == page["count"]
            return found
        [message] = page["messages"]
        data: dict[str, Any] = message["data"]
        found.append((message["kind"], data["transfer"]["status"] if data["type"] == "transfer" else message["object"]))
        acked = client.post(f"/messages/{message['id']}/ack").json()
        assert page["count"] - 1 == acked["count"]


def test_a_host_from_its_first_address_to_its_end(story: Story) -> None:
    """It serves names of two registrars, moves with its parent, and goes when nobody needs it."""
    alpha, beta = story.registry.client("alpha"), story.registry.client("beta")
    made = story.alpha.create(ALICE, auth_info=AUTH)
    for host, address in ((NS1, "9.9.9.9"), (NS2, "149.112.112.112")):
        assert 201 == alpha.post("/hosts", json={"host": host, "addresses": [address]}).status_code
    delegation = {"nameservers": [{"host": NS1}, {"host": NS2}]}
    story.beta.create(BOB)
    assert 202 == alpha.put(f"/domains/{ALICE}/nameservers", json=delegation).status_code
    assert 202 == beta.put(f"/domains/{BOB}/nameservers", json=delegation).status_code

    story.at(made.created_at, days=10)
    assert "association_prohibits" == alpha.delete(f"/domains/{ALICE}").json()["error"]
    assert "association_prohibits" == alpha.delete(f"/hosts/{NS1}").json()["error"]
    moved = alpha.patch(f"/hosts/{NS1}", json={"name": "a.alice.example"}).json()["host"]
    assert "a.alice.example" == moved["host"]
    servers = beta.get(f"/domains/{BOB}").json()["registration"]["nameservers"]
    assert [("a.alice.example", ["9.9.9.9"]), (NS2, ["149.112.112.112"])] == [
        (s["host"], s["addresses"]) for s in servers
    ]

    story.at(made.created_at, days=12)
    story.beta.pull(ALICE, AUTH)
    story.at(made.created_at, days=18)  # nobody answered
    shown = beta.get("/hosts/a.alice.example").json()["host"]
    assert ("beta", "alpha") == (shown["registrar"]["slug"], shown["created_by"])

    for name in (ALICE, BOB):
        assert 202 == beta.put(f"/domains/{name}/nameservers", json={"nameservers": []}).status_code
    for host in ("a.alice.example", NS2):
        assert 200 == beta.delete(f"/hosts/{host}").status_code
    story.at(made.created_at, days=32)
    assert "redemption" == story.beta.delete(ALICE).state
    assert [("transfer", "pending"), ("transfer", "serverApproved")] == told(story, "alpha")
    assert [("transfer", "pending"), ("transfer", "serverApproved")] == told(story, "beta")


def test_a_contact_from_its_first_name_to_its_end(story: Story) -> None:
    """It holds a name, moves house, stays behind when the name goes to another registrar, and is deleted."""
    alpha, beta = story.registry.client("alpha"), story.registry.client("beta")
    assert 201 == alpha.post("/contacts", json=PERSON).status_code
    body = {"domain": ALICE, "registrant_id": "alice-1", "auth_info": AUTH}
    created = alpha.post("/domains", json=body)
    assert 201 == created.status_code
    made = story.alpha.info(ALICE)

    story.at(made.created_at, days=6)
    there = {**PERSON["postal"], "city": "Bonn"}  # type: ignore[dict-item]
    assert 200 == alpha.patch("/contacts/alice-1", json={"postal": there}).status_code
    assert "Bonn" == alpha.get(f"/domains/{ALICE}").json()["registration"]["registrant"]["city"]
    assert "association_prohibits" == alpha.delete("/contacts/alice-1").json()["error"]
    assert "not_sponsor" == beta.patch("/contacts/alice-1", json={"email": "b@example.net"}).json()["error"]

    story.beta.pull(ALICE, AUTH)
    story.alpha.answer_transfer(ALICE, "approve")
    assert ["linked", "ok"] == alpha.get("/contacts/alice-1").json()["contact"]["status"]
    new = {**PERSON, "id": "alice-2"}
    assert 201 == beta.post("/contacts", json=new).status_code
    assert 200 == beta.patch(f"/domains/{ALICE}", json={"registrant_id": "alice-2"}).status_code
    assert ["ok"] == alpha.get("/contacts/alice-1").json()["contact"]["status"]
    assert 200 == alpha.delete("/contacts/alice-1").status_code
    assert [("transfer", "pending"), ("transfer", "clientApproved")] == told(story, "beta")


def test_what_time_does_to_a_name_is_told_as_it_happens(story: Story) -> None:
    made = story.alpha.create(ALICE, auto_renew=False)
    renewing = story.alpha.create(BOB)
    story.at(made.expires_at, days=1)
    assert sorted([("expired", ALICE), ("auto_renewed", BOB)]) == sorted(told(story, "alpha"))
    story.at(made.expires_at, days=46)
    assert [("redemption", ALICE)] == told(story, "alpha")
    story.at(made.expires_at, days=76)
    assert [("pending_delete", ALICE)] == told(story, "alpha")
    story.at(made.expires_at, days=81)
    assert [("released", ALICE)] == told(story, "alpha")
    assert [] == told(story, "beta")
    assert renewing.expires_at.replace(year=renewing.expires_at.year + 1) == story.alpha.info(BOB).expires_at
