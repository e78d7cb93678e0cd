-- What should run, in what order: login setups, job types, campaigns, stages, dependencies, submissions, intentions.
CREATE SCHEMA campaigns;

CREATE TABLE campaigns.login_setups (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id),
    name text NOT NULL,
    backend text NOT NULL DEFAULT 'local',
    host text NOT NULL DEFAULT '',
    account text NOT NULL DEFAULT '',
    setup text NOT NULL DEFAULT '',
    is_active boolean NOT NULL DEFAULT true,
    created_by bigint NOT NULL REFERENCES auth.users (id),
    creator_role text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz,
    CONSTRAINT login_setups_experiment_name_key UNIQUE (experiment_id, name)
);

CREATE TABLE campaigns.job_types (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id),
    name text NOT NULL,
    launch_script text NOT NULL,
    parameters jsonb NOT NULL DEFAULT '[]',
    output_file_patterns text[] NOT NULL DEFAULT '{}',
    output_namespace text NOT NULL DEFAULT '',
    output_dataset text NOT NULL DEFAULT '%(campaign)s.%(stage)s.%(submission)s',
    output_rse text NOT NULL DEFAULT '',
    files_per_run integer NOT NULL DEFAULT 1,
    max_attempts integer NOT NULL DEFAULT 3,
    run_timeout interval,
    is_active boolean NOT NULL DEFAULT true,
    created_by bigint NOT NULL REFERENCES auth.users (id),
    creator_role text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz,
    CONSTRAINT job_types_experiment_name_key UNIQUE (experiment_id, name),
    CONSTRAINT job_types_files_per_run_check CHECK (files_per_run >= 1),
    CONSTRAINT job_types_max_attempts_check CHECK (max_attempts >= 1)
);

CREATE TABLE campaigns.campaigns (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id),
    name text NOT NULL,
    data_handler text NOT NULL DEFAULT 'data_dispatcher',
    keywords jsonb NOT NULL DEFAULT '{}',
    is_active boolean NOT NULL DEFAULT true,
    created_by bigint NOT NULL REFERENCES auth.users (id),
    creator_role text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz,
    CONSTRAINT campaigns_experiment_name_key UNIQUE (experiment_id, name),
    CONSTRAINT campaigns_data_handler_check CHECK (data_handler IN ('data_dispatcher', 'sam'))
);

CREATE TABLE campaigns.stages (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id bigint NOT NULL REFERENCES campaigns.campaigns (id),
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id),
    name text NOT NULL,
    stage_type text NOT NULL DEFAULT 'regular',
    job_type_id bigint NOT NULL REFERENCES campaigns.job_types (id),
    login_setup_id bigint NOT NULL REFERENCES campaigns.login_setups (id),
    software_version text NOT NULL DEFAULT '',
    dataset_query text,
    split_type text NOT NULL DEFAULT '',
    unit_count integer,
    job_count integer NOT NULL DEFAULT 1,
    parameter_overrides jsonb NOT NULL DEFAULT '[]',
    completion_pct real NOT NULL DEFAULT 95,
    worker_timeout interval,
    idle_timeout interval DEFAULT '72 hours',
    held_by bigint REFERENCES auth.users (id),
    held_at timestamptz,
    created_by bigint NOT NULL REFERENCES auth.users (id),
    creator_role text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz,
    CONSTRAINT stages_campaign_name_key UNIQUE (campaign_id, name),
    CONSTRAINT stages_stage_type_check CHECK (stage_type IN ('regular', 'generator')),
    CONSTRAINT stages_completion_pct_check CHECK (completion_pct > 0 AND completion_pct <= 100),
    CONSTRAINT stages_unit_count_check CHECK (unit_count BETWEEN 1 AND 1000000),
    CONSTRAINT stages_job_count_check CHECK (job_count BETWEEN 1 AND 10000)
);
CREATE INDEX stages_experiment_idx ON campaigns.stages (experiment_id, id);

CREATE TABLE campaigns.dependencies (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id),
    campaign_id bigint NOT NULL REFERENCES campaigns.campaigns (id) ON DELETE CASCADE,
    upstream_stage_id bigint NOT NULL REFERENCES campaigns.stages (id) ON DELETE CASCADE,
    downstream_stage_id bigint NOT NULL REFERENCES campaigns.stages (id) ON DELETE CASCADE,
    file_pattern text NOT NULL DEFAULT '%',
    CONSTRAINT dependencies_stages_key UNIQUE (upstream_stage_id, downstream_stage_id, file_pattern)
);
CREATE INDEX dependencies_downstream_idx ON campaigns.dependencies (downstream_stage_id);

-- Where a split stands: one pass (epoch) has one ledger; a test launch has its own.
CREATE TABLE campaigns.split_positions (
    stage_id bigint NOT NULL REFERENCES campaigns.stages (id) ON DELETE CASCADE,
    kind text NOT NULL,
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id),
    epoch integer NOT NULL DEFAULT 1,
    ledger_id bigint NOT NULL REFERENCES catalog.ledgers (id),
    split_type text NOT NULL,
    dataset_query text NOT NULL,
    slice_count integer NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (stage_id, kind),
    CONSTRAINT split_positions_kind_check CHECK (kind IN ('production', 'test'))
);

CREATE TABLE campaigns.submissions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id),
    campaign_id bigint NOT NULL REFERENCES campaigns.campaigns (id),
    stage_id bigint NOT NULL REFERENCES campaigns.stages (id),
    launch_key text NOT NULL CONSTRAINT submissions_launch_key_key UNIQUE,
    cause text NOT NULL,
    upstream_submission_id bigint REFERENCES campaigns.submissions (id),
    is_test boolean NOT NULL DEFAULT false,
    status text NOT NULL,
    batch_status text NOT NULL,
    reason text NOT NULL DEFAULT '',
    config jsonb NOT NULL,
    dataset_query text,
    slice_number integer,
    project_id bigint NOT NULL REFERENCES dispatch.projects (id),
    share_id bigint NOT NULL REFERENCES dispatch.shares (id),
    launched_by bigint NOT NULL REFERENCES auth.users (id),
    creator_role text NOT NULL,
    created_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT submissions_share_key UNIQUE (share_id),
    CONSTRAINT submissions_cause_check CHECK (cause IN ('manual', 'dependency')),
    CONSTRAINT submissions_status_check CHECK (status IN ('Created', 'Completed', 'Completed with failures')),
    CONSTRAINT submissions_batch_status_check CHECK (
        batch_status IN ('New', 'LaunchFailed', 'Idle', 'Running', 'Held', 'Completed', 'Failed', 'Cancelled')
    )
);
CREATE INDEX submissions_stage_idx ON campaigns.submissions (stage_id, id);
CREATE INDEX submissions_campaign_idx ON campaigns.submissions (campaign_id, id);
CREATE INDEX submissions_experiment_idx ON campaigns.submissions (experiment_id, id);
CREATE INDEX submissions_open_idx ON campaigns.submissions (id) WHERE ended_at IS NULL;
CREATE INDEX submissions_upstream_idx ON campaigns.submissions (upstream_submission_id);

CREATE TABLE campaigns.submission_history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    submission_id bigint NOT NULL REFERENCES campaigns.submissions (id) ON DELETE CASCADE,
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id),
    at timestamptz NOT NULL,
    side text NOT NULL,
    status text NOT NULL,
    reason text NOT NULL DEFAULT '',
    actor text NOT NULL,
    CONSTRAINT submission_history_side_check CHECK (side IN ('files', 'jobs'))
);
CREATE INDEX submission_history_submission_idx ON campaigns.submission_history (submission_id, id);

-- What must follow: done once, whatever crashes.
CREATE TABLE campaigns.intentions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id),
    key text NOT NULL CONSTRAINT intentions_key_key UNIQUE,
    kind text NOT NULL,
    submission_id bigint NOT NULL REFERENCES campaigns.submissions (id) ON DELETE CASCADE,
    dependency_id bigint REFERENCES campaigns.dependencies (id) ON DELETE SET NULL,
    state text NOT NULL,
    reason text NOT NULL DEFAULT '',
    tries integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    settled_at timestamptz,
    CONSTRAINT intentions_kind_check CHECK (kind IN ('dependant')),
    CONSTRAINT intentions_state_check CHECK (state IN ('pending', 'done', 'nothing_to_do', 'refused'))
);
CREATE INDEX intentions_due_idx ON campaigns.intentions (due_at) WHERE state = 'pending';
CREATE INDEX intentions_submission_idx ON campaigns.intentions (submission_id);
