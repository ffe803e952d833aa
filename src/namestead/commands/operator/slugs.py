"""Slugs: the short names of accounts and registrars, in commands, logs and addresses."""

from __future__ import annotations

import re

from namestead import errors
from namestead.errors import Refusal

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?", re.ASCII)


def require(slug: str, field: str) -> None:
    if not SLUG.fullmatch(slug):
        raise Refusal(
            errors.INVALID_REQUEST,
            field,
            slug,
            message=f"{field} '{slug}' is no short name: 1 to 32 lower-case letters, digits and hyphens, "
            "no hyphen first or last.",
        )
