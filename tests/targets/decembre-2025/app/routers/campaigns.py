"""Routes de l'interface d'administration."""

from fastapi import APIRouter, Depends

from app.auth import get_current_user
from app.tasks.message_tasks import send_campaign_messages

router = APIRouter(prefix="/campaigns")


@router.post("/{campaign_id}/launch", status_code=202)
def launch_campaign(campaign_id: int, user=Depends(get_current_user)):
    send_campaign_messages.delay(campaign_id)
    return {"campaign_id": campaign_id, "launched_by": user.id}
