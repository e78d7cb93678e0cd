-- name: insert_handles
-- Add handles to a project, numbered on from `first_position`: ready where a usable replica is known, else put aside.
-- The look-up of a replica is one of its own for each handle, whatever the planner believes about the sizes of tables.
WITH given AS MATERIALIZED (
    SELECT :first_position::integer + item.number::integer - 1 AS position, item.namespace, item.name, item.fid,
           item.size_bytes, item.attributes::jsonb, :is_virtual OR copy.is_there IS NOT NULL AS is_located
    FROM unnest(:namespaces::text[], :names::text[], :fids::text[], :sizes::bigint[], :attributes::text[])
        WITH ORDINALITY AS item (namespace, name, fid, size_bytes, attributes, number)
    LEFT JOIN LATERAL (
        SELECT true AS is_there
        FROM replicas.usable AS copy
        WHERE NOT :is_virtual
          AND copy.namespace = item.namespace
          AND copy.name = item.name
          AND copy.experiment_id = :experiment_id
        LIMIT 1
    ) AS copy ON true
), added AS (
    INSERT INTO dispatch.handles (
        project_id, position, share_id, namespace, name, fid, size_bytes, attributes, state
    )
    SELECT :project_id, position, :share_id, namespace, name, fid, size_bytes, attributes, 'initial' FROM given
), ready AS (
    INSERT INTO dispatch.ready (project_id, position, share_id, attempts)
    SELECT :project_id, position, :share_id, 0 FROM given WHERE is_located
), aside AS (
    INSERT INTO dispatch.unlocated (project_id, position, share_id, namespace, name, since)
    SELECT :project_id, position, :share_id, namespace, name, :now FROM given WHERE NOT is_located
)
SELECT count(*) FROM given WHERE NOT is_located

-- name: copy_handles
-- Add copies of the next `count` handles of another project, as if they were new: each at the place it has there.
WITH given AS MATERIALIZED (
    SELECT source.position, source.namespace, source.name, source.fid, source.size_bytes,
           (source.attributes - 'timeouts') || :attributes AS attributes, :is_virtual OR copy.is_there IS NOT NULL
               AS is_located
    FROM (
        SELECT position, namespace, name, fid, size_bytes, attributes
        FROM dispatch.handles
        WHERE project_id = :source_id AND position > :after
        ORDER BY position
        LIMIT :count
    ) AS source
    LEFT JOIN LATERAL (
        SELECT true AS is_there
        FROM replicas.usable AS copy
        WHERE NOT :is_virtual
          AND copy.namespace = source.namespace
          AND copy.name = source.name
          AND copy.experiment_id = :experiment_id
        LIMIT 1
    ) AS copy ON true
), added AS (
    INSERT INTO dispatch.handles (
        project_id, position, share_id, namespace, name, fid, size_bytes, attributes, state
    )
    SELECT :project_id, position, :share_id, namespace, name, fid, size_bytes, attributes, 'initial' FROM given
), ready AS (
    INSERT INTO dispatch.ready (project_id, position, share_id, attempts)
    SELECT :project_id, position, :share_id, 0 FROM given WHERE is_located
), aside AS (
    INSERT INTO dispatch.unlocated (project_id, position, share_id, namespace, name, since)
    SELECT :project_id, position, :share_id, namespace, name, :now FROM given WHERE NOT is_located
)
SELECT count(*) AS count, count(*) FILTER (WHERE NOT is_located) AS unlocated_count, max(position) AS last FROM given

-- name: restart_handles
-- Put locked done and failed handles back: ready where they have a usable replica, else put aside. Opens the project.
WITH moved AS (
    UPDATE dispatch.handles AS handle
    SET state = 'initial', worker_id = NULL
    FROM dispatch.handles AS before
    WHERE handle.project_id = :project_id
      AND handle.position = ANY(:positions::integer[])
      AND before.project_id = handle.project_id
      AND before.position = handle.position
    RETURNING handle.project_id, handle.position, handle.share_id, handle.attempts, handle.namespace, handle.name,
              before.state AS state_before
), placed AS MATERIALIZED (
    SELECT moved.*, :is_virtual OR copy.is_there IS NOT NULL AS is_located
    FROM moved
    LEFT JOIN LATERAL (
        SELECT true AS is_there
        FROM replicas.usable AS copy
        WHERE NOT :is_virtual
          AND copy.namespace = moved.namespace
          AND copy.name = moved.name
          AND copy.experiment_id = :experiment_id
        LIMIT 1
    ) AS copy ON true
), back AS (
    INSERT INTO dispatch.ready (project_id, position, share_id, attempts)
    SELECT project_id, position, share_id, attempts FROM placed WHERE is_located
), aside AS (
    INSERT INTO dispatch.unlocated (project_id, position, share_id, namespace, name, since)
    SELECT project_id, position, share_id, namespace, name, :now FROM placed WHERE NOT is_located
), by_share AS MATERIALIZED (
    SELECT share_id,
           count(*) AS count,
           count(*) FILTER (WHERE NOT is_located) AS unlocated_count,
           count(*) FILTER (WHERE state_before = 'done') AS done_count,
           count(*) FILTER (WHERE state_before = 'failed') AS failed_count
    FROM placed
    GROUP BY share_id
), total AS MATERIALIZED (
    SELECT coalesce(sum(count), 0)::bigint AS count,
           coalesce(sum(unlocated_count), 0)::bigint AS unlocated_count,
           coalesce(sum(done_count), 0)::bigint AS done_count,
           coalesce(sum(failed_count), 0)::bigint AS failed_count
    FROM by_share
), project AS (
    UPDATE dispatch.projects AS project
    SET initial_count = project.initial_count + total.count,
        unlocated_count = project.unlocated_count + total.unlocated_count,
        done_count = project.done_count - total.done_count,
        failed_count = project.failed_count - total.failed_count,
        state = 'active',
        active_at = :now,
        ended_at = NULL,
        ready_from = 0
    FROM total
    WHERE project.id = :project_id
    RETURNING project.id
), share AS (
    UPDATE dispatch.shares AS share
    SET initial_count = share.initial_count + by_share.count,
        unlocated_count = share.unlocated_count + by_share.unlocated_count,
        done_count = share.done_count - by_share.done_count,
        failed_count = share.failed_count - by_share.failed_count,
        ready_from = 0
    FROM by_share CROSS JOIN project
    WHERE share.id = by_share.share_id
    RETURNING share.id
)
SELECT project.id AS project_id, array_remove(array_agg(share.id), NULL) AS share_ids
FROM project LEFT JOIN share ON true
GROUP BY project.id

-- name: list_held_files
-- List those files among the named ones that a project holds.
SELECT handle.namespace, handle.name
FROM unnest(:namespaces::text[], :names::text[]) AS given (namespace, name)
JOIN dispatch.handles AS handle
    ON handle.project_id = :project_id AND handle.namespace = given.namespace AND handle.name = given.name

-- name: find_next_position
-- Find the first place of a project that no handle has or ever had an attempt at.
SELECT 1 + greatest(
    (SELECT max(position) FROM dispatch.handles WHERE project_id = :project_id),
    (SELECT max(position) FROM dispatch.attempts WHERE project_id = :project_id),
    -1
)

-- name: lock_ready
-- Lock what may be given out of a project, all of it or that of the named files: who is taking it comes first.
WITH locked AS MATERIALIZED (
    SELECT ready.position
    FROM dispatch.ready
    WHERE ready.project_id = :project_id
      AND (
          :is_all::boolean
          OR ready.position IN (
              SELECT handle.position
              FROM unnest(:namespaces::text[], :names::text[]) AS given (namespace, name)
              JOIN dispatch.handles AS handle
                  ON handle.project_id = :project_id
                  AND handle.namespace = given.namespace
                  AND handle.name = given.name
          )
      )
    FOR UPDATE
)
SELECT count(*) FROM locked

-- name: lock_named_handles
-- Lock the named handles of a project, in order.
SELECT handle.position, handle.namespace, handle.name, handle.state
FROM dispatch.handles AS handle
WHERE handle.project_id = :project_id
  AND (handle.namespace, handle.name) IN (
      SELECT given.namespace, given.name
      FROM unnest(:namespaces::text[], :names::text[]) AS given (namespace, name)
  )
ORDER BY handle.position
FOR UPDATE

-- name: remove_handles
-- Take locked initial handles out of a project, and say how open it and their shares are then.
WITH gone AS (
    DELETE FROM dispatch.handles AS handle
    WHERE handle.project_id = :project_id
      AND handle.position = ANY(:positions::integer[])
      AND handle.state = 'initial'
    RETURNING handle.position, handle.share_id
), ready AS (
    DELETE FROM dispatch.ready
    WHERE ready.project_id = :project_id AND ready.position = ANY(:positions)
), aside AS (
    DELETE FROM dispatch.unlocated AS aside
    WHERE aside.project_id = :project_id AND aside.position = ANY(:positions)
    RETURNING aside.position
), pausing AS (
    DELETE FROM dispatch.resting AS pausing
    WHERE pausing.project_id = :project_id AND pausing.position = ANY(:positions)
    RETURNING pausing.position
), by_share AS MATERIALIZED (
    SELECT gone.share_id, count(*) AS count, count(aside.position) AS unlocated_count,
           count(pausing.position) AS resting_count
    FROM gone
    LEFT JOIN aside ON aside.position = gone.position
    LEFT JOIN pausing ON pausing.position = gone.position
    GROUP BY gone.share_id
), total AS MATERIALIZED (
    SELECT coalesce(sum(count), 0)::bigint AS count,
           coalesce(sum(unlocated_count), 0)::bigint AS unlocated_count,
           coalesce(sum(resting_count), 0)::bigint AS resting_count
    FROM by_share
), project AS (
    UPDATE dispatch.projects AS project
    SET total_count = project.total_count - total.count,
        initial_count = project.initial_count - total.count,
        unlocated_count = project.unlocated_count - total.unlocated_count,
        resting_count = project.resting_count - total.resting_count
    FROM total
    WHERE project.id = :project_id
    RETURNING project.experiment_id, project.state, project.total_count,
              project.initial_count + project.reserved_count AS open_count, project.failed_count
), share AS (
    UPDATE dispatch.shares AS share
    SET total_count = share.total_count - by_share.count,
        initial_count = share.initial_count - by_share.count,
        unlocated_count = share.unlocated_count - by_share.unlocated_count,
        resting_count = share.resting_count - by_share.resting_count
    FROM by_share CROSS JOIN project
    WHERE share.id = by_share.share_id
    RETURNING share.id, share.initial_count + share.reserved_count AS open_count
)
SELECT share.id AS share_id, project.experiment_id, project.state AS project_state,
       project.total_count AS project_total_count, project.open_count AS project_open_count,
       project.failed_count AS project_failed_count, share.open_count AS share_open_count
FROM project LEFT JOIN share ON true
ORDER BY share.id

-- name: lock_ended_handles
-- Lock the done and failed handles of a project that are in one of the states or among the named files, in order.
SELECT handle.position
FROM dispatch.handles AS handle
WHERE handle.project_id = :project_id
  AND handle.state IN ('done', 'failed')
  AND (
      handle.state = ANY(:states::text[])
      OR (handle.namespace, handle.name) IN (
          SELECT given.namespace, given.name
          FROM unnest(:namespaces::text[], :names::text[]) AS given (namespace, name)
      )
  )
ORDER BY handle.position
FOR UPDATE

-- name: wake_handles
-- Make ready handles of a project that have paused for long enough, or the named ones whatever the time.
WITH rested AS MATERIALIZED (
    SELECT aside.project_id, aside.position
    FROM dispatch.resting AS aside
    WHERE aside.project_id = :project_id
      AND (
          :is_all::boolean
          OR aside.until <= :until::timestamptz
          OR aside.position IN (
              SELECT handle.position
              FROM unnest(:namespaces::text[], :names::text[]) AS given (namespace, name)
              JOIN dispatch.handles AS handle
                  ON handle.project_id = :project_id
                  AND handle.namespace = given.namespace
                  AND handle.name = given.name
          )
      )
    ORDER BY aside.position
    LIMIT :count
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM dispatch.resting AS aside
    USING rested
    WHERE aside.project_id = rested.project_id AND aside.position = rested.position
), back AS (
    INSERT INTO dispatch.ready (project_id, position, share_id, attempts)
    SELECT handle.project_id, handle.position, handle.share_id, handle.attempts
    FROM rested
    JOIN dispatch.handles AS handle ON handle.project_id = rested.project_id AND handle.position = rested.position
    RETURNING share_id, attempts * 4294967296 + position AS place
), total AS MATERIALIZED (
    SELECT count(*) AS count, min(place) AS back_from FROM back HAVING count(*) > 0
), project AS (
    UPDATE dispatch.projects AS project
    SET resting_count = project.resting_count - total.count,
        ready_from = least(project.ready_from, total.back_from)
    FROM total
    WHERE project.id = :project_id
    RETURNING total.count, project.experiment_id
), by_share AS MATERIALIZED (
    SELECT back.share_id, count(*) AS count, min(back.place) AS back_from
    FROM back CROSS JOIN project
    GROUP BY back.share_id
), share AS (
    UPDATE dispatch.shares AS share
    SET resting_count = share.resting_count - by_share.count,
        ready_from = least(share.ready_from, by_share.back_from)
    FROM by_share
    WHERE share.id = by_share.share_id
    RETURNING share.id
)
SELECT project.count, project.experiment_id, array_remove(array_agg(share.id), NULL) AS share_ids
FROM project LEFT JOIN share ON true
GROUP BY project.count, project.experiment_id

-- name: list_rested_projects
-- List the projects of the handles that have paused for long enough, those that have waited longest.
SELECT DISTINCT project_id
FROM (
    SELECT project_id FROM dispatch.resting WHERE until <= :now ORDER BY until LIMIT :count
) AS rested
ORDER BY project_id

-- name: list_locatable_projects
-- List open projects with handles put aside that have a usable replica now.
SELECT DISTINCT found.project_id
FROM (
    SELECT aside.project_id
    FROM dispatch.unlocated AS aside
    JOIN dispatch.projects AS project ON project.id = aside.project_id
    CROSS JOIN LATERAL (
        SELECT FROM replicas.usable AS copy
        WHERE copy.namespace = aside.namespace
          AND copy.name = aside.name
          AND copy.experiment_id = project.experiment_id
        LIMIT 1
    ) AS copy
    WHERE project.state IN ('active', 'abandoned')
    LIMIT :count
) AS found
ORDER BY found.project_id

-- name: locate_handles
-- Make ready the handles of a project that were put aside and have a usable replica now.
WITH found AS MATERIALIZED (
    SELECT aside.project_id, aside.position, aside.share_id
    FROM dispatch.unlocated AS aside
    CROSS JOIN LATERAL (
        SELECT FROM replicas.usable AS copy
        WHERE copy.namespace = aside.namespace
          AND copy.name = aside.name
          AND copy.experiment_id = :experiment_id
        LIMIT 1
    ) AS copy
    WHERE aside.project_id = :project_id
    ORDER BY aside.position
    LIMIT :count
    FOR UPDATE OF aside SKIP LOCKED
), gone AS (
    DELETE FROM dispatch.unlocated AS aside
    USING found
    WHERE aside.project_id = found.project_id AND aside.position = found.position
), back AS (
    INSERT INTO dispatch.ready (project_id, position, share_id, attempts)
    SELECT handle.project_id, handle.position, handle.share_id, handle.attempts
    FROM found
    JOIN dispatch.handles AS handle ON handle.project_id = found.project_id AND handle.position = found.position
    RETURNING share_id, attempts * 4294967296 + position AS place
), total AS MATERIALIZED (
    SELECT count(*) AS count, min(place) AS back_from FROM back HAVING count(*) > 0
), project AS (
    UPDATE dispatch.projects AS project
    SET unlocated_count = project.unlocated_count - total.count,
        ready_from = least(project.ready_from, total.back_from)
    FROM total
    WHERE project.id = :project_id
    RETURNING total.count
), by_share AS MATERIALIZED (
    SELECT back.share_id, count(*) AS count, min(back.place) AS back_from
    FROM back CROSS JOIN project
    GROUP BY back.share_id
), share AS (
    UPDATE dispatch.shares AS share
    SET unlocated_count = share.unlocated_count - by_share.count,
        ready_from = least(share.ready_from, by_share.back_from)
    FROM by_share
    WHERE share.id = by_share.share_id
    RETURNING share.id
)
SELECT project.count, array_remove(array_agg(share.id), NULL) AS share_ids
FROM project LEFT JOIN share ON true
GROUP BY project.count
