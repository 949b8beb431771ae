-- How far phones that take messages by SIP have come: what was said to their owners since then is sent to them.
CREATE TABLE device_letters (
    device_id BIGINT NOT NULL PRIMARY KEY REFERENCES devices (device_id) ON DELETE CASCADE,
    stamp     BIGINT NOT NULL,                                           -- of the last entry that it has got or that is not for it
    unwraps   BIGINT NOT NULL DEFAULT 0 CHECK (unwraps IN (0, 1))        -- whether it understands CPIM
);

-- Of which messages a phone wants to hear what becomes of them.
CREATE TABLE device_reports (
    device_id       BIGINT NOT NULL REFERENCES devices (device_id) ON DELETE CASCADE,
    room_key        BIGINT NOT NULL REFERENCES rooms (room_key) ON DELETE CASCADE,
    seq             BIGINT NOT NULL,
    message_id      TEXT   NOT NULL,                                     -- as the phone calls it
    wants_delivered BIGINT NOT NULL CHECK (wants_delivered IN (0, 1)),
    wants_displayed BIGINT NOT NULL CHECK (wants_displayed IN (0, 1)),
    asked_at        BIGINT NOT NULL,                                     -- Unix milliseconds
    PRIMARY KEY (device_id, room_key, seq)
);

CREATE INDEX device_reports_by_age ON device_reports (asked_at);
