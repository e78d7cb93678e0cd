-- How jobs reach a batch system: launches by key, their batch jobs, the kept output.
CREATE SCHEMA launch;

CREATE TABLE launch.launches (
    key text PRIMARY KEY,
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id),
    backend text NOT NULL,
    plan jsonb NOT NULL,
    state text NOT NULL,
    failure text NOT NULL DEFAULT '',
    output text NOT NULL DEFAULT '',
    stop_reason text,
    waiting_count integer NOT NULL DEFAULT 0,
    held_count integer NOT NULL DEFAULT 0,
    running_count integer NOT NULL DEFAULT 0,
    ended_count integer NOT NULL DEFAULT 0,
    failed_count integer NOT NULL DEFAULT 0,
    intended_at timestamptz NOT NULL,
    submitted_at timestamptz,
    ended_at timestamptz,
    CONSTRAINT launches_state_check CHECK (state IN ('intended', 'submitted', 'failed', 'stopping', 'ended'))
);
CREATE INDEX launches_open_idx ON launch.launches (state, intended_at) WHERE state IN ('intended', 'submitted', 'stopping');

CREATE TABLE launch.batch_jobs (
    launch_key text NOT NULL REFERENCES launch.launches (key) ON DELETE CASCADE,
    number integer NOT NULL,
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id),
    batch_job_id text NOT NULL,
    state text NOT NULL,
    exit_code integer,
    signal integer,
    reason text NOT NULL DEFAULT '',
    host text NOT NULL DEFAULT '',
    started_at timestamptz,
    ended_at timestamptz,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (launch_key, number),
    CONSTRAINT batch_jobs_state_check CHECK (
        state IN ('waiting', 'held', 'running', 'paused', 'ended', 'stopped', 'unknown', 'lost')
    )
);
CREATE INDEX batch_jobs_id_idx ON launch.batch_jobs (batch_job_id);

-- Published: the batch side of a launch.
CREATE VIEW launch.launch_progress AS
    SELECT key, backend, state, failure, waiting_count, held_count, running_count, ended_count, failed_count,
           submitted_at, ended_at
    FROM launch.launches;
