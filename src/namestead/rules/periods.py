"""Periods as they are asked for: years, or months that make years (RFC 5731, 2.5)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from namestead import errors
from namestead.errors import Refusal

LONGEST: Final = 99
"""RFC 5731, `pLimitType`: a period is 1 to 99, of years or months. What a zone takes is its policy's."""


class Unit(StrEnum):
    YEARS = "y"
    MONTHS = "m"


def years(number: int, unit: Unit, field: str = "period") -> int:
    """Whole years. `value_out_of_range` for months that make none, and for what is no period."""
    if not 1 <= number <= LONGEST:
        message = f"{field} is {number}; a period is 1 to {LONGEST}."
        raise Refusal(errors.VALUE_OUT_OF_RANGE, field, str(number), message=message)
    if unit is Unit.YEARS:
        return number
    if number % 12:
        message = f"{field} is {number} months; names are registered for whole years. Ask for a multiple of 12 months."
        raise Refusal(errors.VALUE_OUT_OF_RANGE, field, str(number), message=message)
    return number // 12
