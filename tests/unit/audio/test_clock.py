"""Times in every form that occurs."""

from __future__ import annotations

import pytest

from auralarchive.audio.clock import seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"), [("1:02:03.5", 3723.5), ("02:03", 123.0), ("0:00:01,25", 1.25), ("x", None), ("1:2:3:4", None)]
)
def test_times_are_read(text: str, seconds: float | None) -> None:
    assert seconds_of(text) == seconds
