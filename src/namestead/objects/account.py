"""An account: an organisation, what it owns and what it owes; and the postings that move its money.

Amounts are in minor units of the account's currency. The balance kept on the account is the sum of its postings; the
store changes both in one statement list and `doctor` compares them.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class Book(StrEnum):
    """The two pockets of an account: what it may spend, and what is set aside for one purpose."""

    BALANCE = "balance"
    HELD = "held"


LOW_BALANCE = 10_000
"""Minor units (100.00 in most currencies): below it an account's registrars are told, once each time it falls below."""


class Account(Struct, frozen=True, gc=False):
    """`credit` is how far below zero a command may take the balance. System accounts have negative ids and no balance
    kept beside their postings, so that no row of theirs is ever hot."""

    id: int
    slug: str
    name: str
    currency: str
    balance: int
    held: int
    credit: int
    created_at: datetime
    suspended_at: datetime | None = None
    updated_at: datetime | None = None
    version: int = 1
    low_balance: int = LOW_BALANCE

    def moved(self, balance: int, held: int) -> Account:
        """This account after `balance` and `held` were added to its two books."""
        return Account(
            self.id,
            self.slug,
            self.name,
            self.currency,
            self.balance + balance,
            self.held + held,
            self.credit,
            self.created_at,
            self.suspended_at,
            self.updated_at,
            self.version,
            self.low_balance,
        )


class Posting(Struct, frozen=True, gc=False):
    """One movement of money: `amount` > 0 leaves the debit side and arrives at the credit side.

    Both sides stand in one row, so a transaction's postings sum to zero by construction. The log row it belongs to is
    the command's own; the store adds it.
    """

    debit: int
    debit_book: Book
    credit: int
    credit_book: Book
    amount: int
    currency: str
    reason: str
    subject: str | None = None


#: System accounts: the other side of every charge and every deposit. One of each serves all currencies, because a
#: posting names its currency and their balances are only ever read as sums by currency.
INCOME = -1
CASH = -2
