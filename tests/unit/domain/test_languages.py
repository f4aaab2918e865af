"""One code for each language, whatever it is called."""

from __future__ import annotations

import pytest

from auralarchive.domain.languages import language_code


@pytest.mark.parametrize("name", ["en", "EN", "eng", "English", "en-GB", "en_US", " Englisch "])
def test_names_of_one_language(name: str) -> None:
    """Codes of two and three letters, regions, and names in some languages."""
    assert language_code(name) == "en"


def test_unknown_languages() -> None:
    """What is no language is None, not English."""
    assert [language_code(name) for name in ("", "Klingon", "e")] == [None] * 3
