-- Rooms and who is in them. Participants hang on accounts, never on numbers: a new number changes nothing here.

CREATE TABLE rooms (
    room_key     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    room_id      TEXT    NOT NULL UNIQUE,              -- what others know it by
    kind         TEXT    NOT NULL CHECK (kind IN ('direct', 'group')),
    pair         TEXT    UNIQUE,                       -- of a direct room: both accounts, the smaller id first, as 7:9
    name         TEXT,                                 -- NULL: composed of the participants' names
    description  TEXT    NOT NULL DEFAULT '',
    picture      TEXT,
    settings     TEXT    NOT NULL DEFAULT '{}',        -- JSON
    keep_messages INTEGER,                             -- as the settings say; NULL: as many as the server keeps
    keep_days     INTEGER,                             -- NULL: for ever
    opened_by    INTEGER NOT NULL,                     -- the account, which may be no more
    opened_at    INTEGER NOT NULL,                     -- Unix milliseconds
    first_seq    INTEGER NOT NULL DEFAULT 1,           -- what came before is in the archive
    last_seq     INTEGER NOT NULL DEFAULT 0,
    reads        INTEGER NOT NULL DEFAULT 0,           -- how many of its entries are to be read, those in the archive too
    last_stamp   INTEGER NOT NULL DEFAULT 0            -- of its last entry
) STRICT;

CREATE TABLE room_participants (
    room_key       INTEGER NOT NULL REFERENCES rooms (room_key) ON DELETE CASCADE,
    account_id     INTEGER NOT NULL REFERENCES accounts (account_id) ON DELETE CASCADE,
    role           TEXT    NOT NULL CHECK (role IN ('member', 'moderator', 'owner')),
    joined_at      INTEGER NOT NULL,
    visible_from   INTEGER NOT NULL DEFAULT 1,         -- the first sequence number that they may read
    delivered_seq  INTEGER NOT NULL DEFAULT 0,
    read_seq       INTEGER NOT NULL DEFAULT 0,
    read_reads     INTEGER NOT NULL DEFAULT 0,         -- how many entries up to read_seq are to be read
    own_after_read INTEGER NOT NULL DEFAULT 0,         -- how many of those after read_seq are their own
    is_hidden      INTEGER NOT NULL DEFAULT 0 CHECK (is_hidden IN (0, 1)), -- not in their list until something is said
    PRIMARY KEY (room_key, account_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX rooms_of_account ON room_participants (account_id, room_key);
