"""Accès aux données sous le rôle de service : aucune session utilisateur."""

from datetime import datetime
from functools import lru_cache

from app.config import settings


@lru_cache
def get_supabase_client():
    """Client Supabase sous la clé de service."""
    from supabase import create_client

    return create_client(settings.supabase_url, settings.supabase_service_role_key)


class Database:
    """Lectures et écritures de l'application."""

    def __init__(self, client):
        self.client = client

    def _first(self, table: str, **filters):
        query = self.client.table(table).select("*")
        for column, value in filters.items():
            query = query.eq(column, value)
        rows = query.limit(1).execute().data
        return rows[0] if rows else None

    def get_message_by_id(self, message_id: int):
        return self._first("messages", id=message_id)

    def get_message_by_wassenger_id(self, wassenger_id: str):
        return self._first("messages", wassenger_id=wassenger_id)

    def get_contact_by_phone(self, phone: str):
        return self._first("contacts", phone=phone)

    def get_latest_message_1(self, contact_id: int):
        query = self.client.table("messages").select("*").eq("contact_id", contact_id).eq("message_type", "message_1")
        rows = query.order("sent_at", desc=True).limit(1).execute().data
        return rows[0] if rows else None

    def get_message_2(self, campaign_id: int, contact_id: int):
        return self._first("messages", campaign_id=campaign_id, contact_id=contact_id, message_type="message_2")

    def create_message_2(self, campaign_id: int, contact_id: int, content: str):
        row = {
            "campaign_id": campaign_id,
            "contact_id": contact_id,
            "message_type": "message_2",
            "content": content,
            "status": "pending",
        }
        return self.client.table("messages").insert(row).execute().data[0]

    def get_campaign_by_id(self, campaign_id: int):
        return self._first("campaigns", id=campaign_id)

    def get_pending_message_ids(self, campaign_id: int, limit: int = 1000) -> list[int]:
        query = self.client.table("messages").select("id").eq("campaign_id", campaign_id).eq("status", "pending")
        return [row["id"] for row in query.order("id").limit(limit).execute().data]

    def get_active_campaigns(self, limit: int = 100):
        return self.client.table("campaigns").select("*").eq("status", "sending").limit(limit).execute().data

    def expire_messages_sent_before(self, instant: datetime) -> int:
        query = self.client.table("messages").update({"status": "no_interaction"}).eq("message_type", "message_1")
        return len(query.eq("status", "sent").lt("sent_at", instant.isoformat()).execute().data)

    def record_interaction(self, campaign_id: int, contact_id: int, kind: str, content: str) -> None:
        row = {"campaign_id": campaign_id, "contact_id": contact_id, "type": kind, "content": content}
        self.client.table("interactions").insert(row).execute()


def get_db() -> Database:
    """Accès aux données, sans filtre d'utilisateur."""
    return Database(get_supabase_client())
