"""Four sources, one order, and no typing mistake that passes unseen."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from auralarchive import settings as tree
from auralarchive.store.database import open_database


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("AURALARCHIVE_"):
            monkeypatch.delenv(name)


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    file = tmp_path / "config.toml"
    file.write_text('[search]\nminimum_match_score = 11\ndeadline_seconds = 11\n[server]\nallowed_hosts = ["a", "b"]\n')
    return file


def test_the_later_source_counts(toml: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """default < config.toml < saved in the pages < environment < command line, key by key."""
    assert tree.read().search.minimum_match_score == 70
    assert tree.read(toml=toml).search.minimum_match_score == 11
    saved = {"search": {"minimum_match_score": 22}}
    assert tree.read(toml=toml, saved=saved).search.minimum_match_score == 22
    monkeypatch.setenv("AURALARCHIVE_SEARCH__MINIMUM_MATCH_SCORE", "33")
    settings = tree.read(toml=toml, saved=saved)
    assert (settings.search.minimum_match_score, settings.search.deadline_seconds) == (33, 11)
    assert tree.read(search={"minimum_match_score": 44}, saved=saved).search.minimum_match_score == 44


def test_one_read_leaves_nothing_to_the_next(toml: Path) -> None:
    tree.read(toml=toml, saved={"server": {"port": 1}})
    assert tree.read().server.port == 8765


@pytest.mark.parametrize(
    "given",
    [
        {"search": {"minimum_match_scor": 1}},
        {"search": {"minimum_match_score": 101}},
        {"server": {"port": "eighty"}},
        {"instance": "Not Allowed"},
    ],
)
def test_what_does_not_fit_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        tree.read(**given)


def test_lists_with_commas(monkeypatch: pytest.MonkeyPatch, toml: Path) -> None:
    assert tree.read(toml=toml).server.allowed_hosts == ("a", "b")
    monkeypatch.setenv("AURALARCHIVE_SERVER__ALLOWED_HOSTS", "one.example, two.example,")
    assert tree.read(toml=toml).server.allowed_hosts == ("one.example", "two.example")


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AURALARCHIVE_API_KEY", "CANARY")
    monkeypatch.setenv("AURALARCHIVE_DATABASE_URL", "postgresql://u:CANARY@h/d")
    monkeypatch.setenv("AURALARCHIVE_CONVERSION__AAX_ACTIVATION_BYTES", "0badf00d")
    monkeypatch.setenv("AURALARCHIVE_CONVERSION__AAXC_KEYS", f"Anna={'ab' * 16}:{'cd' * 16}")
    settings = tree.read()
    assert not any(secret in repr(settings) for secret in ("CANARY", "0badf00d", "abab", "cdcd"))
    assert settings.database == "postgresql://u:CANARY@h/d"


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("aax_activation_bytes", ["0badf00d", "C4N4RY"], "8 hexadecimal digits"),
        ("aaxc_keys", ["C4N4RY:" + "00" * 16], "32 hexadecimal digits both"),
        ("aaxc_keys", "a=" + "00" * 16 + ",C4N4RY", "32 hexadecimal digits both"),
        ("audible_key", "C4N4RY", "32 hexadecimal digits"),
        ("audible_iv", "C4N4RY", "32 hexadecimal digits"),
    ],
)
def test_a_mistyped_key_is_told_and_not_shown(key: str, value: object, told: str) -> None:
    for read in (tree.ConversionSection.model_validate, lambda given: tree.read(conversion=given)):
        with pytest.raises(ValidationError) as refused:
            read({key: value})
        assert told in str(refused.value)
        assert "C4N4RY" not in str(refused.value)
        assert "00000000" not in str(refused.value)


def test_places_below_the_data_folder_are_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = tree.read(data_dir=Path("data"))
    data = tmp_path / "data"
    assert settings.library_root == data / "library"
    assert settings.download_root == data / "downloads"
    assert settings.work_root == data / "work"
    assert settings.database == f"sqlite:///{data / 'auralarchive.db'}"


@pytest.mark.parametrize("name", ["why?", "a#b", "100%25 mine", "é & ü", "a?mode=ro"])
def test_the_data_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    """What means something in a URL is just a letter of a folder's name."""
    settings = tree.read(data_dir=tmp_path / name)
    open_database(settings.database, sole_instance=False).close()
    assert [file.name for file in (tmp_path / name).iterdir()] == ["auralarchive.db"]


def test_the_librarys_short_name_stands_above_the_section(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AURALARCHIVE_LIBRARY_PATH", "/books")
    assert tree.read(saved={"library": {"path": "/other"}}).library_root == Path("/books")
    assert tree.locked_by("library", "path") == "AURALARCHIVE_LIBRARY_PATH"


def test_what_the_environment_holds_is_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its own variable, in any case of letters, or by a section as JSON."""
    assert tree.locked_by("search", "deadline_seconds") is None
    monkeypatch.setenv("auralarchive_search__deadline_seconds", "3")
    assert tree.locked_by("search", "deadline_seconds") == "AURALARCHIVE_SEARCH__DEADLINE_SECONDS"
    monkeypatch.setenv("AURALARCHIVE_CONVERSION", '{"jobs": 2}')
    assert tree.read().conversion.jobs == 2
    assert tree.locked_by("conversion", "jobs") == "AURALARCHIVE_CONVERSION"
    assert tree.locked_by("conversion", "bitrate_kbps") is None


def test_the_data_folder_follows_the_desktops_habit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/xdg")
    assert tree.read().data_dir == Path("/xdg/auralarchive")


def test_every_setting_has_a_title() -> None:
    """It is the label of its field in the pages, and its line in the reference."""
    for field in tree.Settings.model_fields.values():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, tree.Section):
            assert all(entry.title for entry in section.model_fields.values()), section


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("library", "template", "{title.__class__}"),
        ("library", "template", "../{title}"),
        ("library", "template", ""),
        ("library", "reserve_bytes", 2**70),
        ("download_management", "seed_ratio", float("inf")),
        ("download_management", "seed_time_minutes", 10**18),
        ("download_management", "metadata_timeout_hours", float("nan")),
        ("download_management", "stall_timeout_hours", 1e305),
    ],
)
def test_what_would_fail_later_is_refused_now(section: str, key: str, value: object) -> None:
    """At the next start, in an answer, or in the database, where nobody sees the cause any more."""
    with pytest.raises(ValidationError):
        tree.read(saved={section: {key: value}})
