"""DS records over the wire (contracts/epp.md, "secDNS"; RFC 5910, the DS data interface)."""

from __future__ import annotations

import pytest

from namestead.epp import messages as epp
from tests.epp.wire.conftest import create, fresh, registered
from tests.epp.wire.line import Line, fault, said

FIRST = epp.DsData(12345, 13, 2, "AB" * 32)
SECOND = epp.DsData(54321, 15, 4, "CD" * 48)
KEY = epp.KeyData(257, 3, 13, "AQPJ////4Q==")


def changing(**change: object) -> epp.CommandExtensions:
    return epp.CommandExtensions(sec_dns=epp.SecDnsUpdate(**change))  # type: ignore[arg-type]


def records(line: Line, name: str) -> epp.SecDns | None:
    return line(epp.DomainInfo(name)).extensions.sec_dns


def test_add_remove_remove_all_and_the_life_of_signatures(alpha: Line) -> None:
    name = fresh()
    alpha.did(create(name), epp.CommandExtensions(sec_dns=epp.SecDns((FIRST,), max_sig_life=604800)))
    assert epp.SecDns((FIRST,), max_sig_life=604800) == records(alpha, name)
    update = epp.DomainUpdate(name)
    alpha.did(update, changing(add=epp.SecDns((SECOND,))))
    assert epp.SecDns((FIRST, SECOND), max_sig_life=604800) == records(alpha, name)
    alpha.did(update, changing(rem_ds=(FIRST,), max_sig_life=86400))
    assert epp.SecDns((SECOND,), max_sig_life=86400) == records(alpha, name)
    alpha.did(update, changing(rem_all=True, add=epp.SecDns((FIRST,))))
    assert epp.SecDns((FIRST,), max_sig_life=86400) == records(alpha, name)
    alpha.did(update, changing(rem_all=True))
    assert None is records(alpha, name)


def test_digests_are_compared_whatever_their_case(alpha: Line) -> None:
    name = fresh()
    alpha.did(create(name), epp.CommandExtensions(sec_dns=epp.SecDns((FIRST,))))
    lower = epp.DsData(FIRST.key_tag, FIRST.algorithm, FIRST.digest_type, FIRST.digest.lower())
    alpha.did(epp.DomainUpdate(name), changing(rem_ds=(lower,)))
    assert None is records(alpha, name)


@pytest.mark.parametrize(
    "ds, code, says",
    [
        (epp.DsData(1, 13, 2, "AB" * 31), 2005, "64 hexadecimal digits"),
        (epp.DsData(1, 13, 2, "AB" * 48), 2005, "64 hexadecimal digits"),
        (epp.DsData(1, 13, 4, "AB" * 32), 2005, "96 hexadecimal digits"),
        (epp.DsData(1, 13, 1, "AB" * 20), 2306, "retired"),
        (epp.DsData(1, 5, 2, "AB" * 32), 2306, "retired"),
        (epp.DsData(1, 1, 2, "AB" * 32), 2306, "retired"),
        (epp.DsData(1, 253, 2, "AB" * 32), 2004, "ECDSAP256SHA256"),
        (epp.DsData(1, 13, 9, "AB" * 32), 2004, "SHA-384"),
    ],
)
def test_algorithms_and_digest_lengths_are_checked(alpha: Line, ds: epp.DsData, code: int, says: str) -> None:
    with_ds = epp.CommandExtensions(sec_dns=epp.SecDns((ds,)))
    answer = alpha(create(fresh()), with_ds)
    assert (code, "secDNS:dsData") == fault(answer), said(answer)
    assert says in said(answer)
    assert (code, "secDNS:dsData") == fault(alpha(epp.DomainUpdate(registered(alpha)), changing(add=with_ds.sec_dns)))


def test_duplicates_and_absent_removals_fail(alpha: Line) -> None:
    name = registered(alpha)
    update = epp.DomainUpdate(name)
    assert (2306, "secDNS:dsData") == fault(alpha(update, changing(rem_ds=(FIRST,))))
    assert (2306, "secDNS:dsData") == fault(alpha(update, changing(add=epp.SecDns((FIRST, FIRST)))))
    alpha.did(update, changing(add=epp.SecDns((FIRST,))))
    assert (2306, "secDNS:dsData") == fault(alpha(update, changing(add=epp.SecDns((FIRST,)))))
    assert epp.SecDns((FIRST,)) == records(alpha, name)


@pytest.mark.parametrize("change", [{"add": epp.SecDns(keys=(KEY,))}, {"rem_keys": (KEY,)}])
def test_keys_are_refused(alpha: Line, change: dict[str, object]) -> None:
    answer = alpha(epp.DomainUpdate(registered(alpha)), changing(**change))
    assert (2306, "secDNS:keyData") == fault(answer)


def test_nothing_is_urgent(alpha: Line) -> None:
    answer = alpha(epp.DomainUpdate(registered(alpha)), changing(add=epp.SecDns((FIRST,)), urgent=True))
    assert (2102, "secDNS:update") == fault(answer)
