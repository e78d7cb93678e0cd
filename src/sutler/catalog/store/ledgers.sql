-- name: insert_ledger
-- Open a ledger.
INSERT INTO catalog.ledgers (experiment_id, created_at) VALUES (:experiment_id, :now) RETURNING id

-- name: lock_ledger
-- Keep others from taking by a ledger until this transaction ends, and tell the experiment it belongs to.
SELECT experiment_id FROM catalog.ledgers WHERE id = :ledger_id FOR NO KEY UPDATE
