-- With which keys devices sign what they tell each other without the server. A key stays when its device is no more: what was
-- signed before may come later, and from the other side.
CREATE TABLE peer_keys (
    public_key TEXT   NOT NULL PRIMARY KEY,          -- Ed25519, 64 hexadecimal digits
    account_id INTEGER NOT NULL REFERENCES accounts (account_id) ON DELETE CASCADE,
    device_id  INTEGER,                               -- whose it is, if a device came with the login; may be no more
    told_at    INTEGER NOT NULL,                      -- Unix milliseconds
    seen_at    INTEGER NOT NULL                       -- when its device connected with it last
) STRICT, WITHOUT ROWID;

CREATE INDEX peer_keys_of_account ON peer_keys (account_id, seen_at);
