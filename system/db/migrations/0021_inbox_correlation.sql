-- Of the request that brought the event, so that what follows from it can be found in the logs, whoever processes it.
ALTER TABLE webhook_inbox ADD COLUMN correlation_id text;
