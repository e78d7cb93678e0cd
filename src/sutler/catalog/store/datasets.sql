-- name: insert_dataset
-- Make a dataset, unless there is one of that name.
INSERT INTO catalog.datasets
    (namespace, name, experiment_id, description, frozen, monotonic, metadata, created_at, created_by)
VALUES (:namespace, :name, :experiment_id, :description, :frozen, :monotonic, :metadata::jsonb, :now, :username)
ON CONFLICT DO NOTHING
RETURNING id, namespace, name, experiment_id, description, frozen, monotonic, metadata, file_count,
    created_at, created_by

-- name: find_dataset
-- Read one dataset.
SELECT id, namespace, name, experiment_id, description, frozen, monotonic, metadata, file_count, created_at, created_by
FROM catalog.datasets
WHERE namespace = :namespace AND name = :name

-- name: lock_dataset
-- Read one dataset and keep others from changing its flags and its count until this transaction ends.
SELECT id, namespace, name, experiment_id, description, frozen, monotonic, metadata, file_count, created_at, created_by
FROM catalog.datasets
WHERE namespace = :namespace AND name = :name
FOR NO KEY UPDATE

-- name: is_dataset_below
-- Say whether a dataset is another one or anywhere below it.
WITH RECURSIVE below (id) AS (
    SELECT :upper_id::bigint
    UNION
    SELECT link.child_id FROM below JOIN catalog.dataset_children AS link ON link.parent_id = below.id
)
SELECT EXISTS (SELECT FROM below WHERE below.id = :lower_id::bigint)

-- name: link_datasets
-- Put a dataset below another one.
INSERT INTO catalog.dataset_children (parent_id, child_id) VALUES (:parent_id, :child_id) ON CONFLICT DO NOTHING

-- name: insert_members
-- Put files into a dataset; the count of the dataset grows by those that were not in it.
WITH added AS (
    INSERT INTO catalog.dataset_files (dataset_id, file_id)
    SELECT :dataset_id, given.file_id FROM unnest(:file_ids::bigint[]) AS given (file_id)
    ON CONFLICT DO NOTHING
    RETURNING file_id
)
UPDATE catalog.datasets
SET file_count = file_count + counted.added
FROM (SELECT count(*) AS added FROM added) AS counted
WHERE id = :dataset_id AND counted.added > 0
RETURNING counted.added
