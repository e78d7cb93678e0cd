-- Find the attempt that put a file out by the file alone: what a generator made has no parents to be traced from.
CREATE INDEX attempt_outputs_file_idx ON dispatch.attempt_outputs (file_id);
