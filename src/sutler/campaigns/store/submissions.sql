-- name: find_split_position
-- Read where a split stands.
SELECT * FROM campaigns.split_positions WHERE stage_id = :stage_id AND kind = :kind

-- name: save_split_position
-- Remember where a split stands.
INSERT INTO campaigns.split_positions
    (stage_id, kind, experiment_id, epoch, ledger_id, split_type, dataset_query, slice_count, position, reset_by,
     reset_at, updated_at)
VALUES (:stage_id, :kind, :experiment_id, :epoch, :ledger_id, :split_type, :dataset_query, :slice_count,
        :position::jsonb, :reset_by, :reset_at, :now)
ON CONFLICT (stage_id, kind) DO UPDATE
SET epoch = excluded.epoch, ledger_id = excluded.ledger_id, split_type = excluded.split_type,
    dataset_query = excluded.dataset_query, slice_count = excluded.slice_count, position = excluded.position,
    reset_by = excluded.reset_by, reset_at = excluded.reset_at, updated_at = excluded.updated_at

-- name: find_submission_by_key
-- Look up what a launch key has made.
SELECT id, stage_id FROM campaigns.submissions WHERE launch_key = :launch_key

-- name: reserve_submission_id
-- Take the number of a submission ahead of its row, for the names that carry it.
SELECT nextval(pg_get_serial_sequence('campaigns.submissions', 'id'))

-- name: create_submission
-- Insert a submission under the number that was taken for it.
INSERT INTO campaigns.submissions
    (id, experiment_id, campaign_id, stage_id, launch_key, cause, upstream_submission_id, is_test, status,
     batch_status, config, dataset_query, slice_number, project_id, share_id, launched_by, creator_role, created_at,
     original_id, recovery_type, recovery_number, schedule_id, parameter_overrides, job_data, slice_note, is_shared)
OVERRIDING SYSTEM VALUE
VALUES (:submission_id, :experiment_id, :campaign_id, :stage_id, :launch_key, :cause, :upstream_submission_id,
        :is_test, :status, :batch_status, :config::jsonb, :dataset_query, :slice_number, :project_id, :share_id,
        :launched_by, :creator_role, :now, :original_id, :recovery_type, :recovery_number, :schedule_id,
        :parameter_overrides::jsonb, :job_data, :slice_note, :is_shared)

-- name: count_submission
-- Note a new submission at its stage, which the caller has locked, and count it there and at the campaign.
WITH stage AS (
    UPDATE campaigns.stages
    SET submission_count = submission_count + 1, last_submission_id = :submission_id
    WHERE id = :stage_id
    RETURNING id, campaign_id
), of_stage AS (
    INSERT INTO campaigns.stage_counts AS kept (stage_id, open_submission_count)
    SELECT id, 1 FROM stage
    ON CONFLICT (stage_id) DO UPDATE SET open_submission_count = kept.open_submission_count + 1
    RETURNING stage_id
)
INSERT INTO campaigns.campaign_counts AS kept (campaign_id, submission_count, open_submission_count)
SELECT stage.campaign_id, 1, 1 FROM stage JOIN of_stage ON of_stage.stage_id = stage.id
ON CONFLICT (campaign_id) DO UPDATE
SET submission_count = kept.submission_count + 1, open_submission_count = kept.open_submission_count + 1

-- name: get_username
-- Read the name of somebody.
SELECT username FROM auth.user_names WHERE id = :user_id

-- name: find_stage_project
-- Find the project that a stage works on in all its submissions: the newest one of the same query that still goes on.
SELECT submission.project_id
FROM campaigns.submissions AS submission
JOIN dispatch.project_states AS project ON project.project_id = submission.project_id
WHERE submission.stage_id = :stage_id
  AND submission.is_test = :is_test
  AND submission.dataset_query = :dataset_query
  AND project.attributes @> '{"is_for_all": true}'
  AND project.state IN ('active', 'abandoned', 'done', 'failed')
  AND NOT EXISTS (
      SELECT FROM campaigns.split_positions AS position
      WHERE position.stage_id = :stage_id
        AND position.kind = CASE WHEN :is_test THEN 'test' ELSE 'production' END
        AND position.reset_at >= submission.created_at
  )
ORDER BY submission.id DESC
LIMIT 1

-- name: find_project
-- Read whose a project is, and whether it goes on.
SELECT project_id, experiment_id, state FROM dispatch.project_states WHERE project_id = :project_id

-- name: find_seconds_per_file
-- How long half of the files took at most that were done last in the newest submissions of a stage; null for none.
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM newest.took))
FROM (
    SELECT share_id FROM campaigns.submissions
    WHERE stage_id = :stage_id AND share_id IS NOT NULL
    ORDER BY id DESC
    LIMIT 5
) AS recent
CROSS JOIN LATERAL (
    SELECT attempt.took
    FROM dispatch.done_attempts AS attempt
    WHERE attempt.share_id = recent.share_id
    ORDER BY attempt.ended_at DESC
    LIMIT 200
) AS newest

-- name: add_history
-- Append to the history of a submission.
INSERT INTO campaigns.submission_history (submission_id, experiment_id, at, side, status, reason, actor)
VALUES (:submission_id, :experiment_id, :now, :side, :status, :reason, :actor)

-- name: list_history
-- Read the history of a submission, oldest first.
SELECT at, side, status, reason, actor FROM campaigns.submission_history WHERE submission_id = :submission_id ORDER BY id

-- name: lock_submission_of_share
-- Find the submission that owns a share and keep others from changing it.
SELECT * FROM campaigns.submissions WHERE share_id = :share_id FOR NO KEY UPDATE

-- name: lock_submission_of_key
-- Find the submission of a launch key and keep others from changing it.
SELECT * FROM campaigns.submissions WHERE launch_key = :launch_key FOR NO KEY UPDATE

-- name: lock_submission
-- Read a submission and keep others from changing it.
SELECT * FROM campaigns.submissions WHERE id = :submission_id FOR NO KEY UPDATE

-- name: get_submission_row
-- Read a submission.
SELECT * FROM campaigns.submissions WHERE id = :submission_id

-- name: list_family
-- Read a submission with the recoveries that belong to it, oldest first.
SELECT * FROM campaigns.submissions WHERE id = :original_id OR original_id = :original_id ORDER BY id

-- name: move_submission
-- Change the status words of a submission; a time of end that is set stays. With its end its stage and campaign have one
-- open submission less, and the campaign counts its failed files.
WITH moving AS (
    SELECT submission.id, submission.stage_id, submission.campaign_id, coalesce(share.failed_count, 0) AS failed_count,
           submission.ended_at IS NULL AND :ended_at::timestamptz IS NOT NULL AS is_ending
    FROM campaigns.submissions AS submission
    LEFT JOIN dispatch.share_progress AS share ON share.share_id = submission.share_id
    WHERE submission.id = :submission_id
    FOR UPDATE OF submission
), of_stage AS (
    UPDATE campaigns.stage_counts AS kept
    SET open_submission_count = kept.open_submission_count - 1
    FROM moving
    WHERE kept.stage_id = moving.stage_id AND moving.is_ending
    RETURNING moving.campaign_id, moving.failed_count
), of_campaign AS (
    UPDATE campaigns.campaign_counts AS kept
    SET open_submission_count = kept.open_submission_count - 1,
        failed_file_count = kept.failed_file_count + of_stage.failed_count
    FROM of_stage
    WHERE kept.campaign_id = of_stage.campaign_id
)
UPDATE campaigns.submissions AS submission
SET status = :status, batch_status = :batch_status, reason = :reason,
    ended_at = coalesce(submission.ended_at, :ended_at),
    failed_file_count = CASE WHEN moving.is_ending THEN moving.failed_count ELSE submission.failed_file_count END
FROM moving
WHERE submission.id = moving.id

-- name: reopen_submission
-- Take back that a submission has ended: its launch is tried once more.
WITH reopening AS (
    SELECT id, stage_id, campaign_id, failed_file_count, ended_at IS NOT NULL AS has_ended
    FROM campaigns.submissions
    WHERE id = :submission_id
    FOR UPDATE
), of_stage AS (
    UPDATE campaigns.stage_counts AS kept
    SET open_submission_count = kept.open_submission_count + 1
    FROM reopening
    WHERE kept.stage_id = reopening.stage_id AND reopening.has_ended
    RETURNING reopening.campaign_id, reopening.failed_file_count
), of_campaign AS (
    UPDATE campaigns.campaign_counts AS kept
    SET open_submission_count = kept.open_submission_count + 1,
        failed_file_count = kept.failed_file_count - of_stage.failed_file_count
    FROM of_stage
    WHERE kept.campaign_id = of_stage.campaign_id
)
UPDATE campaigns.submissions AS submission
SET status = 'Created', batch_status = 'New', reason = '', ended_at = NULL, followed_at = NULL, failed_file_count = 0
FROM reopening
WHERE submission.id = reopening.id

-- name: recount_failed_files
-- Let a campaign count the failed files of a submission that has ended as they are now.
WITH counted AS (
    SELECT submission.id, submission.campaign_id, share.failed_count,
           share.failed_count - submission.failed_file_count AS change
    FROM campaigns.submissions AS submission
    JOIN dispatch.share_progress AS share ON share.share_id = submission.share_id
    WHERE submission.id = :submission_id
      AND submission.ended_at IS NOT NULL
      AND share.failed_count <> submission.failed_file_count
    FOR UPDATE OF submission
), of_campaign AS (
    UPDATE campaigns.campaign_counts AS kept
    SET failed_file_count = kept.failed_file_count + counted.change
    FROM counted
    WHERE kept.campaign_id = counted.campaign_id
)
UPDATE campaigns.submissions AS submission
SET failed_file_count = counted.failed_count
FROM counted
WHERE submission.id = counted.id

-- name: note_followed
-- Note that what follows a submission was decided.
UPDATE campaigns.submissions SET followed_at = :now WHERE id = :submission_id

-- name: list_running_keys
-- Read the launch keys of a project's submissions that have not ended and whose jobs nobody has told to end.
SELECT submission.launch_key
FROM campaigns.submissions AS submission
JOIN launch.launch_progress AS launched ON launched.key = submission.launch_key
WHERE submission.project_id = :project_id
  AND submission.ended_at IS NULL
  AND launched.state IN ('intended', 'submitted')
ORDER BY submission.id

-- name: count_open_submissions
-- Count the submissions of a stage that have not ended.
SELECT count(*) FROM campaigns.submissions WHERE stage_id = :stage_id AND ended_at IS NULL

-- name: list_open_counts
-- Count the submissions of stages that have not ended.
SELECT stage_id, count(*) AS open_count
FROM campaigns.submissions
WHERE stage_id = ANY(:stage_ids) AND ended_at IS NULL
GROUP BY stage_id

-- name: list_overlooked
-- Read submissions made before an instant that have not ended although their files or their jobs are over.
SELECT submission.launch_key, submission.share_id
FROM campaigns.submissions AS submission
JOIN launch.launch_progress AS launched ON launched.key = submission.launch_key
LEFT JOIN dispatch.share_progress AS share ON share.share_id = submission.share_id
WHERE submission.ended_at IS NULL
  AND submission.created_at <= :before
  AND (
      share.open_count = 0
      OR launched.state = 'ended'
      OR (launched.state = 'failed' AND submission.batch_status = 'New')
  )
ORDER BY submission.id
LIMIT :count
