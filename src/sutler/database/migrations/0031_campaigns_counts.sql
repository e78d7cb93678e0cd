-- What lists and pages say of a campaign is kept by the statements that change it, so that looking costs the same for
-- ten submissions and for a million.

-- The stages of a campaign: changed by those who hold its lock to change it.
ALTER TABLE campaigns.campaigns
    ADD COLUMN stage_count integer NOT NULL DEFAULT 0,
    ADD CONSTRAINT campaigns_stage_count_check CHECK (stage_count >= 0);
UPDATE campaigns.campaigns AS campaign
SET stage_count = counted.stage_count
FROM (
    SELECT campaign_id, count(*) AS stage_count FROM campaigns.stages WHERE removed_at IS NULL GROUP BY campaign_id
) AS counted
WHERE counted.campaign_id = campaign.id;

-- Submissions of stages and of campaigns: changed by each launch and each end, apart from the rows that are locked to
-- change what stages and campaigns say. Always first the stage, then its campaign. `failed_file_count` is that of the
-- submissions that have ended; what goes on is still being counted by its share.
CREATE TABLE campaigns.stage_counts (
    stage_id bigint PRIMARY KEY REFERENCES campaigns.stages (id) ON DELETE CASCADE,
    open_submission_count bigint NOT NULL,
    CONSTRAINT stage_counts_open_check CHECK (open_submission_count >= 0)
) WITH (fillfactor = 50);
CREATE TABLE campaigns.campaign_counts (
    campaign_id bigint PRIMARY KEY REFERENCES campaigns.campaigns (id) ON DELETE CASCADE,
    submission_count bigint NOT NULL,
    open_submission_count bigint NOT NULL,
    failed_file_count bigint NOT NULL DEFAULT 0,
    CONSTRAINT campaign_counts_submissions_check CHECK (open_submission_count BETWEEN 0 AND submission_count),
    CONSTRAINT campaign_counts_failed_check CHECK (failed_file_count >= 0)
) WITH (fillfactor = 50);

-- How many failed files of a submission its campaign counts: as many as its share had when it ended, or when its files
-- were all final again.
ALTER TABLE campaigns.submissions ADD COLUMN failed_file_count bigint NOT NULL DEFAULT 0;
UPDATE campaigns.submissions AS submission
SET failed_file_count = share.failed_count
FROM dispatch.share_progress AS share
WHERE share.share_id = submission.share_id AND submission.ended_at IS NOT NULL AND share.failed_count > 0;

INSERT INTO campaigns.stage_counts (stage_id, open_submission_count)
SELECT stage_id, count(*) FILTER (WHERE ended_at IS NULL) FROM campaigns.submissions GROUP BY stage_id;
INSERT INTO campaigns.campaign_counts (campaign_id, submission_count, open_submission_count, failed_file_count)
SELECT campaign_id, count(*), count(*) FILTER (WHERE ended_at IS NULL), sum(failed_file_count)
FROM campaigns.submissions
GROUP BY campaign_id;

-- The submissions of a campaign that go on, and what feeds what in it.
CREATE INDEX submissions_going_idx ON campaigns.submissions (campaign_id, share_id) WHERE ended_at IS NULL;
CREATE INDEX dependencies_campaign_idx ON campaigns.dependencies (campaign_id, rank, id);
