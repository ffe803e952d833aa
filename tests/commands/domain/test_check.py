"""RFC 5731, 3.1.1: whether a name can be had, at what price, and why not."""

from typing import Any

import pytest
from msgspec.structs import replace

from namestead import errors
from namestead.commands.answers import Amount
from namestead.commands.domain.check import CheckDomain, Checked, CheckPrice, CheckResult, CreatePrice, FeeQuote
from namestead.objects.domain import GraceKind
from namestead.objects.names import LabelPolicy, Name
from namestead.objects.retained import RetainedKind
from namestead.rules.quotes import Query
from tests.commands.facts import (
    ALICE,
    ALPHA,
    DAY,
    NOW,
    POLICY,
    TOKEN,
    UNLISTED,
    Register,
    account,
    deleted,
    domain,
    expired,
    grace,
    pending,
    retained,
    zone,
)

STANDARD = CheckPrice(CreatePrice("10.00", "EUR", 1), Amount("11.00", "EUR"), Amount("40.00", "EUR"))


def ask(register: Register, *names: str, token: str | None = None, by: Any = ALPHA) -> list[CheckResult]:
    items = tuple(Checked(n, Name(n)) for n in names)
    return list(register.decide(CheckDomain(items, token), by).result.results)


def test_an_available_name() -> None:
    expected = CheckResult(
        domain=ALICE,
        unicode_name=ALICE,
        available=True,
        reason=None,
        claim_required=False,
        premium=False,
        price=STANDARD,
        lifecycle_state=None,
        release_at=None,
    )
    assert [expected] == ask(Register(), ALICE)


@pytest.mark.parametrize(
    "there, reason, state, release_at",
    [
        ((domain(),), "registered", "active", None),
        ((expired(),), "registered", "expired", None),
        ((deleted(),), "registered", "redemption", NOW + 34 * DAY),
        ((deleted(at=NOW - 31 * DAY),), "pending_release", "pending_delete", NOW + 4 * DAY),
        ((deleted(at=NOW - 35 * DAY),), None, None, None),
        ((retained(RetainedKind.RESERVED),), "reserved", None, None),
        ((retained(RetainedKind.CLAIM),), "reserved", None, None),
        ((retained(RetainedKind.BLOCKED),), "blocked", None, None),
        ((retained(RetainedKind.DISPUTED),), "disputed", None, None),
        ((retained(RetainedKind.BLOCKED, ends_at=NOW),), None, None, None),
        ((retained(RetainedKind.BLOCKED, starts_at=NOW + DAY),), None, None, None),
        ((retained(RetainedKind.RESERVED), retained(RetainedKind.BLOCKED, entry_id=9002)), "blocked", None, None),
        ((domain(), retained(RetainedKind.BLOCKED)), "registered", "active", None),
    ],
)
def test_why_not(there: tuple[Any, ...], reason: str | None, state: str | None, release_at: Any) -> None:
    [result] = ask(Register(*there), ALICE)
    assert (reason is None, reason, state) == (result.available, result.reason, result.lifecycle_state)
    assert release_at == result.release_at
    assert (reason is None) == (result.detail is None)


def test_a_name_whose_transfer_time_approved_lives_on_though_nobody_wrote_it_down() -> None:
    fell = expired(at=NOW - 50 * DAY, transfer=pending(act_at=NOW - 40 * DAY))
    assert "active" == ask(Register(fell), ALICE)[0].lifecycle_state


@pytest.mark.parametrize(
    "kind, token, available, reason, claim",
    [
        (RetainedKind.CLAIM, None, False, "reserved", True),
        (RetainedKind.CLAIM, TOKEN, True, None, True),
        (RetainedKind.CLAIM, "wrong", False, "reserved", True),
        (RetainedKind.RESERVED, TOKEN, True, None, False),
        (RetainedKind.RESERVED, "wrong", False, "reserved", False),
        (RetainedKind.BLOCKED, TOKEN, False, "blocked", False),
        (RetainedKind.DISPUTED, TOKEN, False, "disputed", False),
    ],
)
def test_with_a_token_the_answer_is_for_its_bearer(
    kind: RetainedKind, token: str | None, available: bool, reason: str | None, claim: bool
) -> None:
    [result] = ask(Register(retained(kind)), ALICE, token=token)
    assert (available, reason, claim) == (result.available, result.reason, result.claim_required)


def test_no_bad_name_fails_the_others() -> None:
    items = (
        Checked("exa mple", None, "A blank."),
        Checked("a.b.example", Name("a.b.example")),
        Checked("alice.elsewhere", Name("alice.elsewhere")),
        Checked("alice.shut", Name("alice.shut")),
        Checked(ALICE, ALICE),
    )
    register = Register(zones=(zone(), zone(3, "shut", open=False)))
    results = register.decide(CheckDomain(items)).result.results
    assert [
        ("exa mple", "invalid_name"),
        ("a.b.example", "invalid_name"),
        ("alice.elsewhere", "zone_closed"),
        ("alice.shut", "zone_closed"),
        (ALICE, None),
    ] == [(r.domain, r.reason) for r in results]
    assert "A blank." == results[0].detail


def test_zones_the_channel_is_not_listed_for_are_closed_to_it() -> None:
    assert ["zone_closed", "zone_closed"] == [r.reason for r in ask(Register(), ALICE, "bob.example", by=UNLISTED)]


def test_the_zones_label_policy_is_the_names_rule() -> None:
    [result] = ask(Register(zones=(zone(label=LabelPolicy(min_length=6)),)), ALICE)
    assert ("invalid_name", None) == (result.reason, result.price)


def test_a_name_is_shown_in_both_forms() -> None:
    [result] = ask(Register(zones=(zone(),)), "xn--mnchen-3ya.example")
    assert ("xn--mnchen-3ya.example", "münchen.example") == (result.domain, result.unicode_name)


def test_a_premium_name_has_its_own_price() -> None:
    [result] = ask(Register(), "gold.example")
    assert result.premium
    assert CheckPrice(CreatePrice("500.00", "EUR", 1), Amount("510.00", "EUR"), Amount("40.00", "EUR")) == result.price


def test_a_registered_name_stays_in_the_tier_it_was_registered_in() -> None:
    assert [True, False] == [ask(Register(domain(tier=tier)), ALICE)[0].premium for tier in ("gold", "")]


def test_the_price_is_in_the_accounts_currency_and_for_the_shortest_registration() -> None:
    register = Register(zones=(zone(min_years=2),), accounts=(account(101, "alpha", currency="USD"),))
    price = ask(register, ALICE)[0].price
    assert price is not None and CreatePrice("20.00", "USD", 2) == price.create


def test_without_a_price_in_the_currency_there_is_none() -> None:
    register = Register(zones=(replace(zone(), policy=replace(POLICY, prices=())),))
    assert CheckPrice(None, None, None) == ask(register, ALICE)[0].price


@pytest.mark.parametrize(
    "items, subject",
    [
        ((Checked(ALICE, ALICE),), ALICE),
        ((Checked("?", None, "None."),), None),
        ((Checked(ALICE, ALICE), Checked("bob.example", Name("bob.example"))), None),
    ],
)
def test_it_is_about_a_name_if_it_is_about_one(items: tuple[Checked, ...], subject: str | None) -> None:
    assert subject == CheckDomain(items).subject


def test_the_oracle_of_create_says_the_same() -> None:
    [result] = ask(Register(deleted()), ALICE)
    assert errors.DOMAIN_NOT_AVAILABLE.meaning in (result.detail or "")


def test_every_command_is_quoted_for_every_name_free_or_not() -> None:
    """RFC 8748: a name that is taken has prices too, and one command without a price fails no other."""
    young = domain("bob.example", 1002, graces=(grace(GraceKind.ADD),))
    queries = (
        Query("create", 2),
        Query("renew"),
        Query("transfer"),
        Query("restore"),
        Query("delete"),
        Query("create", 11),
    )
    items = (Checked(ALICE, ALICE), Checked("bob.example", Name("bob.example")), Checked("?", None, "None."))
    free, taken, bad = Register(young).decide(CheckDomain(items, fees=queries)).result.results
    five = 5 * 86400
    assert FeeQuote("create", 2, Amount("20.00", "EUR"), None, five, premium=False, reason=None) == free.fees[0]
    assert FeeQuote("renew", 1, Amount("11.00", "EUR"), None, five, premium=False, reason=None) == taken.fees[1]
    assert FeeQuote("transfer", 1, Amount("12.00", "EUR"), None, five, premium=False, reason=None) == taken.fees[2]
    assert FeeQuote("restore", None, Amount("40.00", "EUR"), None, None, premium=False, reason=None) == taken.fees[3]
    assert FeeQuote("delete", None, None, Amount("10.00", "EUR"), None, premium=False, reason=None) == taken.fees[4]
    assert FeeQuote("delete", None, Amount("0.00", "EUR"), None, None, premium=False, reason=None) == free.fees[4]
    assert [(None, None, True), (None, None, True)] == [
        (r.fees[5].fee, r.fees[5].credit, "1 to 10" in (r.fees[5].reason or "")) for r in (free, taken)
    ]
    assert () == bad.fees


@pytest.mark.parametrize("currency, refused", [("EUR", False), ("USD", True), (None, False)])
def test_prices_are_in_the_accounts_currency_or_refused(currency: str | None, refused: bool) -> None:
    command = CheckDomain((Checked(ALICE, ALICE),), fees=(Query("create"),), currency=currency)
    if refused:
        refusal = Register().refusal(command)
        assert (errors.CURRENCY_MISMATCH, 2004) == (refusal.kind, refusal.kind.epp_result_code)
    else:
        assert Amount("10.00", "EUR") == Register().decide(command).result.results[0].fees[0].fee
