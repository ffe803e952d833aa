"""The gates, in the contract's order: the first that fails answers (contracts/registrar-api.md, "Who may call")."""

from __future__ import annotations

import concurrent.futures
import socket
import time
from collections.abc import Callable

import pytest

from namestead.commands.operator.approve_registrar import ApproveRegistrar
from namestead.commands.operator.create_key import SINGLE, CreateKey
from namestead.commands.operator.list_registrar import ListRegistrar
from namestead.commands.operator.revoke_key import RevokeKey
from namestead.objects.names import Name
from namestead.objects.registrar import ListingStatus
from tests.api.registry import Registry, codes, digest, fresh, token

Make = Callable[..., Registry]

# ------------------------------------------------------------------------------------------------------------ 1: the key

CREDENTIALS = {
    "missing": None,
    "another scheme": "Basic YWxhZGRpbjpvcGVu",
    "no key": "Bearer",
    "two keys": f"Bearer {token('alpha')} {token('beta')}",
    "unknown": "Bearer nst_test-nobody",
    "expired": f"Bearer {token('expired')}",
    "revoked": f"Bearer {token('revoked')}",
    "characters no key has": "Bearer nst_{}",
    "too long": "Bearer " + "x" * 600,
}


@pytest.mark.parametrize("header", CREDENTIALS.values(), ids=CREDENTIALS.keys())
def test_without_a_valid_key_the_answer_is_401_with_a_challenge(registry: Registry, header: str | None) -> None:
    headers = {} if header is None else {"authorization": header}
    answer = registry.client(None).get("/domains/alice.example", headers=headers)
    assert (401, "unauthorized") == (answer.status_code, answer.json()["error"])
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert token("alpha") not in answer.text
    assert "x-ratelimit-limit" not in answer.headers


def test_a_key_sent_twice_is_no_key(registry: Registry) -> None:
    header = ("Authorization", f"Bearer {token('alpha')}")
    answer = registry.bare().get("/api/v1/registrar/v1/status", headers=[header, header])
    assert 401 == answer.status_code


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_read_in_any_case(registry: Registry, scheme: str) -> None:
    answer = registry.client(None).get("/status", headers={"authorization": f"{scheme} {token('alpha')}"})
    assert 200 == answer.status_code


def test_a_key_in_a_query_parameter_or_cookie_is_not_looked_at(registry: Registry) -> None:
    answer = registry.bare().get(
        "/api/v1/registrar/v1/status",
        params={"access_token": token("alpha")},
        headers={"cookie": f"authorization={token('alpha')}"},
    )
    assert 401 == answer.status_code


def test_a_revoked_key_is_refused_at_once(own_registry: Make) -> None:
    registry = own_registry()
    client = registry.client("alpha")
    assert 200 == client.get("/status").status_code
    assert 200 == client.get("/status").status_code
    registry.do(RevokeKey("key_alpha"))
    answer = client.get("/status")
    assert (401, "unauthorized") == (answer.status_code, answer.json()["error"])
    assert "revoked" in answer.json()["message"]


def test_a_key_revoked_by_another_process_is_refused_at_once(own_registry: Make) -> None:
    registry = own_registry()
    with Registry(registry.url, registry.settings) as other:
        assert 200 == other.client("alpha").get("/status").status_code
        registry.do(RevokeKey("key_alpha"))
        assert 401 == other.client("alpha").get("/status").status_code


# ---------------------------------------------------------------------------------------------------------- 2: the scope


def test_a_missing_scope_is_named(registry: Registry) -> None:
    answer = registry.client("checker").post("/domains", json={"domain": fresh()})
    assert (403, "missing_scope") == (answer.status_code, answer.json()["error"])
    assert ["domains:create"] == answer.json()["missing_scopes"]
    assert "domains:create" in answer.json()["message"]


# fmt: off
NEEDED = [
    ("GET",    "/status",                          "registrar:status"),
    ("POST",   "/sandbox/reset",                   "sandbox:reset"),
    ("POST",   "/domains/check",                   "domains:check"),
    ("POST",   "/domains",                         "domains:create"),
    ("GET",    "/domains/alice.example",           "domains:read"),
    ("POST",   "/domains/alice.example/renew",     "domains:renew"),
    ("PATCH",  "/domains/alice.example",           "domains:update"),
    ("POST",   "/domains/alice.example/transfer",  "domains:transfer"),
    ("POST",   "/domains/alice.example/restore",   "domains:update"),
    ("PUT",    "/domains/alice.example/nameservers", "domains:nameservers"),
    ("GET",    "/domains/alice.example/records",   "domains:records:read"),
    ("PUT",    "/domains/alice.example/records",   "domains:records:write"),
    ("DELETE", "/domains/alice.example",           "domains:delete"),
    ("GET",    "/domains",                         "domains:read"),
    ("GET",    "/balance",                         "registrar:status"),
    ("GET",    "/poll",                            "audit:read"),
    ("GET",    "/backend/pending",                 "audit:read"),
]
# fmt: on


@pytest.fixture(scope="module")
def scopeless(registry: Registry) -> dict[str, str]:
    """For each scope the text of a key that has all others."""
    scopes = {scope for _, _, scope in NEEDED}
    made = {}
    for n, missing in enumerate(sorted(scopes)):
        text = f"all-but-{n}"
        others = tuple(sorted(scopes - {missing}))
        registry.do(CreateKey(f"key_but{n}", digest(token(text)), registrar="alpha", profile=SINGLE, scopes=others))
        made[missing] = text
    return made


@pytest.mark.parametrize("method,path,scope", NEEDED, ids=[f"{m} {p}" for m, p, _ in NEEDED])
def test_each_command_needs_its_scope(
    registry: Registry, scopeless: dict[str, str], method: str, path: str, scope: str
) -> None:
    answer = registry.client(scopeless[scope]).request(method, path)
    assert (403, "missing_scope", [scope]) == (
        answer.status_code,
        answer.json()["error"],
        answer.json()["missing_scopes"],
    )


# -------------------------------------------------------------------------------------------------------- 3: the channel


@pytest.mark.parametrize("key", ["delta", "poor"])
def test_a_channel_that_is_not_approved_is_none(registry: Registry, key: str) -> None:
    expected = 403 if key == "delta" else 404
    assert expected == registry.client(key).get("/domains/nobody.example").status_code


def test_a_key_without_a_channel_is_told_so(own_registry: Make) -> None:
    registry = own_registry()
    registry.do(CreateKey("key_loose", digest(token("loose")), account="customer"))
    answer = registry.client("loose").post("/domains/check", json={"domain": "alice.example"})
    assert (403, "registrar_channel_required") == (answer.status_code, answer.json()["error"])
    assert 200 == registry.client("loose").get("/status").status_code


def test_an_approval_counts_at_once(own_registry: Make) -> None:
    registry = own_registry()
    with Registry(registry.url, registry.settings) as other:  # which nobody tells
        body = {"domain": "alice.example"}
        assert 403 == other.client("delta").post("/domains/check", json=body).status_code
        registry.do(ApproveRegistrar("delta", approved=True))
        assert 200 == other.client("delta").post("/domains/check", json=body).status_code
        registry.do(ApproveRegistrar("delta", approved=False))
        answer = other.client("delta").post("/domains/check", json=body)
        assert (403, "registrar_channel_required") == (answer.status_code, answer.json()["error"])


# ----------------------------------------------------------------------------------------------------------- 4: the rate


def _next_minute_is_far() -> None:
    """Wait, where a minute would end within the test."""
    left = 60 - time.time() % 60
    if left < 15:
        time.sleep(left + 0.05)


def test_the_fourth_request_of_three_is_refused(registry: Registry) -> None:
    _next_minute_is_far()
    client = registry.client("slow")
    seen = [client.get("/domains/nobody.example") for _ in range(4)]
    assert [404, 404, 404, 429] == [a.status_code for a in seen]
    assert ["2", "1", "0", "0"] == [a.headers["x-ratelimit-remaining"] for a in seen]
    assert {"3"} == {a.headers["x-ratelimit-limit"] for a in seen}
    last = seen[-1]
    assert "registrar_rate_limit_exceeded" == last.json()["error"]
    assert last.json()["retryable"] is True
    reset = int(last.headers["x-ratelimit-reset"])
    assert reset % 60 == 0 and 0 < reset - time.time() <= 60
    assert 0 < int(last.headers["retry-after"]) <= 60
    assert abs(reset - time.time() - int(last.headers["retry-after"])) < 2


def test_each_command_has_a_limit_of_its_own(registry: Registry) -> None:
    _next_minute_is_far()
    client = registry.client("slow")
    for _ in range(4):
        client.get("/backend/pending")
    assert 429 == client.get("/backend/pending").status_code
    assert 200 == client.get("/poll").status_code


def test_each_key_of_a_channel_has_a_count_of_its_own(registry: Registry) -> None:
    _next_minute_is_far()
    for _ in range(3):
        assert 200 == registry.client("alpha").get("/messages").status_code
    answer = registry.client("slow").get("/messages")
    assert (200, "2") == (answer.status_code, answer.headers["x-ratelimit-remaining"])


def test_of_121_requests_in_a_minute_120_pass_whichever_process_takes_them(own_registry: Make) -> None:
    registry = own_registry(rate_limit=120)
    _next_minute_is_far()
    with Registry(registry.url, registry.settings) as other, concurrent.futures.ThreadPoolExecutor(8) as pool:
        clients = [registry.client("alpha"), other.client("alpha")]
        answers = list(pool.map(lambda n: clients[n % 2].get("/balance").status_code, range(121)))
    assert (120, 1) == (answers.count(200), answers.count(429))


def test_a_limit_of_the_channel_holds_and_one_of_the_key_goes_before_it(own_registry: Make) -> None:
    registry = own_registry()
    registry.do(ApproveRegistrar("alpha", rate_limit=7))
    assert "7" == registry.client("alpha").get("/balance").headers["x-ratelimit-limit"]
    assert "3" == registry.client("slow").get("/balance").headers["x-ratelimit-limit"]


def test_a_refusal_further_on_is_counted_and_shows_the_count(registry: Registry) -> None:
    first = registry.client("beta").post("/domains", content=b"{")
    second = registry.client("beta").post("/domains", content=b"{")
    assert 1 == int(first.headers["x-ratelimit-remaining"]) - int(second.headers["x-ratelimit-remaining"])


# -------------------------------------------------------------------------------------------- 6 and 7: zone and approval


def test_no_listing_for_the_zone(registry: Registry) -> None:
    for name, key in (("alice.distant", "alpha"), ("alice.nowhere", "alpha"), ("alice.bare", "beta")):
        for answer in (
            registry.client(key).post("/domains", json={"domain": name}),
            registry.client(key).get(f"/domains/{name}"),
            registry.client(key).delete(f"/domains/{name}"),
        ):
            assert (403, "registrar_namespace_not_approved") == (answer.status_code, answer.json()["error"])


def test_a_listing_counts_at_once(own_registry: Make) -> None:
    registry = own_registry()
    client = registry.client("alpha")
    assert 403 == client.post("/domains", json={"domain": "alice.distant"}).status_code
    registry.do(ListRegistrar("alpha", Name("distant")))
    assert 201 == client.post("/domains", json={"domain": "alice.distant"}).status_code
    registry.do(ListRegistrar("alpha", Name("distant"), ListingStatus.SUSPENDED))
    assert 403 == client.get("/domains/alice.distant").status_code


def test_a_channel_in_ote_changes_test_zones_and_rehearses_elsewhere(registry: Registry) -> None:
    client = registry.client("gamma")
    refused = client.post("/domains", json={"domain": fresh()})
    assert (403, "registrar_channel_not_production_approved") == (refused.status_code, refused.json()["error"])
    assert 201 == client.post("/domains", json={"domain": fresh("ote")}).status_code
    assert 202 == client.post("/domains", json={"domain": fresh(), "sandbox": True}).status_code
    assert 200 == client.post("/domains/check", json={"domain": fresh()}).status_code
    assert 202 == client.post("/sandbox/reset", json={"tld": "ote"}).status_code


# ------------------------------------------------------------------------------------------------------------- the order

# Each request has the fault of its row and of all rows below it; the row's own answers.
# fmt: off
LADDER: list[tuple[str, str, str, bytes]] = [
    # answered                                    key         name             body
    ("unauthorized",                              "nobody",   "alice.distant", b"{"),
    ("missing_scope",                             "outsider", "alice.distant", b"{"),
    ("registrar_channel_required",                "delta",    "alice.distant", b"{"),
    ("invalid_json",                              "gamma",    "alice.distant", b"{"),
    ("invalid_request",                           "gamma",    "alice.distant", b'{"years": "x"}'),
    ("registrar_namespace_not_approved",          "gamma",    "alice.distant", b'{"years": 1}'),
    ("registrar_channel_not_production_approved", "gamma",    "alice.example", b'{"years": 1}'),
    ("domain_not_found",                          "alpha",    "nobody.example", b'{"years": 1}'),
]
# fmt: on


@pytest.mark.parametrize("expected,key,name,body", LADDER, ids=[row[0] for row in LADDER])
def test_the_first_gate_that_fails_answers(registry: Registry, expected: str, key: str, name: str, body: bytes) -> None:
    answer = registry.client(key).post(
        f"/domains/{name}/renew", content=body, headers={"content-type": "application/json"}
    )
    assert expected == answer.json()["error"]


def test_the_channel_stands_before_the_rate(own_registry: Make) -> None:
    """What gate 3 turned away was not counted by gate 4."""
    registry = own_registry()
    registry.do(CreateKey("key_eager", digest(token("eager")), registrar="delta", rate_limit=1))
    _next_minute_is_far()

    def check() -> str:
        return str(registry.client("eager").post("/domains/check", json={"domain": "a.example"}).json().get("error"))

    assert ["registrar_channel_required"] * 3 == [check() for _ in range(3)]
    registry.do(ApproveRegistrar("delta", approved=True))
    assert ["None", "registrar_rate_limit_exceeded"] == [check() for _ in range(2)]


def test_the_rate_stands_before_the_body(registry: Registry) -> None:
    _next_minute_is_far()
    client = registry.client("slow")
    answers = [client.post("/domains/check", content=b"{").json()["error"] for _ in range(5)]
    assert ["unsupported_media_type"] * 3 + ["registrar_rate_limit_exceeded"] * 2 == answers


def test_approval_stands_before_idempotency(own_registry: Make) -> None:
    """Gate 7 before gate 8: a stored answer is not given to a channel that has lost its approval."""
    registry = own_registry()
    body = {"domain": "alice.example", "idempotency_key": "k"}
    assert 201 == registry.client().post("/domains", json=body).status_code
    registry.do(ApproveRegistrar("alpha", production=False))
    answer = registry.client().post("/domains", json=body)
    assert "registrar_channel_not_production_approved" == answer.json()["error"]


def test_idempotency_stands_before_the_command(registry: Registry) -> None:
    name = fresh()
    body = {"domain": name, "idempotency_key": f"k-{name}"}
    assert 201 == registry.client().post("/domains", json=body).status_code
    answer = registry.client().post("/domains", json={**body, "years": 2})
    assert "duplicate_idempotency_key_conflict" == answer.json()["error"]
    assert "domain_not_available" == registry.client().post("/domains", json={"domain": name}).json()["error"]


def test_all_gates_answer_before_a_word_of_the_body_is_read(registry: Registry) -> None:
    """A body that never comes keeps nobody from being refused."""
    with socket.create_connection(("127.0.0.1", registry.port), timeout=5) as s:
        s.sendall(b"POST /api/v1/registrar/v1/domains HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\n")
        assert s.recv(100).startswith(b"HTTP/1.1 401 ")


# -------------------------------------------------------------------------------------------------------------- evidence


def test_while_evidence_is_gathered_what_is_turned_away_is_logged(own_registry: Make) -> None:
    registry = own_registry()
    client = registry.client("alpha")
    client.post("/domains", content=b"{", headers={"content-type": "application/json"})
    registry.sql("UPDATE registrar SET evidence = true WHERE slug = 'alpha'")
    registry.sql("UPDATE registry SET reference = reference + 1")
    assert 200 == client.get("/status").status_code
    client.post("/domains", content=b"{", headers={"content-type": "application/json"})
    client.patch("/domains/alice.example", json={"years": 1})
    registry.client("checker").get("/domains/alice.example")
    client.get("/domains/nobody.example")
    rows = registry.sql("SELECT command, error, domain FROM command_log WHERE surface = 'http' ORDER BY id")
    assert [
        ("create_domain", "invalid_json", None),
        ("update_domain", "invalid_request", "alice.example"),
        ("info_domain", "missing_scope", None),
        ("info_domain", "domain_not_found", "nobody.example"),
    ] == [(r["command"], r["error"], r["domain"]) for r in rows]


def test_what_is_turned_away_is_counted_in_the_metrics(own_registry: Make) -> None:
    registry = own_registry()
    registry.client(None).get("/status")
    assert 'namestead_turned_away_total{code="unauthorized"} 1.0' in registry.bare().get("/metrics").text
    assert [] == registry.sql("SELECT 1 FROM command_log WHERE surface = 'http'")


def test_faults_are_named_in_details(registry: Registry) -> None:
    answer = registry.client().post("/domains", json={"years": "x", "nameserver": []})
    assert [("nameserver", "unknown_field"), ("years", "invalid_type"), ("domain", "missing_field")] == codes(answer)
