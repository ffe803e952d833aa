"""RFC 4034, 4509, 6605, 8624: which DS records are taken."""

import pytest

from namestead import errors
from namestead.errors import Refusal
from namestead.objects.domain import Ds
from namestead.rules import dnssec
from namestead.rules.deltas import Delta
from tests.commands.facts import ds

SHA1, SHA256, SHA384 = "AB" * 20, "AB" * 32, "AB" * 48


@pytest.mark.parametrize("algorithm", [8, 10, 13, 14, 15, 16])
@pytest.mark.parametrize("digest_type, digest", [(2, SHA256), (4, SHA384), (2, SHA256.lower())])
def test_taken(algorithm: int, digest_type: int, digest: str) -> None:
    taken = dnssec.wanted((), (ds(1, algorithm, digest_type, digest),))
    assert (ds(1, algorithm, digest_type, digest.upper()),) == taken


@pytest.mark.parametrize(
    "given, field, kind",
    [
        (ds(-1), "key_tag", errors.VALUE_OUT_OF_RANGE),
        (ds(65536), "key_tag", errors.VALUE_OUT_OF_RANGE),
        (ds(algorithm=0), "algorithm", errors.VALUE_OUT_OF_RANGE),
        (ds(algorithm=253), "algorithm", errors.VALUE_OUT_OF_RANGE),
        (ds(algorithm=5), "algorithm", errors.POLICY_VIOLATION),
        (ds(algorithm=7), "algorithm", errors.POLICY_VIOLATION),
        (ds(digest_type=1, digest=SHA1), "digest_type", errors.POLICY_VIOLATION),
        (ds(digest_type=3), "digest_type", errors.POLICY_VIOLATION),
        (ds(digest_type=0), "digest_type", errors.VALUE_OUT_OF_RANGE),
        (ds(digest_type=5), "digest_type", errors.VALUE_OUT_OF_RANGE),
        (ds(digest=SHA1), "digest", errors.INVALID_REQUEST),
        (ds(digest=SHA384), "digest", errors.INVALID_REQUEST),
        (ds(digest_type=4, digest=SHA256), "digest", errors.INVALID_REQUEST),
        (ds(digest="XY" * 32), "digest", errors.INVALID_REQUEST),
        (ds(digest=""), "digest", errors.INVALID_REQUEST),
    ],
)
def test_refused(given: Ds, field: str, kind: errors.Kind) -> None:
    with pytest.raises(Refusal) as caught:
        dnssec.wanted((), (ds(9), given))
    assert (kind, f"ds[1].{field}") == (caught.value.kind, caught.value.field)


def test_twice_is_once_too_many_in_whatever_case() -> None:
    with pytest.raises(Refusal) as caught:
        dnssec.wanted((), (ds(digest=SHA256), ds(digest=SHA256.lower())))
    assert errors.POLICY_VIOLATION is caught.value.kind


@pytest.mark.parametrize("count, taken", [(10, True), (11, False)])
def test_at_most_ten(count: int, taken: bool) -> None:
    given = tuple(ds(n) for n in range(count))
    if taken:
        assert given == dnssec.wanted((), given)
        return
    with pytest.raises(Refusal) as caught:
        dnssec.wanted((), given)
    assert errors.VALUE_OUT_OF_RANGE is caught.value.kind


def test_what_is_removed_may_be_retired_but_has_to_be_there() -> None:
    old = ds(1, 5, 1, SHA1)
    assert (ds(2),) == dnssec.wanted((old, ds(2)), Delta((), (ds(1, 5, 1, SHA1.lower()),)))
    with pytest.raises(Refusal, match="is not there"):
        dnssec.wanted((ds(2),), Delta((), (old,)))
