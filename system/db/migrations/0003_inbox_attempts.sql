-- Counted before each processing: what kills its process is given up as well.
ALTER TABLE webhook_inbox
    ADD COLUMN attempts integer NOT NULL DEFAULT 0,
    ADD COLUMN next_attempt_at timestamptz;
