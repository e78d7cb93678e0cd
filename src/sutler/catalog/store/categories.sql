-- name: insert_category
-- Make a category, unless there is one at that path.
INSERT INTO catalog.categories
    (experiment_id, path, owner_user_id, owner_role, owner_group, restricted, required, description, definitions,
    created_at, created_by)
VALUES (:experiment_id, :path, :owner_user_id, :owner_role, :owner_group, :restricted, :required, :description,
    :constraints::jsonb, :now, :username)
ON CONFLICT DO NOTHING
RETURNING experiment_id, path, owner_user_id, owner_role, owner_group, restricted, required, description,
    definitions AS constraints, created_at, created_by, updated_at, updated_by,
    (SELECT owner.username FROM auth.user_names AS owner WHERE owner.id = owner_user_id) AS owner_username

-- name: list_categories
-- Read the categories of these experiments, or all, by path.
SELECT c.experiment_id, c.path, c.owner_user_id, c.owner_role, c.owner_group, c.restricted, c.required, c.description,
    c.definitions AS constraints, c.created_at, c.created_by, c.updated_at, c.updated_by, owner.username AS owner_username
FROM catalog.categories AS c LEFT JOIN auth.user_names AS owner ON owner.id = c.owner_user_id
WHERE :experiment_ids::bigint[] IS NULL OR c.experiment_id = ANY(:experiment_ids::bigint[])
ORDER BY c.path, c.experiment_id

-- name: list_categories_at
-- Read those of the paths of an experiment that are categories, the deepest first.
SELECT c.experiment_id, c.path, c.owner_user_id, c.owner_role, c.owner_group, c.restricted, c.required, c.description,
    c.definitions AS constraints, c.created_at, c.created_by, c.updated_at, c.updated_by, owner.username AS owner_username
FROM catalog.categories AS c LEFT JOIN auth.user_names AS owner ON owner.id = c.owner_user_id
WHERE c.experiment_id = :experiment_id AND c.path = ANY(:paths::text[])
ORDER BY length(c.path) DESC

-- name: list_rules
-- Read what the categories of an experiment say of metadata.
SELECT path, restricted, required, definitions AS constraints
FROM catalog.categories
WHERE experiment_id = :experiment_id

-- name: list_requirements_of_files
-- Read what the datasets that some files are in require of them, where they require anything.
SELECT member.file_id, dataset.requirements
FROM catalog.dataset_files AS member JOIN catalog.datasets AS dataset ON dataset.id = member.dataset_id
WHERE member.file_id = ANY(:file_ids::bigint[]) AND dataset.requirements <> '{}'
ORDER BY member.file_id, member.dataset_id

-- name: lock_category
-- Read one category and keep others from changing it until this transaction ends.
SELECT experiment_id, path, owner_user_id, owner_role, owner_group, restricted, required, description,
    definitions AS constraints, created_at, created_by, updated_at, updated_by,
    (SELECT owner.username FROM auth.user_names AS owner WHERE owner.id = owner_user_id) AS owner_username
FROM catalog.categories
WHERE experiment_id = :experiment_id AND path = :path
FOR UPDATE

-- name: change_category
-- Give a category what was decided about it.
UPDATE catalog.categories
SET owner_user_id = :owner_user_id,
    owner_role = :owner_role,
    owner_group = :owner_group,
    restricted = :restricted,
    required = :required,
    description = :description,
    definitions = :constraints::jsonb,
    updated_at = :now,
    updated_by = :username
WHERE experiment_id = :experiment_id AND path = :path
RETURNING experiment_id, path, owner_user_id, owner_role, owner_group, restricted, required, description,
    definitions AS constraints, created_at, created_by, updated_at, updated_by,
    (SELECT owner.username FROM auth.user_names AS owner WHERE owner.id = owner_user_id) AS owner_username

-- name: delete_category
-- Remove a category.
DELETE FROM catalog.categories WHERE experiment_id = :experiment_id AND path = :path
