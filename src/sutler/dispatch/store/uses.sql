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
-- Read the handles of the newest attempts that put a file out.
SELECT attempt.project_id, attempt.position, handle.state,
    CASE WHEN jsonb_typeof(project.attributes -> 'submission_id') = 'number'
        THEN (project.attributes -> 'submission_id')::bigint END AS submission_id
FROM dispatch.attempt_outputs AS produced
CROSS JOIN LATERAL (
    SELECT own.project_id, own.position FROM dispatch.attempts AS own WHERE own.id = produced.attempt_id
) AS attempt
CROSS JOIN LATERAL (
    SELECT own.experiment_id, own.attributes FROM dispatch.projects AS own WHERE own.id = produced.project_id
) AS project
CROSS JOIN LATERAL (
    SELECT own.state FROM dispatch.handles AS own
    WHERE own.project_id = attempt.project_id AND own.position = attempt.position
) AS handle
WHERE produced.file_id = :file_id
    AND (:experiment_ids::bigint[] IS NULL OR project.experiment_id = ANY(:experiment_ids::bigint[]))
ORDER BY produced.attempt_id DESC
LIMIT :count
