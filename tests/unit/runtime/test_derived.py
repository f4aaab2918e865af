"""What the settings mean to each part."""

from __future__ import annotations

from pathlib import Path

import pytest

from auralarchive import settings as tree
from auralarchive.audio.settings import AudioSettings
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.status import Stage
from auralarchive.ports.store import AdapterRow
from auralarchive.runtime.backup import Plan
from auralarchive.runtime.derived import (
    audio_settings,
    backup_plan,
    general_goal,
    library_settings,
    monitor_settings,
    retry_policy,
    used_folders,
)


def test_good_keys_reach_the_engine() -> None:
    """Those of several accounts and books, and the one of the older names."""
    keys = f"Anna = {'12' * 16}:{'34' * 16}, {'56' * 16}:{'78' * 16}"
    conversion = {
        "aax_activation_bytes": "0badf00d, 1BADF00D",
        "aaxc_keys": keys,
        "audible_key": "ab" * 16,
        "audible_iv": "cd" * 16,
    }
    made = audio_settings(tree.read(conversion=conversion))
    assert made.aax_activation_bytes == ("0badf00d", "1BADF00D")
    assert [(key.key[0], key.iv[0]) for key in made.aaxc_keys] == [(0x12, 0x34), (0x56, 0x78), (0xAB, 0xCD)]


def test_how_books_are_made_reaches_the_engine() -> None:
    conversion = {
        "joints": "seamless",
        "proof": "packets",
        "coder": "fast",
        "ceiling_kbps": 64,
        "lossless_kbps": 48,
        "nice": 0,
    }
    made = audio_settings(tree.read(conversion=conversion))
    assert {name: getattr(made, name) for name in conversion} == conversion


def test_unset_the_engine_does_what_it_does_by_itself() -> None:
    """The two lists of defaults are one."""
    assert audio_settings(tree.read()) == AudioSettings()


def test_a_key_without_its_iv_is_none() -> None:
    """They are entered one after the other: the half of it must not keep anything from starting."""
    assert audio_settings(tree.read(conversion={"audible_key": "ab" * 16})).aaxc_keys == ()


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
    assert general_goal(settings) == SeedGoal(1.5, 120)
    watching = monitor_settings(settings)
    assert (watching.timers.metadata_fail, watching.timers.stall_fail) == (3600, 7200)
    assert watching.remove_after_import
    assert (retry_policy(settings).limits[Stage.CONVERSION], retry_policy(settings).scale) == (4, 0.5)


def test_without_seeding_the_goal_is_met_at_once() -> None:
    off = tree.read(download_management={"seeding_enabled": False})
    assert general_goal(off) == SeedGoal(ratio=0.0)
    endless = tree.read(download_management={"seed_ratio": None, "seed_time_minutes": None})
    assert general_goal(endless) == SeedGoal(None, None)


def test_the_library_knows_where_downloads_lie(tmp_path: Path) -> None:
    """Below these folders it follows no link."""
    settings = tree.read(data_dir=tmp_path, library={"template": "{title}/{title}.m4b"})
    made = library_settings(settings)
    assert (made.template, made.download_folders) == ("{title}/{title}.m4b", (tmp_path / "downloads",))


def a_client(*, enabled: bool = True, **settings: object) -> AdapterRow:
    return AdapterRow(1, "client", "any", "A client", enabled, 1, settings)


@pytest.mark.parametrize(
    ("client", "used"),
    [
        (a_client(download_folder="/elsewhere"), ["/elsewhere"]),
        (a_client(download_folder="/elsewhere", enabled=False), []),
        (a_client(path_mappings=[{"remote": "/data", "local": "/aural"}]), ["/aural/downloads"]),
        (a_client(path_mappings=[{"remote": "/data", "local": "/mnt"}], save_path=""), []),
        (a_client(save_path="/aural/downloads/books", path_mappings=[]), ["/aural/downloads"]),
        (a_client(host="localhost"), []),
    ],
)
def test_the_doctor_looks_only_where_an_enabled_client_puts_books(client: AdapterRow, used: list[str]) -> None:
    settings = tree.read(data_dir=Path("/aural"))
    assert used_folders(settings, [client]) == tuple(map(Path, used))


def test_backups_are_made_daily_into_the_data_folder(tmp_path: Path) -> None:
    """Seven stay; an emptied passphrase is none."""
    plan = backup_plan(tree.read(data_dir=tmp_path))
    assert plan == Plan(1.0, 7, tmp_path / "backups", None)
    chosen = {"interval_days": 0, "keep": 2, "folder": tmp_path / "else", "passphrase": ""}
    assert backup_plan(tree.read(data_dir=tmp_path, backup=chosen)) == Plan(0, 2, tmp_path / "else", None)
