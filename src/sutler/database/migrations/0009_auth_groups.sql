-- Named groups of the members of an experiment, for what is open to some of them.
CREATE TABLE auth.groups (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id) ON DELETE CASCADE,
    name text NOT NULL CONSTRAINT groups_name_key UNIQUE,
    description text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    CONSTRAINT groups_name_check CHECK (name ~ '^[A-Za-z0-9_.-]{1,64}$')
);
CREATE INDEX groups_experiment_idx ON auth.groups (experiment_id);

CREATE TABLE auth.group_members (
    group_id bigint NOT NULL REFERENCES auth.groups (id) ON DELETE CASCADE,
    user_id bigint NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX group_members_user_idx ON auth.group_members (user_id);
