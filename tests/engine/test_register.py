"""The register the other tests stand on, and that its invariants can break at all."""

from __future__ import annotations

import pytest

from tests.engine.register import INVARIANTS, R0, create, engine_on, execute, problems, run, submit

BREAKS = {
    "a log id stands for one row": "INSERT INTO command_log SELECT id, xact, occurred_at + '1 s', surface, command,"
    " registrar_id, counterpart_id, actor, domain, status, apply, error, idempotency_key, client_transaction_id,"
    " request_id, request, result FROM command_log WHERE command = 'create_domain'",
    "a name has at most one live registration": "DROP INDEX domain_live_name; UPDATE domain SET name = 'one.example'",
    "every registration has one create in the log, and every create a registration": "DELETE FROM version",
    "every registration has its versions": "UPDATE domain SET version = 2",
    "every registration that was paid for was paid for once": "INSERT INTO posting (log_id, n, occurred_at, debit,"
    " debit_book, credit, credit_book, amount, currency, reason) SELECT log_id, 1, occurred_at, debit, debit_book,"
    " credit, credit_book, amount, currency, reason FROM posting WHERE reason = 'create'",
    "a balance is the sum of its postings": "UPDATE account SET balance = balance + 1",
    "what is held is the sum of its postings": "UPDATE account SET held = held + 1",
    "no command took a balance past its limit": "UPDATE account SET balance = -1",
    "money, versions and outbox belong to a success in the log": "UPDATE command_log SET status = 'failed'",
    "a key stands for a success that carries it": "UPDATE idempotency_key SET log_id = 0",
    "a key had one success": "UPDATE command_log SET idempotency_key = 'k' WHERE command = 'create_domain'",
    "delegations lead to hosts and live registrations": "DELETE FROM delegation; "
    "INSERT INTO delegation VALUES (-1, -2, 0)",
}
BY_CONSTRUCTION = {"the ledger sums to zero"}


@pytest.mark.parametrize("invariant", sorted(INVARIANTS.keys() - BY_CONSTRUCTION))
def test_what_must_hold_is_seen_to_break(register: str, invariant: str) -> None:
    async def main() -> None:
        async with engine_on(register) as engine:
            for name in ("one", "two"):
                await submit(engine, create(name, nameservers=("ns1.other.net", "ns2.other.net")), R0, f"key {name}")
        assert {} == await problems(register)
        await execute(register, BREAKS[invariant])
        assert invariant in await problems(register)

    run(main())
