"""Settings over HTTP."""

from __future__ import annotations

import pytest

from tests.support.web import World


def test_sections_show_values_but_no_secrets(world: World) -> None:
    """And which variable holds a value that cannot be changed here."""
    answer = world.keyed().get("/api/settings")
    section = answer.json()["sections"][0]
    assert section["values"] == {"qb_host": "localhost", "qb_password": {"set": True}, "qb_port": 8080}
    assert section["locked"] == {"qb_port": "AURALARCHIVE_QBITTORRENT__QB_PORT"}
    assert "stored-secret-1" not in answer.text


def test_sending_back_what_was_shown_changes_nothing(world: World) -> None:
    """Neither the secret nor what the environment holds."""
    keyed = world.keyed()
    shown = keyed.get("/api/settings/qbittorrent").json()["values"]
    answer = keyed.put("/api/settings/qbittorrent", json=shown)
    assert answer.status_code == 200, answer.text
    assert world.settings.saved == {"qb_host": "localhost", "qb_password": "stored-secret-1", "qb_port": 8080}


def test_a_stored_password_is_not_sent_elsewhere(world: World) -> None:
    """Another host needs it anew, also where the form sends its stand-in."""
    keyed = world.keyed()
    for more in ({}, {"qb_password": {"set": True}}):
        answer = keyed.put("/api/settings/qbittorrent", json={"qb_host": "attacker.test", **more})
        assert answer.json()["code"] == "secret_needed"
        assert answer.json()["errors"] == [{"field": "qbittorrent.qb_password"}]
    assert world.settings.saved["qb_host"] == "localhost"
    answer = keyed.put("/api/settings/qbittorrent", json={"qb_host": "nas", "qb_password": "stored-secret-2"})
    assert answer.status_code == 200, answer.text
    assert world.settings.saved == {"qb_host": "nas", "qb_password": "stored-secret-2", "qb_port": 8080}


@pytest.mark.parametrize("values", [{"qb_port": 1}, {"post_process_script": "/tmp/x.sh"}])
def test_what_cannot_be_set_is_refused_by_its_field(world: World, values: dict[str, object]) -> None:
    """Held by the environment, or not a setting at all."""
    answer = world.keyed().put("/api/settings/qbittorrent", json=values)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == f"qbittorrent.{next(iter(values))}"


@pytest.mark.parametrize("section", ["absent", "..", "A"])
def test_unknown_sections(world: World, section: str) -> None:
    """There are only those that are listed."""
    assert world.keyed().get(f"/api/settings/{section}").status_code in (404, 422)
