-- name: insert_dataset
-- Make a dataset, unless there is one of that name.
INSERT INTO catalog.datasets
    (namespace, name, experiment_id, description, frozen, monotonic, metadata, requirements, created_at, created_by)
VALUES (:namespace, :name, :experiment_id, :description, :frozen, :monotonic, :metadata::jsonb, :requirements::jsonb,
    :now, :username)
ON CONFLICT DO NOTHING
RETURNING id, namespace, name, experiment_id, description, frozen, monotonic, metadata, file_count, requirements,
    created_at, created_by, updated_at, updated_by

-- name: find_dataset
-- Read one dataset.
SELECT id, namespace, name, experiment_id, description, frozen, monotonic, metadata, file_count, requirements,
    created_at, created_by, updated_at, updated_by
FROM catalog.datasets
WHERE namespace = :namespace AND name = :name

-- name: lock_dataset
-- Read one dataset and keep others from changing its flags and its count until this transaction ends.
SELECT id, namespace, name, experiment_id, description, frozen, monotonic, metadata, file_count, requirements,
    created_at, created_by, updated_at, updated_by
FROM catalog.datasets
WHERE namespace = :namespace AND name = :name
FOR NO KEY UPDATE

-- name: seize_dataset
-- Read one dataset and keep others from everything that needs it, links and members too, until this transaction ends.
SELECT id, namespace, name, experiment_id, description, frozen, monotonic, metadata, file_count, requirements,
    created_at, created_by, updated_at, updated_by
FROM catalog.datasets
WHERE namespace = :namespace AND name = :name
FOR UPDATE

-- name: update_dataset
-- Change what is given of a dataset.
UPDATE catalog.datasets
SET description = coalesce(:description::text, description),
    frozen = coalesce(:frozen::boolean, frozen),
    monotonic = coalesce(:monotonic::boolean, monotonic),
    metadata = CASE
        WHEN :metadata::jsonb IS NULL THEN metadata
        WHEN :replaces::boolean THEN :metadata::jsonb
        ELSE metadata || :metadata::jsonb
    END,
    requirements = coalesce(:requirements::jsonb, requirements),
    updated_at = :now,
    updated_by = :username
WHERE id = :dataset_id
RETURNING id, namespace, name, experiment_id, description, frozen, monotonic, metadata, file_count, requirements,
    created_at, created_by, updated_at, updated_by

-- name: delete_dataset
-- Delete a dataset that has neither members nor links.
DELETE FROM catalog.datasets WHERE id = :dataset_id
