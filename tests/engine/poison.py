"""Commands that no door would send: each breaks in one place, so that one can see what its neighbours notice of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from msgspec.structs import replace

from namestead.commands.answers import Registration
from namestead.commands.domain.create import CreateDomain
from namestead.commands.protocol import Context, Needs, Outcome, Principal
from namestead.commands.table import BY_NAME, BY_TYPE, Kind, Party, Row
from namestead.engine.engine import Engine
from namestead.engine.submission import Submission
from namestead.objects.account import INCOME, Book, Posting
from namestead.objects.domain import Domain
from namestead.objects.facts import Facts, Reference
from namestead.objects.names import Name


@dataclass(frozen=True, slots=True)
class Poisoned:
    """A create with something wrong with it: `how` is a key of `WAYS`, or says where it raises."""

    name: Name
    how: str

    @property
    def subject(self) -> Name:
        return self.name

    def needs(self, reference: Reference, by: Principal) -> Needs:
        if self.how == "needs raises":
            raise RuntimeError("poison")
        return CreateDomain(self.name).needs(reference, by)

    def decide(self, facts: Facts, by: Context) -> Outcome[Registration]:
        if self.how == "decide raises":
            raise RuntimeError("poison")
        if self.how == "asks for what it did not declare":
            facts.domain(Name("undeclared.example"))
        outcome = CreateDomain(self.name).decide(facts, by)
        return WAYS[self.how](outcome) if self.how in WAYS else outcome

    def summary(self) -> dict[str, Any]:
        if self.how == "summary raises":
            raise RuntimeError("poison")
        return {"note": "a\ud800"} if self.how == "summary cannot be written" else {}


def _domain(outcome: Outcome[Any], **changes: Any) -> Outcome[Any]:
    return replace(
        outcome, changes=tuple(replace(c, **changes) if isinstance(c, Domain) else c for c in outcome.changes)
    )


def _posting(outcome: Outcome[Any], posting: Posting) -> Outcome[Any]:
    return replace(outcome, postings=(*outcome.postings, posting))


WAYS: dict[str, Callable[[Outcome[Any]], Outcome[Any]]] = {
    "breaks a check": lambda o: _domain(o, auth_hash=b"short"),
    "breaks a foreign key": lambda o: _domain(o, registrant_id=77_000_000),
    "a value no column holds": lambda o: _domain(o, tier="a\0b"),
    "a value the driver cannot write": lambda o: _domain(o, tier="a\ud800"),
    "a number too large": lambda o: _domain(o, created_by=2**70),
    "money for an account that is not there": lambda o: _posting(
        o, Posting(77, Book.BALANCE, INCOME, Book.BALANCE, 5, "EUR", "poison")
    ),
    "money that moves nothing": lambda o: _posting(
        o, Posting(INCOME, Book.BALANCE, INCOME, Book.BALANCE, 5, "EUR", "poison")
    ),
    "an answer nobody can write": lambda o: replace(o, result=object()),
}
REFUSED_BY_THE_DATABASE = (
    "breaks a check",
    "breaks a foreign key",
    "a value no column holds",
    "money that moves nothing",
)
HOWS = (
    *WAYS,
    "needs raises",
    "decide raises",
    "asks for what it did not declare",
    "summary raises",
    "summary cannot be written",
)
UNWRITABLE = ("needs raises", "summary raises", "summary cannot be written")
"""Of these not even the log can tell."""


@dataclass(frozen=True, slots=True)
class PoisonedQuery:
    """A look-up that breaks."""

    name: Name
    how: str = ""

    @property
    def subject(self) -> Name:
        return self.name

    def needs(self, reference: Reference, by: Principal) -> Needs:
        if self.how == "needs raises":
            raise RuntimeError("poison")
        return Needs(contacts=("a\0b",)) if self.how == "a value no column holds" else Needs(domains=(self.name,))

    def decide(self, facts: Facts, by: Context) -> Outcome[str]:
        if self.how == "decide raises":
            raise RuntimeError("poison")
        return Outcome("fine")

    def summary(self) -> dict[str, Any]:
        return {}


def learn(
    monkeypatch: pytest.MonkeyPatch, command: type[Any], *, kind: Kind = Kind.TRANSFORM, result: Any = Any
) -> None:
    """Put a command of the tests' own into the command table."""
    row = Row(f"test_{command.__name__.lower()}", command, kind, Party.REGISTRAR, result)
    monkeypatch.setitem(BY_TYPE, command, row)
    monkeypatch.setitem(BY_NAME, row.name, row)


@contextmanager
def watched(engine: Engine, lane: str = "_lane") -> Iterator[list[list[Submission]]]:
    """The batches a lane runs from now on."""
    runners = getattr(engine, lane)._runners
    before, seen = list(runners), []

    def noting(run: Callable[[list[Submission]], Awaitable[None]]) -> Callable[[list[Submission]], Awaitable[None]]:
        async def noted(batch: list[Submission]) -> None:
            seen.append(list(batch))
            await run(batch)

        return noted

    runners[:] = [noting(run) for run in before]
    yield seen
    runners[:] = before
