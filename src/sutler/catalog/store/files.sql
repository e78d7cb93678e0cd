-- name: list_files_named
-- hot
-- Read what names and contents say of many files at once.
SELECT f.id, f.fid, f.namespace, f.name, f.experiment_id, f.size_bytes, f.checksums,
    f.retired_at IS NOT NULL AS is_retired
FROM unnest(:namespaces::text[], :names::text[]) AS given (namespace, name)
JOIN catalog.files AS f ON f.namespace = given.namespace AND f.name = given.name

-- name: insert_provenance
-- Link children with their parents, and tell the children of links that are new.
INSERT INTO catalog.provenance (parent_id, child_id)
SELECT given.parent_id, given.child_id
FROM unnest(:parent_ids::bigint[], :child_ids::bigint[]) AS given (parent_id, child_id)
ON CONFLICT DO NOTHING
RETURNING child_id

-- name: list_own_ancestors
-- Tell those of these files that are among their own ancestors.
WITH RECURSIVE ancestry (start_id, id) AS (
    SELECT link.child_id, link.parent_id
    FROM catalog.provenance AS link
    WHERE link.child_id = ANY(:file_ids::bigint[])
    UNION
    SELECT ancestry.start_id, link.parent_id
    FROM ancestry JOIN catalog.provenance AS link ON link.child_id = ancestry.id
)
SELECT start_id FROM ancestry WHERE start_id = id

-- name: find_file_named
-- Read one file by its name.
SELECT id, fid, namespace, name, experiment_id, size_bytes, checksums, metadata, created_at, created_by,
    updated_at, updated_by, retired_at, retired_by
FROM catalog.files
WHERE namespace = :namespace AND name = :name

-- name: find_file
-- Read one file by its fid.
SELECT id, fid, namespace, name, experiment_id, size_bytes, checksums, metadata, created_at, created_by,
    updated_at, updated_by, retired_at, retired_by
FROM catalog.files
WHERE fid = :fid

-- name: list_parents
-- Read the first parents of a file, in the order in which they were declared.
SELECT f.id, f.fid, f.namespace, f.name, f.size_bytes
FROM catalog.provenance AS link JOIN catalog.files AS f ON f.id = link.parent_id
WHERE link.child_id = :file_id
ORDER BY link.parent_id
LIMIT :count

-- name: list_children
-- Read the first children of a file, in the order in which they were declared.
SELECT f.id, f.fid, f.namespace, f.name, f.size_bytes
FROM catalog.provenance AS link JOIN catalog.files AS f ON f.id = link.child_id
WHERE link.parent_id = :file_id
ORDER BY link.child_id
LIMIT :count

-- name: list_datasets_of
-- Read the names of the first datasets that a file is in.
SELECT dataset.namespace, dataset.name
FROM catalog.dataset_files AS member JOIN catalog.datasets AS dataset ON dataset.id = member.dataset_id
WHERE member.file_id = :file_id
ORDER BY member.dataset_id
LIMIT :count

-- name: count_relatives
-- Count the parents, children and datasets of a file.
SELECT
    (SELECT count(*) FROM catalog.provenance WHERE child_id = :file_id) AS parent_count,
    (SELECT count(*) FROM catalog.provenance WHERE parent_id = :file_id) AS child_count,
    (SELECT count(*) FROM catalog.dataset_files WHERE file_id = :file_id) AS dataset_count

-- name: change_metadata
-- Merge into, or replace, the metadata of a file.
UPDATE catalog.files
SET metadata = CASE WHEN :replaces::boolean THEN :metadata::jsonb ELSE metadata || :metadata::jsonb END,
    updated_at = :now,
    updated_by = :username
WHERE id = :file_id
RETURNING id, fid, namespace, name, experiment_id, size_bytes, checksums, metadata, created_at, created_by,
    updated_at, updated_by, retired_at, retired_by

-- name: list_files_numbered
-- Read many files at once, in the order of the numbers.
SELECT f.id, f.fid, f.namespace, f.name, f.experiment_id, f.size_bytes, f.checksums, f.metadata, f.created_at,
    f.created_by, f.updated_at, f.updated_by, f.retired_at, f.retired_by
FROM unnest(:file_ids::bigint[]) WITH ORDINALITY AS given (id, rank)
JOIN catalog.files AS f ON f.id = given.id
ORDER BY given.rank
