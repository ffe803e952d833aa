-- How registrars may come in through EPP: passwords, networks, client certificates; and how often a wrong password was given.

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
