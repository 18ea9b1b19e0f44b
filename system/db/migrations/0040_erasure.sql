-- A person who was erased: the row stays for the statistics, under a number that nobody can have (+999 is no country).
ALTER TABLE contacts ADD COLUMN erased_at timestamptz;
-- What is kept of an erased number, so that nothing leaves for it when somebody gives it again: a keyed hash. The key is not in the
-- database; `key_id` tells which one it was.
CREATE TABLE erased_numbers (
    mark text PRIMARY KEY,
    key_id text NOT NULL,
    erased_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE erased_numbers ENABLE ROW LEVEL SECURITY;
-- Who recorded a refusal; null where the person did, by a message.
ALTER TABLE suppressions ADD COLUMN actor text;
