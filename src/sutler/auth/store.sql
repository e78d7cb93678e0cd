-- name: insert_experiment
-- Make an experiment; no row if the name is taken.
INSERT INTO auth.experiments (name, full_name, created_at)
VALUES (:name, :full_name, :now)
ON CONFLICT (name) DO NOTHING
RETURNING id, name, full_name, is_active, created_at

-- name: find_experiment
-- Look an experiment up by name.
SELECT id, name, full_name, is_active, created_at FROM auth.experiments WHERE name = :name

-- name: list_experiments
-- Read all experiments.
SELECT id, name, full_name, is_active, created_at FROM auth.experiments ORDER BY name

-- name: insert_user
-- Make a user; no row if the name is taken.
INSERT INTO auth.users (username, display_name, email, password_hash, is_admin, created_at)
VALUES (:username, :display_name, :email, :password_hash, :is_admin, :now)
ON CONFLICT (username) DO NOTHING
RETURNING id, username, display_name, email, is_admin, is_active, created_at, signed_in_at

-- name: find_user
-- Look a user up by name.
SELECT id, username, display_name, email, is_admin, is_active, created_at, signed_in_at
FROM auth.users WHERE username = :username

-- name: find_user_by_id
-- Look a user up by number.
SELECT id, username, display_name, email, is_admin, is_active, created_at, signed_in_at
FROM auth.users WHERE id = :user_id

-- name: list_users
-- Read all users.
SELECT id, username, display_name, email, is_admin, is_active, created_at, signed_in_at
FROM auth.users ORDER BY username

-- name: has_users
-- Tell whether there is any user.
SELECT EXISTS (SELECT FROM auth.users)

-- name: find_credentials
-- Read what signing in is checked against.
SELECT id AS user_id, username, password_hash, is_active FROM auth.users WHERE username = :username

-- name: set_password
-- Change the password of a user.
UPDATE auth.users SET password_hash = :password_hash WHERE id = :user_id

-- name: mark_signed_in
-- Remember when a user signed in, provided that the password is still the one that was checked.
UPDATE auth.users SET signed_in_at = :now
WHERE id = :user_id AND password_hash = :password_hash AND is_active

-- name: set_membership
-- Give a user a role in an experiment, instead of the one there may be.
INSERT INTO auth.memberships AS membership (experiment_id, user_id, role, created_at)
VALUES (:experiment_id, :user_id, :role, :now)
ON CONFLICT (experiment_id, user_id) DO UPDATE SET role = excluded.role
WHERE membership.role <> excluded.role

-- name: delete_membership
-- Take a user out of an experiment.
DELETE FROM auth.memberships WHERE experiment_id = :experiment_id AND user_id = :user_id

-- name: list_members
-- Read the members of an experiment.
SELECT member.username, member.display_name, membership.role
FROM auth.memberships AS membership JOIN auth.users AS member ON member.id = membership.user_id
WHERE membership.experiment_id = :experiment_id
ORDER BY member.username

-- name: insert_group
-- Make a group; no row if the name is taken.
INSERT INTO auth.groups (experiment_id, name, description, created_at)
VALUES (:experiment_id, :name, :description, :now)
ON CONFLICT (name) DO NOTHING
RETURNING name, experiment_id, description, '{}'::text[] AS members

-- name: find_group
-- Look a group up by name, with its members who still belong to its experiment.
SELECT found.name, found.experiment_id, found.description,
       ARRAY(
           SELECT member.username
           FROM auth.group_members AS listed
           JOIN auth.users AS member ON member.id = listed.user_id
           JOIN auth.memberships AS membership
               ON membership.experiment_id = found.experiment_id AND membership.user_id = listed.user_id
           WHERE listed.group_id = found.id
           ORDER BY member.username
       ) AS members
FROM auth.groups AS found
WHERE found.name = :name

-- name: list_groups
-- Read the groups of an experiment, with their members who still belong to it.
SELECT found.name, found.experiment_id, found.description,
       ARRAY(
           SELECT member.username
           FROM auth.group_members AS listed
           JOIN auth.users AS member ON member.id = listed.user_id
           JOIN auth.memberships AS membership
               ON membership.experiment_id = found.experiment_id AND membership.user_id = listed.user_id
           WHERE listed.group_id = found.id
           ORDER BY member.username
       ) AS members
FROM auth.groups AS found
WHERE found.experiment_id = :experiment_id
ORDER BY found.name

-- name: insert_group_member
-- Put a user into a group.
INSERT INTO auth.group_members (group_id, user_id)
SELECT id, :user_id FROM auth.groups WHERE name = :name
ON CONFLICT DO NOTHING

-- name: delete_group_member
-- Take a user out of a group.
DELETE FROM auth.group_members AS listed
USING auth.groups AS found
WHERE found.name = :name AND listed.group_id = found.id AND listed.user_id = :user_id

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
