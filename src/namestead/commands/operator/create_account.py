"""Open an account: an organisation that has money here, and keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from namestead import errors, money
from namestead.commands.operator import slugs
from namestead.commands.operator.answers import AccountState
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.objects.account import Account
from namestead.objects.facts import Facts, Reference


@dataclass(frozen=True, slots=True)
class CreateAccount:
    """`credit` in minor units of `currency`, which stays the account's for good."""

    slug: str
    name: str
    currency: str
    credit: int = 0

    @property
    def subject(self) -> None:
        return None

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(account_slugs=(self.slug,))

    def decide(self, facts: Facts, by: Context) -> Outcome[AccountState]:
        account = opened(facts, by, self.slug, self.name, self.currency, self.credit)
        return Outcome(AccountState.of(account), changes=(account,))

    def summary(self) -> dict[str, Any]:
        return {"account": self.slug, "name": self.name, "currency": self.currency, "credit": self.credit}


def opened(facts: Facts, by: Context, slug: str, name: str, currency: str, credit: int = 0) -> Account:
    """A new account; refused where its slug is taken or no slug, or its currency unknown."""
    slugs.require(slug, "account")
    if facts.account_of(slug) is not None:
        raise Refusal(errors.OBJECT_EXISTS, "account", slug)
    if currency not in money.ISO_4217:
        raise Refusal(errors.VALUE_OUT_OF_RANGE, "currency", currency, message=f"'{currency}' is not in ISO 4217.")
    if credit < 0:
        raise Refusal(errors.VALUE_OUT_OF_RANGE, "credit", str(credit), message="A credit cannot be negative.")
    return Account(by.ids.take(), slug, name or slug, currency, 0, 0, credit, facts.now)
