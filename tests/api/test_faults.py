"""422 names every fault of a request, each with its field, its kind, and what to do; never a secret."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api.registry import Registry, codes, fresh

JSON = {"content-type": "application/json"}
D = "alice.example"

# method, path, body -> every (field, code), in order
# fmt: off
TABLE: list[tuple[str, str, Any, list[tuple[str, str]]]] = [
    ("POST", "/domains", {},                                             [("domain", "missing_field")]),
    ("POST", "/domains", {"label": "a"},                                 [("tld", "missing_field")]),
    ("POST", "/domains", {"tld": "example"},                             [("label", "missing_field")]),
    ("POST", "/domains", {"domain": D, "label": "a", "tld": "example"},  [("domain", "conflict")]),
    ("POST", "/domains", {"domain": "a b.example"},                      [("domain", "invalid_name")]),
    ("POST", "/domains", {"label": "a b", "tld": "example"},             [("label", "invalid_name")]),
    ("POST", "/domains", {"domain": 5},                                  [("domain", "invalid_type")]),
    ("POST", "/domains", {"domain": D, "years": "1"},                    [("years", "invalid_type")]),
    ("POST", "/domains", {"domain": D, "years": 1.5},                    [("years", "invalid_type")]),
    ("POST", "/domains", {"domain": D, "years": True},                   [("years", "invalid_type")]),
    ("POST", "/domains", {"domain": D, "years": None},                   [("years", "invalid_type")]),
    ("POST", "/domains", {"domain": D, "years": 0},                      [("years", "value_out_of_range")]),
    ("POST", "/domains", {"domain": D, "years": -3},                     [("years", "value_out_of_range")]),
    ("POST", "/domains", {"domain": D, "years": 10**40},                 [("years", "value_out_of_range")]),
    ("POST", "/domains", {"domain": D, "period": 1},                     [("period", "unknown_field")]),
    ("POST", "/domains", {"domain": D, "sandbox": 1},                    [("sandbox", "invalid_type")]),
    ("POST", "/domains", {"domain": D, "auto_renew": "yes"},             [("auto_renew", "invalid_type")]),
    ("POST", "/domains", {"domain": D, "idempotency_key": ""},           [("idempotency_key", "invalid_value")]),
    ("POST", "/domains", {"domain": D, "idempotency_key": "a b"},        [("idempotency_key", "invalid_value")]),
    ("POST", "/domains", {"domain": D, "idempotency_key": "ä"},          [("idempotency_key", "invalid_value")]),
    ("POST", "/domains", {"domain": D, "idempotency_key": "a\n"},        [("idempotency_key", "invalid_value")]),
    ("POST", "/domains", {"domain": D, "idempotency_key": "k" * 256},    [("idempotency_key", "invalid_value")]),
    ("POST", "/domains", {"domain": D, "nameservers": {}},               [("nameservers", "invalid_type")]),
    ("POST", "/domains", {"domain": D, "nameservers": ["ns1.example.net"]}, [("nameservers[0]", "invalid_type")]),
    ("POST", "/domains", {"domain": D, "nameservers": [{"host": "ns_1.net"}, {"addresses": []}]},
        [("nameservers[0].host", "invalid_name"), ("nameservers[1].host", "missing_field")]),
    ("POST", "/domains", {"domain": D, "nameservers": [{"host": "ns1.alice.example", "addresses": ["10.0.0.1", "x", "::1", "8.8.8.8"]}]},
        [("nameservers[0].addresses[0]", "invalid"), ("nameservers[0].addresses[1]", "invalid"), ("nameservers[0].addresses[2]", "invalid")]),
    ("POST", "/domains", {"domain": D, "registrant": {"name": "A"}, "registrant_id": "C1-NST"}, [("registrant", "conflict")]),
    ("POST", "/domains", {"domain": D, "registrant": {}},                [("registrant.name", "missing_field")]),
    ("POST", "/domains", {"domain": D, "registrant": {"name": "A\0B"}},  [("registrant.name", "invalid_value")]),
    ("POST", "/domains", {"domain": D, "registrant": {"name": "A\n"}},   [("registrant.name", "invalid_value")]),
    ("POST", "/domains", {"domain": D, "registrant": {"name": "A" * 256}}, [("registrant.name", "invalid_value")]),
    ("POST", "/domains", {"domain": D, "registrant": {"name": "A", "email": "nobody", "phone": "030 1234", "country": "de", "street": ["1"] * 4}},
        [("registrant.email", "invalid_value"), ("registrant.phone", "invalid_value"), ("registrant.street", "value_out_of_range"),
         ("registrant.country", "invalid_value")]),
    ("POST", "/domains", {"domain": D, "registrant_id": "C1"},           [("registrant_id", "invalid_value")]),
    ("POST", "/domains", {"domain": D, "contacts": [{"type": "owner", "id": "C1-NST"}]}, [("contacts[0].type", "invalid_value")]),
    ("POST", "/domains", {"domain": D, "ds": [{"key_tag": 65536, "algorithm": -1, "digest_type": 2, "digest": "xyz"}]},
        [("ds[0].key_tag", "value_out_of_range"), ("ds[0].algorithm", "value_out_of_range"), ("ds[0].digest", "invalid_value")]),
    ("POST", "/domains", {"domain": D, "fee": {"amount": "12.5.0", "currency": "EUR"}}, [("fee.amount", "invalid_value")]),
    ("POST", "/domains", {"domain": D, "fee": {"amount": "12.345", "currency": "EUR"}}, [("fee.amount", "invalid_value")]),
    ("POST", "/domains", {"domain": D, "fee": {"amount": "-1", "currency": "EUR"}}, [("fee.amount", "invalid_value")]),
    ("POST", "/domains", {"domain": D, "fee": {"amount": "1", "currency": "eur"}}, [("fee.currency", "invalid_value")]),
    ("POST", "/domains", {"domain": D, "fee": 10},                       [("fee", "invalid_type")]),
    ("POST", "/domains", {"domain": D, "auth_info": "x" * 256},          [("auth_info", "invalid_value")]),
    ("POST", "/domains", {"domain": "a..example", "years": "x", "fee": {"amount": "x", "currency": "EUR"}, "more": 1},
        [("more", "unknown_field"), ("domain", "invalid_name"), ("years", "invalid_type"), ("fee.amount", "invalid_value")]),

    ("POST", "/domains/check", {},                                       [("domain", "missing_field")]),
    ("POST", "/domains/check", {"domains": []},                          [("domains", "value_out_of_range")]),
    ("POST", "/domains/check", {"domains": [D] * 101},                   [("domains", "value_out_of_range")]),
    ("POST", "/domains/check", {"domains": [D, 1]},                      [("domains[1]", "invalid_type")]),
    ("POST", "/domains/check", {"domains": [D], "domain": D},            [("domains", "conflict")]),
    ("POST", "/domains/check", {"domain": D, "sandbox": True},           [("sandbox", "unknown_field")]),

    ("POST", f"/domains/{D}/renew", {},                                  [("years", "missing_field")]),
    ("POST", f"/domains/{D}/renew", {"years": 1, "current_expiry": "2027-13-01"}, [("current_expiry", "invalid_value")]),
    ("POST", f"/domains/{D}/renew", {"years": 1, "current_expiry": "2027-12-01T00:00:00"}, [("current_expiry", "invalid_value")]),
    ("POST", f"/domains/{D}/renew", {"years": 1, "current_expiry": 5},   [("current_expiry", "invalid_type")]),
    ("POST", "/domains/a..b/renew", {"years": 0},                        [("domain", "invalid_name"), ("years", "value_out_of_range")]),

    ("PATCH", f"/domains/{D}", {"auto_renew": None},                     [("auto_renew", "invalid_type")]),
    ("PATCH", f"/domains/{D}", {"status": ["clientHold", "serverHold"]}, [("status[1]", "invalid_value")]),
    ("PATCH", f"/domains/{D}", {"statuses": []},                         [("statuses", "unknown_field")]),
    ("PATCH", f"/domains/{D}", {"registrant": None, "registrant_id": "C1-NST"}, [("registrant", "conflict")]),

    ("POST", f"/domains/{D}/transfer", {"operation": "steal"},           [("operation", "invalid_value")]),
    ("POST", f"/domains/{D}/transfer", {"gaining_registrar": "beta"},    [("gaining_registrar", "invalid_type")]),
    ("PUT", f"/domains/{D}/nameservers", {},                             [("nameservers", "missing_field")]),
    ("PUT", f"/domains/{D}/nameservers", {"nameservers": None},          [("nameservers", "invalid_type")]),
    ("PUT", f"/domains/{D}/records", {"records": [{"name": "@", "type": "NS", "ttl": -1, "values": []}]},
        [("records[0].type", "invalid_value"), ("records[0].ttl", "value_out_of_range"), ("records[0].values", "value_out_of_range")]),
    ("DELETE", f"/domains/{D}", {"force": True},                         [("force", "unknown_field")]),
    ("POST", "/sandbox/reset", {},                                       [("tld", "missing_field")]),
    ("POST", "/sandbox/reset", {"tld": "a b"},                           [("tld", "invalid_name")]),

    ("GET", "/domains?limit=0",                None,                     [("limit", "value_out_of_range")]),
    ("GET", "/domains?limit=501",              None,                     [("limit", "value_out_of_range")]),
    ("GET", "/domains?limit=x",                None,                     [("limit", "invalid_type")]),
    ("GET", "/domains?sort=price",             None,                     [("sort", "invalid_value")]),
    ("GET", "/domains?lifecycle_state=dead",   None,                     [("lifecycle_state", "invalid_value")]),
    ("GET", "/domains?status=lost",            None,                     [("status", "invalid_value")]),
    ("GET", "/domains?expires_before=soon",    None,                     [("expires_before", "invalid_value")]),
    ("GET", "/domains?q=%C3%BC%20x",           None,                     [("q", "invalid_name")]),
    ("GET", "/domains?colour=red&limit=0",     None,                     [("colour", "unknown_field"), ("limit", "value_out_of_range")]),
    ("GET", "/domains?limit=1&limit=2",        None,                     [("limit", "repeated")]),
    ("GET", "/domains?limit",                  None,                     [("query", "invalid_value")]),
    ("GET", "/domains?q=%ff",                  None,                     [("query", "invalid_value")]),
    ("GET", "/poll?status=lost&apply=never&since=yesterday&domain=a..b", None,
        [("status", "invalid_value"), ("apply", "invalid_value"), ("domain", "invalid_name"), ("since", "invalid_value")]),
    ("GET", "/poll?idempotency_key=a%00b",     None,                     [("idempotency_key", "invalid_value")]),
    ("GET", "/domains?q=a%00b",                None,                     [("q", "invalid_value")]),
    ("GET", "/poll?command=DROP",              None,                     [("command", "invalid_value")]),
    ("GET", "/balance?since=2026-11-24",       None,                     [("since", "invalid_value")]),
    ("GET", "/backend/pending?limit=-1",       None,                     [("limit", "value_out_of_range")]),
    ("GET", "/status?verbose=1",               None,                     [("verbose", "unknown_field")]),
]
# fmt: on


@pytest.mark.parametrize(
    "method,path,body,expected", TABLE, ids=[f"{m} {p} {json.dumps(b)[:60]}" for m, p, b, _ in TABLE]
)
def test_every_fault_is_named(
    registry: Registry, method: str, path: str, body: Any, expected: list[tuple[str, str]]
) -> None:
    content = b"" if body is None else json.dumps(body).encode()
    answer = registry.client().request(method, path, content=content, headers=JSON)
    assert (422, "invalid_request") == (answer.status_code, answer.json()["error"]), answer.text
    assert expected == codes(answer)
    for detail in answer.json()["details"]:
        assert {"field", "code", "message"} == detail.keys()
        assert detail["message"]
    if len(expected) > 1:
        assert str(len(expected)) in answer.json()["message"]


def test_a_mistyped_field_is_told_what_was_meant(registry: Registry) -> None:
    answer = registry.client().post("/domains", json={"domain": D, "nameserver": []})
    assert "Did you mean nameservers?" in answer.json()["details"][0]["message"]


def test_a_secret_is_never_repeated(registry: Registry) -> None:
    secret = "Sécret-" + "x" * 300
    bodies = [
        ("/domains", {"domain": D, "auth_info": secret, "allocation_token": secret}),
        ("/domains", {"domain": D, "auth_info": "weak-but-secret"}),
        ("/domains/check", {"domain": D, "allocation_token": secret}),
        (f"/domains/{D}/transfer", {"auth_info": secret}),
    ]
    for path, body in bodies:
        answer = registry.client().post(path, json=body)
        assert answer.status_code in (422, 403, 404)
        assert "cret-" not in answer.text and "weak-but" not in answer.text


# ---------------------------------------------------------------------------------------------------------------- headers


@pytest.mark.parametrize("key", ["", "a b", "k" * 256, "ä".encode()])
def test_an_idempotency_key_is_1_to_255_visible_ascii_characters(registry: Registry, key: str | bytes) -> None:
    headers = {"Idempotency-Key": key}
    answer = registry.client().post("/domains", json={"domain": fresh()}, headers=headers)  # type: ignore[arg-type]
    assert [("Idempotency-Key", "invalid_value")] == codes(answer)


def test_header_and_body_must_agree_about_the_key(registry: Registry) -> None:
    name = fresh()
    body = {"domain": name, "idempotency_key": f"a-{name}"}
    answer = registry.client().post("/domains", json=body, headers={"Idempotency-Key": f"b-{name}"})
    assert (422, [("idempotency_key", "conflict")]) == (answer.status_code, codes(answer))
    assert 201 == registry.client().post("/domains", json=body, headers={"Idempotency-Key": f"a-{name}"}).status_code


def test_faults_of_path_headers_and_body_are_named_together(registry: Registry) -> None:
    answer = registry.client().post(
        "/domains/a..b/renew",
        json={"years": 0},
        headers={"Idempotency-Key": "a b", "X-Registrar-Sandbox": "perhaps"},
    )
    assert [
        ("domain", "invalid_name"),
        ("years", "value_out_of_range"),
        ("Idempotency-Key", "invalid_value"),
        ("X-Registrar-Sandbox", "invalid_value"),
    ] == codes(answer)


@pytest.mark.parametrize("name", ["Idempotency-Key", "X-Registrar-Sandbox"])
def test_a_header_that_decides_something_is_sent_once(registry: Registry, name: str) -> None:
    headers = [(name, "1"), (name, "1")]
    answer = registry.client().post("/domains", json={"domain": fresh()}, headers=headers)
    assert [(name, "repeated")] == codes(answer)
