"""Make a registrar: a channel to the register, with the account it pays from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from namestead import errors
from namestead.commands.operator import slugs
from namestead.commands.operator.answers import RegistrarState
from namestead.commands.operator.create_account import opened
from namestead.commands.operator.deposit import require_account
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.errors import Refusal
from namestead.objects.facts import Changed, Facts, Reference
from namestead.objects.registrar import Registrar


@dataclass(frozen=True, slots=True)
class CreateRegistrar:
    """`channel_id` is made by the caller and cannot be guessed. Without `account` one is opened under the same slug."""

    slug: str
    name: str
    channel_id: str
    account: str | None = None
    currency: str = "EUR"

    @property
    def subject(self) -> None:
        return None

    def needs(self, reference: Reference, by: Principal) -> Needs:
        return Needs(account_slugs=(self.account or self.slug,), reference=True)

    def decide(self, facts: Facts, by: Context) -> Outcome[RegistrarState]:
        slugs.require(self.slug, "registrar")
        if self.slug in facts.reference.by_slug:
            raise Refusal(errors.OBJECT_EXISTS, "registrar", self.slug)
        made: tuple[Changed, ...] = ()
        if self.account is None:
            account = opened(facts, by, self.slug, self.name, self.currency)
            made = (account,)
        else:
            account = require_account(facts, self.account)
        registrar = Registrar(
            id=by.ids.take(),
            account_id=account.id,
            channel_id=self.channel_id,
            slug=self.slug,
            name=self.name or self.slug,
            approved=False,
            production_approved=False,
            dns_module=False,
            created_at=facts.now,
        )
        return Outcome(RegistrarState.of(registrar), changes=(*made, registrar))

    def summary(self) -> dict[str, Any]:
        return {
            "registrar": self.slug,
            "name": self.name,
            "channel_id": self.channel_id,
            "account": self.account or self.slug,
        }
