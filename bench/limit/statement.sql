-- A create as one statement.
-- Written by bench/pgbench.py from the rows of a real create; bench/README.md says what it is held against.
-- :accounts is how many registrars take part. pgbench -M prepared.
\set n random(0, :accounts - 1)
\set random random(72057594037927936, 1152921504606846975)
WITH asked AS MATERIALIZED (
    SELECT 500100::bigint + :n AS account_id, 500500::bigint + :n AS registrar_id, 'n' || to_hex(:random::bigint) || '.example' AS name,
           nextval('log_id') AS log_id, nextval('object_id') AS domain_id, clock_timestamp() AS now
), hosts AS MATERIALIZED (
    SELECT h.id, h.name
      FROM host h
     WHERE h.name IN ('ns1.r' || (500500 + :n) || '.net', 'ns2.r' || (500500 + :n) || '.net')
       AND h.deleted_at IS NULL
), charged AS (
    UPDATE account a
       SET balance = a.balance - 1000
      FROM asked
     WHERE a.id = asked.account_id AND a.suspended_at IS NULL AND a.currency = 'EUR'
       AND a.balance - 1000 >= -a.credit
       AND NOT EXISTS (SELECT FROM idempotency_key k WHERE k.principal = asked.registrar_id AND k.key = 'k-' || asked.name)
       AND NOT EXISTS (SELECT FROM domain d WHERE d.name = asked.name AND d.ended_at IS NULL)
       AND NOT EXISTS (SELECT FROM retained r
                        WHERE r.name = asked.name AND r.removed_at IS NULL AND r.used_at IS NULL)
    RETURNING asked.*, a.balance
), made_command_log AS (
    INSERT INTO command_log (id, occurred_at, surface, command, registrar_id, actor, domain, status, apply, idempotency_key,
    request_id, request, result)
    SELECT log_id,
        now,
        'http',
        'create_domain',
        registrar_id,
        bench_command_log_actor(),
        name,
        'success',
        'pending',
        'k-' || name,
        'req_' || name,
        bench_command_log_request(),
        bench_command_log_result()
      FROM charged
), made_domain AS (
    INSERT INTO domain (id, name, zone_id, registrar_id, created_by, created_at, expires_at, auto_renew, noted, next_due,
    statuses, detail, apply_state, queued_at, tier, protected_legacy, fixture, version)
    SELECT domain_id,
        name,
        10,
        registrar_id,
        registrar_id,
        now,
        now + interval '365 days',
        true,
        'active',
        now + interval '365 days',
        '{}'::text[],
        bench_domain_detail(),
        'pending',
        now,
        '',
        false,
        false,
        1
      FROM charged
), made_idempotency_key AS (
    INSERT INTO idempotency_key (principal, key, epoch, log_id, occurred_at, request_hash)
    SELECT registrar_id,
        'k-' || name,
        0,
        log_id,
        now,
        '\x5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a'::bytea
      FROM charged
), made_outbox AS (
    INSERT INTO outbox (log_id, n, queued_at, kind, zone_id, name, attempts)
    SELECT log_id,
        0,
        now,
        'delegation',
        10,
        name,
        0
      FROM charged
), made_posting AS (
    INSERT INTO posting (log_id, n, occurred_at, debit, debit_book, credit, credit_book, amount, currency, reason, subject)
    SELECT log_id,
        0,
        now,
        account_id,
        'balance',
        -1,
        'balance',
        1000,
        'EUR',
        'create',
        name
      FROM charged
), made_version AS (
    INSERT INTO version (object_id, version, kind, log_id, occurred_at, body)
    SELECT domain_id,
        1,
        'domain',
        log_id,
        now,
        bench_version_body()
      FROM charged
), made_delegation AS (
    INSERT INTO delegation (domain_id, host_id, position)
    SELECT domain_id, h.id, CASE WHEN h.name LIKE 'ns1.%' THEN 0 ELSE 1 END
      FROM charged, hosts h
)
SELECT balance FROM charged;
