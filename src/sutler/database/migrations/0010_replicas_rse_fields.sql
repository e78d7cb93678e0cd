-- What staging needs to know of a storage element, and how far storage is from where jobs run.
ALTER TABLE replicas.rses
    ADD COLUMN pin_url text,
    ADD COLUMN poll_url text,
    ADD COLUMN remove_prefix text,
    ADD COLUMN add_prefix text,
    ADD COLUMN pin_prefix text,
    ADD COLUMN interface text;

-- Smaller is nearer, negative is never. DEFAULT stands for every site or storage element that is not named.
CREATE TABLE replicas.proximity (
    experiment_id bigint NOT NULL REFERENCES auth.experiments (id) ON DELETE CASCADE,
    site text NOT NULL,
    rse_name text NOT NULL,
    distance integer NOT NULL,
    PRIMARY KEY (experiment_id, site, rse_name)
);
