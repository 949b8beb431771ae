-- Messages that callers have left. The sound is beside them, so that lists do not read it.
CREATE TABLE voicemails (
    voicemail_id  INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id    INTEGER NOT NULL REFERENCES accounts (account_id) ON DELETE CASCADE,   -- whose they are
    caller_id     INTEGER REFERENCES accounts (account_id) ON DELETE SET NULL,           -- NULL: who hid, or is no more
    caller_number TEXT,
    caller_name   TEXT    NOT NULL,
    left_at       INTEGER NOT NULL,
    millis        INTEGER NOT NULL,
    is_heard      INTEGER NOT NULL DEFAULT 0 CHECK (is_heard IN (0, 1)),
    recording     TEXT    NOT NULL UNIQUE                    -- so that none is taken up twice after a crash
) STRICT;
CREATE INDEX voicemails_of ON voicemails (account_id, voicemail_id);
CREATE INDEX voicemails_by_age ON voicemails (left_at);

CREATE TABLE voicemail_sounds (
    voicemail_id INTEGER NOT NULL PRIMARY KEY REFERENCES voicemails (voicemail_id) ON DELETE CASCADE,
    content      BLOB    NOT NULL
) STRICT;

-- What callers hear before they leave one. An account without a row has the server's own greeting.
CREATE TABLE voicemail_greetings (
    account_id INTEGER NOT NULL PRIMARY KEY REFERENCES accounts (account_id) ON DELETE CASCADE,
    content    BLOB    NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;

ALTER TABLE call_settings ADD COLUMN voicemail_is_on INTEGER NOT NULL DEFAULT 0 CHECK (voicemail_is_on IN (0, 1));
ALTER TABLE call_settings ADD COLUMN voicemail_after INTEGER NOT NULL DEFAULT 25;
