-- When the Message 1 of a campaign may leave: minutes of the day in a zone. Null: as the installation's settings say.
ALTER TABLE campaigns
    ADD COLUMN sending_zone text,
    ADD COLUMN sending_opens smallint CHECK (sending_opens BETWEEN 0 AND 1439),
    ADD COLUMN sending_closes smallint CHECK (sending_closes BETWEEN 1 AND 1440),
    ADD CONSTRAINT campaigns_sending_hours CHECK (
        num_nulls(sending_zone, sending_opens, sending_closes) IN (0, 3) AND sending_opens < sending_closes);
