"""RFC 5730, 2.9.2.3: one's own message, once."""

import pytest

from namestead import errors
from namestead.commands.message.ack import AckMessage, message_id
from namestead.errors import Refusal
from namestead.objects.message import PollMessage
from tests.commands.facts import ALPHA, BETA, NOW, Register, changed

QUEUE = (PollMessage(1, ALPHA.id, 71), PollMessage(2, ALPHA.id, 72), PollMessage(3, BETA.id, 73))


def test_an_acknowledged_message_is_gone_and_the_rest_are_counted() -> None:
    register = Register(*QUEUE)
    outcome = register.run(AckMessage(1))
    assert NOW == changed(outcome, PollMessage).acked_at
    assert ("1", 1) == (outcome.result.id, outcome.result.count)
    assert 0 == register.run(AckMessage(2)).result.count
    assert 0 == register.run(AckMessage(3), BETA).result.count


@pytest.mark.parametrize("message", [1, 3, 4], ids=["acknowledged", "another's", "unknown"])
def test_what_does_not_wait_for_the_caller_is_not_found(message: int) -> None:
    register = Register(*QUEUE)
    register.run(AckMessage(1))
    refusal = register.refusal(AckMessage(message))
    assert (errors.MESSAGE_NOT_FOUND, 2303) == (refusal.kind, refusal.kind.epp_result_code)


@pytest.mark.parametrize("text, number", [("1", 1), ("007", 7), ("9" * 18, 10**18 - 1)])
def test_an_id(text: str, number: int) -> None:
    assert number == message_id(text)


@pytest.mark.parametrize("text", ["", "x", "-1", "1.0", " 1", "٣", "9" * 19])
def test_what_was_never_an_id_is_not_found(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        message_id(text)
    assert errors.MESSAGE_NOT_FOUND is caught.value.kind
