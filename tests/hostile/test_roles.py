"""Every operation of the API, asked for by nobody, by a member and by an administrator.

What is not in the table is refused by this test: a new route has to say here whom it is for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from auralarchive.ports.store import Role
from tests.support.sockets import EVENTS, listening
from tests.support.web import API_KEY, World, make_world, serving

#: Open to everybody, also without sign-in.
NOBODY = {
    "GET /api/health",
    "GET /api/auth/status",
    "POST /api/auth/setup",
    "POST /api/auth/login",
}

#: Whoever has an account: searching, downloading, the library, and one's own account.
MEMBER = {
    "POST /api/auth/logout",
    "POST /api/auth/logout-everywhere",
    "POST /api/auth/password",
    "GET /api/auth/keys",
    "POST /api/auth/keys",
    "DELETE /api/auth/keys/{key_id}",
    "POST /api/search/manual",
    "POST /api/search/manual/stream",
    "POST /api/search/manual/download",
    "POST /api/search/manual/upload",
    "GET /api/downloads/queue",
    "POST /api/downloads/queue",
    "POST /api/downloads/queue/bulk",
    "GET /api/downloads/queue/{download_id}",
    "PATCH /api/downloads/queue/{download_id}",
    "DELETE /api/downloads/queue/{download_id}",
    "GET /api/downloads/queue/{download_id}/events",
    "POST /api/downloads/queue/{download_id}/move",
    "POST /api/downloads/queue/{download_id}/pause",
    "POST /api/downloads/queue/{download_id}/resume",
    "POST /api/downloads/queue/{download_id}/retry",
    "GET /api/downloads/status",
    "GET /api/library/books",
    "GET /api/library/books/{book_id}",
    "GET /api/library/books/{book_id}/cover",
    "GET /api/library/books/{book_id}/files/{n}",
    "GET /api/library/books/{book_id}/position",
    "PUT /api/library/books/{book_id}/position",
    "GET /api/library/facets",
    "GET /api/library/listening",
    "GET /api/system/status",
}

#: Whoever administrates: how the server works, what it is connected to, and who may come in.
ADMIN = {
    "POST /api/downloads/service/start",
    "POST /api/downloads/service/stop",
    *(
        call.format(plural)
        for plural in ("clients", "indexers", "notifiers")
        for call in (
            "GET /api/{}",
            "POST /api/{}",
            "GET /api/{}/schema",
            "POST /api/{}/test",
            "GET /api/{}/{{adapter_id}}",
            "PUT /api/{}/{{adapter_id}}",
            "DELETE /api/{}/{{adapter_id}}",
            "POST /api/{}/{{adapter_id}}/test",
        )
    ),
    "GET /api/welcome",
    "PUT /api/welcome",
    "POST /api/welcome/clients",
    "GET /api/demo",
    "POST /api/demo",
    "DELETE /api/demo",
    "POST /api/settings/folder/check",
    "POST /api/settings/library/check",
    "POST /api/settings/library/naming",
    "GET /api/settings",
    "GET /api/settings/{section}",
    "PUT /api/settings/{section}",
    "PATCH /api/library/books/{book_id}",
    "PUT /api/library/books/{book_id}/cover",
    "DELETE /api/library/books/{book_id}/cover",
    "GET /api/system/health",
    "POST /api/system/health/check",
    "GET /api/system/about",
    "GET /api/system/events",
    "GET /api/system/logs",
    "GET /api/system/logs/download",
    "GET /api/system/tasks",
    "POST /api/system/tasks/{name}/run",
    "POST /api/system/backup",
    "GET /api/system/backups",
    "GET /api/system/backups/{name}",
    "DELETE /api/system/backups/{name}",
    "POST /api/system/backups/{name}/restore",
    "GET /api/system/restore",
    "POST /api/system/restore",
    "DELETE /api/system/restore",
    "POST /api/system/restore/upload",
    "GET /metrics",
    "GET /api/users",
    "POST /api/users",
    "PATCH /api/users/{account_id}",
    "DELETE /api/users/{account_id}",
    "GET /api/keys",
    "DELETE /api/keys/{key_id}",
}

#: What browsers hear of downloads; members may read those.
HEARD_BY_MEMBERS = {
    "ready",
    "resync",
    "queue:item_added",
    "queue:updated",
    "download:state_changed",
    "download:started",
    "download:completed",
    "download:failed",
    "download:paused",
    "download:resumed",
    "download:cancelled",
    "download:progress",
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with serving(make_world(tmp_path_factory.mktemp("roles"))) as running:
        running.signed_in()
        yield running


def operations(world: World) -> list[str]:
    document: dict[str, Any] = world.keyed().get("/api/openapi.json").json()
    return [f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods]


def key_of(world: World, role: Role) -> str:
    """An API key of a fresh account: signing out everywhere does not end it."""
    name = f"{role} {len(world.store.accounts.all())}"
    world.person(name, role)
    key: str = world.signed_in(name).post("/api/auth/keys", json={"label": "matrix"}).json()["key"]
    return key


def ask(client: httpx2.Client, operation: str) -> httpx2.Response:
    """The operation, about things that are not there, so that whoever may ask changes nothing."""
    method, path = operation.split(" ")
    address = re.sub(r"\{section\}", "absent", path)
    return client.request(method, re.sub(r"\{[^}]+\}", "99999999", address))


def test_every_operation_is_in_the_table_once(world: World) -> None:
    """Deny by default: whoever adds a route decides here whom it is for."""
    listed = [*NOBODY, *MEMBER, *ADMIN]
    assert len(listed) == len(set(listed))
    assert set(operations(world)) - set(listed) == set(), "say in this file whom these are for"
    assert set(listed) - set(operations(world)) == set(), "these are gone"


def test_nobody_reaches_only_what_is_open(world: World) -> None:
    """401 for all else, by a code of its own."""
    stranger = world.client()
    for operation in operations(world):
        answer = ask(stranger, operation)
        refused = answer.status_code == 401 and answer.json()["code"] == "not_signed_in"
        assert refused is (operation not in NOBODY), operation


@pytest.mark.parametrize("role", Role)
def test_members_are_refused_what_administrates(world: World, role: Role) -> None:
    """403 with a code that says why, before anything of the request is looked at; administrators are not."""
    client = world.client(**{"X-Api-Key": key_of(world, role)})
    tried = 0
    for operation in operations(world):
        answer = ask(client, operation)
        told = answer.json() if "json" in answer.headers.get("content-type", "") else {}
        refused = answer.status_code == 403 and told["code"] == "admins_only"
        assert refused is (role is Role.MEMBER and operation in ADMIN), f"{operation}: {answer.status_code}"
        assert told.get("code") != "not_signed_in", operation
        tried += 1
    assert tried > 50


def test_a_members_body_is_not_read_for_what_they_may_not_do(world: World) -> None:
    """What does not fit is told to those only who could mend it."""
    member = world.client(**{"X-Api-Key": key_of(world, Role.MEMBER)})
    for body in ({"name": "eve", "password": "a password of eve", "role": "admin"}, {"nonsense": 1}):
        assert member.post("/api/users", json=body).json()["code"] == "admins_only"
    assert world.store.accounts.by_name("eve") is None


def test_members_hear_of_downloads_and_of_nothing_else(world: World) -> None:
    """The live connection has no event that the table does not allow them."""
    assert set(EVENTS) == HEARD_BY_MEMBERS
    with listening(world, auth={"api_key": key_of(world, Role.MEMBER)}) as listener:
        download = world.keyed().post(
            "/api/downloads/queue", json={"book_asin": "B000000001", "title": "A Book", "author": "An Author"}
        )
        assert download.status_code in (200, 201, 202), download.text
        listener.wait_for("queue:item_added")
        assert {name for name, _ in listener.heard} <= HEARD_BY_MEMBERS


def test_the_environments_key_administrates(world: World) -> None:
    """Whoever sets the environment runs the server."""
    assert world.client(**{"X-Api-Key": API_KEY}).get("/api/users").status_code == 200
