-- name: insert_launch
-- Write a launch down before anything is started.
INSERT INTO launch.launches (key, experiment_id, backend, plan, state, intended_at, due_at)
VALUES (:key, :experiment_id, :backend, :plan::jsonb, 'intended', :now, :now)

-- name: find_launch
-- Look a launch up by its key.
SELECT key, experiment_id, backend, plan, state, failure, output, stop_reason, waiting_count, held_count, running_count,
       ended_count, failed_count, intended_at, submitted_at, ended_at
FROM launch.launches
WHERE key = :key

-- name: lock_launch
-- Look a launch up and keep others from changing it until this transaction ends.
SELECT key, experiment_id, backend, plan, state, failure, output, stop_reason, waiting_count, held_count, running_count,
       ended_count, failed_count, intended_at, submitted_at, ended_at
FROM launch.launches
WHERE key = :key
FOR UPDATE

-- name: hold_launch
-- Let one process at a time deal with the back-end for a launch; the lock belongs to the connection.
SELECT pg_advisory_lock(hashtextextended('launch/' || :key::text, 0))

-- name: claim_unsubmitted
-- Take launches that were written down before an instant, have not reached a back-end and are due, longest due first;
-- count the try and put them off: the first time for so long, twice as long each time.
WITH due AS (
    SELECT key
    FROM launch.launches
    WHERE state = 'intended' AND intended_at <= :before AND due_at <= :now
    ORDER BY due_at, key
    LIMIT :count
    FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE launch.launches AS launch
    SET tries = launch.tries + 1,
        due_at = :now::timestamptz
                 + least(:first_pause::interval * (1 << least(launch.tries, 10)), :longest_pause::interval)
    FROM due
    WHERE launch.key = due.key
    RETURNING launch.key, launch.intended_at
)
SELECT key FROM claimed ORDER BY intended_at, key

-- name: list_open_launches
-- Launches whose batch jobs are not known to be over, oldest first.
SELECT key, experiment_id, backend, plan, state, failure, output, stop_reason, waiting_count, held_count, running_count,
       ended_count, failed_count, intended_at, submitted_at, ended_at
FROM launch.launches
WHERE state IN ('submitted', 'stopping')
ORDER BY intended_at, key

-- name: list_open_jobs
-- Batch jobs of some launches that are not over.
SELECT launch_key, number, batch_job_id, state, exit_code, signal, reason, host, started_at, ended_at, changed_at, cause,
       peak_memory_bytes
FROM launch.batch_jobs
WHERE launch_key = ANY (:keys::text[]) AND state NOT IN ('ended', 'stopped', 'lost')
ORDER BY launch_key, number

-- name: list_jobs
-- Batch jobs of a launch in order.
SELECT launch_key, number, batch_job_id, state, exit_code, signal, reason, host, started_at, ended_at, changed_at, cause,
       peak_memory_bytes
FROM launch.batch_jobs
WHERE launch_key = :key
ORDER BY number

-- name: find_job
-- Look one batch job of a launch up.
SELECT launch_key, number, batch_job_id, state, exit_code, signal, reason, host, started_at, ended_at, changed_at, cause,
       peak_memory_bytes
FROM launch.batch_jobs
WHERE launch_key = :key AND number = :number

-- name: insert_jobs
-- Enter the batch jobs of a receipt, numbered from 1 in its order.
INSERT INTO launch.batch_jobs (launch_key, number, experiment_id, batch_job_id, state, changed_at)
SELECT :key, given.number, :experiment_id, given.batch_job_id, 'waiting', :now
FROM unnest(:batch_job_ids::text[]) WITH ORDINALITY AS given (batch_job_id, number)

-- name: update_jobs
-- Keep what a look showed, where it is news; a batch job that is over stays as it is.
UPDATE launch.batch_jobs AS job
SET state = seen.state, exit_code = seen.exit_code, signal = seen.signal, reason = seen.reason, host = seen.host,
    started_at = seen.started_at, ended_at = seen.ended_at, cause = seen.cause,
    peak_memory_bytes = seen.peak_memory_bytes,
    changed_at = CASE WHEN job.state = seen.state THEN job.changed_at ELSE :now END
FROM unnest(
    :batch_job_ids::text[], :states::text[], :exit_codes::integer[], :signals::integer[], :reasons::text[],
    :hosts::text[], :started_ats::timestamptz[], :ended_ats::timestamptz[], :causes::text[], :peaks::bigint[]
) AS seen (
    batch_job_id, state, exit_code, signal, reason, host, started_at, ended_at, cause, peak_memory_bytes
)
WHERE job.launch_key = :key
  AND job.batch_job_id = seen.batch_job_id
  AND job.state NOT IN ('ended', 'stopped', 'lost')
  AND (job.state, job.exit_code, job.signal, job.reason, job.host, job.started_at, job.ended_at, job.cause,
       job.peak_memory_bytes)
      IS DISTINCT FROM
      (seen.state, seen.exit_code, seen.signal, seen.reason, seen.host, seen.started_at, seen.ended_at, seen.cause,
       seen.peak_memory_bytes)

-- name: record_receipt
-- Keep that the back-end took the launch; one that is being stopped goes on being stopped.
UPDATE launch.launches
SET state = CASE WHEN state = 'intended' THEN 'submitted' ELSE state END,
    failure = '', output = :output, submitted_at = :now, waiting_count = :waiting_count
WHERE key = :key

-- name: record_failure
-- Keep that the back-end refused the launch, and why.
UPDATE launch.launches SET state = 'failed', failure = :failure, ended_at = :now WHERE key = :key

-- name: record_retry
-- Keep that a launch which failed is to be submitted again; it waits from now on.
UPDATE launch.launches
SET state = 'intended', failure = '', stop_reason = NULL, intended_at = :now, ended_at = NULL, tries = 0, due_at = :now
WHERE key = :key

-- name: record_trouble
-- Keep what the back-end said when a submission did not succeed but will be tried again.
UPDATE launch.launches SET failure = :failure WHERE key = :key AND state = 'intended'

-- name: record_stopping
-- Keep that the launch shall end, and why.
UPDATE launch.launches SET state = 'stopping', stop_reason = :reason WHERE key = :key

-- name: record_counts
-- Keep the batch jobs of a launch by state.
UPDATE launch.launches
SET waiting_count = :waiting_count, held_count = :held_count, running_count = :running_count,
    ended_count = :ended_count, failed_count = :failed_count
WHERE key = :key

-- name: record_end
-- Keep that all batch jobs of a launch are over.
UPDATE launch.launches SET state = 'ended', ended_at = :now WHERE key = :key
