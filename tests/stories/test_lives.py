"""Whole lives of names, from the day they are made to the day they are free: dated steps, played through HTTP and through
EPP. Through both, each has the same log and costs the same.

Lengths and order are gTLD practice (RFC 3915; ICANN's expired registration recovery policy), as the zone's policy has
them: 5 days of grace after a command, 45 after an automatic renewal, 30 of redemption, 5 of pending delete. A year costs
10 to create, 11 to renew, 12 to transfer; a restore costs 40.
"""

from __future__ import annotations

import calendar
import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tests.api.registry import AUTH
from tests.stories.conftest import Story
from tests.stories.door import Refused


@pytest.fixture
def story(either: Story) -> Story:
    """Every story here is played through both doors."""
    return either


ALICE, BOB = "alice.example", "bob.example"
DAYS = timedelta(days=1)


def years(instant: datetime, more: int) -> datetime:
    return instant.replace(year=instant.year + more)


def refused(result: int) -> pytest.RaisesExc[Refused]:
    return pytest.RaisesExc(Refused, check=lambda problem: problem.result == result)


def test_a_name_that_is_renewed_year_after_year(story: Story) -> None:
    alpha, opening = story.alpha, story.alpha.balance()
    made = alpha.create(ALICE)
    assert (years(made.created_at, 1), {"addPeriod"}) == (made.expires_at, made.graces)

    story.at(made.created_at, days=6)
    assert frozenset() == alpha.info(ALICE).graces

    story.at(made.expires_at, days=1)
    seen = alpha.info(ALICE)
    assert ("active", {"autoRenewPeriod"}, years(made.created_at, 2)) == (seen.state, seen.graces, seen.expires_at)
    assert Decimal(10 + 11) == opening - alpha.balance()

    story.at(made.expires_at, days=46)
    assert frozenset() == alpha.info(ALICE).graces

    story.at(made.expires_at, days=100)
    renewed = alpha.renew(ALICE, 2)
    assert ({"renewPeriod"}, years(made.created_at, 4)) == (renewed.graces, renewed.expires_at)
    assert Decimal(10 + 11 + 22) == opening - alpha.balance()
    assert ["create_domain", "auto_renew_domain", "renew_domain"] == alpha.log(ALICE)


def test_a_name_that_was_a_mistake(story: Story) -> None:
    opening = story.alpha.balance()
    made = story.alpha.create(ALICE, years=3)
    story.at(made.created_at, days=4)
    assert "cancelled" == story.alpha.delete(ALICE).state
    assert opening == story.alpha.balance()
    assert None is story.beta.why_not(ALICE)
    assert "beta" == story.beta.create(ALICE).sponsor


def test_a_name_that_is_deleted_and_missed(story: Story) -> None:
    alpha = story.alpha
    made = alpha.create(ALICE, years=2)
    story.at(made.created_at, days=10)
    opening = alpha.balance()
    gone = alpha.delete(ALICE)
    assert ("redemption", {"redemptionPeriod"}) == (gone.state, gone.graces)
    assert gone.redemption_until is not None
    assert gone.release_at is not None
    assert (40, 45) == ((gone.redemption_until - made.created_at).days, (gone.release_at - made.created_at).days)
    assert 5 * DAYS == gone.release_at - gone.redemption_until
    assert opening == alpha.balance()
    assert "registered" == story.beta.why_not(ALICE)
    with refused(2105):
        alpha.renew(ALICE)

    story.at(gone.redemption_until, days=-1)
    restored = alpha.restore(ALICE)
    assert ("active", made.expires_at, None) == (restored.state, restored.expires_at, restored.release_at)
    assert Decimal(40) == opening - alpha.balance()


def test_a_name_that_is_deleted_and_released(story: Story) -> None:
    made = story.alpha.create(ALICE)
    story.at(made.created_at, days=10)
    gone = story.alpha.delete(ALICE)
    assert gone.redemption_until is not None
    assert gone.release_at is not None

    story.at(gone.redemption_until, days=1)
    seen = story.alpha.info(ALICE)
    assert ("pending_delete", {"pendingDelete"}) == (seen.state, seen.graces)
    assert "pending_release" == story.beta.why_not(ALICE)
    with refused(2304):
        story.alpha.restore(ALICE)
    with refused(2302):
        story.beta.create(ALICE)

    story.at(gone.release_at, days=0.01)
    with refused(2303):
        story.alpha.info(ALICE)
    assert "beta" == story.beta.create(ALICE).sponsor
    assert ["create_domain", "delete_domain", "end_redemption", "release_domain"] == story.alpha.log(ALICE)


def test_a_name_that_nobody_renews(story: Story) -> None:
    alpha, opening = story.alpha, story.alpha.balance()
    made = alpha.create(ALICE, auto_renew=False)

    story.at(made.expires_at, days=1)
    assert "expired" == alpha.info(ALICE).state

    story.at(made.expires_at, days=46)
    seen = alpha.info(ALICE)
    assert ("redemption", made.expires_at + 75 * DAYS, made.expires_at + 80 * DAYS) == (
        seen.state,
        seen.redemption_until,
        seen.release_at,
    )

    story.at(made.expires_at, days=76)
    assert "pending_delete" == alpha.info(ALICE).state

    story.at(made.expires_at, days=81)
    assert None is alpha.why_not(ALICE)
    assert Decimal(10) == opening - alpha.balance()
    log = ["create_domain", "expire_domain", "lapse_domain", "end_redemption", "release_domain"]
    assert log == alpha.log(ALICE)


def test_a_name_that_is_renewed_after_it_expired(story: Story) -> None:
    made = story.alpha.create(ALICE, auto_renew=False)
    story.at(made.expires_at, days=44)
    seen = story.alpha.renew(ALICE)
    assert ("active", years(made.expires_at, 1)) == (seen.state, seen.expires_at)


def test_a_name_whose_automatic_renewal_was_not_wanted(story: Story) -> None:
    opening = story.alpha.balance()
    made = story.alpha.create(ALICE)
    story.at(made.expires_at, days=44)
    gone = story.alpha.delete(ALICE)
    assert ("redemption", made.expires_at) == (gone.state, gone.expires_at)
    assert Decimal(10) == opening - story.alpha.balance()


def test_a_name_that_changes_hands(story: Story) -> None:
    alpha, beta = story.alpha, story.beta
    opening = beta.balance()
    made = alpha.create(ALICE, auth_info=AUTH)
    with refused(2202):
        beta.pull(ALICE, AUTH + "!")
    story.at(made.created_at, days=7)
    beta.pull(ALICE, AUTH)
    with refused(2201):
        beta.answer_transfer(ALICE, "approve")
    story.at(made.created_at, days=8)
    moved = alpha.answer_transfer(ALICE, "approve")
    assert "beta" == moved.sponsor
    assert (years(made.expires_at, 1), {"transferPeriod"}) == (beta.info(ALICE).expires_at, beta.info(ALICE).graces)
    assert (opening - 12, Decimal(0)) == (beta.balance(), beta.held())
    with refused(2202):
        alpha.pull(ALICE, AUTH)  # it was reset when the name moved


def test_an_auth_info_that_was_kept_too_long(story: Story) -> None:
    made = story.alpha.create(ALICE, auth_info=AUTH)
    story.at(made.created_at, days=15)
    with refused(2202):
        story.beta.pull(ALICE, AUTH)


def test_a_pull_that_nobody_answers_is_approved_by_time(story: Story) -> None:
    alpha, beta = story.alpha, story.beta
    opening = beta.balance()
    made = alpha.create(ALICE, auth_info=AUTH)
    story.at(made.created_at, days=10)
    beta.pull(ALICE, AUTH)
    assert (opening - 12, Decimal(12)) == (beta.balance(), beta.held())

    story.at(made.created_at, days=14)
    assert ("alpha", True) == (alpha.info(ALICE).sponsor, "pendingTransfer" in alpha.info(ALICE).statuses)

    story.at(made.created_at, days=16)
    seen = beta.info(ALICE)
    assert ("beta", years(made.expires_at, 1), {"transferPeriod"}) == (seen.sponsor, seen.expires_at, seen.graces)
    assert (opening - 12, Decimal(0)) == (beta.balance(), beta.held())
    with refused(2201):
        alpha.renew(ALICE)
    assert ["create_domain", "transfer_domain", "end_transfer"] == alpha.log(ALICE)
    assert ["transfer_domain", "end_transfer"] == beta.log(ALICE)


def test_a_push_that_nobody_takes_is_withdrawn_by_time(story: Story) -> None:
    made = story.alpha.create(ALICE)
    story.alpha.push(ALICE, "beta")
    story.at(made.created_at, days=6)
    seen = story.alpha.info(ALICE)
    assert ("alpha", made.expires_at, False) == (seen.sponsor, seen.expires_at, "pendingTransfer" in seen.statuses)
    with refused(2301):
        story.beta.answer_transfer(ALICE, "approve")


def test_an_automatic_renewal_is_undone_when_the_name_moves_in_its_grace(story: Story) -> None:
    alpha, beta = story.alpha, story.beta
    opening = alpha.balance()
    made = alpha.create(ALICE)
    story.at(made.expires_at, days=3)
    assert opening - 10 - 11 == alpha.balance()
    alpha.push(ALICE, "beta")
    moved = beta.answer_transfer(ALICE, "approve")
    assert (years(made.expires_at, 1), "beta") == (moved.expires_at, moved.sponsor)
    assert opening - 10 == alpha.balance()


def test_a_name_that_is_made_on_29_february(story: Story) -> None:
    """It expires on the 28th where there is no 29th, and stays there; four years at once lead to a 29th."""
    leap = next(year for year in itertools.count(story.now.year + 1) if calendar.isleap(year))
    story.at(datetime(leap, 2, 29, 12, tzinfo=UTC))
    made = story.alpha.create(ALICE)
    assert (date(leap, 2, 29), date(leap + 1, 2, 28)) == (made.created_at.date(), made.expires_at.date())
    assert date(leap + 4, 2, 28) == story.alpha.renew(ALICE, 3).expires_at.date()
    assert date(leap + 4, 2, 29) == story.alpha.create(BOB, years=4).expires_at.date()


# ------------------------------------------------------------------------------------------------------ with dead jobs


def test_what_is_read_is_right_though_nobody_writes_it_down(story: Story) -> None:
    """The same life with the jobs dead: every answer is what it would have been (DESIGN, invariant 5)."""
    made = story.alpha.create(ALICE, auto_renew=False)
    for days, state in ((-1, "active"), (1, "expired"), (46, "redemption"), (76, "pending_delete")):
        story.at_without_jobs(made.expires_at, days=days)
        assert state == story.alpha.info(ALICE).state
    story.at_without_jobs(made.expires_at, days=81)
    assert None is story.beta.why_not(ALICE)
    assert ["create_domain"] == story.alpha.log(ALICE)
    assert "beta" == story.beta.create(ALICE).sponsor
    # The transform met what was due, and wrote it down first, in order.
    log = ["create_domain", "expire_domain", "lapse_domain", "end_redemption", "release_domain"]
    assert log == story.alpha.log(ALICE)


def test_a_transfer_is_approved_at_its_instant_though_no_job_runs(story: Story) -> None:
    alpha, beta = story.alpha, story.beta
    opening = beta.balance()
    made = alpha.create(ALICE, auth_info=AUTH)
    beta.pull(ALICE, AUTH)
    story.at_without_jobs(made.created_at, days=4.9)
    assert "alpha" == alpha.info(ALICE).sponsor
    story.at_without_jobs(made.created_at, days=5.1)
    seen = beta.info(ALICE)
    assert ("beta", years(made.expires_at, 1)) == (seen.sponsor, seen.expires_at)
    assert ["transfer_domain"] == beta.log(ALICE)
    with refused(2301):
        alpha.answer_transfer(ALICE, "reject")
    renewed = beta.renew(ALICE)
    assert (years(made.expires_at, 2), opening - 12 - 11) == (renewed.expires_at, beta.balance())
    assert ["transfer_domain", "end_transfer", "renew_domain"] == beta.log(ALICE)


def test_a_command_settles_what_is_due_before_it_is_decided(story: Story) -> None:
    opening = story.alpha.balance()
    made = story.alpha.create(ALICE)
    story.at_without_jobs(made.expires_at, days=400)
    seen = story.alpha.renew(ALICE)
    assert years(made.expires_at, 3) == seen.expires_at
    assert opening - 10 - 22 - 11 == story.alpha.balance()
    assert ["create_domain", "auto_renew_domain", "auto_renew_domain", "renew_domain"] == story.alpha.log(ALICE)
