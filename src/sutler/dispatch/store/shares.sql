-- name: lock_sharing
-- Keep others from putting handles of a project into other shares until this transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('dispatch/shares/' || :project_id::bigint::text, 0))

-- name: close_share
-- Let others take what a share has not finished; if it is over, its own workers get nothing more.
INSERT INTO dispatch.closed_shares (share_id, closed_at, is_over) VALUES (:share_id, :now, :is_over)
ON CONFLICT DO NOTHING

-- name: reopen_share
-- Let nobody else take what a share has.
DELETE FROM dispatch.closed_shares WHERE share_id = :share_id

-- name: list_shares_of_project
-- List those of some shares that a project has.
SELECT id FROM dispatch.shares WHERE project_id = :project_id AND id = ANY(:share_ids::bigint[])

-- name: count_owned
-- Count the initial handles of a project that open shares own.
SELECT coalesce(sum(share.initial_count - share.gone_initial_count), 0)::bigint
FROM dispatch.shares AS share
WHERE share.project_id = :project_id
  AND NOT EXISTS (SELECT FROM dispatch.closed_shares AS closed WHERE closed.share_id = share.id)

-- name: list_claimable
-- List the first initial handles of a project that no open share owns, in order. The ready ones stand by location and
-- attempts: of each queue no more is read than could be needed. A share counts the initial ones that went on for ever;
-- what is put aside or pauses is looked at only if not all of it is of open shares.
WITH RECURSIVE claimable AS MATERIALIZED (
    SELECT share.id
    FROM dispatch.shares AS share
    JOIN dispatch.closed_shares AS closed ON closed.share_id = share.id
    WHERE share.project_id = :project_id::bigint AND share.initial_count > share.gone_initial_count
), lacking AS MATERIALIZED (
    SELECT project.id
    FROM dispatch.projects AS project
    WHERE project.id = :project_id AND project.unlocated_count > (
        SELECT coalesce(sum(share.unlocated_count), 0)
        FROM dispatch.shares AS share
        WHERE share.project_id = project.id
          AND share.unlocated_count > 0
          AND NOT EXISTS (SELECT FROM dispatch.closed_shares AS closed WHERE closed.share_id = share.id)
    )
), pausing AS MATERIALIZED (
    SELECT project.id
    FROM dispatch.projects AS project
    WHERE project.id = :project_id AND project.resting_count > (
        SELECT coalesce(sum(share.resting_count), 0)
        FROM dispatch.shares AS share
        WHERE share.project_id = project.id
          AND share.resting_count > 0
          AND NOT EXISTS (SELECT FROM dispatch.closed_shares AS closed WHERE closed.share_id = share.id)
    )
), queues (share_id, location_id, attempts) AS (
    (
        SELECT claimable.id, first.location_id, first.attempts
        FROM claimable
        CROSS JOIN LATERAL (
            SELECT ready.location_id, ready.attempts
            FROM dispatch.ready
            WHERE ready.share_id = claimable.id
            ORDER BY ready.location_id, ready.attempts
            LIMIT 1
        ) AS first
    )
    UNION ALL
    SELECT queues.share_id, next.location_id, next.attempts
    FROM queues
    CROSS JOIN LATERAL (
        SELECT ready.location_id, ready.attempts
        FROM dispatch.ready
        WHERE ready.share_id = queues.share_id
          AND (ready.location_id, ready.attempts) > (queues.location_id, queues.attempts)
        ORDER BY ready.location_id, ready.attempts
        LIMIT 1
    ) AS next
)
SELECT either.position
FROM (
    (
        SELECT mine.position
        FROM queues
        CROSS JOIN LATERAL (
            SELECT ready.position
            FROM dispatch.ready
            WHERE ready.share_id = queues.share_id
              AND ready.location_id = queues.location_id
              AND ready.attempts = queues.attempts
            ORDER BY ready.position
            LIMIT :count::bigint
        ) AS mine
    )
    UNION ALL
    (
        SELECT ready.position
        FROM dispatch.ready
        WHERE ready.project_id = :project_id AND ready.share_id IS NULL
        ORDER BY ready.position
        LIMIT :count
    )
    UNION ALL
    (
        SELECT aside.position
        FROM dispatch.unlocated AS aside
        WHERE EXISTS (SELECT FROM lacking)
          AND aside.project_id = :project_id
          AND (aside.share_id IS NULL OR aside.share_id IN (TABLE claimable))
        ORDER BY aside.position
        LIMIT :count
    )
    UNION ALL
    (
        SELECT aside.position
        FROM dispatch.resting AS aside
        WHERE EXISTS (SELECT FROM pausing)
          AND aside.project_id = :project_id
          AND (aside.share_id IS NULL OR aside.share_id IN (TABLE claimable))
        ORDER BY aside.position
        LIMIT :count
    )
) AS either
ORDER BY either.position
LIMIT :count

-- name: lock_places
-- Keep initial handles at some places from being given out, woken or moved; what somebody is just taking is waited for.
WITH named AS MATERIALIZED (
    SELECT handle.project_id, handle.location_id, handle.attempts, handle.position
    FROM unnest(:positions::integer[]) AS given (position)
    JOIN dispatch.handles AS handle ON handle.project_id = :project_id AND handle.position = given.position
    WHERE handle.state = 'initial' AND handle.location_id IS NOT NULL
    ORDER BY handle.position
), waiting AS MATERIALIZED (
    SELECT locked.position
    FROM named
    CROSS JOIN LATERAL (
        SELECT ready.position
        FROM dispatch.ready
        WHERE ready.project_id = named.project_id
          AND ready.location_id = named.location_id
          AND ready.attempts = named.attempts
          AND ready.position = named.position
        FOR UPDATE
    ) AS locked
), aside AS MATERIALIZED (
    SELECT unlocated.position
    FROM dispatch.unlocated
    WHERE unlocated.project_id = :project_id AND unlocated.position = ANY(:positions)
    ORDER BY unlocated.position
    FOR UPDATE
), pausing AS MATERIALIZED (
    SELECT resting.position
    FROM dispatch.resting
    WHERE resting.project_id = :project_id AND resting.position = ANY(:positions)
    ORDER BY resting.position
    FOR UPDATE
)
SELECT position FROM waiting UNION ALL SELECT position FROM aside UNION ALL SELECT position FROM pausing

-- name: list_handles_of_shares
-- List the places of handles of shares in some states, with the state of each, in order.
-- Share by share, and the project compared in a way that no index serves: else a plan made early reads all of a project.
SELECT mine.position, mine.state
FROM unnest(:share_ids::bigint[]) AS given (share_id)
CROSS JOIN LATERAL (
    SELECT handle.position, handle.state
    FROM dispatch.handles AS handle
    WHERE handle.share_id = given.share_id
      AND handle.project_id - :project_id::bigint = 0
      AND handle.state = ANY(:states::text[])
    ORDER BY handle.position
) AS mine
ORDER BY mine.position

-- name: list_chosen_handles
-- List those among some places where handles of shares are in some states, with the state of each, in order.
SELECT handle.position, handle.state
FROM dispatch.handles AS handle
WHERE handle.project_id = :project_id
  AND handle.position = ANY(:positions::integer[])
  AND handle.share_id = ANY(:share_ids::bigint[])
  AND handle.state = ANY(:states::text[])
ORDER BY handle.position

-- name: lock_handles_at
-- Lock the handles at some places, in order, but none that somebody else is just changing.
SELECT handle.position, handle.state
FROM dispatch.handles AS handle
WHERE handle.project_id = :project_id AND handle.position = ANY(:positions::integer[])
ORDER BY handle.position
FOR UPDATE SKIP LOCKED

-- name: lock_leases_of_shares
-- Lock the leases of shares, in order, but none that somebody is just renewing or reporting.
SELECT lease.attempt_id, lease.attempt, lease.project_id, lease.position
FROM dispatch.leases AS lease
WHERE lease.project_id = :project_id AND lease.share_id = ANY(:share_ids::bigint[])
ORDER BY lease.position
FOR UPDATE SKIP LOCKED

-- name: lock_chosen_leases
-- Lock the leases of shares at some places, in order, but none that somebody is just renewing or reporting.
SELECT lease.attempt_id, lease.attempt, lease.project_id, lease.position
FROM dispatch.leases AS lease
WHERE lease.project_id = :project_id
  AND lease.position = ANY(:positions::integer[])
  AND lease.share_id = ANY(:share_ids::bigint[])
ORDER BY lease.position
FOR UPDATE SKIP LOCKED

-- name: move_handles
-- Put locked handles that nobody has into a share, and count them by the shares that they leave, which keep their
-- outcomes. No row of a project or share is changed: many handles are moved part by part, and counted at the end.
-- What waits gets a new row instead of another share: a statement that began before would take a row that was changed,
-- and not see the share that it is to count in.
WITH before AS MATERIALIZED (
    SELECT handle.project_id, handle.position, handle.share_id, handle.state, handle.attempts, handle.namespace,
           handle.name, handle.fid, handle.size_bytes, handle.attributes, handle.location_id, last.reason
    FROM dispatch.handles AS handle
    LEFT JOIN LATERAL (
        SELECT ended.reason
        FROM dispatch.attempts AS ended
        WHERE handle.attempts > 0
          AND handle.state <> 'done'
          AND ended.project_id = handle.project_id
          AND ended.position = handle.position
        ORDER BY ended.id DESC
        LIMIT 1
    ) AS last ON true
    WHERE handle.project_id = :project_id AND handle.position = ANY(:positions::integer[])
), moved AS (
    UPDATE dispatch.handles AS handle
    SET share_id = :share_id::bigint
    FROM before
    WHERE handle.project_id = before.project_id AND handle.position = before.position
), kept AS (
    INSERT INTO dispatch.share_outcomes (
        share_id, position, project_id, namespace, name, fid, size_bytes, attributes, state, attempts, reason,
        taken_by_share_id, at
    )
    SELECT share_id, position, project_id, namespace, name, fid, size_bytes, attributes, state, attempts,
           coalesce(reason, ''), :share_id, :now
    FROM before
    WHERE share_id IS NOT NULL
), taken AS (
    DELETE FROM dispatch.ready
    USING before
    WHERE before.state = 'initial'
      AND ready.project_id = before.project_id
      AND ready.location_id = before.location_id
      AND ready.attempts = before.attempts
      AND ready.position = before.position
    RETURNING ready.project_id, ready.location_id, ready.attempts, ready.position
), waiting AS (
    INSERT INTO dispatch.ready (project_id, location_id, attempts, position, share_id)
    SELECT project_id, location_id, attempts, position, :share_id FROM taken
), aside AS (
    DELETE FROM dispatch.unlocated AS aside
    USING before
    WHERE before.state = 'initial' AND aside.project_id = before.project_id AND aside.position = before.position
    RETURNING aside.project_id, aside.position, aside.namespace, aside.name, aside.since
), still_aside AS (
    INSERT INTO dispatch.unlocated (project_id, position, share_id, namespace, name, since)
    SELECT project_id, position, :share_id, namespace, name, since FROM aside
), pausing AS (
    DELETE FROM dispatch.resting AS pausing
    USING before
    WHERE before.state = 'initial' AND pausing.project_id = before.project_id AND pausing.position = before.position
    RETURNING pausing.project_id, pausing.position, pausing.until
), still_pausing AS (
    INSERT INTO dispatch.resting (project_id, position, share_id, until)
    SELECT project_id, position, :share_id, until FROM pausing
)
SELECT before.share_id,
       count(*) AS count,
       count(*) FILTER (WHERE before.state = 'initial') AS initial_count,
       count(*) FILTER (WHERE before.state = 'done') AS done_count,
       count(*) FILTER (WHERE before.state = 'failed') AS failed_count,
       count(aside.position) AS unlocated_count,
       count(pausing.position) AS resting_count
FROM before
LEFT JOIN aside ON aside.position = before.position
LEFT JOIN pausing ON pausing.position = before.position
GROUP BY before.share_id
ORDER BY before.share_id

-- name: count_moved
-- Count handles that were moved in the share where they are, and in those that they left: these keep what they count of
-- initial, done and failed ones; what waits for a copy or pauses does so in the new share only.
WITH by_share AS MATERIALIZED (
    SELECT given.share_id,
           sum(given.count)::bigint AS count,
           sum(given.initial_count)::bigint AS initial_count,
           sum(given.done_count)::bigint AS done_count,
           sum(given.failed_count)::bigint AS failed_count,
           sum(given.unlocated_count)::bigint AS unlocated_count,
           sum(given.resting_count)::bigint AS resting_count
    FROM unnest(
        :left_share_ids::bigint[], :counts::bigint[], :initial_counts::bigint[], :done_counts::bigint[],
        :failed_counts::bigint[], :unlocated_counts::bigint[], :resting_counts::bigint[]
    ) AS given (share_id, count, initial_count, done_count, failed_count, unlocated_count, resting_count)
    GROUP BY given.share_id
), total AS MATERIALIZED (
    SELECT sum(count)::bigint AS count, sum(initial_count)::bigint AS initial_count,
           sum(done_count)::bigint AS done_count, sum(failed_count)::bigint AS failed_count,
           sum(unlocated_count)::bigint AS unlocated_count, sum(resting_count)::bigint AS resting_count
    FROM by_share
    HAVING count(*) > 0
), entered AS (
    UPDATE dispatch.shares AS share
    SET total_count = share.total_count + total.count,
        initial_count = share.initial_count + total.initial_count,
        done_count = share.done_count + total.done_count,
        failed_count = share.failed_count + total.failed_count,
        unlocated_count = share.unlocated_count + total.unlocated_count,
        resting_count = share.resting_count + total.resting_count
    FROM total
    WHERE share.id = :share_id::bigint
), parted AS (
    UPDATE dispatch.shares AS share
    SET gone_initial_count = share.gone_initial_count + by_share.initial_count,
        unlocated_count = share.unlocated_count - by_share.unlocated_count,
        resting_count = share.resting_count - by_share.resting_count
    FROM by_share
    WHERE share.id = by_share.share_id
    RETURNING share.id, by_share.initial_count,
              share.initial_count + share.reserved_count - share.gone_initial_count AS open_count
)
SELECT parted.id AS share_id, parted.initial_count, parted.open_count,
       EXISTS (SELECT FROM dispatch.closed_shares AS closed WHERE closed.share_id = parted.id) AS is_closed
FROM parted
ORDER BY parted.id

-- name: wake_project
-- Note that something happens in a project; one that was abandoned is active again. Returns its state.
UPDATE dispatch.projects
SET state = CASE state WHEN 'abandoned' THEN 'active' ELSE state END, active_at = :now
WHERE id = :project_id
RETURNING state

-- name: finish_handles
-- Let locked initial handles be done without an attempt, and say how open the project and their share are then.
WITH ended AS (
    UPDATE dispatch.handles AS handle
    SET state = 'done'
    WHERE handle.project_id = :project_id
      AND handle.position = ANY(:positions::integer[])
      AND handle.state = 'initial'
    RETURNING handle.project_id, handle.position, handle.share_id, handle.location_id, handle.attempts
), kept AS (
    INSERT INTO dispatch.finished (project_id, position, share_id) SELECT project_id, position, share_id FROM ended
), ready AS (
    DELETE FROM dispatch.ready
    USING ended
    WHERE ready.project_id = ended.project_id
      AND ready.location_id = ended.location_id
      AND ready.attempts = ended.attempts
      AND ready.position = ended.position
), aside AS (
    DELETE FROM dispatch.unlocated AS aside
    WHERE aside.project_id = :project_id AND aside.position = ANY(:positions)
    RETURNING aside.position
), pausing AS (
    DELETE FROM dispatch.resting AS pausing
    WHERE pausing.project_id = :project_id AND pausing.position = ANY(:positions)
    RETURNING pausing.position
), by_share AS MATERIALIZED (
    SELECT ended.share_id, count(*) AS count, count(aside.position) AS unlocated_count,
           count(pausing.position) AS resting_count
    FROM ended
    LEFT JOIN aside ON aside.position = ended.position
    LEFT JOIN pausing ON pausing.position = ended.position
    GROUP BY ended.share_id
), total AS MATERIALIZED (
    SELECT sum(count)::bigint AS count, sum(unlocated_count)::bigint AS unlocated_count,
           sum(resting_count)::bigint AS resting_count
    FROM by_share
    HAVING count(*) > 0
), project AS (
    UPDATE dispatch.projects AS project
    SET initial_count = project.initial_count - total.count,
        done_count = project.done_count + total.count,
        unlocated_count = project.unlocated_count - total.unlocated_count,
        resting_count = project.resting_count - total.resting_count,
        active_at = :now
    FROM total
    WHERE project.id = :project_id
    RETURNING project.experiment_id, project.state, project.total_count,
              project.initial_count + project.reserved_count AS open_count, project.failed_count
), share AS (
    UPDATE dispatch.shares AS share
    SET initial_count = share.initial_count - by_share.count,
        done_count = share.done_count + by_share.count,
        unlocated_count = share.unlocated_count - by_share.unlocated_count,
        resting_count = share.resting_count - by_share.resting_count
    FROM by_share CROSS JOIN project
    WHERE share.id = by_share.share_id
    RETURNING share.id, share.initial_count + share.reserved_count - share.gone_initial_count AS open_count
)
SELECT share.id AS share_id, project.experiment_id, project.state AS project_state,
       project.total_count AS project_total_count, project.open_count AS project_open_count,
       project.failed_count AS project_failed_count, share.open_count AS share_open_count
FROM project LEFT JOIN share ON true
ORDER BY share.id

-- name: list_gone_positions
-- List the next places of a share where handles were that went on in another one, in one of the states then, in order.
SELECT gone.position
FROM unnest(:states::text[]) AS chosen (state)
CROSS JOIN LATERAL (
    SELECT outcome.position
    FROM dispatch.share_outcomes AS outcome
    WHERE outcome.share_id = :share_id AND outcome.state = chosen.state AND outcome.position > :after
    ORDER BY outcome.position
    LIMIT :count::bigint
) AS gone
ORDER BY gone.position
LIMIT :count

-- name: list_share_files
-- List the next files of shares in the order of project and place. One that went from one of the shares to another is
-- in the last of them that it was in, with its state there; what left all of them is as it was when it did.
WITH given AS MATERIALIZED (
    SELECT share.id AS share_id,
           CASE WHEN share.project_id = :after_project_id::bigint THEN :after_position::integer ELSE -1 END AS after
    FROM dispatch.shares AS share
    WHERE share.id = ANY(:share_ids::bigint[]) AND share.project_id >= :after_project_id
), files AS (
    SELECT mine.*
    FROM given
    CROSS JOIN LATERAL (
        SELECT handle.project_id, handle.position, handle.share_id, handle.namespace, handle.name, handle.fid,
               handle.size_bytes, handle.attributes, handle.state
        FROM dispatch.handles AS handle
        WHERE handle.share_id = given.share_id
          AND (:states::text[] IS NULL OR handle.state = ANY(:states))
          AND handle.position > given.after
        ORDER BY handle.position
        LIMIT :count::bigint
    ) AS mine
    UNION ALL
    SELECT mine.*
    FROM given
    CROSS JOIN LATERAL (
        SELECT gone.project_id, gone.position, gone.share_id, gone.namespace, gone.name, gone.fid, gone.size_bytes,
               gone.attributes, gone.state
        FROM dispatch.share_outcomes AS gone
        WHERE gone.share_id = given.share_id
          AND (:states IS NULL OR gone.state = ANY(:states))
          AND gone.position > given.after
          AND NOT EXISTS (
              SELECT FROM dispatch.share_outcomes AS later
              WHERE later.share_id = ANY(:share_ids)
                AND later.share_id > gone.share_id
                AND later.project_id = gone.project_id
                AND later.position = gone.position
          )
          AND NOT EXISTS (
              SELECT FROM dispatch.handles AS handle
              WHERE handle.project_id = gone.project_id
                AND handle.position = gone.position
                AND handle.share_id = ANY(:share_ids)
          )
        ORDER BY gone.position
        LIMIT :count
    ) AS mine
)
SELECT files.project_id, files.position, files.share_id, files.namespace, files.name, files.fid, files.size_bytes,
       files.attributes, files.state
FROM files
ORDER BY files.project_id, files.position
LIMIT :count

-- name: count_merged
-- Count the distinct files of shares by state. A file that went from one of the shares to another counts as it is in the
-- last of them; of a file in several projects the best state counts.
WITH places AS (
    SELECT handle.project_id, handle.position, handle.share_id, true AS is_present, handle.namespace, handle.name,
           CASE handle.state WHEN 'done' THEN 6 WHEN 'reserved' THEN 5 WHEN 'failed' THEN 1 ELSE
               CASE WHEN aside.position IS NOT NULL THEN 2 WHEN pausing.position IS NOT NULL THEN 3 ELSE 4 END
           END AS rank
    FROM dispatch.handles AS handle
    LEFT JOIN dispatch.unlocated AS aside
        ON aside.project_id = handle.project_id AND aside.position = handle.position
    LEFT JOIN dispatch.resting AS pausing
        ON pausing.project_id = handle.project_id AND pausing.position = handle.position
    WHERE handle.share_id = ANY(:share_ids::bigint[])
    UNION ALL
    SELECT gone.project_id, gone.position, gone.share_id, false, gone.namespace, gone.name,
           CASE gone.state WHEN 'done' THEN 6 WHEN 'failed' THEN 1 ELSE 4 END
    FROM dispatch.share_outcomes AS gone
    WHERE gone.share_id = ANY(:share_ids)
), latest AS (
    SELECT DISTINCT ON (project_id, position) namespace, name, rank
    FROM places
    ORDER BY project_id, position, is_present DESC, share_id DESC
), files AS (
    SELECT max(rank) AS rank FROM latest GROUP BY namespace, name
)
SELECT count(*) AS total_count,
       count(*) FILTER (WHERE rank BETWEEN 2 AND 4) AS initial_count,
       count(*) FILTER (WHERE rank = 2) AS unlocated_count,
       count(*) FILTER (WHERE rank = 5) AS reserved_count,
       count(*) FILTER (WHERE rank = 6) AS done_count,
       count(*) FILTER (WHERE rank = 1) AS failed_count,
       count(*) FILTER (WHERE rank = 3) AS resting_count
FROM files

-- name: list_done_files
-- List the next done files of a project, behind a place, that a ledger has not given out, in order. The ledger is asked
-- for each of them, which OFFSET keeps the planner to: few are read until there are enough.
SELECT handle.project_id, handle.position, handle.share_id, handle.namespace, handle.name, handle.fid,
       handle.size_bytes, handle.attributes, handle.state, handle.attempts, handle.worker_id, handle.reserved_at,
       '' AS reason
FROM dispatch.handles AS handle
WHERE handle.project_id = :project_id
  AND handle.position > :after::integer
  AND handle.state = 'done'
  AND NOT EXISTS (
      SELECT FROM catalog.taken_files AS taken
      WHERE taken.ledger_id = :ledger_id
        AND taken.file_key = coalesce(handle.fid, handle.namespace || ':' || handle.name)
      OFFSET 0
  )
ORDER BY handle.position
LIMIT :count::bigint

-- name: list_left_done_files
-- List the first done files of a project that a ledger has not given out, in order. All are looked at, and all that the
-- ledger has: a probe for each would take three times as long when most of them were given out.
WITH done AS MATERIALIZED (
    SELECT handle.position, coalesce(handle.fid, handle.namespace || ':' || handle.name) AS file_key
    FROM dispatch.handles AS handle
    WHERE handle.project_id = :project_id AND handle.state = 'done'
), taken AS MATERIALIZED (
    SELECT entry.file_key FROM catalog.taken_files AS entry WHERE entry.ledger_id = :ledger_id
), chosen AS MATERIALIZED (
    SELECT done.position
    FROM done
    WHERE NOT EXISTS (SELECT FROM taken WHERE taken.file_key = done.file_key)
    ORDER BY done.position
    LIMIT :count::bigint
)
SELECT handle.project_id, handle.position, handle.share_id, handle.namespace, handle.name, handle.fid,
       handle.size_bytes, handle.attributes, handle.state, handle.attempts, handle.worker_id, handle.reserved_at,
       '' AS reason
FROM chosen
JOIN dispatch.handles AS handle ON handle.project_id = :project_id AND handle.position = chosen.position
ORDER BY handle.position
