-- A create as a transaction of several statements, sent without waiting in between.
-- Written by bench/pgbench.py from the rows of a real create; bench/README.md says what it is held against.
-- :accounts is how many registrars take part. pgbench -M prepared.
\set n random(0, :accounts - 1)
\set random random(72057594037927936, 1152921504606846975)
\startpipeline
BEGIN;
SELECT k.log_id FROM idempotency_key k WHERE k.principal = 500500 + :n AND k.key = 'k-' || 'n' || to_hex(:random::bigint) || '.example';
SELECT id FROM domain WHERE name = 'n' || to_hex(:random::bigint) || '.example' AND ended_at IS NULL;
SELECT id FROM retained WHERE name = 'n' || to_hex(:random::bigint) || '.example' AND removed_at IS NULL AND used_at IS NULL;
INSERT INTO domain (id, name, zone_id, registrar_id, created_by, created_at, expires_at, auto_renew, noted, next_due,
    statuses, detail, apply_state, queued_at, tier, protected_legacy, fixture, version)
VALUES (nextval('object_id'),
    'n' || to_hex(:random::bigint) || '.example',
    10,
    500500 + :n,
    500500 + :n,
    now(),
    now() + interval '365 days',
    true,
    'active',
    now() + interval '365 days',
    '{}'::text[],
    bench_domain_detail(),
    'pending',
    now(),
    '',
    false,
    false,
    1);
INSERT INTO command_log (id, occurred_at, surface, command, registrar_id, actor, domain, status, apply, idempotency_key,
    request_id, request, result)
VALUES (nextval('log_id'),
    now(),
    'http',
    'create_domain',
    500500 + :n,
    bench_command_log_actor(),
    'n' || to_hex(:random::bigint) || '.example',
    'success',
    'pending',
    'k-' || 'n' || to_hex(:random::bigint) || '.example',
    'req_' || 'n' || to_hex(:random::bigint) || '.example',
    bench_command_log_request(),
    bench_command_log_result());
INSERT INTO delegation (domain_id, host_id, position)
VALUES (currval('object_id'),
    (SELECT id FROM host WHERE name = 'ns1.r' || (500500 + :n) || '.net' AND deleted_at IS NULL),
    0);
INSERT INTO delegation (domain_id, host_id, position)
VALUES (currval('object_id'),
    (SELECT id FROM host WHERE name = 'ns2.r' || (500500 + :n) || '.net' AND deleted_at IS NULL),
    1);
INSERT INTO idempotency_key (principal, key, epoch, log_id, occurred_at, request_hash)
VALUES (500500 + :n,
    'k-' || 'n' || to_hex(:random::bigint) || '.example',
    0,
    currval('log_id'),
    now(),
    '\x5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a'::bytea);
INSERT INTO outbox (log_id, n, queued_at, kind, zone_id, name, attempts)
VALUES (currval('log_id'),
    0,
    now(),
    'delegation',
    10,
    'n' || to_hex(:random::bigint) || '.example',
    0);
INSERT INTO posting (log_id, n, occurred_at, debit, debit_book, credit, credit_book, amount, currency, reason, subject)
VALUES (currval('log_id'),
    0,
    now(),
    500100 + :n,
    'balance',
    -1,
    'balance',
    1000,
    'EUR',
    'create',
    'n' || to_hex(:random::bigint) || '.example');
INSERT INTO version (object_id, version, kind, log_id, occurred_at, body)
VALUES (currval('object_id'),
    1,
    'domain',
    currval('log_id'),
    now(),
    bench_version_body());
-- Divides by zero when the balance does not suffice: nothing in a pipeline can look at an answer.
UPDATE account
   SET balance = balance - 1000
                 / (balance - 1000 >= -credit AND suspended_at IS NULL AND currency = 'EUR')::integer
 WHERE id = 500100 + :n
RETURNING balance;
COMMIT;
\endpipeline
