-- name: list_used_keys
-- Read the keys of the metadata of all files of these experiments, or of all, in order.
SELECT DISTINCT part.key COLLATE "C" AS key
FROM catalog.files AS f, jsonb_object_keys(f.metadata) AS part (key)
WHERE :experiment_ids::bigint[] IS NULL OR f.experiment_id = ANY(:experiment_ids::bigint[])
ORDER BY key

-- name: list_key_ranges
-- Count the values of some keys, and read the first and the last of them as texts; null counts for nothing.
SELECT given.key, count(f.metadata ->> given.key) AS count,
    min((f.metadata ->> given.key) COLLATE "C") AS first, max((f.metadata ->> given.key) COLLATE "C") AS last
FROM unnest(:keys::text[]) WITH ORDINALITY AS given (key, place)
LEFT JOIN catalog.files AS f
    ON f.metadata ? given.key
    AND (:experiment_ids::bigint[] IS NULL OR f.experiment_id = ANY(:experiment_ids::bigint[]))
GROUP BY given.key, given.place
ORDER BY given.place

-- name: list_key_values
-- Read the different values of a key as texts, in order; null is left out.
SELECT DISTINCT (f.metadata ->> :key::text) COLLATE "C" AS value
FROM catalog.files AS f
WHERE f.metadata ? :key::text
    AND f.metadata ->> :key::text IS NOT NULL
    AND (:experiment_ids::bigint[] IS NULL OR f.experiment_id = ANY(:experiment_ids::bigint[]))
ORDER BY value
LIMIT :most
