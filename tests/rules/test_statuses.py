"""RFC 5731, 2.3: whose each status is. `commands/domain/test_update.py` plays them."""

from namestead.rules.lifecycle import CLIENT_STATUSES, PROHIBITIONS, SERVER_STATUSES
from namestead.rules.statuses import COMPUTED


def test_every_status_of_the_rfc_is_somebodys_and_nobody_elses() -> None:
    assert 17 == len(CLIENT_STATUSES | SERVER_STATUSES | COMPUTED)
    assert 5 + 5 + 7 == len(CLIENT_STATUSES) + len(SERVER_STATUSES) + len(COMPUTED)


def test_every_prohibition_is_a_status_there_is() -> None:
    assert frozenset().union(*PROHIBITIONS.values()) <= CLIENT_STATUSES | SERVER_STATUSES | COMPUTED
