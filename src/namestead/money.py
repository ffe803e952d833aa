"""Amounts of money: whole minor units of one currency, and nothing that could lose a part of one.

Knows the minor units of ISO 4217; an operator's own unit of account (say `GEM`, without a fraction) is told to it by
the caller as `own_units`, from the settings. It knows no prices, accounts or rates: two currencies never meet.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

MAX_MINOR_UNITS: Final = 2**63 - 1  # PostgreSQL bigint, in which amounts are kept
_LONGEST_TEXT: Final = 24  # sign, 19 digits of a bigint, point, up to 3 leading zeros of a fraction

# ISO 4217:2015, list one (active codes, as published by the maintenance agency SIX), column "Minor unit". Codes without
# a minor unit (gold, test codes, special drawing rights) are not money an account can hold and are left out.
_TWO_DIGITS: Final = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP
    COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR
    JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN
    NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL
    THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
"""
_NO_DIGITS: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DIGITS: Final = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DIGITS: Final = "CLF UYW"

ISO_4217: Final[Mapping[str, int]] = MappingProxyType(
    {
        code: digits
        for digits, codes in ((0, _NO_DIGITS), (2, _TWO_DIGITS), (3, _THREE_DIGITS), (4, _FOUR_DIGITS))
        for code in codes.split()
    }
)
NO_OWN_UNITS: Final[Mapping[str, int]] = MappingProxyType({})

_AMOUNT: Final = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?", re.ASCII)


class MixedCurrencies(ValueError):
    """Two amounts of different currencies were added, subtracted or ordered: always a defect of the caller."""


class AmountOutOfRange(ValueError):
    """An amount is beyond what 64 bits hold, or negative where it must not be."""


def exponent(currency: str, own_units: Mapping[str, int] = NO_OWN_UNITS) -> int:
    """How many digits the currency's fraction has. An own unit cannot redefine an ISO code. `ValueError` if unknown."""
    digits = ISO_4217.get(currency)
    if digits is None:
        digits = own_units.get(currency)
    if digits is None:
        raise ValueError(f"unknown currency {currency[:8]!r}; use a code of ISO 4217, in upper case")
    return digits


def parse(text: str, currency: str, *, own_units: Mapping[str, int] = NO_OWN_UNITS, signed: bool = False) -> "Money":
    """`parse("12.50", "EUR")` is `Money(1250, "EUR")`.

    Plain decimal digits only: no exponent, plus, grouping or blank, no leading zeros, no more fraction digits than the
    currency has (fewer are filled up). A minus is taken only if `signed`. `ValueError` says what is wrong.
    """
    digits = exponent(currency, own_units)
    match = _AMOUNT.fullmatch(text) if len(text) <= _LONGEST_TEXT else None
    if match is None:
        raise ValueError("an amount is written in plain decimal digits, like 12.50")
    minus, whole, fraction = match[1], match[2], match[3] or ""
    if minus and not signed:
        raise AmountOutOfRange("an amount here cannot be negative")
    if len(fraction) > digits:
        raise ValueError(f"{currency} has {digits or 'no'} fraction digits, not {len(fraction)}")
    amount = _bounded(int(whole + fraction.ljust(digits, "0")))
    return Money(-amount if minus else amount, currency)


def _bounded(amount: int) -> int:
    if not -MAX_MINOR_UNITS <= amount <= MAX_MINOR_UNITS:
        raise AmountOutOfRange("the amount is larger than the register can hold")
    return amount


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (cents) of one currency.

    The constructor checks nothing: it is on the hot path, and what comes from outside comes through `parse`.
    """

    amount: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        return Money(_bounded(self.amount + self._alike(other)), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(_bounded(self.amount - self._alike(other)), self.currency)

    def __mul__(self, times: int) -> "Money":
        """Times a whole number only: a share of an amount needs a rounding rule, which its caller must state."""
        if not isinstance(times, int):
            return NotImplemented
        return Money(_bounded(self.amount * times), self.currency)

    __rmul__ = __mul__

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._alike(other)

    def __le__(self, other: "Money") -> bool:
        return self.amount <= self._alike(other)

    def __gt__(self, other: "Money") -> bool:
        return self.amount > self._alike(other)

    def __ge__(self, other: "Money") -> bool:
        return self.amount >= self._alike(other)

    def __bool__(self) -> bool:
        """False for nothing at all, in any currency."""
        return self.amount != 0

    @classmethod
    def zero(cls, currency: str) -> "Money":
        return cls(0, currency)

    def decimal(self, own_units: Mapping[str, int] = NO_OWN_UNITS) -> str:
        """The amount as a decimal string with all the currency's fraction digits: `"12.50"`, `"1250"` for yen."""
        digits = exponent(self.currency, own_units)
        if not digits:
            return str(self.amount)
        minus = "-" if self.amount < 0 else ""
        padded = str(abs(self.amount)).rjust(digits + 1, "0")
        return f"{minus}{padded[:-digits]}.{padded[-digits:]}"

    def __str__(self) -> str:
        """`12.50 EUR`, for messages to people."""
        return f"{self.decimal()} {self.currency}"

    def _alike(self, other: "Money") -> int:
        if self.currency != other.currency:
            raise MixedCurrencies(f"{self.currency} and {other.currency} cannot be reckoned together")
        return other.amount
