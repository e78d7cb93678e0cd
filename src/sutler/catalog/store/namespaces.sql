-- name: insert_namespace
-- Make a namespace, unless there is one of that name.
INSERT INTO catalog.namespaces
    (name, experiment_id, description, owner_user_id, owner_role, owner_group, created_at, created_by)
VALUES (:name, :experiment_id, :description, :owner_user_id, :owner_role, :owner_group, :now, :username)
ON CONFLICT DO NOTHING
RETURNING name, experiment_id, description, owner_user_id, owner_role, owner_group, created_at, created_by,
    (SELECT owner.username FROM auth.user_names AS owner WHERE owner.id = owner_user_id) AS owner_username

-- name: list_namespaces_named
-- Read the namespaces of these names, by name.
SELECT n.name, n.experiment_id, n.description, n.owner_user_id, n.owner_role, n.owner_group, n.created_at, n.created_by,
    owner.username AS owner_username
FROM catalog.namespaces AS n LEFT JOIN auth.user_names AS owner ON owner.id = n.owner_user_id
WHERE n.name = ANY(:names::text[])
ORDER BY n.name

-- name: list_namespaces
-- Read the namespaces of these experiments, or all, by name.
SELECT n.name, n.experiment_id, n.description, n.owner_user_id, n.owner_role, n.owner_group, n.created_at, n.created_by,
    owner.username AS owner_username
FROM catalog.namespaces AS n LEFT JOIN auth.user_names AS owner ON owner.id = n.owner_user_id
WHERE :experiment_ids::bigint[] IS NULL OR n.experiment_id = ANY(:experiment_ids::bigint[])
ORDER BY n.name

-- name: find_user_id
-- Return the number of a user.
SELECT id FROM auth.user_names WHERE username = :username

-- name: count_namespace
-- Count what a namespace holds. Retired files are few: they are counted by an index of their own and taken off.
SELECT
    (SELECT count(*) FROM catalog.files WHERE namespace = :name)
        - (SELECT count(*) FROM catalog.files WHERE namespace = :name AND retired_at IS NOT NULL) AS file_count,
    (SELECT count(*) FROM catalog.datasets WHERE namespace = :name) AS dataset_count,
    (SELECT count(*) FROM catalog.named_queries WHERE namespace = :name) AS query_count
