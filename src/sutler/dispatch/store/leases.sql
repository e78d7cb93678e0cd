-- name: claim_handles
-- hot
-- Lease ready handles at some locations to slots: fewest attempts first, then in order, each pool from its mark on.
-- The project comes to the joins as a column: by a parameter, a plan made early would read all handles of a project.
-- With a share it is compared in a way that no index serves: only the index by share finds nothing at once.
-- A limit that the planner does not know is a tenth to it: three of them tell it that it is about few rows.
-- A share whose work is over gives out nothing to its own workers.
-- A slot whose request holds leases gets none. A handle that has lost its last usable copy is put aside and not given.
WITH open AS MATERIALIZED (
    SELECT experiment_id, is_virtual, worker_timeout
    FROM dispatch.projects
    WHERE id = :project_id
      AND state IN ('active', 'abandoned')
      AND (:share_id::bigint IS NULL OR NOT EXISTS (
          SELECT FROM dispatch.closed_shares AS closed WHERE closed.share_id = :share_id AND closed.is_over
      ))
), slots AS MATERIALIZED (
    SELECT slot.*, row_number() OVER (ORDER BY slot.ordinal) AS number
    FROM unnest(
        :worker_ids::text[], :request_ids::uuid[], :request_ranks::integer[], :sites::text[], :batch_job_ids::text[],
        :lease_fors::interval[], :actors::text[]
    ) WITH ORDINALITY AS slot (worker_id, request_id, request_rank, site, batch_job_id, lease_for, actor, ordinal)
    WHERE NOT EXISTS (
        SELECT FROM dispatch.leases AS held
        WHERE held.request_id = slot.request_id AND held.attempt_id <> ALL(:own_attempt_ids::bigint[])
        OFFSET 0
    )
), pools AS MATERIALIZED (
    SELECT location_id, from_attempts, from_position
    FROM unnest(:location_ids::integer[], :from_attempts::integer[], :from_positions::integer[])
        AS pool (location_id, from_attempts, from_position)
    WHERE EXISTS (SELECT FROM open) AND EXISTS (SELECT FROM slots)
), of_project AS MATERIALIZED (
    SELECT mine.location_id, mine.attempts, mine.position
    FROM pools
    CROSS JOIN LATERAL (
        SELECT ready.location_id, ready.attempts, ready.position
        FROM dispatch.ready
        WHERE :share_id::bigint IS NULL
          AND ready.project_id = :project_id
          AND ready.location_id = pools.location_id
          AND (ready.attempts, ready.position) >= (pools.from_attempts, pools.from_position)
        ORDER BY ready.attempts, ready.position
        LIMIT :count
        FOR UPDATE SKIP LOCKED
    ) AS mine
), of_share AS MATERIALIZED (
    SELECT mine.location_id, mine.attempts, mine.position
    FROM pools
    CROSS JOIN LATERAL (
        SELECT ready.location_id, ready.attempts, ready.position
        FROM dispatch.ready
        WHERE ready.share_id = :share_id
          AND ready.project_id - :project_id = 0
          AND ready.location_id = pools.location_id
          AND (ready.attempts, ready.position) >= (pools.from_attempts, pools.from_position)
        ORDER BY ready.attempts, ready.position
        LIMIT :count
        FOR UPDATE SKIP LOCKED
    ) AS mine
), found AS (
    SELECT location_id, attempts, position, row_number() OVER (ORDER BY attempts, position) AS number
    FROM (TABLE of_project UNION ALL TABLE of_share) AS either
), picked AS MATERIALIZED (
    SELECT *
    FROM (
        SELECT *
        FROM (
            SELECT :project_id::bigint AS project_id, found.location_id, found.attempts, found.position, slots.ordinal,
                   slots.worker_id, slots.request_id, slots.request_rank, slots.site, slots.batch_job_id,
                   slots.lease_for, slots.actor
            FROM found
            JOIN slots ON slots.number = found.number
            LIMIT :count
        ) AS few
        LIMIT :count
    ) AS fewer
    LIMIT :count
), gone AS (
    DELETE FROM dispatch.ready
    USING picked
    WHERE ready.project_id = picked.project_id
      AND ready.location_id = picked.location_id
      AND ready.attempts = picked.attempts
      AND ready.position = picked.position
), seen AS MATERIALIZED (
    SELECT picked.*, handle.share_id, handle.namespace, handle.name, copies.rse_ids, copies.urls,
           least(:now::timestamptz + picked.lease_for, :now + open.worker_timeout) AS expires_at,
           open.is_virtual OR copies.rse_ids IS NOT NULL AS is_located
    FROM picked
    JOIN dispatch.handles AS handle ON handle.project_id = picked.project_id AND handle.position = picked.position
    CROSS JOIN open
    LEFT JOIN LATERAL (
        SELECT array_agg(copy.rse_id) AS rse_ids, array_agg(copy.url) AS urls
        FROM replicas.usable AS copy
        WHERE NOT open.is_virtual
          AND copy.namespace = handle.namespace
          AND copy.name = handle.name
          AND copy.experiment_id = open.experiment_id
          AND copy.rse_id = ANY(:reachable::bigint[])
    ) AS copies ON true
), reserved AS (
    UPDATE dispatch.handles AS handle
    SET state = 'reserved',
        attempts = seen.attempts + 1,
        attempt_id = nextval('dispatch.attempt_ids'),
        worker_id = seen.worker_id,
        reserved_at = :now
    FROM seen
    WHERE seen.is_located AND handle.project_id = seen.project_id AND handle.position = seen.position
    RETURNING handle.attempt_id, handle.attempts AS attempt, handle.position, handle.share_id, handle.namespace,
              handle.name, handle.fid, handle.size_bytes, handle.attributes, seen.location_id, seen.rse_ids,
              seen.urls, seen.ordinal, seen.worker_id, seen.request_id, seen.request_rank, seen.site,
              seen.batch_job_id, seen.lease_for, seen.actor, seen.expires_at
), aside AS (
    INSERT INTO dispatch.unlocated (project_id, position, share_id, namespace, name, since)
    SELECT :project_id, position, share_id, namespace, name, :now FROM seen WHERE NOT is_located
), displaced AS (
    UPDATE dispatch.handles AS handle
    SET location_id = NULL
    FROM seen
    WHERE NOT seen.is_located AND handle.project_id = seen.project_id AND handle.position = seen.position
), leased AS (
    INSERT INTO dispatch.leases (
        attempt_id, project_id, position, share_id, experiment_id, attempt, worker_id, site, batch_job_id, request_id,
        request_rank, lease_for, reserved_at, expires_at
    )
    SELECT reserved.attempt_id, :project_id, reserved.position, reserved.share_id, open.experiment_id,
           reserved.attempt, reserved.worker_id, reserved.site, reserved.batch_job_id, reserved.request_id,
           reserved.request_rank, reserved.lease_for, :now, reserved.expires_at
    FROM reserved CROSS JOIN open
), moved AS MATERIALIZED (
    SELECT share_id, count(*) FILTER (WHERE is_located) AS reserved_count,
           count(*) FILTER (WHERE NOT is_located) AS unlocated_count
    FROM seen
    GROUP BY share_id
), total AS MATERIALIZED (
    SELECT sum(reserved_count)::bigint AS reserved_count, sum(unlocated_count)::bigint AS unlocated_count
    FROM moved
    HAVING count(*) > 0
), project AS (
    UPDATE dispatch.projects AS project
    SET initial_count = project.initial_count - total.reserved_count,
        reserved_count = project.reserved_count + total.reserved_count,
        unlocated_count = project.unlocated_count + total.unlocated_count,
        state = CASE
            WHEN project.state = 'abandoned' AND total.reserved_count > 0 THEN 'active' ELSE project.state
        END,
        active_at = CASE WHEN total.reserved_count > 0 THEN :now ELSE project.active_at END
    FROM total
    WHERE project.id = :project_id
    RETURNING project.experiment_id
), share AS (
    UPDATE dispatch.shares AS share
    SET initial_count = share.initial_count - moved.reserved_count,
        reserved_count = share.reserved_count + moved.reserved_count,
        unlocated_count = share.unlocated_count + moved.unlocated_count
    FROM moved CROSS JOIN project
    WHERE share.id = moved.share_id
), told AS MATERIALIZED (
    SELECT database.append_event(
        :now, project.experiment_id, reserved.actor, 'dispatch.handles_reserved', 'project',
        :project_id::bigint::text,
        jsonb_build_object(
            'workers', jsonb_agg(DISTINCT reserved.worker_id), 'attempts', jsonb_agg(reserved.attempt_id)
        )
    )
    FROM reserved CROSS JOIN project
    GROUP BY project.experiment_id, reserved.actor
)
SELECT reserved.attempt_id, reserved.attempt, reserved.position, reserved.share_id, reserved.namespace, reserved.name,
       reserved.fid, reserved.size_bytes, reserved.attributes, reserved.expires_at, reserved.location_id,
       reserved.rse_ids, reserved.urls, reserved.ordinal, tally.lost_count
FROM (SELECT count(*) FILTER (WHERE NOT is_located) AS lost_count FROM seen) AS tally
CROSS JOIN (SELECT count(*) FROM told) AS told
LEFT JOIN reserved ON true
ORDER BY reserved.ordinal

-- name: has_ready
-- Tell whether a project, or a share of it, has a handle at one of these locations that could be given out.
-- With a share the project is compared in a way that no index serves: only the index by share finds nothing at once.
SELECT EXISTS (
    SELECT FROM unnest(:location_ids::integer[]) AS pool (location_id)
    CROSS JOIN LATERAL (
        SELECT FROM dispatch.ready
        WHERE :share_id::bigint IS NULL AND ready.project_id = :project_id AND ready.location_id = pool.location_id
        ORDER BY ready.attempts, ready.position
        LIMIT 1
    ) AS of_project
) OR EXISTS (
    SELECT FROM unnest(:location_ids) AS pool (location_id)
    CROSS JOIN LATERAL (
        SELECT FROM dispatch.ready
        WHERE ready.share_id = :share_id
          AND ready.project_id - :project_id = 0
          AND ready.location_id = pool.location_id
          AND NOT EXISTS (
              SELECT FROM dispatch.closed_shares AS closed WHERE closed.share_id = :share_id AND closed.is_over
          )
        ORDER BY ready.attempts, ready.position
        LIMIT 1
    ) AS of_share
)

-- name: list_leases_of_request
-- Read the leases that were given for a request and still hold.
SELECT lease.project_id, lease.worker_id, lease.attempt_id, lease.attempt, lease.position, lease.share_id,
       handle.namespace, handle.name, handle.fid, handle.size_bytes, handle.attributes, lease.expires_at,
       copies.rse_ids, copies.urls
FROM dispatch.leases AS lease
JOIN dispatch.projects AS project ON project.id = lease.project_id
JOIN dispatch.handles AS handle ON handle.project_id = lease.project_id AND handle.position = lease.position
LEFT JOIN LATERAL (
    SELECT array_agg(copy.rse_id) AS rse_ids, array_agg(copy.url) AS urls
    FROM replicas.usable AS copy
    WHERE NOT project.is_virtual
      AND copy.namespace = handle.namespace
      AND copy.name = handle.name
      AND copy.experiment_id = project.experiment_id
) AS copies ON true
WHERE lease.request_id = :request_id
ORDER BY lease.request_rank

-- name: list_attempt_places
-- Read to which projects attempts belong that run or have ended; unknown ones are left out.
SELECT given.attempt_id, coalesce(lease.attempt, ended.attempt) AS attempt,
       coalesce(lease.project_id, ended.project_id) AS project_id
FROM unnest(:attempt_ids::bigint[]) AS given (attempt_id)
LEFT JOIN dispatch.leases AS lease ON lease.attempt_id = given.attempt_id
LEFT JOIN dispatch.attempts AS ended ON ended.id = given.attempt_id AND lease.attempt_id IS NULL
WHERE coalesce(lease.attempt_id, ended.id) IS NOT NULL
ORDER BY given.attempt_id

-- name: list_held_places
-- Read the leases of files of projects; what nobody has is left out.
SELECT given.ordinal, lease.attempt_id, lease.attempt, lease.worker_id AS holder, handle.project_id, handle.position,
       handle.share_id, handle.namespace, handle.name, handle.fid, handle.size_bytes, handle.attributes,
       handle.attempts, handle.worker_id, handle.reserved_at
FROM unnest(:project_ids::bigint[], :namespaces::text[], :names::text[])
    WITH ORDINALITY AS given (project_id, namespace, name, ordinal)
JOIN dispatch.handles AS handle
    ON handle.project_id = given.project_id AND handle.namespace = given.namespace AND handle.name = given.name
JOIN dispatch.leases AS lease ON lease.project_id = handle.project_id AND lease.position = handle.position

-- name: renew_leases
-- hot
-- Move the ends of leases that a worker still has; what is not returned is lost.
UPDATE dispatch.leases AS lease
SET expires_at = least(:now::timestamptz + lease.lease_for, lease.reserved_at + mine.worker_timeout)
FROM (
    SELECT held.attempt_id, project.state, project.worker_timeout
    FROM dispatch.leases AS held
    JOIN dispatch.projects AS project ON project.id = held.project_id
    WHERE held.attempt_id = ANY(:attempt_ids::bigint[]) AND held.worker_id = :worker_id
    ORDER BY held.project_id, held.position
    FOR UPDATE OF held
) AS mine
WHERE lease.attempt_id = mine.attempt_id
RETURNING lease.attempt_id, lease.project_id, lease.expires_at, mine.state AS project_state

-- name: lock_leases
-- Lock leases by their attempt ids, in order, and return which are there.
SELECT lease.attempt_id, lease.attempt, lease.project_id
FROM dispatch.leases AS lease
WHERE lease.attempt_id = ANY(:attempt_ids::bigint[])
ORDER BY lease.project_id, lease.position
FOR UPDATE

-- name: list_overdue_projects
-- List the projects of the leases that ended first.
SELECT DISTINCT project_id
FROM (
    SELECT project_id FROM dispatch.leases WHERE expires_at <= :now ORDER BY expires_at LIMIT :count
) AS overdue
ORDER BY project_id

-- name: lock_overdue_leases
-- Lock leases of a project that are past their end, but none that somebody is just renewing or reporting.
WITH overdue AS MATERIALIZED (
    SELECT attempt_id FROM dispatch.leases
    WHERE project_id = :project_id AND expires_at <= :now
    ORDER BY expires_at
    LIMIT :count
)
SELECT lease.attempt_id, lease.attempt, lease.project_id
FROM overdue JOIN dispatch.leases AS lease ON lease.attempt_id = overdue.attempt_id
WHERE lease.expires_at <= :now
ORDER BY lease.position
FOR UPDATE OF lease SKIP LOCKED

-- name: lock_leases_of_jobs
-- Lock the leases of batch jobs, in order. Two batch systems may call their jobs the same: a share has those of one.
SELECT lease.attempt_id, lease.attempt, lease.project_id
FROM dispatch.leases AS lease
WHERE lease.batch_job_id = ANY(:batch_job_ids::text[])
  AND (:share_id::bigint IS NULL OR lease.share_id = :share_id)
ORDER BY lease.project_id, lease.position
FOR UPDATE

-- name: lock_leases_of_handles
-- Lock the leases of chosen handles of a project, in order: of all if `is_all`, else of the named files.
SELECT lease.attempt_id, lease.attempt, lease.project_id
FROM dispatch.leases AS lease
JOIN dispatch.handles AS handle ON handle.project_id = lease.project_id AND handle.position = lease.position
WHERE lease.project_id = :project_id
  AND (
      :is_all::boolean
      OR (handle.namespace, handle.name) IN (
          SELECT given.namespace, given.name
          FROM unnest(:namespaces::text[], :names::text[]) AS given (namespace, name)
      )
  )
ORDER BY lease.position
FOR UPDATE OF lease

-- name: end_leases
-- hot
-- End leases of a project: keep the attempts, move handles and counts, append the events. Lost leases are left out.
-- The projects are compared in a way that no index serves: a plan made early would read all leases of a project by it.
WITH given AS MATERIALIZED (
    SELECT given.*, :project_id::bigint AS project_id
    FROM unnest(
        :attempt_ids::bigint[], :worker_ids::text[], :outcomes::text[], :next_states::text[],
        :rest_until::timestamptz[], :reasons::text[], :measures::text[], :log_tails::text[], :actors::text[]
    ) AS given (
        attempt_id, for_worker, outcome, next_state, rest_until, reason, measures, log_tail, actor
    )
    LIMIT :count
), ended AS (
    DELETE FROM dispatch.leases AS lease
    USING given
    WHERE lease.attempt_id = given.attempt_id
      AND lease.project_id - given.project_id = 0
      AND (given.for_worker IS NULL OR lease.worker_id = given.for_worker)
    RETURNING lease.*, given.outcome, given.next_state, given.rest_until, given.reason, given.measures,
              given.log_tail, given.actor
), kept AS (
    INSERT INTO dispatch.attempts (
        id, project_id, position, share_id, experiment_id, attempt, worker_id, site, batch_job_id, reserved_at,
        ended_at, outcome, handle_state, reason, measures, log_tail
    )
    SELECT attempt_id, project_id, position, share_id, experiment_id, attempt, worker_id, site, batch_job_id,
           reserved_at, :now, outcome, next_state, reason, measures::jsonb, log_tail
    FROM ended
), moved AS (
    UPDATE dispatch.handles AS handle
    SET state = ended.next_state, worker_id = NULL
    FROM ended
    WHERE handle.project_id = ended.project_id AND handle.position = ended.position
    RETURNING ended.attempt_id, ended.project_id, ended.position, ended.share_id, ended.attempt, ended.worker_id,
              ended.outcome, ended.next_state, ended.rest_until, ended.actor, handle.location_id
), back AS (
    INSERT INTO dispatch.ready (project_id, location_id, position, share_id, attempts)
    SELECT project_id, location_id, position, share_id, attempt
    FROM moved
    WHERE next_state = 'initial' AND rest_until IS NULL
), aside AS (
    INSERT INTO dispatch.resting (project_id, position, share_id, until)
    SELECT project_id, position, share_id, rest_until FROM moved
    WHERE next_state = 'initial' AND rest_until IS NOT NULL
), by_share AS MATERIALIZED (
    SELECT share_id,
           count(*) AS ended_count,
           count(*) FILTER (WHERE next_state = 'initial') AS initial_count,
           count(*) FILTER (WHERE next_state = 'done') AS done_count,
           count(*) FILTER (WHERE next_state = 'failed') AS failed_count,
           count(rest_until) AS resting_count
    FROM moved
    GROUP BY share_id
), total AS MATERIALIZED (
    SELECT sum(ended_count)::bigint AS ended_count, sum(initial_count)::bigint AS initial_count,
           sum(done_count)::bigint AS done_count, sum(failed_count)::bigint AS failed_count,
           sum(resting_count)::bigint AS resting_count
    FROM by_share
    HAVING count(*) > 0
), project AS (
    UPDATE dispatch.projects AS project
    SET reserved_count = project.reserved_count - total.ended_count,
        initial_count = project.initial_count + total.initial_count,
        done_count = project.done_count + total.done_count,
        failed_count = project.failed_count + total.failed_count,
        resting_count = project.resting_count + total.resting_count,
        state = CASE project.state WHEN 'abandoned' THEN 'active' ELSE project.state END,
        active_at = :now
    FROM total
    WHERE project.id = :project_id
    RETURNING project.experiment_id, project.state, project.initial_count + project.reserved_count AS open_count,
              project.failed_count
), share AS (
    UPDATE dispatch.shares AS share
    SET reserved_count = share.reserved_count - by_share.ended_count,
        initial_count = share.initial_count + by_share.initial_count,
        done_count = share.done_count + by_share.done_count,
        failed_count = share.failed_count + by_share.failed_count,
        resting_count = share.resting_count + by_share.resting_count
    FROM by_share CROSS JOIN project
    WHERE share.id = by_share.share_id
    RETURNING share.id, share.initial_count + share.reserved_count - share.gone_initial_count AS open_count
), plotted AS (
    INSERT INTO dispatch.throughput AS kept (project_id, minute, done_count, failed_count, returned_count)
    SELECT :project_id, date_trunc('minute', :now::timestamptz, 'UTC'), total.done_count, total.failed_count,
           total.initial_count
    FROM total CROSS JOIN project
    ON CONFLICT (project_id, minute) DO UPDATE
    SET done_count = kept.done_count + excluded.done_count,
        failed_count = kept.failed_count + excluded.failed_count,
        returned_count = kept.returned_count + excluded.returned_count
), told AS MATERIALIZED (
    SELECT database.append_event(
        :now, project.experiment_id, moved.actor, 'dispatch.handles_released', 'project', :project_id::bigint::text,
        jsonb_build_object(
            'workers', jsonb_agg(DISTINCT moved.worker_id),
            'attempts', jsonb_agg(moved.attempt_id ORDER BY moved.attempt_id),
            'outcome', moved.outcome, 'state', moved.next_state
        )
    )
    FROM moved CROSS JOIN project
    GROUP BY project.experiment_id, moved.actor, moved.outcome, moved.next_state
)
SELECT moved.attempt_id, moved.share_id, moved.next_state AS state, project.experiment_id,
       project.state AS project_state, project.open_count AS project_open_count,
       project.failed_count AS project_failed_count, share.open_count AS share_open_count
FROM moved
CROSS JOIN project
LEFT JOIN share ON share.id = moved.share_id
CROSS JOIN (SELECT count(*) FROM told) AS told
ORDER BY moved.attempt_id

-- name: count_time_outs
-- Count on handles how often a lease of theirs ran out.
UPDATE dispatch.handles AS handle
SET attributes = handle.attributes || jsonb_build_object(
        'timeouts',
        1 + CASE jsonb_typeof(handle.attributes -> 'timeouts')
            WHEN 'number' THEN (handle.attributes ->> 'timeouts')::numeric ELSE 0
        END
    )
FROM dispatch.attempts AS ended
WHERE ended.id = ANY(:attempt_ids::bigint[])
  AND handle.project_id = ended.project_id
  AND handle.position = ended.position

-- name: note_put_back
-- Note on the attempts that ended handles which are put back that this is over: lists by state find handles by them.
UPDATE dispatch.attempts
SET is_put_back = true
WHERE project_id = :project_id
  AND position = ANY(:positions::integer[])
  AND handle_state IN ('done', 'failed')
  AND NOT is_put_back

-- name: list_fates
-- Read what became of attempts and of their handles since, which may have been taken out of the project.
SELECT given.attempt_id, coalesce(lease.project_id, ended.project_id) AS project_id,
       coalesce(lease.share_id, ended.share_id) AS share_id, handle.namespace, handle.name, handle.fid,
       coalesce(lease.attempt, ended.attempt) AS attempt, coalesce(lease.worker_id, ended.worker_id) AS worker_id,
       lease.attempt_id IS NOT NULL AS is_live, ended.outcome, ended.handle_state, ended.ended_at,
       handle.state AS state_now, handle.worker_id AS worker_now, handle.reserved_at AS reserved_at_now
FROM unnest(:attempt_ids::bigint[]) AS given (attempt_id)
LEFT JOIN dispatch.leases AS lease ON lease.attempt_id = given.attempt_id
LEFT JOIN dispatch.attempts AS ended ON ended.id = given.attempt_id
LEFT JOIN dispatch.handles AS handle
    ON handle.project_id = coalesce(lease.project_id, ended.project_id)
    AND handle.position = coalesce(lease.position, ended.position)
WHERE coalesce(lease.attempt_id, ended.id) IS NOT NULL
ORDER BY given.attempt_id

-- name: insert_late_reports
-- Keep reports that came after their leases were lost; a repeated one stands there once.
INSERT INTO dispatch.late_reports (attempt_id, worker_id, reported, reason, at)
SELECT given.attempt_id, :worker_id, :reported, :reason, :now
FROM unnest(:attempt_ids::bigint[]) AS given (attempt_id)
ON CONFLICT ON CONSTRAINT late_reports_report_key DO NOTHING

-- name: insert_outputs
-- Attach outputs to an attempt. A file stands once in a share: with the attempt that declared it last.
WITH given AS MATERIALIZED (
    SELECT file_id, media_type, url
    FROM unnest(:file_ids::bigint[], :media_types::text[], :urls::text[]) AS given (file_id, media_type, url)
), replaced AS (
    DELETE FROM dispatch.attempt_outputs AS older
    USING given
    WHERE older.share_id = :share_id AND older.file_id = given.file_id
    RETURNING older.file_id
), added AS (
    INSERT INTO dispatch.attempt_outputs (attempt_id, file_id, project_id, share_id, media_type, url)
    SELECT :attempt_id, file_id, :project_id, :share_id, media_type, url FROM given
    RETURNING file_id
)
UPDATE dispatch.shares
SET output_count = output_count + (SELECT count(*) FROM added) - (SELECT count(*) FROM replaced)
WHERE id = :share_id

-- name: find_holders
-- Count the workers of the first leases of a project, or of one share of it, and find when the first lease ends.
WITH held AS MATERIALIZED (
    SELECT worker_id, expires_at
    FROM dispatch.leases
    WHERE project_id = :project_id AND (:share_id::bigint IS NULL OR share_id = :share_id)
    ORDER BY position
    LIMIT :limit
)
SELECT count(DISTINCT held.worker_id) AS worker_count, count(*) >= :limit AS is_at_least,
       CASE WHEN count(*) < :limit THEN min(held.expires_at) ELSE (
           SELECT lease.expires_at
           FROM dispatch.leases AS lease
           WHERE lease.project_id = :project_id AND (:share_id::bigint IS NULL OR lease.share_id = :share_id)
           ORDER BY lease.expires_at
           LIMIT 1
       ) END AS next_end_at,
       (
           SELECT aside.until
           FROM dispatch.resting AS aside
           WHERE aside.project_id = :project_id AND (:share_id::bigint IS NULL OR aside.share_id = :share_id)
           ORDER BY aside.until
           LIMIT 1
       ) AS next_wake_at,
       (SELECT project.max_attempts FROM dispatch.projects AS project WHERE project.id = :project_id) AS max_attempts
FROM held
