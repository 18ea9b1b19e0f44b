-- What an import read of its file, and how many of its contacts nothing will be sent to.
ALTER TABLE imports
    ADD COLUMN phone_column text NOT NULL DEFAULT '',
    ADD COLUMN other_phone_columns text[] NOT NULL DEFAULT '{}',
    ADD COLUMN ignored_columns text[] NOT NULL DEFAULT '{}',
    ADD COLUMN without_consent integer NOT NULL DEFAULT 0;
