-- What happens in rooms: one row for each entry of a room's sequence, which has no gap.

CREATE TABLE messages (
    room_key    INTEGER NOT NULL REFERENCES rooms (room_key) ON DELETE CASCADE,
    seq         INTEGER NOT NULL,
    stamp       INTEGER NOT NULL,                      -- its place among the entries of all rooms
    message_id  TEXT    NOT NULL,                      -- made by the sender
    kind        TEXT    NOT NULL CHECK (kind IN ('user', 'system', 'notification')),
    sender      INTEGER,                               -- the account, which may be no more; NULL: the server
    sender_name TEXT    NOT NULL DEFAULT '',           -- what it was called then
    visible_to  INTEGER,                               -- the only account that gets to see it; NULL: everybody in the room
    sent_at     INTEGER NOT NULL,                      -- Unix milliseconds
    edited_at   INTEGER,
    is_to_read  INTEGER NOT NULL CHECK (is_to_read IN (0, 1)),
    reads       INTEGER NOT NULL,                      -- how many entries up to this one are to be read
    target_seq  INTEGER,                               -- the entry that this one does something to
    body        TEXT    NOT NULL,                      -- JSON
    PRIMARY KEY (room_key, seq)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX messages_by_id ON messages (message_id, room_key);
CREATE INDEX messages_by_stamp ON messages (room_key, stamp);
CREATE INDEX messages_about ON messages (room_key, target_seq) WHERE target_seq IS NOT NULL;

-- The words of the texts, in lower case, for the search.
CREATE TABLE message_words (
    room_key INTEGER NOT NULL REFERENCES rooms (room_key) ON DELETE CASCADE,
    word     TEXT    NOT NULL,
    seq      INTEGER NOT NULL,
    PRIMARY KEY (room_key, word, seq)
) STRICT, WITHOUT ROWID;

-- Who has added which emoji to which message.
CREATE TABLE message_reactions (
    room_key   INTEGER NOT NULL REFERENCES rooms (room_key) ON DELETE CASCADE,
    seq        INTEGER NOT NULL,
    emoji      TEXT    NOT NULL,
    account_id INTEGER NOT NULL REFERENCES accounts (account_id) ON DELETE CASCADE,
    PRIMARY KEY (room_key, seq, emoji, account_id)
) STRICT, WITHOUT ROWID;

-- The stamp of the last entry of all rooms.
CREATE TABLE room_clock (
    id    INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    stamp INTEGER NOT NULL
) STRICT;

INSERT INTO room_clock (id, stamp) VALUES (1, 0);
