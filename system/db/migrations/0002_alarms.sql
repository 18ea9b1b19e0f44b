-- What the watchdogs know of each component they watch; one row each, locked while a watchdog decides.
CREATE TABLE alarms (
    component text PRIMARY KEY,
    -- Start of the present unbroken run of looks, and the last look.
    attended_since timestamptz NOT NULL,
    looked_at timestamptz NOT NULL,
    raised boolean NOT NULL DEFAULT false,
    steady_since timestamptz
);

CREATE TABLE incidents (
    id bigserial PRIMARY KEY,
    component text NOT NULL,
    silent_since timestamptz NOT NULL,
    raised_at timestamptz NOT NULL DEFAULT now(),
    recovered_at timestamptz,
    -- Who delivers the alert owns it until then; another try may follow.
    claimed_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    notified_at timestamptz
);
-- However many watchdogs there are, a component has one incident at a time.
CREATE UNIQUE INDEX incidents_open ON incidents (component) WHERE recovered_at IS NULL;
CREATE INDEX incidents_to_notify ON incidents (raised_at) WHERE notified_at IS NULL;
