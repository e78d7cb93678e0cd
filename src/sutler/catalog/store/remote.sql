-- name: insert_selection
-- Open the answer to a query.
INSERT INTO catalog.selections (experiment_id, created_at) VALUES (:experiment_id, :now) RETURNING id

-- name: insert_selected
-- Append files to an answer, without those that it has or that the ledger has; count and measure those that are new.
WITH added AS (
    INSERT INTO catalog.selection_files
        (selection_id, position, fid, namespace, name, size_bytes, event_count, group_value)
    SELECT :selection_id, :first + given.rank, given.fid, given.namespace, given.name, given.size_bytes,
        given.event_count, given.group_value::jsonb
    FROM unnest(
        :fids::text[], :namespaces::text[], :names::text[], :sizes::bigint[], :event_counts::numeric[],
        :group_values::text[]
    ) WITH ORDINALITY AS given (fid, namespace, name, size_bytes, event_count, group_value, rank)
    WHERE NOT EXISTS (
        SELECT FROM catalog.ledger_entries AS entry
        WHERE entry.ledger_id = :ledger_id::bigint AND entry.file_key = given.fid
        OFFSET 0
    )
    ON CONFLICT DO NOTHING
    RETURNING size_bytes, event_count
)
SELECT count(*) AS count,
    coalesce(sum(CASE :measure::text WHEN 'events' THEN event_count ELSE size_bytes END), 0) AS amount
FROM added

-- name: complete_selection
-- Say that an answer is all there.
UPDATE catalog.selections SET is_complete = true WHERE id = :selection_id

-- name: find_selection
-- Tell which experiment a whole answer belongs to.
SELECT experiment_id FROM catalog.selections WHERE id = :selection_id AND is_complete FOR KEY SHARE

-- name: find_selected_group
-- Find the value of the next group of an answer: the smallest number, then the first text; or that of the first file.
SELECT grouped.item::text
FROM catalog.selection_files AS kept
CROSS JOIN LATERAL catalog.list_group_values(kept.group_value) WITH ORDINALITY AS grouped (item, rank)
WHERE kept.selection_id = :selection_id AND NOT EXISTS (
    SELECT FROM catalog.ledger_entries AS entry
    WHERE entry.ledger_id = :ledger_id::bigint AND entry.file_key = kept.fid
    OFFSET 0
)
ORDER BY
    CASE WHEN :is_ascending::boolean AND jsonb_typeof(grouped.item) = 'number' THEN grouped.item::numeric END NULLS LAST,
    CASE WHEN :is_ascending::boolean THEN grouped.item #>> '{}' END COLLATE "C",
    kept.position,
    grouped.rank
LIMIT 1

-- name: count_selected_without_group
-- Count the files of an answer that belong to no group.
SELECT count(*)
FROM catalog.selection_files AS kept
WHERE kept.selection_id = :selection_id AND NOT EXISTS (SELECT FROM catalog.list_group_values(kept.group_value))

-- name: take_selected
-- Enter the first files of an answer that are not in the ledger, if there is one, and read them. They are those of a
-- group, of a part, or those whose running sum stays within an amount.
WITH ranked AS (
    SELECT kept.position, kept.fid, kept.namespace, kept.name, kept.size_bytes, kept.event_count, kept.group_value,
        row_number() OVER (ORDER BY kept.position) AS rank
    FROM catalog.selection_files AS kept
    WHERE kept.selection_id = :selection_id
), wanted AS (
    SELECT ranked.position, ranked.fid, ranked.namespace, ranked.name, ranked.size_bytes,
        row_number() OVER (ORDER BY ranked.position) AS place,
        sum(CASE :measure::text WHEN 'events' THEN coalesce(ranked.event_count, 0) ELSE coalesce(ranked.size_bytes, 0) END)
            OVER (ORDER BY ranked.position) AS amount
    FROM ranked
    WHERE NOT EXISTS (
        SELECT FROM catalog.ledger_entries AS entry
        WHERE entry.ledger_id = :ledger_id::bigint AND entry.file_key = ranked.fid
        OFFSET 0
    )
    AND (
        :group_item::text IS NULL
        OR :group_item::text::jsonb IN (SELECT catalog.list_group_values(ranked.group_value))
    )
    AND CASE
        WHEN :part::bigint IS NULL THEN true
        WHEN :ledger_id::bigint IS NULL THEN (ranked.rank - 1) % :part_count::bigint = :part::bigint
        ELSE EXISTS (
            SELECT FROM catalog.ledger_parts AS placed
            WHERE placed.ledger_id = :ledger_id::bigint AND placed.file_key = ranked.fid AND placed.part = :part::bigint
            OFFSET 0
        )
    END
), chosen AS MATERIALIZED (
    SELECT wanted.position, wanted.fid, wanted.namespace, wanted.name, wanted.size_bytes
    FROM wanted
    WHERE :most::numeric IS NULL OR wanted.place = 1 OR wanted.amount <= :most::numeric
    ORDER BY wanted.position
    LIMIT :limit::bigint
), entered AS (
    INSERT INTO catalog.ledger_entries (ledger_id, file_key)
    SELECT :ledger_id::bigint, chosen.fid FROM chosen WHERE :ledger_id::bigint IS NOT NULL
)
SELECT fid, namespace, name, size_bytes FROM chosen ORDER BY position

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
