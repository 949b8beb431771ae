-- Servers that share this database reach each other's phones: each says where it is, and names the flow of each phone.
CREATE TABLE nodes (
    node      TEXT   NOT NULL PRIMARY KEY,
    transport TEXT   NOT NULL,                  -- of SIP between servers
    sip       TEXT   NOT NULL,                  -- HOST:PORT, as the others reach it
    beat      INTEGER NOT NULL,                  -- changes every few seconds while the server lives
    beat_at   INTEGER NOT NULL                   -- by its own clock: only to forget those that are long gone
) STRICT, WITHOUT ROWID;

ALTER TABLE bindings ADD COLUMN flow_token TEXT; -- what its server calls the flow (RFC 5626 section 5.1)
