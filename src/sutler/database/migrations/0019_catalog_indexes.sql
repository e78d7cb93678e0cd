-- Finding files fast: members of a dataset in order, names and times by ranges, and keys with an index of their own.

-- A member carries the creation time of its file, so that the first files of a dataset are found without the others.
ALTER TABLE catalog.dataset_files ADD COLUMN created_at timestamptz;
UPDATE catalog.dataset_files AS member SET created_at = file.created_at
FROM catalog.files AS file
WHERE file.id = member.file_id;
ALTER TABLE catalog.dataset_files ALTER COLUMN created_at SET NOT NULL;
CREATE FUNCTION catalog.date_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT created_at INTO NEW.created_at FROM catalog.files WHERE id = NEW.file_id;
    RETURN NEW;
END
$$;
CREATE TRIGGER dataset_files_date BEFORE INSERT ON catalog.dataset_files
    FOR EACH ROW WHEN (NEW.created_at IS NULL) EXECUTE FUNCTION catalog.date_member();

CREATE INDEX dataset_files_created_idx ON catalog.dataset_files (dataset_id, created_at);

-- By the numbers of the characters, for ranges and for patterns that say how a name begins.
CREATE INDEX files_name_idx ON catalog.files (name COLLATE "C");
CREATE INDEX files_updated_idx ON catalog.files (updated_at) WHERE updated_at IS NOT NULL;
CREATE INDEX files_retired_at_idx ON catalog.files (retired_at) WHERE retired_at IS NOT NULL;

-- The number of a dataset. It passes for immutable so that the planner works it out, once, and knows how large the
-- dataset is; a plan made for given values is used once, so none outlives what it knows. Null means all.
CREATE FUNCTION catalog.find_dataset_id(
    given_namespace text, given_name text, experiment_ids bigint[], namespaces text[]
) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT id FROM catalog.datasets
    WHERE namespace = given_namespace AND name = given_name
        AND (experiment_ids IS NULL OR experiment_id = ANY(experiment_ids))
        AND (namespaces IS NULL OR namespace = ANY(namespaces))
$$;

-- What an index on a key holds. NaN, and the last of all characters, stand for values that have to be looked at:
-- lists, and numbers that are too large or too fine for an index. Both come last in their order.
CREATE FUNCTION catalog.number_at(metadata jsonb, key text) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE pg_catalog.jsonb_typeof(metadata OPERATOR(pg_catalog.->) key)
        WHEN 'number' THEN CASE
            WHEN pg_catalog.length(metadata OPERATOR(pg_catalog.->>) key) OPERATOR(pg_catalog.<) 60
            THEN (metadata OPERATOR(pg_catalog.->) key)::pg_catalog.numeric
            ELSE 'NaN'::pg_catalog.numeric
        END
        WHEN 'array' THEN 'NaN'::pg_catalog.numeric
    END
$$;
CREATE FUNCTION catalog.text_at(metadata jsonb, key text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE pg_catalog.jsonb_typeof(metadata OPERATOR(pg_catalog.->) key)
        WHEN 'string' THEN pg_catalog."left"(metadata OPERATOR(pg_catalog.->>) key, 200)
        WHEN 'array' THEN U&'\+10FFFF'
    END
$$;

-- Keys for which an administrator asked for an index, and how far it is. A row is an intention: whoever finds it
-- unfulfilled goes on with it.
CREATE TABLE catalog.indexed_keys (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key text NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    reason text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT indexed_keys_key_kind_key UNIQUE (key, kind),
    CONSTRAINT indexed_keys_kind_check CHECK (kind IN ('number', 'text')),
    CONSTRAINT indexed_keys_state_check CHECK (state IN ('building', 'ready', 'failed', 'dropping'))
);
