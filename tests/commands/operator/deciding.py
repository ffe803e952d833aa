"""Operator commands decided without a database: a small register in memory, and what a command makes of it."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from namestead.commands.protocol import AnyCommand, Context, Ids, Outcome, Principal
from namestead.errors import Refusal
from namestead.objects.account import Account
from namestead.objects.contact import Contact, Postal
from namestead.objects.domain import Domain
from namestead.objects.facts import Facts, Reference
from namestead.objects.log import Surface
from namestead.objects.names import Name
from namestead.objects.registrar import ApiKey, Listing, ListingStatus, Registrar
from namestead.objects.retained import Retained
from namestead.objects.zone import Policy, Zone

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
OPERATOR = Principal("operator:test", operator=True)

ACCOUNT = Account(1, "alpha", "Alpha", "EUR", 1000, 0, 200, BEFORE)
REGISTRAR = Registrar(
    id=2,
    account_id=1,
    channel_id="ch_alpha",
    slug="alpha",
    name="Alpha",
    approved=True,
    production_approved=False,
    dns_module=False,
    created_at=BEFORE,
)
ZONE = Zone(3, Name("example"), test=False, house_registrar_id=2, policy=Policy(), created_at=BEFORE)
KEY = ApiKey("key_a", 1, 2, b"h" * 32, "registrar_api", ("domains:check",), BEFORE)
DOMAIN = Domain(4, Name("a.example"), 3, 2, 2, BEFORE, NOW.replace(year=2028), auto_renew=True)
CONTACT = Contact(5, "C5-NST", 2, 2, BEFORE, Postal("Erika", street=("A 1",)), email="e@x.example", auth_hash=b"a" * 32)


def facts(*retained: Retained) -> Facts:
    reference = Reference(1)
    reference.put_registrar(REGISTRAR)
    reference.put_zone(ZONE)
    reference.put_listing(Listing(2, 3, ListingStatus.APPROVED))
    known = Facts(NOW, reference, accounts={1: ACCOUNT}, keys={"key_a": KEY, "key_b": None})
    known.put(DOMAIN)
    for name in ("free.example", "b.example", "x.elsewhere", "a.b.example"):
        known.domains[Name(name)] = None
    known.put(CONTACT)
    known.contacts["C6-NST"] = None
    for name in ("a.example", "b.example", "x.elsewhere", "a.b.example"):
        known.retained[Name(name)] = tuple(r for r in retained if r.name == name)
    return known


def decide(command: AnyCommand, known: Facts | None = None) -> Outcome[Any]:
    known = known or facts()
    command.needs(known.reference, OPERATOR)
    return command.decide(known, Context(OPERATOR, None, Surface.CLI, sandbox=False, ids=Ids(count(100).__next__)))


def refused(command: AnyCommand, known: Facts | None = None) -> str:
    with pytest.raises(Refusal) as caught:
        decide(command, known)
    return caught.value.kind.code
