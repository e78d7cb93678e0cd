-- name: lock_experiment
-- Let nobody else change the services of an experiment meanwhile.
SELECT id FROM auth.experiments WHERE id = :experiment_id FOR NO KEY UPDATE

-- name: upsert_service
-- Set where a service of an experiment is.
INSERT INTO auth.services
    (experiment_id, kind, server_url, auth_url, account, timeout, updated_at, updated_by)
VALUES (:experiment_id, :kind, :server_url, :auth_url, :account, :timeout_for, :now, :username)
ON CONFLICT (experiment_id, kind) DO UPDATE SET
    server_url = EXCLUDED.server_url, auth_url = EXCLUDED.auth_url, account = EXCLUDED.account,
    timeout = EXCLUDED.timeout, updated_at = EXCLUDED.updated_at, updated_by = EXCLUDED.updated_by
RETURNING experiment_id, kind, server_url, auth_url, account, timeout AS timeout_for, updated_at, updated_by

-- name: find_service
-- Read one service of an experiment.
SELECT experiment_id, kind, server_url, auth_url, account, timeout AS timeout_for, updated_at, updated_by
FROM auth.services WHERE experiment_id = :experiment_id AND kind = :kind

-- name: list_services
-- Read the services of an experiment.
SELECT experiment_id, kind, server_url, auth_url, account, timeout AS timeout_for, updated_at, updated_by
FROM auth.services WHERE experiment_id = :experiment_id ORDER BY kind

-- name: delete_service
-- Forget a service of an experiment.
DELETE FROM auth.services WHERE experiment_id = :experiment_id AND kind = :kind

-- name: upsert_credential
-- Keep what an experiment signs in with at a service for one side.
INSERT INTO auth.service_credentials
    (experiment_id, kind, side, method, username, secret_sealed, changed_at, changed_by)
VALUES (:experiment_id, :kind, :side, :method, :username, :secret_sealed, :now, :changed_by)
ON CONFLICT (experiment_id, kind, side) DO UPDATE SET
    method = EXCLUDED.method, username = EXCLUDED.username, secret_sealed = EXCLUDED.secret_sealed,
    changed_at = EXCLUDED.changed_at, changed_by = EXCLUDED.changed_by
RETURNING experiment_id, kind, side, method, username, changed_at, changed_by

-- name: list_credentials
-- Read what an experiment signs in with, without the secrets.
SELECT experiment_id, kind, side, method, username, changed_at, changed_by
FROM auth.service_credentials WHERE experiment_id = :experiment_id ORDER BY kind, side

-- name: find_credential
-- Read what to sign in with for one side: its own, else that of any.
SELECT experiment_id, kind, side, method, username, changed_at, changed_by, secret_sealed
FROM auth.service_credentials
WHERE experiment_id = :experiment_id AND kind = :kind AND side IN (:side, 'any')
ORDER BY side = 'any'
LIMIT 1

-- name: delete_credential
-- Forget what an experiment signs in with for one side.
DELETE FROM auth.service_credentials WHERE experiment_id = :experiment_id AND kind = :kind AND side = :side

-- name: delete_credentials
-- Forget all that an experiment signs in with at a service.
DELETE FROM auth.service_credentials WHERE experiment_id = :experiment_id AND kind = :kind RETURNING side
