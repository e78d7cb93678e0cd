-- name: insert_ledger
-- Open a ledger.
INSERT INTO catalog.ledgers (experiment_id, created_at) VALUES (:experiment_id, :now) RETURNING id

-- name: find_ledger
-- Look at a ledger: whose it is, where it stands and into how many parts it is cut.
SELECT experiment_id, part_count, taken_digest, taken_created_at, taken_fid
FROM catalog.ledgers
WHERE id = :ledger_id

-- name: lock_ledger
-- Keep others from taking by a ledger until this transaction ends, and look at it.
SELECT experiment_id, part_count, taken_digest, taken_created_at, taken_fid
FROM catalog.ledgers
WHERE id = :ledger_id
FOR NO KEY UPDATE

-- name: count_entries
-- Count what is in a ledger.
SELECT count(*) FROM catalog.ledger_entries WHERE ledger_id = :ledger_id

-- name: enter_taken
-- Enter files.
INSERT INTO catalog.ledger_entries (ledger_id, file_key) SELECT :ledger_id, unnest(:fids::text[])

-- name: note_taken
-- Say up to which file everything of a selection was taken.
UPDATE catalog.ledgers
SET taken_digest = :digest, taken_created_at = :created_at, taken_fid = :fid
WHERE id = :ledger_id

-- name: keep_part_count
-- Say into how many parts a ledger is cut.
UPDATE catalog.ledgers SET part_count = :part_count WHERE id = :ledger_id

-- name: keep_parts_of_selected
-- Enter the files of an answer into the parts of a ledger, one after the other in its order.
INSERT INTO catalog.ledger_parts (ledger_id, file_key, part, position)
SELECT :ledger_id, placed.fid, (placed.rank - 1) % :part_count::bigint, placed.rank
FROM (
    SELECT kept.fid, row_number() OVER (ORDER BY kept.position) AS rank
    FROM catalog.selection_files AS kept
    WHERE kept.selection_id = :selection_id
) AS placed
