"""The web application: routers, the gate in front of them, and the pages behind."""

from __future__ import annotations

from fastapi import APIRouter, Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, Response

from auralarchive.web import errors
from auralarchive.web.access import require_admin, require_identity
from auralarchive.web.docs_page import docs_page
from auralarchive.web.frontend import Frontend
from auralarchive.web.middleware import Gate, RequestMetrics, SecurityHeaders, is_guarded
from auralarchive.web.responses import AT_THE_GATE, ProblemView, problems
from auralarchive.web.routers import (
    auth,
    backups,
    demo,
    downloads,
    editing,
    events,
    folders,
    library,
    logs,
    playback,
    search,
    settings,
    system,
    tasks,
    users,
    welcome,
)
from auralarchive.web.routers.adapters import adapters_router
from auralarchive.web.services import Services
from auralarchive.web.views import Json

#: Routers without sign-in: whoever adds one has to add its paths to `middleware.PUBLIC` as well.
PUBLIC_ROUTERS = (auth.public, system.public)


def guarded_routers() -> tuple[APIRouter, ...]:
    """Routers that nobody reaches without credentials."""
    return (auth.router, search.router, downloads.router, library.router, playback.router, system.router)


def admin_routers() -> tuple[APIRouter, ...]:
    """Routers for those who administrate."""
    adapters = (
        adapters_router("client", "clients"),
        adapters_router("indexer", "indexers"),
        adapters_router("notifier", "notifiers"),
    )
    administration = (folders, settings, welcome, demo, users, editing, logs, tasks, events, backups)
    return (*adapters, *(module.router for module in administration))


def create_app(services: Services) -> FastAPI:
    """The ASGI application over these services."""
    base = services.boundary.base_path
    app = FastAPI(
        title="AuralArchive",
        version=services.version,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        servers=[{"url": base}] if base else None,
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(RequestMetrics, metrics=services.metrics),
            Middleware(Gate, boundary=services.boundary, authenticator=services.authenticator, redact=services.redact),
        ],
    )
    app.state.services = services
    errors.install(app, services.redact)
    for router in PUBLIC_ROUTERS:
        app.include_router(router)
    for router in (*guarded_routers(), _documentation(app, base)):
        app.include_router(router, dependencies=[Depends(require_identity)])
    for router in admin_routers():
        app.include_router(router, dependencies=[Depends(require_admin)])
    app.router.default = Frontend(services.static_dir, base)
    app.openapi = lambda: openapi_document(app)  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    return app


def _documentation(app: FastAPI, base: str) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["system"], include_in_schema=False)

    @router.get("/openapi.json")
    def document() -> Response:
        return Json(app.openapi())

    @router.get("/docs")
    def page() -> Response:
        return HTMLResponse(docs_page(app.openapi(), base))

    return router


def openapi_document(app: FastAPI) -> dict[str, object]:
    """The OpenAPI document, with what the gate adds to every route: credentials and their problems."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes, servers=app.servers)
        parts = document.setdefault("components", {})
        parts.setdefault("schemas", {})["ProblemView"] = ProblemView.model_json_schema()
        parts["securitySchemes"] = {
            "apiKey": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
            "session": {"type": "apiKey", "in": "cookie", "name": "auralarchive"},
        }
        for path, methods in document["paths"].items():
            for operation in methods.values():
                _add_gate(path, operation)
        app.openapi_schema = document
    return app.openapi_schema


def _add_gate(path: str, operation: dict[str, object]) -> None:
    if is_guarded(path):
        operation["security"] = [{"apiKey": []}, {"session": []}]
    responses = operation["responses"]
    assert isinstance(responses, dict)
    for status, response in problems(*AT_THE_GATE).items():
        known = responses.get(str(status))
        # FastAPI's own description of a 422 is not what we answer with.
        if known is None or "application/json" in known.get("content", {}):
            responses[str(status)] = response
