"""API de l'application."""

from fastapi import FastAPI

from app.routers import campaigns, webhooks

app = FastAPI(title="Campagnes WhatsApp")
app.include_router(campaigns.router)
app.include_router(webhooks.router)


@app.get("/health")
async def health():
    return {"status": "ok"}
