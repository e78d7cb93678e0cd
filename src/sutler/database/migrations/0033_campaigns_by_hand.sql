-- Who said by hand that a submission is complete as it is: what follows it starts however few files are done.
ALTER TABLE campaigns.submissions ADD COLUMN vouched_by bigint REFERENCES auth.users (id);
UPDATE campaigns.submissions AS submission
SET vouched_by = submission.launched_by
FROM campaigns.intentions AS intention
WHERE intention.submission_id = submission.id AND intention.state = 'pending' AND intention.facts ? 'is_forced';

-- Deleting a schedule looks for what it launched.
CREATE INDEX submissions_schedule_idx ON campaigns.submissions (schedule_id) WHERE schedule_id IS NOT NULL;
CREATE INDEX schedule_runs_submission_idx ON campaigns.schedule_runs (submission_id) WHERE submission_id IS NOT NULL;

-- Launches that cannot be handed over are tried again ever more rarely, so that they do not stand before the others.
ALTER TABLE launch.launches
    ADD COLUMN tries integer NOT NULL DEFAULT 0,
    ADD COLUMN due_at timestamptz;
UPDATE launch.launches SET due_at = intended_at;
ALTER TABLE launch.launches ALTER COLUMN due_at SET NOT NULL;
CREATE INDEX launches_due_idx ON launch.launches (due_at, key) WHERE state = 'intended';
