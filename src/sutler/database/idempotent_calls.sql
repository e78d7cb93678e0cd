-- name: begin_call
-- hot
-- Enter a call as begun. One that is there is taken over when it is too old to count, or was left with nothing done.
INSERT INTO database.idempotent_calls AS earlier (user_id, key, request_digest, begun_at, holder)
VALUES (:user_id, :key, :digest, :now, :holder)
ON CONFLICT (user_id, key) DO UPDATE
SET request_digest = excluded.request_digest, begun_at = excluded.begun_at, holder = excluded.holder,
    events = NULL, status = NULL, headers = NULL, body = NULL
WHERE earlier.begun_at < :kept_since
   OR (earlier.status IS NULL
       AND earlier.events IS NULL
       AND earlier.begun_at < :alive_since
       AND earlier.request_digest = excluded.request_digest)
RETURNING holder

-- name: find_call
-- hot
-- Look up what an earlier call with a key was, what it did, what it was answered, and whether somebody is at work on it.
SELECT request_digest AS digest, status, headers, body, events,
       holder IS NULL OR begun_at < :alive_since AS is_left
FROM database.idempotent_calls
WHERE user_id = :user_id AND key = :key

-- name: renew_call
-- hot
-- Say that a call is still at work, unless another server has taken it over.
UPDATE database.idempotent_calls SET begun_at = :now
WHERE user_id = :user_id AND key = :key AND holder = :holder AND status IS NULL

-- name: note_deeds
-- hot
-- Write down what a call has done, unless another server has taken it over.
UPDATE database.idempotent_calls SET events = coalesce(events, '[]'::jsonb) || :events::jsonb
WHERE user_id = :user_id AND key = :key AND holder = :holder AND status IS NULL

-- name: keep_answer
-- hot
-- Keep the answer of a call, unless another server has taken it over.
UPDATE database.idempotent_calls SET status = :status, headers = :headers, body = :body, events = NULL
WHERE user_id = :user_id AND key = :key AND holder = :holder AND status IS NULL

-- name: forget_call
-- hot
-- Let a call that did nothing be made again at once, unless another server has taken it over.
DELETE FROM database.idempotent_calls
WHERE user_id = :user_id AND key = :key AND holder = :holder AND status IS NULL AND events IS NULL

-- name: leave_call
-- hot
-- Say that a call is not at work any more, unless another server has taken it over.
UPDATE database.idempotent_calls SET holder = NULL
WHERE user_id = :user_id AND key = :key AND holder = :holder AND status IS NULL

-- name: forget_unanswered_calls
-- Let all calls be made again at once that nobody answered and that did nothing.
DELETE FROM database.idempotent_calls WHERE status IS NULL AND events IS NULL

-- name: leave_unanswered_calls
-- Say of all calls that nobody answered that they are not at work any more.
UPDATE database.idempotent_calls SET holder = NULL WHERE status IS NULL

-- name: delete_old_calls
-- hot
-- Delete calls that are too old to count, at most so many.
DELETE FROM database.idempotent_calls
WHERE (user_id, key) IN (
    SELECT old.user_id, old.key
    FROM database.idempotent_calls AS old
    WHERE old.begun_at < :kept_since
    ORDER BY old.begun_at
    LIMIT :count
    FOR UPDATE SKIP LOCKED
)
