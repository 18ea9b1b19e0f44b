"""One person in every table: what is found, and what erases it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from system.db.connection import Db

# Numbers of contacts that are no longer anybody's: no country has this code.
_NOBODY = "'+999' || lpad(id::text, 11, '0')"


@dataclass(frozen=True)
class Named:
    """How to find a person: the numbers and chats as they are stored, a pattern of their spellings, and the words of the name."""

    phones: tuple[str, ...]
    lids: tuple[str, ...]
    pattern: str
    name: tuple[str, ...]


def lock_contacts(db: Db, phones: Sequence[str]) -> dict[int, str | None]:
    """Ids and names of the contacts with these numbers; no campaign takes them before this transaction ends."""
    rows = db.execute("SELECT id, name FROM contacts WHERE phone = ANY(%s) ORDER BY id FOR UPDATE", [list(phones)])
    return {int(row["id"]): row["name"] for row in rows.fetchall()}


def lids(db: Db, phones: Sequence[str]) -> tuple[str, ...]:
    """The chats that are these numbers'."""
    rows = db.execute("SELECT lid FROM contact_lids WHERE phone = ANY(%s) ORDER BY lid", [list(phones)]).fetchall()
    return tuple(row["lid"] for row in rows)


def in_flight(db: Db, contact_ids: Sequence[int]) -> int:
    """How many messages of these contacts a sender has in hand, or may have left unanswered."""
    row = db.execute(
        """SELECT count(*) FROM (SELECT 1 FROM messages
               WHERE contact_id = ANY(%s) AND status IN ('pending', 'sending', 'unknown') FOR UPDATE) AS open""",
        [list(contact_ids)],
    ).fetchone()
    return 0 if row is None else int(row["count"])


def anonymise(db: Db, contact_ids: Sequence[int]) -> None:
    """Leaves of these contacts what statistics are made of: rows without a number, a name or a text."""
    ids = [list(contact_ids)]
    _forget_trials(db, ids[0])
    db.execute(
        """UPDATE messages SET body = '', content = NULL, wa_id = NULL, last_error = NULL,
               gateway_id = CASE WHEN gateway_id IS NOT NULL THEN 'erased' END
           WHERE contact_id = ANY(%s)""",
        ids,
    )
    db.execute("UPDATE interactions SET content = '', wa_id = NULL WHERE contact_id = ANY(%s)", ids)
    db.execute("DELETE FROM contact_categories WHERE contact_id = ANY(%s)", ids)
    db.execute("DELETE FROM campaign_contacts WHERE contact_id = ANY(%s)", ids)
    # Whatever else is known of them, columns of a later migration too.
    others = [
        sql.SQL("{} = DEFAULT").format(sql.Identifier(name))
        for name in _columns(db, "contacts")
        if name not in {"id", "phone", "created_at", "erased_at"}
    ]
    db.execute(
        sql.SQL("UPDATE contacts SET phone = {}, erased_at = now(), {} WHERE id = ANY(%s)").format(
            sql.SQL(_NOBODY),
            sql.SQL(", ").join(others),
        ),
        ids,
    )
    db.execute(
        """INSERT INTO suppressions (phone, source) SELECT phone, 'erased' FROM contacts WHERE id = ANY(%s)
           ON CONFLICT DO NOTHING""",
        ids,
    )


def _forget_trials(db: Db, contact_ids: list[int]) -> None:
    # A text that was tried on somebody reads as for one of the campaign's contacts, with the name. Whose it was is not known
    # once the list has changed; an old one serves nobody.
    db.execute(
        """WITH theirs AS (
               SELECT t.id FROM campaigns AS t
               WHERE t.test_of IS NOT NULL AND (t.created_at < now() - interval '2 days' OR EXISTS (
                   SELECT 1 FROM messages AS m WHERE m.campaign_id = t.test_of AND m.contact_id = ANY(%(ids)s)
                   UNION ALL SELECT 1 FROM campaign_contacts AS l
                   WHERE l.campaign_id = t.test_of AND l.contact_id = ANY(%(ids)s)
                   UNION ALL SELECT 1 FROM campaign_categories AS g JOIN contact_categories AS k USING (category_id)
                   WHERE g.campaign_id = t.test_of AND k.contact_id = ANY(%(ids)s)))),
               texts AS (UPDATE campaigns SET message_template = 'erased', follow_up_template = 'erased', content = NULL
                   WHERE id IN (SELECT id FROM theirs))
           UPDATE messages SET body = '', content = NULL WHERE campaign_id IN (SELECT id FROM theirs)
               AND status NOT IN ('pending', 'sending', 'unknown')""",
        {"ids": contact_ids},
    )


def _columns(db: Db, table: str) -> list[str]:
    rows = db.execute(
        """SELECT column_name FROM information_schema.columns
           WHERE table_schema = current_schema() AND table_name = %s ORDER BY ordinal_position""",
        [table],
    ).fetchall()
    return [row["column_name"] for row in rows]


def forget(db: Db, named: Named) -> None:
    """Erases the person from what is no contact: refusals, chats, the inbox, lines of files, what people did."""
    chats = [rf"(?<!\d){lid}(?!\d)" for lid in named.lids]
    values: dict[str, Any] = {
        "phones": list(named.phones),
        "lids": list(named.lids),
        "spelled": "|".join([named.pattern, *chats]),
        "words": ["%" + word.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%" for word in named.name],
    }
    for statement in _FORGET:
        db.execute(statement.encode(), values)


_FORGET = (
    "DELETE FROM suppressions WHERE phone = ANY(%(phones)s)",
    "DELETE FROM lid_refusals WHERE lid = ANY(%(lids)s) OR said ~ %(spelled)s",
    "DELETE FROM contact_lids WHERE phone = ANY(%(phones)s)",
    """UPDATE webhook_inbox SET payload = '{}', error = 'erased', processed_at = coalesce(processed_at, now()),
           dedup_key = CASE WHEN dedup_key ~ %(spelled)s THEN 'erased|' || id ELSE dedup_key END
       WHERE payload::text ~ %(spelled)s OR dedup_key ~ %(spelled)s OR error ~ %(spelled)s""",
    "UPDATE interactions SET content = '' WHERE content ~ %(spelled)s",
    """UPDATE import_rejections SET raw = 'erased', detail = ''
       WHERE raw ~ %(spelled)s OR detail ~ %(spelled)s
          OR (cardinality(%(words)s::text[]) > 0 AND raw ILIKE ALL (%(words)s::text[]))""",
    "UPDATE action_log SET detail = '{\"erased\": true}' WHERE detail::text ~ %(spelled)s",
    "UPDATE action_log SET actor = 'erased' WHERE actor ~ %(spelled)s",
    "DELETE FROM login_attempts WHERE subject ~ %(spelled)s",
    "UPDATE task_runs SET detail = '{}' WHERE detail::text ~ %(spelled)s",
    "UPDATE messages SET last_error = 'erased' WHERE last_error ~ %(spelled)s",
    "UPDATE campaigns SET stop_reason = regexp_replace(stop_reason, %(spelled)s, '***', 'g') WHERE stop_reason ~ %(spelled)s",
    "UPDATE gateway_breaker SET reason = regexp_replace(reason, %(spelled)s, '***', 'g') WHERE reason ~ %(spelled)s",
)


def mark(db: Db, mark: str, *, key_id: str) -> None:
    """Keeps that this number, whatever it was, must receive nothing."""
    db.execute(
        "INSERT INTO erased_numbers (mark, key_id) VALUES (%s, %s) ON CONFLICT (mark) DO NOTHING", [mark, key_id]
    )


def marked(db: Db, marks: Sequence[str]) -> set[str]:
    """Which of these marks are kept."""
    rows = db.execute("SELECT mark FROM erased_numbers WHERE mark = ANY(%s)", [list(marks)]).fetchall()
    return {row["mark"] for row in rows}


def unmark(db: Db, mark: str) -> bool:
    """The person has come back; False when the mark was not kept."""
    return db.execute("DELETE FROM erased_numbers WHERE mark = %s", [mark]).rowcount == 1


def keys_of_marks(db: Db) -> set[str]:
    """Which keys made the marks that are kept."""
    return {row["key_id"] for row in db.execute("SELECT DISTINCT key_id FROM erased_numbers").fetchall()}


def named_elsewhere(db: Db, pattern: str) -> dict[str, int]:
    """How many rows of each column of text name the number, as `table.column`; reads every table."""
    columns = db.execute(
        """SELECT c.table_name, c.column_name FROM information_schema.columns AS c
           JOIN information_schema.tables AS t USING (table_schema, table_name)
           WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE'
             AND c.data_type IN ('text', 'json', 'jsonb', 'character varying', 'ARRAY') ORDER BY 1, 2"""
    ).fetchall()
    found: dict[str, int] = {}
    for column in columns:
        statement = sql.SQL("SELECT count(*) FROM {table} WHERE {column}::text ~ %s").format(
            table=sql.Identifier(column["table_name"]), column=sql.Identifier(column["column_name"])
        )
        row = db.execute(statement, [pattern]).fetchone()
        if row is not None and row["count"]:
            found[f"{column['table_name']}.{column['column_name']}"] = int(row["count"])
    return found
