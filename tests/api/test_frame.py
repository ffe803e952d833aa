"""What every request and answer has: paths, methods, ids, bodies, media types."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from tests.api.registry import BASE, Registry, codes, fresh

JSON = {"content-type": "application/json"}


# ------------------------------------------------------------------------------------------------------ paths and methods


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/domains/",
        "/domains/alice.example/",
        "/domains/alice.example/renew/",
        "/domains//renew",
        "/domains/alice.example/nothing",
        "/domains/alice.example/renew/more",
        "/Domains",
        "/status/",
        "",
        "/",
    ],
)
def test_a_path_that_is_none_is_404_before_anybody_asks_for_a_key(registry: Registry, path: str) -> None:
    answer = registry.bare().get(BASE + path)
    assert (404, "not_found") == (answer.status_code, answer.json()["error"])
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    "method,path,allow",
    [
        ("GET", "/domains/check", "DELETE, GET, HEAD, OPTIONS, PATCH"),  # a domain may be called so; see below
        ("POST", "/status", "GET, HEAD, OPTIONS"),
        ("PUT", "/domains", "GET, HEAD, OPTIONS, POST"),
        ("POST", "/domains/alice.example", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("GET", "/domains/alice.example/renew", "OPTIONS, POST"),
        ("DELETE", "/domains/alice.example/records", "GET, HEAD, OPTIONS, PUT"),
        ("TRACE", "/poll", "GET, HEAD, OPTIONS"),
    ][1:],
)
def test_another_method_is_405_and_told_which_are_taken(registry: Registry, method: str, path: str, allow: str) -> None:
    answer = registry.bare().request(method, BASE + path)
    assert (405, "method_not_allowed") == (answer.status_code, answer.json()["error"])
    assert allow == answer.headers["allow"]


def test_options_needs_no_key_and_tells_the_methods(registry: Registry) -> None:
    answer = registry.bare().options(BASE + "/domains/alice.example")
    assert (204, "DELETE, GET, HEAD, OPTIONS, PATCH") == (answer.status_code, answer.headers["allow"])
    assert "" == answer.text and "content-length" not in answer.headers


def test_head_is_get_without_its_body(registry: Registry) -> None:
    get, head = registry.client().get("/domains/nobody.example"), registry.client().head("/domains/nobody.example")
    assert (404, b"") == (head.status_code, head.content)
    assert abs(int(get.headers["content-length"]) - int(head.headers["content-length"])) < 3
    assert 200 == registry.client().head("/status").status_code
    assert 405 == registry.client().head("/domains/alice.example/renew").status_code


def test_every_answer_is_json_and_kept_by_no_cache(registry: Registry) -> None:
    for answer in (
        registry.client().get("/status"),
        registry.bare().get("/nowhere"),
        registry.client(None).get("/poll"),
    ):
        assert "application/json" == answer.headers["content-type"]
        assert "no-store" == answer.headers["cache-control"]


# -------------------------------------------------------------------------------------------------------- names in paths

SPELLINGS = ["{a}", "{A}", "{a}.", "{u}", "{percent}"]


@pytest.fixture(scope="module")
def bücher(registry: Registry) -> str:
    assert 201 == registry.client().post("/domains", json={"domain": "bücher.example"}).status_code
    return "xn--bcher-kva.example"


@pytest.mark.parametrize(
    "path",
    [
        "/domains/xn--bcher-kva.example",
        "/domains/XN--BCHER-KVA.Example",
        "/domains/xn--bcher-kva.example.",
        "/domains/b%C3%BCcher.example",
        "/domains/B%C3%9Ccher.example",
        "/domains/bu%CC%88cher.example",
        "/domains/%78n--bcher-kva%2Eexample",
    ],
)
def test_a_name_may_be_written_in_any_of_its_forms(registry: Registry, bücher: str, path: str) -> None:
    answer = registry.client().get(path)
    assert 200 == answer.status_code, answer.text
    assert (bücher, "bücher.example") == (answer.json()["domain"], answer.json()["registration"]["unicode_name"])


@pytest.mark.parametrize(
    "segment",
    [
        "a..example",
        "-a.example",
        "a b.example",
        "a/b.example",
        "a\0.example",
        "xn--zz.example",
        "a" * 64 + ".example",
        "a_b.example",
    ],
)
def test_a_name_that_is_none_is_a_fault_of_the_request(registry: Registry, segment: str) -> None:
    answer = registry.client().get("/domains/" + quote(segment, safe=""))
    assert (422, "invalid_request") == (answer.status_code, answer.json()["error"])
    assert [("domain", "invalid_name")] == codes(answer)


def test_a_name_that_is_not_utf_8_is_a_fault_of_the_request(registry: Registry) -> None:
    answer = registry.client().get("/domains/%ff.example")
    assert (422, [("domain", "invalid_name")]) == (answer.status_code, codes(answer))


# -------------------------------------------------------------------------------------------------------------- ids


@pytest.mark.parametrize("sent", ["abc-123", "req_1", "4bf92f3577b34da6a3ce929d0e0e4736", "x" * 128, "a.b:c/d+e=f@g~h"])
def test_a_sane_request_id_is_kept(registry: Registry, sent: str) -> None:
    answer = registry.client().get("/domains/nobody.example", headers={"x-request-id": sent})
    assert (sent, sent) == (answer.headers["x-request-id"], answer.json()["request_id"])


def _octets(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


@pytest.mark.parametrize(
    "sent", ["", "x" * 129, "two words", "-begins", "semi;colon", '"quoted"', "ünicode".encode(), "a<b"]
)
def test_any_other_is_replaced(registry: Registry, sent: str | bytes) -> None:
    made = (
        registry.client()
        .get("/domains/nobody.example", headers=[(b"x-request-id", _octets(sent))])
        .headers["x-request-id"]
    )
    assert re.fullmatch(r"req_[0-9a-f]{32}", made)


def test_made_request_ids_differ(registry: Registry) -> None:
    assert 20 == len({registry.bare().get("/nowhere").headers["x-request-id"] for _ in range(20)})


def test_the_request_id_stands_in_the_log(registry: Registry) -> None:
    name = fresh()
    answer = registry.client().post("/domains", json={"domain": name}, headers={"x-request-id": f"mine-{name}"})
    [row] = registry.sql("SELECT id, request_id FROM command_log WHERE domain = $1", name)
    assert (f"log_{row['id']}", f"mine-{name}") == (answer.json()["audit_id"], row["request_id"])


# --------------------------------------------------------------------------------------------------------------- bodies

NOT_JSON = [
    b"{",
    b"",
    b"nothing",
    b'{"domain": "a.example"} more',
    b"\xff\xfe{}",
    b'{"domain": "\xff.example"}',
    b'{"years": NaN}',
    b'{"years": 01}',
    b"\xef\xbb\xbf{}",
    b'{"domain": "a\\ud800.example"}',
    b'{"domain": "a\nb"}',
    b"[" * 100_000,
    b'{"x":' * 50_000,
    b"{'domain': 'a.example'}",
]


@pytest.mark.parametrize("body", NOT_JSON, ids=[str(b[:24]) for b in NOT_JSON])
def test_what_is_not_json_is_400(registry: Registry, body: bytes) -> None:
    answer = registry.client().post("/domains", content=body, headers=JSON)
    assert (400, "invalid_json") == (answer.status_code, answer.json()["error"])


NOT_OBJECTS = [b"[]", b"null", b"1", b'"text"', b"true"]


@pytest.mark.parametrize("body", NOT_OBJECTS)
def test_json_that_is_no_object_is_a_fault_of_the_request(registry: Registry, body: bytes) -> None:
    answer = registry.client().post("/domains", content=body, headers=JSON)
    assert (422, [("body", "invalid_type")]) == (answer.status_code, codes(answer))


@pytest.mark.parametrize(
    "kind",
    ["application/json", "application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"', "application/json ;"],
)
def test_json_is_taken_however_its_type_is_written(registry: Registry, kind: str) -> None:
    answer = registry.client().post("/domains/check", content=b'{"domain":"a.example"}', headers={"content-type": kind})
    assert 200 == answer.status_code


@pytest.mark.parametrize(
    "kind",
    [
        None,
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/xml",
        "application/json; charset=latin-1",
        "json",
    ],
)
def test_any_other_type_is_415(registry: Registry, kind: str | None) -> None:
    headers = {} if kind is None else {"content-type": kind}
    answer = registry.client().post("/domains/check", content=b'{"domain":"a.example"}', headers=headers)
    assert (415, "unsupported_media_type") == (answer.status_code, answer.json()["error"])
    assert "application/json" in answer.json()["message"]


def test_a_body_that_may_be_left_out_needs_no_type_then(registry: Registry) -> None:
    name = fresh()
    assert 201 == registry.client().post("/domains", json={"domain": name}).status_code
    assert 200 == registry.client().delete(f"/domains/{name}").status_code


def test_a_body_larger_than_the_limit_is_413_announced_or_not(registry: Registry) -> None:
    large = b'{"domain":"' + b"a" * registry.settings.largest_body + b'"}'
    announced = registry.client().post("/domains", content=large, headers=JSON)
    assert (413, "body_too_large") == (announced.status_code, announced.json()["error"])
    chunked = registry.client().post("/domains", content=iter([large[:1000], large[1000:]]), headers=JSON)
    assert (413, "body_too_large") == (chunked.status_code, chunked.json()["error"])
    assert str(registry.settings.largest_body) in chunked.json()["message"]


def test_a_body_in_chunks_is_read(registry: Registry) -> None:
    parts = iter([b'{"dom', b'ain":"a.exam', b'ple"}'])
    assert 200 == registry.client().post("/domains/check", content=parts, headers=JSON).status_code


# ------------------------------------------------------------------------------------------------------- not for callers


def test_health_and_readiness(registry: Registry) -> None:
    assert {"status": "ok"} == registry.bare().get("/healthz").json()
    assert {"status": "ready"} == registry.bare().get("/readyz").json()
    assert 405 == registry.bare().post("/healthz").status_code


def test_metrics_are_for_this_machine(registry: Registry) -> None:
    answer = registry.bare().get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "namestead_commands_total" in answer.text
    assert "nst_test" not in answer.text
