-- name: list_generation_above
-- hot
-- Read the first parents of several files, each once and none that is drawn already, and how many there are. Of each
-- file only so many links are followed.
WITH relatives AS MATERIALIZED (
    SELECT DISTINCT link.parent_id AS id
    FROM unnest(:file_ids::bigint[]) AS given (id)
    CROSS JOIN LATERAL (
        SELECT own.parent_id FROM catalog.provenance AS own
        WHERE own.child_id = given.id
        ORDER BY own.parent_id
        LIMIT :most
    ) AS link
    WHERE link.parent_id <> ALL(:drawn_ids::bigint[])
)
SELECT f.id, f.fid, f.namespace, f.name, f.size_bytes, count(*) OVER () AS total
FROM relatives CROSS JOIN LATERAL (SELECT * FROM catalog.files AS file WHERE file.id = relatives.id) AS f
WHERE :experiment_ids::bigint[] IS NULL OR f.experiment_id = ANY(:experiment_ids::bigint[])
ORDER BY f.id
LIMIT :count

-- name: list_generation_below
-- hot
-- Read the first children of several files, each once and none that is drawn already, and how many there are. Of each
-- file only so many links are followed.
WITH relatives AS MATERIALIZED (
    SELECT DISTINCT link.child_id AS id
    FROM unnest(:file_ids::bigint[]) AS given (id)
    CROSS JOIN LATERAL (
        SELECT own.child_id FROM catalog.provenance AS own
        WHERE own.parent_id = given.id
        ORDER BY own.child_id
        LIMIT :most
    ) AS link
    WHERE link.child_id <> ALL(:drawn_ids::bigint[])
)
SELECT f.id, f.fid, f.namespace, f.name, f.size_bytes, count(*) OVER () AS total
FROM relatives CROSS JOIN LATERAL (SELECT * FROM catalog.files AS file WHERE file.id = relatives.id) AS f
WHERE :experiment_ids::bigint[] IS NULL OR f.experiment_id = ANY(:experiment_ids::bigint[])
ORDER BY f.id
LIMIT :count

-- name: list_links_among
-- hot
-- Tell which of a few files are parents of which.
SELECT link.parent_id, link.child_id
FROM unnest(:file_ids::bigint[]) AS parent (id)
CROSS JOIN unnest(:file_ids::bigint[]) AS child (id)
CROSS JOIN LATERAL (
    SELECT one.parent_id, one.child_id FROM catalog.provenance AS one
    WHERE one.parent_id = parent.id AND one.child_id = child.id
    LIMIT 1
) AS link
ORDER BY link.parent_id, link.child_id
