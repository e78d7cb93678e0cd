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
