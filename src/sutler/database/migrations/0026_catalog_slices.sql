-- Slices: where a ledger stands in the order of files, what is in which part of a pass, and the groups of a file.

-- Of the selection whose digest is kept, everything up to this file was taken: the next slice is looked for behind it.
-- Files may come in before it later, so it says where to begin, never what there is.
ALTER TABLE catalog.ledgers
    ADD COLUMN part_count integer,
    ADD COLUMN taken_digest text,
    ADD COLUMN taken_created_at timestamptz,
    ADD COLUMN taken_fid text COLLATE "C",
    ADD CONSTRAINT ledgers_part_count_check CHECK (part_count > 0),
    ADD CONSTRAINT ledgers_taken_check CHECK (num_nonnulls(taken_digest, taken_created_at, taken_fid) IN (0, 3));

-- The files of a pass that is taken in parts, as they were selected when its first part was.
CREATE TABLE catalog.ledger_parts (
    ledger_id bigint NOT NULL REFERENCES catalog.ledgers (id) ON DELETE CASCADE,
    file_key text COLLATE "C" NOT NULL,
    part integer NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (ledger_id, file_key)
);
CREATE INDEX ledger_parts_part_idx ON catalog.ledger_parts (ledger_id, part, position);

-- The values by which a file is in groups: a number or a text, those in a list, or those that lists in a list begin with.
CREATE FUNCTION catalog.list_group_values(item jsonb) RETURNS SETOF jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1 AS $$
    SELECT named.value
    FROM (
        SELECT CASE pg_catalog.jsonb_typeof(part.value)
            WHEN 'array' THEN part.value OPERATOR(pg_catalog.->) 0
            ELSE part.value
        END AS value
        FROM pg_catalog.jsonb_array_elements(
            CASE pg_catalog.jsonb_typeof(item) WHEN 'array' THEN item ELSE pg_catalog.jsonb_build_array(item) END
        ) AS part (value)
    ) AS named
    WHERE pg_catalog.jsonb_typeof(named.value) IN ('number', 'string')
$$;

-- What a slice of a catalogue elsewhere is cut by, of each file that was answered.
ALTER TABLE catalog.selection_files
    ADD COLUMN event_count numeric,
    ADD COLUMN group_value jsonb;
