-- When the last silence was told: one that begins after it is told as well, though the component is still on alert.
ALTER TABLE alarms ADD COLUMN raised_at timestamptz;
