-- Files that people have sent. The bytes are in the data folder: in uploads by the id until all have come, then in files by
-- their hash, once however often they were sent.
CREATE TABLE files (
    file_key   BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    file_id    TEXT   NOT NULL UNIQUE,               -- what others know it by; not to be guessed
    owner_id   BIGINT NOT NULL,                      -- who sent it: an account, which may be no more
    name       TEXT   NOT NULL,
    media_type TEXT   NOT NULL DEFAULT 'application/octet-stream',
    size       BIGINT NOT NULL CHECK (size >= 0),    -- as announced
    sha256     TEXT,                                 -- NULL until all of it has come
    created_at BIGINT NOT NULL,                      -- Unix milliseconds
    touched_at BIGINT NOT NULL                       -- when something came for it last
);

CREATE INDEX files_of_owner ON files (owner_id, file_key);
CREATE INDEX files_by_content ON files (sha256);
CREATE INDEX unfinished_files ON files (touched_at) WHERE sha256 IS NULL;
CREATE INDEX files_by_age ON files (created_at) WHERE sha256 IS NOT NULL;

-- In which rooms a file was sent, and by which entry: whoever may read that may read the file.
CREATE TABLE room_files (
    file_id  TEXT   NOT NULL REFERENCES files (file_id) ON DELETE CASCADE,
    room_key BIGINT NOT NULL REFERENCES rooms (room_key) ON DELETE CASCADE,
    seq      BIGINT NOT NULL,
    PRIMARY KEY (file_id, room_key, seq)
);

CREATE INDEX files_in_room ON room_files (room_key, seq);
