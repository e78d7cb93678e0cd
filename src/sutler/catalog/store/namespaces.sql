-- name: insert_namespace
-- Make a namespace, unless there is one of that name.
INSERT INTO catalog.namespaces (name, experiment_id, description, owner_user_id, owner_role, created_at, created_by)
VALUES (:name, :experiment_id, :description, :owner_user_id, :owner_role, :now, :username)
ON CONFLICT DO NOTHING
RETURNING name, experiment_id, description, owner_user_id, owner_role, created_at, created_by

-- name: list_namespaces_named
-- Read the namespaces of these names.
SELECT name, experiment_id, description, owner_user_id, owner_role, created_at, created_by
FROM catalog.namespaces
WHERE name = ANY(:names::text[])

-- name: list_namespaces
-- Read the namespaces of these experiments, or all.
SELECT name, experiment_id, description, owner_user_id, owner_role, created_at, created_by
FROM catalog.namespaces
WHERE :experiment_ids::bigint[] IS NULL OR experiment_id = ANY(:experiment_ids::bigint[])
ORDER BY name
