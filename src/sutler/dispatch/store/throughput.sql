-- name: find_throughput_ends
-- Find the first and the last minute in which attempts of a project ended; both are NULL if none has.
SELECT
    (
        SELECT minute FROM dispatch.throughput WHERE project_id = :project_id ORDER BY minute LIMIT 1
    ) AS first_at,
    (
        SELECT minute FROM dispatch.throughput WHERE project_id = :project_id ORDER BY minute DESC LIMIT 1
    ) AS last_at

-- name: list_throughput
-- Add up how many attempts of a project ended in each of some intervals of equal length, the first one first.
SELECT bucket.at, bucket.span, bucket.done_count, bucket.failed_count, bucket.returned_count
FROM (
    SELECT :first_at::timestamptz + make_interval(mins => number * :minutes::integer) AS at,
           make_interval(mins => :minutes::integer) AS span,
           moved.done_count, moved.failed_count, moved.returned_count
    FROM generate_series(0, :count::integer - 1) AS number
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(done_count), 0)::bigint AS done_count,
               coalesce(sum(failed_count), 0)::bigint AS failed_count,
               coalesce(sum(returned_count), 0)::bigint AS returned_count
        FROM dispatch.throughput
        WHERE project_id = :project_id
          AND minute >= :first_at::timestamptz + make_interval(mins => number * :minutes::integer)
          AND minute < :first_at::timestamptz + make_interval(mins => (number + 1) * :minutes::integer)
    ) AS moved
) AS bucket
ORDER BY bucket.at

-- name: list_handles_between
-- List handles of a stretch of a project in order. The reasons are looked up for what is listed only.
SELECT handle.project_id, handle.position, handle.share_id, handle.namespace, handle.name, handle.fid,
       handle.size_bytes, handle.attributes, handle.state, handle.attempts, handle.worker_id, handle.reserved_at,
       CASE WHEN handle.state = 'done' THEN '' ELSE coalesce(last.reason, '') END AS reason
FROM (
    SELECT *
    FROM dispatch.handles
    WHERE project_id = :project_id
      AND position > :after
      AND position <= :until
      AND (:states::text[] IS NULL OR state = ANY (:states::text[]))
      AND (:namespace::text IS NULL OR namespace = :namespace::text)
      AND (:name::text IS NULL OR strpos(name, :name::text) > 0)
    ORDER BY position
    LIMIT :count
) AS handle
LEFT JOIN LATERAL (
    SELECT ended.reason
    FROM dispatch.attempts AS ended
    WHERE ended.project_id = handle.project_id AND ended.position = handle.position
    ORDER BY ended.id DESC
    LIMIT 1
) AS last ON true
ORDER BY handle.position

-- name: list_marked_positions
-- List the next places where handles are reserved or have failed at some time, in order.
SELECT marked.position
FROM (
    (
        SELECT position
        FROM dispatch.leases
        WHERE project_id = :project_id AND position > :after AND 'reserved' = ANY (:states::text[])
        ORDER BY position
        LIMIT :count
    )
    UNION
    (
        SELECT DISTINCT position
        FROM dispatch.attempts
        WHERE project_id = :project_id
          AND handle_state = 'failed'
          AND position > :after
          AND 'failed' = ANY (:states::text[])
        ORDER BY position
        LIMIT :count
    )
) AS marked
ORDER BY marked.position
LIMIT :count

-- name: list_handles_at
-- List the handles at some places of a project in order. The reasons are looked up for what is listed only.
SELECT handle.project_id, handle.position, handle.share_id, handle.namespace, handle.name, handle.fid,
       handle.size_bytes, handle.attributes, handle.state, handle.attempts, handle.worker_id, handle.reserved_at,
       coalesce(last.reason, '') AS reason
FROM (
    SELECT found.*
    FROM unnest(:positions::integer[]) AS wanted (position)
    JOIN dispatch.handles AS found ON found.project_id = :project_id AND found.position = wanted.position
    WHERE found.state = ANY (:states::text[])
      AND (:namespace::text IS NULL OR found.namespace = :namespace::text)
      AND (:name::text IS NULL OR strpos(found.name, :name::text) > 0)
    ORDER BY found.position
    LIMIT :count
) AS handle
LEFT JOIN LATERAL (
    SELECT ended.reason
    FROM dispatch.attempts AS ended
    WHERE ended.project_id = handle.project_id AND ended.position = handle.position
    ORDER BY ended.id DESC
    LIMIT 1
) AS last ON true
ORDER BY handle.position
