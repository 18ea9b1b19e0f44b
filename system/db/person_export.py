"""Everything that is stored of one person, table by table."""

from typing import Any

from system.db.connection import Db
from system.db.people import Named

_PARTS = {
    "contacts": """SELECT to_jsonb(c) || jsonb_build_object('categories', ARRAY(
            SELECT k.name FROM contact_categories AS cc JOIN categories AS k ON k.id = cc.category_id
            WHERE cc.contact_id = c.id ORDER BY k.name)) AS found
        FROM contacts AS c WHERE c.phone = ANY(%(phones)s) ORDER BY c.id""",
    "messages": """SELECT jsonb_build_object('campaign', g.name, 'kind', m.kind, 'text', m.body, 'content', m.content, 'status', m.status,
            'created_at', m.created_at, 'sent_at', m.sent_at, 'ended_at', m.ended_at, 'outcome', m.outcome,
            'reference', m.reference, 'gateway_id', m.gateway_id, 'wa_id', m.wa_id) AS found
        FROM messages AS m JOIN contacts AS c ON c.id = m.contact_id JOIN campaigns AS g ON g.id = m.campaign_id
        WHERE c.phone = ANY(%(phones)s) ORDER BY m.id""",
    "interactions": """SELECT jsonb_build_object('campaign', g.name, 'type', i.type, 'text', i.content,
            'received_at', i.received_at, 'wa_id', i.wa_id) AS found
        FROM interactions AS i JOIN contacts AS c ON c.id = i.contact_id JOIN campaigns AS g ON g.id = i.campaign_id
        WHERE c.phone = ANY(%(phones)s) ORDER BY i.id""",
    "refusals": """SELECT jsonb_build_object('phone', phone, 'source', source, 'actor', actor, 'said', said,
            'suppressed_at', suppressed_at) AS found
        FROM suppressions WHERE phone = ANY(%(phones)s) ORDER BY phone""",
    "chats": """SELECT to_jsonb(l) AS found FROM contact_lids AS l WHERE phone = ANY(%(phones)s) ORDER BY lid""",
    "events": """SELECT jsonb_build_object('received_at', received_at, 'payload', payload) AS found
        FROM webhook_inbox WHERE payload::text ~ %(spelled)s ORDER BY id""",
    "lines": """SELECT jsonb_build_object('file', f.name, 'line', r.line, 'text', r.raw) AS found
        FROM import_rejections AS r JOIN imports AS f ON f.id = r.import_id
        WHERE r.raw ~ %(spelled)s ORDER BY r.import_id, r.line""",
    "actions": """SELECT jsonb_build_object('done_at', done_at, 'action', action, 'detail', detail) AS found
        FROM action_log WHERE detail::text ~ %(spelled)s ORDER BY id""",
}


def everything(db: Db, named: Named) -> dict[str, list[Any]]:
    """What is stored, by the part it belongs to; times are ISO 8601."""
    chats = [rf"(?<!\d){lid}(?!\d)" for lid in named.lids]
    values = {"phones": list(named.phones), "spelled": "|".join([named.pattern, *chats])}
    return {
        part: [row["found"] for row in db.execute(statement.encode(), values).fetchall()]
        for part, statement in _PARTS.items()
    }
