"""Client de la passerelle WhatsApp."""

import httpx

from app.config import settings


class SendFailed(Exception):
    """L'envoi a échoué et peut être réessayé."""


def send_whatsapp_message(phone: str, content: str, template_name: str | None = None) -> str:
    """Remet un message à la passerelle ; rend l'identifiant qu'elle lui donne."""
    body = {"phone": phone, "device": settings.wassenger_device}
    if template_name:
        body["template"] = {"name": template_name, "language": "fr"}
    else:
        body["message"] = content
    try:
        response = httpx.post(
            f"{settings.wassenger_base_url}/messages",
            json=body,
            headers={"Token": settings.wassenger_api_key},
            timeout=10,
        )
        response.raise_for_status()
    except httpx.HTTPError as error:
        raise SendFailed(str(error)) from error
    return response.json()["id"]
