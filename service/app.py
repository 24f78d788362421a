"""The web application: every route, one guard around them, one shape of errors."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from service import (
    api_chat,
    api_colleagues,
    api_health,
    api_hooks,
    api_insights,
    api_slack,
    errors,
    pages,
    pages_demo,
    pages_learning,
    pages_numbers,
    pages_ops,
)
from service.guard import Guard
from service.parts import ServiceParts
from service.render import STATIC
from service.shed import Shed

_DESCRIPTION = (
    "Customers send `Authorization: Bearer <token of the host app>`. Colleagues log in at /login and send the "
    "session cookie, and on unsafe methods `X-CSRF-Token`. Every error is `{error: {code, message, next}}`."
)


def create_app(parts: ServiceParts) -> FastAPI:
    """The application on these parts; whoever runs it also starts and stops what they need."""
    app = FastAPI(
        title="Remit",
        version="1",
        description=_DESCRIPTION,
        openapi_url="/v1/openapi.json",
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.parts = parts
    for routes in (
        api_chat,
        api_colleagues,
        api_health,
        api_hooks,
        api_insights,
        api_slack,
        pages,
        pages_ops,
        pages_numbers,
        pages_learning,
    ):
        app.include_router(routes.router)
    if parts.demo is not None:
        app.include_router(pages_demo.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    errors.handle_all(app)
    settings = parts.settings
    app.add_middleware(Shed, turns=parts.turns)
    app.add_middleware(
        Guard,
        public_url=settings.public_url,
        connect=_origin(settings.token_url),
        origins=frozenset((settings.token_origins or "").lower().split(",")) - {""},
    )
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    parts: ServiceParts = app.state.parts
    parts.hub.close()
    await parts.turns.drain(10)


def _origin(url: str | None) -> str | None:
    """Scheme and host of the host app's token address, when it is another site."""
    where = urlsplit(url or "")
    return f"{where.scheme}://{where.netloc}" if where.netloc else None
