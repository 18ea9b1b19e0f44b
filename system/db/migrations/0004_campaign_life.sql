-- Consent, and what is known of a number. A campaign writes only to contacts whose opt-in is recorded.
ALTER TABLE contacts
    ADD COLUMN opted_in_at timestamptz,
    ADD COLUMN opt_in_source text,
    ADD COLUMN whatsapp_status text NOT NULL DEFAULT 'unknown'
        CHECK (whatsapp_status IN ('unknown', 'valid', 'invalid')),
    ADD COLUMN whatsapp_checked_at timestamptz,
    -- WhatsApp's own window opens at the last message a person sent.
    ADD COLUMN last_inbound_at timestamptz,
    ADD CONSTRAINT contacts_opt_in_has_a_source CHECK ((opted_in_at IS NULL) = (opt_in_source IS NULL));

CREATE TABLE categories (
    id bigserial PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (btrim(name) <> ''),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE contact_categories (
    category_id bigint NOT NULL REFERENCES categories ON DELETE CASCADE,
    contact_id bigint NOT NULL REFERENCES contacts ON DELETE CASCADE,
    PRIMARY KEY (category_id, contact_id)
);
CREATE INDEX contact_categories_contact ON contact_categories (contact_id);

-- By number, not by contact: it outlives a contact that is deleted and imported again.
CREATE TABLE suppressions (
    phone text PRIMARY KEY CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'),
    source text NOT NULL,
    said text,
    suppressed_at timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE campaigns
    DROP CONSTRAINT campaigns_status_check,
    ADD CONSTRAINT campaigns_status_check
        CHECK (status IN ('draft', 'scheduled', 'sending', 'paused', 'completed', 'failed', 'cancelled')),
    ADD COLUMN scheduled_at timestamptz,
    ADD COLUMN paused_at timestamptz,
    ADD COLUMN resumed_at timestamptz,
    ADD COLUMN cancelled_at timestamptz,
    -- A pause between two batches of messages.
    ADD COLUMN rest_until timestamptz,
    ADD COLUMN taken_since_rest integer NOT NULL DEFAULT 0,
    ADD COLUMN final_statistics jsonb,
    ADD CONSTRAINT campaigns_scheduled_has_a_time CHECK (status <> 'scheduled' OR scheduled_at IS NOT NULL);
CREATE INDEX campaigns_scheduled ON campaigns (scheduled_at) WHERE status = 'scheduled';

-- Who a campaign is for, until its launch turns them into messages.
CREATE TABLE campaign_contacts (
    campaign_id bigint NOT NULL REFERENCES campaigns ON DELETE CASCADE,
    contact_id bigint NOT NULL REFERENCES contacts ON DELETE CASCADE,
    PRIMARY KEY (campaign_id, contact_id)
);
CREATE TABLE campaign_categories (
    campaign_id bigint NOT NULL REFERENCES campaigns ON DELETE CASCADE,
    category_id bigint NOT NULL REFERENCES categories ON DELETE CASCADE,
    PRIMARY KEY (campaign_id, category_id)
);

ALTER TABLE messages
    DROP CONSTRAINT messages_status_check,
    ADD CONSTRAINT messages_status_check CHECK (status IN (
        'pending', 'sending', 'sent', 'delivered', 'read', 'failed', 'cancelled', 'opted_out', 'unknown')),
    -- Left aside when a campaign is resumed for its failed messages alone.
    ADD COLUMN held boolean NOT NULL DEFAULT false,
    ADD COLUMN ended_at timestamptz,
    -- Of a Message 1: the contact's first interaction, and where the contact ended in this campaign.
    ADD COLUMN answered_at timestamptz,
    ADD COLUMN outcome text CHECK (outcome IN (
        'message_2_sent', 'late_interaction', 'no_interaction', 'failed', 'opted_out', 'cancelled'));

-- What is null in 100 000 new rows is not worth an entry.
DROP INDEX messages_contact, messages_gateway_id, messages_wa_id;
CREATE INDEX messages_contact ON messages (contact_id, kind, sent_at DESC) WHERE sent_at IS NOT NULL;
CREATE INDEX messages_gateway_id ON messages (gateway_id) WHERE gateway_id IS NOT NULL;
CREATE INDEX messages_wa_id ON messages (wa_id) WHERE wa_id IS NOT NULL;
CREATE INDEX messages_waiting_of_contact ON messages (contact_id) WHERE status = 'pending' AND kind = 'message_2';
CREATE INDEX messages_failed ON messages (campaign_id, ended_at) WHERE status = 'failed';

-- What the statistics are made of. Changes are only added here, so that two senders never wait for each other;
-- a periodic task folds them into the totals.
CREATE TABLE campaign_counts (
    campaign_id bigint NOT NULL REFERENCES campaigns ON DELETE CASCADE,
    name text NOT NULL,
    value bigint NOT NULL,
    PRIMARY KEY (campaign_id, name)
);
CREATE TABLE campaign_changes (
    id bigserial PRIMARY KEY,
    campaign_id bigint NOT NULL,
    name text NOT NULL,
    change integer NOT NULL
);
CREATE INDEX campaign_changes_campaign ON campaign_changes (campaign_id);

CREATE TABLE device_buckets (
    device text PRIMARY KEY,
    tokens double precision NOT NULL,
    refilled_at timestamptz NOT NULL
);

CREATE FUNCTION counted_as(status text, sent_at timestamptz) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN status IN ('pending', 'sending', 'unknown') THEN 'waiting'
                WHEN status = 'failed' AND sent_at IS NOT NULL THEN 'undelivered'
                ELSE status END
$$;

CREATE FUNCTION end_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.ended_at := CASE WHEN NEW.status IN ('pending', 'sending', 'unknown') THEN NULL ELSE now() END;
    IF NEW.kind = 'message_1' THEN
        IF NEW.status IN ('failed', 'opted_out', 'cancelled') THEN
            NEW.outcome := NEW.status;
        ELSIF OLD.status IN ('failed', 'opted_out', 'cancelled') AND NEW.outcome = OLD.status THEN
            -- Tried again, or a failure that a delivery disproves.
            NEW.outcome := NULL;
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER end_message BEFORE UPDATE ON messages FOR EACH ROW
    WHEN (counted_as(OLD.status, OLD.sent_at) <> counted_as(NEW.status, NEW.sent_at)) EXECUTE FUNCTION end_message();

CREATE FUNCTION count_message_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before text := counted_as(OLD.status, OLD.sent_at);
    after text := counted_as(NEW.status, NEW.sent_at);
BEGIN
    IF before <> after THEN
        INSERT INTO campaign_changes (campaign_id, name, change)
        VALUES (NEW.campaign_id, NEW.kind || '.' || before, -1), (NEW.campaign_id, NEW.kind || '.' || after, 1);
        IF NEW.kind = 'message_2' THEN
            UPDATE messages AS o SET outcome = CASE
                WHEN NEW.sent_at IS NOT NULL THEN 'message_2_sent'
                WHEN after = 'waiting' THEN NULL
                WHEN after = 'opted_out' THEN 'opted_out'
                WHEN after = 'cancelled' AND c.status = 'cancelled' THEN 'cancelled'
                ELSE 'failed' END
            FROM campaigns AS c
            WHERE c.id = NEW.campaign_id AND o.campaign_id = NEW.campaign_id AND o.contact_id = NEW.contact_id
              AND o.kind = 'message_1';
        END IF;
    END IF;
    IF OLD.outcome IS DISTINCT FROM NEW.outcome THEN
        INSERT INTO campaign_changes (campaign_id, name, change)
        SELECT NEW.campaign_id, 'outcome.' || moved.outcome, moved.change
        FROM (VALUES (OLD.outcome, -1), (NEW.outcome, 1)) AS moved (outcome, change)
        WHERE moved.outcome IS NOT NULL;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER count_message_change AFTER UPDATE ON messages FOR EACH ROW
    WHEN (counted_as(OLD.status, OLD.sent_at) <> counted_as(NEW.status, NEW.sent_at)
        OR OLD.outcome IS DISTINCT FROM NEW.outcome)
    EXECUTE FUNCTION count_message_change();

CREATE FUNCTION count_new_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO campaign_changes (campaign_id, name, change)
    SELECT campaign_id, kind || '.' || counted_as(status, sent_at), count(*) FROM added GROUP BY 1, 2
    UNION ALL
    SELECT campaign_id, 'outcome.' || outcome, count(*) FROM added WHERE outcome IS NOT NULL GROUP BY 1, 2;
    -- A Message 2 that is to leave: its contact has not ended.
    UPDATE messages AS o SET outcome = NULL FROM added AS m
    WHERE m.kind = 'message_2' AND m.status = 'pending' AND o.kind = 'message_1' AND o.outcome IS NOT NULL
      AND o.campaign_id = m.campaign_id AND o.contact_id = m.contact_id;
    RETURN NULL;
END $$;
CREATE TRIGGER count_new_messages AFTER INSERT ON messages REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION count_new_messages();

CREATE FUNCTION count_interaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO campaign_changes (campaign_id, name, change) VALUES (NEW.campaign_id, 'interactions', 1);
    UPDATE messages
    SET answered_at = NEW.received_at,
        outcome = CASE WHEN outcome = 'no_interaction' THEN 'late_interaction' ELSE outcome END
    WHERE campaign_id = NEW.campaign_id AND contact_id = NEW.contact_id AND kind = 'message_1' AND answered_at IS NULL;
    IF FOUND THEN
        INSERT INTO campaign_changes (campaign_id, name, change) VALUES (NEW.campaign_id, 'answered', 1);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER count_interaction AFTER INSERT ON interactions FOR EACH ROW EXECUTE FUNCTION count_interaction();

-- What was there before: its outcomes and counts. A campaign was completed as soon as its last Message 1 had left; it is open
-- again until every contact has ended.
UPDATE contacts AS p SET last_inbound_at = i.last
FROM (SELECT contact_id, max(received_at) AS last FROM interactions GROUP BY contact_id) AS i WHERE i.contact_id = p.id;
ALTER TABLE messages DISABLE TRIGGER USER;
UPDATE messages AS m
SET answered_at = (SELECT min(received_at) FROM interactions AS i
        WHERE i.campaign_id = m.campaign_id AND i.contact_id = m.contact_id),
    outcome = CASE
        WHEN m.status IN ('failed', 'cancelled') THEN m.status
        ELSE (SELECT CASE WHEN f.sent_at IS NOT NULL THEN 'message_2_sent'
                          WHEN f.status IN ('failed', 'cancelled') THEN 'failed' END
              FROM messages AS f
              WHERE f.campaign_id = m.campaign_id AND f.contact_id = m.contact_id AND f.kind = 'message_2') END
WHERE m.kind = 'message_1';
ALTER TABLE messages ENABLE TRIGGER USER;
CREATE INDEX messages_unsettled ON messages (campaign_id, sent_at) WHERE kind = 'message_1' AND outcome IS NULL;
INSERT INTO campaign_counts (campaign_id, name, value)
SELECT campaign_id, kind || '.' || counted_as(status, sent_at), count(*) FROM messages GROUP BY 1, 2
UNION ALL SELECT campaign_id, 'outcome.' || outcome, count(*) FROM messages WHERE outcome IS NOT NULL GROUP BY 1, 2
UNION ALL SELECT campaign_id, 'interactions', count(*) FROM interactions GROUP BY 1
UNION ALL SELECT campaign_id, 'answered', count(*) FROM messages WHERE answered_at IS NOT NULL GROUP BY 1;
UPDATE campaigns SET status = 'sending', completed_at = NULL WHERE status = 'completed';
