-- Until when a full day holds the campaign's messages: its 48 h do not run meanwhile.
ALTER TABLE campaigns ADD COLUMN held_until timestamptz;
