"""How good a release is, and what rules it out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auralarchive.domain.quality import MIB, QualityPreferences, quality_score
from auralarchive.domain.release import Release
from auralarchive.domain.status import DownloadType
from auralarchive.domain.titles import parse_title

NOW = datetime(2026, 11, 2, tzinfo=UTC)
USUAL = QualityPreferences()


def release(tags: str = "", **more: Any) -> Release:
    title = f"Mira Okonjo - The Salt Harbour {tags}"
    return replace(Release("id", title, "Test", DownloadType.TORRENT, "http://h/", parse_title(title)), **more)


def score(of: Release, **more: Any) -> float:
    return quality_score(of, USUAL, now=NOW, **more)[0]


def rejections(of: Release, preferences: QualityPreferences = USUAL, **more: Any) -> tuple[str, ...]:
    return quality_score(of, preferences, now=NOW, **more)[2]


def test_forms_are_ranked() -> None:
    """A ready M4B before what must be repacked, before what must be encoded, before what is old."""
    forms = ["[M4B]", "[M4A]", "[MP3]", "[FLAC]", "", "[WMA]"]
    points = [quality_score(release(form), USUAL)[1][0].points for form in forms]
    assert points == sorted(points, reverse=True)
    assert len(set(points)) == len(points)


def test_unknown_is_between() -> None:
    """A feed that says nothing of seeders, size or bitrate is neither the best nor the worst."""
    best = release("[M4B 64kbps]", seeders=50, size=300 * MIB, download_volume_factor=0.0)
    unknown = release("[M4B]")
    worst = release("[M4B 24kbps]", seeders=0, size=5_000 * MIB, download_volume_factor=1.0)
    assert score(best) > score(unknown) > score(worst)
    assert rejections(unknown) == ()


def test_length_makes_sizes_telling() -> None:
    """With the book's length its bitrate and size an hour are known."""
    ten_hours = 36_000.0
    assert score(release("[MP3]", size=280 * MIB), duration_seconds=ten_hours) > score(
        release("[MP3]", size=30 * MIB), duration_seconds=ten_hours
    )
    assert "far too small" in rejections(release("[MP3]", size=9 * MIB), duration_seconds=ten_hours)[0]


def test_small_books_are_books() -> None:
    """Without a length no size is too small: a fairy tale takes minutes."""
    assert rejections(release("[M4B]", size=400_000)) == ()


@pytest.mark.parametrize(
    ("of", "preferences", "word"),
    [
        (release("[EPUB]"), USUAL, "no audio"),
        (release("[WMA]"), USUAL, "refused"),
        (release("[MP3 16kbps]"), USUAL, "below your minimum"),
        (release(seeders=0), USUAL, "share it"),
        (release(size=3_000 * MIB), QualityPreferences(maximum_size=2_000 * MIB), "larger"),
        (release("(Abridged)"), QualityPreferences(refuse_abridged=True), "abridged"),
        (
            release(download_type=DownloadType.NZB, published_at=NOW - timedelta(days=5_000)),
            USUAL,
            "longer than your server keeps",
        ),
        (release(rejections=("Indexer says no.",)), USUAL, "Indexer says no"),
    ],
)
def test_what_rules_a_release_out(of: Release, preferences: QualityPreferences, word: str) -> None:
    """Each rejection says in words why it is not taken by itself."""
    (reason,) = rejections(of, preferences)
    assert word in reason


def test_preferences_change_the_ranks() -> None:
    """Who prefers MP3 gets MP3."""
    preferences = QualityPreferences(form_points={"mp3": 40, "m4b": 10})
    assert quality_score(release("[MP3]"), preferences)[0] > quality_score(release("[M4B]"), preferences)[0]


def test_reasons_make_up_the_score() -> None:
    """Parts add up; none goes above a hundred."""
    points, reasons, _ = quality_score(
        release("[M4B 64kbps]", seeders=50, size=300 * MIB, download_volume_factor=0.0),
        USUAL,
        duration_seconds=36_000.0,
    )
    assert points == sum(reason.points for reason in reasons) == 100.0
    assert [reason.label for reason in reasons] == ["format", "bitrate", "size", "availability", "cost"]


def test_a_direct_download_is_there() -> None:
    """That nobody shares it is no fault of what is fetched directly, and neither is its age; nobody pays for it."""
    direct = release("[MP3 64kbps]", download_type=DownloadType.HTTP, published_at=NOW - timedelta(days=6_000))
    assert score(direct) > score(replace(direct, download_type=DownloadType.TORRENT))
    ready = parse_title("A [M4B 64kbps]")
    assert score(direct) < score(replace(direct, download_type=DownloadType.TORRENT, seeders=50, parsed=ready))
    assert rejections(direct) == ()
    reasons = {reason.label: reason.text for reason in quality_score(direct, USUAL, now=NOW)[1]}
    assert "directly" in reasons["availability"]
    assert "free" in reasons["cost"]
