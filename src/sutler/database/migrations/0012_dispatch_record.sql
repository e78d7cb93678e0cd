-- How many attempts ended when, who was refused, and one row for each late report.

-- How many attempts of a project ended in a minute, for plots over time.
CREATE TABLE dispatch.throughput (
    project_id bigint NOT NULL REFERENCES dispatch.projects (id) ON DELETE CASCADE,
    minute timestamptz NOT NULL,
    done_count bigint NOT NULL DEFAULT 0,
    failed_count bigint NOT NULL DEFAULT 0,
    returned_count bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (project_id, minute)
) WITH (fillfactor = 50);
INSERT INTO dispatch.throughput (project_id, minute, done_count, failed_count, returned_count)
    SELECT project_id, date_trunc('minute', ended_at, 'UTC'),
           count(*) FILTER (WHERE handle_state = 'done'),
           count(*) FILTER (WHERE handle_state = 'failed'),
           count(*) FILTER (WHERE handle_state = 'initial')
    FROM dispatch.attempts
    GROUP BY project_id, date_trunc('minute', ended_at, 'UTC');

-- Workers whose calls about a project were refused, and why: an old client ends without a word.
CREATE TABLE dispatch.refusals (
    project_id bigint NOT NULL REFERENCES dispatch.projects (id) ON DELETE CASCADE,
    worker_id text NOT NULL,
    reason text NOT NULL,
    times bigint NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (project_id, worker_id, reason)
);

-- A report that is repeated while it is being refused stands there once all the same.
DELETE FROM dispatch.late_reports AS late
USING dispatch.late_reports AS earlier
WHERE late.attempt_id = earlier.attempt_id
  AND late.worker_id = earlier.worker_id
  AND late.reported = earlier.reported
  AND late.id > earlier.id;
DROP INDEX dispatch.late_reports_attempt_idx;
ALTER TABLE dispatch.late_reports
    ADD CONSTRAINT late_reports_report_key UNIQUE (attempt_id, worker_id, reported);
