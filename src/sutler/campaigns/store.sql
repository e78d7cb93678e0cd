-- name: create_login_setup
-- Insert a login setup and return it.
INSERT INTO campaigns.login_setups
    (experiment_id, name, backend, host, account, setup, created_by, creator_role, created_at)
VALUES (:experiment_id, :name, :backend, :host, :account, :setup, :created_by, :creator_role, :now)
RETURNING *

-- name: update_login_setup
-- Change a login setup and return it.
UPDATE campaigns.login_setups
SET backend = :backend, host = :host, account = :account, setup = :setup, updated_at = :now
WHERE id = :login_setup_id
RETURNING *

-- name: find_login_setup
-- Look a login setup up by name.
SELECT * FROM campaigns.login_setups WHERE experiment_id = :experiment_id AND name = :name

-- name: get_login_setup
-- Read a login setup by id.
SELECT * FROM campaigns.login_setups WHERE id = :login_setup_id

-- name: list_login_setups
-- Read an experiment's login setups by name.
SELECT * FROM campaigns.login_setups WHERE experiment_id = ANY(:experiment_ids) ORDER BY name, id

-- name: create_job_type
-- Insert a job type and return it.
INSERT INTO campaigns.job_types
    (experiment_id, name, launch_script, parameters, output_file_patterns, output_namespace, output_dataset,
     output_rse, files_per_run, max_attempts, run_timeout, created_by, creator_role, created_at)
VALUES (:experiment_id, :name, :launch_script, :parameters::jsonb, :output_file_patterns, :output_namespace,
        :output_dataset, :output_rse, :files_per_run, :max_attempts, :run_timeout, :created_by, :creator_role, :now)
RETURNING *

-- name: update_job_type
-- Change a job type and return it.
UPDATE campaigns.job_types
SET launch_script = :launch_script, parameters = :parameters::jsonb, output_file_patterns = :output_file_patterns,
    output_namespace = :output_namespace, output_dataset = :output_dataset, output_rse = :output_rse,
    files_per_run = :files_per_run, max_attempts = :max_attempts, run_timeout = :run_timeout, updated_at = :now
WHERE id = :job_type_id
RETURNING *

-- name: find_job_type
-- Look a job type up by name.
SELECT * FROM campaigns.job_types WHERE experiment_id = :experiment_id AND name = :name

-- name: get_job_type
-- Read a job type by id.
SELECT * FROM campaigns.job_types WHERE id = :job_type_id

-- name: list_job_types
-- Read an experiment's job types by name.
SELECT * FROM campaigns.job_types WHERE experiment_id = ANY(:experiment_ids) ORDER BY name, id

-- name: create_campaign
-- Insert a campaign and return its id.
INSERT INTO campaigns.campaigns (experiment_id, name, keywords, created_by, creator_role, created_at)
VALUES (:experiment_id, :name, :keywords::jsonb, :created_by, :creator_role, :now)
RETURNING id

-- name: find_campaign
-- Read a campaign by id, with the names that belong to it.
SELECT campaign.*, experiment.name AS experiment, creator.username AS creator
FROM campaigns.campaigns AS campaign
JOIN auth.experiment_names AS experiment ON experiment.id = campaign.experiment_id
JOIN auth.user_names AS creator ON creator.id = campaign.created_by
WHERE campaign.id = :campaign_id

-- name: list_stages
-- Read the stages of a campaign in the order they were made.
SELECT * FROM campaigns.stages WHERE campaign_id = :campaign_id ORDER BY id

-- name: list_stage_summaries
-- Read the stages of a campaign with what a list shows of them.
SELECT stage.id, stage.name, stage.stage_type, job_type.name AS job_type, login_setup.name AS login_setup,
       stage.dataset_query, stage.split_type, stage.held_at IS NOT NULL AS is_held,
       counted.submission_count, counted.running_count, counted.last_submission_id
FROM campaigns.stages AS stage
JOIN campaigns.job_types AS job_type ON job_type.id = stage.job_type_id
JOIN campaigns.login_setups AS login_setup ON login_setup.id = stage.login_setup_id
CROSS JOIN LATERAL (
    SELECT count(*) AS submission_count, count(*) FILTER (WHERE submission.ended_at IS NULL) AS running_count,
           max(submission.id) AS last_submission_id
    FROM campaigns.submissions AS submission WHERE submission.stage_id = stage.id
) AS counted
WHERE stage.campaign_id = :campaign_id
ORDER BY stage.id

-- name: create_stage
-- Insert a stage and return it.
INSERT INTO campaigns.stages
    (campaign_id, experiment_id, name, stage_type, job_type_id, login_setup_id, software_version, dataset_query,
     split_type, unit_count, job_count, parameter_overrides, completion_pct, worker_timeout, idle_timeout, created_by,
     creator_role, created_at)
VALUES (:campaign_id, :experiment_id, :name, :stage_type, :job_type_id, :login_setup_id, :software_version,
        :dataset_query, :split_type, :unit_count, :job_count, :parameter_overrides::jsonb, :completion_pct,
        :worker_timeout, :idle_timeout, :created_by, :creator_role, :now)
RETURNING *

-- name: get_stage
-- Read a stage.
SELECT * FROM campaigns.stages WHERE id = :stage_id

-- name: lock_stage
-- Read a stage and keep other launches of it waiting until this transaction ends.
SELECT * FROM campaigns.stages WHERE id = :stage_id FOR UPDATE

-- name: hold_stage
-- Put a stage on hold, or with nulls release it.
UPDATE campaigns.stages SET held_by = :held_by, held_at = :held_at, updated_at = :now WHERE id = :stage_id

-- name: create_dependency
-- Insert a dependency and return its id.
INSERT INTO campaigns.dependencies
    (experiment_id, campaign_id, upstream_stage_id, downstream_stage_id, file_pattern)
VALUES (:experiment_id, :campaign_id, :upstream_stage_id, :downstream_stage_id, :file_pattern)
RETURNING id

-- name: list_dependencies
-- Read the dependencies of a campaign with the names of their stages.
SELECT dependency.*, upstream.name AS upstream_stage, downstream.name AS downstream_stage
FROM campaigns.dependencies AS dependency
JOIN campaigns.stages AS upstream ON upstream.id = dependency.upstream_stage_id
JOIN campaigns.stages AS downstream ON downstream.id = dependency.downstream_stage_id
WHERE dependency.campaign_id = :campaign_id
ORDER BY dependency.id

-- name: get_dependency
-- Read a dependency with the names of its stages.
SELECT dependency.*, upstream.name AS upstream_stage, downstream.name AS downstream_stage
FROM campaigns.dependencies AS dependency
JOIN campaigns.stages AS upstream ON upstream.id = dependency.upstream_stage_id
JOIN campaigns.stages AS downstream ON downstream.id = dependency.downstream_stage_id
WHERE dependency.id = :dependency_id

-- name: find_split_position
-- Read where a split stands.
SELECT * FROM campaigns.split_positions WHERE stage_id = :stage_id AND kind = :kind

-- name: save_split_position
-- Remember where a split stands.
INSERT INTO campaigns.split_positions
    (stage_id, kind, experiment_id, epoch, ledger_id, split_type, dataset_query, slice_count, updated_at)
VALUES (:stage_id, :kind, :experiment_id, :epoch, :ledger_id, :split_type, :dataset_query, :slice_count, :now)
ON CONFLICT (stage_id, kind) DO UPDATE
SET epoch = excluded.epoch, ledger_id = excluded.ledger_id, split_type = excluded.split_type,
    dataset_query = excluded.dataset_query, slice_count = excluded.slice_count, updated_at = excluded.updated_at

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
     batch_status, config, dataset_query, slice_number, project_id, share_id, launched_by, creator_role, created_at)
OVERRIDING SYSTEM VALUE
VALUES (:submission_id, :experiment_id, :campaign_id, :stage_id, :launch_key, :cause, :upstream_submission_id,
        :is_test, 'Created', 'New', :config::jsonb, :dataset_query, :slice_number, :project_id, :share_id,
        :launched_by, :creator_role, :now)

-- name: add_history
-- Append to the history of a submission.
INSERT INTO campaigns.submission_history (submission_id, experiment_id, at, side, status, reason, actor)
VALUES (:submission_id, :experiment_id, :now, :side, :status, :reason, :actor)

-- name: list_history
-- Read the history of a submission, oldest first.
SELECT at, side, status, reason, actor FROM campaigns.submission_history WHERE submission_id = :submission_id ORDER BY id

-- name: lock_submission_of_share
-- Find the submission that owns a share and keep others from changing it.
SELECT * FROM campaigns.submissions WHERE share_id = :share_id FOR UPDATE

-- name: lock_submission_of_key
-- Find the submission of a launch key and keep others from changing it.
SELECT * FROM campaigns.submissions WHERE launch_key = :launch_key FOR UPDATE

-- name: lock_submission
-- Read a submission and keep others from changing it.
SELECT * FROM campaigns.submissions WHERE id = :submission_id FOR UPDATE

-- name: get_submission_row
-- Read a submission.
SELECT * FROM campaigns.submissions WHERE id = :submission_id

-- name: move_submission
-- Change the status words of a submission; a time of end that is set stays.
UPDATE campaigns.submissions
SET status = :status, batch_status = :batch_status, reason = :reason, ended_at = coalesce(ended_at, :ended_at)
WHERE id = :submission_id

-- name: create_intention
-- Write down what must follow; a key that exists stays as it is.
INSERT INTO campaigns.intentions
    (experiment_id, key, kind, submission_id, dependency_id, state, due_at, created_at)
VALUES (:experiment_id, :key, 'dependant', :submission_id, :dependency_id, 'pending', :now, :now)
ON CONFLICT (key) DO NOTHING

-- name: lock_due_intention
-- Take the oldest intention that is due, past those that other processes work on.
SELECT * FROM campaigns.intentions
WHERE state = 'pending' AND due_at <= :now
ORDER BY due_at, id
LIMIT 1
FOR UPDATE SKIP LOCKED

-- name: claim_intention
-- Count a try of an intention and put it off in case the try does not come to an end.
UPDATE campaigns.intentions SET tries = tries + 1, due_at = :due_at WHERE id = :intention_id

-- name: lock_pending_intention
-- Lock an intention unless it was settled, or somebody else is just settling it.
SELECT id FROM campaigns.intentions WHERE id = :intention_id AND state = 'pending' FOR UPDATE SKIP LOCKED

-- name: settle_intention
-- Write down what became of an intention.
UPDATE campaigns.intentions SET state = :state, reason = :reason, settled_at = :now WHERE id = :intention_id

-- name: postpone_intention
-- Leave an intention for later, with the reason; one that was settled meanwhile stays as it is.
UPDATE campaigns.intentions SET reason = :reason, due_at = :due_at WHERE id = :intention_id AND state = 'pending'

-- name: list_followers
-- Read what followed the end of a submission.
SELECT intention.key, downstream.name AS downstream_stage, intention.state, intention.reason,
       submission.id AS submission_id
FROM campaigns.intentions AS intention
JOIN campaigns.dependencies AS dependency ON dependency.id = intention.dependency_id
JOIN campaigns.stages AS downstream ON downstream.id = dependency.downstream_stage_id
LEFT JOIN campaigns.submissions AS submission ON submission.launch_key = intention.key
WHERE intention.submission_id = :submission_id
ORDER BY intention.id

-- name: list_running_keys
-- Read the launch keys of a project's submissions that have not ended and whose jobs nobody has told to end.
SELECT submission.launch_key
FROM dispatch.share_progress AS share
JOIN campaigns.submissions AS submission ON submission.share_id = share.share_id
JOIN launch.launch_progress AS launched ON launched.key = submission.launch_key
WHERE share.project_id = :project_id AND submission.ended_at IS NULL AND launched.state IN ('intended', 'submitted')
ORDER BY submission.id

-- name: list_overlooked
-- Read submissions made before an instant that have not ended although their files or their jobs are over.
SELECT submission.launch_key, submission.share_id
FROM campaigns.submissions AS submission
JOIN dispatch.share_progress AS share ON share.share_id = submission.share_id
JOIN launch.launch_progress AS launched ON launched.key = submission.launch_key
WHERE submission.ended_at IS NULL
  AND submission.created_at <= :before
  AND (
      share.initial_count + share.reserved_count = 0
      OR launched.state = 'ended'
      OR (launched.state = 'failed' AND submission.batch_status = 'New')
  )
ORDER BY submission.id
LIMIT :count
