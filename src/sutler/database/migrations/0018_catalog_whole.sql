-- The rest of what a catalogue holds: owners that are groups, rules for metadata, named queries, keys with an index.

-- A namespace and a category of parameters belong to a user, to a role, or to a named group of the experiment. Groups
-- that follow from roles are not rows, so a group is known by its name, which is unique in the installation.
ALTER TABLE catalog.namespaces ADD COLUMN owner_group text;
ALTER TABLE catalog.namespaces DROP CONSTRAINT namespaces_owner_check;
ALTER TABLE catalog.namespaces
    ADD CONSTRAINT namespaces_owner_check CHECK (num_nonnulls(owner_user_id, owner_role, owner_group) = 1);

-- What the metadata of each file of a dataset must be like: {parameter: definition}.
ALTER TABLE catalog.datasets ADD COLUMN requirements jsonb NOT NULL DEFAULT '{}';

CREATE TABLE catalog.named_queries (
    namespace text NOT NULL REFERENCES catalog.namespaces (name),
    name text NOT NULL,
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id),
    source text NOT NULL,
    description text NOT NULL DEFAULT '',
    metadata jsonb NOT NULL DEFAULT '{}',
    parameters jsonb NOT NULL DEFAULT '[]', -- kept for old clients, which send a list that nothing uses
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    updated_at timestamptz,
    updated_by text,
    PRIMARY KEY (namespace, name)
);
CREATE INDEX named_queries_experiment_idx ON catalog.named_queries (experiment_id, namespace, name);

CREATE TABLE catalog.categories (
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id),
    path text NOT NULL, -- words with dots between them; a single dot is the root
    owner_user_id bigint REFERENCES auth.users (id),
    owner_role text,
    owner_group text,
    restricted boolean NOT NULL DEFAULT false,
    required boolean NOT NULL DEFAULT false,
    description text NOT NULL DEFAULT '',
    definitions jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    updated_at timestamptz,
    updated_by text,
    PRIMARY KEY (experiment_id, path),
    CONSTRAINT categories_owner_check CHECK (num_nonnulls(owner_user_id, owner_role, owner_group) = 1),
    CONSTRAINT categories_owner_role_check
        CHECK (owner_role IN ('analysis', 'production-shifter', 'production', 'superuser'))
);
