-- name: insert_indexed_key
-- Ask for an index on a key, again if it failed or is about to go; nothing happens to one that is there.
INSERT INTO catalog.indexed_keys (key, kind, state, created_at, created_by, changed_at)
VALUES (:key, :kind, 'building', :now, :username, :now)
ON CONFLICT (key, kind) DO UPDATE SET state = 'building', reason = '', changed_at = :now
WHERE indexed_keys.state IN ('failed', 'dropping')
RETURNING id, key, kind, state, reason, created_at, created_by, changed_at

-- name: find_indexed_key
-- Read what is known of an index on a key.
SELECT id, key, kind, state, reason, created_at, created_by, changed_at
FROM catalog.indexed_keys
WHERE key = :key AND kind = :kind

-- name: list_indexed_keys
-- Read all keys for which an index was asked.
SELECT id, key, kind, state, reason, created_at, created_by, changed_at
FROM catalog.indexed_keys
ORDER BY key, kind

-- name: find_unfinished_key
-- Read the first key whose index is to be built or dropped.
SELECT id, key, kind, state, reason, created_at, created_by, changed_at
FROM catalog.indexed_keys
WHERE state IN ('building', 'dropping')
ORDER BY id
LIMIT 1

-- name: change_key_state
-- Move an index on a key from one state to another, unless it is not in the first any more.
UPDATE catalog.indexed_keys SET state = :new_state, reason = :reason, changed_at = :now
WHERE id = :number AND state = :old_state

-- name: delete_indexed_key
-- Forget an index that was dropped, unless somebody asked for it again meanwhile.
DELETE FROM catalog.indexed_keys WHERE id = :number AND state = 'dropping'

-- name: is_index_valid
-- Say whether the index on a key is whole: null when there is none, false when its making was broken off.
SELECT entry.indisvalid
FROM pg_catalog.pg_index AS entry JOIN pg_catalog.pg_class AS relation ON relation.oid = entry.indexrelid
WHERE relation.relnamespace = 'catalog'::regnamespace AND relation.relname = format('files_key_%s_idx', :number::bigint)

-- name: write_build_command
-- Write the command that makes the index on a key while others go on writing.
SELECT CASE kind
    WHEN 'number' THEN format(
        'CREATE INDEX CONCURRENTLY files_key_%s_idx ON catalog.files (catalog.number_at(metadata, %L))', id, key
    )
    ELSE format(
        'CREATE INDEX CONCURRENTLY files_key_%s_idx ON catalog.files (catalog.text_at(metadata, %L) COLLATE "C")', id, key
    )
END
FROM catalog.indexed_keys
WHERE id = :number

-- name: write_drop_command
-- Write the command that drops the index on a key, whole or not.
SELECT format('DROP INDEX CONCURRENTLY IF EXISTS catalog.files_key_%s_idx', :number::bigint)
