-- name: list_files_with_fids
-- hot
-- Read what names and contents say of many files at once, by their fids.
SELECT id, fid, namespace, name, experiment_id, size_bytes, checksums, retired_at IS NOT NULL AS is_retired
FROM catalog.files
WHERE fid = ANY(:fids::text[])

-- name: keep_files_named
-- hot
-- Read many files at once and keep them from being renamed, retired or deleted until this transaction ends.
SELECT f.id, f.fid, f.namespace, f.name, f.experiment_id, f.size_bytes, f.checksums,
    f.retired_at IS NOT NULL AS is_retired
FROM unnest(:namespaces::text[], :names::text[]) AS given (namespace, name)
JOIN catalog.files AS f ON f.namespace = given.namespace AND f.name = given.name
ORDER BY f.id
FOR KEY SHARE OF f

-- name: keep_files_with_fids
-- hot
-- Read many files by their fids and keep them from being renamed, retired or deleted until this transaction ends.
SELECT id, fid, namespace, name, experiment_id, size_bytes, checksums, retired_at IS NOT NULL AS is_retired
FROM catalog.files
WHERE fid = ANY(:fids::text[])
ORDER BY id
FOR KEY SHARE

-- name: read_files_named
-- hot
-- Read all that is known of many files, with or without metadata, by their names.
SELECT f.id, f.fid, f.namespace, f.name, f.experiment_id, f.size_bytes, f.checksums,
    CASE WHEN :with_metadata::boolean THEN f.metadata ELSE '{}' END AS metadata,
    f.created_at, f.created_by, f.updated_at, f.updated_by, f.retired_at, f.retired_by
FROM unnest(:namespaces::text[], :names::text[]) AS given (namespace, name)
JOIN catalog.files AS f ON f.namespace = given.namespace AND f.name = given.name

-- name: read_files_with_fids
-- hot
-- Read all that is known of many files, with or without metadata, by their fids.
SELECT id, fid, namespace, name, experiment_id, size_bytes, checksums,
    CASE WHEN :with_metadata::boolean THEN metadata ELSE '{}' END AS metadata,
    created_at, created_by, updated_at, updated_by, retired_at, retired_by
FROM catalog.files
WHERE fid = ANY(:fids::text[])

-- name: list_links
-- Read the parents and children of many files, in the order in which they were declared.
SELECT link.child_id AS file_id, true AS is_parent, f.id, f.fid, f.namespace, f.name, f.size_bytes
FROM catalog.provenance AS link JOIN catalog.files AS f ON f.id = link.parent_id
WHERE link.child_id = ANY(:file_ids::bigint[])
UNION ALL
SELECT link.parent_id, false, f.id, f.fid, f.namespace, f.name, f.size_bytes
FROM catalog.provenance AS link JOIN catalog.files AS f ON f.id = link.child_id
WHERE link.parent_id = ANY(:file_ids::bigint[])
ORDER BY file_id, is_parent, id

-- name: list_memberships
-- Tell which datasets many files are in.
SELECT file_id, dataset_id
FROM catalog.dataset_files
WHERE file_id = ANY(:file_ids::bigint[])
ORDER BY file_id, dataset_id

-- name: list_datasets_numbered
-- Read many datasets at once.
SELECT id, namespace, name, experiment_id, description, frozen, monotonic, metadata, file_count, requirements,
    created_at, created_by, updated_at, updated_by
FROM catalog.datasets
WHERE id = ANY(:dataset_ids::bigint[])

-- name: lock_provenance
-- Keep others from looking for circles among the files of an experiment until this transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('catalog/provenance/' || :experiment_id::bigint::text, 0))

-- name: delete_links
-- Cut a file off from all its relatives.
DELETE FROM catalog.provenance WHERE parent_id = :file_id OR child_id = :file_id

-- name: delete_other_parents
-- Cut a file off from its parents but these.
DELETE FROM catalog.provenance WHERE child_id = :file_id AND parent_id <> ALL(:parent_ids::bigint[])

-- name: delete_other_children
-- Cut a file off from its children but these.
DELETE FROM catalog.provenance WHERE parent_id = :file_id AND child_id <> ALL(:child_ids::bigint[])
