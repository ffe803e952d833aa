"""The fixtures of a rehearsal: which names they are, what each is for, and what marks a registration as one.

Their token and authorisation information are props. They are made from public words, so that a reset needs no chance
and a log may hold its answer; what they open is worth nothing.
"""

from __future__ import annotations

from typing import Final

from namestead.objects.names import Name
from namestead.objects.registrar import Registrar
from namestead.objects.retained import Retained
from namestead.objects.zone import Zone

RENEW: Final = "ote-renew"
UPDATE: Final = "ote-update"
TRANSFER: Final = "ote-transfer"
NAMESERVERS: Final = "ote-ns"
DELETE: Final = "ote-delete"
CLAIM: Final = "ote-claim"
AVAILABLE: Final = "ote-available"

PURPOSES: Final = {
    RENEW: "Registered, half a year from its expiry: renew it.",
    UPDATE: "Registered, without contacts, client statuses or DS records: change it.",
    TRANSFER: "Registered, with the auth_info given here. Push it to another channel, or have that one pull it.",
    NAMESERVERS: "Registered, without name servers or records: give it some.",
    DELETE: "Registered, outside its add grace: delete it, then restore it.",
    CLAIM: "Not registered, and claimed: create it with the allocation_token given here, or be refused without.",
    AVAILABLE: "Not registered, and free: check it, then create it.",
}
REGISTERED: Final = (RENEW, UPDATE, TRANSFER, NAMESERVERS, DELETE)


def name_of(label: str, zone: Zone) -> Name:
    return Name(f"{label}.{zone.name}")


def is_fixture(name: Name, zone: Zone, opened: tuple[Retained, ...]) -> bool:
    """Whether a new registration is part of a rehearsal, so that the next reset may end it: one opened by the token of
    a fixture, or in a test zone one that bears a fixture's name."""
    if opened and any(entry.fixture for entry in opened):
        return True
    return zone.test and name.startswith("ote-") and name[: -len(zone.name) - 1] in PURPOSES


def token(registrar: Registrar, epoch: int) -> str:
    """The allocation token of `ote-claim` after a reset."""
    return f"ote-claim-{registrar.slug}-{epoch}"


def auth_info(registrar: Registrar, epoch: int) -> str:
    """The authorisation information of `ote-transfer` after a reset: of the form `rules.auth_info` asks for."""
    return f"OTE-transfer-{epoch:06d}-{registrar.slug}"
