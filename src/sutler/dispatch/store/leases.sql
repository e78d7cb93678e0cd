-- name: reserve_handles
-- hot
-- Lease up to `count` ready handles of a project, or of a share of it, from `ready_from` on; move counts, append event.
WITH open AS MATERIALIZED (
    SELECT experiment_id, is_virtual, worker_timeout
    FROM dispatch.projects
    WHERE id = :project_id AND state IN ('active', 'abandoned')
), of_project AS MATERIALIZED (
    SELECT project_id, attempts, position
    FROM dispatch.ready
    WHERE :share_id::bigint IS NULL
      AND project_id = :project_id
      AND (attempts, position) >= ((:ready_from::bigint >> 32)::integer, (:ready_from & 4294967295)::integer)
      AND EXISTS (SELECT FROM open)
    ORDER BY attempts, position
    LIMIT :count
    FOR UPDATE SKIP LOCKED
), of_share AS MATERIALIZED (
    SELECT project_id, attempts, position
    FROM dispatch.ready
    WHERE share_id = :share_id
      AND (attempts, position) >= ((:ready_from >> 32)::integer, (:ready_from & 4294967295)::integer)
      AND EXISTS (SELECT FROM open)
    ORDER BY attempts, position
    LIMIT :count
    FOR UPDATE SKIP LOCKED
), picked AS MATERIALIZED (
    SELECT project_id, attempts, position, row_number() OVER (ORDER BY attempts, position) AS number
    FROM (TABLE of_project UNION ALL TABLE of_share) AS either
), gone AS (
    DELETE FROM dispatch.ready
    USING picked
    WHERE ready.project_id = picked.project_id
      AND ready.attempts = picked.attempts
      AND ready.position = picked.position
), reserved AS (
    UPDATE dispatch.handles AS handle
    SET state = 'reserved',
        attempts = picked.attempts + 1,
        attempt_id = nextval('dispatch.attempt_ids'),
        worker_id = :worker_id,
        reserved_at = :now
    FROM picked
    WHERE handle.project_id = picked.project_id AND handle.position = picked.position
    RETURNING handle.*, :first_rank::integer + picked.number::integer - 1 AS request_rank
), leased AS (
    INSERT INTO dispatch.leases (
        attempt_id, project_id, position, share_id, experiment_id, attempt, worker_id, site, batch_job_id, request_id,
        request_rank, lease_for, reserved_at, expires_at
    )
    SELECT reserved.attempt_id, reserved.project_id, reserved.position, reserved.share_id, open.experiment_id,
           reserved.attempts, :worker_id::text, :site, :batch_job_id, :request_id, reserved.request_rank, :lease_for,
           :now, least(:now::timestamptz + :lease_for::interval, :now + open.worker_timeout)
    FROM reserved CROSS JOIN open
    RETURNING attempt_id, position, attempt, share_id, expires_at
), total AS MATERIALIZED (
    SELECT count(*) AS count, max((attempt - 1) * 4294967296 + position) AS last, jsonb_agg(attempt_id) AS attempt_ids
    FROM leased
    HAVING count(*) > 0
), project AS (
    UPDATE dispatch.projects AS project
    SET initial_count = project.initial_count - total.count,
        reserved_count = project.reserved_count + total.count,
        state = CASE project.state WHEN 'abandoned' THEN 'active' ELSE project.state END,
        active_at = :now,
        ready_from = CASE WHEN :share_id IS NULL THEN total.last ELSE project.ready_from END
    FROM total
    WHERE project.id = :project_id
    RETURNING project.experiment_id, total.attempt_ids, total.last
), by_share AS MATERIALIZED (
    SELECT leased.share_id, count(*) AS count, project.last
    FROM leased CROSS JOIN project
    GROUP BY leased.share_id, project.last
), share AS (
    UPDATE dispatch.shares AS share
    SET initial_count = share.initial_count - by_share.count,
        reserved_count = share.reserved_count + by_share.count,
        ready_from = CASE WHEN :share_id IS NULL THEN share.ready_from ELSE by_share.last END
    FROM by_share
    WHERE share.id = by_share.share_id
), told AS MATERIALIZED (
    SELECT database.append_event(
        :now, project.experiment_id, :actor, 'dispatch.handles_reserved', 'project', :project_id::bigint::text,
        jsonb_build_object('worker', :worker_id, 'attempts', project.attempt_ids)
    ) FROM project
)
SELECT reserved.attempt_id, reserved.attempts AS attempt, reserved.project_id, reserved.position, reserved.share_id,
       reserved.namespace, reserved.name, reserved.fid, reserved.size_bytes, reserved.attributes, leased.expires_at,
       CASE WHEN open.is_virtual THEN '[]'::jsonb ELSE (
           SELECT coalesce(
               jsonb_agg(jsonb_build_object('rse', copy.rse, 'url', copy.url) ORDER BY copy.preference DESC, copy.rse),
               '[]'
           )
           FROM replicas.usable AS copy
           WHERE copy.namespace = reserved.namespace
             AND copy.name = reserved.name
             AND copy.experiment_id = open.experiment_id
       ) END AS replicas
FROM reserved
JOIN leased ON leased.attempt_id = reserved.attempt_id
CROSS JOIN open
CROSS JOIN (SELECT count(*) FROM told) AS told
ORDER BY reserved.request_rank

-- name: list_leases_of_request
-- Read the leases that a worker got for a request and still has.
SELECT lease.attempt_id, lease.attempt, lease.project_id, lease.position, lease.share_id, handle.namespace,
       handle.name, handle.fid, handle.size_bytes, handle.attributes, lease.expires_at,
       CASE WHEN project.is_virtual THEN '[]'::jsonb ELSE (
           SELECT coalesce(
               jsonb_agg(jsonb_build_object('rse', copy.rse, 'url', copy.url) ORDER BY copy.preference DESC, copy.rse),
               '[]'
           )
           FROM replicas.usable AS copy
           WHERE copy.namespace = handle.namespace
             AND copy.name = handle.name
             AND copy.experiment_id = project.experiment_id
       ) END AS replicas
FROM dispatch.leases AS lease
JOIN dispatch.projects AS project ON project.id = lease.project_id
JOIN dispatch.handles AS handle ON handle.project_id = lease.project_id AND handle.position = lease.position
WHERE lease.request_id = :request_id AND lease.project_id = :project_id AND lease.worker_id = :worker_id
ORDER BY lease.request_rank

-- name: list_attempt_headers
-- Read what permission and the next state need of attempts that run or have ended; unknown ones are left out.
SELECT given.attempt_id, coalesce(lease.attempt, ended.attempt) AS attempt, project.id AS project_id,
       project.experiment_id, project.owner_id, project.owner_role, project.state, project.max_attempts,
       project.allowed_users, project.allowed_groups, project.retry_pause
FROM unnest(:attempt_ids::bigint[]) AS given (attempt_id)
LEFT JOIN dispatch.leases AS lease ON lease.attempt_id = given.attempt_id
LEFT JOIN dispatch.attempts AS ended ON ended.id = given.attempt_id AND lease.attempt_id IS NULL
JOIN dispatch.projects AS project ON project.id = coalesce(lease.project_id, ended.project_id)
ORDER BY given.attempt_id

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
SELECT lease.attempt_id, lease.attempt, lease.project_id
FROM dispatch.leases AS lease
WHERE lease.project_id = :project_id AND lease.expires_at <= :now
ORDER BY lease.position
LIMIT :count
FOR UPDATE SKIP LOCKED

-- name: lock_leases_of_jobs
-- Lock the leases of batch jobs, in order.
SELECT lease.attempt_id, lease.attempt, lease.project_id
FROM dispatch.leases AS lease
WHERE lease.batch_job_id = ANY(:batch_job_ids::text[])
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
WITH given AS MATERIALIZED (
    SELECT attempt_id, next_state, rest_until
    FROM unnest(:attempt_ids::bigint[], :next_states::text[], :rest_until::timestamptz[])
        AS given (attempt_id, next_state, rest_until)
    LIMIT :count
), ended AS (
    DELETE FROM dispatch.leases AS lease
    USING given
    WHERE lease.attempt_id = given.attempt_id
      AND lease.project_id = :project_id
      AND (:worker_id::text IS NULL OR lease.worker_id = :worker_id)
    RETURNING lease.*, given.next_state, given.rest_until
), kept AS (
    INSERT INTO dispatch.attempts (
        id, project_id, position, share_id, experiment_id, attempt, worker_id, site, batch_job_id, reserved_at,
        ended_at, outcome, handle_state, reason, measures, log_tail
    )
    SELECT attempt_id, project_id, position, share_id, experiment_id, attempt, worker_id, site, batch_job_id,
           reserved_at, :now, :outcome, next_state, :reason, :measures, :log_tail
    FROM ended
), moved AS (
    UPDATE dispatch.handles AS handle
    SET state = ended.next_state, worker_id = NULL
    FROM ended
    WHERE handle.project_id = ended.project_id AND handle.position = ended.position
    RETURNING ended.attempt_id, ended.project_id, ended.position, ended.share_id, ended.attempt, ended.worker_id,
              ended.next_state, ended.rest_until
), back AS (
    INSERT INTO dispatch.ready (project_id, position, share_id, attempts)
    SELECT project_id, position, share_id, attempt FROM moved WHERE next_state = 'initial' AND rest_until IS NULL
), aside AS (
    INSERT INTO dispatch.resting (project_id, position, share_id, until)
    SELECT project_id, position, share_id, rest_until FROM moved
    WHERE next_state = 'initial' AND rest_until IS NOT NULL
), total AS MATERIALIZED (
    SELECT count(*) AS ended_count,
           count(*) FILTER (WHERE next_state = 'initial') AS initial_count,
           count(*) FILTER (WHERE next_state = 'done') AS done_count,
           count(*) FILTER (WHERE next_state = 'failed') AS failed_count,
           count(rest_until) AS resting_count,
           min(attempt * 4294967296 + position) FILTER (WHERE next_state = 'initial' AND rest_until IS NULL)
               AS back_from
    FROM moved
    HAVING count(*) > 0
), project AS (
    UPDATE dispatch.projects AS project
    SET reserved_count = project.reserved_count - total.ended_count,
        initial_count = project.initial_count + total.initial_count,
        done_count = project.done_count + total.done_count,
        failed_count = project.failed_count + total.failed_count,
        resting_count = project.resting_count + total.resting_count,
        state = CASE project.state WHEN 'abandoned' THEN 'active' ELSE project.state END,
        active_at = :now,
        ready_from = least(project.ready_from, total.back_from)
    FROM total
    WHERE project.id = :project_id
    RETURNING project.experiment_id, project.state, project.initial_count + project.reserved_count AS open_count,
              project.failed_count
), by_share AS MATERIALIZED (
    SELECT moved.share_id,
           count(*) AS ended_count,
           count(*) FILTER (WHERE moved.next_state = 'initial') AS initial_count,
           count(*) FILTER (WHERE moved.next_state = 'done') AS done_count,
           count(*) FILTER (WHERE moved.next_state = 'failed') AS failed_count,
           count(moved.rest_until) AS resting_count,
           min(moved.attempt * 4294967296 + moved.position)
               FILTER (WHERE moved.next_state = 'initial' AND moved.rest_until IS NULL) AS back_from
    FROM moved CROSS JOIN project
    GROUP BY moved.share_id
), share AS (
    UPDATE dispatch.shares AS share
    SET reserved_count = share.reserved_count - by_share.ended_count,
        initial_count = share.initial_count + by_share.initial_count,
        done_count = share.done_count + by_share.done_count,
        failed_count = share.failed_count + by_share.failed_count,
        resting_count = share.resting_count + by_share.resting_count,
        ready_from = least(share.ready_from, by_share.back_from)
    FROM by_share
    WHERE share.id = by_share.share_id
    RETURNING share.id, share.initial_count + share.reserved_count AS open_count
), told AS MATERIALIZED (
    SELECT database.append_event(
        :now, project.experiment_id, :actor, 'dispatch.handles_released', 'project', :project_id::bigint::text,
        jsonb_build_object(
            'worker', moved.worker_id, 'attempts', jsonb_agg(moved.attempt_id ORDER BY moved.attempt_id),
            'outcome', :outcome::text, 'state', moved.next_state
        )
    )
    FROM moved CROSS JOIN project
    GROUP BY project.experiment_id, moved.worker_id, moved.next_state
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

-- name: list_fates
-- Read what became of attempts and of their handles since.
SELECT given.attempt_id, handle.project_id, handle.share_id, handle.namespace, handle.name, handle.fid,
       coalesce(lease.attempt, ended.attempt) AS attempt, coalesce(lease.worker_id, ended.worker_id) AS worker_id,
       lease.attempt_id IS NOT NULL AS is_live, ended.outcome, ended.handle_state, ended.ended_at,
       handle.state AS state_now, handle.worker_id AS worker_now, handle.reserved_at AS reserved_at_now
FROM unnest(:attempt_ids::bigint[]) AS given (attempt_id)
LEFT JOIN dispatch.leases AS lease ON lease.attempt_id = given.attempt_id
LEFT JOIN dispatch.attempts AS ended ON ended.id = given.attempt_id
JOIN dispatch.handles AS handle
    ON handle.project_id = coalesce(lease.project_id, ended.project_id)
    AND handle.position = coalesce(lease.position, ended.position)
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
-- Count the workers that hold leases of a project, or of one share of it, and find when the first lease ends.
SELECT count(DISTINCT worker_id) AS worker_count, min(expires_at) AS next_end_at,
       (
           SELECT aside.until
           FROM dispatch.resting AS aside
           WHERE aside.project_id = :project_id AND (:share_id::bigint IS NULL OR aside.share_id = :share_id)
           ORDER BY aside.until
           LIMIT 1
       ) AS next_wake_at
FROM dispatch.leases
WHERE project_id = :project_id AND (:share_id::bigint IS NULL OR share_id = :share_id)
