import hmac
import os
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Request

from relais.jobs import resend_forgotten
from relais.store import keep

router = APIRouter(prefix="/hooks")


@router.post("/delivery", status_code=202)
async def on_delivery(request: Request, x_signature: Annotated[str, Header()] = "") -> dict[str, str]:
    body = await request.body()
    if not hmac.compare_digest(x_signature, sign(body)):
        raise HTTPException(status_code=401, detail="unknown caller")
    keep(body)
    resend_forgotten.delay()
    return {"status": "kept"}


def sign(body: bytes) -> str:
    return hmac.new(os.environ["HOOK_SECRET"].encode(), body, "sha256").hexdigest()
