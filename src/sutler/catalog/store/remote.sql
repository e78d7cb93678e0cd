-- name: insert_selection
-- Open the answer to a query.
INSERT INTO catalog.selections (experiment_id, created_at) VALUES (:experiment_id, :now) RETURNING id

-- name: insert_selected
-- Append files to an answer, without those that it has or that the ledger has, and count those that are new.
WITH added AS (
    INSERT INTO catalog.selection_files (selection_id, position, fid, namespace, name, size_bytes)
    SELECT :selection_id, :first + given.rank, given.fid, given.namespace, given.name, given.size_bytes
    FROM unnest(:fids::text[], :namespaces::text[], :names::text[], :sizes::bigint[])
        WITH ORDINALITY AS given (fid, namespace, name, size_bytes, rank)
    WHERE NOT EXISTS (
        SELECT FROM catalog.ledger_entries AS entry
        WHERE entry.ledger_id = :ledger_id::bigint AND entry.file_key = given.fid
        OFFSET 0
    )
    ON CONFLICT DO NOTHING
    RETURNING fid
)
SELECT count(*) FROM added

-- name: complete_selection
-- Say that an answer is all there.
UPDATE catalog.selections SET is_complete = true WHERE id = :selection_id

-- name: find_selection
-- Tell which experiment a whole answer belongs to.
SELECT experiment_id FROM catalog.selections WHERE id = :selection_id AND is_complete FOR KEY SHARE

-- name: list_selected
-- Read the first files of an answer.
SELECT fid, namespace, name, size_bytes FROM catalog.selection_files
WHERE selection_id = :selection_id
ORDER BY position
LIMIT :limit::bigint

-- name: take_selected
-- Enter the first files of an answer that are not in the ledger, and read them.
WITH chosen AS MATERIALIZED (
    SELECT kept.position, kept.fid, kept.namespace, kept.name, kept.size_bytes
    FROM catalog.selection_files AS kept
    WHERE kept.selection_id = :selection_id AND NOT EXISTS (
        SELECT FROM catalog.ledger_entries AS entry
        WHERE entry.ledger_id = :ledger_id AND entry.file_key = kept.fid
        OFFSET 0
    )
    ORDER BY kept.position
    LIMIT :limit::bigint
), entered AS (
    INSERT INTO catalog.ledger_entries (ledger_id, file_key) SELECT :ledger_id, chosen.fid FROM chosen
)
SELECT fid, namespace, name, size_bytes FROM chosen ORDER BY position

-- name: count_taken
-- Count what is in a ledger.
SELECT count(*) FROM catalog.ledger_entries WHERE ledger_id = :ledger_id

-- name: list_old_selections
-- Read the oldest answers made before an instant.
SELECT id FROM catalog.selections WHERE created_at < :before ORDER BY id LIMIT :count

-- name: delete_selected
-- Delete some files of an answer and count them.
WITH deleted AS (
    DELETE FROM catalog.selection_files
    WHERE selection_id = :selection_id AND position IN (
        SELECT position FROM catalog.selection_files
        WHERE selection_id = :selection_id
        ORDER BY position
        LIMIT :count
    )
    RETURNING position
)
SELECT count(*) FROM deleted

-- name: delete_selection
-- Delete an answer that holds no files any more.
DELETE FROM catalog.selections WHERE id = :selection_id

-- name: insert_remote_files
-- Enter files that are to be declared elsewhere, passing over those whose name is taken.
INSERT INTO catalog.remote_files
    (experiment_id, role, fid, namespace, name, size_bytes, checksums, metadata, parents, dataset, share_id, created_at,
     created_by)
SELECT :experiment_id, :role, given.fid, given.namespace, given.name, given.size_bytes, given.checksums::jsonb,
    given.metadata::jsonb, :parents::text[], :dataset, :share_id, :now, :username
FROM unnest(
    :fids::text[], :namespaces::text[], :names::text[], :sizes::bigint[], :checksums::text[], :metadata::text[]
) AS given (fid, namespace, name, size_bytes, checksums, metadata)
ON CONFLICT (experiment_id, namespace, name) DO NOTHING

-- name: lock_remote_files
-- Read files by name and keep others from changing them, in the order of their numbers.
SELECT f.id, f.fid, f.namespace, f.name, f.size_bytes, f.checksums, f.metadata, f.parents, f.dataset, f.state, f.version
FROM unnest(:namespaces::text[], :names::text[]) AS given (namespace, name)
JOIN catalog.remote_files AS f
    ON f.experiment_id = :experiment_id AND f.namespace = given.namespace AND f.name = given.name
ORDER BY f.id
FOR UPDATE OF f

-- name: send_again
-- Have a file sent once more, as it is described now.
UPDATE catalog.remote_files
SET size_bytes = :size_bytes, checksums = :checksums::jsonb, metadata = :metadata::jsonb, parents = :parents::text[],
    dataset = :dataset, share_id = :share_id, state = 'pending', reason = '', version = version + 1
WHERE id = :file_id

-- name: ensure_queue
-- Open the queue of a role.
INSERT INTO catalog.remote_queues (experiment_id, role, due_at) VALUES (:experiment_id, :role, :now)
ON CONFLICT DO NOTHING

-- name: claim_queue
-- Take the queue that is due longest and has files, past those that other processes take, for a while.
WITH due AS (
    SELECT queue.experiment_id, queue.role
    FROM catalog.remote_queues AS queue
    WHERE queue.due_at <= :now AND EXISTS (
        SELECT FROM catalog.remote_files AS f
        WHERE f.experiment_id = queue.experiment_id AND f.role = queue.role AND f.state = 'pending'
    )
    ORDER BY queue.due_at
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
UPDATE catalog.remote_queues AS queue
SET due_at = :until
FROM due
WHERE queue.experiment_id = due.experiment_id AND queue.role = due.role
RETURNING queue.experiment_id, queue.role, queue.tries

-- name: list_sendable
-- Read the first files of a queue none of whose parents is still to be declared.
SELECT f.id, f.fid, f.namespace, f.name, f.size_bytes, f.checksums, f.metadata, f.parents, f.dataset, f.state, f.version
FROM catalog.remote_files AS f
WHERE f.experiment_id = :experiment_id AND f.role = :role AND f.state = 'pending' AND NOT EXISTS (
    SELECT FROM unnest(f.parents) AS wanted (did)
    JOIN catalog.remote_files AS parent
        ON parent.experiment_id = f.experiment_id
        AND parent.namespace = split_part(wanted.did, ':', 1)
        AND parent.name = substr(wanted.did, strpos(wanted.did, ':') + 1)
    WHERE parent.state = 'pending'
)
ORDER BY f.id
LIMIT :count

-- name: list_planned_parents
-- Read what datasets are below.
SELECT did, parent FROM catalog.remote_datasets WHERE experiment_id = :experiment_id AND did = ANY(:dids::text[])

-- name: insert_remote_dataset
-- Remember a dataset that outputs go to.
INSERT INTO catalog.remote_datasets (experiment_id, did, parent) VALUES (:experiment_id, :did, :parent)
ON CONFLICT DO NOTHING

-- name: record_outcomes
-- Write down what became of files that were sent, unless they have changed since. An empty reason: declared.
UPDATE catalog.remote_files AS f
SET state = CASE WHEN given.reason = '' THEN 'declared' ELSE 'refused' END,
    reason = given.reason,
    declared_at = CASE WHEN given.reason = '' THEN :now::timestamptz END
FROM (
    SELECT id, version, reason
    FROM unnest(:file_ids::bigint[], :versions::integer[], :reasons::text[]) AS sent (id, version, reason)
    ORDER BY id
) AS given
WHERE f.id = given.id AND f.version = given.version AND f.state = 'pending'

-- name: settle_queue
-- Say when a queue is looked at again, and why not now.
UPDATE catalog.remote_queues
SET tries = :tries, due_at = :due_at, reason = :reason
WHERE experiment_id = :experiment_id AND role = :role

-- name: hurry_queues
-- Look at what an experiment has to declare at once.
UPDATE catalog.remote_queues SET tries = 0, due_at = :now WHERE experiment_id = :experiment_id

-- name: retry_refused
-- Have some files that were refused sent once more, and count them.
WITH chosen AS (
    SELECT id FROM catalog.remote_files
    WHERE experiment_id = :experiment_id AND state = 'refused' AND id > :after
    ORDER BY id
    LIMIT :count
    FOR UPDATE
), changed AS (
    UPDATE catalog.remote_files AS f
    SET state = 'pending', reason = '', version = f.version + 1
    FROM chosen
    WHERE f.id = chosen.id
    RETURNING f.id
)
SELECT count(*) AS count, max(id) AS last FROM changed

-- name: count_undeclared
-- Count what a share put out and is not declared, with why: of the queue that waits, and of one that was refused.
SELECT count(*) FILTER (WHERE f.state = 'pending') AS pending_count,
    count(*) FILTER (WHERE f.state = 'refused') AS refused_count,
    coalesce(max(f.reason) FILTER (WHERE f.state = 'refused'), '') AS refusal,
    coalesce((
        SELECT max(queue.reason) FROM catalog.remote_queues AS queue WHERE queue.experiment_id = :experiment_id
    ), '') AS reason
FROM catalog.remote_files AS f
WHERE f.share_id = :share_id AND f.state <> 'declared'

-- name: list_undeclared
-- Read those of these files that are not declared.
SELECT id FROM catalog.remote_files WHERE id = ANY(:file_ids::bigint[]) AND state <> 'declared'
