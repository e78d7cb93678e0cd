-- Declaring files without asking for each row whether what it refers to is there. The checks of foreign keys were a
-- third of what the database did for a file, and found nothing: whoever enters rows holds what they refer to. A file is
-- entered into a namespace that the same transaction has read, and namespaces are neither removed nor renamed; its
-- experiment is that of the namespace. A link or a member is entered by a transaction that declared the file itself or
-- keeps it with a lock against being deleted, and that keeps the dataset with a lock. The other side, which is rare,
-- is still checked row by row: nothing goes that something refers to.
ALTER TABLE catalog.files
    DROP CONSTRAINT files_namespace_fkey,
    DROP CONSTRAINT files_experiment_id_fkey;
ALTER TABLE catalog.provenance
    DROP CONSTRAINT provenance_parent_id_fkey,
    DROP CONSTRAINT provenance_child_id_fkey;
ALTER TABLE catalog.dataset_files
    DROP CONSTRAINT dataset_files_dataset_id_fkey,
    DROP CONSTRAINT dataset_files_file_id_fkey;

CREATE FUNCTION catalog.keep_namespace() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the namespace % stays: files are known by it', OLD.name USING ERRCODE = 'foreign_key_violation';
END
$$;
CREATE TRIGGER namespaces_stay BEFORE DELETE ON catalog.namespaces
    FOR EACH ROW EXECUTE FUNCTION catalog.keep_namespace();
CREATE TRIGGER namespaces_keep_name BEFORE UPDATE OF name, experiment_id ON catalog.namespaces
    FOR EACH ROW WHEN (OLD.name <> NEW.name OR OLD.experiment_id <> NEW.experiment_id)
    EXECUTE FUNCTION catalog.keep_namespace();

CREATE FUNCTION catalog.keep_used_file() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM catalog.dataset_files WHERE file_id = OLD.id)
        OR EXISTS (SELECT FROM catalog.provenance WHERE parent_id = OLD.id OR child_id = OLD.id)
    THEN
        RAISE EXCEPTION 'the file %:% is in a dataset or has relatives', OLD.namespace, OLD.name
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER files_keep_used AFTER DELETE ON catalog.files
    FOR EACH ROW EXECUTE FUNCTION catalog.keep_used_file();

CREATE FUNCTION catalog.keep_used_dataset() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM catalog.dataset_files WHERE dataset_id = OLD.id) THEN
        RAISE EXCEPTION 'the dataset %:% has files', OLD.namespace, OLD.name USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER datasets_keep_used AFTER DELETE ON catalog.datasets
    FOR EACH ROW EXECUTE FUNCTION catalog.keep_used_dataset();
