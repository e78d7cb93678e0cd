-- Other services that an experiment uses, and what it signs in with there. Secrets are sealed with a key that is never
-- kept in the database.
CREATE TABLE auth.services (
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id) ON DELETE CASCADE,
    kind text NOT NULL,
    server_url text NOT NULL,
    auth_url text NOT NULL,
    account text NOT NULL DEFAULT '',
    timeout interval NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL,
    PRIMARY KEY (experiment_id, kind),
    CONSTRAINT services_kind_check CHECK (kind IN ('metacat', 'rucio')),
    CONSTRAINT services_timeout_check CHECK (timeout > interval '0')
);

-- Nothing is left of a credential when its service is removed.
CREATE TABLE auth.service_credentials (
    experiment_id bigint NOT NULL,
    kind text NOT NULL,
    side text NOT NULL,
    method text NOT NULL,
    username text NOT NULL,
    secret_sealed text NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    PRIMARY KEY (experiment_id, kind, side),
    FOREIGN KEY (experiment_id, kind) REFERENCES auth.services (experiment_id, kind) ON DELETE CASCADE,
    CONSTRAINT service_credentials_side_check CHECK (side IN ('any', 'analysis', 'production')),
    CONSTRAINT service_credentials_method_check CHECK (method IN ('password', 'token'))
);

-- Published: which experiments use which services, for the statements of upper rooms.
CREATE VIEW auth.service_kinds AS SELECT experiment_id, kind FROM auth.services;
