-- What files are: namespaces, files with metadata and provenance, datasets, ledgers.
CREATE SCHEMA catalog;

CREATE TABLE catalog.namespaces (
    name text PRIMARY KEY,
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id),
    description text NOT NULL DEFAULT '',
    owner_user_id bigint REFERENCES auth.users (id),
    owner_role text,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    CONSTRAINT namespaces_name_check CHECK (name ~ '^[A-Za-z0-9_./-]+$'),
    CONSTRAINT namespaces_owner_check CHECK (num_nonnulls(owner_user_id, owner_role) = 1),
    CONSTRAINT namespaces_owner_role_check
        CHECK (owner_role IN ('analysis', 'production-shifter', 'production', 'superuser'))
);
CREATE INDEX namespaces_experiment_idx ON catalog.namespaces (experiment_id, name);

CREATE TABLE catalog.files (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fid text COLLATE "C" NOT NULL CONSTRAINT files_fid_key UNIQUE, -- ties in the order of files must not depend on a locale
    namespace text NOT NULL REFERENCES catalog.namespaces (name),
    name text NOT NULL,
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id),
    size_bytes bigint,
    checksums jsonb NOT NULL DEFAULT '{}',
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    updated_at timestamptz,
    updated_by text,
    retired_at timestamptz,
    retired_by text,
    CONSTRAINT files_namespace_name_key UNIQUE (namespace, name),
    CONSTRAINT files_size_check CHECK (size_bytes >= 0)
);
CREATE INDEX files_metadata_idx ON catalog.files USING gin (metadata jsonb_path_ops);
CREATE INDEX files_created_idx ON catalog.files (created_at, fid);

CREATE TABLE catalog.provenance (
    parent_id bigint NOT NULL REFERENCES catalog.files (id),
    child_id bigint NOT NULL REFERENCES catalog.files (id),
    PRIMARY KEY (parent_id, child_id),
    CONSTRAINT provenance_self_check CHECK (parent_id <> child_id)
);
CREATE INDEX provenance_child_idx ON catalog.provenance (child_id, parent_id);

CREATE TABLE catalog.datasets (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    namespace text NOT NULL REFERENCES catalog.namespaces (name),
    name text NOT NULL,
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id),
    description text NOT NULL DEFAULT '',
    frozen boolean NOT NULL DEFAULT false,
    monotonic boolean NOT NULL DEFAULT false,
    metadata jsonb NOT NULL DEFAULT '{}',
    file_count bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    updated_at timestamptz,
    updated_by text,
    CONSTRAINT datasets_namespace_name_key UNIQUE (namespace, name)
);
CREATE INDEX datasets_experiment_idx ON catalog.datasets (experiment_id, id);

CREATE TABLE catalog.dataset_files (
    dataset_id bigint NOT NULL REFERENCES catalog.datasets (id),
    file_id bigint NOT NULL REFERENCES catalog.files (id),
    PRIMARY KEY (dataset_id, file_id)
);
CREATE INDEX dataset_files_file_idx ON catalog.dataset_files (file_id, dataset_id);

CREATE TABLE catalog.dataset_children (
    parent_id bigint NOT NULL REFERENCES catalog.datasets (id),
    child_id bigint NOT NULL REFERENCES catalog.datasets (id),
    PRIMARY KEY (parent_id, child_id),
    CONSTRAINT dataset_children_self_check CHECK (parent_id <> child_id)
);
CREATE INDEX dataset_children_child_idx ON catalog.dataset_children (child_id);

-- A ledger is a set of files that were given out once; a file enters it once.
CREATE TABLE catalog.ledgers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id),
    created_at timestamptz NOT NULL
);
CREATE TABLE catalog.ledger_entries (
    ledger_id bigint NOT NULL REFERENCES catalog.ledgers (id) ON DELETE CASCADE,
    file_key text COLLATE "C" NOT NULL,
    PRIMARY KEY (ledger_id, file_key)
);

-- A session keeps plans, also those of its foreign key checks, that were made when a table had a page or two: they read
-- the whole table. After many rows came in, or before a statement that depends on it, plans are made anew.
CREATE FUNCTION catalog.forget_plans() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DISCARD PLANS;
END
$$;

-- Published: what upper rooms may join with.
CREATE VIEW catalog.file_facts AS
    SELECT id, fid, namespace, name, experiment_id, size_bytes, metadata, created_at, retired_at FROM catalog.files;
CREATE VIEW catalog.file_parents AS SELECT child_id, parent_id FROM catalog.provenance;
