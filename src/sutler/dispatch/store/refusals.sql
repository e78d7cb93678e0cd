-- name: lock_refusals
-- Let one transaction at a time note refusals, so that none sees room that another is filling.
SELECT pg_advisory_xact_lock(hashtextextended('dispatch/refusals', 0))

-- name: note_refusals
-- Add to the refusals of projects that are there; workers for whom a project has no more room go into one row.
WITH given AS (
    SELECT refused.project_id, refused.worker_id, refused.reason, sum(refused.times) AS times,
           min(refused.first_at) AS first_at, max(refused.last_at) AS last_at
    FROM unnest(
        :project_ids::bigint[], :worker_ids::text[], :reasons::text[], :times::bigint[], :first_at::timestamptz[],
        :last_at::timestamptz[]
    ) AS refused (project_id, worker_id, reason, times, first_at, last_at)
    GROUP BY refused.project_id, refused.worker_id, refused.reason
), there AS (
    SELECT project.id
    FROM dispatch.projects AS project
    WHERE project.id IN (SELECT given.project_id FROM given)
    ORDER BY project.id
    FOR KEY SHARE
), filled AS (
    SELECT kept.project_id, count(*) AS row_count
    FROM dispatch.refusals AS kept
    WHERE kept.project_id IN (SELECT there.id FROM there) AND kept.worker_id <> :others::text
    GROUP BY kept.project_id
), placed AS (
    SELECT given.project_id, given.worker_id, given.reason, given.times, given.first_at, given.last_at,
           given.worker_id <> :others AND (
               kept.project_id IS NOT NULL
               OR coalesce(filled.row_count, 0)
               + count(*) FILTER (WHERE kept.project_id IS NULL AND given.worker_id <> :others) OVER (
                   PARTITION BY given.project_id
                   ORDER BY given.first_at, given.worker_id, given.reason
                   ROWS UNBOUNDED PRECEDING
               ) <= :room::bigint
           ) AS has_room
    FROM given
    JOIN there ON there.id = given.project_id
    LEFT JOIN filled ON filled.project_id = given.project_id
    LEFT JOIN dispatch.refusals AS kept
        ON kept.project_id = given.project_id AND kept.worker_id = given.worker_id AND kept.reason = given.reason
), named AS (
    SELECT placed.project_id, placed.times, placed.first_at, placed.last_at,
           CASE WHEN placed.has_room THEN placed.worker_id ELSE :others END AS worker_id,
           CASE WHEN placed.has_room THEN placed.reason ELSE :others_reason::text END AS reason
    FROM placed
)
INSERT INTO dispatch.refusals AS kept (project_id, worker_id, reason, times, first_at, last_at)
SELECT named.project_id, named.worker_id, named.reason, sum(named.times), min(named.first_at), max(named.last_at)
FROM named
GROUP BY named.project_id, named.worker_id, named.reason
ORDER BY named.project_id, named.worker_id, named.reason
ON CONFLICT (project_id, worker_id, reason) DO UPDATE
SET times = kept.times + excluded.times,
    first_at = least(kept.first_at, excluded.first_at),
    last_at = greatest(kept.last_at, excluded.last_at)
RETURNING kept.project_id

-- name: list_refusals
-- List the workers of a project that were refused, the newest first.
SELECT worker_id, reason, times, first_at, last_at
FROM dispatch.refusals
WHERE project_id = :project_id
ORDER BY last_at DESC, worker_id, reason
LIMIT :count

-- name: list_recent_refusals
-- List the last workers of a project that were refused since an instant, and in every row how many there are.
SELECT worker_id, (array_agg(reason ORDER BY last_at DESC, reason))[1] AS reason, sum(times)::bigint AS times,
       min(first_at) AS first_at, max(last_at) AS last_at, count(*) OVER () AS worker_count
FROM dispatch.refusals
WHERE project_id = :project_id AND last_at >= :since
GROUP BY worker_id
ORDER BY max(last_at) DESC, worker_id
LIMIT :count
