-- From where a user has come in: strangers who try the account elsewhere do not shut it for them.
CREATE TABLE known_addresses (
    user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    address text NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, address)
);
ALTER TABLE known_addresses ENABLE ROW LEVEL SECURITY;
