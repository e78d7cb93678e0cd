-- name: find_handle
-- Read one handle by its position or by its file.
SELECT handle.project_id, handle.position, handle.share_id, handle.namespace, handle.name, handle.fid,
       handle.size_bytes, handle.attributes, handle.state, handle.attempts, handle.worker_id, handle.reserved_at,
       CASE WHEN handle.state = 'done' THEN '' ELSE coalesce(last.reason, '') END AS reason
FROM dispatch.handles AS handle
LEFT JOIN LATERAL (
    SELECT ended.reason
    FROM dispatch.attempts AS ended
    WHERE ended.project_id = handle.project_id AND ended.position = handle.position
    ORDER BY ended.id DESC
    LIMIT 1
) AS last ON true
WHERE handle.project_id = :project_id
  AND (
      handle.position = :position::integer
      OR (handle.namespace = :namespace::text AND handle.name = :name::text)
  )

-- name: find_held_handle
-- Read one handle by its file with its lease, and how the last attempt of a worker at it ended.
SELECT handle.project_id, handle.position, handle.share_id, handle.namespace, handle.name, handle.fid,
       handle.size_bytes, handle.attributes, handle.state, handle.attempts, handle.worker_id, handle.reserved_at,
       lease.attempt_id,
       (
           SELECT ended.outcome
           FROM dispatch.attempts AS ended
           WHERE ended.project_id = handle.project_id
             AND ended.position = handle.position
             AND ended.worker_id = :worker_id::text
           ORDER BY ended.id DESC
           LIMIT 1
       ) AS last_outcome
FROM dispatch.handles AS handle
LEFT JOIN dispatch.leases AS lease ON lease.project_id = handle.project_id AND lease.position = handle.position
WHERE handle.project_id = :project_id AND handle.namespace = :namespace AND handle.name = :name

-- name: list_next_handles
-- List the next handles of a project behind a place, in order, with the reason of the last failure.
SELECT handle.project_id, handle.position, handle.share_id, handle.namespace, handle.name, handle.fid,
       handle.size_bytes, handle.attributes, handle.state, handle.attempts, handle.worker_id, handle.reserved_at,
       coalesce(last.reason, '') AS reason
FROM dispatch.handles AS handle
LEFT JOIN LATERAL (
    SELECT ended.reason
    FROM dispatch.attempts AS ended
    WHERE handle.attempts > 0
      AND handle.state <> 'done'
      AND ended.project_id = handle.project_id
      AND ended.position = handle.position
    ORDER BY ended.id DESC
    LIMIT 1
) AS last ON true
WHERE handle.project_id = :project_id AND handle.position > :after
ORDER BY handle.position
LIMIT :count

-- name: list_attempts
-- List the attempts of one handle, the newest first; one that runs has no end yet.
SELECT attempt_id AS id, project_id, position, attempt, worker_id, site, batch_job_id, reserved_at,
       NULL::timestamptz AS ended_at, NULL::text AS outcome, NULL::text AS handle_state, '' AS reason,
       '{}'::jsonb AS measures, '' AS log_tail
FROM dispatch.leases
WHERE project_id = :project_id AND position = :position
UNION ALL
SELECT id, project_id, position, attempt, worker_id, site, batch_job_id, reserved_at, ended_at, outcome, handle_state,
       reason, measures, log_tail
FROM dispatch.attempts
WHERE project_id = :project_id AND position = :position
ORDER BY id DESC

-- name: list_outputs
-- List what a share produced and the catalogue still has, by name pattern, in the order of names.
SELECT produced.file_id, file.fid, file.namespace, file.name, file.size_bytes, produced.media_type, produced.url,
       produced.attempt_id
FROM dispatch.attempt_outputs AS produced
JOIN catalog.file_facts AS file ON file.id = produced.file_id
WHERE produced.share_id = :share_id AND file.name LIKE :name_like AND file.retired_at IS NULL
ORDER BY file.namespace, file.name

-- name: list_pictures
-- List the pictures that a share produced.
SELECT produced.file_id, file.fid, file.namespace, file.name, file.size_bytes, produced.media_type, produced.url,
       produced.attempt_id
FROM dispatch.attempt_outputs AS produced
JOIN catalog.file_facts AS file ON file.id = produced.file_id
WHERE produced.share_id = :share_id AND produced.media_type LIKE 'image/%' AND file.retired_at IS NULL
ORDER BY produced.file_id

-- name: count_unlocated_copies
-- Group the first files of a project, or of a share of it, that were put aside by the copies they have.
SELECT copies.rse_ids, copies.are_staged, count(*) AS count
FROM (
    SELECT aside.namespace, aside.name
    FROM dispatch.unlocated AS aside
    WHERE aside.project_id = :project_id AND (:share_id::bigint IS NULL OR aside.share_id = :share_id)
    ORDER BY aside.position
    LIMIT :limit
) AS aside
JOIN dispatch.projects AS project ON project.id = :project_id
LEFT JOIN LATERAL (
    SELECT array_agg(copy.rse_id ORDER BY copy.rse_id) AS rse_ids,
           array_agg(copy.is_staged ORDER BY copy.rse_id) AS are_staged
    FROM replicas.recorded AS copy
    WHERE copy.namespace = aside.namespace
      AND copy.name = aside.name
      AND copy.experiment_id = project.experiment_id
) AS copies ON true
GROUP BY copies.rse_ids, copies.are_staged

-- name: count_ready_at
-- Count the first ready handles of a project, or of a share of it, at each of some locations.
-- With a share the project is compared in a way that no index serves: only the index by share finds nothing at once.
SELECT mine.location_id, count(*) AS count
FROM (
    SELECT pool.location_id
    FROM unnest(:location_ids::integer[]) AS pool (location_id)
    CROSS JOIN LATERAL (
        (
            SELECT FROM dispatch.ready
            WHERE :share_id::bigint IS NULL AND ready.project_id = :project_id AND ready.location_id = pool.location_id
            ORDER BY ready.attempts, ready.position
            LIMIT :limit
        )
        UNION ALL
        (
            SELECT FROM dispatch.ready
            WHERE ready.share_id = :share_id
              AND ready.project_id - :project_id = 0
              AND ready.location_id = pool.location_id
            ORDER BY ready.attempts, ready.position
            LIMIT :limit
        )
    ) AS either
    LIMIT :limit
) AS mine
GROUP BY mine.location_id

-- name: find_pace
-- Find how long nine of ten of the newest done attempts of each share of a project took at most.
SELECT count(*) AS count,
       percentile_disc(0.9) WITHIN GROUP (ORDER BY recent.ended_at - recent.reserved_at) AS nine_of_ten
FROM dispatch.shares AS share
CROSS JOIN LATERAL (
    SELECT ended.reserved_at, ended.ended_at
    FROM dispatch.attempts AS ended
    WHERE ended.share_id = share.id AND ended.outcome = 'done'
    ORDER BY ended.ended_at DESC
    LIMIT 200
) AS recent
WHERE share.project_id = :project_id
