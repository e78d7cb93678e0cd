-- name: lock_tree
-- Keep others from putting datasets of an experiment below each other until this transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('catalog/tree/' || :experiment_id::bigint::text, 0))

-- name: list_linked
-- Tell which of these datasets are directly below another one.
SELECT child_id FROM catalog.dataset_children WHERE parent_id = :parent_id AND child_id = ANY(:child_ids::bigint[])

-- name: link_datasets
-- Put datasets below another one.
INSERT INTO catalog.dataset_children (parent_id, child_id)
SELECT :parent_id, given.child_id FROM unnest(:child_ids::bigint[]) AS given (child_id)
ON CONFLICT DO NOTHING

-- name: unlink_datasets
-- Take a dataset out from below another one.
DELETE FROM catalog.dataset_children WHERE parent_id = :parent_id AND child_id = :child_id

-- name: unlink_everywhere
-- Take a dataset out of the tree.
DELETE FROM catalog.dataset_children WHERE parent_id = :dataset_id OR child_id = :dataset_id

-- name: list_circular_children
-- Tell which of these datasets are another one or anywhere above it.
WITH RECURSIVE above (id) AS (
    SELECT :parent_id::bigint
    UNION
    SELECT link.parent_id FROM above JOIN catalog.dataset_children AS link ON link.child_id = above.id
)
SELECT dataset.namespace, dataset.name
FROM above JOIN catalog.datasets AS dataset ON dataset.id = above.id
WHERE above.id = ANY(:child_ids::bigint[])
ORDER BY dataset.namespace, dataset.name

-- name: list_dataset_parents
-- Read the names of the first datasets directly above one.
SELECT dataset.namespace, dataset.name
FROM catalog.dataset_children AS link JOIN catalog.datasets AS dataset ON dataset.id = link.parent_id
WHERE link.child_id = :dataset_id
ORDER BY dataset.namespace, dataset.name
LIMIT :count

-- name: list_dataset_children
-- Read the names of the first datasets directly below one.
SELECT dataset.namespace, dataset.name
FROM catalog.dataset_children AS link JOIN catalog.datasets AS dataset ON dataset.id = link.child_id
WHERE link.parent_id = :dataset_id
ORDER BY dataset.namespace, dataset.name
LIMIT :count

-- name: count_dataset_relatives
-- Count the datasets directly above and below one, and those of all levels.
WITH RECURSIVE above (id) AS (
    SELECT parent_id FROM catalog.dataset_children WHERE child_id = :dataset_id
    UNION
    SELECT link.parent_id FROM above JOIN catalog.dataset_children AS link ON link.child_id = above.id
), below (id) AS (
    SELECT child_id FROM catalog.dataset_children WHERE parent_id = :dataset_id
    UNION
    SELECT link.child_id FROM below JOIN catalog.dataset_children AS link ON link.parent_id = below.id
)
SELECT
    (SELECT count(*) FROM catalog.dataset_children WHERE child_id = :dataset_id) AS parent_count,
    (SELECT count(*) FROM catalog.dataset_children WHERE parent_id = :dataset_id) AS child_count,
    (SELECT count(*) FROM above) AS superset_count,
    (SELECT count(*) FROM below) AS subset_count
