"""What may be set of the direct client."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from auralarchive.clients.direct_settings import DirectSettings


def test_manners_are_good_by_default() -> None:
    """Few files at once, a pause, and space left on the disk: nobody has to think of it."""
    settings = DirectSettings(download_folder=Path("/downloads"))
    assert (settings.files_per_server, settings.files_at_once, settings.pause_seconds) == (2, 4, 1.0)
    assert settings.reserve_bytes == 2**30
    assert not settings.loopback


@pytest.mark.parametrize(
    "wrong",
    [
        {"download_folder": "relative"},
        {"download_folder": "/"},
        {"files_at_once": 0},
        {"files_per_server": 99},
        {"pause_seconds": -1},
        {"pause_seconds": float("nan")},
        {"largest_file": 0},
        {"give_up_hours": 0},
        {"unknown": 1},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DirectSettings.model_validate({"download_folder": "/downloads", **wrong})
