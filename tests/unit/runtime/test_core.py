"""Put together from settings: folders, clients, secrets, and what is wrong in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auralarchive import settings as tree
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.status import Stage
from auralarchive.ports.errors import Misconfigured
from auralarchive.runtime.core import (
    EMBEDDED,
    QBITTORRENT,
    _general_goal,
    _monitor_settings,
    _retry_policy,
    audio_settings,
    make_folders,
)
from tests.support.records import a_download

OpenCore = Callable[..., Any]


def test_a_first_start_has_folders_and_the_embedded_client(opened: OpenCore, tmp_path: Path) -> None:
    core = opened(embedded={"loopback": True, "listen_port": 0})
    assert [client.name for client in core.adapters.clients.all()] == [EMBEDDED]
    data = tmp_path / "data"
    assert data.stat().st_mode & 0o077 == 0
    assert {"clients", "downloads", "library", "work"} <= {path.name for path in data.iterdir()}
    assert core.files_of(a_download()) == ()


def test_a_second_instance_over_the_same_folder_is_refused(opened: OpenCore) -> None:
    opened()
    with pytest.raises(Exception, match=r"data folder|instance"):
        opened()


def test_a_qbittorrent_of_the_environment_is_set_up_once(opened: OpenCore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its settings follow the environment at each start; what the pages added stays."""
    for port in ("8081", "8082"):
        monkeypatch.setenv("AURALARCHIVE_QBITTORRENT__QB_HOST", "127.0.0.1")
        monkeypatch.setenv("AURALARCHIVE_QBITTORRENT__QB_PORT", port)
        monkeypatch.setenv("AURALARCHIVE_QBITTORRENT__QB_PASSWORD", "CANARY")
        core = opened()
        (row,) = [row for row in core.store.adapters.list("client") if row.name == QBITTORRENT]
        assert (row.settings["port"], row.priority) == (int(port), 1)
        assert "CANARY" not in core.redactor.redact("the password is CANARY")
        core.close()


def test_closing_lets_the_next_one_in(opened: OpenCore) -> None:
    opened().close()
    assert opened().store.integrity() == ()


def test_a_folder_that_cannot_be_made_is_told_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Misconfigured, match=r"cannot be made.*--data-dir"):
        make_folders(tree.read(data_dir=tmp_path / "file" / "data"))


def test_a_library_that_is_not_mounted_is_for_the_checks(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    make_folders(tree.read(data_dir=tmp_path / "data", library_path=tmp_path / "file" / "library"))
    assert (tmp_path / "data" / "work").is_dir()


@pytest.mark.parametrize(
    "conversion",
    [
        {"aax_activation_bytes": "CANARY"},
        {"audible_key": "CANARY", "audible_iv": "00" * 16},
        {"audible_key": "00" * 16, "audible_iv": "00"},
    ],
)
def test_keys_that_are_none_are_told_and_not_shown(conversion: dict[str, str]) -> None:
    with pytest.raises(Misconfigured) as refused:
        audio_settings(tree.read(conversion=conversion))
    assert "CANARY" not in str(refused.value)
    assert "hexadecimal" in refused.value.remedy


def test_good_keys_reach_the_engine() -> None:
    made = audio_settings(
        tree.read(conversion={"aax_activation_bytes": "0badf00d", "audible_key": "ab" * 16, "audible_iv": "cd" * 16})
    )
    assert made.aax_activation_bytes == ("0badf00d",)
    assert (made.aaxc_keys[0].key, made.aaxc_keys[0].iv) == (b"\xab" * 16, b"\xcd" * 16)


def test_units_are_those_of_the_parts() -> None:
    """Minutes and hours in the settings, seconds inside."""
    management = {
        "seed_ratio": 1.5,
        "seed_time_minutes": 2,
        "metadata_timeout_hours": 1,
        "stall_timeout_hours": 2,
        "retry_conversion_max": 4,
        "retry_backoff_scale": 0.5,
        "delete_source_after_import": True,
    }
    settings = tree.read(download_management=management)
    assert _general_goal(settings) == SeedGoal(1.5, 120)
    watching = _monitor_settings(settings)
    assert (watching.timers.metadata_fail, watching.timers.stall_fail) == (3600, 7200)
    assert watching.remove_after_import
    assert (_retry_policy(settings).limits[Stage.CONVERSION], _retry_policy(settings).scale) == (4, 0.5)


def test_without_seeding_the_goal_is_met_at_once() -> None:
    off = tree.read(download_management={"seeding_enabled": False})
    assert _general_goal(off) == SeedGoal(ratio=0.0)
    endless = tree.read(download_management={"seed_ratio": None, "seed_time_minutes": None})
    assert _general_goal(endless) == SeedGoal(None, None)
