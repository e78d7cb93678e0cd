-- Which handles are near a worker.

-- Published: where copies are that could be read if their storage element were up.
CREATE VIEW replicas.copies AS
    SELECT namespace, name, experiment_id, rse_id FROM replicas.replicas WHERE is_staged;

-- Published: every copy that is recorded, whether or not it can be read.
CREATE VIEW replicas.recorded AS
    SELECT namespace, name, experiment_id, rse_id, is_staged FROM replicas.replicas;

-- A set of storage elements that hold copies of the same files, by number in order. Virtual files have the empty set.
CREATE TABLE dispatch.locations (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rse_ids bigint[] NOT NULL,
    CONSTRAINT locations_rse_ids_key UNIQUE (rse_ids)
);

-- Return the number of a set of storage elements, which is entered if it is new.
CREATE FUNCTION dispatch.ensure_location(wanted bigint[]) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    found integer;
BEGIN
    LOOP
        SELECT location.id INTO found FROM dispatch.locations AS location WHERE location.rse_ids = wanted;
        EXIT WHEN found IS NOT NULL;
        INSERT INTO dispatch.locations (rse_ids) VALUES (wanted) ON CONFLICT DO NOTHING;
    END LOOP;
    RETURN found;
END;
$$;

-- Known while a handle is ready or out, and after: where it goes when it comes back. Empty while it has no copy.
ALTER TABLE dispatch.handles ADD COLUMN location_id integer;

UPDATE dispatch.handles AS handle
SET location_id = dispatch.ensure_location(
    CASE WHEN project.is_virtual THEN '{}' ELSE ARRAY(
        SELECT copy.rse_id
        FROM replicas.copies AS copy
        WHERE copy.namespace = handle.namespace
          AND copy.name = handle.name
          AND copy.experiment_id = project.experiment_id
        ORDER BY copy.rse_id
    ) END
)
FROM dispatch.projects AS project
WHERE project.id = handle.project_id
  AND NOT EXISTS (
      SELECT FROM dispatch.unlocated AS aside
      WHERE aside.project_id = handle.project_id AND aside.position = handle.position
  );

-- Ready handles stand by location, so that those near a worker are found without reading the others.
ALTER TABLE dispatch.ready ADD COLUMN location_id integer;
UPDATE dispatch.ready AS ready
SET location_id = handle.location_id
FROM dispatch.handles AS handle
WHERE handle.project_id = ready.project_id AND handle.position = ready.position;
ALTER TABLE dispatch.ready
    ALTER COLUMN location_id SET NOT NULL,
    DROP CONSTRAINT ready_pkey,
    ADD PRIMARY KEY (project_id, location_id, attempts, position);
DROP INDEX dispatch.ready_share_idx;
CREATE INDEX ready_share_idx ON dispatch.ready (share_id, location_id, attempts, position);

-- The locations that a project has or had ready handles at.
CREATE TABLE dispatch.pools (
    project_id bigint NOT NULL REFERENCES dispatch.projects (id) ON DELETE CASCADE,
    location_id integer NOT NULL REFERENCES dispatch.locations (id),
    PRIMARY KEY (project_id, location_id)
);
INSERT INTO dispatch.pools (project_id, location_id)
    SELECT DISTINCT project_id, location_id FROM dispatch.handles WHERE location_id IS NOT NULL;

-- Where the last search ended is kept in memory now.
ALTER TABLE dispatch.projects DROP COLUMN ready_from;
ALTER TABLE dispatch.shares DROP COLUMN ready_from;
