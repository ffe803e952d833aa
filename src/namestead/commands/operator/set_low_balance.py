"""Say below which balance an account's registrars are told that it is low."""

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
class SetLowBalance:
    """They are told once each time a command takes the balance below it. It may lie below zero, where there is credit."""

    account: str
    low_balance: Money

    @property
    def subject(self) -> None:
        return None

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(account_slugs=(self.account,))

    def decide(self, facts: Facts, by: Context) -> Outcome[AccountState]:
        account = require_account(facts, self.account)
        if self.low_balance.currency != account.currency:
            raise Refusal(errors.CURRENCY_MISMATCH, "currency", self.low_balance.currency)
        after = replace(account, low_balance=self.low_balance.amount, updated_at=facts.now)
        return Outcome(AccountState.of(after), changes=(after,))

    def summary(self) -> dict[str, Any]:
        return {"account": self.account, "low_balance": str(self.low_balance)}
