-- Who asks and what they may do: experiments, users, memberships, tokens.
CREATE SCHEMA auth;

CREATE TABLE auth.experiments (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CONSTRAINT experiments_name_key UNIQUE,
    full_name text NOT NULL DEFAULT '',
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    CONSTRAINT experiments_name_check CHECK (name ~ '^[a-z][a-z0-9_]{0,31}$')
);

CREATE TABLE auth.users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    username text NOT NULL CONSTRAINT users_username_key UNIQUE,
    display_name text NOT NULL DEFAULT '',
    email text NOT NULL DEFAULT '',
    password_hash text,
    is_admin boolean NOT NULL DEFAULT false,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    signed_in_at timestamptz,
    CONSTRAINT users_username_check CHECK (username ~ '^[A-Za-z0-9_.@-]{1,64}$')
);

CREATE TABLE auth.memberships (
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id) ON DELETE CASCADE,
    user_id bigint NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    role text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (experiment_id, user_id),
    CONSTRAINT memberships_role_check CHECK (role IN ('analysis', 'production-shifter', 'production', 'superuser'))
);
CREATE INDEX memberships_user_idx ON auth.memberships (user_id);

-- Every token that was given out and can be taken back, by the jti it carries.
CREATE TABLE auth.tokens (
    jti uuid PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    kind text NOT NULL,
    label text NOT NULL DEFAULT '',
    experiment_id bigint REFERENCES auth.experiments (id) ON DELETE CASCADE,
    project_id bigint,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT tokens_kind_check CHECK (kind IN ('api', 'session', 'job'))
);
CREATE INDEX tokens_user_idx ON auth.tokens (user_id);
CREATE INDEX tokens_expires_idx ON auth.tokens (expires_at);

CREATE TABLE auth.signing_keys (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key_id text NOT NULL CONSTRAINT signing_keys_key_id_key UNIQUE,
    secret text NOT NULL,
    created_at timestamptz NOT NULL
);

-- Published: names and people for the pages of upper rooms.
CREATE VIEW auth.experiment_names AS SELECT id, name FROM auth.experiments;
CREATE VIEW auth.user_names AS SELECT id, username, display_name FROM auth.users;
