-- Registered phones, so that a restarted server reaches them before they register again. Times are Unix milliseconds.
CREATE TABLE bindings (
    binding_id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES accounts (account_id) ON DELETE CASCADE,
    device_id  INTEGER NOT NULL REFERENCES devices (device_id) ON DELETE CASCADE,
    contact    TEXT    NOT NULL,
    q          INTEGER NOT NULL,
    path       TEXT    NOT NULL,                 -- a JSON list of the values of Path (RFC 3327)
    transport  TEXT    NOT NULL,
    local      TEXT    NOT NULL,                 -- ADDRESS:PORT of ours
    remote     TEXT    NOT NULL,                 -- ADDRESS:PORT of the phone, or of what stands before it
    instance   TEXT,                             -- +sip.instance (RFC 5626)
    reg_id     INTEGER,
    call_id    TEXT    NOT NULL,
    cseq       INTEGER NOT NULL,
    user_agent TEXT,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX bindings_of_device ON bindings (device_id);
CREATE INDEX bindings_of_account ON bindings (account_id);
