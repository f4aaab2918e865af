"""What is said of a Deluge's settings; the real daemon's are in tests/contract/clients/test_deluge.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auralarchive.clients.context import ClientContext
from auralarchive.clients.deluge_findings import findings
from auralarchive.clients.path_mapping import PathMapper
from auralarchive.ports.clients import Finding


def _found(tmp_path: Path, label: str = "auralarchive", **answers: Any) -> dict[str, Finding]:
    """By subject, for a sound Deluge that answers some calls otherwise; `config` is added to its settings."""
    config = {
        "download_location": str(tmp_path),
        "max_active_downloading": 3,
        "max_active_limit": 8,
        **answers.pop("config", {}),
    }
    usual = {
        "core.get_config_values": config,
        "core.get_enabled_plugins": ["Label"],
        "label.get_labels": ["auralarchive"],
        "label.get_options": {},
        "core.is_session_paused": False,
    }
    told = {**usual, **{name.replace("_", ".", 1): answer for name, answer in answers.items()}}
    listed = list(
        findings(lambda method, *_: told[method], PathMapper("Deluge"), ClientContext(tmp_path / "state"), label, "")
    )
    assert all(finding.ok == (not finding.remedy) for finding in listed)
    return {finding.subject: finding for finding in listed}


def test_all_is_well(tmp_path: Path) -> None:
    """A usual Deluge has nothing to complain of; its queue is named since it can hold a book up."""
    found = _found(tmp_path)
    assert all(finding.ok for finding in found.values())
    assert set(found) == {"Label", "Paths", "Seeding limits", "Queue", "Session", "Space"}
    assert "3 at a time" in found["Queue"].message


@pytest.mark.parametrize(
    ("answers", "subject"),
    [
        ({"core_get_enabled_plugins": []}, "Label"),
        ({"core_get_enabled_plugins": "none"}, "Label"),
        ({"label_get_options": {"apply_queue": True, "stop_at_ratio": True, "remove_at_ratio": True}}, "Label"),
        (
            {
                "label_get_options": {
                    "apply_move_completed": True,
                    "move_completed": True,
                    "move_completed_path": "/nowhere/else",
                }
            },
            "Paths",
        ),
        ({"config": {"download_location": "/nowhere/else"}}, "Paths"),
        ({"config": {"download_location": None}}, "Paths"),
        ({"config": {"move_completed": True, "move_completed_path": "/nowhere/else"}}, "Paths"),
        ({"config": {"stop_seed_at_ratio": True, "remove_seed_at_ratio": True}}, "Seeding limits"),
        ({"config": {"max_active_downloading": 0}}, "Queue"),
        ({"config": {"max_active_limit": 0}}, "Queue"),
        ({"core_is_session_paused": True}, "Session"),
    ],
)
def test_what_would_lose_or_hold_up_a_book(tmp_path: Path, answers: dict[str, Any], subject: str) -> None:
    """Each has its remedy, and nothing else is blamed."""
    found = _found(tmp_path, **answers)
    assert [finding.subject for finding in found.values() if not finding.ok] == [subject]


def test_harmless_settings_are_not_blamed(tmp_path: Path) -> None:
    """Removing without a ratio to stop at does nothing, nor do a label's options that are not applied."""
    config = {"remove_seed_at_ratio": True, "max_active_downloading": -1, "max_active_limit": -1}
    options = {"stop_at_ratio": True, "remove_at_ratio": True, "move_completed": True, "move_completed_path": "/x"}
    found = _found(tmp_path, config=config, label_get_options=options)
    assert all(finding.ok for finding in found.values())


def test_a_label_may_be_missing_or_unwanted(tmp_path: Path) -> None:
    """The first torrent makes it; without one in the settings the plugin need not be on."""
    assert "makes it" in _found(tmp_path, label_get_labels=[])["Label"].message
    assert _found(tmp_path, label="", core_get_enabled_plugins=[])["Label"].ok


def test_answers_of_nonsense(tmp_path: Path) -> None:
    """The wrong types are nobody's crash."""
    _found(tmp_path, label_get_labels=None, label_get_options=3, core_is_session_paused="")
