"""The web application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from system.config import settings_or_exit
from system.db.database import close_db
from system.locks import close_locks
from system.routers import health, webhooks


@asynccontextmanager
async def _lifespan(_app: FastAPI) -> AsyncIterator[None]:
    yield
    close_db()
    close_locks()


def create_app() -> FastAPI:
    """The application, for `uvicorn --factory system.main:create_app`; ends the process when a setting is wrong."""
    settings_or_exit()
    app = FastAPI(title="WhatsApp campaigns", lifespan=_lifespan)
    app.include_router(health.router)
    app.include_router(webhooks.router)
    return app
