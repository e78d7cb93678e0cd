-- name: save_schedule
-- Give a stage its schedule, in place of the one it has.
INSERT INTO campaigns.schedules
    (experiment_id, stage_id, cron, time_zone, overlap, is_active, reason, next_due_at, saved_by, saved_at)
VALUES (:experiment_id, :stage_id, :cron, :time_zone, :overlap, :is_active, :reason, :next_due_at, :saved_by, :now)
ON CONFLICT (stage_id) DO UPDATE
SET cron = excluded.cron, time_zone = excluded.time_zone, overlap = excluded.overlap, is_active = excluded.is_active,
    reason = excluded.reason, next_due_at = excluded.next_due_at, saved_by = excluded.saved_by,
    saved_at = excluded.saved_at

-- name: find_schedule
-- Read the schedule of a stage with the names that belong to it.
SELECT schedule.*, stage.name AS stage, stage.campaign_id, campaign.name AS campaign, saver.username
FROM campaigns.schedules AS schedule
JOIN campaigns.stages AS stage ON stage.id = schedule.stage_id
JOIN campaigns.campaigns AS campaign ON campaign.id = stage.campaign_id
JOIN auth.user_names AS saver ON saver.id = schedule.saved_by
WHERE schedule.stage_id = :stage_id AND stage.removed_at IS NULL

-- name: list_schedules_of_stages
-- Read the schedules of stages that were not removed.
SELECT schedule.*, stage.name AS stage, stage.campaign_id, campaign.name AS campaign, saver.username
FROM campaigns.schedules AS schedule
JOIN campaigns.stages AS stage ON stage.id = schedule.stage_id
JOIN campaigns.campaigns AS campaign ON campaign.id = stage.campaign_id
JOIN auth.user_names AS saver ON saver.id = schedule.saved_by
WHERE schedule.stage_id = ANY(:stage_ids) AND stage.removed_at IS NULL
ORDER BY schedule.stage_id

-- name: delete_schedule
-- Delete the schedule of a stage with its runs.
DELETE FROM campaigns.schedules WHERE stage_id = :stage_id

-- name: end_schedules
-- Let schedules of stages be due no more, and return which.
UPDATE campaigns.schedules AS schedule
SET is_active = false, reason = :reason, next_due_at = NULL
FROM campaigns.stages AS stage
WHERE schedule.stage_id = ANY(:stage_ids) AND schedule.is_active AND stage.id = schedule.stage_id
RETURNING schedule.experiment_id, schedule.stage_id, stage.campaign_id

-- name: lock_due_schedules
-- Take the schedules that are due, oldest first, past those that other processes work on.
SELECT schedule.*, stage.name AS stage, stage.campaign_id, campaign.name AS campaign, saver.username
FROM campaigns.schedules AS schedule
JOIN campaigns.stages AS stage ON stage.id = schedule.stage_id
JOIN campaigns.campaigns AS campaign ON campaign.id = stage.campaign_id
JOIN auth.user_names AS saver ON saver.id = schedule.saved_by
WHERE schedule.is_active AND schedule.next_due_at <= :now AND stage.removed_at IS NULL
ORDER BY schedule.next_due_at, schedule.id
LIMIT :count
FOR NO KEY UPDATE OF schedule SKIP LOCKED

-- name: list_waiting_schedules
-- Read which of some schedules have a run that is still to be made.
SELECT DISTINCT run.schedule_id
FROM campaigns.schedule_runs AS run
WHERE run.schedule_id = ANY(:schedule_ids) AND run.state = 'due'

-- name: create_schedule_runs
-- Write down runs; times that are written down already stay as they are.
INSERT INTO campaigns.schedule_runs
    (schedule_id, experiment_id, due_at, state, reason, next_try_at, created_at, settled_at)
SELECT new.schedule_id, new.experiment_id, new.due_at, new.state, new.reason, new.due_at, :now::timestamptz,
       CASE WHEN new.state = 'due' THEN NULL ELSE :now::timestamptz END
FROM unnest(:schedule_ids::bigint[], :experiment_ids::bigint[], :due_ats::timestamptz[], :states::text[],
            :reasons::text[]) AS new (schedule_id, experiment_id, due_at, state, reason)
ON CONFLICT (schedule_id, due_at) DO NOTHING

-- name: move_schedules
-- Note when schedules are due next.
UPDATE campaigns.schedules AS schedule
SET next_due_at = moved.next_due_at
FROM unnest(:schedule_ids::bigint[], :next_due_ats::timestamptz[]) AS moved (id, next_due_at)
WHERE schedule.id = moved.id

-- name: claim_schedule_runs
-- Take the runs that are due, oldest first and of each schedule the oldest, and put them off in case the try comes to
-- no end.
WITH chosen AS (
    SELECT run.id
    FROM campaigns.schedule_runs AS run
    WHERE run.state = 'due' AND run.next_try_at <= :now
      AND NOT EXISTS (
          SELECT FROM campaigns.schedule_runs AS earlier
          WHERE earlier.schedule_id = run.schedule_id AND earlier.due_at < run.due_at AND earlier.state = 'due'
      )
    ORDER BY run.next_try_at, run.id
    LIMIT :count
    FOR UPDATE OF run SKIP LOCKED
)
UPDATE campaigns.schedule_runs AS run
SET tries = run.tries + 1, next_try_at = :claimed_until
FROM chosen, campaigns.schedules AS schedule, campaigns.stages AS stage, auth.user_names AS saver
WHERE run.id = chosen.id AND schedule.id = run.schedule_id AND stage.id = schedule.stage_id
  AND saver.id = schedule.saved_by
RETURNING run.id, run.schedule_id, run.experiment_id, run.due_at, run.tries, schedule.stage_id, stage.campaign_id,
          stage.name AS stage, schedule.overlap, schedule.is_active, schedule.reason AS schedule_reason,
          schedule.saved_by, saver.username

-- name: find_activity
-- Read what a run has made so far, and what else of its stage is not over.
SELECT
    (SELECT own.id FROM campaigns.submissions AS own WHERE own.launch_key = :launch_key) AS submission_id,
    (SELECT own.id FROM campaigns.queued_launches AS own WHERE own.launch_key = :launch_key) AS queued_id,
    (
        SELECT min(submission.id)
        FROM campaigns.submissions AS submission
        WHERE submission.stage_id = :stage_id AND submission.ended_at IS NULL
          AND submission.batch_status <> 'LaunchFailed'
    ) AS open_submission_id,
    (
        SELECT min(queued.id)
        FROM campaigns.queued_launches AS queued
        WHERE queued.stage_id = :stage_id AND queued.state = 'queued'
          AND queued.request -> 'schedule_id' = to_jsonb(:schedule_id::bigint)
    ) AS waiting_launch_id

-- name: settle_schedule_run
-- Write down what came of a run; one that was settled meanwhile stays as it is.
UPDATE campaigns.schedule_runs
SET state = :state, reason = :reason, submission_id = :submission_id, settled_at = :now
WHERE id = :run_id AND state = 'due'

-- name: postpone_schedule_run
-- Leave a run for later, with what stood in its way; one that was settled meanwhile stays as it is.
UPDATE campaigns.schedule_runs SET reason = :reason, next_try_at = :next_try_at WHERE id = :run_id AND state = 'due'
