from concurrent.futures import ThreadPoolExecutor

import psycopg

from system.db.migrate import migrate, migrations


def test_migrating_twice_and_at_once_is_harmless(empty_postgres_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        applied = list(pool.map(migrate, [empty_postgres_url] * 4))
    assert sorted(map(len, applied)) == [0, 0, 0, len(migrations())]
    with psycopg.connect(empty_postgres_url) as connection:
        tables = {name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    assert {"campaigns", "contacts", "messages", "interactions", "webhook_inbox", "heartbeats", "task_runs"} <= tables


OLD = """
INSERT INTO campaigns (name, status, message_template, follow_up_template) VALUES
    ('a', 'completed', 'm', 'f'), ('b', 'draft', 'm', 'f');
INSERT INTO contacts (phone) SELECT '+3363998000' || n FROM generate_series(1, 5) AS n;
INSERT INTO messages (campaign_id, contact_id, kind, body, status, reference, sent_at, gateway_id)
SELECT 1, n, kind, 'm', status, kind || n, CASE WHEN status IN ('sent', 'read') THEN now() END,
       CASE WHEN status IN ('sent', 'read') THEN 'g' || n END
FROM (VALUES (1, 'message_1', 'read'), (1, 'message_2', 'sent'), (2, 'message_1', 'failed'), (3, 'message_1', 'sent'),
             (4, 'message_1', 'cancelled'), (5, 'message_1', 'pending')) AS v (n, kind, status);
INSERT INTO interactions (campaign_id, contact_id, type, content, received_at) VALUES (1, 1, 'text', 'oui', now()),
    (1, 1, 'text', 'oui', now());
"""


def test_what_was_there_before_campaigns_had_a_life_is_counted_and_open_again(empty_postgres_url: str) -> None:
    with psycopg.connect(empty_postgres_url) as connection:
        connection.execute(
            "CREATE TABLE schema_migrations (name text PRIMARY KEY, applied_at timestamptz DEFAULT now())"
        )
        for name, statements in migrations():
            if name < "0004":
                connection.execute(statements.encode())
                connection.execute("INSERT INTO schema_migrations (name) VALUES (%s)", [name])
        connection.execute(OLD.encode())
    migrate(empty_postgres_url)
    with psycopg.connect(empty_postgres_url) as connection:
        statuses = connection.execute("SELECT status FROM campaigns ORDER BY id").fetchall()
        outcomes = connection.execute("SELECT outcome FROM messages WHERE kind = 'message_1' ORDER BY contact_id")
        assert statuses == [("sending",), ("draft",)]
        assert [outcome for (outcome,) in outcomes] == ["message_2_sent", "failed", None, "cancelled", None]
        counts: dict[str, int] = dict(connection.execute("SELECT name, value FROM campaign_counts").fetchall())
        assert counts == {
            "message_1.read": 1,
            "message_1.failed": 1,
            "message_1.sent": 1,
            "message_1.cancelled": 1,
            "message_1.waiting": 1,
            "message_2.sent": 1,
            "outcome.message_2_sent": 1,
            "outcome.failed": 1,
            "outcome.cancelled": 1,
            "interactions": 2,
            "answered": 1,
        }
        assert connection.execute("SELECT count(*) FROM campaign_changes").fetchone() == (0,)
        heard = connection.execute("SELECT count(*) FROM contacts WHERE last_inbound_at IS NOT NULL").fetchone()
        assert heard == (1,)
