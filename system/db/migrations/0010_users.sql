CREATE TABLE users (
    id bigserial PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9][a-z0-9._@+-]{0,63}$'),
    role text NOT NULL CHECK (role IN ('reader', 'operator', 'admin')),
    password_hash text NOT NULL,
    enabled boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- A token without a living row here is refused, however well it is signed.
CREATE TABLE access_tokens (
    id uuid PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users,
    issued_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX access_tokens_living ON access_tokens (user_id) WHERE revoked_at IS NULL;

-- Counted before the password is looked at, for all processes together.
CREATE TABLE login_attempts (
    subject text NOT NULL,
    window_start timestamptz NOT NULL,
    attempts integer NOT NULL,
    PRIMARY KEY (subject, window_start)
);

CREATE TABLE action_log (
    id bigserial PRIMARY KEY,
    done_at timestamptz NOT NULL DEFAULT now(),
    -- Kept as a word: the log outlives the account. The command line acts as `cli`.
    actor text NOT NULL,
    action text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX action_log_latest ON action_log (done_at DESC);

-- Supabase shows the tables of `public` to whoever holds its public key unless rows are protected. The owner and the service
-- role, which are all this system uses, are not affected.
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    END LOOP;
END $$;
