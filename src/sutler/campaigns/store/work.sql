-- name: create_login_setup
-- Insert a login setup and return it.
INSERT INTO campaigns.login_setups
    (experiment_id, name, backend, host, account, setup, is_active, created_by, creator_role, created_at)
VALUES (:experiment_id, :name, :backend, :host, :account, :setup, :is_active, :created_by, :creator_role, :now)
RETURNING *

-- name: update_login_setup
-- Change a login setup and return it.
UPDATE campaigns.login_setups
SET backend = :backend, host = :host, account = :account, setup = :setup, is_active = :is_active, updated_at = :now,
    revision = revision + 1
WHERE id = :login_setup_id
RETURNING *

-- name: find_login_setup
-- Look a login setup up by name.
SELECT * FROM campaigns.login_setups WHERE experiment_id = :experiment_id AND name = :name

-- name: lock_login_setup
-- Read a login setup by id and keep others from changing it.
SELECT * FROM campaigns.login_setups WHERE id = :login_setup_id FOR UPDATE

-- name: find_login_setup_by_id
-- Read a login setup by id, which may not be there.
SELECT * FROM campaigns.login_setups WHERE id = :login_setup_id

-- name: get_login_setup
-- Read a login setup by id.
SELECT * FROM campaigns.login_setups WHERE id = :login_setup_id

-- name: list_login_setups
-- Read an experiment's login setups by name.
SELECT * FROM campaigns.login_setups WHERE experiment_id = ANY(:experiment_ids) ORDER BY name, id

-- name: list_login_setup_users
-- Read which stages and campaigns refer to a login setup.
SELECT campaign.name AS campaign, stage.name AS stage
FROM campaigns.stages AS stage
JOIN campaigns.campaigns AS campaign ON campaign.id = stage.campaign_id
WHERE stage.login_setup_id = :login_setup_id
UNION ALL
SELECT campaign.name, NULL FROM campaigns.campaigns AS campaign WHERE campaign.default_login_setup_id = :login_setup_id
ORDER BY 1, 2
LIMIT 20

-- name: delete_login_setup
-- Delete a login setup that nothing refers to.
DELETE FROM campaigns.login_setups WHERE id = :login_setup_id

-- name: create_job_type
-- Insert a job type and return its id.
INSERT INTO campaigns.job_types
    (experiment_id, name, launch_script, parameters, output_file_patterns, output_namespace, output_dataset,
     output_rse, files_per_run, max_attempts, run_timeout, is_active, created_by, creator_role, created_at)
VALUES (:experiment_id, :name, :launch_script, :parameters::jsonb, :output_file_patterns, :output_namespace,
        :output_dataset, :output_rse, :files_per_run, :max_attempts, :run_timeout, :is_active, :created_by,
        :creator_role, :now)
RETURNING id

-- name: update_job_type
-- Change a job type.
UPDATE campaigns.job_types
SET launch_script = :launch_script, parameters = :parameters::jsonb, output_file_patterns = :output_file_patterns,
    output_namespace = :output_namespace, output_dataset = :output_dataset, output_rse = :output_rse,
    files_per_run = :files_per_run, max_attempts = :max_attempts, run_timeout = :run_timeout, is_active = :is_active,
    updated_at = :now, revision = revision + 1
WHERE id = :job_type_id

-- name: find_job_type
-- Look a job type up by name.
SELECT job_type.*,
       ARRAY(
           SELECT jsonb_build_array(recovery.recovery_type, recovery.parameter_overrides)
           FROM campaigns.recoveries AS recovery
           WHERE recovery.job_type_id = job_type.id
           ORDER BY recovery.rank
       ) AS recoveries
FROM campaigns.job_types AS job_type
WHERE job_type.experiment_id = :experiment_id AND job_type.name = :name

-- name: lock_job_type
-- Read a job type by id and keep others from changing it.
SELECT job_type.*,
       ARRAY(
           SELECT jsonb_build_array(recovery.recovery_type, recovery.parameter_overrides)
           FROM campaigns.recoveries AS recovery
           WHERE recovery.job_type_id = job_type.id
           ORDER BY recovery.rank
       ) AS recoveries
FROM campaigns.job_types AS job_type
WHERE job_type.id = :job_type_id
FOR UPDATE OF job_type

-- name: find_job_type_by_id
-- Read a job type by id, which may not be there.
SELECT job_type.*,
       ARRAY(
           SELECT jsonb_build_array(recovery.recovery_type, recovery.parameter_overrides)
           FROM campaigns.recoveries AS recovery
           WHERE recovery.job_type_id = job_type.id
           ORDER BY recovery.rank
       ) AS recoveries
FROM campaigns.job_types AS job_type
WHERE job_type.id = :job_type_id

-- name: get_job_type
-- Read a job type by id.
SELECT job_type.*,
       ARRAY(
           SELECT jsonb_build_array(recovery.recovery_type, recovery.parameter_overrides)
           FROM campaigns.recoveries AS recovery
           WHERE recovery.job_type_id = job_type.id
           ORDER BY recovery.rank
       ) AS recoveries
FROM campaigns.job_types AS job_type
WHERE job_type.id = :job_type_id

-- name: list_job_types
-- Read an experiment's job types by name.
SELECT job_type.*,
       ARRAY(
           SELECT jsonb_build_array(recovery.recovery_type, recovery.parameter_overrides)
           FROM campaigns.recoveries AS recovery
           WHERE recovery.job_type_id = job_type.id
           ORDER BY recovery.rank
       ) AS recoveries
FROM campaigns.job_types AS job_type
WHERE job_type.experiment_id = ANY(:experiment_ids)
ORDER BY job_type.name, job_type.id

-- name: list_job_type_users
-- Read which stages and campaigns refer to a job type.
SELECT campaign.name AS campaign, stage.name AS stage
FROM campaigns.stages AS stage
JOIN campaigns.campaigns AS campaign ON campaign.id = stage.campaign_id
WHERE stage.job_type_id = :job_type_id
UNION ALL
SELECT campaign.name, NULL FROM campaigns.campaigns AS campaign WHERE campaign.default_job_type_id = :job_type_id
ORDER BY 1, 2
LIMIT 20

-- name: delete_job_type
-- Delete a job type that nothing refers to.
DELETE FROM campaigns.job_types WHERE id = :job_type_id

-- name: delete_recoveries
-- Forget the recoveries of a job type.
DELETE FROM campaigns.recoveries WHERE job_type_id = :job_type_id

-- name: insert_recoveries
-- Enter the recoveries of a job type in order.
INSERT INTO campaigns.recoveries (job_type_id, rank, recovery_type, parameter_overrides)
SELECT :job_type_id, entry.rank, entry.item ->> 'recovery_type', entry.item -> 'parameter_overrides'
FROM jsonb_array_elements(:recoveries::jsonb) WITH ORDINALITY AS entry (item, rank)

-- name: create_campaign
-- Insert a campaign and return its id.
INSERT INTO campaigns.campaigns
    (experiment_id, name, data_handler, keywords, defaults, default_job_type_id, default_login_setup_id, is_active,
     is_test, layout, extras, created_by, creator_role, created_at)
VALUES (:experiment_id, :name, :data_handler, :keywords::jsonb, :defaults::jsonb, :default_job_type_id,
        :default_login_setup_id, :is_active, :is_test, :layout::jsonb, :extras::jsonb, :created_by, :creator_role, :now)
RETURNING id

-- name: update_campaign
-- Change what a campaign says.
UPDATE campaigns.campaigns
SET name = :name, data_handler = :data_handler, keywords = :keywords::jsonb, defaults = :defaults::jsonb,
    default_job_type_id = :default_job_type_id, default_login_setup_id = :default_login_setup_id,
    is_active = :is_active, is_test = :is_test, layout = :layout::jsonb, extras = :extras::jsonb, updated_at = :now,
    revision = revision + 1
WHERE id = :campaign_id

-- name: count_revision
-- Note that something of a campaign was changed.
UPDATE campaigns.campaigns SET revision = revision + 1, updated_at = :now WHERE id = :campaign_id

-- name: lock_stages_of_campaign
-- Keep the stages of a campaign from being launched or changed until this transaction ends, lowest number first.
SELECT id FROM campaigns.stages WHERE campaign_id = :campaign_id AND removed_at IS NULL ORDER BY id FOR UPDATE

-- name: lock_campaign
-- Keep others from changing a campaign until this transaction ends.
SELECT id FROM campaigns.campaigns WHERE id = :campaign_id FOR UPDATE

-- name: find_campaign
-- Read a campaign by id, with the names that belong to it.
SELECT campaign.*, experiment.name AS experiment, creator.username AS creator,
       ARRAY(SELECT tag.tag FROM campaigns.tags AS tag WHERE tag.campaign_id = campaign.id ORDER BY tag.tag) AS tags
FROM campaigns.campaigns AS campaign
JOIN auth.experiment_names AS experiment ON experiment.id = campaign.experiment_id
JOIN auth.user_names AS creator ON creator.id = campaign.created_by
WHERE campaign.id = :campaign_id

-- name: get_experiment_name
-- Read the name of an experiment.
SELECT name FROM auth.experiment_names WHERE id = :experiment_id

-- name: find_campaign_named
-- Look the id of a campaign up by its name.
SELECT id FROM campaigns.campaigns WHERE experiment_id = :experiment_id AND name = :name

-- name: has_submissions
-- Whether a campaign was ever launched.
SELECT EXISTS (SELECT FROM campaigns.submissions WHERE campaign_id = :campaign_id)

-- name: delete_stages
-- Delete the stages of a campaign that was never launched.
WITH counted AS (
    UPDATE campaigns.campaigns SET stage_count = 0 WHERE id = :campaign_id
)
DELETE FROM campaigns.stages WHERE campaign_id = :campaign_id

-- name: delete_campaign
-- Delete a campaign without stages.
DELETE FROM campaigns.campaigns WHERE id = :campaign_id

-- name: note_campaign_launch
-- Note that a campaign was launched, which makes it active.
UPDATE campaigns.campaigns SET last_launched_at = :now, is_active = true WHERE id = :campaign_id

-- name: set_campaigns_active
-- Mark campaigns active or not and return those that were changed.
UPDATE campaigns.campaigns
SET is_active = :is_active, updated_at = :now, revision = revision + 1
WHERE id = ANY(:campaign_ids) AND is_active <> :is_active
RETURNING id

-- name: list_idle_campaigns
-- Read active campaigns that were neither made, changed nor launched since an instant, and have nothing open or due.
SELECT campaign.id
FROM campaigns.campaigns AS campaign
WHERE campaign.is_active
  AND greatest(campaign.created_at, campaign.updated_at, campaign.last_launched_at) < :before
  AND NOT EXISTS (
      SELECT FROM campaigns.submissions AS submission
      WHERE submission.campaign_id = campaign.id AND submission.ended_at IS NULL
        AND submission.batch_status <> 'LaunchFailed'
  )
  AND NOT EXISTS (
      SELECT FROM campaigns.schedules AS schedule
      JOIN campaigns.stages AS stage ON stage.id = schedule.stage_id
      WHERE stage.campaign_id = campaign.id AND schedule.is_active
  )
ORDER BY campaign.id
LIMIT :count

-- name: list_stages
-- Read the stages of a campaign in order.
SELECT stage.*, campaign.defaults, campaign.default_job_type_id, campaign.default_login_setup_id
FROM campaigns.stages AS stage
JOIN campaigns.campaigns AS campaign ON campaign.id = stage.campaign_id
WHERE stage.campaign_id = :campaign_id AND stage.removed_at IS NULL
ORDER BY stage.rank, stage.id

-- name: list_stages_after
-- Read of some stages of a campaign behind a place among them what a list shows, in order. Nothing but these is read.
SELECT stage.id, stage.rank, stage.name, stage.held_at IS NOT NULL AS is_held,
       coalesce(nullif(stage.settings ->> 'stage_type', ''), nullif(campaign.defaults ->> 'stage_type', ''), 'regular')
           AS stage_type,
       coalesce(nullif(stage.settings ->> 'dataset_query', ''), nullif(campaign.defaults ->> 'dataset_query', ''))
           AS dataset_query,
       coalesce(nullif(stage.settings ->> 'split_type', ''), nullif(campaign.defaults ->> 'split_type', ''))
           AS split_type,
       coalesce(job_type.name, '') AS job_type, coalesce(login_setup.name, '') AS login_setup,
       stage.submission_count, coalesce(kept.open_submission_count, 0) AS running_count, stage.last_submission_id,
       coalesce(schedule.cron, '') AS schedule
FROM (
    SELECT * FROM campaigns.stages AS present
    WHERE present.campaign_id = :campaign_id
      AND present.removed_at IS NULL
      AND (present.rank, present.id) > (:rank, :stage_id)
    ORDER BY present.rank, present.id
    LIMIT :count
) AS stage
JOIN campaigns.campaigns AS campaign ON campaign.id = stage.campaign_id
LEFT JOIN campaigns.stage_counts AS kept ON kept.stage_id = stage.id
LEFT JOIN campaigns.schedules AS schedule ON schedule.stage_id = stage.id AND schedule.is_active
LEFT JOIN campaigns.job_types AS job_type
    ON job_type.id = coalesce(stage.job_type_id, campaign.default_job_type_id)
LEFT JOIN campaigns.login_setups AS login_setup
    ON login_setup.id = coalesce(stage.login_setup_id, campaign.default_login_setup_id)
ORDER BY stage.rank, stage.id

-- name: get_stage_count
-- Read how many stages a campaign has.
SELECT stage_count FROM campaigns.campaigns WHERE id = :campaign_id

-- name: list_stage_names
-- Read the names of the stages of a campaign in order.
SELECT name FROM campaigns.stages WHERE campaign_id = :campaign_id AND removed_at IS NULL ORDER BY rank, id

-- name: list_stages_by_id
-- Read stages by their ids.
SELECT stage.*, campaign.defaults, campaign.default_job_type_id, campaign.default_login_setup_id
FROM campaigns.stages AS stage
JOIN campaigns.campaigns AS campaign ON campaign.id = stage.campaign_id
WHERE stage.id = ANY(:stage_ids)
ORDER BY stage.id

-- name: create_stage
-- Insert a stage of a campaign, which the caller has locked or made, and return its id.
WITH counted AS (
    UPDATE campaigns.campaigns SET stage_count = stage_count + 1 WHERE id = :campaign_id
)
INSERT INTO campaigns.stages
    (campaign_id, experiment_id, name, rank, settings, job_type_id, login_setup_id, created_by, creator_role,
     created_at)
VALUES (:campaign_id, :experiment_id, :name,
        (SELECT coalesce(max(stage.rank), 0) + 1 FROM campaigns.stages AS stage WHERE stage.campaign_id = :campaign_id),
        :settings::jsonb, :job_type_id, :login_setup_id, :created_by, :creator_role, :now)
RETURNING id

-- name: update_stage
-- Change what a stage says.
UPDATE campaigns.stages
SET name = :name, rank = :rank, settings = :settings::jsonb, job_type_id = :job_type_id,
    login_setup_id = :login_setup_id, updated_at = :now
WHERE id = :stage_id

-- name: remove_stage
-- Take a stage out of its campaign; its submissions stay, and know themselves what they ran with. The caller has locked
-- both.
WITH counted AS (
    UPDATE campaigns.campaigns AS campaign
    SET stage_count = campaign.stage_count - 1
    FROM campaigns.stages AS stage
    WHERE stage.id = :stage_id AND stage.removed_at IS NULL AND campaign.id = stage.campaign_id
)
UPDATE campaigns.stages
SET removed_at = :now, updated_at = :now, job_type_id = NULL, login_setup_id = NULL
WHERE id = :stage_id

-- name: get_stage
-- Read a stage.
SELECT stage.*, campaign.defaults, campaign.default_job_type_id, campaign.default_login_setup_id
FROM campaigns.stages AS stage
JOIN campaigns.campaigns AS campaign ON campaign.id = stage.campaign_id
WHERE stage.id = :stage_id

-- name: lock_stage
-- Read a stage and keep other launches of it waiting until this transaction ends.
SELECT stage.*, campaign.defaults, campaign.default_job_type_id, campaign.default_login_setup_id
FROM campaigns.stages AS stage
JOIN campaigns.campaigns AS campaign ON campaign.id = stage.campaign_id
WHERE stage.id = :stage_id
FOR UPDATE OF stage

-- name: hold_stage
-- Put a stage on hold, or with nulls release it.
UPDATE campaigns.stages
SET held_by = :held_by, held_at = :held_at, hold_reason = :reason, updated_at = :now
WHERE id = :stage_id

-- name: create_dependency
-- Insert a dependency and return its id.
INSERT INTO campaigns.dependencies
    (experiment_id, campaign_id, upstream_stage_id, downstream_stage_id, file_pattern, rank)
VALUES (:experiment_id, :campaign_id, :upstream_stage_id, :downstream_stage_id, :file_pattern, :rank)
RETURNING id

-- name: delete_dependencies
-- Delete dependencies by id.
DELETE FROM campaigns.dependencies WHERE id = ANY(:dependency_ids)

-- name: list_dependencies
-- Read the dependencies of a campaign with the names of their stages.
SELECT dependency.*, upstream.name AS upstream_stage, downstream.name AS downstream_stage
FROM campaigns.dependencies AS dependency
JOIN campaigns.stages AS upstream ON upstream.id = dependency.upstream_stage_id
JOIN campaigns.stages AS downstream ON downstream.id = dependency.downstream_stage_id
WHERE dependency.campaign_id = :campaign_id
ORDER BY dependency.rank, dependency.id

-- name: list_touching_dependencies
-- Read the dependencies that lead from stages or to them, with the names of both ends.
SELECT dependency.*, upstream.name AS upstream_stage, downstream.name AS downstream_stage
FROM (
    SELECT * FROM campaigns.dependencies WHERE upstream_stage_id = ANY(:stage_ids)
    UNION
    SELECT * FROM campaigns.dependencies WHERE downstream_stage_id = ANY(:stage_ids)
) AS dependency
JOIN campaigns.stages AS upstream ON upstream.id = dependency.upstream_stage_id
JOIN campaigns.stages AS downstream ON downstream.id = dependency.downstream_stage_id
ORDER BY dependency.rank, dependency.id

-- name: delete_tags
-- Take tags off campaigns.
DELETE FROM campaigns.tags WHERE campaign_id = ANY(:campaign_ids) AND tag = ANY(:tags)

-- name: insert_tags
-- Put tags on campaigns; those that are there stay.
INSERT INTO campaigns.tags (campaign_id, experiment_id, tag)
SELECT campaign.id, campaign.experiment_id, wanted.tag
FROM campaigns.campaigns AS campaign
CROSS JOIN unnest(:tags::text[]) AS wanted (tag)
WHERE campaign.id = ANY(:campaign_ids)
ON CONFLICT DO NOTHING

-- name: list_tags
-- Read the tags of experiments that begin with some letters, with how many campaigns carry them.
SELECT tag.tag, count(*) AS campaign_count
FROM campaigns.tags AS tag
WHERE tag.experiment_id = ANY(:experiment_ids) AND tag.tag ^@ :prefix
GROUP BY tag.tag
ORDER BY tag.tag
LIMIT :count

-- name: watch_campaign
-- Put a campaign on somebody's watch list.
INSERT INTO campaigns.watches (user_id, campaign_id, since) VALUES (:user_id, :campaign_id, :now) ON CONFLICT DO NOTHING

-- name: list_watched
-- Read which of some campaigns are on somebody's watch list.
SELECT campaign_id FROM campaigns.watches WHERE user_id = :user_id AND campaign_id = ANY(:campaign_ids)

-- name: unwatch_campaign
-- Take a campaign off somebody's watch list.
DELETE FROM campaigns.watches WHERE user_id = :user_id AND campaign_id = :campaign_id

-- name: list_launch_hosts
-- Read where login setups of an experiment may log in to.
SELECT role, pattern FROM campaigns.launch_hosts WHERE experiment_id = :experiment_id ORDER BY role, pattern

-- name: delete_launch_hosts
-- Forget where login setups of one role may log in to.
DELETE FROM campaigns.launch_hosts WHERE experiment_id = :experiment_id AND role = :role

-- name: insert_launch_hosts
-- Enter where login setups of one role may log in to.
INSERT INTO campaigns.launch_hosts (experiment_id, role, pattern)
SELECT :experiment_id, :role, wanted.pattern FROM unnest(:patterns::text[]) AS wanted (pattern)
ON CONFLICT DO NOTHING

-- name: list_stage_counts
-- Read of stages what is counted: submissions, and those that are open, with the names that stages refer to.
SELECT stage.id, job_type.name AS job_type, login_setup.name AS login_setup, stage.submission_count,
       stage.last_submission_id, coalesce(kept.open_submission_count, 0) AS running_count,
       (
           SELECT schedule.cron FROM campaigns.schedules AS schedule
           WHERE schedule.stage_id = stage.id AND schedule.is_active
       ) AS schedule
FROM campaigns.stages AS stage
JOIN campaigns.campaigns AS campaign ON campaign.id = stage.campaign_id
LEFT JOIN campaigns.stage_counts AS kept ON kept.stage_id = stage.id
LEFT JOIN campaigns.job_types AS job_type
    ON job_type.id = coalesce(stage.job_type_id, campaign.default_job_type_id)
LEFT JOIN campaigns.login_setups AS login_setup
    ON login_setup.id = coalesce(stage.login_setup_id, campaign.default_login_setup_id)
WHERE stage.id = ANY(:stage_ids)
