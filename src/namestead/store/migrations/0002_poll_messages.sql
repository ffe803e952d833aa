-- What the registry has to tell its registrars (RFC 5730, 2.9.2.3), and below which balance it does so.

-- A threshold in minor units: 100.00 in most currencies. Old code never reads it.
ALTER TABLE account ADD COLUMN low_balance bigint NOT NULL DEFAULT 10000;

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
