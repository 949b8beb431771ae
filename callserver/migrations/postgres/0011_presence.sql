-- What people tell about themselves, and who may see it. An account without a row is available, to everybody.
CREATE TABLE presence (
    account_id   BIGINT NOT NULL PRIMARY KEY REFERENCES accounts (account_id) ON DELETE CASCADE,
    state        TEXT    NOT NULL DEFAULT 'available'
                 CHECK (state IN ('available', 'away', 'busy', 'do_not_disturb', 'invisible')),
    note         TEXT    NOT NULL DEFAULT '',
    visibility   TEXT    NOT NULL DEFAULT 'everyone' CHECK (visibility IN ('everyone', 'contacts', 'nobody')),
    changed_at   BIGINT NOT NULL DEFAULT 0,                 -- when the owner chose it; 0: never
    last_seen_at BIGINT                                     -- when the last phone went, or when the owner hid
);

-- A JSON list of names; one contact may be in several groups.
ALTER TABLE contacts ADD COLUMN groups TEXT NOT NULL DEFAULT '[]';
ALTER TABLE contacts ADD COLUMN is_blocked BIGINT NOT NULL DEFAULT 0 CHECK (is_blocked IN (0, 1));

-- Who has somebody among the contacts, for what is told to them.
CREATE INDEX contacts_that_are ON contacts (account_id, owner_id) WHERE account_id IS NOT NULL;
