"""Clients and indexers over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from auralarchive.ports.errors import AuthRefused
from tests.support.web import World

SETTINGS = {"host": "nas.local", "port": 8080, "username": "ann", "password": "hidden-password-1"}


def qbittorrent(name: str, **settings: Any) -> dict[str, Any]:
    return {"type": "qbittorrent", "name": name, "settings": {**SETTINGS, **settings}}


def add(world: World, name: str) -> dict[str, Any]:
    answer = world.keyed().post("/api/clients", json=qbittorrent(name))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def stored(world: World, adapter_id: int) -> Any:
    row = world.store.adapters.get("client", adapter_id)
    assert row is not None
    return row.settings


def test_a_client_is_added_and_put_into_use(world: World) -> None:
    """Its secret is kept and never shown again."""
    made = add(world, "first")
    assert made["settings"]["password"] == {"set": True}
    assert world.adapters.reloaded[-1] == "client"
    assert stored(world, made["id"])["password"] == "hidden-password-1"
    for address in ("/api/clients", f"/api/clients/{made['id']}"):
        assert "hidden-password-1" not in world.keyed().get(address).text


def test_saving_what_was_shown_keeps_the_secret(world: World) -> None:
    """A form that never saw it cannot overwrite it."""
    made = add(world, "echo")
    answer = world.keyed().put(f"/api/clients/{made['id']}", json={k: v for k, v in made.items() if k != "id"})
    assert answer.status_code == 200, answer.text
    assert stored(world, made["id"])["password"] == "hidden-password-1"


def test_a_stored_secret_is_not_sent_elsewhere(world: World) -> None:
    """Neither by a test nor by saving: another host needs the secret anew."""
    made = add(world, "origin")
    settings = {**SETTINGS, "host": "attacker.test"}
    del settings["password"]
    world.adapters.tried.clear()
    keyed = world.keyed()
    tried = keyed.post("/api/clients/test", json={"type": "qbittorrent", "settings": settings, "id": made["id"]})
    saved = keyed.put(
        f"/api/clients/{made['id']}", json={"type": "qbittorrent", "name": "origin", "settings": settings}
    )
    assert [tried.json()["code"], saved.json()["code"]] == ["secret_needed"] * 2
    assert world.adapters.tried == []
    settings["host"] = "nas.local"
    assert keyed.post("/api/clients/test", json={"type": "qbittorrent", "settings": settings, "id": made["id"]}).json()[
        "ok"
    ]
    assert world.adapters.tried[-1][2]["password"] == "hidden-password-1"


def test_a_failed_test_says_why(world: World) -> None:
    """As a finding with a remedy, not as an error of ours; without the secret that was refused."""
    world.redactor.register("hidden-password-1")
    world.adapters.error = AuthRefused("hidden-password-1 was refused.", "Check name and password.")
    made = add(world, "refused")
    answer = world.keyed().post(f"/api/clients/{made['id']}/test")
    world.adapters.error = None
    assert answer.status_code == 200
    assert answer.json()["ok"] is False
    assert answer.json()["findings"][0]["remedy"] == "Check name and password."
    assert "hidden-password-1" not in answer.text


@pytest.mark.parametrize(
    "body",
    [
        {"type": "nonsense", "name": "x", "settings": {}},
        {"type": "qbittorrent", "name": "", "settings": SETTINGS},
        {"type": "qbittorrent", "name": "x", "settings": {**SETTINGS, "port": "many"}},
        {"type": "qbittorrent", "name": "x", "settings": {**SETTINGS, "post_process_script": "/tmp/x.sh"}},
        {"type": "qbittorrent", "name": "x", "settings": SETTINGS, "admin": True},
    ],
)
def test_what_does_not_fit_is_refused_by_its_field(world: World, body: dict[str, Any]) -> None:
    """Unknown settings are no settings; secrets do not come back in messages."""
    answer = world.keyed().post("/api/clients", json=body)
    assert answer.status_code == 422, answer.text
    assert "hidden-password-1" not in answer.text


def test_names_are_unique_and_clients_can_go(world: World) -> None:
    """A second of the name is refused; a removed one is gone."""
    made = add(world, "unique")
    keyed = world.keyed()
    assert keyed.post("/api/clients", json=qbittorrent("unique")).json()["code"] == "name_taken"
    assert keyed.delete(f"/api/clients/{made['id']}").status_code == 204
    assert keyed.get(f"/api/clients/{made['id']}").status_code == 404
    assert keyed.delete(f"/api/clients/{made['id']}").status_code == 404


def test_a_client_keeps_its_name(world: World) -> None:
    """Its downloads and its folder go by it: under another one they were lost. An indexer may have a new one."""
    made = add(world, "kept")
    answer = world.keyed().put(f"/api/clients/{made['id']}", json=qbittorrent("other"))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "name"
    assert "kept" in answer.json()["remedy"]
    indexer = {"type": "torznab", "name": "one", "settings": {"url": "http://127.0.0.1:9118/api"}}
    number = world.keyed().post("/api/indexers", json=indexer).json()["id"]
    assert world.keyed().put(f"/api/indexers/{number}", json={**indexer, "name": "two"}).status_code == 200


def test_schemas_are_forms(world: World) -> None:
    """Types with titles; secrets are marked as passwords."""
    keyed = world.keyed()
    types = {one["type"]: one for one in keyed.get("/api/clients/schema").json()["types"]}
    assert "format" in str(types["qbittorrent"]["settings_schema"]["properties"]["password"])
    assert "torznab" in {one["type"] for one in keyed.get("/api/indexers/schema").json()["types"]}


def test_indexers_work_alike(world: World) -> None:
    """The same routes over other types."""
    body = {
        "type": "torznab",
        "name": "feed",
        "settings": {"url": "http://127.0.0.1:9117/api", "api_key": "hidden-key-2"},
    }
    made = world.keyed().post("/api/indexers", json=body)
    assert made.status_code == 201, made.text
    assert made.json()["settings"]["api_key"] == {"set": True}
    assert world.adapters.reloaded[-1] == "indexer"
