-- Whether the work that a closed share belongs to is over: then its own workers are given nothing more either. The share
-- of a project that nobody owns is closed from the beginning, and whoever names it goes on being served.
ALTER TABLE dispatch.closed_shares ADD COLUMN is_over boolean NOT NULL DEFAULT false;
UPDATE dispatch.closed_shares AS closed
    SET is_over = true
    FROM campaigns.submissions AS submission
    WHERE submission.share_id = closed.share_id;
