"""Every answer that any test gets is held against the OpenAPI document: operation, status, error code, headers, body."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import httpx
import jsonschema_rs

from namestead.api.openapi import SERVER, build
from namestead.errors import BY_CODE


@cache
def document() -> dict[str, Any]:
    built: dict[str, Any] = json.loads(json.dumps(build()))
    return built


@cache
def _operations() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), item) for path, item in document()["paths"].items()]


def operation(method: str, path: str) -> dict[str, Any] | None:
    """The operation of a request, a path without parameters before one with."""
    for pattern, item in sorted(_operations(), key=lambda pair: "[" in pair[0].pattern):
        if pattern.fullmatch(path) and method.lower() in item:
            found: dict[str, Any] = item[method.lower()]
            return found
    return None


@cache
def _validator(operation_id: str, status: str) -> Any:
    for _, item in _operations():
        for method in item.values():
            if isinstance(method, dict) and method.get("operationId") == operation_id:
                schema = method["responses"][status]["content"]["application/json"]["schema"]
                return jsonschema_rs.validator_for({**schema, "components": document()["components"]})
    raise AssertionError(operation_id)


def require_documented(method: str, path: str, answer: httpx.Response) -> None:
    """Fail on an answer that the document does not have."""
    assert "x-request-id" in answer.headers
    if method == "HEAD" or method == "OPTIONS":
        return
    body = answer.json()
    if answer.status_code >= 400:
        kind = BY_CODE[body["error"]]
        assert kind.http_status == answer.status_code
        assert (kind.retryable, kind.epp_result_code, kind.epp_result) == (
            body["retryable"],
            body["epp_result_code"],
            body["epp_result"],
        )
    assert answer.headers["x-request-id"] == body["request_id"]
    found = operation(method, path)
    if found is None:
        assert answer.status_code in (404, 405), f"{method} {path} is not in the document"
        return
    status = str(answer.status_code)
    assert status in found["responses"], (
        f"{found['operationId']} answered {status}, which is not in the document: {body}"
    )
    response = found["responses"][status]
    problems = list(_validator(found["operationId"], status).iter_errors(body))
    assert not problems, f"{found['operationId']} {status}: {[str(p) for p in problems]} in {body}"
    for name, reference in response["headers"].items():
        header = document()["components"]["headers"][reference["$ref"].rsplit("/", 1)[1]]
        if header.get("required"):
            assert name in answer.headers, f"{found['operationId']} {status} without {name}"
    if answer.status_code < 400:
        for name in ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"):
            assert name in answer.headers


class Checked(httpx.Client):
    """A client that holds every answer against the document."""

    def request(self, method: str, url: Any, **more: Any) -> httpx.Response:
        answer = super().request(method, url, **more)
        path = answer.request.url.raw_path.decode().split("?")[0].removeprefix(SERVER)
        require_documented(method, path, answer)
        return answer
