"""Say how far below zero commands may take an account's balance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from namestead import errors
from namestead.commands.operator.answers import AccountState
from namestead.commands.operator.deposit import require_account
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.money import Money
from namestead.objects.facts import Facts, Reference


@dataclass(frozen=True, slots=True)
class SetCredit:
    """A credit below what the account already owes is allowed: it then buys nothing until it has paid."""

    account: str
    credit: Money

    @property
    def subject(self) -> None:
        return None

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(account_slugs=(self.account,))

    def decide(self, facts: Facts, by: Context) -> Outcome[AccountState]:
        account = require_account(facts, self.account)
        if self.credit.currency != account.currency:
            raise Refusal(errors.CURRENCY_MISMATCH, "currency", self.credit.currency)
        if self.credit.amount < 0:
            raise Refusal(errors.VALUE_OUT_OF_RANGE, "credit", str(self.credit), message="A credit cannot be negative.")
        after = replace(account, credit=self.credit.amount, updated_at=facts.now)
        return Outcome(AccountState.of(after), changes=(after,))

    def summary(self) -> dict[str, Any]:
        return {"account": self.account, "credit": str(self.credit)}
