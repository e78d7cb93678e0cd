-- name: insert_handles
-- Add handles to a project, numbered on from `first_position`: ready where a usable replica is known, else put aside.
-- A file that the project holds is passed over; its number is not used then.
-- The look-up of replicas is one of its own for each handle, whatever the planner believes about the sizes of tables.
WITH given AS MATERIALIZED (
    SELECT :first_position::integer + item.number::integer - 1 AS position, item.namespace, item.name, item.fid,
           item.size_bytes, item.attributes, CASE WHEN :is_virtual THEN '{}' ELSE place.rse_ids END AS rse_ids
    FROM unnest(:namespaces::text[], :names::text[], :fids::text[], :sizes::bigint[], :attributes::text[])
        WITH ORDINALITY AS item (namespace, name, fid, size_bytes, attributes, number)
    LEFT JOIN LATERAL (
        SELECT place.rse_ids
        FROM replicas.whereabouts AS place
        WHERE NOT :is_virtual
          AND place.namespace = item.namespace
          AND place.name = item.name
          AND place.experiment_id = :experiment_id
          AND place.is_usable
        LIMIT 1
    ) AS place ON true
), places AS MATERIALIZED (
    SELECT rse_ids, dispatch.ensure_location(rse_ids) AS location_id
    FROM (SELECT DISTINCT rse_ids FROM given WHERE rse_ids IS NOT NULL ORDER BY rse_ids) AS wanted
), pools AS (
    INSERT INTO dispatch.pools (project_id, location_id)
    SELECT :project_id, location_id FROM places ORDER BY location_id
    ON CONFLICT DO NOTHING
), added AS (
    INSERT INTO dispatch.handles (
        project_id, position, share_id, namespace, name, fid, size_bytes, attributes, state, location_id
    )
    SELECT :project_id, given.position, :share_id, given.namespace, given.name, given.fid, given.size_bytes,
           coalesce(given.attributes::jsonb, '{}'), 'initial', places.location_id
    FROM given LEFT JOIN places ON places.rse_ids = given.rse_ids
    ORDER BY given.position
    ON CONFLICT ON CONSTRAINT handles_did_key DO NOTHING
    RETURNING position, namespace, name, location_id
), ready AS (
    INSERT INTO dispatch.ready (project_id, location_id, attempts, position, share_id)
    SELECT :project_id, location_id, 0, position, :share_id FROM added WHERE location_id IS NOT NULL
), aside AS (
    INSERT INTO dispatch.unlocated (project_id, position, share_id, namespace, name, since)
    SELECT :project_id, position, :share_id, namespace, name, :now FROM added WHERE location_id IS NULL
)
SELECT count(*) AS count, count(*) FILTER (WHERE location_id IS NULL) AS unlocated_count FROM added

-- name: ensure_locations
-- Enter the locations of files that are new.
SELECT count(dispatch.ensure_location(rse_ids))
FROM (
    SELECT DISTINCT place.rse_ids
    FROM unnest(:namespaces::text[], :names::text[]) AS item (namespace, name)
    CROSS JOIN LATERAL (
        SELECT place.rse_ids
        FROM replicas.whereabouts AS place
        WHERE place.namespace = item.namespace
          AND place.name = item.name
          AND place.experiment_id = :experiment_id
          AND place.is_usable
        LIMIT 1
    ) AS place
    ORDER BY place.rse_ids
) AS wanted

-- name: copy_handles
-- Add copies of the next `count` handles of another project, as if they were new: each at the place it has there.
WITH given AS MATERIALIZED (
    SELECT source.position, source.namespace, source.name, source.fid, source.size_bytes,
           (source.attributes - 'timeouts') || :attributes AS attributes,
           CASE WHEN :is_virtual THEN '{}' ELSE place.rse_ids END AS rse_ids
    FROM (
        SELECT position, namespace, name, fid, size_bytes, attributes
        FROM dispatch.handles
        WHERE project_id = :source_id AND position > :after
        ORDER BY position
        LIMIT :count
    ) AS source
    LEFT JOIN LATERAL (
        SELECT place.rse_ids
        FROM replicas.whereabouts AS place
        WHERE NOT :is_virtual
          AND place.namespace = source.namespace
          AND place.name = source.name
          AND place.experiment_id = :experiment_id
          AND place.is_usable
        LIMIT 1
    ) AS place ON true
), places AS MATERIALIZED (
    SELECT rse_ids, dispatch.ensure_location(rse_ids) AS location_id
    FROM (SELECT DISTINCT rse_ids FROM given WHERE rse_ids IS NOT NULL ORDER BY rse_ids) AS wanted
), pools AS (
    INSERT INTO dispatch.pools (project_id, location_id)
    SELECT :project_id, location_id FROM places ORDER BY location_id
    ON CONFLICT DO NOTHING
), placed AS MATERIALIZED (
    SELECT given.*, places.location_id FROM given LEFT JOIN places ON places.rse_ids = given.rse_ids
), added AS (
    INSERT INTO dispatch.handles (
        project_id, position, share_id, namespace, name, fid, size_bytes, attributes, state, location_id
    )
    SELECT :project_id, position, :share_id, namespace, name, fid, size_bytes, attributes, 'initial', location_id
    FROM placed
), ready AS (
    INSERT INTO dispatch.ready (project_id, location_id, attempts, position, share_id)
    SELECT :project_id, location_id, 0, position, :share_id FROM placed WHERE location_id IS NOT NULL
), aside AS (
    INSERT INTO dispatch.unlocated (project_id, position, share_id, namespace, name, since)
    SELECT :project_id, position, :share_id, namespace, name, :now FROM placed WHERE location_id IS NULL
)
SELECT count(*) AS count, count(*) FILTER (WHERE location_id IS NULL) AS unlocated_count, max(position) AS last
FROM placed

-- name: restart_handles
-- Put locked done and failed handles back: ready where they have a usable replica, else put aside. Counts them by share.
-- No row of a project or share is changed: many handles are put back part by part, and counted at the end.
WITH given AS MATERIALIZED (
    SELECT handle.position, handle.state AS state_before,
           CASE WHEN :is_virtual THEN '{}' ELSE place.rse_ids END AS rse_ids
    FROM dispatch.handles AS handle
    LEFT JOIN LATERAL (
        SELECT place.rse_ids
        FROM replicas.whereabouts AS place
        WHERE NOT :is_virtual
          AND place.namespace = handle.namespace
          AND place.name = handle.name
          AND place.experiment_id = :experiment_id
          AND place.is_usable
        LIMIT 1
    ) AS place ON true
    WHERE handle.project_id = :project_id AND handle.position = ANY(:positions::integer[])
), places AS MATERIALIZED (
    SELECT rse_ids, dispatch.ensure_location(rse_ids) AS location_id
    FROM (SELECT DISTINCT rse_ids FROM given WHERE rse_ids IS NOT NULL ORDER BY rse_ids) AS wanted
), pools AS (
    INSERT INTO dispatch.pools (project_id, location_id)
    SELECT :project_id, location_id FROM places ORDER BY location_id
    ON CONFLICT DO NOTHING
), placed AS (
    UPDATE dispatch.handles AS handle
    SET state = 'initial', worker_id = NULL, location_id = places.location_id
    FROM given LEFT JOIN places ON places.rse_ids = given.rse_ids
    WHERE handle.project_id = :project_id AND handle.position = given.position
    RETURNING handle.project_id, handle.position, handle.share_id, handle.attempts, handle.namespace, handle.name,
              handle.location_id, given.state_before
), reopened AS (
    DELETE FROM dispatch.finished AS finished
    WHERE finished.project_id = :project_id AND finished.position = ANY(:positions)
), back AS (
    INSERT INTO dispatch.ready (project_id, location_id, attempts, position, share_id)
    SELECT project_id, location_id, attempts, position, share_id FROM placed WHERE location_id IS NOT NULL
), aside AS (
    INSERT INTO dispatch.unlocated (project_id, position, share_id, namespace, name, since)
    SELECT project_id, position, share_id, namespace, name, :now FROM placed WHERE location_id IS NULL
)
SELECT share_id,
       count(*) AS count,
       count(*) FILTER (WHERE location_id IS NULL) AS unlocated_count,
       count(*) FILTER (WHERE state_before = 'done') AS done_count,
       count(*) FILTER (WHERE state_before = 'failed') AS failed_count
FROM placed
GROUP BY share_id
ORDER BY share_id

-- name: count_restarted
-- Count handles that were put back in a project and its shares, and open the project.
WITH by_share AS MATERIALIZED (
    SELECT given.share_id,
           sum(given.count)::bigint AS count,
           sum(given.unlocated_count)::bigint AS unlocated_count,
           sum(given.done_count)::bigint AS done_count,
           sum(given.failed_count)::bigint AS failed_count
    FROM unnest(
        :share_ids::bigint[], :counts::bigint[], :unlocated_counts::bigint[], :done_counts::bigint[],
        :failed_counts::bigint[]
    ) AS given (share_id, count, unlocated_count, done_count, failed_count)
    GROUP BY given.share_id
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
        ended_at = NULL
    FROM total
    WHERE project.id = :project_id::bigint
    RETURNING project.id
), share AS (
    UPDATE dispatch.shares AS share
    SET initial_count = share.initial_count + by_share.count,
        unlocated_count = share.unlocated_count + by_share.unlocated_count,
        done_count = share.done_count - by_share.done_count,
        failed_count = share.failed_count - by_share.failed_count
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
-- Find the first place of a project that no handle has, and at which none ever had an attempt or left a share.
SELECT 1 + greatest(
    (SELECT max(position) FROM dispatch.handles WHERE project_id = :project_id),
    (SELECT max(position) FROM dispatch.attempts WHERE project_id = :project_id),
    (
        SELECT max(gone.position)
        FROM dispatch.shares AS share
        CROSS JOIN LATERAL (
            SELECT outcome.position
            FROM dispatch.share_outcomes AS outcome
            WHERE outcome.share_id = share.id
            ORDER BY outcome.position DESC
            LIMIT 1
        ) AS gone
        WHERE share.project_id = :project_id
    ),
    -1
)

-- name: lock_ready
-- Lock what may be given out of a project, all of it or that of the named files: who is taking it comes first.
WITH of_project AS MATERIALIZED (
    SELECT ready.position FROM dispatch.ready WHERE :is_all::boolean AND ready.project_id = :project_id FOR UPDATE
), named AS MATERIALIZED (
    SELECT handle.project_id, handle.location_id, handle.attempts, handle.position
    FROM unnest(:namespaces::text[], :names::text[]) AS given (namespace, name)
    JOIN dispatch.handles AS handle
        ON handle.project_id = :project_id
        AND handle.namespace = given.namespace
        AND handle.name = given.name
    WHERE NOT :is_all
    ORDER BY handle.position
), of_files AS MATERIALIZED (
    SELECT locked.position
    FROM named
    CROSS JOIN LATERAL (
        SELECT ready.position
        FROM dispatch.ready
        WHERE ready.project_id = named.project_id
          AND ready.location_id = named.location_id
          AND ready.attempts = named.attempts
          AND ready.position = named.position
        FOR UPDATE
    ) AS locked
)
SELECT (SELECT count(*) FROM of_project) + (SELECT count(*) FROM of_files)

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
    RETURNING handle.position, handle.share_id, handle.location_id, handle.attempts
), ready AS (
    DELETE FROM dispatch.ready
    USING gone
    WHERE ready.project_id = :project_id
      AND ready.location_id = gone.location_id
      AND ready.attempts = gone.attempts
      AND ready.position = gone.position
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
    RETURNING share.id, share.initial_count + share.reserved_count - share.gone_initial_count AS open_count
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
          OR aside.position = ANY(:positions::integer[])
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
), latest AS MATERIALIZED (
    SELECT handle.project_id, handle.location_id, handle.attempts, handle.position, handle.share_id
    FROM rested
    JOIN dispatch.handles AS handle ON handle.project_id = rested.project_id AND handle.position = rested.position
    ORDER BY handle.position
    FOR NO KEY UPDATE OF handle
), back AS (
    INSERT INTO dispatch.ready (project_id, location_id, attempts, position, share_id)
    SELECT project_id, location_id, attempts, position, share_id FROM latest
    RETURNING share_id
), total AS MATERIALIZED (
    SELECT count(*) AS count FROM back HAVING count(*) > 0
), project AS (
    UPDATE dispatch.projects AS project
    SET resting_count = project.resting_count - total.count
    FROM total
    WHERE project.id = :project_id
    RETURNING total.count, project.experiment_id
), by_share AS MATERIALIZED (
    SELECT back.share_id, count(*) AS count FROM back CROSS JOIN project GROUP BY back.share_id
), share AS (
    UPDATE dispatch.shares AS share
    SET resting_count = share.resting_count - by_share.count
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

-- name: list_locatable_handles
-- Look at the next `count` handles put aside, whatever the project, and say which have a usable replica now: a row for
-- each project among them, with the last place that was looked at. Only open projects are looked at closely.
WITH part AS MATERIALIZED (
    SELECT aside.project_id, aside.position, aside.namespace, aside.name
    FROM dispatch.unlocated AS aside
    WHERE (aside.project_id, aside.position) > (:after_project_id::bigint, :after_position::integer)
    ORDER BY aside.project_id, aside.position
    LIMIT :count
)
SELECT part.project_id,
       coalesce(array_agg(part.position ORDER BY part.position) FILTER (WHERE copy.is_usable), '{}') AS positions,
       max(part.position) AS last_position,
       count(*) AS count
FROM part
LEFT JOIN LATERAL (
    SELECT true AS is_usable
    FROM dispatch.projects AS project
    JOIN replicas.usable AS copy ON copy.experiment_id = project.experiment_id
    WHERE project.id = part.project_id
      AND project.state IN ('active', 'abandoned')
      AND copy.namespace = part.namespace
      AND copy.name = part.name
    LIMIT 1
) AS copy ON true
GROUP BY part.project_id
ORDER BY part.project_id

-- name: list_turned_up_handles
-- List the handles of the named files that were put aside and have a usable replica now, in whatever project.
SELECT handle.project_id, handle.position, handle.namespace, handle.name
FROM unnest(:namespaces::text[], :names::text[]) AS given (namespace, name)
JOIN dispatch.handles AS handle ON handle.namespace = given.namespace AND handle.name = given.name
JOIN dispatch.projects AS project ON project.id = handle.project_id
WHERE project.experiment_id = :experiment_id
  AND NOT project.is_virtual
  AND handle.state = 'initial'
  AND handle.location_id IS NULL
  AND EXISTS (
      SELECT FROM replicas.usable AS copy
      WHERE copy.namespace = given.namespace
        AND copy.name = given.name
        AND copy.experiment_id = :experiment_id
      LIMIT 1
  )
ORDER BY handle.project_id, handle.position

-- name: locate_handles
-- Make ready those of the handles of a project that were put aside, have a usable replica now and are held by nobody.
WITH found AS MATERIALIZED (
    SELECT aside.project_id, aside.position, aside.share_id, place.rse_ids
    FROM dispatch.unlocated AS aside
    CROSS JOIN LATERAL (
        SELECT place.rse_ids
        FROM replicas.whereabouts AS place
        WHERE place.namespace = aside.namespace
          AND place.name = aside.name
          AND place.experiment_id = :experiment_id
          AND place.is_usable
        LIMIT 1
    ) AS place
    WHERE aside.project_id = :project_id AND aside.position = ANY(:positions::integer[])
    ORDER BY aside.position
    FOR UPDATE OF aside SKIP LOCKED
), places AS MATERIALIZED (
    SELECT rse_ids, dispatch.ensure_location(rse_ids) AS location_id
    FROM (SELECT DISTINCT rse_ids FROM found WHERE rse_ids IS NOT NULL ORDER BY rse_ids) AS wanted
), pools AS (
    INSERT INTO dispatch.pools (project_id, location_id)
    SELECT :project_id, location_id FROM places ORDER BY location_id
    ON CONFLICT DO NOTHING
), gone AS (
    DELETE FROM dispatch.unlocated AS aside
    USING found
    WHERE aside.project_id = found.project_id AND aside.position = found.position
), moved AS (
    UPDATE dispatch.handles AS handle
    SET location_id = places.location_id
    FROM found JOIN places ON places.rse_ids = found.rse_ids
    WHERE handle.project_id = found.project_id AND handle.position = found.position
    RETURNING handle.project_id, handle.location_id, handle.attempts, handle.position, handle.share_id
), back AS (
    INSERT INTO dispatch.ready (project_id, location_id, attempts, position, share_id)
    SELECT project_id, location_id, attempts, position, share_id FROM moved
    RETURNING share_id
), total AS MATERIALIZED (
    SELECT count(*) AS count FROM back HAVING count(*) > 0
), project AS (
    UPDATE dispatch.projects AS project
    SET unlocated_count = project.unlocated_count - total.count
    FROM total
    WHERE project.id = :project_id
    RETURNING total.count
), by_share AS MATERIALIZED (
    SELECT back.share_id, count(*) AS count FROM back CROSS JOIN project GROUP BY back.share_id
), share AS (
    UPDATE dispatch.shares AS share
    SET unlocated_count = share.unlocated_count - by_share.count
    FROM by_share
    WHERE share.id = by_share.share_id
    RETURNING share.id
)
SELECT ARRAY(SELECT position FROM moved ORDER BY position) AS positions,
       array_remove(array_agg(share.id), NULL) AS share_ids
FROM project LEFT JOIN share ON true
GROUP BY project.count

-- name: list_projects_holding
-- List the projects that hold one of the named files as a handle that is not final and has a location.
SELECT DISTINCT handle.project_id
FROM unnest(:namespaces::text[], :names::text[]) AS given (namespace, name)
JOIN dispatch.handles AS handle ON handle.namespace = given.namespace AND handle.name = given.name
JOIN dispatch.projects AS project ON project.id = handle.project_id
WHERE project.experiment_id = :experiment_id
  AND NOT project.is_virtual
  AND handle.state IN ('initial', 'reserved')
  AND handle.location_id IS NOT NULL
ORDER BY handle.project_id

-- name: relocate_handles
-- Move handles of a project to where the copies of their files are now; ready ones that have none are put aside.
-- What somebody is just taking or giving back is left as it is, and so is what is out or pauses and has no copy any
-- more; the files of both are returned.
WITH found AS MATERIALIZED (
    SELECT handle.project_id, handle.location_id, handle.attempts, handle.position, handle.share_id, handle.namespace,
           handle.name, handle.state, place.rse_ids
    FROM unnest(:namespaces::text[], :names::text[]) AS given (namespace, name)
    JOIN dispatch.handles AS handle
        ON handle.project_id = :project_id
        AND handle.namespace = given.namespace
        AND handle.name = given.name
    LEFT JOIN LATERAL (
        SELECT place.rse_ids
        FROM replicas.whereabouts AS place
        WHERE place.namespace = handle.namespace
          AND place.name = handle.name
          AND place.experiment_id = :experiment_id
        LIMIT 1
    ) AS place ON true
    WHERE handle.state IN ('initial', 'reserved') AND handle.location_id IS NOT NULL
), places AS MATERIALIZED (
    SELECT rse_ids, dispatch.ensure_location(rse_ids) AS location_id
    FROM (SELECT DISTINCT rse_ids FROM found WHERE rse_ids IS NOT NULL ORDER BY rse_ids) AS wanted
), changed AS MATERIALIZED (
    SELECT found.*, places.location_id AS next_location_id
    FROM found LEFT JOIN places ON places.rse_ids = found.rse_ids
    WHERE places.location_id IS DISTINCT FROM found.location_id
), waiting AS MATERIALIZED (
    SELECT changed.*
    FROM changed
    JOIN dispatch.ready
        ON ready.project_id = changed.project_id
        AND ready.location_id = changed.location_id
        AND ready.attempts = changed.attempts
        AND ready.position = changed.position
    WHERE changed.state = 'initial'
    FOR UPDATE OF ready SKIP LOCKED
), out AS MATERIALIZED (
    SELECT changed.*
    FROM changed
    JOIN dispatch.leases AS lease ON lease.project_id = changed.project_id AND lease.position = changed.position
    WHERE changed.state = 'reserved' AND changed.next_location_id IS NOT NULL
    FOR UPDATE OF lease SKIP LOCKED
), pausing AS MATERIALIZED (
    SELECT changed.*
    FROM changed
    JOIN dispatch.resting ON resting.project_id = changed.project_id AND resting.position = changed.position
    WHERE changed.state = 'initial' AND changed.next_location_id IS NOT NULL
    FOR UPDATE OF resting SKIP LOCKED
), locked AS MATERIALIZED (
    TABLE waiting UNION ALL TABLE out UNION ALL TABLE pausing
), pools AS (
    INSERT INTO dispatch.pools (project_id, location_id)
    SELECT DISTINCT project_id, next_location_id FROM locked WHERE next_location_id IS NOT NULL
    ON CONFLICT DO NOTHING
), moved AS (
    UPDATE dispatch.handles AS handle
    SET location_id = locked.next_location_id
    FROM locked
    WHERE handle.project_id = locked.project_id AND handle.position = locked.position
), gone AS (
    DELETE FROM dispatch.ready
    USING waiting
    WHERE ready.project_id = waiting.project_id
      AND ready.location_id = waiting.location_id
      AND ready.attempts = waiting.attempts
      AND ready.position = waiting.position
), back AS (
    INSERT INTO dispatch.ready (project_id, location_id, attempts, position, share_id)
    SELECT project_id, next_location_id, attempts, position, share_id
    FROM waiting
    WHERE next_location_id IS NOT NULL
), aside AS (
    INSERT INTO dispatch.unlocated (project_id, position, share_id, namespace, name, since)
    SELECT project_id, position, share_id, namespace, name, :now FROM waiting WHERE next_location_id IS NULL
), by_share AS MATERIALIZED (
    SELECT share_id, count(*) AS count, count(*) FILTER (WHERE next_location_id IS NULL) AS unlocated_count
    FROM locked
    GROUP BY share_id
), total AS MATERIALIZED (
    SELECT coalesce(sum(count), 0)::bigint AS count, coalesce(sum(unlocated_count), 0)::bigint AS unlocated_count
    FROM by_share
), project AS (
    UPDATE dispatch.projects AS project
    SET unlocated_count = project.unlocated_count + total.unlocated_count
    FROM total
    WHERE project.id = :project_id AND total.unlocated_count > 0
    RETURNING project.id
), share AS (
    UPDATE dispatch.shares AS share
    SET unlocated_count = share.unlocated_count + by_share.unlocated_count
    FROM by_share CROSS JOIN project
    WHERE share.id = by_share.share_id AND by_share.unlocated_count > 0
)
SELECT total.count, total.unlocated_count,
       ARRAY(SELECT share_id FROM by_share WHERE share_id IS NOT NULL ORDER BY share_id) AS share_ids,
       ARRAY(
           SELECT jsonb_build_array(changed.namespace, changed.name)
           FROM changed
           WHERE NOT EXISTS (SELECT FROM locked WHERE locked.position = changed.position)
       ) AS left_files
FROM total
