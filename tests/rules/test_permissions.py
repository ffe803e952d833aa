"""Who may do what: scopes, listings, approval, sponsorship."""

import pytest

from namestead import errors
from namestead.commands.table import TABLE, Party
from namestead.errors import Refusal
from namestead.objects.names import Name
from namestead.objects.registrar import Listing, ListingStatus
from namestead.objects.zone import Backend
from namestead.rules import permissions
from tests.commands.facts import ALPHA, BETA, GAMMA, REHEARSING, UNLISTED, Register, domain, host, zone

REFERENCE = Register().reference


def kind_of(check: object, *args: object, **more: object) -> errors.Kind | None:
    assert callable(check)
    try:
        check(*args, **more)
    except Refusal as refusal:
        return refusal.kind
    return None


@pytest.mark.parametrize(
    "name, zone_name",
    [
        ("alice.example", "example"),
        ("a.b.example", "example"),
        ("alice.test", "test"),
        ("alice.net", None),
        ("example", None),
    ],
)
def test_the_zone_of_a_name(name: str, zone_name: str | None) -> None:
    if zone_name is None:
        expected = errors.REGISTRAR_NAMESPACE_NOT_APPROVED
        assert expected is kind_of(permissions.require_zone, REFERENCE, Name(name))
    else:
        assert zone_name == permissions.require_zone(REFERENCE, Name(name)).name


@pytest.mark.parametrize(
    "status, kind",
    [
        (ListingStatus.APPROVED, None),
        (ListingStatus.REQUESTED, errors.REGISTRAR_NAMESPACE_NOT_APPROVED),
        (ListingStatus.SUSPENDED, errors.REGISTRAR_NAMESPACE_NOT_APPROVED),
        (None, errors.REGISTRAR_NAMESPACE_NOT_APPROVED),
    ],
)
def test_listing(status: ListingStatus | None, kind: errors.Kind | None) -> None:
    reference = Register().reference
    if status is not None:
        reference.put_listing(Listing(UNLISTED.id, 1, status))
    assert kind is kind_of(permissions.require_listing, reference, UNLISTED, zone())


@pytest.mark.parametrize(
    "channel, test, sandbox, kind",
    [
        (ALPHA, False, False, None),
        (REHEARSING, False, False, errors.REGISTRAR_CHANNEL_NOT_PRODUCTION_APPROVED),
        (REHEARSING, True, False, None),
        (REHEARSING, False, True, None),
    ],
)
def test_production(channel: object, test: bool, sandbox: bool, kind: errors.Kind | None) -> None:
    assert kind is kind_of(permissions.require_production, channel, zone(test=test), sandbox=sandbox)


@pytest.mark.parametrize(
    "channel, records, kind",
    [
        (ALPHA, True, None),
        (GAMMA, True, errors.DNS_MODULE_NOT_ENABLED),
        (GAMMA, False, errors.DNS_MODULE_NOT_ENABLED),
        (ALPHA, False, errors.BACKEND_DNS_NOT_SUPPORTED),
    ],
)
def test_records(channel: object, records: bool, kind: errors.Kind | None) -> None:
    assert kind is kind_of(permissions.require_records, channel, zone(backend=Backend(records=records)))


def test_sponsorship() -> None:
    assert errors.NOT_SPONSOR is kind_of(permissions.require_sponsor, domain(), BETA)
    assert kind_of(permissions.require_sponsor, domain(), ALPHA) is None
    assert errors.NOT_SPONSOR is kind_of(permissions.require_host_sponsor, host("ns1.a.net", 31), BETA)


def test_every_scope_opens_a_command_and_every_command_has_a_scope_of_the_profile() -> None:
    rows = [row for row in TABLE if row.party is Party.REGISTRAR and row.method is not None]
    assert set(permissions.PROFILES["registrar_api"]) == {row.scope for row in rows}
