-- One cycle for pgbench: reserve one row with SKIP LOCKED and release it by key, a statement and a transaction each.
--
-- The kindest case for it: every client begins at a place of its own and goes on behind the row that it had last, so
-- clients do not meet, and none of them passes over the rows that are gone already. A client that finds no row ends.
\if :mine < 0
\set mine :client_id * :handles / :clients
\endif
WITH picked AS (
    SELECT project_id, location_id, attempts, position
    FROM bench.ready
    WHERE project_id = :project AND location_id = :location AND attempts = 0 AND position >= :mine
    ORDER BY position
    LIMIT 1
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM bench.ready
    USING picked
    WHERE ready.project_id = picked.project_id
      AND ready.location_id = picked.location_id
      AND ready.attempts = picked.attempts
      AND ready.position = picked.position
)
UPDATE bench.handles AS handle
SET state = 'reserved', attempts = handle.attempts + 1, worker_id = 'bench_' || :client_id, reserved_at = now()
FROM picked
WHERE handle.project_id = picked.project_id AND handle.position = picked.position
RETURNING handle.position AS mine \gset
UPDATE bench.handles SET state = 'done', worker_id = NULL WHERE project_id = :project AND position = :mine;
