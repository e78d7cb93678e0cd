-- name: find_project
-- Read one project with the name of its owner.
SELECT project.id, project.experiment_id, project.owner_id, owner.username AS owner, project.owner_role, project.state,
       project.query, project.attributes, project.is_virtual, project.max_attempts, project.worker_timeout,
       project.idle_timeout, project.total_count, project.initial_count, project.unlocated_count,
       project.reserved_count, project.done_count, project.failed_count, project.created_at, project.ended_at,
       project.resting_count, project.active_at, project.retry_on_timeout, project.retry_pause,
       ARRAY(
           SELECT username FROM auth.user_names WHERE id = ANY(project.allowed_users) ORDER BY username
       ) AS users,
       project.allowed_groups AS groups
FROM dispatch.projects AS project
JOIN auth.user_names AS owner ON owner.id = project.owner_id
WHERE project.id = :project_id

-- name: find_header
-- Read what permission and the next step need of a project, and of one of its shares if one is named.
SELECT project.id AS project_id, share.id AS share_id, project.experiment_id, project.owner_id, project.owner_role,
       project.state, project.is_virtual, project.max_attempts, project.allowed_users, project.allowed_groups,
       project.retry_on_timeout, project.retry_pause,
       coalesce(
           share.initial_count - share.unlocated_count - share.resting_count,
           project.initial_count - project.unlocated_count - project.resting_count
       ) AS ready_count,
       coalesce(share.ready_from, project.ready_from) AS ready_from
FROM dispatch.projects AS project
LEFT JOIN dispatch.shares AS share ON share.project_id = project.id AND share.id = :share_id::bigint
WHERE project.id = :project_id::bigint

-- name: find_share
-- Read the counts of a share and the state of its project.
SELECT share.id AS share_id, share.project_id, project.state, share.total_count, share.initial_count,
       share.unlocated_count, share.reserved_count, share.done_count, share.failed_count, share.resting_count
FROM dispatch.shares AS share
JOIN dispatch.projects AS project ON project.id = share.project_id
WHERE share.id = :share_id

-- name: insert_project
-- Start a project whose handles are all initial.
INSERT INTO dispatch.projects (
    experiment_id, owner_id, owner_role, state, query, attributes, is_virtual, max_attempts, worker_timeout,
    idle_timeout, allowed_users, allowed_groups, retry_on_timeout, retry_pause, total_count, initial_count, created_at,
    active_at
)
VALUES (
    :experiment_id, :owner_id, :owner_role, 'active', :query, :attributes, :is_virtual, :max_attempts, :worker_timeout,
    :idle_timeout, :allowed_users, :allowed_groups, :retry_on_timeout, :retry_pause, :count, :count, :now, :now
)
RETURNING id

-- name: insert_share
-- Start a share that owns all handles of a new project.
INSERT INTO dispatch.shares (project_id, experiment_id, total_count, initial_count, created_at)
VALUES (:project_id, :experiment_id, :count, :count, :now)
RETURNING id

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

-- name: refresh_statistics
-- Tell the planner that the tables have grown: plans made while they were small would read all of them.
ANALYZE dispatch.handles, dispatch.ready

-- name: count_unlocated
-- Note in the counts of a new project and its share how many handles were put aside.
WITH project AS (
    UPDATE dispatch.projects SET unlocated_count = :count WHERE id = :project_id
)
UPDATE dispatch.shares SET unlocated_count = :count WHERE id = :share_id

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

-- name: start_counts
-- Note in the counts of a new project and its share how many handles they have got.
WITH project AS (
    UPDATE dispatch.projects
    SET total_count = :count, initial_count = :count, unlocated_count = :unlocated_count
    WHERE id = :project_id
)
UPDATE dispatch.shares
SET total_count = :count, initial_count = :count, unlocated_count = :unlocated_count
WHERE id = :share_id

-- name: list_user_ids
-- Look users up by their names.
SELECT username, id FROM auth.user_names WHERE username = ANY(:usernames::text[])

-- name: lock_project
-- Lock a project, and say which share takes the handles that are added: the only one, if there is only one.
WITH locked AS (
    SELECT id FROM dispatch.projects WHERE id = :project_id FOR UPDATE
)
SELECT count(share.id) AS share_count, min(share.id) AS share_id
FROM locked LEFT JOIN dispatch.shares AS share ON share.project_id = locked.id

-- name: update_settings
-- Change what can be changed about a project.
UPDATE dispatch.projects
SET attributes = :attributes, max_attempts = :max_attempts, worker_timeout = :worker_timeout,
    idle_timeout = :idle_timeout, retry_on_timeout = :retry_on_timeout, retry_pause = :retry_pause,
    allowed_users = :allowed_users, allowed_groups = :allowed_groups, active_at = :now
WHERE id = :project_id

-- name: move_lease_ends
-- Let a new worker time-out hold for the leases that there are. Renewing moves the end of those that can be renewed.
UPDATE dispatch.leases AS lease
SET expires_at = CASE
        WHEN lease.lease_for IS NULL THEN lease.reserved_at + :worker_timeout::interval
        ELSE least(lease.expires_at, lease.reserved_at + :worker_timeout)
    END
FROM (
    SELECT held.attempt_id
    FROM dispatch.leases AS held
    WHERE held.project_id = :project_id
    ORDER BY held.position
    FOR UPDATE
) AS mine
WHERE lease.attempt_id = mine.attempt_id

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

-- name: count_added
-- Note in the counts of a project and a share of it that handles were added, and open the project if it had ended.
WITH share AS (
    UPDATE dispatch.shares AS share
    SET total_count = share.total_count + :count::bigint,
        initial_count = share.initial_count + :count,
        unlocated_count = share.unlocated_count + :unlocated_count::bigint,
        ready_from = least(share.ready_from, :first_position::bigint)
    WHERE share.id = :share_id::bigint
)
UPDATE dispatch.projects AS project
SET total_count = project.total_count + :count,
    initial_count = project.initial_count + :count,
    unlocated_count = project.unlocated_count + :unlocated_count,
    ready_from = least(project.ready_from, :first_position),
    state = CASE WHEN project.state IN ('done', 'failed') THEN 'active' ELSE project.state END,
    ended_at = CASE WHEN project.state IN ('done', 'failed') THEN NULL ELSE project.ended_at END
WHERE project.id = :project_id

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

-- name: activate_project
-- Open a project that was abandoned or cancelled and has an open handle; none is returned for any other.
UPDATE dispatch.projects
SET state = 'active', ended_at = NULL, active_at = :now
WHERE id = :project_id AND state IN ('abandoned', 'cancelled') AND initial_count + reserved_count > 0
RETURNING experiment_id

-- name: abandon_projects
-- Abandon active projects that were idle for too long. A lease that is being renewed is no idleness.
WITH idle AS MATERIALIZED (
    SELECT project.id
    FROM dispatch.projects AS project
    WHERE project.state = 'active'
      AND project.idle_timeout IS NOT NULL
      AND project.active_at + project.idle_timeout <= :now
      AND NOT EXISTS (
          SELECT FROM dispatch.leases AS lease
          WHERE lease.project_id = project.id AND lease.lease_for IS NOT NULL AND lease.expires_at > :now
      )
    ORDER BY project.id
    LIMIT :count
    FOR UPDATE SKIP LOCKED
)
UPDATE dispatch.projects AS project
SET state = 'abandoned'
FROM idle
WHERE project.id = idle.id
RETURNING project.id, project.experiment_id

-- name: delete_project
-- Delete a locked project with everything that belongs to it.
WITH ready AS (
    DELETE FROM dispatch.ready WHERE project_id = :project_id
), aside AS (
    DELETE FROM dispatch.unlocated WHERE project_id = :project_id
), pausing AS (
    DELETE FROM dispatch.resting WHERE project_id = :project_id
), late AS (
    DELETE FROM dispatch.late_reports AS late
    USING dispatch.attempts AS ended
    WHERE ended.project_id = :project_id AND late.attempt_id = ended.id
), leases AS (
    DELETE FROM dispatch.leases WHERE project_id = :project_id
), handles AS (
    DELETE FROM dispatch.handles WHERE project_id = :project_id
)
DELETE FROM dispatch.projects WHERE id = :project_id

-- name: merge_attributes
-- Lay attributes over those of a project.
UPDATE dispatch.projects SET attributes = attributes || :attributes WHERE id = :project_id

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

-- name: list_rested_projects
-- List the projects of the handles that have paused for long enough, those that have waited longest.
SELECT DISTINCT project_id
FROM (
    SELECT project_id FROM dispatch.resting WHERE until <= :now ORDER BY until LIMIT :count
) AS rested
ORDER BY project_id

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

-- name: end_project
-- Close a project whose last handle was just done or failed.
UPDATE dispatch.projects SET state = :state, ended_at = :now WHERE id = :project_id

-- name: cancel_project
-- Cancel a project that is still open; none is returned when it was not.
UPDATE dispatch.projects
SET state = 'cancelled', ended_at = :now
WHERE id = :project_id AND state IN ('active', 'abandoned')
RETURNING experiment_id

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
WHERE NOT EXISTS (
    SELECT FROM dispatch.late_reports AS kept
    WHERE kept.attempt_id = given.attempt_id AND kept.worker_id = :worker_id AND kept.reported = :reported
)

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
