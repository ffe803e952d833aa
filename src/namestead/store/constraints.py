"""Constraints and errors: what a refusal of the database means to a caller. One place; names from schema.sql."""

from __future__ import annotations

import asyncpg

from namestead import errors
from namestead.errors import Kind, Refusal

MEANINGS: dict[str, Kind] = {
    "domain_live_name": errors.DOMAIN_NOT_AVAILABLE,
    "host_live_name": errors.HOST_EXISTS,
    "contact_live_handle": errors.CONTACT_EXISTS,
    "account_slug_key": errors.OBJECT_EXISTS,
    "registrar_slug_key": errors.OBJECT_EXISTS,
    "epp_certificate_bound_once": errors.OBJECT_EXISTS,
    "retained_once_a_kind": errors.OBJECT_EXISTS,
    "registry_clock_only_in_ote": errors.POLICY_VIOLATION,
}
"""Constraints a caller can run into when two processes follow different rules; all others are defects."""


PASSING = (
    asyncpg.InsufficientResourcesError,  # a full disk, no memory
    asyncpg.OperatorInterventionError,  # a statement that took too long
    asyncpg.TransactionRollbackError,  # a deadlock, a serialization failure
    asyncpg.LockNotAvailableError,
)
"""What says something about the server at this moment, and nothing about the command."""


def explain(problem: Exception) -> Refusal:
    """The refusal a database error stands for; `internal_error` for one that no command should be able to cause."""
    if isinstance(problem, PASSING):
        return Refusal(errors.BACKEND_UNAVAILABLE, extra={"retry_after": 5})
    return Refusal(MEANINGS.get(getattr(problem, "constraint_name", None) or "", errors.INTERNAL_ERROR))
