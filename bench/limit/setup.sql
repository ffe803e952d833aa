-- What the other scripts need: a table for M, the long texts, and the create as a function.
-- Written by bench/pgbench.py from the rows of a real create; bench/README.md says what it is held against.
-- :accounts is how many registrars take part. pgbench -M prepared.
-- Constants as long as what our create writes there. An immutable function is folded into the plan: it costs nothing.
CREATE OR REPLACE FUNCTION bench_command_log_actor() RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT 'key:key_0' $$;
CREATE OR REPLACE FUNCTION bench_command_log_request() RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT '{"years":1,"nameservers":["ns1.r500500.net","ns2.r500500.net"],"auto_renew":true}' $$;
CREATE OR REPLACE FUNCTION bench_command_log_result() RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT '{"status":"success","result":{"domain":"n0123456789abcde.example","unicode_name":"n0123456789abcde.example","tld":"example","roid":"D1001001-NST","registrar":{"channel_id":"ch_0","slug":"a0"},"lifecycle_state":"active","status":["ok"],"rgp_status":["addPeriod"],"created_at":"2026-01-01T00:00:00.000000Z","updated_at":null,"transferred_at":null,"expires_at":"2026-01-01T00:00:00.000000Z","redemption_until":null,"release_at":null,"auto_renew":true,"registrant":{},"contacts":[],"nameservers":[{"host":"ns1.r500500.net","addresses":[]},{"host":"ns2.r500500.net","addresses":[]}],"nameserver_apply":{"state":"pending","queued_at":"2026-01-01T00:00:00.000000Z","applied_at":null},"ds":[],"backend":{"adapter":"none","reference":"example","state":"pending"},"protected_legacy":false,"sandbox_fixture":false,"transfer":null,"created_by":"a0","subordinate_hosts":null,"max_signature_life":null},"balance":999999999000,"currency":"EUR","charged":1000,"credit":0}' $$;
CREATE OR REPLACE FUNCTION bench_domain_detail() RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT '{"graces":[{"kind":"addPeriod","until":"2026-01-01T00:00:00.000000Z","amount":1000,"currency":"EUR","account_id":500100,"years":1}]}' $$;
CREATE OR REPLACE FUNCTION bench_version_body() RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT '{"id":1001001,"name":"n0123456789abcde.example","zone_id":10,"registrar_id":500500,"created_by":500500,"created_at":"2026-01-01T00:00:00.000000Z","expires_at":"2026-01-01T00:00:00.000000Z","auto_renew":true,"noted":"active","lapses_at":null,"redemption_until":null,"release_at":null,"deleted_at":null,"ended_at":null,"end_reason":null,"restore_until":null,"statuses":[],"registrant_id":null,"contacts":[],"hosts":[1000000,999999],"ds":[],"max_signature_life":null,"records":[],"graces":[{"kind":"addPeriod","until":"2026-01-01T00:00:00.000000Z","amount":1000,"currency":"EUR","account_id":500100,"years":1}],"transfer":null,"auth_hash":null,"auth_expires_at":null,"apply_state":"pending","queued_at":"2026-01-01T00:00:00.000000Z","applied_at":null,"tier":"","protected_legacy":false,"reviewed_at":null,"fixture":false,"updated_at":null,"transferred_at":null,"version":1}' $$;

CREATE TABLE IF NOT EXISTS bench_one_row (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, value bigint);

CREATE OR REPLACE FUNCTION bench_create(account_id bigint, registrar_id bigint, name text) RETURNS bigint
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    log_id    bigint := nextval('log_id');
    domain_id bigint := nextval('object_id');
    now       timestamptz := clock_timestamp();
    host_1    bigint;
    host_2    bigint;
    left_over bigint;
BEGIN
    PERFORM FROM idempotency_key k WHERE k.principal = registrar_id AND k.key = 'k-' || name;
    IF FOUND THEN RAISE 'replayed'; END IF;
    PERFORM FROM domain d WHERE d.name = bench_create.name AND d.ended_at IS NULL;
    IF FOUND THEN RAISE 'taken'; END IF;
    PERFORM FROM retained r WHERE r.name = bench_create.name AND r.removed_at IS NULL AND r.used_at IS NULL;
    IF FOUND THEN RAISE 'retained'; END IF;
    SELECT h.id INTO STRICT host_1
      FROM host h WHERE h.name = 'ns1.r' || registrar_id || '.net' AND h.deleted_at IS NULL;
    SELECT h.id INTO STRICT host_2
      FROM host h WHERE h.name = 'ns2.r' || registrar_id || '.net' AND h.deleted_at IS NULL;
    INSERT INTO command_log (id, occurred_at, surface, command, registrar_id, actor, domain, status, apply, idempotency_key,
    request_id, request, result)
    VALUES (log_id,
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
        bench_command_log_result());
    INSERT INTO delegation (domain_id, host_id, position)
    VALUES (domain_id,
        host_1,
        0);
    INSERT INTO delegation (domain_id, host_id, position)
    VALUES (domain_id,
        host_2,
        1);
    INSERT INTO domain (id, name, zone_id, registrar_id, created_by, created_at, expires_at, auto_renew, noted, next_due,
    statuses, detail, apply_state, queued_at, tier, protected_legacy, fixture, version)
    VALUES (domain_id,
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
        1);
    INSERT INTO idempotency_key (principal, key, epoch, log_id, occurred_at, request_hash)
    VALUES (registrar_id,
        'k-' || name,
        0,
        log_id,
        now,
        '\x5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a'::bytea);
    INSERT INTO outbox (log_id, n, queued_at, kind, zone_id, name, attempts)
    VALUES (log_id,
        0,
        now,
        'delegation',
        10,
        name,
        0);
    INSERT INTO posting (log_id, n, occurred_at, debit, debit_book, credit, credit_book, amount, currency, reason, subject)
    VALUES (log_id,
        0,
        now,
        account_id,
        'balance',
        -1,
        'balance',
        1000,
        'EUR',
        'create',
        name);
    INSERT INTO version (object_id, version, kind, log_id, occurred_at, body)
    VALUES (domain_id,
        1,
        'domain',
        log_id,
        now,
        bench_version_body());
    -- Last, so that the lock on the account is held as short as can be.
    UPDATE account a
       SET balance = a.balance - 1000
     WHERE a.id = account_id AND a.suspended_at IS NULL AND a.currency = 'EUR'
       AND a.balance - 1000 >= -a.credit
    RETURNING a.balance INTO left_over;
    IF NOT FOUND THEN RAISE 'not enough money'; END IF;
    RETURN left_over;
END $$;
