-- What somebody wants a submission to be called once its jobs are over: Cancelled or Removed. Until then its jobs go on.
ALTER TABLE campaigns.submissions
    ADD COLUMN called_off_as text,
    ADD CONSTRAINT submissions_called_off_check CHECK (called_off_as IN ('Cancelled', 'Removed'));
CREATE INDEX submissions_called_off_idx ON campaigns.submissions (id)
    WHERE called_off_as IS NOT NULL AND ended_at IS NULL;

-- Published: which handle an output came from.
CREATE VIEW dispatch.handle_outputs AS
    SELECT output.share_id, output.file_id, attempt.project_id, attempt.position
    FROM dispatch.attempt_outputs AS output JOIN dispatch.attempts AS attempt ON attempt.id = output.attempt_id;
