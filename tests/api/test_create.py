"""A first name over HTTP: made, paid for, logged, and given again for its key."""

from __future__ import annotations

from tests.api.registry import Registry, fresh


def test_created(registry: Registry) -> None:
    name = fresh()
    answer = registry.client().post("/domains", json={"domain": name})
    assert 201 == answer.status_code, answer.text
    assert name == answer.json()["domain"]
