"""The web application."""

import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from system import logs
from system.config import WHERE, settings_or_exit
from system.correlation import CorrelationMiddleware
from system.db.database import close_db
from system.locks import close_locks
from system.routers import (
    access,
    campaigns,
    consent,
    contacts,
    health,
    metrics,
    page,
    page_account,
    page_campaigns,
    page_contacts,
    page_drafts,
    page_imports,
    page_new_contact,
    page_people,
    page_results,
    page_simulation,
    page_users,
    people,
    webhooks,
)
from system.routers.page_problems import refused, show_problems
from system.routers.protection import BodyLimit, SecurityHeaders, describe_errors

logger = logging.getLogger(__name__)


@asynccontextmanager
async def _lifespan(_app: FastAPI) -> AsyncIterator[None]:
    yield
    close_db()
    close_locks()


def create_app() -> FastAPI:
    """The application, for `uvicorn --factory system.main:create_app`; ends the process when a setting is wrong."""
    settings = settings_or_exit()
    # Under uvicorn, which has set up its loggers by now; whoever else calls this has logs of his own.
    under_uvicorn = bool(logging.getLogger("uvicorn").handlers)
    if under_uvicorn:
        logs.configure(settings)
    if settings.webhooks_refused:
        otherwise = "or say that webhooks prove nothing (WASSENGER_WEBHOOK_PROOF=none)"
        raise SystemExit(f"WASSENGER_WEBHOOK_SECRET is missing: {WHERE}, {otherwise}")
    if settings.wassenger_webhook_secret is None:
        logger.warning("webhooks prove nothing: whoever knows the address can speak in a contact's name")
    # The interactive documentation would load scripts from elsewhere.
    app = FastAPI(title="WhatsApp campaigns", lifespan=_lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    for router in (
        # The busiest first: routes are tried in order.
        webhooks.router,
        health.router,
        metrics.router,
        access.router,
        contacts.router,
        page.router,
        page_account.router,
        page_imports.router,
        page_results.router,
        # Before what takes any deed.
        page_drafts.router,
        page_campaigns.router,
        # Before what takes any contact.
        page_new_contact.router,
        page_contacts.router,
        page_simulation.router,
        page_users.router,
        campaigns.router,
        consent.router,
        people.router,
        page_people.router,
    ):
        app.include_router(router)
    # The webhook counts its own body, and answers in its own words.
    limits = {
        "/webhooks/wassenger": None,
        "/contacts/imports": contacts.MOST_IMPORT_BYTES,
        "/page/imports": contacts.MOST_IMPORT_BYTES,
    }
    app.add_middleware(BodyLimit, others=limits, of_the_page=refused)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(CorrelationMiddleware)
    describe_errors(app, refused)
    show_problems(app)
    if under_uvicorn:
        _keep_what_is_there()
    return app


def _keep_what_is_there() -> None:
    # Looking through all that was imported stopped every request for a tenth of a second, once in a few thousand requests.
    gc.collect()
    gc.freeze()
    # Requests leave few cycles behind: the default, 700, had them looked for every few requests.
    gc.set_threshold(10_000, 10, 10)
