-- People (guests, administrators, sessions, invitations, contacts), the number plan with quarantine, call records, and
-- the audit log. Times are Unix milliseconds; truth values are 0 and 1.

ALTER TABLE accounts ADD COLUMN kind TEXT NOT NULL DEFAULT 'person' CHECK (kind IN ('person', 'guest', 'erased'));
ALTER TABLE accounts ADD COLUMN role TEXT NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin'));
-- What is left of a username when what looks alike is one; NULL for names that were alike before there was this rule.
ALTER TABLE accounts ADD COLUMN username_skeleton TEXT;
ALTER TABLE accounts ADD COLUMN password_changed_at INTEGER;

CREATE UNIQUE INDEX accounts_look_different ON accounts (username_skeleton) WHERE username_skeleton IS NOT NULL;

CREATE TABLE account_pictures (
    account_id INTEGER NOT NULL PRIMARY KEY REFERENCES accounts (account_id) ON DELETE CASCADE,
    media_type TEXT    NOT NULL,
    content    BLOB    NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;

-- Names that their owners gave up rest, so that nobody else is taken for them.
CREATE TABLE former_usernames (
    username   TEXT    NOT NULL PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES accounts (account_id) ON DELETE CASCADE,
    rests_until INTEGER NOT NULL
) STRICT;

-- One login over HTTP. Of its tokens only SHA-256 is kept. The last refresh token is remembered to notice theft.
CREATE TABLE sessions (
    session_id             INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id             INTEGER NOT NULL REFERENCES accounts (account_id) ON DELETE CASCADE,
    device_id              INTEGER REFERENCES devices (device_id) ON DELETE CASCADE,
    label                  TEXT    NOT NULL,
    access_sha256          BLOB    NOT NULL UNIQUE CHECK (length(access_sha256) = 32),
    access_ends_at         INTEGER NOT NULL,
    refresh_sha256         BLOB    NOT NULL UNIQUE CHECK (length(refresh_sha256) = 32),
    former_refresh_sha256  BLOB    UNIQUE CHECK (length(former_refresh_sha256) = 32),
    refresh_ends_at        INTEGER NOT NULL,
    created_at             INTEGER NOT NULL,
    refreshed_at           INTEGER NOT NULL
) STRICT;

CREATE INDEX sessions_of_account ON sessions (account_id);
CREATE INDEX sessions_of_device ON sessions (device_id) WHERE device_id IS NOT NULL;

CREATE TABLE invitations (
    invitation_id INTEGER PRIMARY KEY AUTOINCREMENT,
    code_sha256   BLOB    NOT NULL UNIQUE CHECK (length(code_sha256) = 32),
    note          TEXT    NOT NULL DEFAULT '',
    number        TEXT,                                          -- reserved for whoever takes it
    uses_left     INTEGER NOT NULL CHECK (uses_left >= 0),
    made_by       INTEGER REFERENCES accounts (account_id) ON DELETE SET NULL,
    created_at    INTEGER NOT NULL,
    ends_at       INTEGER NOT NULL
) STRICT;

-- The answer to a request that changed something, for whoever asks the same again.
CREATE TABLE idempotent_answers (
    scope          TEXT    NOT NULL,                             -- who asked: an account, or an address
    key            TEXT    NOT NULL,
    request_sha256 BLOB    NOT NULL CHECK (length(request_sha256) = 32),
    status         INTEGER NOT NULL,
    body           BLOB    NOT NULL,
    created_at     INTEGER NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT;

CREATE INDEX idempotent_answers_by_age ON idempotent_answers (created_at);

CREATE TABLE contacts (
    contact_id   INTEGER PRIMARY KEY AUTOINCREMENT,
    owner_id     INTEGER NOT NULL REFERENCES accounts (account_id) ON DELETE CASCADE,
    account_id   INTEGER REFERENCES accounts (account_id) ON DELETE SET NULL, -- then the number shown is always today's
    number       TEXT,                                           -- for those who are nobody's account
    name         TEXT    NOT NULL,
    note         TEXT    NOT NULL DEFAULT '',
    is_favourite INTEGER NOT NULL DEFAULT 0 CHECK (is_favourite IN (0, 1)),
    created_at   INTEGER NOT NULL,
    changed_at   INTEGER NOT NULL
) STRICT;

CREATE INDEX contacts_of_owner ON contacts (owner_id, contact_id);
CREATE UNIQUE INDEX one_contact_per_account ON contacts (owner_id, account_id) WHERE account_id IS NOT NULL;
CREATE UNIQUE INDEX one_contact_per_number ON contacts (owner_id, number) WHERE number IS NOT NULL;

-- Who called whom, with the names and numbers of that day.
CREATE TABLE call_records (
    record_id      INTEGER PRIMARY KEY AUTOINCREMENT,
    caller_id      INTEGER,
    caller_number  TEXT,
    caller_name    TEXT    NOT NULL,
    callee_id      INTEGER,
    callee_number  TEXT,
    callee_name    TEXT    NOT NULL,
    dialled        TEXT    NOT NULL,
    started_at     INTEGER NOT NULL,
    answered_at    INTEGER,
    ended_at       INTEGER NOT NULL,
    cause          TEXT    NOT NULL
) STRICT;

CREATE INDEX records_of_caller ON call_records (caller_id, record_id) WHERE caller_id IS NOT NULL;
CREATE INDEX records_of_callee ON call_records (callee_id, record_id) WHERE callee_id IS NOT NULL;

-- The number plan: pools may be international (E.164), and give the lowest free number or any.
ALTER TABLE pools ADD COLUMN is_international INTEGER NOT NULL DEFAULT 0 CHECK (is_international IN (0, 1));
ALTER TABLE pools ADD COLUMN policy TEXT NOT NULL DEFAULT 'lowest' CHECK (policy IN ('lowest', 'random'));

INSERT INTO pools (purpose, digits, low, high, next, policy) VALUES ('guests', 5, 90000, 98999, 90000, 'random');

-- A number is a lease. The epoch counts the owners that it has had. In quarantine it still belongs to its last owner, who
-- says what callers get: they reach the present number ('forward'), are told it ('moved', 301), or hear 'gone' (410).
CREATE TABLE numbers_with_quarantine (
    number        TEXT    NOT NULL PRIMARY KEY,
    digits        INTEGER NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('free', 'assigned', 'reserved', 'guest', 'quarantined')),
    account_id    INTEGER REFERENCES accounts (account_id) ON DELETE SET NULL, -- the owner; in quarantine the last one
    is_primary    INTEGER NOT NULL DEFAULT 0 CHECK (is_primary IN (0, 1)),
    epoch         INTEGER NOT NULL DEFAULT 1,
    changed_at    INTEGER NOT NULL,
    lease_ends_at INTEGER,                                       -- of guests, and of quarantine
    on_call       TEXT    CHECK (on_call IN ('forward', 'moved', 'gone')),
    forward_to    TEXT,                                          -- NULL: the last owner's primary number
    note          TEXT,                                          -- why it is reserved
    CHECK (state NOT IN ('assigned', 'guest') OR account_id IS NOT NULL),
    CHECK (state NOT IN ('free', 'reserved') OR account_id IS NULL),
    CHECK (is_primary = 0 OR state IN ('assigned', 'guest')),
    CHECK ((on_call IS NOT NULL) = (state = 'quarantined')),
    CHECK ((lease_ends_at IS NOT NULL) = (state IN ('guest', 'quarantined')))
) STRICT;

INSERT INTO numbers_with_quarantine (number, digits, state, account_id, is_primary, epoch, changed_at)
    SELECT number, digits, state, account_id, is_primary, epoch, changed_at FROM numbers;
DROP TABLE numbers;
ALTER TABLE numbers_with_quarantine RENAME TO numbers;

CREATE UNIQUE INDEX one_primary_number ON numbers (account_id) WHERE is_primary = 1;
CREATE INDEX numbers_of_account ON numbers (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX free_numbers ON numbers (digits, number) WHERE state = 'free';
CREATE INDEX ending_leases ON numbers (lease_ends_at) WHERE lease_ends_at IS NOT NULL;

-- Registrations are held by one server each, also when several share the database.
CREATE TABLE bindings_of_nodes (
    node       TEXT    NOT NULL DEFAULT '',      -- the server that holds it; empty: there is only one
    binding_id INTEGER NOT NULL,
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
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (node, binding_id)
) STRICT;

INSERT INTO bindings_of_nodes (binding_id, account_id, device_id, contact, q, path, transport, local, remote, instance,
        reg_id, call_id, cseq, user_agent, expires_at)
    SELECT binding_id, account_id, device_id, contact, q, path, transport, local, remote, instance, reg_id, call_id,
        cseq, user_agent, expires_at FROM bindings;
DROP TABLE bindings;
ALTER TABLE bindings_of_nodes RENAME TO bindings;

CREATE INDEX bindings_of_device ON bindings (device_id);
CREATE INDEX bindings_of_account ON bindings (account_id);

-- Who did what to which account or number, from where.
CREATE TABLE audit_log (
    entry_id     INTEGER PRIMARY KEY AUTOINCREMENT,
    happened_at  INTEGER NOT NULL,
    actor        TEXT    NOT NULL CHECK (actor IN ('account', 'operator', 'system', 'stranger')),
    actor_id     INTEGER,                                        -- no reference: the log outlives the account
    actor_name   TEXT,                                           -- as it was then
    source       TEXT,                                           -- an address; NULL: this machine
    action       TEXT    NOT NULL,                               -- such as 'number.change'
    subject_kind TEXT    NOT NULL CHECK (subject_kind IN ('account', 'device', 'number', 'pool', 'invitation', 'session', 'server')),
    subject      TEXT    NOT NULL,
    account_id   INTEGER,                                        -- whom it concerns
    detail       TEXT    NOT NULL DEFAULT '{}'                   -- a JSON object
) STRICT;

CREATE INDEX audit_of_account ON audit_log (account_id, entry_id) WHERE account_id IS NOT NULL;
CREATE INDEX audit_of_subject ON audit_log (subject, entry_id);

CREATE TRIGGER audit_log_is_not_changed BEFORE UPDATE ON audit_log
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_log_is_not_shortened BEFORE DELETE ON audit_log
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
