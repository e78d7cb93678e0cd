-- Where files are: storage elements and the copies on them.
CREATE SCHEMA replicas;

CREATE TABLE replicas.rses (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id),
    name text NOT NULL,
    description text NOT NULL DEFAULT '',
    url_prefix text NOT NULL DEFAULT '',
    is_enabled boolean NOT NULL DEFAULT true,
    is_available boolean NOT NULL DEFAULT true,
    is_tape boolean NOT NULL DEFAULT false,
    preference integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    CONSTRAINT rses_experiment_name_key UNIQUE (experiment_id, name),
    CONSTRAINT rses_name_check CHECK (name ~ '^[A-Za-z0-9_.-]{1,64}$')
);

-- A replica belongs to a DID, not to a row of the catalogue: projects may name files that no catalogue knows.
CREATE TABLE replicas.replicas (
    namespace text NOT NULL,
    name text NOT NULL,
    rse_id bigint NOT NULL REFERENCES replicas.rses (id),
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id),
    url text NOT NULL,
    is_staged boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (namespace, name, rse_id)
);
CREATE INDEX replicas_rse_idx ON replicas.replicas (rse_id);

-- Published: copies that can be read now.
CREATE VIEW replicas.usable AS
    SELECT replica.namespace, replica.name, replica.experiment_id, replica.url, rse.id AS rse_id, rse.name AS rse,
           rse.preference
    FROM replicas.replicas AS replica JOIN replicas.rses AS rse ON rse.id = replica.rse_id
    WHERE rse.is_enabled AND rse.is_available AND replica.is_staged;
