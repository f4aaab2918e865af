"""The application as a whole: nothing is open that should not be, and the documents tell the truth."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from auralarchive.web.access import require_admin, require_identity
from auralarchive.web.app import create_app
from auralarchive.web.middleware import PUBLIC
from tests.support.web import World, make_world

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "http-api.md"

#: Everything that answers without sign-in. A line more here is a decision about security.
OPEN = {"/api/health", "/api/auth/status", "/api/auth/setup", "/api/auth/login"}


def operations(world: World) -> list[tuple[str, str]]:
    document: dict[str, Any] = world.keyed().get("/api/openapi.json").json()
    return [(method, path) for path, methods in document["paths"].items() for method in methods]


def test_the_open_list_is_short_and_exact() -> None:
    """The gate's list is the one that this file allows."""
    assert PUBLIC == OPEN


@pytest.mark.parametrize("suffix", ["", "?r=/api/health", "?x=/api/auth/login"])
def test_every_operation_needs_credentials(world: World, suffix: str) -> None:
    """401 before anything else is looked at, whatever the query says."""
    stranger = world.client()
    tried = 0
    for method, path in operations(world):
        if path in OPEN:
            continue
        address = re.sub(r"\{[^}]+\}", "1", path) + suffix
        for content, headers in ((None, {}), (b"{", {"Content-Type": "text/plain"})):
            answer = stranger.request(method.upper(), address, content=content, headers=headers)
            assert answer.status_code == 401, f"{method} {address}"
            assert answer.json()["code"] == "not_signed_in"
        tried += 1
    assert tried > 40


def test_every_router_carries_the_second_lock(tmp_path: Path) -> None:
    """Also without the gate no guarded route would answer."""
    world = make_world(tmp_path)
    for route in _api_routes(create_app(world.services)):
        locked = any(one.call in (require_identity, require_admin) for one in route.dependant.dependencies)
        assert locked is (route.path not in OPEN), route.path
    world.store.close()


def _api_routes(app: FastAPI) -> list[Any]:
    """Routes as they are in effect: with what their routers were included with."""
    found = [one for router in app.routes for one in getattr(router, "effective_route_contexts", list)()]
    assert len(found) > 40
    return found


def test_documents_and_docs_page_need_sign_in(world: World) -> None:
    """What the API can do is nobody's business before."""
    for path in ("/api/openapi.json", "/api/docs"):
        assert world.client().get(path).status_code == 401
        assert world.keyed().get(path).status_code == 200


def test_the_documentation_lists_every_route(world: World) -> None:
    """docs/reference/http-api.md holds exactly the routes that there are."""
    listed = set(re.findall(r"^\| `([A-Z]+ /[^`]+)`", PAGE.read_text(), re.MULTILINE))
    assert listed == {f"{method.upper()} {path}" for method, path in operations(world)}


def test_unknown_addresses_and_methods_are_problems(world: World) -> None:
    """404 and 405 look like every other error."""
    keyed = world.keyed()
    unknown = keyed.get("/api/nothing")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    wrong = keyed.delete("/api/downloads/queue")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert "allow" in wrong.headers
