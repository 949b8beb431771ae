-- What the audio of a call was like, and who ended it. NULL: nobody answered, or it was not written down then.
ALTER TABLE call_records ADD COLUMN hung_up_by TEXT;            -- 'caller', 'callee' or 'server'
ALTER TABLE call_records ADD COLUMN codec TEXT;
ALTER TABLE call_records ADD COLUMN is_encrypted BIGINT;        -- the audio of both sides
-- Of each side: packets that came from its phone, that were passed to it, and that it missed; in milliseconds how unevenly
-- they came, and the way from the server there and back; the estimated mean opinion score in hundredths.
ALTER TABLE call_records ADD COLUMN caller_sent BIGINT;
ALTER TABLE call_records ADD COLUMN caller_received BIGINT;
ALTER TABLE call_records ADD COLUMN caller_lost BIGINT;
ALTER TABLE call_records ADD COLUMN caller_jitter BIGINT;
ALTER TABLE call_records ADD COLUMN caller_round_trip BIGINT;
ALTER TABLE call_records ADD COLUMN caller_mos BIGINT;
ALTER TABLE call_records ADD COLUMN callee_sent BIGINT;
ALTER TABLE call_records ADD COLUMN callee_received BIGINT;
ALTER TABLE call_records ADD COLUMN callee_lost BIGINT;
ALTER TABLE call_records ADD COLUMN callee_jitter BIGINT;
ALTER TABLE call_records ADD COLUMN callee_round_trip BIGINT;
ALTER TABLE call_records ADD COLUMN callee_mos BIGINT;

-- Administrators look for calls to and from a number.
CREATE INDEX records_of_caller_number ON call_records (caller_number, record_id) WHERE caller_number IS NOT NULL;
CREATE INDEX records_of_callee_number ON call_records (callee_number, record_id) WHERE callee_number IS NOT NULL;
CREATE INDEX records_of_dialled ON call_records (dialled, record_id);
CREATE INDEX records_by_time ON call_records (started_at, record_id);
