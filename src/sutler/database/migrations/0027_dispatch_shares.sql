-- Several shares in one project: files go on from one to the next, and the first keeps what became of them there.

-- Shares whose files others may take. Not a column: who reports a file holds the row of the share, and nobody who closes
-- one should wait for it, or keep it waiting.
CREATE TABLE dispatch.closed_shares (
    share_id bigint PRIMARY KEY REFERENCES dispatch.shares (id) ON DELETE CASCADE,
    closed_at timestamptz NOT NULL
);
INSERT INTO dispatch.closed_shares (share_id, closed_at)
    SELECT share.id, coalesce(submission.ended_at, share.created_at)
    FROM dispatch.shares AS share
    LEFT JOIN campaigns.submissions AS submission ON submission.share_id = share.id
    WHERE submission.id IS NULL OR submission.ended_at IS NOT NULL;

-- What a share keeps of a file that went on in another one, as it was then: counted in the share for ever. The file is
-- written down with it, as it may be taken out of the project. Written once, never changed.
CREATE TABLE dispatch.share_outcomes (
    share_id bigint NOT NULL REFERENCES dispatch.shares (id) ON DELETE CASCADE,
    position integer NOT NULL,
    project_id bigint NOT NULL,
    namespace text NOT NULL,
    name text NOT NULL,
    fid text,
    size_bytes bigint,
    attributes jsonb NOT NULL,
    state text NOT NULL,
    attempts integer NOT NULL,
    reason text NOT NULL,
    taken_by_share_id bigint NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (share_id, position),
    CONSTRAINT share_outcomes_state_check CHECK (state IN ('initial', 'done', 'failed'))
);
CREATE INDEX share_outcomes_state_idx ON dispatch.share_outcomes (share_id, state, position);

-- One row exactly while a handle is done although no attempt ended so. `attempts_ended_idx` leads to all others.
CREATE TABLE dispatch.finished (
    project_id bigint NOT NULL,
    position integer NOT NULL,
    share_id bigint,
    PRIMARY KEY (project_id, position)
);

-- How many of the initial handles that a share counts went on in another one: the share does not wait for them.
ALTER TABLE dispatch.shares
    ADD COLUMN gone_initial_count bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT shares_gone_initial_check CHECK (
        gone_initial_count >= 0 AND gone_initial_count + unlocated_count + resting_count <= initial_count
    );

-- Published: what of a share is still open, besides its counts.
CREATE OR REPLACE VIEW dispatch.share_progress AS
    SELECT id AS share_id, project_id, total_count, initial_count, unlocated_count, reserved_count, done_count,
           failed_count, output_count, initial_count + reserved_count - gone_initial_count AS open_count
    FROM dispatch.shares;

-- Published: which files ledgers have given out.
CREATE VIEW catalog.taken_files AS SELECT ledger_id, file_key FROM catalog.ledger_entries;
