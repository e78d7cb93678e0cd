-- name: list_handles_of_file
-- hot
-- Read the newest handles of a file.
SELECT handle.project_id, handle.position, handle.state,
    CASE WHEN jsonb_typeof(project.attributes -> 'submission_id') = 'number'
        THEN (project.attributes -> 'submission_id')::bigint END AS submission_id
FROM dispatch.handles AS handle
CROSS JOIN LATERAL (
    SELECT own.experiment_id, own.attributes FROM dispatch.projects AS own WHERE own.id = handle.project_id
) AS project
WHERE handle.namespace = :namespace AND handle.name = :name
    AND (:experiment_ids::bigint[] IS NULL OR project.experiment_id = ANY(:experiment_ids::bigint[]))
ORDER BY handle.project_id DESC
LIMIT :count

-- name: list_makers_of_file
-- hot
-- Read the newest handles of other files whose attempts put a file out.
SELECT handle.project_id, handle.position, handle.state,
    CASE WHEN jsonb_typeof(project.attributes -> 'submission_id') = 'number'
        THEN (project.attributes -> 'submission_id')::bigint END AS submission_id
FROM unnest(:namespaces::text[], :names::text[]) AS given (namespace, name)
CROSS JOIN LATERAL (
    SELECT own.project_id, own.position, own.state FROM dispatch.handles AS own
    WHERE own.namespace = given.namespace AND own.name = given.name
    ORDER BY own.project_id DESC
    LIMIT :count
) AS handle
CROSS JOIN LATERAL (
    SELECT own.experiment_id, own.attributes FROM dispatch.projects AS own WHERE own.id = handle.project_id
) AS project
WHERE (:experiment_ids::bigint[] IS NULL OR project.experiment_id = ANY(:experiment_ids::bigint[]))
    AND EXISTS (
        SELECT FROM dispatch.attempts AS attempt
        CROSS JOIN LATERAL (
            SELECT FROM dispatch.attempt_outputs AS own
            WHERE own.attempt_id = attempt.id AND own.file_id = :file_id
            LIMIT 1
        ) AS output
        WHERE attempt.project_id = handle.project_id AND attempt.position = handle.position
    )
ORDER BY handle.project_id DESC, handle.position
LIMIT :count
