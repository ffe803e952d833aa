"""Grace periods over the wire (contracts/epp.md, "RGP"; RFC 3915), with a clock that is moved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from namestead.epp import messages as epp
from tests.cli.conftest import CommandLine
from tests.epp.wire.conftest import AUTH, create, fresh, shown, statuses
from tests.epp.wire.line import Line, Runs, error, logged_in, said
from tests.serving import Served

REPORT = epp.RestoreReport(
    "as it was",
    "as it is",
    datetime(2026, 1, 1, tzinfo=UTC),
    datetime(2026, 1, 2, tzinfo=UTC),
    "A mistake.",
    ("So it is.", "And so."),
)
REQUEST = epp.CommandExtensions(rgp=epp.RestoreRequest())
REPORTING = epp.CommandExtensions(rgp=REPORT)


@pytest.fixture(scope="module")
def alpha(ote: Served, run: Runs) -> Iterator[Line]:
    with logged_in(run, ote, "alpha") as line:
        yield line


@pytest.fixture(scope="module")
def beta(ote: Served, run: Runs) -> Iterator[Line]:
    with logged_in(run, ote, "beta") as line:
        yield line


def graces(line: Line, name: str) -> list[str]:
    rgp = line(epp.DomainInfo(name)).extensions.rgp
    return [] if rgp is None else sorted(s.value for s in rgp.statuses)


def test_a_delete_in_the_add_grace_is_gone_at_once_and_refunded(alpha: Line, beta: Line) -> None:
    name = fresh()
    alpha.did(create(name, years=2))
    assert ["addPeriod"] == graces(alpha, name)
    answer = alpha(epp.DomainDelete(name))
    assert 1000 == answer.code
    assert isinstance(answer.extensions.fee, epp.FeeData)
    assert [Decimal(-20)] == [c.amount for c in answer.extensions.fee.credits]
    assert 2303 == alpha(epp.DomainInfo(name)).code
    beta.did(create(name))


def test_several_graces_at_once(alpha: Line) -> None:
    name = fresh()
    alpha.did(create(name))
    expires = shown(alpha, name).ex_date
    assert expires is not None
    alpha.did(epp.DomainRenew(name, expires.date(), epp.Period(1)))
    assert ["addPeriod", "renewPeriod"] == graces(alpha, name)


def test_a_name_that_falls_and_is_caught_and_falls_again(alpha: Line, beta: Line, ote_operator: CommandLine) -> None:
    name = fresh()
    alpha.did(create(name, years=2))
    ote_operator.json("clock", "advance", "6d")
    assert [] == graces(alpha, name)
    assert 1001 == alpha(epp.DomainDelete(name)).code
    assert ["redemptionPeriod"] == graces(alpha, name)
    assert ["inactive", "pendingDelete"] == statuses(shown(alpha, name))
    assert (2304, "not_restorable") == error(alpha(epp.DomainUpdate(name), REPORTING)), "nothing was asked for yet"
    assert (2201, "not_sponsor") == error(beta(epp.DomainUpdate(name), REQUEST))

    asked = alpha(epp.DomainUpdate(name), REQUEST)
    assert (1000, epp.RgpUpdateData((epp.RgpStatus("pendingRestore"),))) == (asked.code, asked.extensions.rgp)
    assert ["pendingRestore"] == graces(alpha, name)
    ote_operator.json("clock", "advance", "8d")
    assert ["redemptionPeriod"] == graces(alpha, name), "no report came in time"

    asked = alpha(epp.DomainUpdate(name), REQUEST)
    assert 1000 == asked.code, said(asked)
    reported = alpha(epp.DomainUpdate(name), REPORTING)
    assert 1000 == reported.code, said(reported)
    assert [] == graces(alpha, name)
    assert ["inactive"] == statuses(shown(alpha, name))
    assert (2304, "not_restorable") == error(alpha(epp.DomainUpdate(name), REQUEST))

    assert 1001 == alpha(epp.DomainDelete(name)).code
    ote_operator.json("clock", "advance", "31d")
    assert ["pendingDelete"] == graces(alpha, name)
    assert (2304, "not_restorable") == error(alpha(epp.DomainUpdate(name), REQUEST))
    [row] = beta.did(epp.DomainCheck((name,))).results
    assert (row.reason or "").startswith("Release 20")
    ote_operator.json("clock", "advance", "6d")
    assert 2303 == alpha(epp.DomainInfo(name)).code
    beta.did(create(name))


def test_a_restore_comes_alone(alpha: Line) -> None:
    name = fresh()
    alpha.did(create(name))
    parts = epp.DomainParts(statuses=(epp.Status("clientHold"),))
    answer = alpha(epp.DomainUpdate(name, parts), REQUEST)
    assert 2306 == answer.code
    assert "rgp:restore" == answer.results[0].ext_values[0].value.element


def test_what_a_restore_costs(alpha: Line, ote_operator: CommandLine) -> None:
    name = fresh()
    alpha.did(create(name, years=2))
    ote_operator.json("clock", "advance", "6d")
    assert 1001 == alpha(epp.DomainDelete(name)).code

    def at(amount: int) -> epp.CommandExtensions:
        return epp.CommandExtensions(
            rgp=epp.RestoreRequest(), fee=epp.FeeTerms((epp.Fee(Decimal(amount)),), currency="EUR")
        )

    assert (2004, "fee_mismatch") == error(alpha(epp.DomainUpdate(name), at(10)))
    paid = alpha(epp.DomainUpdate(name), at(40)).extensions
    assert isinstance(paid.fee, epp.FeeData)
    assert ("update", [Decimal(40)]) == (paid.fee.of, [f.amount for f in paid.fee.fees])
    assert epp.RgpUpdateData((epp.RgpStatus("pendingRestore"),)) == paid.rgp


def test_renewal_and_transfer_while_it_falls(alpha: Line, beta: Line, ote_operator: CommandLine) -> None:
    name = fresh()
    alpha.did(create(name, years=2, auth_info=AUTH))
    ote_operator.json("clock", "advance", "6d")
    alpha(epp.DomainDelete(name))
    expires = shown(alpha, name).ex_date
    assert expires is not None
    assert 2105 == alpha(epp.DomainRenew(name, expires.date(), epp.Period(1))).code
    assert 2106 == beta(epp.DomainTransfer("request", name, auth_info=epp.AuthInfo(AUTH))).code
    assert 2304 == alpha(epp.DomainDelete(name)).code
