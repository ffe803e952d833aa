"""RFC 5731, 2.5: years, and months that make years."""

import pytest

from namestead import errors
from namestead.errors import Refusal
from namestead.rules import periods
from namestead.rules.periods import Unit

Y, M = Unit.YEARS, Unit.MONTHS


@pytest.mark.parametrize(
    "number, unit, years", [(1, Y, 1), (10, Y, 10), (99, Y, 99), (12, M, 1), (24, M, 2), (96, M, 8)]
)
def test_whole_years(number: int, unit: Unit, years: int) -> None:
    assert years == periods.years(number, unit)


@pytest.mark.parametrize("number, unit", [(0, Y), (-1, Y), (100, Y), (1, M), (13, M), (0, M), (100, M), (108, M)])
def test_what_is_none(number: int, unit: Unit) -> None:
    with pytest.raises(Refusal) as caught:
        periods.years(number, unit)
    assert (errors.VALUE_OUT_OF_RANGE, 2004, "period", str(number)) == (
        caught.value.kind,
        caught.value.kind.epp_result_code,
        caught.value.field,
        caught.value.value,
    )
