-- Catalogues elsewhere: what was selected there for a launch, and what has to be declared there.

-- The answer to a query, kept so that a transaction can take from it. Removed after use; an hour later at the latest.
CREATE TABLE catalog.selections (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id),
    is_complete boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL
);
CREATE TABLE catalog.selection_files (
    selection_id bigint NOT NULL REFERENCES catalog.selections (id),
    position bigint NOT NULL,
    fid text COLLATE "C" NOT NULL,
    namespace text NOT NULL,
    name text NOT NULL,
    size_bytes bigint,
    PRIMARY KEY (selection_id, position),
    UNIQUE (selection_id, fid)
);

-- Files that were put out here and are, or are to be, declared elsewhere. Their numbers are those of files of the
-- built-in catalogue, so that whoever refers to a file by its number can refer to either. What of a row has changed
-- since it was sent is seen by its version.
CREATE TABLE catalog.remote_files (
    id bigint PRIMARY KEY DEFAULT nextval('catalog.files_id_seq'),
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id),
    role text NOT NULL,
    fid text COLLATE "C" NOT NULL CONSTRAINT remote_files_fid_key UNIQUE,
    namespace text NOT NULL,
    name text NOT NULL,
    size_bytes bigint NOT NULL,
    checksums jsonb NOT NULL DEFAULT '{}',
    metadata jsonb NOT NULL DEFAULT '{}',
    parents text[] NOT NULL DEFAULT '{}', -- DIDs
    dataset text,
    share_id bigint, -- of the room above, which asks for the counts of one
    state text NOT NULL DEFAULT 'pending',
    reason text NOT NULL DEFAULT '',
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    declared_at timestamptz,
    CONSTRAINT remote_files_name_key UNIQUE (experiment_id, namespace, name),
    CONSTRAINT remote_files_size_check CHECK (size_bytes >= 0),
    CONSTRAINT remote_files_state_check CHECK (state IN ('pending', 'declared', 'refused'))
);
CREATE INDEX remote_files_pending_idx ON catalog.remote_files (experiment_id, role, id) WHERE state = 'pending';
CREATE INDEX remote_files_refused_idx ON catalog.remote_files (experiment_id, id) WHERE state = 'refused';
CREATE INDEX remote_files_undeclared_idx ON catalog.remote_files (share_id, state) WHERE state <> 'declared';

-- Datasets that outputs go to, with the one above, to be made there before the first file is declared.
CREATE TABLE catalog.remote_datasets (
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id),
    did text NOT NULL,
    parent text,
    PRIMARY KEY (experiment_id, did)
);

-- Files to be declared go there side by side by role, whose credential may differ: one queue waits without the others.
CREATE TABLE catalog.remote_queues (
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id),
    role text NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL,
    reason text NOT NULL DEFAULT '',
    PRIMARY KEY (experiment_id, role)
);

CREATE OR REPLACE VIEW catalog.file_facts AS
    SELECT id, fid, namespace, name, experiment_id, size_bytes, metadata, created_at, retired_at FROM catalog.files
    UNION ALL
    SELECT id, fid, namespace, name, experiment_id, size_bytes, metadata, created_at, NULL::timestamptz
    FROM catalog.remote_files;
