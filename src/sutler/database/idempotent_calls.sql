-- name: begin_call
-- hot
-- Enter a call as begun. One that is there is taken over when it is too old to count, or was left without an answer.
INSERT INTO database.idempotent_calls AS earlier (user_id, key, request_digest, begun_at)
VALUES (:user_id, :key, :digest, :now)
ON CONFLICT (user_id, key) DO UPDATE
SET request_digest = excluded.request_digest, begun_at = excluded.begun_at, status = NULL, headers = NULL, body = NULL
WHERE earlier.begun_at < :kept_since
   OR (earlier.status IS NULL
       AND earlier.begun_at < :alive_since
       AND earlier.request_digest = excluded.request_digest)
RETURNING begun_at

-- name: find_call
-- hot
-- Look up what an earlier call with a key was, and what it was answered.
SELECT request_digest AS digest, status, headers, body
FROM database.idempotent_calls
WHERE user_id = :user_id AND key = :key

-- name: renew_call
-- hot
-- Say that a call is still at work, unless another server has taken it over.
UPDATE database.idempotent_calls SET begun_at = :now
WHERE user_id = :user_id AND key = :key AND begun_at = :begun_at AND status IS NULL
RETURNING begun_at

-- name: keep_answer
-- hot
-- Keep the answer of a call, unless another server has taken it over.
UPDATE database.idempotent_calls SET status = :status, headers = :headers, body = :body
WHERE user_id = :user_id AND key = :key AND begun_at = :begun_at AND status IS NULL

-- name: forget_call
-- hot
-- Let a call be made again at once, unless another server has taken it over.
DELETE FROM database.idempotent_calls
WHERE user_id = :user_id AND key = :key AND begun_at = :begun_at AND status IS NULL

-- name: forget_unanswered_calls
-- Let all calls be made again at once that nobody answered.
DELETE FROM database.idempotent_calls WHERE status IS NULL

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
