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
       project.retry_on_timeout, project.retry_pause
FROM dispatch.projects AS project
LEFT JOIN dispatch.shares AS share ON share.project_id = project.id AND share.id = :share_id::bigint
WHERE project.id = :project_id::bigint

-- name: list_pools
-- Read the locations that a project has or had ready handles at, each with its storage elements.
SELECT location.id AS location_id, location.rse_ids
FROM dispatch.pools AS pool
JOIN dispatch.locations AS location ON location.id = pool.location_id
WHERE pool.project_id = :project_id

-- name: find_share
-- Read the counts of a share, how many initial handles it counts that went on, the state of its project, and whether
-- its work is over.
SELECT share.id AS share_id, share.project_id, project.state, share.total_count, share.initial_count,
       share.unlocated_count, share.reserved_count, share.done_count, share.failed_count, share.resting_count,
       share.gone_initial_count,
       EXISTS (
           SELECT FROM dispatch.closed_shares AS closed WHERE closed.share_id = share.id AND closed.is_over
       ) AS is_over
FROM dispatch.shares AS share
JOIN dispatch.projects AS project ON project.id = share.project_id
WHERE share.id = :share_id

-- name: insert_project
-- Start a project. Its handles and their counts follow.
INSERT INTO dispatch.projects (
    experiment_id, owner_id, owner_role, state, query, attributes, is_virtual, max_attempts, worker_timeout,
    idle_timeout, allowed_users, allowed_groups, retry_on_timeout, retry_pause, created_at, active_at
)
VALUES (
    :experiment_id, :owner_id, :owner_role, 'active', :query, :attributes, :is_virtual, :max_attempts, :worker_timeout,
    :idle_timeout, :allowed_users, :allowed_groups, :retry_on_timeout, :retry_pause, :now, :now
)
RETURNING id

-- name: insert_share
-- Start a share that owns all handles of a new project.
INSERT INTO dispatch.shares (project_id, experiment_id, created_at) VALUES (:project_id, :experiment_id, :now)
RETURNING id

-- name: list_user_ids
-- Look users up by their names.
SELECT username, id FROM auth.user_names WHERE username = ANY(:usernames::text[])

-- name: lock_project
-- Lock a project, and say which share takes the handles that are added: the only one, if it has all that there are.
WITH locked AS (
    SELECT id, total_count FROM dispatch.projects WHERE id = :project_id FOR UPDATE
)
SELECT count(share.id) AS share_count,
       min(share.id) FILTER (WHERE share.total_count = locked.total_count) AS share_id
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
), finished AS (
    DELETE FROM dispatch.finished WHERE project_id = :project_id
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

-- name: end_project
-- Close a project whose last handle was just done or failed.
UPDATE dispatch.projects SET state = :state, ended_at = :now WHERE id = :project_id

-- name: cancel_project
-- Cancel a project that is still open; none is returned when it was not.
UPDATE dispatch.projects
SET state = 'cancelled', ended_at = :now
WHERE id = :project_id AND state IN ('active', 'abandoned')
RETURNING experiment_id

-- name: refresh_statistics
-- Tell the planner that the tables have grown: plans made while they were small would read all of them.
ANALYZE dispatch.handles, dispatch.ready

-- name: start_counts
-- Note in the counts of a new project and of its share how many handles each has got.
WITH project AS (
    UPDATE dispatch.projects
    SET total_count = :count, initial_count = :count, unlocated_count = :unlocated_count
    WHERE id = :project_id
)
UPDATE dispatch.shares
SET total_count = :share_count, initial_count = :share_count, unlocated_count = :share_unlocated_count
WHERE id = :share_id

-- name: count_added
-- Note in the counts of a project and a share of it that handles were added, and open the project if it had ended.
WITH share AS (
    UPDATE dispatch.shares AS share
    SET total_count = share.total_count + :count::bigint,
        initial_count = share.initial_count + :count,
        unlocated_count = share.unlocated_count + :unlocated_count::bigint
    WHERE share.id = :share_id::bigint
)
UPDATE dispatch.projects AS project
SET total_count = project.total_count + :count,
    initial_count = project.initial_count + :count,
    unlocated_count = project.unlocated_count + :unlocated_count,
    state = CASE WHEN project.state IN ('done', 'failed') THEN 'active' ELSE project.state END,
    ended_at = CASE WHEN project.state IN ('done', 'failed') THEN NULL ELSE project.ended_at END
WHERE project.id = :project_id
