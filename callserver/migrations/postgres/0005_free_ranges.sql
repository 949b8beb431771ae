-- The free numbers of each pool as ranges: the lowest free number, the nearest and any other are found without walking
-- over those that are taken, however many pools and numbers there are. Kept in the transactions that change numbers.

ALTER TABLE pools DROP COLUMN next;
ALTER TABLE pools ADD CHECK (low <= high);

CREATE TABLE free_ranges (
    pool_id BIGINT NOT NULL REFERENCES pools (pool_id) ON DELETE CASCADE,
    low     BIGINT NOT NULL,
    high    BIGINT NOT NULL,
    PRIMARY KEY (pool_id, low),
    CHECK (low <= high)
);

INSERT INTO free_ranges (pool_id, low, high)
    WITH taken AS (
        SELECT p.pool_id, CAST(ltrim(n.number, '+') AS BIGINT) AS value
        FROM pools p JOIN numbers n ON n.digits = p.digits AND n.state <> 'free'
            AND p.is_international = CASE WHEN substr(n.number, 1, 1) = '+' THEN 1 ELSE 0 END
    ), edges AS (
        SELECT pool_id, low - 1 AS value FROM pools
        UNION ALL SELECT pool_id, high + 1 FROM pools
        UNION ALL SELECT t.pool_id, t.value FROM taken t JOIN pools p ON p.pool_id = t.pool_id
            WHERE t.value BETWEEN p.low AND p.high
    ), gaps AS (
        SELECT pool_id, value + 1 AS low, lead(value) OVER (PARTITION BY pool_id ORDER BY value) - 1 AS high FROM edges
    )
    SELECT pool_id, low, high FROM gaps WHERE high IS NOT NULL AND low <= high;

DROP INDEX free_numbers;
CREATE INDEX numbers_by_forward ON numbers (forward_to) WHERE forward_to IS NOT NULL;
