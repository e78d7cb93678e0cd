-- Submissions of all campaigns are looked for by who launched them and by when they were launched.
CREATE INDEX submissions_launcher_idx ON campaigns.submissions (launched_by, id);
CREATE INDEX submissions_since_idx ON campaigns.submissions (experiment_id, created_at);
