-- name: append_event
-- Append one event with the id of this transaction.
INSERT INTO database.events (at, experiment_id, actor, kind, subject_kind, subject_id, facts)
VALUES (:at, :experiment_id, :actor, :kind, :subject_kind, :subject_id, :facts::jsonb)

-- name: read_horizon
-- Say before which transaction id every transaction of this database has ended. Other databases of the server do not count.
SELECT coalesce(min(running::text::bigint), pg_snapshot_xmax(pg_current_snapshot())::text::bigint)
FROM pg_snapshot_xip(pg_current_snapshot()) AS running
JOIN pg_stat_activity AS session
    ON session.backend_xid::text::bigint = running::text::bigint % 4294967296
   AND session.datname = current_database()

-- name: list_events_after
-- hot
-- Read events behind a cursor up to a horizon, so that none that commits late is skipped.
SELECT seq, at, txid, experiment_id, actor, kind, subject_kind, subject_id, facts
FROM database.events
WHERE (txid, seq) > (:txid, :seq)
  AND txid < :horizon
ORDER BY txid, seq
LIMIT :count

-- name: list_events_of
-- Read the newest events of one subject.
SELECT seq, at, txid, experiment_id, actor, kind, subject_kind, subject_id, facts
FROM database.events
WHERE subject_kind = :subject_kind AND subject_id = :subject_id
ORDER BY seq DESC
LIMIT :count

-- name: lock_cursor
-- Read the place a follower has reached, and keep other processes from following in its name.
SELECT txid, seq FROM database.event_cursors WHERE follower = :follower FOR UPDATE

-- name: create_cursor
-- Start a follower at the beginning of what is kept.
INSERT INTO database.event_cursors (follower, txid, seq) VALUES (:follower, 0, 0) ON CONFLICT DO NOTHING

-- name: move_cursor
-- Remember the place a follower has reached, unless another process in its name is further already.
UPDATE database.event_cursors SET txid = :txid, seq = :seq
WHERE follower = :follower AND (txid, seq) < (:txid, :seq)

-- name: create_event_partitions
-- Make the partitions of this month and the next two, where they are missing.
SELECT database.create_event_partitions(:now)
