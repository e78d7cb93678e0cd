-- name: list_ground
-- hot
-- Read the namespaces of these names, by name, and whether the experiment of each has categories.
SELECT n.name, n.experiment_id, n.description, n.owner_user_id, n.owner_role, n.owner_group, n.created_at, n.created_by,
    owner.username AS owner_username,
    EXISTS (SELECT FROM catalog.categories AS category WHERE category.experiment_id = n.experiment_id) AS has_categories
FROM catalog.namespaces AS n LEFT JOIN auth.user_names AS owner ON owner.id = n.owner_user_id
WHERE n.name = ANY(:names::text[])
ORDER BY n.name

-- name: enter_files
-- hot
-- Declare files in the order given, passing over those whose name is taken. Their fids were made for this call.
WITH entered AS (
    INSERT INTO catalog.files
        (fid, namespace, name, experiment_id, size_bytes, checksums, metadata, created_at, created_by)
    SELECT given.fid, given.namespace, given.name, :experiment_id, given.size_bytes, given.checksums::jsonb,
        given.metadata::jsonb, :now, :username
    FROM unnest(
        :fids::text[], :namespaces::text[], :names::text[], :sizes::bigint[], :checksums::text[], :metadata::text[]
    ) AS given (fid, namespace, name, size_bytes, checksums, metadata)
    ON CONFLICT (namespace, name) DO NOTHING
    RETURNING id, fid
)
SELECT array_agg(id) AS ids, array_agg(fid) AS fids FROM entered

-- name: enter_files_from_elsewhere
-- hot
-- Do the same for files that bring their fid, instant or author, passing over those whose name or fid is taken.
WITH entered AS (
    INSERT INTO catalog.files
        (fid, namespace, name, experiment_id, size_bytes, checksums, metadata, created_at, created_by)
    SELECT given.fid, given.namespace, given.name, :experiment_id, given.size_bytes, given.checksums::jsonb,
        given.metadata::jsonb, coalesce(given.created_at, :now), coalesce(given.created_by, :username)
    FROM unnest(
        :fids::text[], :namespaces::text[], :names::text[], :sizes::bigint[], :checksums::text[], :metadata::text[],
        :created_at::timestamptz[], :created_by::text[]
    ) AS given (fid, namespace, name, size_bytes, checksums, metadata, created_at, created_by)
    ON CONFLICT DO NOTHING
    RETURNING id, fid
)
SELECT array_agg(id) AS ids, array_agg(fid) AS fids FROM entered

-- name: enter_members
-- hot
-- Put files that this transaction declared into a dataset that takes them as they are; its count grows. The dataset
-- stays locked. One that is frozen or requires something is only read.
WITH dataset AS MATERIALIZED (
    SELECT id, frozen, requirements <> '{}' AS has_requirements
    FROM catalog.datasets
    WHERE namespace = :namespace AND name = :name
    FOR NO KEY UPDATE
), added AS (
    INSERT INTO catalog.dataset_files (dataset_id, file_id, created_at)
    SELECT dataset.id, given.file_id, coalesce(given.created_at, :now)
    FROM dataset, unnest(:file_ids::bigint[], :created_at::timestamptz[]) AS given (file_id, created_at)
    WHERE NOT dataset.frozen AND NOT dataset.has_requirements
), grown AS (
    UPDATE catalog.datasets AS target
    SET file_count = target.file_count + cardinality(:file_ids::bigint[])
    FROM dataset
    WHERE target.id = dataset.id AND NOT dataset.frozen AND NOT dataset.has_requirements
)
SELECT NOT frozen AND NOT has_requirements AS is_done FROM dataset

-- name: keep_known_files
-- hot
-- Read what is known of files by their names, and whether this transaction declared them. They are kept from being
-- renamed, retired or deleted until it ends.
SELECT f.id, f.fid, f.namespace, f.name, f.experiment_id, f.size_bytes, f.checksums,
    f.retired_at IS NOT NULL AS is_retired, f.xmin = pg_current_xact_id()::xid AS is_own
FROM unnest(:namespaces::text[], :names::text[]) AS given (namespace, name)
JOIN catalog.files AS f ON f.namespace = given.namespace AND f.name = given.name
ORDER BY f.id
FOR KEY SHARE OF f
