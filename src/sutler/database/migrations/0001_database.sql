-- Events: what happened, one row each, partitioned by month so that old months can be dropped whole.
CREATE TABLE database.events (
    seq bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL,
    txid bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    experiment_id bigint,
    actor text NOT NULL,
    kind text NOT NULL,
    subject_kind text NOT NULL,
    subject_id text NOT NULL,
    facts jsonb NOT NULL
) PARTITION BY RANGE (at);

CREATE INDEX events_txid_seq_idx ON database.events (txid, seq);
CREATE INDEX events_subject_idx ON database.events (subject_kind, subject_id, seq);

CREATE TABLE database.events_other PARTITION OF database.events DEFAULT;

-- Followers of events remember how far they have read: at least once, never skipping.
CREATE TABLE database.event_cursors (
    follower text PRIMARY KEY,
    txid bigint NOT NULL,
    seq bigint NOT NULL
);

-- For statements that must append their event themselves, because they do everything in one round trip.
CREATE FUNCTION database.append_event(
    at timestamptz, experiment_id bigint, actor text, kind text, subject_kind text, subject_id text, facts jsonb
) RETURNS void LANGUAGE sql AS $$
    INSERT INTO database.events (at, experiment_id, actor, kind, subject_kind, subject_id, facts)
    VALUES (at, experiment_id, actor, kind, subject_kind, subject_id, facts)
$$;

CREATE FUNCTION database.create_event_partitions(today timestamptz) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    month timestamptz;
    partition_name text;
    made integer := 0;
BEGIN
    FOR step IN 0..2 LOOP
        month := date_trunc('month', today, 'UTC') + make_interval(months => step);
        partition_name := 'events_' || to_char(month AT TIME ZONE 'UTC', 'YYYY_MM');
        IF to_regclass('database.' || partition_name) IS NULL THEN
            EXECUTE format(
                'CREATE TABLE database.%I PARTITION OF database.events FOR VALUES FROM (%L) TO (%L)',
                partition_name, month, month + interval '1 month'
            );
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END
$$;
