-- Answers to calls with an Idempotency-Key, kept for a day: the same call again gets the first answer.
CREATE TABLE database.idempotent_calls (
    user_id bigint NOT NULL,
    key text NOT NULL,
    request_digest bytea NOT NULL,
    status integer,
    headers jsonb,
    body bytea,
    begun_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, key),
    CONSTRAINT idempotent_calls_key_check CHECK (length(key) BETWEEN 1 AND 128)
);
CREATE INDEX idempotent_calls_begun_idx ON database.idempotent_calls (begun_at);
