-- name: create_intention
-- Write down what must follow; a key that exists stays as it is.
INSERT INTO campaigns.intentions
    (experiment_id, key, kind, submission_id, dependency_id, facts, state, due_at, created_at)
VALUES (:experiment_id, :key, :kind, :submission_id, :dependency_id, :facts::jsonb, 'pending', :due_at, :now)
ON CONFLICT (key) DO NOTHING

-- name: claim_due_intentions
-- Take the oldest intentions that are due, past those that other processes work on, count the try and put them off in
-- case it does not come to an end: the first time for so long, twice as long each time.
WITH due AS (
    SELECT id FROM campaigns.intentions
    WHERE state = 'pending' AND due_at <= :now
    ORDER BY due_at, id
    LIMIT :count
    FOR UPDATE SKIP LOCKED
)
UPDATE campaigns.intentions AS intention
SET tries = intention.tries + 1,
    due_at = :now::timestamptz
             + least(:first_pause::interval * (1 << least(intention.tries, 10)), :longest_pause::interval)
FROM due
WHERE intention.id = due.id
RETURNING intention.*

-- name: lock_pending_intention
-- Lock an intention unless it was settled, or somebody else is just settling it.
SELECT id FROM campaigns.intentions WHERE id = :intention_id AND state = 'pending' FOR UPDATE SKIP LOCKED

-- name: settle_intention
-- Write down what became of an intention.
UPDATE campaigns.intentions SET state = :state, reason = :reason, settled_at = :now WHERE id = :intention_id

-- name: postpone_intention
-- Leave an intention for later, with the reason; one that was settled meanwhile stays as it is.
UPDATE campaigns.intentions SET reason = :reason, due_at = :due_at WHERE id = :intention_id AND state = 'pending'

-- name: hurry_intentions
-- Make what must follow a submission due at once.
UPDATE campaigns.intentions SET due_at = :now WHERE submission_id = :submission_id AND state = 'pending' AND kind = :kind

-- name: hurry_held_intentions
-- Make due at once what must follow and was put off, of one experiment or of all, as a hold has ended.
UPDATE campaigns.intentions
SET due_at = :now, tries = 0
WHERE state = 'pending' AND due_at > :now AND kind <> 'locate'
  AND (:experiment_id::bigint IS NULL OR experiment_id = :experiment_id)

-- name: list_followers
-- Read what followed the end of a submission: recoveries and dependants.
SELECT intention.key, intention.kind, coalesce(intention.facts ->> 'downstream_stage', '') AS downstream_stage,
       intention.state, intention.reason, submission.id AS submission_id
FROM campaigns.intentions AS intention
LEFT JOIN campaigns.submissions AS submission ON submission.launch_key = intention.key
WHERE intention.submission_id = :submission_id
  AND (intention.kind IN ('recovery', 'dependant') OR intention.state IN ('pending', 'refused'))
ORDER BY intention.id

-- name: renew_intention
-- Write down what must follow, once more if it was settled in one of these states.
INSERT INTO campaigns.intentions AS known
    (experiment_id, key, kind, submission_id, dependency_id, facts, state, due_at, created_at)
VALUES (:experiment_id, :key, :kind, :submission_id, :dependency_id, :facts::jsonb, 'pending', :now, :now)
ON CONFLICT (key) DO UPDATE
SET state = 'pending', reason = '', tries = 0, facts = excluded.facts, due_at = excluded.due_at, settled_at = NULL
WHERE known.state = ANY(:states::text[])

-- name: vouch_for
-- Note who says that a submission is complete as it is, or with null that nobody does any more.
UPDATE campaigns.submissions SET vouched_by = :user_id WHERE id = :submission_id

-- name: list_askers
-- Read whom what follows a submission may run as: who launched it, who said that it is complete, who recovered it last.
SELECT asked.user_id
FROM (
    SELECT 1 AS rank, 0::bigint AS number, launched_by AS user_id
    FROM campaigns.submissions WHERE id = :submission_id
    UNION ALL
    SELECT 2, 0, vouched_by FROM campaigns.submissions WHERE id = :submission_id AND vouched_by IS NOT NULL
    UNION ALL
    SELECT 3, -id, launched_by FROM campaigns.submissions WHERE original_id = :submission_id
) AS asked
ORDER BY asked.rank, asked.number

-- name: list_recoveries
-- Read the recoveries that followed a submission by themselves, oldest first.
SELECT state, facts FROM campaigns.intentions
WHERE submission_id = :submission_id AND kind = 'recovery'
ORDER BY id

-- name: close_intentions
-- Settle what must follow a submission and has not yet.
UPDATE campaigns.intentions
SET state = :state, reason = :reason, settled_at = :now
WHERE submission_id = :submission_id AND kind = :kind AND state = 'pending'

-- name: has_dependency
-- Tell whether a dependency is still there.
SELECT EXISTS (SELECT FROM campaigns.dependencies WHERE id = :dependency_id)

-- name: call_off
-- Note what a submission is to be called once its jobs are over; the first to say so decides.
UPDATE campaigns.submissions SET called_off_as = coalesce(called_off_as, :word) WHERE id = :submission_id

-- name: find_called_off
-- Read what a submission is to be called once its jobs are over.
SELECT called_off_as FROM campaigns.submissions WHERE id = :submission_id

-- name: forget_calling_off
-- Take back that a submission is called off.
UPDATE campaigns.submissions SET called_off_as = NULL WHERE id = :submission_id

-- name: count_on_project
-- Count the submissions that work, or worked, on a project.
SELECT count(*) FROM campaigns.submissions WHERE project_id = :project_id

-- name: list_unstopped
-- Read the launch keys of submissions that were called off and whose jobs nobody has told to end.
SELECT submission.launch_key, submission.reason
FROM campaigns.submissions AS submission
JOIN launch.launch_progress AS launched ON launched.key = submission.launch_key
WHERE submission.called_off_as IS NOT NULL
  AND submission.ended_at IS NULL
  AND launched.state IN ('intended', 'submitted')
ORDER BY submission.id
LIMIT :count

-- name: list_enough_done
-- Read submissions with jobs under way of which as many files are done as their stage asks for.
SELECT submission.launch_key, submission.share_id
FROM campaigns.submissions AS submission
JOIN dispatch.share_progress AS share ON share.share_id = submission.share_id
WHERE submission.ended_at IS NULL
  AND submission.batch_status IN ('Idle', 'Running', 'Held')
  AND share.done_count > 0
  AND 100 * share.done_count
      >= coalesce((submission.config -> 'stage' ->> 'completion_pct')::float8, 95) * share.total_count
ORDER BY submission.id
LIMIT :count

-- name: withdraw_refusals
-- Let earlier decisions that nothing follows stand no longer: a later one takes their place.
UPDATE campaigns.intentions
SET state = 'nothing_to_do'
WHERE submission_id = :submission_id AND kind = 'follow' AND state = 'refused'
