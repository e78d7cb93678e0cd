-- name: create_hold
-- Turn a switch on, unless it is on, and return its id.
INSERT INTO campaigns.holds (experiment_id, kind, reason, held_by, held_at)
VALUES (:experiment_id, :kind, :reason, :held_by, :now)
ON CONFLICT DO NOTHING
RETURNING id

-- name: delete_hold
-- Turn a switch off.
DELETE FROM campaigns.holds WHERE experiment_id IS NOT DISTINCT FROM :experiment_id AND kind = :kind

-- name: list_holds
-- Read the switches that are on for everybody or for some experiments, those for everybody first.
SELECT hold.experiment_id, hold.kind, hold.reason, holder.username AS held_by, hold.held_at
FROM campaigns.holds AS hold
JOIN auth.user_names AS holder ON holder.id = hold.held_by
WHERE hold.experiment_id IS NULL OR hold.experiment_id = ANY(:experiment_ids)
ORDER BY hold.experiment_id NULLS FIRST, hold.kind

-- name: find_hold
-- Read what holds a stage: a switch for everybody, one of its experiment, or for launches the stage's own hold.
SELECT found.experiment, found.stage, holder.username, found.held_at, found.reason
FROM (
    SELECT CASE WHEN hold.experiment_id IS NULL THEN 1 ELSE 2 END AS rank, experiment.name AS experiment,
           NULL::text AS stage, hold.held_by, hold.held_at, hold.reason
    FROM campaigns.holds AS hold
    LEFT JOIN auth.experiment_names AS experiment ON experiment.id = hold.experiment_id
    WHERE hold.kind = :kind::text AND (hold.experiment_id IS NULL OR hold.experiment_id = :experiment_id)
    UNION ALL
    SELECT 3, NULL, stage.name, stage.held_by, stage.held_at, stage.hold_reason
    FROM campaigns.stages AS stage
    WHERE stage.id = :stage_id AND stage.held_at IS NOT NULL AND :kind::text = 'launches'
) AS found
JOIN auth.user_names AS holder ON holder.id = found.held_by
ORDER BY found.rank
LIMIT 1

-- name: lock_stages
-- Read stages by their ids and keep others from changing or launching them until this transaction ends.
SELECT stage.*, campaign.defaults, campaign.default_job_type_id, campaign.default_login_setup_id
FROM campaigns.stages AS stage
JOIN campaigns.campaigns AS campaign ON campaign.id = stage.campaign_id
WHERE stage.id = ANY(:stage_ids) AND stage.removed_at IS NULL
ORDER BY stage.id
FOR UPDATE OF stage

-- name: hold_stages
-- Put stages on hold, or with nulls release them.
UPDATE campaigns.stages
SET held_by = :held_by, held_at = :held_at, hold_reason = :reason, updated_at = :now
WHERE id = ANY(:stage_ids)

-- name: create_queued_launch
-- Let a launch wait, unless one with its key does or did, and return its id.
INSERT INTO campaigns.queued_launches
    (experiment_id, stage_id, launch_key, request, reason, state, queued_by, queued_at, due_at)
VALUES (:experiment_id, :stage_id, :launch_key, :request::jsonb, :reason, 'queued', :queued_by, :now, :now)
ON CONFLICT (launch_key) DO NOTHING
RETURNING id

-- name: find_queued_launch
-- Look a launch that waits or waited up by its key.
SELECT id, stage_id, launch_key, request, state, reason, outcome, tries, queued_by
FROM campaigns.queued_launches
WHERE launch_key = :launch_key

-- name: lock_queued_launches
-- Read launches that wait or waited, oldest first, and keep others from settling them.
SELECT queued.id, queued.experiment_id, queued.stage_id, stage.name AS stage, campaign.name AS campaign,
       queued.launch_key, queued.request, queued.reason, queued.state, queued.outcome, queued.queued_by,
       launcher.username, stage.creator_role, stage.created_by AS stage_creator_id, queued.queued_at,
       queued.settled_at, NULL::bigint AS submission_id
FROM campaigns.queued_launches AS queued
JOIN campaigns.stages AS stage ON stage.id = queued.stage_id
JOIN campaigns.campaigns AS campaign ON campaign.id = stage.campaign_id
JOIN auth.user_names AS launcher ON launcher.id = queued.queued_by
WHERE queued.id = ANY(:queued_ids)
ORDER BY queued.id
FOR UPDATE OF queued

-- name: claim_queued_launches
-- Take the oldest waiting launch of each stage that nothing holds, and put it off in case the try comes to no end.
WITH heads AS (
    SELECT DISTINCT ON (queued.stage_id) queued.id, queued.stage_id, queued.experiment_id, queued.due_at
    FROM campaigns.queued_launches AS queued
    WHERE queued.state = 'queued'
    ORDER BY queued.stage_id, queued.id
), chosen AS (
    SELECT head.id
    FROM heads AS head
    JOIN campaigns.stages AS stage ON stage.id = head.stage_id
    WHERE head.due_at <= :now
      AND stage.held_at IS NULL
      AND NOT EXISTS (
          SELECT FROM campaigns.holds AS hold
          WHERE hold.kind = 'launches'
            AND (hold.experiment_id IS NULL OR hold.experiment_id = head.experiment_id)
      )
    ORDER BY head.due_at, head.id
    LIMIT :count
)
UPDATE campaigns.queued_launches AS queued
SET tries = queued.tries + 1, due_at = :claimed_until
FROM chosen
WHERE queued.id = chosen.id AND queued.state = 'queued' AND queued.due_at <= :now
RETURNING queued.id, queued.stage_id, queued.launch_key, queued.request, queued.state, queued.reason, queued.outcome,
          queued.tries, queued.queued_by

-- name: settle_queued_launches
-- Write down what became of launches that waited, and return them.
UPDATE campaigns.queued_launches
SET state = :state, outcome = :outcome, settled_at = :now
WHERE id = ANY(:queued_ids) AND state = ANY(:from_states)
RETURNING experiment_id, stage_id, launch_key

-- name: postpone_queued_launch
-- Leave a waiting launch for later, with what stood in its way; one that was settled meanwhile stays as it is.
UPDATE campaigns.queued_launches SET outcome = :outcome, due_at = :due_at WHERE id = :queued_id AND state = 'queued'
