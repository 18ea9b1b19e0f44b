-- When each instance of a component was alive, for the uptime of a month; an interval ends after a silence of three beats.
CREATE TABLE heartbeat_intervals (
    component text NOT NULL,
    instance text NOT NULL,
    from_at timestamptz NOT NULL,
    to_at timestamptz NOT NULL,
    PRIMARY KEY (component, instance, from_at),
    CHECK (from_at <= to_at)
);
CREATE INDEX heartbeat_intervals_recent ON heartbeat_intervals (to_at);

-- Before this instant nothing was kept, which is not the same as nobody being alive.
CREATE TABLE heartbeat_history (
    since timestamptz NOT NULL DEFAULT now(),
    one boolean PRIMARY KEY DEFAULT true CHECK (one)
);
INSERT INTO heartbeat_history DEFAULT VALUES;
