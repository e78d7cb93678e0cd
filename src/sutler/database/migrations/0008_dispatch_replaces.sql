-- Projects for others than their owner, pauses after failures, idle projects, and what deleting and history need.
ALTER TABLE dispatch.projects
    ADD COLUMN allowed_users bigint[] NOT NULL DEFAULT '{}',
    ADD COLUMN allowed_groups text[] NOT NULL DEFAULT '{}',
    ADD COLUMN retry_on_timeout boolean NOT NULL DEFAULT true,
    ADD COLUMN retry_pause interval,
    ADD COLUMN resting_count bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT projects_resting_count_check CHECK (
        resting_count >= 0 AND unlocated_count + resting_count <= initial_count
    );
-- Ordinary updates change neither column, so they stay within their page.
CREATE INDEX projects_idle_idx ON dispatch.projects (id) WHERE state = 'active' AND idle_timeout IS NOT NULL;

ALTER TABLE dispatch.shares
    ADD COLUMN resting_count bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT shares_resting_count_check CHECK (
        resting_count >= 0 AND unlocated_count + resting_count <= initial_count
    );

-- One row exactly while an initial handle pauses after a failure. Together with `ready` and `unlocated` it holds every
-- initial handle once.
CREATE TABLE dispatch.resting (
    project_id bigint NOT NULL,
    position integer NOT NULL,
    share_id bigint,
    until timestamptz NOT NULL,
    PRIMARY KEY (project_id, position)
);
CREATE INDEX resting_until_idx ON dispatch.resting (until);
CREATE INDEX resting_project_idx ON dispatch.resting (project_id, until);

-- A project that is deleted takes its outputs' rows with it.
CREATE INDEX attempt_outputs_project_idx ON dispatch.attempt_outputs (project_id);

-- Published: what happened, for the histories of the rooms above.
CREATE VIEW database.history AS
    SELECT seq, at, txid, experiment_id, actor, kind, subject_kind, subject_id, facts FROM database.events;
