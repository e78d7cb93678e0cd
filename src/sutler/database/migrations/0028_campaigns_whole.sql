-- Campaigns as operators know them: what stages inherit, what follows a submission, what waits, what is due.

-- Published: whether a project goes on, and how long the files of a share took.
CREATE VIEW dispatch.project_states AS
    SELECT id AS project_id, experiment_id, state, attributes FROM dispatch.projects;
CREATE VIEW dispatch.done_attempts AS
    SELECT share_id, ended_at, ended_at - reserved_at AS took FROM dispatch.attempts WHERE outcome = 'done';

-- What a stage says of itself, and what a campaign says for its stages, are sparse documents with the same keys: what
-- is missing is inherited. Job type and login setup stay references, so that nothing in use can be deleted.
ALTER TABLE campaigns.campaigns
    ADD COLUMN defaults jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN default_job_type_id bigint REFERENCES campaigns.job_types (id),
    ADD COLUMN default_login_setup_id bigint REFERENCES campaigns.login_setups (id),
    ADD COLUMN is_test boolean NOT NULL DEFAULT false,
    ADD COLUMN layout jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN extras jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN revision integer NOT NULL DEFAULT 1,
    ADD COLUMN last_launched_at timestamptz;
CREATE INDEX campaigns_default_job_type_idx ON campaigns.campaigns (default_job_type_id);
CREATE INDEX campaigns_default_login_setup_idx ON campaigns.campaigns (default_login_setup_id);

ALTER TABLE campaigns.stages
    ADD COLUMN settings jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN rank integer NOT NULL DEFAULT 0,
    ADD COLUMN hold_reason text NOT NULL DEFAULT '',
    ADD COLUMN removed_at timestamptz,
    ADD COLUMN submission_count integer NOT NULL DEFAULT 0,
    ADD COLUMN last_submission_id bigint,
    ALTER COLUMN job_type_id DROP NOT NULL,
    ALTER COLUMN login_setup_id DROP NOT NULL;
UPDATE campaigns.stages
SET rank = id,
    settings = jsonb_strip_nulls(jsonb_build_object(
        'stage_type', stage_type,
        'software_version', nullif(software_version, ''),
        'dataset_query', dataset_query,
        'split_type', nullif(split_type, ''),
        'unit_count', unit_count,
        'job_count', job_count,
        'parameter_overrides', nullif(parameter_overrides, '[]'::jsonb),
        'completion_pct', completion_pct::numeric,
        'worker_timeout_seconds', extract(epoch FROM worker_timeout),
        'idle_timeout_seconds', coalesce(extract(epoch FROM idle_timeout), 0)
    ));
UPDATE campaigns.stages AS stage
SET submission_count = counted.submission_count, last_submission_id = counted.last_submission_id
FROM (
    SELECT stage_id, count(*) AS submission_count, max(id) AS last_submission_id
    FROM campaigns.submissions
    GROUP BY stage_id
) AS counted
WHERE counted.stage_id = stage.id;
ALTER TABLE campaigns.stages
    DROP COLUMN stage_type,
    DROP COLUMN software_version,
    DROP COLUMN dataset_query,
    DROP COLUMN split_type,
    DROP COLUMN unit_count,
    DROP COLUMN job_count,
    DROP COLUMN parameter_overrides,
    DROP COLUMN completion_pct,
    DROP COLUMN worker_timeout,
    DROP COLUMN idle_timeout,
    DROP CONSTRAINT stages_campaign_name_key;
-- The name of a stage that was removed is free again; its submissions keep it.
CREATE UNIQUE INDEX stages_campaign_name_key ON campaigns.stages (campaign_id, name) WHERE removed_at IS NULL;
CREATE INDEX stages_campaign_idx ON campaigns.stages (campaign_id, rank, id);
CREATE INDEX stages_job_type_idx ON campaigns.stages (job_type_id);
CREATE INDEX stages_login_setup_idx ON campaigns.stages (login_setup_id);

ALTER TABLE campaigns.job_types ADD COLUMN revision integer NOT NULL DEFAULT 1;
ALTER TABLE campaigns.login_setups ADD COLUMN revision integer NOT NULL DEFAULT 1;

-- What is tried, in order, when a submission of a job type leaves files undone.
CREATE TABLE campaigns.recoveries (
    job_type_id bigint NOT NULL REFERENCES campaigns.job_types (id) ON DELETE CASCADE,
    rank integer NOT NULL,
    recovery_type text NOT NULL,
    parameter_overrides jsonb NOT NULL DEFAULT '[]',
    PRIMARY KEY (job_type_id, rank)
);

-- Where login setups may log in to: part of a host name, by the role of those who own them.
CREATE TABLE campaigns.launch_hosts (
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id),
    role text NOT NULL,
    pattern text NOT NULL,
    PRIMARY KEY (experiment_id, role, pattern),
    CONSTRAINT launch_hosts_role_check CHECK (role IN ('analysis', 'production'))
);

CREATE TABLE campaigns.tags (
    campaign_id bigint NOT NULL REFERENCES campaigns.campaigns (id) ON DELETE CASCADE,
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id),
    tag text NOT NULL,
    PRIMARY KEY (campaign_id, tag)
);
CREATE INDEX tags_tag_idx ON campaigns.tags (experiment_id, tag text_pattern_ops);

CREATE TABLE campaigns.watches (
    user_id bigint NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    campaign_id bigint NOT NULL REFERENCES campaigns.campaigns (id) ON DELETE CASCADE,
    since timestamptz NOT NULL,
    PRIMARY KEY (user_id, campaign_id)
);
CREATE INDEX watches_campaign_idx ON campaigns.watches (campaign_id);

-- A stage may feed itself: its next slice is launched when one is complete.
ALTER TABLE campaigns.dependencies ADD COLUMN rank integer NOT NULL DEFAULT 0;
UPDATE campaigns.dependencies SET rank = id;

-- Where a split stands beside its ledger, and since when.
ALTER TABLE campaigns.split_positions
    ADD COLUMN position jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN reset_by text NOT NULL DEFAULT '',
    ADD COLUMN reset_at timestamptz;

-- Switches: while a row is there, launches wait, or nothing follows by itself. Without an experiment it is about all.
CREATE TABLE campaigns.holds (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    experiment_id bigint REFERENCES auth.experiments (id),
    kind text NOT NULL,
    reason text NOT NULL DEFAULT '',
    held_by bigint NOT NULL REFERENCES auth.users (id),
    held_at timestamptz NOT NULL,
    CONSTRAINT holds_experiment_kind_key UNIQUE NULLS NOT DISTINCT (experiment_id, kind),
    CONSTRAINT holds_kind_check CHECK (kind IN ('launches', 'followers'))
);

-- Launches that wait for a hold to end, in the order they came.
CREATE TABLE campaigns.queued_launches (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id),
    stage_id bigint NOT NULL REFERENCES campaigns.stages (id) ON DELETE CASCADE,
    launch_key text NOT NULL CONSTRAINT queued_launches_launch_key_key UNIQUE,
    request jsonb NOT NULL,
    reason text NOT NULL,
    state text NOT NULL,
    outcome text NOT NULL DEFAULT '',
    tries integer NOT NULL DEFAULT 0,
    queued_by bigint NOT NULL REFERENCES auth.users (id),
    queued_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    settled_at timestamptz,
    CONSTRAINT queued_launches_state_check CHECK (state IN ('queued', 'launched', 'refused', 'deleted'))
);
CREATE INDEX queued_launches_waiting_idx ON campaigns.queued_launches (due_at, id) WHERE state = 'queued';
CREATE INDEX queued_launches_experiment_idx ON campaigns.queued_launches (experiment_id, id);
CREATE INDEX queued_launches_stage_idx ON campaigns.queued_launches (stage_id, id);
CREATE INDEX queued_launches_turn_idx ON campaigns.queued_launches (stage_id, id) WHERE state = 'queued';

-- When a stage is launched by itself: five fields of cron in a time zone.
CREATE TABLE campaigns.schedules (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id),
    stage_id bigint NOT NULL REFERENCES campaigns.stages (id) ON DELETE CASCADE,
    cron text NOT NULL,
    time_zone text NOT NULL,
    overlap text NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    reason text NOT NULL DEFAULT '',
    next_due_at timestamptz,
    saved_by bigint NOT NULL REFERENCES auth.users (id),
    saved_at timestamptz NOT NULL,
    CONSTRAINT schedules_stage_key UNIQUE (stage_id),
    CONSTRAINT schedules_overlap_check CHECK (overlap IN ('skip', 'queue', 'allow'))
);
CREATE INDEX schedules_due_idx ON campaigns.schedules (next_due_at) WHERE is_active;
CREATE INDEX schedules_experiment_idx ON campaigns.schedules (experiment_id, id);

-- One row for each time that a schedule was due, with what came of it.
CREATE TABLE campaigns.schedule_runs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    schedule_id bigint NOT NULL REFERENCES campaigns.schedules (id) ON DELETE CASCADE,
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id),
    due_at timestamptz NOT NULL,
    state text NOT NULL,
    reason text NOT NULL DEFAULT '',
    tries integer NOT NULL DEFAULT 0,
    submission_id bigint REFERENCES campaigns.submissions (id) ON DELETE SET NULL,
    next_try_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    settled_at timestamptz,
    CONSTRAINT schedule_runs_due_key UNIQUE (schedule_id, due_at),
    CONSTRAINT schedule_runs_state_check CHECK (
        state IN ('due', 'launched', 'skipped', 'queued', 'nothing', 'refused', 'missed')
    )
);
CREATE INDEX schedule_runs_open_idx ON campaigns.schedule_runs (next_try_at, id) WHERE state = 'due';

-- Submissions: why there are, what they belong to, how their jobs stand. A submission whose query is handed to its jobs
-- has neither project nor share here.
ALTER TABLE campaigns.submissions
    ALTER COLUMN project_id DROP NOT NULL,
    ALTER COLUMN share_id DROP NOT NULL,
    ADD COLUMN original_id bigint REFERENCES campaigns.submissions (id),
    ADD COLUMN recovery_type text,
    ADD COLUMN recovery_number integer,
    ADD COLUMN schedule_id bigint REFERENCES campaigns.schedules (id) ON DELETE SET NULL,
    ADD COLUMN parameter_overrides jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN job_data text,
    ADD COLUMN slice_note text NOT NULL DEFAULT '',
    ADD COLUMN is_shared boolean NOT NULL DEFAULT false,
    ADD COLUMN followed_at timestamptz,
    DROP CONSTRAINT submissions_cause_check,
    DROP CONSTRAINT submissions_batch_status_check,
    ADD CONSTRAINT submissions_cause_check CHECK (
        cause IN ('manual', 'dependency', 'recovery', 'relaunch', 'schedule')
    ),
    ADD CONSTRAINT submissions_batch_status_check CHECK (
        batch_status IN ('New', 'Awaiting Approval', 'Approved', 'LaunchFailed', 'Idle', 'Running', 'Held', 'Failed',
                         'Completed', 'Located', 'Cancelled', 'Removed')
    ),
    ADD CONSTRAINT submissions_share_check CHECK ((project_id IS NULL) = (share_id IS NULL));
CREATE INDEX submissions_original_idx ON campaigns.submissions (original_id, id) WHERE original_id IS NOT NULL;
CREATE INDEX submissions_project_idx ON campaigns.submissions (project_id, id);
DROP INDEX campaigns.submissions_open_idx;
CREATE INDEX submissions_open_idx ON campaigns.submissions (stage_id, id) WHERE ended_at IS NULL;
CREATE INDEX submissions_created_idx ON campaigns.submissions (stage_id, created_at);

-- What follows a submission is what was wired when it was launched; those of before are given what is wired now.
UPDATE campaigns.submissions AS submission
SET config = submission.config || jsonb_build_object('dependencies', coalesce(
    (
        SELECT jsonb_agg(
            jsonb_build_object(
                'dependency_id', dependency.id,
                'downstream_stage_id', dependency.downstream_stage_id,
                'downstream_stage', downstream.name,
                'file_pattern', dependency.file_pattern
            )
            ORDER BY dependency.id
        )
        FROM campaigns.dependencies AS dependency
        JOIN campaigns.stages AS downstream ON downstream.id = dependency.downstream_stage_id
        WHERE dependency.upstream_stage_id = submission.stage_id
    ),
    '[]'::jsonb
))
WHERE NOT submission.config ? 'dependencies';

-- What must follow: the decision itself, a recovery, a dependant, or that outputs are there.
ALTER TABLE campaigns.intentions
    ADD COLUMN facts jsonb NOT NULL DEFAULT '{}',
    DROP CONSTRAINT intentions_kind_check,
    DROP CONSTRAINT intentions_state_check,
    ADD CONSTRAINT intentions_kind_check CHECK (kind IN ('follow', 'locate', 'recovery', 'dependant')),
    ADD CONSTRAINT intentions_state_check CHECK (state IN ('pending', 'done', 'nothing_to_do', 'refused'));
UPDATE campaigns.intentions AS intention
SET facts = jsonb_build_object(
    'downstream_stage_id', dependency.downstream_stage_id,
    'downstream_stage', stage.name,
    'file_pattern', dependency.file_pattern
)
FROM campaigns.dependencies AS dependency
JOIN campaigns.stages AS stage ON stage.id = dependency.downstream_stage_id
WHERE dependency.id = intention.dependency_id;
