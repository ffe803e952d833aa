"""Money by double entry: what may be charged, and the postings that do it.

Amounts are minor units of the account's currency. Hold, then capture or release: a hold moves money from an account's
balance to its held book, where nothing else can spend it. Nothing here knows prices.
"""

from __future__ import annotations

from namestead import errors
from namestead.errors import Refusal
from namestead.money import Money
from namestead.objects.account import CASH, INCOME, Account, Book, Posting


def fell_low(before: Account, after: Account) -> bool:
    """Whether a movement took a balance below what its account calls low: true once each time it falls below."""
    return after.balance < after.low_balance <= before.balance


def _require_funds(account: Account, price: Money) -> None:
    if price.currency != account.currency:
        raise Refusal(errors.CURRENCY_MISMATCH, "currency", price.currency)
    if account.suspended_at is not None:
        raise Refusal(errors.ACCOUNT_SUSPENDED, "account", account.slug)
    if price and account.balance - price.amount < -account.credit:
        balance = Money(account.balance, account.currency)
        raise Refusal(
            errors.INSUFFICIENT_BALANCE,
            message=f"This costs {price} and the balance is {balance}"
            + (f" with a credit of {Money(account.credit, account.currency)}" if account.credit else "")
            + ". Top up the account and send the same request again; the same idempotency key may be used.",
        )


def _post(
    debit: int, debit_book: Book, credit: int, credit_book: Book, money: Money, reason: str, subject: str | None
) -> tuple[Posting, ...]:
    if money.amount == 0:
        return ()
    return (Posting(debit, debit_book, credit, credit_book, money.amount, money.currency, reason, subject),)


def charge(account: Account, price: Money, reason: str, subject: str | None = None) -> tuple[Posting, ...]:
    """Take a price from a balance; `insufficient_balance` if it would pass the limit."""
    _require_funds(account, price)
    return charge_regardless(account, price, reason, subject)


def charge_regardless(account: Account, price: Money, reason: str, subject: str | None = None) -> tuple[Posting, ...]:
    """Take a price from a balance even past its limit: an auto-renewal, and nothing else, does."""
    return _post(account.id, Book.BALANCE, INCOME, Book.BALANCE, price, reason, subject)


def refund(account_id: int, amount: Money, reason: str, subject: str | None = None) -> tuple[Posting, ...]:
    return _post(INCOME, Book.BALANCE, account_id, Book.BALANCE, amount, reason, subject)


def hold(account: Account, price: Money, reason: str, subject: str | None = None) -> tuple[Posting, ...]:
    """Set a price aside; `insufficient_balance` if it would pass the limit."""
    _require_funds(account, price)
    return _post(account.id, Book.BALANCE, account.id, Book.HELD, price, reason, subject)


def capture(account_id: int, amount: Money, reason: str, subject: str | None = None) -> tuple[Posting, ...]:
    return _post(account_id, Book.HELD, INCOME, Book.BALANCE, amount, reason, subject)


def release(account_id: int, amount: Money, reason: str, subject: str | None = None) -> tuple[Posting, ...]:
    return _post(account_id, Book.HELD, account_id, Book.BALANCE, amount, reason, subject)


def deposit(account: Account, amount: Money, reason: str, subject: str | None = None) -> tuple[Posting, ...]:
    """Money in from outside; a negative amount is money paid out or a correction."""
    if amount.currency != account.currency:
        raise Refusal(errors.CURRENCY_MISMATCH, "currency", amount.currency)
    if amount.amount < 0:
        return _post(
            account.id, Book.BALANCE, CASH, Book.BALANCE, Money(-amount.amount, amount.currency), reason, subject
        )
    return _post(CASH, Book.BALANCE, account.id, Book.BALANCE, amount, reason, subject)
