-- name: insert_token
-- Enter a token that is being given out.
INSERT INTO auth.tokens (jti, user_id, kind, label, experiment_id, project_id, created_at, expires_at)
VALUES (:jti, :user_id, :kind, :label, :experiment_id, :project_id, :now, :expires_at)

-- name: find_bearer
-- Read a user by name, the roles held, and the token that was shown, where it is this user's.
SELECT person.id AS user_id, person.username, person.display_name, person.is_admin, person.is_active,
       token.jti, token.kind, token.experiment_id, experiment.name AS experiment, token.project_id,
       token.expires_at, token.revoked_at, held.roles, held.experiments,
       ARRAY(
           SELECT joined.name
           FROM auth.group_members AS listed
           JOIN auth.groups AS joined ON joined.id = listed.group_id
           JOIN auth.memberships AS membership
               ON membership.experiment_id = joined.experiment_id AND membership.user_id = listed.user_id
           WHERE listed.user_id = person.id
       ) AS groups
FROM auth.users AS person
LEFT JOIN auth.tokens AS token ON token.jti = :jti AND token.user_id = person.id
LEFT JOIN auth.experiments AS experiment ON experiment.id = token.experiment_id
CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_object_agg(joined.id, membership.role), '{}') AS roles,
           coalesce(jsonb_object_agg(joined.id, joined.name), '{}') AS experiments
    FROM auth.memberships AS membership JOIN auth.experiments AS joined ON joined.id = membership.experiment_id
    WHERE membership.user_id = person.id
) AS held
WHERE person.username = :username

-- name: find_token_owner
-- Read whose token it is.
SELECT user_id FROM auth.tokens WHERE jti = :jti

-- name: list_tokens
-- Read the tokens of a user that are not expired, newest first; those of jobs come and go by themselves.
SELECT jti, kind, label, created_at, expires_at, revoked_at
FROM auth.tokens
WHERE user_id = :user_id AND expires_at > :now AND kind <> 'job'
ORDER BY created_at DESC, jti

-- name: revoke_token
-- Take a token back, unless that was done before.
UPDATE auth.tokens SET revoked_at = :now WHERE jti = :jti AND revoked_at IS NULL

-- name: revoke_sessions
-- Take back all browser sessions of a user but one.
UPDATE auth.tokens SET revoked_at = :now
WHERE user_id = :user_id AND kind = 'session' AND revoked_at IS NULL AND jti IS DISTINCT FROM :kept_jti

-- name: insert_signing_key
-- Enter a signing key, unless another process entered one of the same name before.
INSERT INTO auth.signing_keys (key_id, secret, created_at)
VALUES (:key_id, :secret, :now)
ON CONFLICT (key_id) DO NOTHING

-- name: list_signing_keys
-- Read the signing keys, oldest first.
SELECT key_id, secret FROM auth.signing_keys ORDER BY id

-- name: insert_digest_login
-- Switch digest sign-in on, unless it is.
INSERT INTO auth.digest_login (realm, nonce_key, created_at)
VALUES (:realm, :nonce_key, :now)
ON CONFLICT (is_on) DO NOTHING

-- name: delete_digest_login
-- Switch digest sign-in off.
DELETE FROM auth.digest_login

-- name: delete_digest_hashes
-- Forget what digest sign-in needed of passwords.
DELETE FROM auth.digest_hashes

-- name: find_digest_login
-- Read whether digest sign-in is on.
SELECT realm, nonce_key FROM auth.digest_login

-- name: upsert_digest_hash
-- Keep what digest sign-in needs of a password, instead of what there may be.
INSERT INTO auth.digest_hashes (user_id, ha1) VALUES (:user_id, :ha1)
ON CONFLICT (user_id) DO UPDATE SET ha1 = excluded.ha1

-- name: find_digest_hash
-- Read what digest sign-in needs of a user's password.
SELECT ha1 FROM auth.digest_hashes WHERE user_id = :user_id

-- name: insert_digest_nonce
-- Use a nonce up, unless that was done before; forget those that are too old to be used again.
WITH old AS (
    DELETE FROM auth.digest_nonces WHERE expires_at < :now AND nonce <> :nonce
)
INSERT INTO auth.digest_nonces (nonce, expires_at) VALUES (:nonce, :expires_at)
ON CONFLICT (nonce) DO NOTHING
