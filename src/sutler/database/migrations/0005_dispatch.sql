-- Who processes which file now: projects, shares, handles, leases, attempts.
CREATE SCHEMA dispatch;

CREATE TABLE dispatch.projects (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id),
    owner_id bigint NOT NULL REFERENCES auth.users (id),
    owner_role text NOT NULL,
    state text NOT NULL,
    query text,
    attributes jsonb NOT NULL DEFAULT '{}',
    is_virtual boolean NOT NULL DEFAULT false,
    max_attempts integer,
    worker_timeout interval,
    idle_timeout interval,
    total_count bigint NOT NULL DEFAULT 0,
    initial_count bigint NOT NULL DEFAULT 0,
    unlocated_count bigint NOT NULL DEFAULT 0,
    reserved_count bigint NOT NULL DEFAULT 0,
    done_count bigint NOT NULL DEFAULT 0,
    failed_count bigint NOT NULL DEFAULT 0,
    ready_from bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    active_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT projects_state_check CHECK (state IN ('active', 'done', 'failed', 'cancelled', 'abandoned')),
    CONSTRAINT projects_counts_check CHECK (
        initial_count >= 0 AND reserved_count >= 0 AND done_count >= 0 AND failed_count >= 0
        AND initial_count + reserved_count + done_count + failed_count = total_count
        AND unlocated_count BETWEEN 0 AND initial_count
    )
) WITH (fillfactor = 50);
CREATE INDEX projects_experiment_idx ON dispatch.projects (experiment_id, id);
CREATE INDEX projects_attributes_idx ON dispatch.projects USING gin (attributes jsonb_path_ops);

-- The handles of a project that belong to one submission, with their counts. `ready_from` here and above is where the
-- last search of `ready` ended (attempts * 2^32 + position): a hint that spares the next one the rows that are gone.
CREATE TABLE dispatch.shares (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id bigint NOT NULL REFERENCES dispatch.projects (id) ON DELETE CASCADE,
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id),
    total_count bigint NOT NULL DEFAULT 0,
    initial_count bigint NOT NULL DEFAULT 0,
    unlocated_count bigint NOT NULL DEFAULT 0,
    reserved_count bigint NOT NULL DEFAULT 0,
    done_count bigint NOT NULL DEFAULT 0,
    failed_count bigint NOT NULL DEFAULT 0,
    output_count bigint NOT NULL DEFAULT 0,
    ready_from bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    CONSTRAINT shares_counts_check CHECK (
        initial_count >= 0 AND reserved_count >= 0 AND done_count >= 0 AND failed_count >= 0
        AND initial_count + reserved_count + done_count + failed_count = total_count
        AND unlocated_count BETWEEN 0 AND initial_count
    )
) WITH (fillfactor = 50);
CREATE INDEX shares_project_idx ON dispatch.shares (project_id);

-- No index on anything that reserving and releasing change, so that those updates stay within their page.
CREATE TABLE dispatch.handles (
    project_id bigint NOT NULL REFERENCES dispatch.projects (id) ON DELETE CASCADE,
    position integer NOT NULL,
    share_id bigint REFERENCES dispatch.shares (id),
    namespace text NOT NULL,
    name text NOT NULL,
    fid text,
    size_bytes bigint,
    attributes jsonb NOT NULL DEFAULT '{}',
    state text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    attempt_id bigint,
    worker_id text,
    reserved_at timestamptz,
    PRIMARY KEY (project_id, position),
    CONSTRAINT handles_did_key UNIQUE (project_id, namespace, name),
    CONSTRAINT handles_state_check CHECK (state IN ('initial', 'reserved', 'done', 'failed'))
) WITH (fillfactor = 55);
CREATE INDEX handles_share_idx ON dispatch.handles (share_id, position);

-- One row exactly while a handle may be given out. Together with `unlocated` it holds every initial handle once.
CREATE TABLE dispatch.ready (
    project_id bigint NOT NULL,
    position integer NOT NULL,
    share_id bigint,
    attempts integer NOT NULL,
    PRIMARY KEY (project_id, attempts, position)
);
CREATE INDEX ready_share_idx ON dispatch.ready (share_id, attempts, position);

-- One row exactly while an initial handle has no usable replica.
CREATE TABLE dispatch.unlocated (
    project_id bigint NOT NULL,
    position integer NOT NULL,
    share_id bigint,
    namespace text NOT NULL,
    name text NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (project_id, position)
);

CREATE SEQUENCE dispatch.attempt_ids AS bigint;

-- One row exactly while a handle is reserved. The attempt id is the fencing token: it only grows.
CREATE TABLE dispatch.leases (
    attempt_id bigint PRIMARY KEY,
    project_id bigint NOT NULL,
    position integer NOT NULL,
    share_id bigint,
    experiment_id bigint NOT NULL,
    attempt integer NOT NULL,
    worker_id text NOT NULL,
    site text,
    batch_job_id text,
    request_id uuid NOT NULL,
    request_rank integer NOT NULL,
    lease_for interval,
    reserved_at timestamptz NOT NULL,
    expires_at timestamptz,
    CONSTRAINT leases_handle_key UNIQUE (project_id, position),
    CONSTRAINT leases_request_key UNIQUE (request_id, request_rank)
) WITH (fillfactor = 70);
CREATE INDEX leases_expires_idx ON dispatch.leases (expires_at);

-- One row for every lease that has ended, with its outcome: written once, never changed.
CREATE TABLE dispatch.attempts (
    id bigint PRIMARY KEY,
    project_id bigint NOT NULL REFERENCES dispatch.projects (id) ON DELETE CASCADE,
    position integer NOT NULL,
    share_id bigint,
    experiment_id bigint NOT NULL,
    attempt integer NOT NULL,
    worker_id text NOT NULL,
    site text,
    batch_job_id text,
    reserved_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    outcome text NOT NULL,
    handle_state text NOT NULL,
    reason text NOT NULL DEFAULT '',
    measures jsonb NOT NULL DEFAULT '{}',
    log_tail text NOT NULL DEFAULT '',
    CONSTRAINT attempts_outcome_check CHECK (outcome IN ('done', 'failed', 'timed_out', 'worker_lost', 'restarted'))
);
CREATE INDEX attempts_handle_idx ON dispatch.attempts (project_id, position, id);
CREATE INDEX attempts_share_idx ON dispatch.attempts (share_id, outcome, id);
CREATE INDEX attempts_failed_idx ON dispatch.attempts (project_id, position) WHERE handle_state = 'failed';

-- What came after a lease was lost: kept as evidence, changes nothing.
CREATE TABLE dispatch.late_reports (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    attempt_id bigint NOT NULL,
    worker_id text NOT NULL,
    reported text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX late_reports_attempt_idx ON dispatch.late_reports (attempt_id);

CREATE TABLE dispatch.attempt_outputs (
    attempt_id bigint NOT NULL REFERENCES dispatch.attempts (id) ON DELETE CASCADE,
    file_id bigint NOT NULL REFERENCES catalog.files (id),
    project_id bigint NOT NULL REFERENCES dispatch.projects (id) ON DELETE CASCADE,
    share_id bigint,
    media_type text,
    url text,
    PRIMARY KEY (attempt_id, file_id)
);
CREATE INDEX attempt_outputs_share_idx ON dispatch.attempt_outputs (share_id, file_id);

-- Published: counts of a share and what it produced.
CREATE VIEW dispatch.share_progress AS
    SELECT id AS share_id, project_id, total_count, initial_count, unlocated_count, reserved_count, done_count,
           failed_count, output_count
    FROM dispatch.shares;
CREATE VIEW dispatch.share_outputs AS
    SELECT share_id, file_id, attempt_id, media_type, url FROM dispatch.attempt_outputs;
