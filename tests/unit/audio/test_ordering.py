"""The order of the files."""

from __future__ import annotations

from pathlib import Path, PurePath

import pytest

from auralarchive.audio.kinds import Kind
from auralarchive.audio.ordering import in_order, natural
from auralarchive.audio.probe import Probe
from auralarchive.audio.sources import Source
from auralarchive.audio.sourcetags import SourceTags


def _probe(name: str, track: int | None = None, disc: int | None = None) -> Probe:
    source = Source(Path("/x") / name, Path(name), Kind.MP3, 1, (0, 0, 0))
    return Probe(source, "mp3", 44100, 1, 64, 1.0, tags=SourceTags(track=track, disc=disc))


def _names(*probes: Probe) -> list[str]:
    return [str(probe.source.relative) for probe in in_order(probes)]


def test_numbers_in_names_count_as_numbers() -> None:
    names = ["10 b.mp3", "9 a.mp3", "CD 10/1.mp3", "CD 2/1.mp3", "2.mp3", "Part ten.mp3"]
    ordered = sorted(names, key=lambda name: natural(PurePath(name)))
    assert ordered.index("2.mp3") < ordered.index("9 a.mp3") < ordered.index("10 b.mp3")
    assert ordered.index("CD 2/1.mp3") < ordered.index("CD 10/1.mp3")


def test_tags_order_where_they_do_not_contradict_themselves() -> None:
    assert _names(_probe("a.mp3", 2), _probe("b.mp3", 1)) == ["b.mp3", "a.mp3"]
    assert _names(_probe("a.mp3", 1, 2), _probe("b.mp3", 2, 1)) == ["b.mp3", "a.mp3"]


@pytest.mark.parametrize("second", [None, 2])
def test_missing_or_repeated_numbers_leave_it_to_the_names(second: int | None) -> None:
    assert _names(_probe("b.mp3", 2), _probe("a.mp3", second), _probe("c.mp3", 1)) == ["a.mp3", "b.mp3", "c.mp3"]


def test_a_folder_can_tell_the_disc() -> None:
    """Tracks that begin anew on each disc are no contradiction then."""
    parts = [_probe("CD2/01.mp3", 1), _probe("CD1/02.mp3", 2), _probe("CD1/01.mp3", 1), _probe("CD2/02.mp3", 2)]
    assert _names(*parts) == ["CD1/01.mp3", "CD1/02.mp3", "CD2/01.mp3", "CD2/02.mp3"]
