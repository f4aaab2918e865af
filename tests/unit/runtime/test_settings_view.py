"""Settings in the pages: checked before they are saved, sealed where they are secret, locked where they are held."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auralarchive.ports.store import AdapterRow
from auralarchive.runtime.serve import probes
from auralarchive.runtime.settings_view import SECTIONS
from auralarchive.web.services import InvalidSettings

OpenCore = Callable[..., Any]


def test_saving_is_in_force_at_once_and_after_a_restart(opened: OpenCore) -> None:
    core = opened()
    core.holder.save("download_management", {"max_concurrent_downloads": 7})
    assert core.holder.current.download_management.max_concurrent_downloads == 7
    core.close()
    assert opened().holder.current.download_management.max_concurrent_downloads == 7


@pytest.mark.parametrize(
    ("section", "values", "key"),
    [
        ("search", {"minimum_match_score": 500}, "search.minimum_match_score"),
        ("search", {"nonsense": 1}, "nonsense"),
        ("nonsense", {"a": 1}, "nonsense"),
        ("conversion", {"ffmpeg": "/bin/sh"}, "ffmpeg"),
        ("library", {"reserve_bytes": "much"}, "reserve_bytes"),
    ],
)
def test_what_does_not_fit_is_refused_by_name_and_nothing_is_saved(
    core: Any, section: str, values: dict[str, Any], key: str
) -> None:
    """Also what would let a page run a program: that is for file and environment only."""
    with pytest.raises(InvalidSettings) as refused:
        core.holder.save(section, values)
    assert [name.rpartition(".")[2] for name in refused.value.errors] == [key.rpartition(".")[2]]
    assert core.store.settings.all() == {}


def test_secrets_are_sealed_in_the_database_and_hidden_in_the_pages(core: Any, tmp_path: Path) -> None:
    core.holder.save("qbittorrent", {"qb_password": "CANARY"})
    core.holder.save("conversion", {"aax_activation_bytes": ["0badf00d"], "aaxc_keys": [f"a={'ab' * 16}:{'cd' * 16}"]})
    assert core.holder.current.qbittorrent.qb_password.get_secret_value() == "CANARY"
    saved = json.dumps(core.store.settings.all())
    assert not any(secret in saved for secret in ("CANARY", "0badf00d", "abab", "cdcd"))
    shown = core.holder.values()["qbittorrent"]["qb_password"]
    assert (shown.value, shown.secret, shown.is_set) == (None, True, True)
    assert core.holder.values()["conversion"]["aax_activation_bytes"].secret
    keys = core.holder.values()["conversion"]["aaxc_keys"]
    assert (keys.value, keys.secret, keys.is_set) == (None, True, True)
    assert not core.holder.values()["conversion"]["audible_key"].is_set
    for file in (tmp_path / "data").glob("auralarchive.db*"):
        assert b"CANARY" not in file.read_bytes()


def test_what_the_environment_holds_cannot_be_changed(opened: OpenCore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AURALARCHIVE_SEARCH__DEADLINE_SECONDS", "12")
    core = opened()
    shown = core.holder.values()["search"]["deadline_seconds"]
    assert (shown.value, shown.locked_by) == (12, "AURALARCHIVE_SEARCH__DEADLINE_SECONDS")
    with pytest.raises(InvalidSettings, match="AURALARCHIVE_SEARCH__DEADLINE_SECONDS"):
        core.holder.save("search", {"deadline_seconds": 5})


def test_what_needs_a_restart_is_told(core: Any) -> None:
    """How books are encoded is built into parts at start; how many downloads run is asked each time."""
    values = core.holder.values()
    assert values["conversion"]["jobs"].needs_restart
    assert not values["library"]["path"].needs_restart
    assert not values["download_management"]["max_concurrent_downloads"].needs_restart
    core.holder.save("download_management", {"max_concurrent_downloads": 9})
    assert core.runner._workshop.max_concurrent_downloads() == 9


def test_every_section_has_a_schema_for_its_form(core: Any) -> None:
    schema = core.holder.schema()
    assert set(schema) == set(SECTIONS)
    assert "ffmpeg" not in core.holder.values()["conversion"]
    assert schema["search"]["properties"]["deadline_seconds"]["title"]


def test_a_lost_key_file_locks_nobody_out(opened: OpenCore, tmp_path: Path) -> None:
    """The server starts; what cannot be read is not set, is told with what to do, and is back with the old key file."""
    core = opened()
    core.holder.save("qbittorrent", {"qb_password": "old"})
    row = AdapterRow(
        0, "indexer", "torznab", "Feed", enabled=True, priority=1, settings={"url": "http://x/", "api_key": "old"}
    )
    core.store.adapters.add(row, frozenset({"api_key"}))
    core.close()
    key = tmp_path / "data" / "secret.key"
    key.rename(tmp_path / "backup.key")

    core = opened()
    assert not core.holder.values()["qbittorrent"]["qb_password"].is_set
    assert core.adapters.indexers.all() == ()
    findings = probes(core)["Settings"]()
    assert [finding.subject for finding in findings] == ["Feed", "qbittorrent.qb_password"]
    assert all("Enter them anew" in finding.remedy for finding in findings)
    core.holder.save("qbittorrent", {"category": "books"})
    core.close()

    key.unlink()
    (tmp_path / "backup.key").rename(key)
    core = opened()
    assert core.holder.current.qbittorrent.qb_password.get_secret_value() == "old"
    assert probes(core)["Settings"]() == ()
    core.close()

    key.unlink()
    core = opened()
    core.holder.save("qbittorrent", {"qb_password": "new"})
    assert [finding.subject for finding in probes(core)["Settings"]()] == ["Feed"]


def test_who_watches_hears_of_each_change_once_it_counts(core: Any, tmp_path: Path) -> None:
    """With the settings before and after; of what was refused nobody hears."""
    heard: list[tuple[Path, Path]] = []
    core.holder.on_change(lambda before, after: heard.append((before.library_root, after.library_root)))
    with pytest.raises(InvalidSettings):
        core.holder.save("library", {"reserve_bytes": "much"})
    core.holder.save("library", {"path": str(tmp_path / "elsewhere")})
    assert heard == [(tmp_path / "data" / "library", tmp_path / "elsewhere")]
    assert core.holder.current.library_root == tmp_path / "elsewhere"
