-- How many are on their way to a sender is asked at every turn of a dispatcher: it must not read those that wait.
CREATE INDEX messages_published ON messages (campaign_id)
    WHERE kind = 'message_1' AND status = 'pending' AND published_at IS NOT NULL;
