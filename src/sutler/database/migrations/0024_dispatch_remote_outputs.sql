-- An output is a file of the built-in catalogue or one that is declared elsewhere, so its number refers to either. Rows
-- are entered by a transaction that declared the file itself or keeps it; that nothing goes which is referred to is
-- still checked.
ALTER TABLE dispatch.attempt_outputs DROP CONSTRAINT attempt_outputs_file_id_fkey;

CREATE FUNCTION dispatch.keep_output() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM dispatch.attempt_outputs WHERE file_id = OLD.id) THEN
        RAISE EXCEPTION 'the file %:% is an output of a project', OLD.namespace, OLD.name
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER files_keep_outputs AFTER DELETE ON catalog.files
    FOR EACH ROW EXECUTE FUNCTION dispatch.keep_output();
