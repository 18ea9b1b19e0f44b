CREATE TABLE imports (
    id bigserial PRIMARY KEY,
    name text NOT NULL,
    actor text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    created integer NOT NULL DEFAULT 0,
    known integer NOT NULL DEFAULT 0,
    rejected integer NOT NULL DEFAULT 0,
    -- As in the file, so that the rejected lines can be given back as a file.
    header text NOT NULL DEFAULT '',
    delimiter text NOT NULL DEFAULT ','
);

CREATE TABLE import_rejections (
    import_id bigint NOT NULL REFERENCES imports ON DELETE CASCADE,
    line integer NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    raw text NOT NULL,
    PRIMARY KEY (import_id, line)
);

CREATE INDEX contacts_unverified ON contacts (id) WHERE whatsapp_status = 'unknown';
ALTER TABLE imports ENABLE ROW LEVEL SECURITY;
ALTER TABLE import_rejections ENABLE ROW LEVEL SECURITY;
