-- What ended a batch job that did not end by itself, and the most memory its processes used at once.
ALTER TABLE launch.batch_jobs
    ADD COLUMN cause text NOT NULL DEFAULT '',
    ADD COLUMN peak_memory_bytes bigint,
    ADD CONSTRAINT batch_jobs_cause_check CHECK (cause IN ('', 'memory', 'time', 'signal', 'stopped'));
