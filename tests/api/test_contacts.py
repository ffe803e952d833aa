"""Contacts over HTTP: the commands of RFC 5733, with the refusals a registrar meets."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from namestead.commands.operator.erase_contact import EraseContact
from tests.api.registry import AUTH, Registry, codes, fresh

POSTAL = {
    "name": "Ålice",
    "organization": "",
    "street": ["Hauptstraße 1"],
    "city": "Köln",
    "state": "",
    "postal_code": "50667",
    "country": "DE",
}
ASCII = {**POSTAL, "name": "Alice", "street": ["Hauptstrasse 1"], "city": "Cologne"}

_ids = itertools.count(1)


def person(**more: Any) -> dict[str, Any]:
    return {"id": f"person-{next(_ids)}", "postal": POSTAL, "email": "alice@example.net", **more}


def made(registry: Registry, **more: Any) -> str:
    body = person(**more)
    answer = registry.client().post("/contacts", json=body)
    assert 201 == answer.status_code, answer.text
    handle: str = body["id"]
    return handle


def test_a_contact_is_created_shown_changed_and_deleted(registry: Registry) -> None:
    alpha = registry.client()
    body = person(ascii=ASCII, phone="+49.2211", phone_ext="7", disclose=["email"], auth_info=AUTH)
    answer = alpha.post("/contacts", json=body)
    assert (201, body["id"], ["ok"]) == (
        answer.status_code,
        answer.json()["contact"]["id"],
        answer.json()["contact"]["status"],
    )
    shown = alpha.get(f"/contacts/{body['id']}").json()["contact"]
    assert (POSTAL, ASCII, "alice@example.net", "+49.2211", "7", ["email"]) == tuple(
        shown[field] for field in ("postal", "ascii", "email", "phone", "phone_ext", "disclose")
    )
    assert "auth_info" not in shown
    change = {"email": "bob@example.net", "ascii": None, "status": ["clientDeleteProhibited"]}
    assert 200 == alpha.patch(f"/contacts/{body['id']}", json=change).status_code
    shown = alpha.get(f"/contacts/{body['id']}").json()["contact"]
    assert ("bob@example.net", None, POSTAL, ["clientDeleteProhibited"]) == (
        shown["email"],
        shown["ascii"],
        shown["postal"],
        shown["status"],
    )
    assert "status_prohibits" == alpha.delete(f"/contacts/{body['id']}").json()["error"]
    alpha.patch(f"/contacts/{body['id']}", json={"status": []})
    assert 200 == alpha.delete(f"/contacts/{body['id']}").status_code
    assert "contact_not_found" == alpha.get(f"/contacts/{body['id']}").json()["error"]


def test_nothing_personal_stands_in_answers_that_are_kept_nor_in_the_log(registry: Registry) -> None:
    handle = made(registry, auth_info=AUTH)
    registry.client().patch(f"/contacts/{handle}", json={"email": "bob@example.net"})
    rows = registry.sql(
        "SELECT request || coalesce(result, '') AS kept FROM command_log WHERE request LIKE $1", f"%{handle}%"
    )
    assert 2 == len(rows)
    for row in rows:
        assert [] == [word for word in ("lice", "bob@", "Köln", "50667", AUTH) if word in row["kept"]]


def test_others_see_it_only_with_its_word(registry: Registry) -> None:
    handle = made(registry, auth_info=AUTH)
    refused = registry.client("beta").get(f"/contacts/{handle}")
    assert (403, "not_sponsor") == (refused.status_code, refused.json()["error"])
    for method in ("PATCH", "DELETE"):
        answer = registry.client("beta").request(method, f"/contacts/{handle}", json={})
        assert (403, "not_sponsor") == (answer.status_code, answer.json()["error"])


def test_ids_are_checked_each_for_itself(registry: Registry) -> None:
    taken = made(registry)
    results = registry.client("beta").post("/contacts/check", json={"ids": [taken, "nobody-1", "x", "C1-NST"]})
    assert ["in_use", None, "invalid_id", "invalid_id"] == [r["reason"] for r in results.json()["results"]]


def test_a_contact_may_be_called_like_a_path_of_ours(registry: Registry) -> None:
    alpha = registry.client()
    alpha.post("/contacts", json=person(id="check"))
    assert "check" == alpha.get("/contacts/check").json()["contact"]["id"]
    assert 200 == alpha.delete("/contacts/check").status_code
    odd = "a/b?c#d"
    alpha.post("/contacts", json=person(id=odd))
    assert odd == alpha.get("/contacts/a%2Fb%3Fc%23d").json()["contact"]["id"]


@pytest.mark.parametrize(
    "fields, status, error, field",
    [
        ({"postal": None}, 422, "missing_field", "postal"),
        ({"postal": {**POSTAL, "city": ""}}, 422, "missing_field", "postal.city"),
        ({"ascii": POSTAL}, 422, "invalid_request", "ascii.name"),
        ({"email": ""}, 422, "missing_field", "email"),
        ({"id": "C9-NST"}, 422, "policy_violation", "id"),
        ({"disclose": ["fax"], "withhold": ["email"]}, 422, "policy_violation", "disclose"),
        ({"auth_info": "weak"}, 422, "auth_info_too_weak", "auth_info"),
        ({"id": "x"}, 422, "invalid_request", "id"),
        ({"phone": "030"}, 422, "invalid_request", "phone"),
        ({"disclose": ["name"]}, 422, "invalid_request", "disclose[0]"),
        ({"postal": {"name": "A"}}, 422, "invalid_request", "postal.city"),
    ],
)
def test_a_contact_that_cannot_be(
    registry: Registry, fields: dict[str, Any], status: int, error: str, field: str
) -> None:
    answer = registry.client().post("/contacts", json=person(**fields))
    assert (status, error) == (answer.status_code, answer.json()["error"])
    assert field in [name for name, _ in codes(answer)]


def test_an_id_that_is_taken(registry: Registry) -> None:
    answer = registry.client("beta").post("/contacts", json=person(id=made(registry)))
    assert (409, "contact_exists", 2302) == (
        answer.status_code,
        answer.json()["error"],
        answer.json()["epp_result_code"],
    )


def test_a_contact_names_refer_to_is_linked_and_stays(registry: Registry) -> None:
    alpha, handle, name = registry.client(), made(registry), fresh("people")
    body = {"domain": name, "registrant_id": handle, "contacts": [{"type": "tech", "id": handle}]}
    assert 201 == alpha.post("/domains", json=body).status_code
    assert ["linked", "ok"] == alpha.get(f"/contacts/{handle}").json()["contact"]["status"]
    refused = alpha.delete(f"/contacts/{handle}")
    assert (409, "association_prohibits", [name]) == (
        refused.status_code,
        refused.json()["error"],
        refused.json()["domains"],
    )


def test_an_erased_contact_is_empty_everywhere_and_its_registrar_told(registry: Registry) -> None:
    handle = made(registry, phone="+49.2211", phone_ext="7", withhold=["email"])
    registry.do(EraseContact(handle))
    shown = registry.client().get(f"/contacts/{handle}").json()["contact"]
    assert (None, "", "", "", []) == (
        shown["postal"],
        shown["email"],
        shown["phone"],
        shown["phone_ext"],
        shown["withhold"],
    )
    assert shown["erased_at"] is not None
    bodies = registry.sql("SELECT body FROM version WHERE body LIKE $1", f"%{handle}%")
    assert 2 == len(bodies)
    assert [] == [b for b in bodies if "lice" in b["body"] or "+49" in b["body"] or '"email"]' in b["body"]]
    told = registry.client().get("/messages", params={"limit": 500}).json()["messages"]
    assert handle in [m["object"] for m in told]


def test_a_rehearsal_makes_no_contact(registry: Registry) -> None:
    body = person(sandbox=True)
    assert 202 == registry.client().post("/contacts", json=body).status_code
    assert 404 == registry.client().get(f"/contacts/{body['id']}").status_code
