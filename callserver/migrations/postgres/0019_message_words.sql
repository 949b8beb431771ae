-- The words of messages, by blocks of 1,024 sequence numbers: which words there are in a block, and in which entries of
-- it. A block is added when it is full; what comes after `words_upto` is short enough to be read when somebody searches.

DROP TABLE message_words;

CREATE TABLE message_words (
    room_key BIGINT NOT NULL REFERENCES rooms (room_key) ON DELETE CASCADE,
    block    BIGINT NOT NULL,                          -- the sequence number divided by 1,024
    word     TEXT COLLATE "C" NOT NULL,                -- in lower case
    places   BYTEA  NOT NULL,                          -- the remainders: two bytes each, or 128 bytes with a bit for each
    PRIMARY KEY (room_key, block, word)
);

ALTER TABLE rooms ADD COLUMN words_upto BIGINT NOT NULL DEFAULT 0;

-- The room of a message is known when its id is looked for; so what is new in a room stands together.
DROP INDEX messages_by_id;
CREATE UNIQUE INDEX messages_by_id ON messages (room_key, message_id);
