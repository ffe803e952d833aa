"""RFC 5731, 3.1.2: who sees what of a registration."""

from typing import Any

import pytest
from msgspec.structs import replace

from namestead import errors
from namestead.commands.answers import LinkedContact, Nameserver, PublicRegistration, Registration, Sponsor
from namestead.commands.domain.info import HostsShown, InfoDomain
from namestead.objects.domain import GraceKind
from tests.commands.facts import (
    ALICE,
    ALPHA,
    BETA,
    DAY,
    EXPIRES,
    NOW,
    SECRET,
    Register,
    contact,
    deleted,
    domain,
    expired,
    grace,
    host,
    pending,
    secured,
)

OUTSIDE = host("ns1.hoster.net", 32)
PEOPLE = (contact("C-1", 41), contact("C-2", 42))
WHOLE = secured(domain(registrant_id=41, contacts=(("admin", 42),), hosts=(32,), graces=(grace(GraceKind.RENEW),)))


def test_the_sponsor_sees_all_of_it() -> None:
    shown = Register(WHOLE, OUTSIDE, *PEOPLE).decide(InfoDomain(ALICE)).result
    assert isinstance(shown, Registration)
    assert (Sponsor("ch_alpha", "alpha"), "C-1", "Holder C-1") == (
        shown.registrar,
        shown.registrant.id,
        shown.registrant.name,
    )
    assert (LinkedContact("admin", "C-2"),) == shown.contacts
    assert (Nameserver("ns1.hoster.net", ()),) == shown.nameservers
    assert ("active", ("ok",), ("renewPeriod",)) == (shown.lifecycle_state, shown.status, shown.rgp_status)
    assert (EXPIRES, None, None) == (shown.expires_at, shown.redemption_until, shown.release_at)


def test_others_see_its_public_part() -> None:
    shown = Register(WHOLE, OUTSIDE, *PEOPLE).decide(InfoDomain(ALICE), BETA).result
    assert isinstance(shown, PublicRegistration)
    assert (Nameserver("ns1.hoster.net", ()),) == shown.nameservers
    assert not hasattr(shown, "registrant")


def test_others_see_all_of_it_with_the_right_auth_info() -> None:
    assert isinstance(Register(WHOLE, OUTSIDE, *PEOPLE).decide(InfoDomain(ALICE, SECRET), BETA).result, Registration)


def test_the_sponsor_needs_no_auth_info_and_is_not_asked_for_the_right_one() -> None:
    assert isinstance(Register(WHOLE, OUTSIDE, *PEOPLE).decide(InfoDomain(ALICE, "wrong")).result, Registration)


@pytest.mark.parametrize(
    "there, secret, failures, kind",
    [
        (WHOLE, "wrong", 0, errors.AUTH_INFO_INVALID),
        (secured(domain(), until=NOW), SECRET, 0, errors.AUTH_INFO_INVALID),
        (domain(), SECRET, 0, errors.AUTH_INFO_INVALID),
        (secured(domain()), SECRET, 10, errors.AUTH_INFO_LOCKED),
    ],
)
def test_auth_info_is_refused(there: Any, secret: str, failures: int, kind: errors.Kind) -> None:
    register = Register(there, OUTSIDE, *PEOPLE, failed_auth=failures)
    assert kind is register.kind(InfoDomain(ALICE, secret), BETA)


def test_nine_wrong_ones_lock_nothing() -> None:
    Register(secured(domain()), failed_auth=9).decide(InfoDomain(ALICE, SECRET), BETA)


@pytest.mark.parametrize(
    "there",
    [(), (deleted(at=NOW - 35 * DAY),), (expired(at=NOW - 80 * DAY),)],
    ids=["never", "released", "lapsed and released"],
)
def test_there_is_nothing_to_see_of_a_name_that_is_gone(there: tuple[Any, ...]) -> None:
    assert errors.DOMAIN_NOT_FOUND is Register(*there).kind(InfoDomain(ALICE))


@pytest.mark.parametrize(
    "there, state, rgp",
    [
        (expired(), "expired", ()),
        (expired(at=NOW - 45 * DAY), "redemption", ("redemptionPeriod",)),
        (expired(at=NOW - 75 * DAY), "pending_delete", ("pendingDelete",)),
        (domain(expires_at=NOW - DAY), "active", ("autoRenewPeriod",)),
        (deleted(), "redemption", ("redemptionPeriod",)),
    ],
)
def test_what_time_brought_shows_before_anybody_wrote_it_down(there: Any, state: str, rgp: tuple[str, ...]) -> None:
    shown = Register(there).decide(InfoDomain(ALICE)).result
    assert (state, rgp) == (shown.lifecycle_state, shown.rgp_status)


def test_after_a_transfer_that_time_approved_the_gainer_is_the_sponsor() -> None:
    register = Register(secured(domain(transfer=pending(act_at=NOW))))
    shown = register.decide(InfoDomain(ALICE), BETA).result
    assert isinstance(shown, Registration)
    assert ("beta", "serverApproved") == (shown.registrar.slug, shown.transfer.status if shown.transfer else None)
    assert isinstance(register.decide(InfoDomain(ALICE), ALPHA).result, PublicRegistration)
    assert ("transferPeriod",) == shown.rgp_status


UNDER = host("ns1.alice.example", 33, 1001)


@pytest.mark.parametrize(
    "asked, delegated, subordinate",
    [
        (HostsShown.ALL, ["ns1.hoster.net"], ("ns1.alice.example",)),
        (HostsShown.DELEGATED, ["ns1.hoster.net"], None),
        (HostsShown.SUBORDINATE, [], ("ns1.alice.example",)),
        (HostsShown.NONE, [], None),
    ],
)
def test_hosts_are_shown_as_asked_for(
    asked: HostsShown, delegated: list[str], subordinate: tuple[str, ...] | None
) -> None:
    """RFC 5731, 3.1.2: the `hosts` attribute."""
    register = Register(WHOLE, OUTSIDE, UNDER, *PEOPLE)
    shown = register.decide(InfoDomain(ALICE, hosts=asked)).result
    assert (delegated, subordinate) == ([n.host for n in shown.nameservers], shown.subordinate_hosts)
    public = register.decide(InfoDomain(ALICE, hosts=asked), BETA).result
    assert delegated == [n.host for n in public.nameservers]
    assert not hasattr(public, "subordinate_hosts")


def test_who_made_a_name_is_told() -> None:
    moved = replace(domain(registrar_id=BETA.id), created_by=ALPHA.id)
    assert ("beta", "alpha") == (
        (shown := Register(moved).decide(InfoDomain(ALICE), BETA).result).registrar.slug,
        shown.created_by,
    )
