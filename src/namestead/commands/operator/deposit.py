"""Put money into an account, or take it out: what arrived at the operator's bank, a payout, a correction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from namestead import errors
from namestead.commands.operator.answers import AccountState
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.money import Money
from namestead.objects.account import Account
from namestead.objects.facts import Facts, Reference
from namestead.rules import ledger


@dataclass(frozen=True, slots=True)
class Deposit:
    """A negative amount is money out; it may not take the balance past its credit. `reference` is the operator's own:
    an invoice, a bank transfer's number."""

    account: str
    amount: Money
    reference: str = ""

    @property
    def subject(self) -> None:
        return None

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(account_slugs=(self.account,))

    def decide(self, facts: Facts, by: Context) -> Outcome[AccountState]:
        account = require_account(facts, self.account)
        if not self.amount:
            raise Refusal(errors.VALUE_OUT_OF_RANGE, "amount", str(self.amount), message="Nothing would be moved.")
        after = account.balance + self.amount.amount
        if self.amount.amount < 0 and after < -account.credit:
            raise Refusal(
                errors.INSUFFICIENT_BALANCE,
                message=f"The balance is {Money(account.balance, account.currency)}: that much cannot be taken out.",
            )
        postings = ledger.deposit(account, self.amount, "deposit", self.reference or None)
        return Outcome(AccountState.of(account, moved=self.amount.amount), postings=postings)

    def summary(self) -> dict[str, Any]:
        return {"account": self.account, "amount": str(self.amount), "reference": self.reference}


def require_account(facts: Facts, slug: str) -> Account:
    account = facts.account_of(slug)
    if account is None:
        raise Refusal(errors.ACCOUNT_NOT_FOUND, "account", slug)
    return account
