-- name: insert_named_query
-- Keep a query under a name, unless there is one of that name.
INSERT INTO catalog.named_queries
    (namespace, name, experiment_id, source, description, metadata, parameters, created_at, created_by)
VALUES (:namespace, :name, :experiment_id, :source, :description, :metadata::jsonb, :parameters::jsonb,
    :now, :username)
ON CONFLICT DO NOTHING
RETURNING namespace, name, experiment_id, source, description, metadata, parameters,
    created_at, created_by, updated_at, updated_by

-- name: replace_named_query
-- Keep another query under a name that is taken; what is not given stays as it is.
UPDATE catalog.named_queries
SET source = :source,
    description = coalesce(:description::text, description),
    metadata = coalesce(:metadata::jsonb, metadata),
    parameters = coalesce(:parameters::jsonb, parameters),
    updated_at = :now,
    updated_by = :username
WHERE namespace = :namespace AND name = :name
RETURNING namespace, name, experiment_id, source, description, metadata, parameters,
    created_at, created_by, updated_at, updated_by

-- name: find_named_query
-- Read one named query.
SELECT namespace, name, experiment_id, source, description, metadata, parameters,
    created_at, created_by, updated_at, updated_by
FROM catalog.named_queries
WHERE namespace = :namespace AND name = :name

-- name: delete_named_query
-- Forget a named query.
DELETE FROM catalog.named_queries
WHERE namespace = :namespace AND name = :name
