-- Phones that read conversations by themselves get no letters; each says so when it registers. What was registered before could
-- not say it yet, and is known by its name once.
ALTER TABLE bindings ADD COLUMN reads_rooms BIGINT NOT NULL DEFAULT 0 CHECK (reads_rooms IN (0, 1));

UPDATE bindings SET reads_rooms = 1 WHERE user_agent LIKE 'Carillon softphone %';
