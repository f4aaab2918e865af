"""What a pack says of its place in a book."""

from __future__ import annotations

import pytest

from auralarchive.audio.packs import Pack, is_m4b, stands_alone
from auralarchive.audio.probe import Probe
from tests.support.probes import made


def _pack(*names: str, label: str = "", **more: object) -> Pack:
    probes = tuple(made(name, **more) for name in names)  # type: ignore[arg-type]  # fields of tags
    return Pack(probes, label or names[0].rpartition(".")[0])


@pytest.mark.parametrize(
    ("probe", "alone"),
    [
        (made("a.m4b"), True),
        (made("a.mp3", chapters=3), True),
        (made("a.mp3", seconds=3 * 3600), True),
        (made("a.mp3", chapters=1), False),
        (made("a.m4a"), False),
    ],
)
def test_a_book_by_itself_is_named_made_or_long_like_one(probe: Probe, alone: bool) -> None:
    assert stands_alone(probe) is alone
    assert is_m4b(probe) is (probe.source.path.suffix == ".m4b")


def test_two_parts_of_a_book_claim_two_places_and_two_readings_the_same() -> None:
    discs = [_pack("1.mp3", "2.mp3", label=f"CD{disc}") for disc in (1, 2)]
    assert discs[0].position != discs[1].position
    readings = [_pack("1.mp3", "2.mp3", label="Dune"), _pack("a.mp3", chapters=9, label="Dune")]
    assert readings[0].position == readings[1].position is not None
    assert _pack("a.mp3", "b.mp3").position is None


def test_a_count_begins_anew_by_tags_or_by_names() -> None:
    assert _pack("1.mp3", "2.mp3").begins_anew
    assert not _pack("7.mp3", "8.mp3").begins_anew
    assert not _pack("1.mp3", "2.mp3", track=7).begins_anew
    assert not _pack("a.mp3", "b.mp3").begins_anew


def test_a_volume_of_a_series_is_tied_by_its_own_title_too() -> None:
    volumes = [_pack("x.mp3", "y.mp3", label=f"Book {n} - {name}", album="Sand") for n, name in enumerate("ab")]
    assert not set(volumes[0].ties) & set(volumes[1].ties)
    discs = [_pack("x.mp3", "y.mp3", label=f"CD{n} - {name}", album="Sand") for n, name in enumerate("ab")]
    assert set(discs[0].ties) & set(discs[1].ties)


def test_what_goes_with_a_book_is_no_book() -> None:
    assert not _pack("Interview.mp3", "Outtakes.mp3", label="Bonus").substantial
    assert not _pack("Prologue.m4b").substantial
    assert _pack("Bonus.m4b", seconds=9000).substantial
    assert _pack("Dune.mp3", album="Dune").substantial
    assert not _pack("Birch.mp3").substantial
