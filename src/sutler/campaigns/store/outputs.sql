-- name: list_outputs
-- List files that came from others: what shares declared, and what stands exactly so many generations below files.
-- What other shares declared is left out, and what nobody's share declared must be as young as the launch.
WITH RECURSIVE declared AS (
    SELECT DISTINCT file_id FROM dispatch.share_outputs WHERE share_id = ANY(:share_ids::bigint[])
),
below (file_id, generation) AS (
    (
        SELECT file.id, 0 FROM catalog.file_facts AS file WHERE file.fid = ANY(:fids::text[])
        UNION
        SELECT file_id, 1 FROM declared
    )
    UNION
    SELECT link.child_id, below.generation + 1
    FROM below
    JOIN catalog.file_parents AS link ON link.parent_id = below.file_id
    WHERE below.generation < :depth
)
SELECT file.id AS file_id, file.fid, file.namespace, file.name, file.size_bytes
FROM (SELECT DISTINCT file_id FROM below WHERE generation = :depth) AS found
JOIN catalog.file_facts AS file ON file.id = found.file_id
WHERE file.retired_at IS NULL
  AND file.name LIKE :name_like
  AND (
      EXISTS (SELECT FROM declared WHERE declared.file_id = file.id)
      OR (
          file.created_at >= :since
          AND NOT EXISTS (
              SELECT FROM dispatch.share_outputs AS other
              WHERE other.file_id = file.id AND other.share_id IS NOT NULL
          )
      )
  )
ORDER BY file.namespace, file.name

-- name: list_files_with_outputs
-- Tell which of the given handles have an output so many generations below, counted from 1 in the order given.
WITH RECURSIVE given AS (
    SELECT number, fid, project_id, position
    FROM unnest(:fids::text[], :project_ids::bigint[], :positions::integer[])
        WITH ORDINALITY AS handle (fid, project_id, position, number)
),
below (number, file_id, generation) AS (
    (
        SELECT given.number, file.id, 0 FROM given JOIN catalog.file_facts AS file ON file.fid = given.fid
        UNION
        SELECT given.number, made.file_id, 1
        FROM dispatch.handle_outputs AS made
        JOIN given ON given.project_id = made.project_id AND given.position = made.position
        WHERE made.share_id = ANY(:share_ids::bigint[])
    )
    UNION
    SELECT below.number, link.child_id, below.generation + 1
    FROM below
    JOIN catalog.file_parents AS link ON link.parent_id = below.file_id
    WHERE below.generation < :depth
)
SELECT DISTINCT below.number
FROM below
JOIN catalog.file_facts AS file ON file.id = below.file_id
WHERE below.generation = :depth
  AND file.retired_at IS NULL
  AND (:since::timestamptz IS NULL OR file.created_at >= :since::timestamptz)
  AND (cardinality(:name_patterns::text[]) = 0 OR file.name ~ ANY(:name_patterns::text[]))
  AND (
      NOT :needs_copy::boolean
      OR EXISTS (
          SELECT FROM replicas.recorded AS copy WHERE copy.namespace = file.namespace AND copy.name = file.name
      )
  )
