-- Sum the sizes of the files of a dataset from the index alone: the rows, which hold the metadata, are not read for it.
ALTER TABLE catalog.files
    DROP CONSTRAINT files_pkey,
    ADD CONSTRAINT files_pkey PRIMARY KEY (id) INCLUDE (size_bytes, experiment_id, retired_at);
