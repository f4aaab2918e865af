"""One meaning has many names, and what speaks of one file is no book's."""

from __future__ import annotations

import pytest

from auralarchive.audio.tagnames import KNOWN, NAMES, of_one_file, plain


def test_names_of_every_spelling_are_one() -> None:
    assert {plain(name) for name in ("SERIES-PART", "series_part", "Series Part", "SeriesPart")} == {"seriespart"}


@pytest.mark.parametrize(
    "name",
    [
        "REPLAYGAIN_TRACK_GAIN",
        "R128_ALBUM_GAIN",
        "MusicBrainz Track Id",
        "musicbrainz_releasetrackid",
        "Acoustid Id",
        "iTunSMPB",
        "iTunNORM",
        "ENCODER",
        "encoded-by",
        "Encoding Params",
        "OverDrive MediaMarkers",
        "CHAPTER001NAME",
        "TRACKTOTAL",
        "DISCSUBTITLE",
        "cuesheet",
        "METADATA_BLOCK_PICTURE",
        "major_brand",
        "WM/UniqueFileIdentifier",
        "titlesort",
    ],
)
def test_what_speaks_of_one_file_is_told(name: str) -> None:
    assert of_one_file(name)


@pytest.mark.parametrize("name", ["MusicBrainz Album Id", "ABRIDGED", "GOODREADS_ID", "Translator", "FORMAT", "Rights"])
def test_what_speaks_of_the_book_is_kept(name: str) -> None:
    assert not of_one_file(name)


def test_no_name_means_two_things() -> None:
    assert len(KNOWN) == sum(map(len, NAMES.values()))
