-- Accounts, their devices, and the numbers that are leased to them. Times are Unix milliseconds.

CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- An account is for ever: its id is never given to anybody else (AUTOINCREMENT).
CREATE TABLE accounts (
    account_id    INTEGER PRIMARY KEY AUTOINCREMENT,
    username      TEXT    NOT NULL UNIQUE,
    display_name  TEXT    NOT NULL,
    password_hash TEXT,                              -- argon2id; NULL: no login by password
    is_disabled   INTEGER NOT NULL DEFAULT 0 CHECK (is_disabled IN (0, 1)),
    created_at    INTEGER NOT NULL
) STRICT;

-- A device is one phone with its own SIP credential, of which only the hashes are kept.
CREATE TABLE devices (
    device_id    INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id   INTEGER NOT NULL REFERENCES accounts (account_id) ON DELETE CASCADE,
    label        TEXT    NOT NULL,
    login        TEXT    NOT NULL UNIQUE,
    realm        TEXT    NOT NULL,
    ha1_md5      BLOB    NOT NULL CHECK (length(ha1_md5) = 16),
    ha1_sha256   BLOB    NOT NULL CHECK (length(ha1_sha256) = 32),
    origin       TEXT    NOT NULL CHECK (origin IN ('login', 'admin')),
    created_at   INTEGER NOT NULL,
    last_seen_at INTEGER
) STRICT;

CREATE INDEX devices_of_account ON devices (account_id);

-- Ranges of numbers of one length. `next` is the lowest number of the range that has never had a row in `numbers` by
-- automatic assignment, so that the lowest free number is found without walking the range.
CREATE TABLE pools (
    pool_id INTEGER PRIMARY KEY,
    purpose TEXT    NOT NULL CHECK (purpose IN ('accounts', 'guests', 'conferences', 'services')),
    digits  INTEGER NOT NULL CHECK (digits BETWEEN 2 AND 15),
    low     INTEGER NOT NULL,
    high    INTEGER NOT NULL,
    next    INTEGER NOT NULL,
    CHECK (low <= high AND next BETWEEN low AND high + 1)
) STRICT;

INSERT INTO pools (purpose, digits, low, high, next) VALUES ('accounts', 4, 1000, 9999, 1000);

-- A number is a lease. The epoch counts the owners that it has had.
CREATE TABLE numbers (
    number           TEXT    NOT NULL PRIMARY KEY,
    digits           INTEGER NOT NULL,
    state            TEXT    NOT NULL CHECK (state IN ('free', 'assigned', 'reserved', 'guest', 'quarantined')),
    account_id       INTEGER REFERENCES accounts (account_id) ON DELETE SET NULL, -- the owner; in quarantine the last one
    is_primary       INTEGER NOT NULL DEFAULT 0 CHECK (is_primary IN (0, 1)),
    epoch            INTEGER NOT NULL DEFAULT 1,
    changed_at       INTEGER NOT NULL,
    lease_ends_at    INTEGER,                                    -- of guests, and of quarantine
    CHECK (state <> 'assigned' OR account_id IS NOT NULL),
    CHECK (state NOT IN ('free', 'reserved') OR account_id IS NULL),
    CHECK (is_primary = 0 OR state = 'assigned')
) STRICT;

CREATE UNIQUE INDEX one_primary_number ON numbers (account_id) WHERE is_primary = 1;
CREATE INDEX numbers_of_account ON numbers (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX free_numbers ON numbers (digits, number) WHERE state = 'free';

-- Who had which number when, and why it changed. Nothing here is ever changed or deleted.
CREATE TABLE number_history (
    entry_id    INTEGER PRIMARY KEY AUTOINCREMENT,
    number      TEXT    NOT NULL,
    epoch       INTEGER NOT NULL,
    state       TEXT    NOT NULL,
    account_id  INTEGER,                                         -- no reference: history outlives the account
    username    TEXT,                                            -- as it was then
    happened_at INTEGER NOT NULL,
    reason      TEXT    NOT NULL
) STRICT;

CREATE INDEX history_of_number ON number_history (number, entry_id);
