-- Whether the callee was not to learn who called: administrators and the caller still see it.
ALTER TABLE call_records ADD COLUMN is_anonymous INTEGER NOT NULL DEFAULT 0 CHECK (is_anonymous IN (0, 1));
