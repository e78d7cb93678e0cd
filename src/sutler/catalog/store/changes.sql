-- name: lock_files_for_change
-- Read these files and keep others from changing them until this transaction ends.
SELECT id, fid, namespace, name, experiment_id, size_bytes, checksums, metadata, created_at, created_by,
    updated_at, updated_by, retired_at, retired_by
FROM catalog.files
WHERE id = ANY(:file_ids::bigint[])
ORDER BY id
FOR NO KEY UPDATE

-- name: seize_files
-- Read these files and keep others from everything that needs them, links and members too, until this transaction ends.
SELECT id, fid, namespace, name, experiment_id, size_bytes, checksums, retired_at IS NOT NULL AS is_retired
FROM catalog.files
WHERE id = ANY(:file_ids::bigint[])
ORDER BY id
FOR UPDATE

-- name: change_file
-- Change the size of a file, merge into or replace its checksums and metadata; what is null stays.
UPDATE catalog.files
SET size_bytes = coalesce(:size_bytes::bigint, size_bytes),
    checksums = CASE
        WHEN :checksums::jsonb IS NULL THEN checksums
        WHEN :replaces::boolean THEN :checksums::jsonb
        ELSE checksums || :checksums::jsonb
    END,
    metadata = CASE
        WHEN :metadata::jsonb IS NULL THEN metadata
        WHEN :replaces::boolean THEN :metadata::jsonb
        ELSE metadata || :metadata::jsonb
    END,
    updated_at = :now,
    updated_by = :username
WHERE id = :file_id
RETURNING id, fid, namespace, name, experiment_id, size_bytes, checksums, metadata, created_at, created_by,
    updated_at, updated_by, retired_at, retired_by

-- name: change_metadata_of_files
-- Merge into, or replace, the metadata of many files.
UPDATE catalog.files
SET metadata = CASE WHEN :replaces::boolean THEN :metadata::jsonb ELSE metadata || :metadata::jsonb END,
    updated_at = :now,
    updated_by = :username
WHERE id = ANY(:file_ids::bigint[])
RETURNING id, fid, namespace, name, experiment_id, size_bytes, checksums, metadata, created_at, created_by,
    updated_at, updated_by, retired_at, retired_by

-- name: retire_file
-- Say of a file that it is not to be used any more.
UPDATE catalog.files SET retired_at = :now, retired_by = :username WHERE id = :file_id
RETURNING id, fid, namespace, name, experiment_id, size_bytes, checksums, metadata, created_at, created_by,
    updated_at, updated_by, retired_at, retired_by

-- name: restore_file
-- Take back that a file was retired.
UPDATE catalog.files
SET retired_at = NULL, retired_by = NULL, updated_at = :now, updated_by = :username
WHERE id = :file_id
RETURNING id, fid, namespace, name, experiment_id, size_bytes, checksums, metadata, created_at, created_by,
    updated_at, updated_by, retired_at, retired_by

-- name: lock_datasets_of
-- Keep others from changing the datasets that a file is in, and their counts, until this transaction ends.
SELECT dataset.id
FROM catalog.datasets AS dataset
WHERE dataset.id IN (SELECT dataset_id FROM catalog.dataset_files WHERE file_id = :file_id)
ORDER BY dataset.id
FOR NO KEY UPDATE OF dataset

-- name: recount_datasets_of
-- Add to the counts of the datasets that a file is in, or take away from them.
UPDATE catalog.datasets
SET file_count = file_count + :change::bigint
WHERE id IN (SELECT dataset_id FROM catalog.dataset_files WHERE file_id = :file_id)

-- name: delete_memberships
-- Take a file out of every dataset; their counts stay.
DELETE FROM catalog.dataset_files WHERE file_id = :file_id

-- name: delete_file
-- Delete a file that is in no dataset and has no relatives.
DELETE FROM catalog.files WHERE id = :file_id

-- name: move_files
-- Put files into another namespace.
UPDATE catalog.files
SET namespace = :namespace, updated_at = :now, updated_by = :username
WHERE id = ANY(:file_ids::bigint[])

-- name: rename_file
-- Give a file another name in its namespace.
UPDATE catalog.files
SET name = :name, updated_at = :now, updated_by = :username
WHERE id = :file_id
RETURNING id, fid, namespace, name, experiment_id, size_bytes, checksums, metadata, created_at, created_by,
    updated_at, updated_by, retired_at, retired_by

-- name: change_metadata_each
-- Merge into, or replace, the metadata of each of many files.
UPDATE catalog.files AS target
SET metadata = CASE WHEN given.replaces THEN given.metadata::jsonb ELSE target.metadata || given.metadata::jsonb END,
    updated_at = :now,
    updated_by = :username
FROM unnest(:file_ids::bigint[], :metadata::text[], :replaces::boolean[]) AS given (id, metadata, replaces)
WHERE target.id = given.id

-- name: list_changed_here
-- Tell which of these files this transaction has changed or declared.
SELECT id FROM catalog.files WHERE id = ANY(:file_ids::bigint[]) AND xmin = pg_current_xact_id()::xid
