-- What every send asks. As functions, because the server keeps the plans of their statements with each of its sessions: a pooler in
-- transaction mode allows no prepared statement, and planning was three quarters of the server's time for a message.

-- Counts a message of this kind unless the day, or its part for Message 1, is full; gives the day when it counted.
CREATE FUNCTION count_in_day(kind text, today date, day_limit bigint, most_message_1 bigint) RETURNS date
LANGUAGE plpgsql AS $$
DECLARE
    counted date;
BEGIN
    INSERT INTO daily_counters AS d (day, message_1, message_2)
    SELECT today, (kind = 'message_1')::int, (kind = 'message_2')::int
    WHERE CASE kind WHEN 'message_1' THEN most_message_1 ELSE day_limit END > 0
    ON CONFLICT (day) DO UPDATE
        SET message_1 = d.message_1 + excluded.message_1, message_2 = d.message_2 + excluded.message_2
        WHERE d.message_1 + d.message_2 < day_limit
          AND (excluded.message_1 = 0 OR d.message_1 < most_message_1)
    RETURNING d.day INTO counted;
    RETURN counted;
END $$;

-- False when the message was already known as accepted. An answer to a POST ends the hold, and whatever run of refusals there was.
CREATE FUNCTION record_sent(message_id bigint, accepted_as text, whatsapp_id text, at timestamptz, posted boolean) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE gateway_breaker SET refusals = 0, open_since = NULL, probe_at = NULL, reason = NULL
    WHERE refusals > 0 AND posted;
    UPDATE messages SET status = 'sent', gateway_id = accepted_as, wa_id = whatsapp_id, sent_at = at,
        lease_token = NULL, lease_until = NULL, next_attempt_at = NULL, last_error = NULL, failed_for_now = false
    WHERE id = message_id AND gateway_id IS NULL;
    RETURN FOUND;
END $$;

-- One conditional statement: while a lease lives, nobody else gets the row. What may leave at once is counted in its day too; what
-- waits for somebody who opted out ends here, unless an earlier attempt has to be asked about.
CREATE FUNCTION claim_message(
    message_id bigint, token uuid, lease_seconds double precision, day_ago timestamptz, today date, day_limit bigint,
    most_message_1 bigint, open_statuses text[], opted_out text
) RETURNS TABLE (
    message messages, phone text, campaign_status text, message_1_at timestamptz, last_inbound_at timestamptz,
    gateway_held boolean, sending_zone text, sending_opens smallint, sending_closes smallint
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
RETURN QUERY
WITH due AS (
    SELECT m.id, m.kind, m.quota_day, (SELECT open_since IS NOT NULL FROM gateway_breaker) AS gateway_held, p.phone, p.last_inbound_at, c.status AS campaign_status,
        c.sending_zone, c.sending_opens, c.sending_closes,
        m.doubtful OR m.status IN ('sending', 'unknown') AS doubtful,
        s.phone IS NOT NULL AND m.status = 'pending' AND NOT m.doubtful AS withdrawn,
        CASE m.kind WHEN 'message_2' THEN (
            SELECT o.sent_at FROM messages AS o
            WHERE o.campaign_id = m.campaign_id AND o.contact_id = m.contact_id AND o.kind = 'message_1') END AS message_1_at
    FROM messages AS m JOIN campaigns AS c ON c.id = m.campaign_id JOIN contacts AS p ON p.id = m.contact_id
    LEFT JOIN suppressions AS s ON s.phone = p.phone
    WHERE m.id = message_id AND NOT m.held
      AND ((m.status IN ('pending', 'unknown') AND coalesce(m.next_attempt_at, '-infinity') <= now())
        OR (m.status = 'sending' AND m.lease_until < now()))
    FOR UPDATE OF m
), candidate AS (
    SELECT kind FROM due
    WHERE NOT doubtful AND NOT withdrawn AND NOT gateway_held AND campaign_status = ANY(open_statuses) AND quota_day IS DISTINCT FROM today
      AND (kind = 'message_1' OR coalesce(
          message_1_at > day_ago AND last_inbound_at > day_ago, false))
)
UPDATE messages AS m
SET status = CASE WHEN withdrawn THEN 'opted_out' ELSE 'sending' END,
    lease_token = CASE WHEN NOT withdrawn THEN token END,
    lease_until = CASE WHEN NOT withdrawn THEN now() + make_interval(secs => lease_seconds) END,
    last_error = CASE WHEN withdrawn THEN opted_out ELSE m.last_error END,
    attempts = m.attempts + 1, doubtful = due.doubtful,
    quota_day = coalesce((SELECT count_in_day(kind, today, day_limit, most_message_1) FROM candidate), m.quota_day)
FROM due WHERE m.id = due.id
RETURNING m, due.phone, due.campaign_status, due.message_1_at, due.last_inbound_at, due.gateway_held,
    due.sending_zone, due.sending_opens, due.sending_closes;
END $$;

-- The acceptance of one message, then the claim of the next: one row, whose message is null where none could be claimed.
CREATE FUNCTION claim_next(
    accepted bigint, accepted_as text, whatsapp_id text, at timestamptz, posted boolean,
    message_id bigint, token uuid, lease_seconds double precision, day_ago timestamptz, today date, day_limit bigint,
    most_message_1 bigint, open_statuses text[], opted_out text
) RETURNS TABLE (
    recorded boolean, message messages, phone text, campaign_status text, message_1_at timestamptz, last_inbound_at timestamptz,
    gateway_held boolean, sending_zone text, sending_opens smallint, sending_closes smallint
) LANGUAGE plpgsql AS $$
BEGIN
    recorded := record_sent(accepted, accepted_as, whatsapp_id, at, posted);
    RETURN QUERY SELECT claim_next.recorded, c.* FROM claim_message(
        message_id, token, lease_seconds, day_ago, today, day_limit, most_message_1, open_statuses, opted_out) AS c;
    IF NOT FOUND THEN
        RETURN NEXT;
    END IF;
END $$;
