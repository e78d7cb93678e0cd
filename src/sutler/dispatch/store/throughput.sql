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

-- name: list_positions
-- List the next places of a project, or of one share of it, where handles are in one of the states, in order.
-- Each state is read where its handles stand by place, so none in another state is looked at: the ready ones by location
-- and attempts, the ended ones through the attempt that ended them, or as finished without one.
WITH RECURSIVE scope AS MATERIALIZED (
    SELECT coalesce(
               :project_id::bigint,
               (SELECT share.project_id FROM dispatch.shares AS share WHERE share.id = :share_id::bigint)
           ) AS project_id,
           greatest(
               :after::integer,
               (SELECT min(handle.position) - 1 FROM dispatch.handles AS handle WHERE handle.share_id = :share_id)
           ) AS after,
           CASE WHEN :share_id IS NULL THEN 2147483647 ELSE (
               SELECT max(handle.position) FROM dispatch.handles AS handle WHERE handle.share_id = :share_id
           ) END AS until
), queues (location_id, attempts) AS (
    (
        SELECT ready.location_id, ready.attempts
        FROM dispatch.ready
        WHERE 'initial' = ANY(:states::text[]) AND ready.project_id = (SELECT project_id FROM scope)
        ORDER BY ready.location_id, ready.attempts
        LIMIT 1
    )
    UNION ALL
    SELECT next.location_id, next.attempts
    FROM queues
    CROSS JOIN LATERAL (
        SELECT ready.location_id, ready.attempts
        FROM dispatch.ready
        WHERE ready.project_id = (SELECT project_id FROM scope)
          AND (ready.location_id, ready.attempts) > (queues.location_id, queues.attempts)
        ORDER BY ready.location_id, ready.attempts
        LIMIT 1
    ) AS next
)
SELECT either.position
FROM (
    (
        SELECT mine.position
        FROM queues
        CROSS JOIN LATERAL (
            SELECT ready.position
            FROM dispatch.ready
            WHERE ready.project_id = (SELECT project_id FROM scope)
              AND ready.location_id = queues.location_id
              AND ready.attempts = queues.attempts
              AND ready.position > (SELECT after FROM scope)
              AND ready.position <= (SELECT until FROM scope)
              AND (:share_id IS NULL OR ready.share_id = :share_id)
            ORDER BY ready.position
            LIMIT :count
        ) AS mine
    )
    UNION ALL
    (
        SELECT aside.position
        FROM dispatch.resting AS aside
        WHERE 'initial' = ANY(:states)
          AND aside.project_id = (SELECT project_id FROM scope)
          AND aside.position > (SELECT after FROM scope)
          AND aside.position <= (SELECT until FROM scope)
          AND (:share_id IS NULL OR aside.share_id = :share_id)
        ORDER BY aside.position
        LIMIT :count
    )
    UNION ALL
    (
        SELECT aside.position
        FROM dispatch.unlocated AS aside
        WHERE 'initial' = ANY(:states)
          AND aside.project_id = (SELECT project_id FROM scope)
          AND aside.position > (SELECT after FROM scope)
          AND aside.position <= (SELECT until FROM scope)
          AND (:share_id IS NULL OR aside.share_id = :share_id)
        ORDER BY aside.position
        LIMIT :count
    )
    UNION ALL
    (
        SELECT lease.position
        FROM dispatch.leases AS lease
        WHERE 'reserved' = ANY(:states)
          AND lease.project_id = (SELECT project_id FROM scope)
          AND lease.position > (SELECT after FROM scope)
          AND lease.position <= (SELECT until FROM scope)
          AND (:share_id IS NULL OR lease.share_id = :share_id)
        ORDER BY lease.position
        LIMIT :count
    )
    UNION ALL
    (
        SELECT mine.position
        FROM (VALUES ('done'), ('failed')) AS chosen (state)
        CROSS JOIN LATERAL (
            SELECT ended.position
            FROM dispatch.attempts AS ended
            CROSS JOIN LATERAL (
                SELECT FROM dispatch.handles AS handle
                WHERE handle.project_id = ended.project_id
                  AND handle.position = ended.position
                  AND handle.attempt_id = ended.id
                  AND handle.state = ended.handle_state
                OFFSET 0
            ) AS still
            WHERE chosen.state = ANY(:states)
              AND ended.project_id = (SELECT project_id FROM scope)
              AND ended.handle_state = chosen.state
              AND ended.handle_state IN ('done', 'failed')
              AND NOT ended.is_put_back
              AND ended.position > (SELECT after FROM scope)
              AND ended.position <= (SELECT until FROM scope)
              AND (:share_id IS NULL OR ended.share_id = :share_id)
            ORDER BY ended.position
            LIMIT :count
        ) AS mine
    )
    UNION ALL
    (
        SELECT finished.position
        FROM dispatch.finished
        WHERE 'done' = ANY(:states)
          AND finished.project_id = (SELECT project_id FROM scope)
          AND finished.position > (SELECT after FROM scope)
          AND finished.position <= (SELECT until FROM scope)
          AND (:share_id IS NULL OR finished.share_id = :share_id)
        ORDER BY finished.position
        LIMIT :count
    )
) AS either
ORDER BY either.position
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
