"""Constraints and errors: what a refusal of the database means to a caller. One place; names from schema.sql."""

from __future__ import annotations

import asyncpg

from namestead import errors
from namestead.errors import Kind, Refusal

MEANINGS: dict[str, Kind] = {
    "domain_live_name": errors.DOMAIN_NOT_AVAILABLE,
    "host_live_name": errors.HOST_EXISTS,
    "contact_live_handle": errors.CONTACT_EXISTS,
}
"""Constraints a caller can run into when two processes follow different rules; all others are defects."""


def explain(problem: asyncpg.PostgresError) -> Refusal:
    """The refusal a database error stands for; `internal_error` for one that no command should be able to cause."""
    return Refusal(MEANINGS.get(getattr(problem, "constraint_name", None) or "", errors.INTERNAL_ERROR))
