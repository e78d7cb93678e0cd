-- name: list_sample_keys
-- hot
-- Count the files among the first of a dataset that have each metadata key, the most frequent keys first.
WITH sample AS MATERIALIZED (
    SELECT member.file_id FROM catalog.dataset_files AS member
    WHERE member.dataset_id = :dataset_id
    ORDER BY member.file_id
    LIMIT :count
)
SELECT part.key
FROM sample
CROSS JOIN LATERAL (SELECT f.metadata FROM catalog.files AS f WHERE f.id = sample.file_id) AS file
CROSS JOIN LATERAL jsonb_object_keys(file.metadata) AS part (key)
GROUP BY part.key
ORDER BY count(*) DESC, part.key COLLATE "C"
LIMIT :most

-- name: list_value_counts
-- hot
-- Count the values of some keys among the first files of a dataset: many different numbers in bins of equal width,
-- anything else by value, the most frequent first.
WITH sample AS MATERIALIZED (
    SELECT member.file_id FROM catalog.dataset_files AS member
    WHERE member.dataset_id = :dataset_id
    ORDER BY member.file_id
    LIMIT :count
), items AS MATERIALIZED (
    SELECT given.key, file.metadata -> given.key AS item
    FROM sample
    CROSS JOIN LATERAL (
        SELECT f.metadata FROM catalog.files AS f WHERE f.id = sample.file_id AND f.retired_at IS NULL
    ) AS file
    CROSS JOIN unnest(:keys::text[]) AS given (key)
    WHERE file.metadata ? given.key
), bounds AS (
    SELECT key, count(*) AS count, count(DISTINCT item) AS distinct_count,
        min(CASE WHEN jsonb_typeof(item) = 'number' THEN item::numeric END) AS low,
        max(CASE WHEN jsonb_typeof(item) = 'number' THEN item::numeric END) AS high,
        bool_and(jsonb_typeof(item) = 'number') AND count(DISTINCT item) > :most_values AS is_spread
    FROM items
    GROUP BY key
), counted AS (
    SELECT items.key,
        CASE WHEN bounds.is_spread
            THEN least(width_bucket(items.item::numeric, bounds.low, bounds.high, :bin_count::integer), :bin_count)
        END AS bin,
        CASE WHEN NOT bounds.is_spread THEN items.item END AS item,
        count(*) AS bin_size
    FROM items JOIN bounds ON bounds.key = items.key
    GROUP BY 1, 2, 3
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY key ORDER BY bin, bin_size DESC, item) AS rank FROM counted
)
SELECT ranked.key, ranked.bin, left(ranked.item #>> '{}', 100) AS text, ranked.bin_size, bounds.count,
    bounds.distinct_count, bounds.low, bounds.high, bounds.is_spread
FROM ranked JOIN bounds ON bounds.key = ranked.key
WHERE ranked.rank <= CASE WHEN bounds.is_spread THEN :bin_count ELSE :most_values END
ORDER BY ranked.key, ranked.rank

-- name: list_live_members
-- hot
-- Read the next files of a dataset that are not retired, in the order of their numbers.
SELECT f.*
FROM catalog.dataset_files AS member
CROSS JOIN LATERAL (
    SELECT own.id, own.fid, own.namespace, own.name, own.experiment_id, own.size_bytes, own.checksums, own.metadata,
        own.created_at, own.created_by, own.updated_at, own.updated_by, own.retired_at, own.retired_by
    FROM catalog.files AS own
    WHERE own.id = member.file_id AND own.retired_at IS NULL
) AS f
WHERE member.dataset_id = :dataset_id AND member.file_id > :after
ORDER BY member.file_id
LIMIT :count
