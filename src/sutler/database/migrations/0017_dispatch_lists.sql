-- Lists that find what they show by an index, and nothing in `handles` that its updates would have to carry along.

-- Handles by state. The state itself stays without an index: each claim and each end changes it, and with an index they
-- would write a new entry for every index of `handles`. Who is done or has failed is found through the attempt that
-- ended so, one entry more for each end; an attempt whose handle was put back since is out of the index.
ALTER TABLE dispatch.attempts ADD COLUMN is_put_back boolean NOT NULL DEFAULT false;
UPDATE dispatch.attempts AS ended
SET is_put_back = true
WHERE ended.handle_state IN ('done', 'failed')
  AND NOT EXISTS (
      SELECT FROM dispatch.handles AS handle
      WHERE handle.project_id = ended.project_id
        AND handle.position = ended.position
        AND handle.attempt_id = ended.id
        AND handle.state = ended.handle_state
  );
CREATE INDEX attempts_ended_idx ON dispatch.attempts (project_id, handle_state, position)
    WHERE handle_state IN ('done', 'failed') AND NOT is_put_back;
DROP INDEX dispatch.attempts_failed_idx;

-- The pace of a share, from its newest done attempts. In the order of ids the primary key would do for some planners,
-- who then read what other projects did meanwhile.
CREATE INDEX attempts_pace_idx ON dispatch.attempts (share_id, ended_at) WHERE outcome = 'done';
DROP INDEX dispatch.attempts_share_idx;

-- The leases of batch jobs that are gone. Workers outside batch jobs add no entries.
CREATE INDEX leases_batch_job_idx ON dispatch.leases (batch_job_id) WHERE batch_job_id IS NOT NULL;

-- The projects of one owner, the newest first.
CREATE INDEX projects_owner_idx ON dispatch.projects (owner_id, id);
