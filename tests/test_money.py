"""Amounts: what is read, what is refused, and that nothing is lost on the way."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from namestead.money import ISO_4217, MAX_MINOR_UNITS, AmountOutOfRange, MixedCurrencies, Money, exponent, parse

OWN = {"GEM": 0, "TKN": 5, "EUR": 0}


@pytest.mark.parametrize(
    "text, currency, amount, written",
    [
        ("12.50", "EUR", 1250, "12.50"),
        ("12.5", "EUR", 1250, "12.50"),
        ("12", "EUR", 1200, "12.00"),
        ("0", "EUR", 0, "0.00"),
        ("0.01", "EUR", 1, "0.01"),
        ("1250", "JPY", 1250, "1250"),
        ("1.250", "KWD", 1250, "1.250"),
        ("0.0001", "CLF", 1, "0.0001"),
        ("7", "GEM", 7, "7"),
        ("0.00007", "TKN", 7, "0.00007"),
        ("92233720368547758.07", "EUR", MAX_MINOR_UNITS, "92233720368547758.07"),
    ],
)
def test_read_and_written(text: str, currency: str, amount: int, written: str) -> None:
    money = parse(text, currency, own_units=OWN)
    assert Money(amount, currency) == money
    assert written == money.decimal(OWN)


@pytest.mark.parametrize(
    "text, currency",
    [
        ("", "EUR"),
        (" 1", "EUR"),
        ("1 ", "EUR"),
        ("1\n", "EUR"),
        ("+1", "EUR"),
        ("-1", "EUR"),
        ("--1", "EUR"),
        ("1e2", "EUR"),
        ("1E2", "EUR"),
        ("NaN", "EUR"),
        ("Infinity", "EUR"),
        ("0x10", "EUR"),
        ("1_000", "EUR"),
        ("1,000.00", "EUR"),
        ("1,50", "EUR"),
        ("1.", "EUR"),
        (".5", "EUR"),
        ("1.2.3", "EUR"),
        ("01", "EUR"),
        ("00.5", "EUR"),
        ("١٢", "EUR"),
        ("1.001", "EUR"),
        ("1.000", "EUR"),
        ("1.0", "JPY"),
        ("1.0", "GEM"),
        ("92233720368547758.08", "EUR"),
        ("9" * 5000, "EUR"),
        ("1", "eur"),
        ("1", "XXX"),
        ("1", "EURO"),
        ("1", ""),
    ],
)
def test_refused(text: str, currency: str) -> None:
    with pytest.raises(ValueError, match=r"amount|digits|currency"):
        parse(text, currency, own_units=OWN)


@pytest.mark.parametrize("text, amount", [("-0.01", -1), ("-12.50", -1250), ("3", 300), ("-0", 0)])
def test_signed(text: str, amount: int) -> None:
    assert Money(amount, "EUR") == parse(text, "EUR", signed=True)


@pytest.mark.parametrize(
    "currency, digits",
    [
        *(("EUR", 2), ("USD", 2), ("CHF", 2), ("JPY", 0), ("KRW", 0), ("ISK", 0), ("VND", 0), ("XOF", 0), ("CLP", 0)),
        *(("KWD", 3), ("BHD", 3), ("TND", 3), ("OMR", 3), ("CLF", 4), ("UYW", 4), ("GEM", 0), ("TKN", 5)),
    ],
)
def test_exponent_and_an_own_unit_cannot_redefine_an_iso_code(currency: str, digits: int) -> None:
    assert digits == exponent(currency, OWN)


def test_every_iso_code_has_three_capitals() -> None:
    assert [] == [code for code in ISO_4217 if len(code) != 3 or not code.isascii() or not code.isupper()]


@pytest.mark.parametrize(
    "expected, actual",
    [
        (Money(30, "EUR"), Money(10, "EUR") + Money(20, "EUR")),
        (Money(-10, "EUR"), Money(10, "EUR") - Money(20, "EUR")),
        (Money(30, "EUR"), Money(10, "EUR") * 3),
        (Money(30, "EUR"), 3 * Money(10, "EUR")),
        (Money(-10, "EUR"), -Money(10, "EUR")),
        (Money(0, "EUR"), Money.zero("EUR")),
        (True, Money(1, "EUR") < Money(2, "EUR")),
        (True, Money(2, "EUR") <= Money(2, "EUR")),
        (True, Money(2, "EUR") > Money(1, "EUR")),
        (False, Money(1, "EUR") >= Money(2, "EUR")),
        (False, Money(1, "EUR") == Money(1, "USD")),
        (False, bool(Money.zero("EUR"))),
        (True, bool(Money(-1, "EUR"))),
    ],
)
def test_reckoning(expected: object, actual: object) -> None:
    assert expected == actual


@pytest.mark.parametrize(
    "reckon",
    [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a < b,
        lambda a, b: a <= b,
        lambda a, b: a > b,
        lambda a, b: a >= b,
    ],
)
def test_two_currencies_never_meet(reckon: Callable[[Money, Money], object]) -> None:
    with pytest.raises(MixedCurrencies):
        reckon(Money(0, "EUR"), Money(0, "USD"))


@pytest.mark.parametrize(
    "reckon",
    [
        lambda: Money(MAX_MINOR_UNITS, "EUR") + Money(1, "EUR"),
        lambda: Money(-MAX_MINOR_UNITS, "EUR") - Money(1, "EUR"),
        lambda: Money(MAX_MINOR_UNITS, "EUR") * 2,
    ],
)
def test_never_beyond_64_bits(reckon: Callable[[], Money]) -> None:
    with pytest.raises(AmountOutOfRange):
        reckon()


def test_no_fractions_of_an_amount() -> None:
    with pytest.raises(TypeError):
        Money(10, "EUR") * 0.5  # type: ignore[operator]


@given(st.integers(-MAX_MINOR_UNITS, MAX_MINOR_UNITS), st.sampled_from(["EUR", "JPY", "KWD", "CLF", "GEM", "TKN"]))
def test_what_is_written_is_read_back(amount: int, currency: str) -> None:
    money = Money(amount, currency)
    assert money == parse(money.decimal(OWN), currency, own_units=OWN, signed=True)


@given(st.text())
def test_any_text_is_an_amount_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        money = parse(text, "EUR")
        assert money == parse(money.decimal(), "EUR")
