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
-- Say into how many parts a ledger is cut, if any file is in one: parts of nothing are made anew the next time.
UPDATE catalog.ledgers
SET part_count = :part_count
WHERE id = :ledger_id AND EXISTS (SELECT FROM catalog.ledger_parts WHERE ledger_id = :ledger_id)

-- name: find_next_part
-- Find the first part behind one of which a file is left: not given out and not retired.
SELECT kept.part
FROM catalog.ledger_parts AS kept
WHERE kept.ledger_id = :ledger_id AND kept.part > :after
  AND NOT EXISTS (
      SELECT FROM catalog.ledger_entries AS entry
      WHERE entry.ledger_id = kept.ledger_id AND entry.file_key = kept.file_key
  )
  AND NOT EXISTS (
      SELECT FROM catalog.files AS file WHERE file.fid = kept.file_key AND file.retired_at IS NOT NULL
  )
ORDER BY kept.part, kept.position
LIMIT 1

-- name: keep_parts_of_selected
-- Enter the files of an answer into the parts of a ledger, one after the other in its order.
INSERT INTO catalog.ledger_parts (ledger_id, file_key, part, position)
SELECT :ledger_id, placed.fid, (placed.rank - 1) % :part_count::bigint, placed.rank
FROM (
    SELECT kept.fid, row_number() OVER (ORDER BY kept.position) AS rank
    FROM catalog.selection_files AS kept
    WHERE kept.selection_id = :selection_id
) AS placed
