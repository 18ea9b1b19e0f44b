CREATE TABLE campaigns (
    id bigserial PRIMARY KEY,
    name text NOT NULL,
    status text NOT NULL DEFAULT 'draft'
        CHECK (status IN ('draft', 'sending', 'paused', 'completed', 'failed', 'cancelled')),
    stop_reason text,
    message_template text NOT NULL,
    follow_up_template text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    launched_at timestamptz,
    dispatcher_woken_at timestamptz,
    dispatched_at timestamptz,
    completed_at timestamptz
);
CREATE INDEX campaigns_sending ON campaigns (id) WHERE status = 'sending';

CREATE TABLE contacts (
    id bigserial PRIMARY KEY,
    phone text NOT NULL UNIQUE CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'),
    name text,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE messages (
    id bigserial PRIMARY KEY,
    campaign_id bigint NOT NULL REFERENCES campaigns,
    contact_id bigint NOT NULL REFERENCES contacts,
    kind text NOT NULL CHECK (kind IN ('message_1', 'message_2')),
    body text NOT NULL,
    status text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'sending', 'sent', 'delivered', 'read', 'failed', 'cancelled', 'unknown')),
    -- The same for every attempt: the gateway is asked by it whether a doubtful attempt went through.
    reference text NOT NULL UNIQUE,
    attempts integer NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    -- An attempt may have reached the gateway unanswered; never cleared before the message is final.
    doubtful boolean NOT NULL DEFAULT false,
    lease_token uuid,
    lease_until timestamptz,
    next_attempt_at timestamptz,
    -- When the last wake-up was published, or will arrive; null before the dispatcher takes the row.
    published_at timestamptz,
    quota_day date,
    gateway_id text,
    wa_id text,
    sent_at timestamptz,
    last_error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (campaign_id, contact_id, kind),
    CHECK (status <> 'sending' OR (lease_token IS NOT NULL AND lease_until IS NOT NULL)),
    CHECK (status NOT IN ('sent', 'delivered', 'read') OR (sent_at IS NOT NULL AND gateway_id IS NOT NULL))
);
CREATE INDEX messages_open ON messages (campaign_id, status, id) WHERE status IN ('pending', 'sending', 'unknown');
CREATE INDEX messages_contact ON messages (contact_id, kind, sent_at DESC);
CREATE INDEX messages_gateway_id ON messages (gateway_id);
CREATE INDEX messages_wa_id ON messages (wa_id);

CREATE TABLE webhook_inbox (
    id bigserial PRIMARY KEY,
    dedup_key text NOT NULL UNIQUE,
    payload jsonb NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    processed_at timestamptz,
    error text
);
CREATE INDEX webhook_inbox_waiting ON webhook_inbox (received_at) WHERE processed_at IS NULL;

CREATE TABLE interactions (
    id bigserial PRIMARY KEY,
    -- An event processed again after a crash is recorded once.
    inbox_id bigint UNIQUE REFERENCES webhook_inbox ON DELETE SET NULL,
    campaign_id bigint NOT NULL REFERENCES campaigns,
    contact_id bigint NOT NULL REFERENCES contacts,
    type text NOT NULL,
    content text NOT NULL,
    wa_id text,
    received_at timestamptz NOT NULL
);
CREATE INDEX interactions_contact ON interactions (campaign_id, contact_id);

CREATE TABLE heartbeats (
    component text NOT NULL,
    instance text NOT NULL,
    beat_at timestamptz NOT NULL,
    PRIMARY KEY (component, instance)
);

-- One row a day, so that the limit over both kinds is one conditional update.
CREATE TABLE daily_counters (
    day date PRIMARY KEY,
    message_1 integer NOT NULL DEFAULT 0 CHECK (message_1 >= 0),
    message_2 integer NOT NULL DEFAULT 0 CHECK (message_2 >= 0),
    errors integer NOT NULL DEFAULT 0 CHECK (errors >= 0)
);

CREATE TABLE monitoring_snapshots (
    day date PRIMARY KEY,
    counters jsonb NOT NULL,
    taken_at timestamptz NOT NULL
);

CREATE TABLE task_runs (
    id bigserial PRIMARY KEY,
    task text NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('done', 'failed')),
    detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX task_runs_by_task ON task_runs (task, started_at DESC);
