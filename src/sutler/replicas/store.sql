-- name: insert_rse
-- Make a storage element; no row if the experiment has one of that name.
INSERT INTO replicas.rses (
    experiment_id, name, description, url_prefix, is_tape, preference, pin_url, poll_url, remove_prefix, add_prefix,
    pin_prefix, interface, created_at
)
VALUES (
    :experiment_id, :name, :description, :url_prefix, :is_tape, :preference, :pin_url, :poll_url, :remove_prefix,
    :add_prefix, :pin_prefix, :interface, :now
)
ON CONFLICT (experiment_id, name) DO NOTHING
RETURNING id, experiment_id, name, description, url_prefix, is_enabled, is_available, is_tape, preference, created_at,
          pin_url, poll_url, remove_prefix, add_prefix, pin_prefix, interface

-- name: find_rse
-- Look a storage element up by name.
SELECT id, experiment_id, name, description, url_prefix, is_enabled, is_available, is_tape, preference, created_at,
       pin_url, poll_url, remove_prefix, add_prefix, pin_prefix, interface
FROM replicas.rses WHERE experiment_id = :experiment_id AND name = :name

-- name: lock_rse
-- Look a storage element up by name and keep others from changing it.
SELECT id, experiment_id, name, description, url_prefix, is_enabled, is_available, is_tape, preference, created_at,
       pin_url, poll_url, remove_prefix, add_prefix, pin_prefix, interface
FROM replicas.rses WHERE experiment_id = :experiment_id AND name = :name
FOR UPDATE

-- name: list_rses
-- Read the storage elements of an experiment.
SELECT id, experiment_id, name, description, url_prefix, is_enabled, is_available, is_tape, preference, created_at,
       pin_url, poll_url, remove_prefix, add_prefix, pin_prefix, interface
FROM replicas.rses WHERE experiment_id = :experiment_id
ORDER BY preference, name

-- name: list_usable_rse_ids
-- List the storage elements of all experiments that can be read now.
SELECT id FROM replicas.rses WHERE is_enabled AND is_available

-- name: list_rses_named
-- Read those storage elements of an experiment that have one of these names.
SELECT id, experiment_id, name, description, url_prefix, is_enabled, is_available, is_tape, preference, created_at,
       pin_url, poll_url, remove_prefix, add_prefix, pin_prefix, interface
FROM replicas.rses WHERE experiment_id = :experiment_id AND name = ANY (:names::text[])

-- name: update_rse
-- Change everything about a storage element but its name.
UPDATE replicas.rses
SET description = :description, url_prefix = :url_prefix, is_enabled = :is_enabled, is_available = :is_available,
    is_tape = :is_tape, preference = :preference, pin_url = :pin_url, poll_url = :poll_url,
    remove_prefix = :remove_prefix, add_prefix = :add_prefix, pin_prefix = :pin_prefix, interface = :interface
WHERE id = :rse_id

-- name: has_replicas
-- Tell whether there is any replica on a storage element.
SELECT EXISTS (SELECT FROM replicas.replicas WHERE rse_id = :rse_id)

-- name: count_replicas
-- Count the replicas on a storage element, as far as `at_most`.
SELECT count(*) FROM (SELECT FROM replicas.replicas WHERE rse_id = :rse_id LIMIT :at_most) AS counted

-- name: delete_rse
-- Delete a storage element without replicas.
DELETE FROM replicas.rses WHERE id = :rse_id

-- name: list_proximity
-- Read how far the storage elements of an experiment are from its sites.
SELECT site, rse_name AS rse, distance FROM replicas.proximity
WHERE experiment_id = :experiment_id
ORDER BY site, rse_name

-- name: delete_proximity
-- Forget how far the storage elements of an experiment are from its sites.
DELETE FROM replicas.proximity WHERE experiment_id = :experiment_id

-- name: insert_proximity
-- Note how far storage elements are from sites.
INSERT INTO replicas.proximity (experiment_id, site, rse_name, distance)
SELECT :experiment_id, given.site, given.rse, given.distance
FROM unnest(:sites::text[], :rses::text[], :distances::integer[]) AS given (site, rse, distance)

-- name: upsert_replicas
-- Record replicas in the order of their key, so that two calls never wait for each other, with an event per storage
-- element that got something new. What is recorded already is changed only if `may_change` says so.
WITH stored AS (
    INSERT INTO replicas.replicas AS replica (namespace, name, rse_id, experiment_id, url, is_staged, created_at)
    SELECT given.namespace, given.name, given.rse_id, :experiment_id::bigint, given.url, given.is_staged,
           :now::timestamptz
    FROM unnest(:namespaces::text[], :names::text[], :rse_ids::bigint[], :urls::text[], :staged::boolean[])
         AS given (namespace, name, rse_id, url, is_staged)
    ORDER BY given.namespace, given.name, given.rse_id
    ON CONFLICT (namespace, name, rse_id) DO UPDATE SET url = excluded.url, is_staged = excluded.is_staged
    WHERE :may_change::boolean
      AND (replica.url, replica.is_staged) IS DISTINCT FROM (excluded.url, excluded.is_staged)
    RETURNING rse_id
),
counted AS (
    SELECT rse_id, count(*) AS stored_count FROM stored GROUP BY rse_id
)
SELECT rse.name AS rse, counted.stored_count,
       database.append_event(
           :now, :experiment_id, :actor, 'replicas.replicas_added', 'rse', rse.name,
           jsonb_build_object('rse', rse.name, 'count', counted.stored_count)
       )
FROM counted JOIN replicas.rses AS rse ON rse.id = counted.rse_id

-- name: count_differing
-- Count the replicas that are recorded in another way than given here.
SELECT count(*)
FROM unnest(:namespaces::text[], :names::text[], :rse_ids::bigint[], :urls::text[], :staged::boolean[])
     AS given (namespace, name, rse_id, url, is_staged)
JOIN replicas.replicas AS replica USING (namespace, name, rse_id)
WHERE (replica.url, replica.is_staged) IS DISTINCT FROM (given.url, given.is_staged)

-- name: list_replicas
-- Read the replicas of files, in the order of the files, best storage element first; NULL experiments means all.
SELECT replica.namespace, replica.name, rse.name AS rse, replica.url, replica.experiment_id, rse.preference,
       rse.is_enabled AND rse.is_available AND replica.is_staged AS is_usable, replica.is_staged,
       rse.is_enabled AND rse.is_available AS is_rse_available
FROM unnest(:namespaces::text[], :names::text[]) WITH ORDINALITY AS given (namespace, name, position)
JOIN replicas.replicas AS replica ON replica.namespace = given.namespace AND replica.name = given.name
JOIN replicas.rses AS rse ON rse.id = replica.rse_id
WHERE :experiment_ids::bigint[] IS NULL OR replica.experiment_id = ANY (:experiment_ids::bigint[])
ORDER BY given.position, rse.preference, rse.name

-- name: note_horizons
-- Note on the oldest changes, where it is not yet, who may have looked before them: everybody who has begun by now. The
-- end of a snapshot would not do: it is behind the last transaction that has ended, not behind the last that has begun.
UPDATE replicas.changes
SET horizon = pg_current_xact_id()
WHERE horizon IS NULL AND seq IN (SELECT seq FROM replicas.changes ORDER BY seq LIMIT :count)

-- name: list_changes
-- List those of the oldest changes that nobody of this database who looked before them is still working on. Sessions show
-- the lower half of the number of their transaction; the rest follows from its being near the newest.
WITH newest AS (
    SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS xid
), running AS (
    SELECT newest.xid - (
        (newest.xid - session.backend_xid::text::bigint + 2147483648) % 4294967296 - 2147483648
    ) AS xid
    FROM newest CROSS JOIN pg_stat_activity AS session
    WHERE session.datname = current_database()
      AND session.backend_type = 'client backend'
      AND session.pid <> pg_backend_pid()
      AND session.backend_xid IS NOT NULL
)
SELECT seq, experiment_id, namespace, name
FROM (
    SELECT seq, experiment_id, namespace, name, horizon FROM replicas.changes ORDER BY seq LIMIT :count
) AS oldest
WHERE horizon IS NOT NULL
  AND NOT EXISTS (SELECT FROM running WHERE running.xid < oldest.horizon::text::bigint)
ORDER BY seq

-- name: delete_changes
-- Forget changes.
DELETE FROM replicas.changes WHERE seq = ANY(:seqs::bigint[])

-- name: postpone_changes
-- Put changes behind all others, as if they were new.
UPDATE replicas.changes SET seq = DEFAULT, horizon = NULL WHERE seq = ANY(:seqs::bigint[])
