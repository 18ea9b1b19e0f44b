-- One row for all campaigns and processes: how many sends in a row the gateway refused for now, and since when sending is held.
CREATE TABLE gateway_breaker (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    refusals integer NOT NULL DEFAULT 0,
    open_since timestamptz,
    -- From when one message may be tried.
    probe_at timestamptz,
    reason text,
    CHECK ((open_since IS NULL) = (probe_at IS NULL))
);
INSERT INTO gateway_breaker DEFAULT VALUES;
ALTER TABLE gateway_breaker ENABLE ROW LEVEL SECURITY;

-- Failed because the gateway refused for now, too often: another day may change that, and a campaign does not close over it.
ALTER TABLE messages ADD COLUMN failed_for_now boolean NOT NULL DEFAULT false;
UPDATE messages SET failed_for_now = true
WHERE status = 'failed' AND failures > 3 AND gateway_id IS NULL AND sent_at IS NULL;
CREATE INDEX messages_failed_for_now ON messages (campaign_id) WHERE failed_for_now;
