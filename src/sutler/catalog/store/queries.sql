-- name: begin_query
-- Have what follows in this transaction planned for its values each time, and ended when it takes too long; tell which
-- metadata keys have an index. With less memory, the bitmap of a common value forgets which rows of a page it means.
SELECT
    (SELECT array_agg(ARRAY[key, kind]) FROM catalog.indexed_keys WHERE state = 'ready') AS indexed_keys,
    set_config('plan_cache_mode', 'force_custom_plan', true),
    set_config('work_mem', '32MB', true),
    set_config('statement_timeout', coalesce(nullif(current_setting('sutler.query_timeout', true), ''), '30s'), true)

-- name: end_query
-- Have what follows in this transaction planned and limited as if there had been no query.
SELECT set_config('plan_cache_mode', 'auto', true), set_config('statement_timeout', reset_val || unit, true)
FROM pg_catalog.pg_settings
WHERE name = 'statement_timeout'

-- name: begin_walk
-- Have what follows in this transaction read files one after the other, in the order of an index, each by its key.
SELECT set_config(setting, 'off', true)
FROM unnest(ARRAY['enable_bitmapscan', 'enable_seqscan', 'enable_hashjoin', 'enable_mergejoin']) AS listed (setting)

-- name: end_walk
-- Have what follows in this transaction read as the planner thinks best.
SELECT set_config(name, reset_val, true)
FROM pg_catalog.pg_settings
WHERE name IN ('enable_bitmapscan', 'enable_seqscan', 'enable_hashjoin', 'enable_mergejoin')

-- name: forget_plans
-- Have the statements and foreign key checks of this session planned anew, for the tables as they are now.
SELECT catalog.forget_plans()

-- name: read_files_numbered
-- Read many files at once, with or without metadata, in the order of the numbers.
SELECT f.id, f.fid, f.namespace, f.name, f.experiment_id, f.size_bytes, f.checksums,
    CASE WHEN :with_metadata::boolean THEN f.metadata ELSE '{}' END AS metadata,
    f.created_at, f.created_by, f.updated_at, f.updated_by, f.retired_at, f.retired_by
FROM unnest(:file_ids::bigint[]) WITH ORDINALITY AS given (id, rank)
JOIN catalog.files AS f ON f.id = given.id
ORDER BY given.rank

-- name: list_parent_fids
-- Read the fids of the parents of many files at once.
SELECT link.child_id AS file_id, array_agg(f.fid ORDER BY f.created_at, f.fid) AS fids
FROM catalog.provenance AS link JOIN catalog.files AS f ON f.id = link.parent_id
WHERE link.child_id = ANY(:file_ids::bigint[])
GROUP BY link.child_id

-- name: list_child_fids
-- Read the fids of the children of many files at once.
SELECT link.parent_id AS file_id, array_agg(f.fid ORDER BY f.created_at, f.fid) AS fids
FROM catalog.provenance AS link JOIN catalog.files AS f ON f.id = link.child_id
WHERE link.parent_id = ANY(:file_ids::bigint[])
GROUP BY link.parent_id

-- name: list_names_above
-- Read the names of the datasets directly above many ones at once.
SELECT link.child_id AS dataset_id, dataset.namespace, dataset.name
FROM catalog.dataset_children AS link JOIN catalog.datasets AS dataset ON dataset.id = link.parent_id
WHERE link.child_id = ANY(:dataset_ids::bigint[])
ORDER BY dataset.namespace, dataset.name

-- name: list_names_below
-- Read the names of the datasets directly below many ones at once.
SELECT link.parent_id AS dataset_id, dataset.namespace, dataset.name
FROM catalog.dataset_children AS link JOIN catalog.datasets AS dataset ON dataset.id = link.child_id
WHERE link.parent_id = ANY(:dataset_ids::bigint[])
ORDER BY dataset.namespace, dataset.name
