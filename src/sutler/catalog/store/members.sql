-- name: lock_files
-- Keep others from retiring and deleting these files until this transaction ends, and tell those not retired.
SELECT id, retired_at IS NULL AS is_live FROM catalog.files WHERE id = ANY(:file_ids::bigint[]) ORDER BY id FOR SHARE

-- name: list_present
-- Tell which of these files are in a dataset.
SELECT file_id FROM catalog.dataset_files WHERE dataset_id = :dataset_id AND file_id = ANY(:file_ids::bigint[])

-- name: insert_members
-- Put files that are not retired into a dataset; the count of the dataset grows by those that were not in it.
WITH added AS (
    INSERT INTO catalog.dataset_files (dataset_id, file_id, created_at)
    SELECT :dataset_id, f.id, f.created_at
    FROM unnest(:file_ids::bigint[]) AS given (file_id) JOIN catalog.files AS f ON f.id = given.file_id
    ON CONFLICT DO NOTHING
    RETURNING file_id
)
UPDATE catalog.datasets
SET file_count = file_count + counted.added
FROM (SELECT count(*) AS added FROM added) AS counted
WHERE id = :dataset_id AND counted.added > 0
RETURNING counted.added

-- name: delete_members
-- Take files out of a dataset and tell how many were in it; its count goes down by those that are not retired.
WITH removed AS (
    DELETE FROM catalog.dataset_files
    WHERE dataset_id = :dataset_id AND file_id = ANY(:file_ids::bigint[])
    RETURNING file_id
), counted AS (
    SELECT count(*) AS removed, count(*) FILTER (WHERE f.retired_at IS NULL) AS live
    FROM removed JOIN catalog.files AS f ON f.id = removed.file_id
), changed AS (
    UPDATE catalog.datasets SET file_count = file_count - counted.live
    FROM counted WHERE id = :dataset_id AND counted.live > 0
)
SELECT removed FROM counted

-- name: delete_next_members
-- Take the next files out of a dataset that is about to go, and tell how many and the last one.
WITH removed AS (
    DELETE FROM catalog.dataset_files
    WHERE dataset_id = :dataset_id AND file_id = ANY (ARRAY(
        SELECT later.file_id FROM catalog.dataset_files AS later
        WHERE later.dataset_id = :dataset_id AND later.file_id > :after
        ORDER BY later.file_id
        LIMIT :count
    ))
    RETURNING file_id
)
SELECT count(*) AS removed, max(file_id) AS last FROM removed

-- name: list_members
-- Read the next files of a dataset, retired ones too, in the order of their numbers, with or without metadata. Which
-- they are is decided first, by the key alone: what is known of a dataset that grew a moment ago would mislead a join.
WITH chosen AS MATERIALIZED (
    SELECT member.file_id FROM catalog.dataset_files AS member
    WHERE member.dataset_id = :dataset_id AND member.file_id > :after
    ORDER BY member.file_id
    LIMIT :count
)
SELECT f.id, f.fid, f.namespace, f.name, f.experiment_id, f.size_bytes, f.checksums,
    CASE WHEN :with_metadata::boolean THEN f.metadata ELSE '{}' END AS metadata,
    f.created_at, f.created_by, f.updated_at, f.updated_by, f.retired_at, f.retired_by
FROM chosen JOIN catalog.files AS f ON f.id = chosen.file_id
ORDER BY f.id
