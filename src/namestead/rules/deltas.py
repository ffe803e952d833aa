"""A wanted set, said in one of two ways: whole (HTTP), or as what to add and what to remove (EPP, RFC 5730, 2.9.3.5).

Both end in the same set and the same decision, made against what is in the register at that instant and not against
what the caller last read.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from msgspec import Struct

from namestead import errors
from namestead.errors import Refusal

T = TypeVar("T", bound=Hashable)


class Delta(Struct, Generic[T], frozen=True, gc=False):
    """What to add to a set and what to remove from it."""

    add: tuple[T, ...] = ()
    remove: tuple[T, ...] = ()


def applied(
    current: tuple[T, ...], wanted: tuple[T, ...] | Delta[T], field: str, shown: Callable[[T], str]
) -> tuple[T, ...]:
    """The whole set that is wanted, in order: what stays, then what is new.

    A delta that adds what is there, or removes what is not, is refused: its caller is wrong about the object
    (`policy_violation`). So is a set in which something stands twice.
    """
    if not isinstance(wanted, Delta):
        _require_once(wanted, field, shown)
        return wanted
    _require_once(wanted.add, field, shown)
    _require_once(wanted.remove, field, shown)
    for item in wanted.remove:
        if item not in current:
            raise _refused(field, shown(item), "is not there and cannot be removed")
        if item in wanted.add:
            raise _refused(field, shown(item), "is both added and removed")
    for item in wanted.add:
        if item in current:
            raise _refused(field, shown(item), "is there already and cannot be added")
    return (*(item for item in current if item not in wanted.remove), *wanted.add)


def _require_once(items: tuple[T, ...], field: str, shown: Callable[[T], str]) -> None:
    if len(set(items)) < len(items):
        twice = next(item for n, item in enumerate(items) if item in items[:n])
        raise _refused(field, shown(twice), "stands twice in the list")


def _refused(field: str, value: str, why: str) -> Refusal:
    return Refusal(errors.POLICY_VIOLATION, field, value, message=f"{field}: '{value}' {why}.")
