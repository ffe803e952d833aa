-- The register, whole. `migrations/` builds the same, step by step; a test compares the two.
--
-- Invariants stand here as constraints with the reason above them (DESIGN.md, "What must always hold").
-- Rows of `zone`, `account`, `registrar` and `host` are never deleted: a trigger says so, and in exchange the hot tables carry no
-- foreign key to them. A foreign key takes a share lock on the one row all concurrent creates have in common, which is
-- the deadlock and the multixact storm that registries are known for.
-- Tables that only grow (command_log, version, posting, outbox) are partitioned by month of registry time.

CREATE SEQUENCE object_id AS bigint INCREMENT BY 1000;   -- processes take ids a thousand at a time
CREATE SEQUENCE log_id AS bigint INCREMENT BY 1000;

-- One row: where the registry's clock stands against real time. Moved only in OT&E deployments.
CREATE TABLE registry (
    only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    clock_offset interval NOT NULL DEFAULT '0',
    ote        boolean NOT NULL DEFAULT false,
    reference  bigint NOT NULL DEFAULT 1,     -- counts changes to zones, registrars, listings and keys
    created_at timestamptz NOT NULL DEFAULT now(),
    -- Time is moved where registrars rehearse, never where they trade.
    CONSTRAINT registry_clock_only_in_ote CHECK (ote OR clock_offset = '0')
);
INSERT INTO registry DEFAULT VALUES;

CREATE TABLE account (
    id           bigint PRIMARY KEY,
    slug         text NOT NULL UNIQUE,
    name         text NOT NULL,
    currency     text NOT NULL,
    balance      bigint NOT NULL DEFAULT 0,
    held         bigint NOT NULL DEFAULT 0,
    credit       bigint NOT NULL DEFAULT 0 CHECK (credit >= 0),
    low_balance  bigint NOT NULL DEFAULT 10000,   -- minor units; falling below it is told once
    created_at   timestamptz NOT NULL,
    suspended_at timestamptz,
    updated_at   timestamptz,
    version      integer NOT NULL DEFAULT 1,
    -- A hold that is captured or released twice shows here and fails its transaction.
    CONSTRAINT account_held_not_negative CHECK (held >= 0)
) WITH (fillfactor = 50);

CREATE TABLE registrar (
    id                  bigint PRIMARY KEY,
    account_id          bigint NOT NULL REFERENCES account,
    channel_id          text NOT NULL UNIQUE,
    slug                text NOT NULL UNIQUE,
    name                text NOT NULL,
    approved            boolean NOT NULL,
    production_approved boolean NOT NULL,
    dns_module          boolean NOT NULL,
    created_at          timestamptz NOT NULL,
    rate_limit          integer CHECK (rate_limit > 0),
    epoch               integer NOT NULL DEFAULT 1,
    evidence            boolean NOT NULL DEFAULT false,
    updated_at          timestamptz,
    version             integer NOT NULL DEFAULT 1
);

CREATE TABLE zone (
    id                 bigint PRIMARY KEY,
    name               text COLLATE "C" NOT NULL UNIQUE,
    test               boolean NOT NULL,
    house_registrar_id bigint REFERENCES registrar,
    policy             jsonb NOT NULL,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz,
    version            integer NOT NULL DEFAULT 1
);

CREATE TABLE listing (
    registrar_id bigint NOT NULL REFERENCES registrar,
    zone_id      bigint NOT NULL REFERENCES zone,
    status       text NOT NULL CHECK (status IN ('approved', 'requested', 'suspended')),
    PRIMARY KEY (registrar_id, zone_id)
);

CREATE FUNCTION never_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never deleted: hot tables rely on them without a foreign key', TG_TABLE_NAME;
END $$;
CREATE TRIGGER account_never_deleted BEFORE DELETE ON account EXECUTE FUNCTION never_deleted();
CREATE TRIGGER registrar_never_deleted BEFORE DELETE ON registrar EXECUTE FUNCTION never_deleted();
CREATE TRIGGER zone_never_deleted BEFORE DELETE ON zone EXECUTE FUNCTION never_deleted();

CREATE TABLE api_key (
    id           text PRIMARY KEY,
    account_id   bigint NOT NULL REFERENCES account,
    registrar_id bigint REFERENCES registrar,
    hash         bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
    profile      text NOT NULL,
    scopes       text[] NOT NULL,
    created_at   timestamptz NOT NULL,
    label        text NOT NULL DEFAULT '',
    expires_at   timestamptz,
    revoked_at   timestamptz,
    rate_limit   integer CHECK (rate_limit > 0)
);

-- A registrar without a row here has no access through EPP.
CREATE TABLE epp_access (
    registrar_id        bigint PRIMARY KEY REFERENCES registrar,
    created_at          timestamptz NOT NULL,
    enabled             boolean NOT NULL,
    password_hash       text,
    password_changed_at timestamptz,             -- real time
    networks            text[] NOT NULL,
    session_cap         integer CHECK (session_cap > 0),
    cltrid_as_key       boolean NOT NULL,
    updated_at          timestamptz,
    -- Invariant 8: what is stored of a password is a hash, of the one kind that is ever compared.
    CONSTRAINT epp_access_password_hashed CHECK (password_hash LIKE '$argon2id$%'),
    CONSTRAINT epp_access_password_dated CHECK ((password_hash IS NULL) = (password_changed_at IS NULL))
);

CREATE TABLE epp_certificate (
    id           bigint PRIMARY KEY,
    registrar_id bigint NOT NULL REFERENCES registrar,
    fingerprint  bytea NOT NULL CHECK (length(fingerprint) = 32),
    subject      text NOT NULL,
    not_after    timestamptz NOT NULL,
    added_at     timestamptz NOT NULL,           -- real time, like removed_at
    removed_at   timestamptz
);
-- A certificate says who comes: it is one registrar's alone.
CREATE UNIQUE INDEX epp_certificate_bound_once ON epp_certificate (fingerprint) WHERE removed_at IS NULL;
CREATE INDEX epp_certificate_by_registrar ON epp_certificate (registrar_id) WHERE removed_at IS NULL;

-- Wrong passwords by registrar and hour of real time: what a registrar is told at its next login (RFC 8807). Lost in a
-- crash, by design: guesses are bounded by the rate limit, not by this.
CREATE UNLOGGED TABLE epp_failed_login (
    registrar_id bigint NOT NULL,
    hour         timestamptz NOT NULL,
    failures     integer NOT NULL,
    PRIMARY KEY (registrar_id, hour)
);

-- How many sessions each process serves of each registrar. A row counts while the connection that wrote it lives, so that
-- sessions of a process that died are free at once (engine/sessions.py).
CREATE UNLOGGED TABLE epp_session (
    process       bigint NOT NULL,
    registrar_id  bigint NOT NULL,
    sessions      integer NOT NULL CHECK (sessions >= 0),
    pid           integer NOT NULL,
    backend_start timestamptz NOT NULL,
    PRIMARY KEY (process, registrar_id)
);
CREATE INDEX epp_session_by_registrar ON epp_session (registrar_id);

CREATE TABLE contact (
    id           bigint PRIMARY KEY,
    handle       text COLLATE "C" NOT NULL,
    registrar_id bigint NOT NULL,
    created_by   bigint NOT NULL,
    created_at   timestamptz NOT NULL,
    detail       jsonb NOT NULL,            -- postal addresses, email, phone, disclosure
    statuses     text[] NOT NULL DEFAULT '{}',
    auth_hash    bytea CHECK (length(auth_hash) = 32),
    updated_at   timestamptz,
    erased_at    timestamptz,
    deleted_at   timestamptz,
    version      integer NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX contact_live_handle ON contact (handle) WHERE deleted_at IS NULL;

CREATE TABLE domain (
    id               bigint PRIMARY KEY,
    name             text COLLATE "C" NOT NULL,
    zone_id          bigint NOT NULL,
    registrar_id     bigint NOT NULL,
    created_by       bigint NOT NULL,
    created_at       timestamptz NOT NULL,
    expires_at       timestamptz NOT NULL,
    auto_renew       boolean NOT NULL,
    noted            text NOT NULL,
    next_due         timestamptz,           -- rules/lifecycle.next_due: what the jobs look for
    lapses_at        timestamptz,
    redemption_until timestamptz,
    release_at       timestamptz,
    deleted_at       timestamptz,
    ended_at         timestamptz,
    end_reason       text,
    restore_until    timestamptz,
    statuses         text[] NOT NULL,
    registrant_id    bigint REFERENCES contact,
    gaining_id       bigint,                -- while a transfer is pending
    detail           text NOT NULL,         -- JSON: ds, records, graces, transfer
    auth_hash        bytea,
    auth_expires_at  timestamptz,
    apply_state      text NOT NULL,
    queued_at        timestamptz,
    applied_at       timestamptz,
    tier             text NOT NULL,
    protected_legacy boolean NOT NULL,
    reviewed_at      timestamptz,
    fixture          boolean NOT NULL,
    updated_at       timestamptz,
    transferred_at   timestamptz,
    version          integer NOT NULL,
    CONSTRAINT domain_noted_known CHECK (noted IN
        ('active', 'expired', 'redemption', 'pending_restore', 'pending_delete', 'released', 'cancelled')),
    CONSTRAINT domain_ended_with_reason CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
    CONSTRAINT domain_falls_in_order CHECK (lapses_at <= redemption_until AND redemption_until <= release_at),
    CONSTRAINT domain_auth_hashed CHECK (length(auth_hash) = 32)
);
-- Invariant 1: a name has at most one live registration, whatever runs at the same time.
CREATE UNIQUE INDEX domain_live_name ON domain (name) WHERE ended_at IS NULL;
CREATE INDEX domain_by_registrar ON domain (registrar_id, name) WHERE ended_at IS NULL;
CREATE INDEX domain_by_expiry ON domain (registrar_id, expires_at, id) WHERE ended_at IS NULL;
CREATE INDEX domain_due ON domain (next_due) WHERE next_due IS NOT NULL;
CREATE INDEX domain_by_registrant ON domain (registrant_id) WHERE registrant_id IS NOT NULL;

CREATE TABLE domain_contact (
    domain_id  bigint NOT NULL,
    type       text NOT NULL CHECK (type IN ('admin', 'billing', 'tech')),
    contact_id bigint NOT NULL REFERENCES contact,
    PRIMARY KEY (domain_id, type, contact_id)
);
CREATE INDEX domain_contact_linked ON domain_contact (contact_id);

CREATE TABLE host (
    id           bigint PRIMARY KEY,
    name         text COLLATE "C" NOT NULL,
    registrar_id bigint NOT NULL,
    created_by   bigint NOT NULL,
    created_at   timestamptz NOT NULL,
    parent_id    bigint REFERENCES domain,
    addresses    text[] NOT NULL DEFAULT '{}',
    statuses     text[] NOT NULL DEFAULT '{}',
    updated_at   timestamptz,
    deleted_at   timestamptz,
    version      integer NOT NULL DEFAULT 1,
    -- An external host has no address here (RFC 5732, 2.5).
    CONSTRAINT host_external_without_address CHECK (parent_id IS NOT NULL OR addresses = '{}')
);
CREATE TRIGGER host_never_deleted BEFORE DELETE ON host EXECUTE FUNCTION never_deleted();
CREATE UNIQUE INDEX host_live_name ON host (name) WHERE deleted_at IS NULL;
CREATE INDEX host_under ON host (parent_id) WHERE parent_id IS NOT NULL;

-- Which hosts a domain is delegated to, in order. Half a TLD may use one host, so there is no foreign key to it; host rows
-- are never deleted, only marked (docs/decisions/0004).
CREATE TABLE delegation (
    domain_id bigint NOT NULL,
    host_id   bigint NOT NULL,
    position  smallint NOT NULL,
    PRIMARY KEY (domain_id, host_id)
);
CREATE INDEX delegation_by_host ON delegation (host_id, domain_id);

CREATE TABLE retained (
    id         bigint PRIMARY KEY,
    name       text COLLATE "C" NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('blocked', 'disputed', 'reserved', 'claim')),
    created_at timestamptz NOT NULL,
    starts_at  timestamptz,
    ends_at    timestamptz,
    reason     text NOT NULL DEFAULT '',
    token_hash bytea CHECK (length(token_hash) = 32),
    used_at    timestamptz,
    created_by text NOT NULL DEFAULT '',
    removed_at timestamptz,
    fixture    boolean NOT NULL DEFAULT false,
    updated_at timestamptz,
    version    integer NOT NULL DEFAULT 1,
    CONSTRAINT retained_starts_before_it_ends CHECK (starts_at < ends_at)
);
-- A name may be reserved and disputed at once, but not reserved twice.
CREATE UNIQUE INDEX retained_once_a_kind ON retained (name, kind) WHERE removed_at IS NULL AND used_at IS NULL;
CREATE INDEX retained_by_kind ON retained (kind, name) WHERE removed_at IS NULL AND used_at IS NULL;

-- The audit and the poll. `xact` orders rows for cursors: a reader stays behind pg_snapshot_xmin and skips none.
CREATE TABLE command_log (
    id                    bigint NOT NULL,
    xact                  xid8 NOT NULL DEFAULT pg_current_xact_id(),
    occurred_at           timestamptz NOT NULL,
    surface               text NOT NULL,
    command               text NOT NULL,
    registrar_id          bigint,
    counterpart_id        bigint,
    actor                 text NOT NULL,
    domain                text COLLATE "C",
    status                text NOT NULL,
    apply                 text NOT NULL,
    error                 text,
    idempotency_key       text,
    client_transaction_id text,
    request_id            text,
    request               text NOT NULL,     -- JSON: the safe summary
    result                text,              -- JSON: the answer, as a replay gives it again
    CONSTRAINT command_log_status_known CHECK (status IN ('success', 'sandbox', 'failed', 'replayed')),
    CONSTRAINT command_log_apply_known CHECK (apply IN ('none', 'pending', 'applied', 'failed')),
    PRIMARY KEY (id, occurred_at)
) PARTITION BY RANGE (occurred_at);
CREATE INDEX command_log_by_registrar ON command_log (registrar_id, xact, id);
CREATE INDEX command_log_by_domain ON command_log (domain, xact, id) WHERE domain IS NOT NULL;
CREATE INDEX command_log_counterpart ON command_log (counterpart_id, xact, id) WHERE counterpart_id IS NOT NULL;
CREATE INDEX command_log_pending ON command_log (registrar_id, xact, id) WHERE apply IN ('pending', 'failed');
CREATE INDEX command_log_unsuccessful_key ON command_log (registrar_id, idempotency_key)
    WHERE idempotency_key IS NOT NULL AND status IN ('failed', 'replayed');
CREATE INDEX command_log_failed_auth ON command_log (domain, occurred_at) WHERE error = 'auth_info_invalid';

-- Invariant 4. Only a success holds a key; epoch 0 is production, others count the channel's sandbox resets.
CREATE TABLE idempotency_key (
    principal    bigint NOT NULL,
    key          text COLLATE "C" NOT NULL,
    epoch        integer NOT NULL,
    log_id       bigint NOT NULL,
    occurred_at  timestamptz NOT NULL,
    request_hash bytea NOT NULL,
    PRIMARY KEY (principal, key, epoch)
);

CREATE TABLE version (
    object_id   bigint NOT NULL,
    version     integer NOT NULL,
    kind        text NOT NULL,
    log_id      bigint NOT NULL,
    occurred_at timestamptz NOT NULL,
    body        text NOT NULL,               -- JSON: the object as it was from then on
    PRIMARY KEY (object_id, version, occurred_at)
) PARTITION BY RANGE (occurred_at);

-- Invariant 3. One row is one movement with both its sides, so that postings sum to zero by construction.
CREATE TABLE posting (
    log_id      bigint NOT NULL,
    n           smallint NOT NULL,
    xact        xid8 NOT NULL DEFAULT pg_current_xact_id(),
    occurred_at timestamptz NOT NULL,
    debit       bigint NOT NULL,
    debit_book  text NOT NULL CHECK (debit_book IN ('balance', 'held')),
    credit      bigint NOT NULL,
    credit_book text NOT NULL CHECK (credit_book IN ('balance', 'held')),
    amount      bigint NOT NULL CHECK (amount > 0),
    currency    text NOT NULL,
    reason      text NOT NULL,
    subject     text,
    CONSTRAINT posting_moves CHECK (debit <> credit OR debit_book <> credit_book),
    PRIMARY KEY (log_id, n, occurred_at)
) PARTITION BY RANGE (occurred_at);
-- System accounts have negative ids; nobody lists their postings one by one.
CREATE INDEX posting_by_debit ON posting (debit, xact, log_id, n) WHERE debit > 0;
CREATE INDEX posting_by_credit ON posting (credit, xact, log_id, n) WHERE credit > 0;

CREATE TABLE outbox (
    log_id     bigint NOT NULL,
    n          smallint NOT NULL,
    xact       xid8 NOT NULL DEFAULT pg_current_xact_id(),
    queued_at  timestamptz NOT NULL,
    kind       text NOT NULL,
    zone_id    bigint NOT NULL,
    name       text COLLATE "C" NOT NULL,
    applied_at timestamptz,
    attempts   integer NOT NULL DEFAULT 0,
    last_error text,
    PRIMARY KEY (log_id, n, queued_at)
) PARTITION BY RANGE (queued_at);
CREATE INDEX outbox_waiting ON outbox (zone_id, xact, log_id, n) WHERE applied_at IS NULL;

CREATE TABLE command_log_default PARTITION OF command_log DEFAULT;
CREATE TABLE version_default PARTITION OF version DEFAULT;
CREATE TABLE posting_default PARTITION OF posting DEFAULT;
CREATE TABLE outbox_default PARTITION OF outbox DEFAULT;

-- What the registry has to tell its registrars (RFC 5730, 2.9.2.3), each in the transaction of what it tells.
CREATE SEQUENCE poll_message_id AS bigint;

CREATE TABLE poll_message (
    id           bigint PRIMARY KEY DEFAULT nextval('poll_message_id'),
    registrar_id bigint NOT NULL,
    xact         xid8 NOT NULL DEFAULT pg_current_xact_id(),
    queued_at    timestamptz NOT NULL,
    log_id       bigint NOT NULL,
    kind         text NOT NULL,
    object       text COLLATE "C",          -- a domain's name, a contact's id
    text         text NOT NULL,
    data         text NOT NULL,             -- JSON, without personal data
    acked_at     timestamptz
);
-- A registrar's queue, oldest first. `xact` orders it: a reader stays behind pg_snapshot_xmin, so nothing comes in before
-- what was read already.
CREATE INDEX poll_message_waiting ON poll_message (registrar_id, xact, id) WHERE acked_at IS NULL;

-- Counters of the exact rate limit. Lost in a crash, by design: a minute later nobody asks for them.
CREATE UNLOGGED TABLE rate (
    bucket text COLLATE "C" NOT NULL,
    minute bigint NOT NULL,
    used   integer NOT NULL,
    PRIMARY KEY (bucket, minute)
) WITH (fillfactor = 50);
