"""The OpenAPI document: valid, complete, and true. `contract.py` holds every answer of every test against it; here is
what the document itself must have, and a generator of requests that nobody thought of."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from openapi_spec_validator import validate
from schemathesis import Case, CheckFunction, GenerationMode, checks, openapi

from namestead import errors
from namestead.api.endpoints import ENDPOINTS
from namestead.api.openapi import EXAMPLES, OWN_ERRORS, errors_of
from namestead.commands.table import TABLE, Kind
from tests.api.contract import document
from tests.api.registry import Registry, token

Make = Callable[..., Registry]
ROWS = [row for row in TABLE if row.path is not None]


@pytest.fixture(scope="module")
def served(registry: Registry) -> dict[str, Any]:
    answer = registry.bare().get("/api/v1/registrar/openapi.json")
    assert (200, "application/json") == (answer.status_code, answer.headers["content-type"])
    body: dict[str, Any] = answer.json()
    return body


def test_it_is_public_and_valid_openapi_3_1(served: dict[str, Any]) -> None:
    validate(served)
    assert "3.1.0" == served["openapi"]
    assert served == document()
    assert "/api/v1/registrar/v1" == served["servers"][0]["url"]


def test_the_error_catalogue_stands_in_it(served: dict[str, Any]) -> None:
    assert [
        {
            "code": k.code,
            "http_status": k.http_status,
            "epp_result_code": k.epp_result_code,
            "epp_result": k.epp_result,
            "retryable": k.retryable,
            "meaning": k.meaning,
        }
        for k in errors.CATALOGUE
    ] == served["x-registrar-error-catalog"]


def test_every_command_is_an_operation_and_there_is_no_other(served: dict[str, Any]) -> None:
    operations = {
        (method.upper(), path, operation["operationId"])
        for path, item in served["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }
    assert {(r.method, r.path, r.name) for r in ROWS} == operations
    assert ENDPOINTS.keys() == {r.name for r in ROWS} == OWN_ERRORS.keys()


@pytest.mark.parametrize("row", ROWS, ids=[r.name for r in ROWS])
def test_an_operation_says_all_that_a_caller_needs(served: dict[str, Any], row: Any) -> None:
    operation = served["paths"][row.path][row.method.lower()]
    assert [row.scope] == operation["x-required-scopes"] == operation["security"][0]["key"]
    assert operation["summary"] and row.scope in operation["description"]
    assert (ENDPOINTS[row.name].body is not None) == ("requestBody" in operation)
    answers = operation["responses"]
    assert str(row.status) in answers
    assert (row.kind is Kind.TRANSFORM) <= ("202" in answers)
    by_status: dict[str, list[str]] = {}
    for kind in errors_of(row):
        by_status.setdefault(str(kind.http_status), []).append(kind.code)
    for status, codes in by_status.items():
        content = answers[status]["content"]["application/json"]
        assert codes == content["schema"]["allOf"][1]["properties"]["error"]["enum"] == list(content["examples"])
        assert "X-Request-Id" in answers[status]["headers"]
    for status, header in (
        ("401", "WWW-Authenticate"),
        ("429", "Retry-After"),
        ("503", "Retry-After"),
        ("405", "Allow"),
    ):
        assert header in answers[status]["headers"]
    assert "X-RateLimit-Reset" in answers[str(row.status)]["headers"]


def test_the_examples_are_taken(registry: Registry) -> None:
    for name, bodies in EXAMPLES.items():
        row = next(r for r in ROWS if r.name == name)
        for title, body in bodies.items():
            assert row.path is not None and row.method is not None
            path = row.path.replace("{domain}", "nobody.example").replace("{host}", "ns1.nobody.example")
            path = path.replace("{contact}", "nobody")
            rehearsed = body if name.startswith("check_") or name == "reset_sandbox" else {**body, "sandbox": True}
            if name != "reset_sandbox":
                rehearsed.pop("idempotency_key", None) if rehearsed is not body else None
            answer = registry.client().request(row.method, path, json=rehearsed)
            assert "invalid_request" != answer.json().get("error"), (name, title, answer.text)


def test_bodies_take_no_other_field(served: dict[str, Any]) -> None:
    bodies = {n: s for n, s in served["components"]["schemas"].items() if n.endswith("Body") and n != "ErrorBody"}
    assert bodies
    assert {False} == {schema.get("additionalProperties") for schema in bodies.values()}


def test_patterns_are_as_others_read_them(served: dict[str, Any]) -> None:
    assert "(?!" not in json.dumps(served)


CHECKS: list[CheckFunction] = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


@pytest.mark.slow
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
def test_whatever_is_sent_the_answer_is_a_documented_one(own_registry: Make, mode: GenerationMode) -> None:
    """Requests made up from the document: never a 5xx, never an answer it does not have."""
    registry = own_registry()
    base = f"{registry.base}/api/v1/registrar/v1"
    schema = openapi.from_dict(document())
    headers = {"Authorization": f"Bearer {token('alpha')}"}
    asked = [*CHECKS, checks.negative_data_rejection] if mode is GenerationMode.NEGATIVE else CHECKS
    tried: set[tuple[str, int]] = set()
    with requests.Session() as session:
        for result in schema.get_all_operations():
            operation = result.ok()  # type: ignore[union-attr]  # a document with faults fails here

            @settings(
                max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def play(case: Case[Any]) -> None:
                answer = case.call(base_url=base, headers=headers, session=session)
                tried.add((case.operation.label, answer.status_code))
                case.validate_response(answer, checks=asked)

            with contextlib.suppress(Unsatisfiable):
                play()
    assert len(ROWS) <= len({label for label, _ in tried}) + 4, tried
    assert (200 if mode is GenerationMode.POSITIVE else 422) in {status for _, status in tried}
