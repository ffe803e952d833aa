"""RFC 5730, 2.9.3.4: who ends a pending transfer how. `commands/domain/test_transfer.py` plays the rest."""

import pytest

from namestead import errors
from namestead.errors import Refusal
from namestead.objects.domain import TransferStatus
from namestead.objects.registrar import Registrar
from namestead.rules import lifecycle, transfers
from namestead.rules.transfers import ANSWERS, Operation
from tests.commands.facts import ALPHA, BETA, GAMMA, NOW, domain, pending

PULL, PUSH = domain(transfer=pending()), domain(transfer=pending(push=True))


@pytest.mark.parametrize(
    "push, operation, by, allowed",
    [
        (False, Operation.APPROVE, ALPHA, True),
        (False, Operation.APPROVE, BETA, False),
        (False, Operation.REJECT, ALPHA, True),
        (False, Operation.REJECT, BETA, False),
        (False, Operation.CANCEL, ALPHA, False),
        (False, Operation.CANCEL, BETA, True),
        (True, Operation.APPROVE, ALPHA, False),
        (True, Operation.APPROVE, BETA, True),
        (True, Operation.REJECT, ALPHA, False),
        (True, Operation.REJECT, BETA, True),
        (True, Operation.CANCEL, ALPHA, True),
        (True, Operation.CANCEL, BETA, False),
        (False, Operation.APPROVE, GAMMA, False),
        (True, Operation.CANCEL, GAMMA, False),
    ],
)
def test_the_right_party(push: bool, operation: Operation, by: Registrar, allowed: bool) -> None:
    there = PUSH if push else PULL
    if allowed:
        assert there.transfer is transfers.require_pending(there, operation, by)
        return
    with pytest.raises(Refusal) as caught:
        transfers.require_pending(there, operation, by)
    assert errors.NOT_SPONSOR is caught.value.kind


@pytest.mark.parametrize("operation", list(ANSWERS))
def test_nothing_pending_is_nothing_to_end(operation: Operation) -> None:
    over = lifecycle.not_transferred(PULL, TransferStatus.CLIENT_REJECTED, NOW)
    for there in (domain(), over):
        with pytest.raises(Refusal) as caught:
            transfers.require_pending(there, operation, ALPHA)
        assert errors.TRANSFER_NOT_PENDING is caught.value.kind


def test_only_a_pending_pull_holds_money() -> None:
    over = lifecycle.not_transferred(PULL, TransferStatus.CLIENT_REJECTED, NOW)
    assert [1, 0, 0, 0] == [len(transfers.released(d)) for d in (PULL, PUSH, over, domain())]
