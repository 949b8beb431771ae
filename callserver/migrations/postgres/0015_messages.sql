-- What happens in rooms: one row for each entry of a room's sequence, which has no gap.

CREATE TABLE messages (
    room_key    BIGINT NOT NULL REFERENCES rooms (room_key) ON DELETE CASCADE,
    seq         BIGINT NOT NULL,
    stamp       BIGINT NOT NULL,                      -- its place among the entries of all rooms
    message_id  TEXT    NOT NULL,                      -- made by the sender
    kind        TEXT    NOT NULL CHECK (kind IN ('user', 'system', 'notification')),
    sender      BIGINT,                               -- the account, which may be no more; NULL: the server
    sender_name TEXT    NOT NULL DEFAULT '',           -- what it was called then
    visible_to  BIGINT,                               -- the only account that gets to see it; NULL: everybody in the room
    sent_at     BIGINT NOT NULL,                      -- Unix milliseconds
    edited_at   BIGINT,
    is_to_read  BIGINT NOT NULL CHECK (is_to_read IN (0, 1)),
    reads       BIGINT NOT NULL,                      -- how many entries up to this one are to be read
    target_seq  BIGINT,                               -- the entry that this one does something to
    body        TEXT    NOT NULL,                      -- JSON
    PRIMARY KEY (room_key, seq)
);

CREATE UNIQUE INDEX messages_by_id ON messages (message_id, room_key);
CREATE INDEX messages_by_stamp ON messages (room_key, stamp);
CREATE INDEX messages_about ON messages (room_key, target_seq) WHERE target_seq IS NOT NULL;

-- The words of the texts, in lower case, for the search.
CREATE TABLE message_words (
    room_key BIGINT NOT NULL REFERENCES rooms (room_key) ON DELETE CASCADE,
    word     TEXT COLLATE "C" NOT NULL,
    seq      BIGINT NOT NULL,
    PRIMARY KEY (room_key, word, seq)
);

-- Who has added which emoji to which message.
CREATE TABLE message_reactions (
    room_key   BIGINT NOT NULL REFERENCES rooms (room_key) ON DELETE CASCADE,
    seq        BIGINT NOT NULL,
    emoji      TEXT    NOT NULL,
    account_id BIGINT NOT NULL REFERENCES accounts (account_id) ON DELETE CASCADE,
    PRIMARY KEY (room_key, seq, emoji, account_id)
);

-- The stamp of the last entry of all rooms.
CREATE TABLE room_clock (
    id    BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    stamp BIGINT NOT NULL
);

INSERT INTO room_clock (id, stamp) VALUES (1, 0);
