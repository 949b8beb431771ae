-- How calls to an account are treated. Accounts without a row have what is the default of each column.

CREATE TABLE call_settings (
    account_id          BIGINT NOT NULL PRIMARY KEY REFERENCES accounts (account_id) ON DELETE CASCADE,
    do_not_disturb      BIGINT NOT NULL DEFAULT 0 CHECK (do_not_disturb IN (0, 1)),
    forward_always      TEXT,                                    -- numbers or usernames
    forward_busy        TEXT,
    forward_no_answer   TEXT,
    no_answer_seconds   BIGINT NOT NULL DEFAULT 20 CHECK (no_answer_seconds BETWEEN 1 AND 300),
    forward_unreachable TEXT,
    ring                TEXT    NOT NULL DEFAULT 'at_once' CHECK (ring IN ('at_once', 'in_order')),
    ring_first          TEXT    NOT NULL DEFAULT '[]',           -- a JSON list of the logins of devices
    ring_seconds        BIGINT NOT NULL DEFAULT 15 CHECK (ring_seconds BETWEEN 1 AND 300),
    call_waiting        BIGINT NOT NULL DEFAULT 1 CHECK (call_waiting IN (0, 1)),
    max_calls           BIGINT CHECK (max_calls BETWEEN 1 AND 100), -- NULL: as many as come
    refuse_anonymous    BIGINT NOT NULL DEFAULT 0 CHECK (refuse_anonymous IN (0, 1))
);

-- A ring group is an account that nobody signs in to: it has a name, numbers and call settings like any other, and members
-- instead of phones.
CREATE TABLE ring_groups (
    group_id     BIGINT NOT NULL PRIMARY KEY REFERENCES accounts (account_id) ON DELETE CASCADE,
    created_at   BIGINT NOT NULL
);

CREATE TABLE ring_group_members (
    group_id   BIGINT NOT NULL REFERENCES ring_groups (group_id) ON DELETE CASCADE,
    account_id BIGINT NOT NULL REFERENCES accounts (account_id) ON DELETE CASCADE,
    place      BIGINT NOT NULL,                                 -- in the order in which they ring
    PRIMARY KEY (group_id, account_id)
);

CREATE INDEX ring_groups_of_account ON ring_group_members (account_id);
